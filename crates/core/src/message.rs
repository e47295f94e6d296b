//! A message to a person: what it says, how urgent it is, and until when it is worth sending. Files go by reference.
//!
//! Lengths are counted in characters (Unicode code points), as JSON Schema counts them.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::message_kind::{MessageKind, words};

/// Longest title.
pub const MAX_TITLE: usize = 256;
/// Longest text.
pub const MAX_TEXT: usize = 65_536;
/// Most fields.
pub const MAX_FIELDS: usize = 25;
/// Longest name of a field.
pub const MAX_FIELD_NAME: usize = 256;
/// Longest value of a field.
pub const MAX_FIELD_VALUE: usize = 1_024;
/// Longest link.
pub const MAX_LINK: usize = 2_048;
/// Most files.
pub const MAX_ARTIFACTS: usize = 10;
/// Longest file name.
pub const MAX_FILE_NAME: usize = 100;
/// Longest media type.
pub const MAX_MEDIA_TYPE: usize = 100;
/// Longest delivery id: a workflow id (at most 1,000) and what the message is about.
pub const MAX_DELIVERY_ID: usize = 1_200;
/// Length of a SHA-256 in hexadecimal.
const SHA256_LENGTH: usize = 64;

/// How long a message is worth sending where it does not say: 24 hours from its creation.
pub const DEFAULT_EXPIRY: TimeDelta = TimeDelta::hours(24);

/// How urgent a message is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    #[default]
    Info,
    /// To be looked at today.
    Warning,
    /// To be looked at now.
    Critical,
}

impl Severity {
    /// As on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// The severity of that name, in any case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let known = [Self::Info, Self::Warning, Self::Critical];
        known.into_iter().find(|severity| severity.as_str().eq_ignore_ascii_case(name.trim()))
    }
}

/// A row of a message's small table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageField {
    /// What it is: at most 256 characters.
    #[schemars(length(max = MAX_FIELD_NAME))]
    pub name: String,
    /// Its value with its unit: at most 1,024 characters.
    #[schemars(length(max = MAX_FIELD_VALUE))]
    pub value: String,
}

impl MessageField {
    /// A row of `name` and `value`.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }

    /// A row whose name is a name on the wire, in words: `current_price` is `Current price`.
    pub fn labelled(name: &str, value: impl Into<String>) -> Self {
        Self::new(words(name), value)
    }
}

/// A stored file that goes with a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageArtifact {
    /// SHA-256 of its bytes in lower-case hexadecimal, its name in the store.
    #[schemars(regex(pattern = r"^[0-9a-f]{64}$"))]
    pub sha256: String,
    /// Name with extension, as the reader sees it: at most 100 characters.
    #[serde(alias = "fileName")]
    #[schemars(length(max = MAX_FILE_NAME))]
    pub file_name: String,
    /// `image/png`, `text/html`: at most 100 characters.
    #[serde(alias = "mediaType")]
    #[schemars(length(max = MAX_MEDIA_TYPE))]
    pub media_type: String,
}

/// A message for any channel, which shapes it to its own limits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Message {
    /// What the message is about; `system` when none.
    #[serde(alias = "type")]
    pub kind: MessageKind,
    /// One line, at most 256 characters; may be empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = MAX_TITLE))]
    pub title: String,
    /// The text, at most 65,536 characters.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = MAX_TEXT))]
    pub text: String,
    /// How urgent it is; `info` when none.
    pub severity: Severity,
    /// Rows of a small table, at most 25.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MAX_FIELDS))]
    pub fields: Vec<MessageField>,
    /// Where to read more, at most 2,048 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_LINK))]
    pub link: Option<String>,
    /// Stored files for channels that can carry them, at most 10.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MAX_ARTIFACTS))]
    pub artifacts: Vec<MessageArtifact>,
    /// Makes a repeat recognisable, where the channel can: the same for every attempt at one message, at most 1,200
    /// characters. Derived from the calling activity when empty.
    #[serde(alias = "deliveryId", skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = MAX_DELIVERY_ID))]
    pub delivery_id: String,
    /// From when on it is not sent any more; 24 hours after its creation when none.
    #[serde(alias = "expiresAt", skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
    /// Whether it may have been sent before with an unknown outcome; the channel says so to the reader.
    #[serde(alias = "mayRepeat", skip_serializing_if = "std::ops::Not::not")]
    pub may_repeat: bool,
}

