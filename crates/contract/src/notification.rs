//! Notifying people: what is sent to which channels, and what became of it over each.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use ttai_core::message::MAX_TEXT;
use ttai_core::{Message, MessageError};

use crate::lenient::{Arguments, Shape};
use crate::policy::DELIVERY;
use crate::validate::{Validate, ValidationError};

/// Most channels that one request names.
pub const MAX_CHANNELS: usize = 32;
/// Longest name of a channel, in characters.
pub const MAX_CHANNEL_NAME: usize = 64;
/// Most alerts that are routed at once.
pub const MAX_ALERTS: usize = 500;

/// A message to send.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationParams {
    /// Channels, at most 32 names of at most 64 characters; all configured ones when empty.
    #[serde(default)]
    #[schemars(length(max = MAX_CHANNELS), inner(length(min = 1, max = MAX_CHANNEL_NAME)))]
    pub channels: Vec<String>,
    /// The message; a text alone (000's form) is a message of kind `system`.
    #[serde(deserialize_with = "text_or_message")]
    #[schemars(schema_with = "text_or_message_schema")]
    pub message: Message,
}

impl NotificationParams {
    /// The request for one channel alone, after it failed.
    #[must_use]
    pub fn again(&self, failed: &ChannelFailure) -> Self {
        let may_repeat = self.message.may_repeat || failed.may_have_arrived;
        Self {
            channels: vec![failed.channel.clone()],
            message: Message { may_repeat, ..self.message.clone() },
        }
    }
}

impl Arguments for NotificationParams {}

impl Arguments for RouteAlertsParams {
    const SHAPE: Shape = Shape::List;
}

impl Validate for NotificationParams {
    fn validate(&self) -> Result<(), ValidationError> {
        if self.channels.len() > MAX_CHANNELS {
            let message = format!("{} channels exceed the maximum of {MAX_CHANNELS}", self.channels.len());
            return Err(ValidationError::new("channels", message));
        }
        let fits = |name: &String| (1..=MAX_CHANNEL_NAME).contains(&name.chars().count());
        if let Some(number) = self.channels.iter().position(|name| !fits(name)) {
            let message = format!("a channel's name has 1 to {MAX_CHANNEL_NAME} characters");
            return Err(ValidationError::new(&format!("channels[{number}]"), message));
        }
        self.message.check().map_err(|error| out_of_bounds("message", error))
    }
}

/// The bound that a message at `path` exceeds.
#[must_use]
pub fn out_of_bounds(path: &str, error: MessageError) -> ValidationError {
    ValidationError::new(&format!("{path}.{}", error.field), error.problem)
}

/// 000's text, or the message itself.
fn text_or_message<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Message, D::Error> {
    struct Either;

    impl<'de> Visitor<'de> for Either {
        type Value = Message;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text or a message object")
        }

        fn visit_str<E>(self, text: &str) -> Result<Message, E> {
            Ok(Message::of_text(text))
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Message, A::Error> {
            Message::deserialize(MapAccessDeserializer::new(map))
        }
    }

    deserializer.deserialize_any(Either)
}

fn text_or_message_schema(generator: &mut SchemaGenerator) -> Schema {
    let message = generator.subschema_for::<Message>();
    json_schema!({ "anyOf": [{ "type": "string", "maxLength": MAX_TEXT }, message] })
}

/// What became of a message over each channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotificationReceipt {
    /// Channels that acknowledged.
    pub delivered: Vec<String>,
    /// Channels that are not configured.
    pub unknown: Vec<String>,
    /// Channels that did not acknowledge. The others have it: only these are asked again.
    #[serde(default)]
    pub failed: Vec<ChannelFailure>,
    /// Channels to which it was not sent because it had expired. They are not asked again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expired: Vec<String>,
    /// From when on the message is not sent any more: until then a retryable failure is worth another attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
}

/// A channel that did not acknowledge a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChannelFailure {
    /// Its name.
    pub channel: String,
    /// Why.
    pub message: String,
    /// Whether it may take the message later.
    pub retryable: bool,
    /// Whether the message may have arrived all the same: sent again, it is marked as a repeat.
    pub may_have_arrived: bool,
    /// Milliseconds that the channel asked to wait.
    #[serde(default)]
    pub retry_after_ms: Option<u64>,
}

