//! Telling people: named channels.

use async_trait::async_trait;

use crate::error::PortError;

/// A message for one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The text.
    pub text: String,
    /// Makes a repeat recognisable to the channel, where it can.
    pub idempotency_key: String,
}

/// Sends messages to the configured channels.
#[async_trait]
pub trait Notifier: Send + Sync {
    /// The names of the configured channels, in order of preference.
    fn channels(&self) -> Vec<String>;
    /// Sends to one channel and returns when it has acknowledged.
    async fn send(&self, channel: &str, message: &Message) -> Result<(), PortError>;
}
