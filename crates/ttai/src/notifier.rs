//! The channel that is always there: the worker's log.

use async_trait::async_trait;
use ttai_ports::{Message, Notifier, PortError};

/// Writes every message to the log, once a key.
#[derive(Debug, Default)]
pub struct LogNotifier;

#[async_trait]
impl Notifier for LogNotifier {
    fn channels(&self) -> Vec<String> {
        vec!["log".to_owned()]
    }

    async fn send(&self, _channel: &str, message: &Message) -> Result<(), PortError> {
        tracing::info!(key = message.idempotency_key, "{}", message.text);
        Ok(())
    }
}