/// Which part of a message exceeds its bounds, and what they are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct MessageError {
    /// The field, dotted: `title`, `fields[3].value`.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}

impl Message {
    /// A message of text alone.
    pub fn of_text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// From when on a message made at `created_at` is not sent any more.
    #[must_use]
    pub fn expiry(&self, created_at: DateTime<Utc>) -> DateTime<Utc> {
        let default = || created_at.checked_add_signed(DEFAULT_EXPIRY).unwrap_or(DateTime::<Utc>::MAX_UTC);
        self.expires_at.unwrap_or_else(default)
    }

    /// Checks every bound.
    ///
    /// # Errors
    /// The first part that exceeds its maximum. Nothing is ever cut to fit.
    pub fn check(&self) -> Result<(), MessageError> {
        at_most("title", &self.title, MAX_TITLE)?;
        at_most("text", &self.text, MAX_TEXT)?;
        at_most("link", self.link.as_deref().unwrap_or_default(), MAX_LINK)?;
        at_most("delivery_id", &self.delivery_id, MAX_DELIVERY_ID)?;
        at_most("kind", self.kind.as_str(), MessageKind::MAX_LENGTH)?;
        no_more("fields", self.fields.len(), MAX_FIELDS)?;
        no_more("artifacts", self.artifacts.len(), MAX_ARTIFACTS)?;
        for (number, row) in self.fields.iter().enumerate() {
            at_most(&format!("fields[{number}].name"), &row.name, MAX_FIELD_NAME)?;
            at_most(&format!("fields[{number}].value"), &row.value, MAX_FIELD_VALUE)?;
        }
        for (number, file) in self.artifacts.iter().enumerate() {
            file.check(&format!("artifacts[{number}]"))?;
        }
        Ok(())
    }
}

impl MessageArtifact {
    fn check(&self, path: &str) -> Result<(), MessageError> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if self.sha256.len() != SHA256_LENGTH || !self.sha256.bytes().all(is_digit) {
            return Err(MessageError {
                field: format!("{path}.sha256"),
                problem: "not a SHA-256 in 64 lower-case hexadecimal digits".to_owned(),
            });
        }
        at_most(&format!("{path}.file_name"), &self.file_name, MAX_FILE_NAME)?;
        at_most(&format!("{path}.media_type"), &self.media_type, MAX_MEDIA_TYPE)
    }
}

/// A text of at most `max` characters.
fn at_most(field: &str, text: &str, max: usize) -> Result<(), MessageError> {
    // Never fewer bytes than characters: most texts are not counted.
    if text.len() <= max {
        return Ok(());
    }
    match text.chars().count() {
        count if count <= max => Ok(()),
        count => Err(MessageError {
            field: field.to_owned(),
            problem: format!("{count} characters exceed the maximum of {max}"),
        }),
    }
}

