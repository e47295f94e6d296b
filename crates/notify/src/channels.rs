//! The configured channels as one notifier.

use std::sync::Arc;

use async_trait::async_trait;
use ttai_ports::{AccountLimits, Attachment, Message, Notifier, PortError};

use crate::config::NamedChannel;

/// What every channel can do.
#[async_trait]
pub(crate) trait Channel: Send + Sync {
    /// Sends one message with its files and returns when the other side has taken it.
    async fn send(&self, message: &Message, attachments: &[Attachment]) -> Result<(), PortError>;
}

/// Named channels, in the order in which they were configured.
pub struct Channels {
    channels: Vec<(String, Box<dyn Channel>)>,
}

impl std::fmt::Debug for Channels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.channels.iter().map(|(name, _)| name)).finish()
    }
}

impl Channels {
    /// Checks the settings and prepares the clients; nothing is sent. `limits` shares each channel's rate among tasks and
    /// processes, under the account `KIND/NAME`.
    ///
    /// # Errors
    /// [`PortError::Invalid`] that names the channel and the setting: an address that is none, two channels of one name.
    pub fn new(configured: Vec<NamedChannel>, limits: &Arc<dyn AccountLimits>) -> Result<Self, PortError> {
        let mut channels: Vec<(String, Box<dyn Channel>)> = Vec::with_capacity(configured.len());
        for NamedChannel { name, config } in configured {
            if channels.iter().any(|(known, _)| *known == name) {
                return Err(invalid(format!("two channels have the name {name}; rename one")));
            }
            let channel = config.open(&name, limits)?;
            channels.push((name, channel));
        }
        Ok(Self { channels })
    }
}

fn invalid(detail: String) -> PortError {
    PortError::Invalid { provider: "notify".to_owned(), detail }
}

#[async_trait]
impl Notifier for Channels {
    fn channels(&self) -> Vec<String> {
        self.channels.iter().map(|(name, _)| name.clone()).collect()
    }

    async fn send(
        &self,
        channel: &str,
        message: &Message,
        attachments: &[Attachment],
    ) -> Result<(), PortError> {
        let Some((_, found)) = self.channels.iter().find(|(name, _)| name == channel) else {
            let names = self.channels().join(", ");
            let names = if names.is_empty() {
                "none is configured".to_owned()
            } else {
                format!("there are: {names}")
            };
            return Err(invalid(format!("there is no channel {channel}; {names}")));
        };
        found.send(message, attachments).await
    }
}

#[cfg(test)]
mod tests {
    use ttai_http::LocalLimits;

    use super::*;

    fn named(name: &str, text: &str) -> NamedChannel {
        NamedChannel { name: name.to_owned(), config: serde_json::from_str(text).unwrap() }
    }

    fn open_all(configured: Vec<NamedChannel>) -> Result<Channels, PortError> {
        let limits: Arc<dyn AccountLimits> = Arc::new(LocalLimits::default());
        Channels::new(configured, &limits)
    }

    const SLACK: &str = r#"{"type":"slack","url":"https://hooks.example.org/services/T0/B0/abc"}"#;

    #[tokio::test]
    async fn channels_keep_their_order_and_an_unknown_one_is_named() {
        let channels = open_all(vec![named("b", SLACK), named("a", SLACK)]).unwrap();
        assert_eq!(channels.channels(), ["b", "a"]);
        let error = channels.send("c", &Message::default(), &[]).await.unwrap_err();
        assert_eq!(error.to_string(), "notify refuses the request: there is no channel c; there are: b, a");
    }

    #[test]
    fn two_of_one_name_are_refused() {
        assert!(open_all(vec![named("a", SLACK), named("a", SLACK)]).is_err());
    }
}
