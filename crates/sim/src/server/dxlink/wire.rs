//! The frames of the protocol: the client's as they are read, ours as they are written. `type` and `channel` come first.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::json;

use super::value::quoted;

/// A frame of the client; what it has besides its type depends on the type.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClientFrame {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) channel: u64,
    #[serde(default, deserialize_with = "number")]
    pub(super) keepalive_timeout: Option<f64>,
    #[serde(default, deserialize_with = "number")]
    pub(super) accept_keepalive_timeout: Option<f64>,
    pub(super) version: Option<String>,
    pub(super) token: Option<String>,
    pub(super) service: Option<String>,
    #[serde(default)]
    pub(super) parameters: Parameters,
    #[serde(default, deserialize_with = "number")]
    pub(super) accept_aggregation_period: Option<f64>,
    pub(super) accept_data_format: Option<Format>,
    pub(super) accept_event_fields: Option<BTreeMap<String, Vec<String>>>,
    #[serde(default)]
    pub(super) add: Vec<Item>,
    #[serde(default)]
    pub(super) remove: Vec<Item>,
    #[serde(default)]
    pub(super) reset: bool,
    pub(super) message: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Parameters {
    pub(super) contract: Option<Contract>,
}

/// How a channel's events are delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Contract {
    History,
    Ticker,
    Stream,
    Auto,
}

impl Contract {
    fn name(self) -> &'static str {
        match self {
            Self::History => "HISTORY",
            Self::Ticker => "TICKER",
            Self::Stream => "STREAM",
            Self::Auto => "AUTO",
        }
    }
}

/// How a channel's data are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Format {
    Full,
    Compact,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Compact => "COMPACT",
        }
    }
}

/// One subscription.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    #[serde(rename = "type")]
    pub(super) event_type: String,
    pub(super) symbol: String,
    #[serde(default, deserialize_with = "number")]
    pub(super) from_time: Option<f64>,
}

/// A number, or none for a text (`"NaN"`) and null.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(value.as_f64())
}

/// Types of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ErrorKind {
    UnsupportedProtocol,
    Timeout,
    Unauthorized,
    InvalidMessage,
    BadAction,
}

impl ErrorKind {
    fn name(self) -> &'static str {
        match self {
            Self::UnsupportedProtocol => "UNSUPPORTED_PROTOCOL",
            Self::Timeout => "TIMEOUT",
            Self::Unauthorized => "UNAUTHORIZED",
            Self::InvalidMessage => "INVALID_MESSAGE",
            Self::BadAction => "BAD_ACTION",
        }
    }
}

pub(super) fn setup(keepalive: f64, accepted: f64) -> String {
    format!(
        r#"{{"type":"SETUP","channel":0,"keepaliveTimeout":{keepalive},"acceptKeepaliveTimeout":{accepted},"version":"1.0-ttai-sim-{}"}}"#,
        env!("CARGO_PKG_VERSION")
    )
}

pub(super) fn auth_state(authorized: bool) -> String {
    let state = if authorized { r#""AUTHORIZED","userId":"simulated""# } else { r#""UNAUTHORIZED""# };
    format!(r#"{{"type":"AUTH_STATE","channel":0,"state":{state}}}"#)
}

pub(super) fn keepalive() -> String {
    r#"{"type":"KEEPALIVE","channel":0}"#.to_owned()
}

pub(super) fn error(channel: u64, kind: ErrorKind, message: &str) -> String {
    format!(
        r#"{{"type":"ERROR","channel":{channel},"error":"{}","message":{}}}"#,
        kind.name(),
        quoted(message)
    )
}

pub(super) fn channel_opened(channel: u64, contract: Contract) -> String {
    format!(
        r#"{{"type":"CHANNEL_OPENED","channel":{channel},"service":"FEED","parameters":{{"contract":"{}","subFormat":"LIST"}}}}"#,
        contract.name()
    )
}

pub(super) fn channel_closed(channel: u64) -> String {
    format!(r#"{{"type":"CHANNEL_CLOSED","channel":{channel}}}"#)
}

/// `fields` is told before the first data of a type.
pub(super) fn feed_config(
    channel: u64,
    format: Format,
    period: f64,
    fields: Option<(&str, &[String])>,
) -> String {
    let fields =
        fields.map(|(event_type, order)| format!(",\"eventFields\":{}", json!({ event_type: order })));
    format!(
        r#"{{"type":"FEED_CONFIG","channel":{channel},"dataFormat":"{}","aggregationPeriod":{period}{}}}"#,
        format.name(),
        fields.unwrap_or_default()
    )
}

pub(super) fn feed_data(channel: u64, data: &str) -> String {
    format!(r#"{{"type":"FEED_DATA","channel":{channel},"data":{data}}}"#)
}