impl ChannelFailure {
    /// How long to wait after `answers` failed answers of this channel (1 for the first): as it asked, else growing to
    /// 15 minutes.
    #[must_use]
    pub fn wait(&self, answers: u32) -> Duration {
        self.retry_after_ms.map_or_else(|| DELIVERY.backoff(answers), Duration::from_millis)
    }
}

/// Alerts to route to every configured channel: 000's list of objects, at most 500.
///
/// What an alert says under `type` (or `alert_type`), `symbol`, `title`, `message` (or `text`), `url` (or `link`) and
/// `severity` becomes the message's own parts; everything else becomes its fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct RouteAlertsParams(#[schemars(length(max = MAX_ALERTS))] pub Vec<Map<String, Value>>);

impl Validate for RouteAlertsParams {
    fn validate(&self) -> Result<(), ValidationError> {
        let count = self.0.len();
        if count <= MAX_ALERTS {
            return Ok(());
        }
        Err(ValidationError::new("alerts", format!("{count} alerts exceed the maximum of {MAX_ALERTS}")))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use ttai_core::MessageKind;

    use super::*;

    fn read(value: Value) -> Result<NotificationParams, serde_json::Error> {
        serde_json::from_value(value)
    }

    #[test]
    fn a_text_and_a_message_are_both_read() {
        // 000: NotificationParams(channels=params.notify_channels, message=self._format_results(result)).
        let seed = read(json!({"channels": ["discord", "email"], "message": "3 picks: AAPL"})).unwrap();
        assert_eq!(seed.channels, ["discord", "email"]);
        assert_eq!(seed.message, Message::of_text("3 picks: AAPL"));
        let whole = read(json!({"message": {"kind": "screener_results", "title": "3 picks"}})).unwrap();
        assert_eq!(
            (whole.message.kind, whole.message.title.as_str()),
            (MessageKind::ScreenerResults, "3 picks")
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (sent, part) in [
            (json!({"message": 5}), "a text or a message object"),
            (json!({"message": {"titel": "x"}}), "titel"),
            (json!({"message": {"severity": "loud"}}), "loud"),
            (json!({"channels": []}), "message"),
            (json!({"message": "x", "chanels": []}), "chanels"),
        ] {
            let error = read(sent).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn lists_and_names_are_bounded() {
        let of = |channels| NotificationParams { channels, ..NotificationParams::default() };
        assert_eq!(of(vec!["c".repeat(64); 32]).validate(), Ok(()));
        for (params, field) in [
            (of(vec!["c".to_owned(); 60_000]), "channels"),
            (of(vec!["a".to_owned(), "c".repeat(65)]), "channels[1]"),
            (of(vec![String::new()]), "channels[0]"),
            (
                NotificationParams { message: Message::of_text("x".repeat(65_537)), ..of(Vec::new()) },
                "message.text",
            ),
        ] {
            let error = params.validate().unwrap_err();
            assert_eq!(error.field, field);
            assert!(error.to_string().len() < 200, "{error}");
        }
        assert_eq!(RouteAlertsParams(vec![Map::new(); 501]).validate().unwrap_err().field, "alerts");
        assert_eq!(RouteAlertsParams(vec![Map::new(); 500]).validate(), Ok(()));
    }

    #[test]
    fn only_the_channel_that_failed_is_asked_again_and_a_repeat_stays_marked() {
        let params = NotificationParams { channels: Vec::new(), message: Message::of_text("a") };
        let failed = |may_have_arrived| ChannelFailure {
            channel: "desk".to_owned(),
            may_have_arrived,
            ..ChannelFailure::default()
        };
        let again = params.again(&failed(true));
        assert_eq!(
            (again.channels.as_slice(), again.message.may_repeat),
            (["desk".to_owned()].as_slice(), true)
        );
        assert!(again.again(&failed(false)).message.may_repeat);
        assert!(!params.again(&failed(false)).message.may_repeat);
    }

    #[test]
    fn waits_grow_to_a_quarter_of_an_hour_or_are_as_long_as_asked() {
        let failed = ChannelFailure::default();
        assert_eq!(failed.wait(1), Duration::from_secs(1));
        assert_eq!(failed.wait(5), Duration::from_secs(16));
        assert_eq!(failed.wait(60), Duration::from_secs(900));
        let asked = ChannelFailure { retry_after_ms: Some(7_000), ..failed };
        assert_eq!(asked.wait(60), Duration::from_secs(7));
    }
}