fn no_more(field: &str, count: usize, max: usize) -> Result<(), MessageError> {
    if count <= max {
        return Ok(());
    }
    let problem = format!("{count} entries exceed the maximum of {max}");
    Err(MessageError { field: field.to_owned(), problem })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: serde_json::Value) -> Message {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_message_is_read_in_either_case_and_written_in_one() {
        let file = json!({"sha256": "a".repeat(64), "fileName": "c.png", "mediaType": "image/png"});
        let camel = read(json!({
            "type": "price_alert_triggered", "severity": "critical", "deliveryId": "firing-7", "mayRepeat": true,
            "expiresAt": "2026-11-20T15:42:00Z", "artifacts": [file],
            "fields": [{"name": "Now", "value": "199.80"}],
        }));
        assert_eq!(
            (camel.kind.clone(), camel.severity),
            (MessageKind::PriceAlertTriggered, Severity::Critical)
        );
        let written = serde_json::to_value(&camel).unwrap();
        assert_eq!(
            (written["kind"].as_str(), written["delivery_id"].as_str()),
            (Some("price_alert_triggered"), Some("firing-7"))
        );
        assert_eq!(read(written), camel);
    }

    #[test]
    fn what_is_empty_takes_no_room() {
        let written = serde_json::to_string(&Message::of_text("a")).unwrap();
        assert_eq!(written, r#"{"kind":"system","text":"a","severity":"info"}"#);
    }

    #[test]
    fn a_misspelt_field_is_refused() {
        let error = serde_json::from_value::<Message>(json!({"txt": "a"})).unwrap_err().to_string();
        assert!(error.contains("txt"), "{error}");
    }

    #[test]
    fn each_bound_is_inclusive_and_counts_characters() {
        let long = |count: usize| "ä".repeat(count);
        let field = |name, value| Message {
            fields: vec![MessageField::new(long(name), long(value))],
            ..Message::default()
        };
        let rows = |count| Message { fields: vec![MessageField::default(); count], ..Message::default() };
        let file = MessageArtifact { sha256: "0a".repeat(32), ..MessageArtifact::default() };
        let with =
            |file: MessageArtifact, count| Message { artifacts: vec![file; count], ..Message::default() };
        let named =
            |name, kind| MessageArtifact { file_name: long(name), media_type: long(kind), ..file.clone() };
        let cases: [(&str, Message, Message); 9] = [
            (
                "title",
                Message { title: long(256), ..Message::default() },
                Message { title: long(257), ..Message::default() },
            ),
            ("text", Message::of_text(long(65_536)), Message::of_text(long(65_537))),
            (
                "link",
                Message { link: Some(long(2_048)), ..Message::default() },
                Message { link: Some(long(2_049)), ..Message::default() },
            ),
            (
                "delivery_id",
                Message { delivery_id: long(1_200), ..Message::default() },
                Message { delivery_id: long(1_201), ..Message::default() },
            ),
            (
                "kind",
                Message { kind: long(64).into(), ..Message::default() },
                Message { kind: long(65).into(), ..Message::default() },
            ),
            ("fields", rows(25), rows(26)),
            ("fields[0].value", field(256, 1_024), field(256, 1_025)),
            ("artifacts", with(file.clone(), 10), with(file.clone(), 11)),
            ("artifacts[0].file_name", with(named(100, 100), 1), with(named(101, 100), 1)),
        ];
        for (name, fits, exceeds) in cases {
            assert_eq!(fits.check(), Ok(()), "{name}");
            assert_eq!(exceeds.check().unwrap_err().field, name);
        }
        let error = Message { title: long(257), ..Message::default() }.check().unwrap_err().to_string();
        assert_eq!(error, "title: 257 characters exceed the maximum of 256");
    }

    #[test]
    fn an_artifact_is_named_by_its_hash_alone() {
        for wrong in ["", "../../etc/passwd", &*"A".repeat(64), &*"a".repeat(63)] {
            let file = MessageArtifact { sha256: wrong.to_owned(), ..MessageArtifact::default() };
            let message = Message { artifacts: vec![file], ..Message::default() };
            assert_eq!(message.check().unwrap_err().field, "artifacts[0].sha256", "{wrong}");
        }
    }

    #[test]
    fn a_message_expires_a_day_after_its_creation_or_when_it_says() {
        let made = DateTime::from_timestamp(1_000, 0).unwrap();
        assert_eq!(Message::default().expiry(made), DateTime::from_timestamp(1_000 + 86_400, 0).unwrap());
        let said = Message { expires_at: Some(made), ..Message::default() };
        assert_eq!(said.expiry(DateTime::UNIX_EPOCH), made);
        assert_eq!(Message::default().expiry(DateTime::<Utc>::MAX_UTC), DateTime::<Utc>::MAX_UTC);
    }
}
