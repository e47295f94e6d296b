//! Telling people: named channels.

use async_trait::async_trait;

use crate::error::PortError;

/// How urgent a message is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    #[default]
    Info,
    /// To be looked at today.
    Warning,
    /// To be looked at now.
    Critical,
}

/// A file that goes with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Name with extension.
    pub file_name: String,
    /// `image/png`, `text/html`.
    pub media_type: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// A message for one channel. A channel shapes it to its own limits; no message is too long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// One line; may be empty.
    pub title: String,
    /// The text.
    pub text: String,
    /// Where to read more.
    pub link: Option<String>,
    /// How urgent it is.
    pub severity: Severity,
    /// Names and values for a small table.
    pub fields: Vec<(String, String)>,
    /// Files, for channels that can carry them.
    pub attachments: Vec<Attachment>,
    /// Makes a repeat recognisable to the channel, where it can.
    pub idempotency_key: String,
    /// Whether it may have been sent before with an unknown outcome; the channel says so to the reader.
    pub may_repeat: bool,
}

/// Sends messages to the configured channels.
#[async_trait]
pub trait Notifier: Send + Sync {
    /// The names of the configured channels, in order of preference.
    fn channels(&self) -> Vec<String>;
    /// Sends to one channel and returns when it has acknowledged. [`PortError::OutcomeUnknown`] when the message may
    /// have been delivered.
    async fn send(&self, channel: &str, message: &Message) -> Result<(), PortError>;
}
