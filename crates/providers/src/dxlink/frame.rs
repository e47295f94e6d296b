//! The frames that a DXLink server sends, read from their bytes. Pure: a hostile frame gives an error, never a panic.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use ttai_ports::PortError;

use super::decode;
use super::error::corrupt;
use super::fields::EventFields;
use super::json::{Cursor, Fault};
use super::model::Event;

/// Types of errors that either side may report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The version of the protocol is not spoken.
    UnsupportedProtocol,
    /// An expected message did not come in time; the connection counts as lost.
    Timeout,
    /// Not authorised for what was asked.
    Unauthorized,
    /// A message could not be read.
    InvalidMessage,
    /// A message broke the protocol.
    BadAction,
    /// Anything else.
    Unknown,
}

impl ErrorKind {
    fn from_name(name: &str) -> Self {
        match name {
            "UNSUPPORTED_PROTOCOL" => Self::UnsupportedProtocol,
            "TIMEOUT" => Self::Timeout,
            "UNAUTHORIZED" => Self::Unauthorized,
            "INVALID_MESSAGE" => Self::InvalidMessage,
            "BAD_ACTION" => Self::BadAction,
            _ => Self::Unknown,
        }
    }
}

/// How a channel's data are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataFormat {
    /// Objects.
    Full,
    /// Values only.
    Compact,
}

/// What FEED_CONFIG says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeedConfig {
    /// How data are written, where it says so.
    pub format: Option<DataFormat>,
    /// Seconds over which events are conflated; none where it is not said or `"NaN"`.
    pub aggregation_period: Option<f64>,
    /// The order of fields by event type.
    pub event_fields: BTreeMap<String, Vec<String>>,
}

/// The data of a FEED_DATA frame, not decoded yet: that takes the channel's field order.
#[derive(Clone, Copy, Debug)]
pub struct FeedData<'a> {
    cursor: Cursor<'a>,
}

impl<'a> FeedData<'a> {
    /// Hands every event to `sink`.
    ///
    /// # Errors
    /// [`PortError::Corrupt`] where the data break the format; the events before the break have been handed over.
    #[inline]
    pub fn decode(mut self, fields: &EventFields, mut sink: impl FnMut(Event<'a>)) -> Result<(), PortError> {
        decode::events(&mut self.cursor, fields, &mut sink)
            .and_then(|()| rest_of_frame(&mut self.cursor))
            .map_err(broken)
    }
}

/// One frame of the server.
#[derive(Clone, Debug)]
pub enum Frame<'a> {
    /// The server's answer to our SETUP.
    Setup {
        /// Its version.
        version: String,
        /// After this many seconds without a frame from us it will close the connection.
        keepalive_timeout: Option<f64>,
    },
    /// Whether we are authorised.
    AuthState {
        /// Whether.
        authorized: bool,
    },
    /// It lives.
    Keepalive,
    /// Something went wrong; for information.
    Error {
        /// On which channel; 0 is the connection.
        channel: u64,
        /// What kind.
        kind: ErrorKind,
        /// In the server's words.
        message: String,
    },
    /// A channel stands.
    ChannelOpened {
        /// Which.
        channel: u64,
    },
    /// A channel is no more.
    ChannelClosed {
        /// Which.
        channel: u64,
    },
    /// How a channel's data come.
    FeedConfig {
        /// Which.
        channel: u64,
        /// How.
        config: FeedConfig,
    },
    /// Events.
    FeedData {
        /// On which channel.
        channel: u64,
        /// Which.
        data: FeedData<'a>,
    },
    /// A frame of another type, which is left out.
    Other {
        /// Its type.
        kind: String,
    },
}

/// Reads one frame. The data of a FEED_DATA frame are decoded only by [`FeedData::decode`].
///
/// # Errors
/// [`PortError::Corrupt`] where the bytes are no frame: no UTF-8, no JSON object, no `type` or `channel`, a known type
/// without what it must have.
pub fn parse_frame(bytes: &[u8]) -> Result<Frame<'_>, PortError> {
    let text =
        std::str::from_utf8(bytes).map_err(|error| corrupt(format!("a frame is not UTF-8: {error}")))?;
    match header(text).map_err(broken)? {
        Header::Data { channel, cursor } => Ok(Frame::FeedData { channel, data: FeedData { cursor } }),
        Header::Control => control(text),
    }
}

enum Header<'a> {
    Data { channel: u64, cursor: Cursor<'a> },
    Control,
}

