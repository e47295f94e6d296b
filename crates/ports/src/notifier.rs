//! Notifying people: named channels.

use async_trait::async_trait;
pub use ttai_core::{Message, MessageArtifact, MessageField, MessageKind, Severity};

use crate::error::PortError;

/// A file that goes with a message: the bytes behind a [`MessageArtifact`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Name with extension.
    pub file_name: String,
    /// `image/png`, `text/html`.
    pub media_type: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Sends messages to the configured channels.
#[async_trait]
pub trait Notifier: Send + Sync {
    /// The names of the configured channels, in order of preference.
    fn channels(&self) -> Vec<String>;
    /// Sends to one channel and returns when it has acknowledged. The channel shapes the message to its own limits and
    /// carries the files where it can; the message's references to them are not read. [`PortError::OutcomeUnknown`] when
    /// the message may have been delivered.
    async fn send(
        &self,
        channel: &str,
        message: &Message,
        attachments: &[Attachment],
    ) -> Result<(), PortError>;
}