/// Finds type, channel and data. They come in this order as a rule, and then nothing is read twice.
fn header(text: &str) -> Result<Header<'_>, Fault> {
    let mut cursor = Cursor::new(text);
    cursor.expect(b'{', "a frame is no object")?;
    let (mut is_data, mut channel, mut data) = (None, None, None);
    loop {
        match cursor.key()?.as_ref() {
            "type" => is_data = Some(cursor.string()? == "FEED_DATA"),
            "channel" => channel = Some(cursor.integer()?),
            "data" => {
                data = Some(cursor);
                if is_data.is_none() || channel.is_none() {
                    cursor.skip()?;
                }
            }
            _ => cursor.skip()?,
        }
        match (is_data, channel, data) {
            (Some(false), ..) => return Ok(Header::Control),
            (Some(true), Some(channel), Some(data)) => {
                let channel = u64::try_from(channel).map_err(|_| cursor.fault("the channel is negative"))?;
                return Ok(Header::Data { channel, cursor: data });
            }
            _ => {}
        }
        if !cursor.more(b'}')? {
            return Err(cursor.fault("a frame has no type, no channel or no data"));
        }
    }
}

/// What stands between the data and the end of the frame.
fn rest_of_frame(cursor: &mut Cursor<'_>) -> Result<(), Fault> {
    while cursor.more(b'}')? {
        cursor.key()?;
        cursor.skip()?;
    }
    cursor.end()
}

/// A frame that is not FEED_DATA; they are few, so serde reads them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Control {
    #[serde(rename = "type")]
    kind: String,
    channel: u64,
    #[serde(default)]
    version: Option<String>,
    #[serde(default, deserialize_with = "seconds")]
    keepalive_timeout: Option<f64>,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    data_format: Option<String>,
    #[serde(default, deserialize_with = "seconds")]
    aggregation_period: Option<f64>,
    #[serde(default)]
    event_fields: Option<BTreeMap<String, Vec<String>>>,
}

/// A JSONDouble of seconds: `"NaN"`, infinite and null are none.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Loose {
        Number(f64),
        Text(String),
        Nothing(()),
    }
    let seconds = match Loose::deserialize(deserializer)? {
        Loose::Number(seconds) => Some(seconds),
        Loose::Text(text) => text.parse().ok(),
        Loose::Nothing(()) => None,
    };
    Ok(seconds.filter(|seconds: &f64| seconds.is_finite()))
}

fn control<'a>(text: &str) -> Result<Frame<'a>, PortError> {
    let frame: Control =
        serde_json::from_str(text).map_err(|error| corrupt(format!("a frame cannot be read: {error}")))?;
    let missing = |what: &str| corrupt(format!("a frame {} has no {what}", frame.kind));
    let channel = frame.channel;
    Ok(match frame.kind.as_str() {
        "SETUP" => Frame::Setup {
            version: frame.version.ok_or_else(|| missing("version"))?,
            keepalive_timeout: frame.keepalive_timeout.filter(|seconds| *seconds > 0.0),
        },
        "AUTH_STATE" => match frame.state.as_deref() {
            Some(state @ ("AUTHORIZED" | "UNAUTHORIZED")) => {
                Frame::AuthState { authorized: state == "AUTHORIZED" }
            }
            _ => return Err(missing("state AUTHORIZED or UNAUTHORIZED")),
        },
        "KEEPALIVE" => Frame::Keepalive,
        "ERROR" => Frame::Error {
            channel,
            kind: ErrorKind::from_name(&frame.error.ok_or_else(|| missing("error"))?),
            message: frame.message.unwrap_or_default(),
        },
        "CHANNEL_OPENED" => Frame::ChannelOpened { channel },
        "CHANNEL_CLOSED" => Frame::ChannelClosed { channel },
        "FEED_CONFIG" => Frame::FeedConfig { channel, config: feed_config(frame)? },
        _ => Frame::Other { kind: frame.kind },
    })
}

fn feed_config(frame: Control) -> Result<FeedConfig, PortError> {
    let format = match frame.data_format.as_deref() {
        None => None,
        Some("FULL") => Some(DataFormat::Full),
        Some("COMPACT") => Some(DataFormat::Compact),
        Some(other) => {
            return Err(corrupt(format!("FEED_CONFIG announces the unknown data format '{other}'")));
        }
    };
    Ok(FeedConfig {
        format,
        aggregation_period: frame.aggregation_period,
        event_fields: frame.event_fields.unwrap_or_default(),
    })
}

fn broken(fault: Fault) -> PortError {
    corrupt(format!("a frame cannot be read: {fault}"))
}
