//! The channels as a user configures them.

use std::sync::Arc;

use serde::Deserialize;
use ttai_ports::{AccountLimits, PortError};

use crate::channels::Channel;
use crate::discord::{Discord, DiscordConfig};
use crate::email::{Email, EmailConfig};
use crate::ntfy::{Ntfy, NtfyConfig};
use crate::slack::{Slack, SlackConfig};
use crate::webhook::{Webhook, WebhookConfig};

/// One channel's settings; `type` says which of them it is. Secrets never show in its `Debug`.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ChannelConfig {
    /// A Discord webhook.
    Discord(DiscordConfig),
    /// A Slack incoming webhook.
    Slack(SlackConfig),
    /// E-mail over SMTP.
    Email(EmailConfig),
    /// A push message by a topic of ntfy.
    Ntfy(NtfyConfig),
    /// A receiver of the user's own, with signed requests.
    Webhook(WebhookConfig),
}

impl ChannelConfig {
    /// Checks the settings and prepares the client of the channel `name`; nothing is sent.
    pub(crate) fn open(
        self,
        name: &str,
        limits: &Arc<dyn AccountLimits>,
    ) -> Result<Box<dyn Channel>, PortError> {
        let limits = Arc::clone(limits);
        Ok(match self {
            Self::Discord(config) => Box::new(Discord::new(name, config, limits)?),
            Self::Slack(config) => Box::new(Slack::new(name, &config, limits)?),
            Self::Email(config) => Box::new(Email::new(name, config, limits)?),
            Self::Ntfy(config) => Box::new(Ntfy::new(name, &config, limits)?),
            Self::Webhook(config) => Box::new(Webhook::new(name, config, limits)?),
        })
    }
}

/// A channel and the name by which it is chosen.
#[derive(Clone, Debug)]
pub struct NamedChannel {
    /// Its name: `alerts`.
    pub name: String,
    /// What it is.
    pub config: ChannelConfig,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_read_and_a_misspelt_setting_is_refused() {
        let read = |text: &str| serde_json::from_str::<ChannelConfig>(text);
        assert!(matches!(
            read(r#"{"type":"discord","url":"https://x/webhooks/1/a"}"#),
            Ok(ChannelConfig::Discord(_))
        ));
        assert!(matches!(
            read(r#"{"type":"slack","url":"https://x/services/a"}"#),
            Ok(ChannelConfig::Slack(_))
        ));
        assert!(matches!(
            read(r#"{"type":"email","host":"mail","from":"a@x.org","to":["b@x.org"]}"#),
            Ok(ChannelConfig::Email(_))
        ));
        assert!(matches!(read(r#"{"type":"ntfy","url":"https://x/a"}"#), Ok(ChannelConfig::Ntfy(_))));
        assert!(matches!(
            read(r#"{"type":"webhook","url":"https://x/","secret":"0123456789abcdef"}"#),
            Ok(ChannelConfig::Webhook(_))
        ));
        assert!(read(r#"{"type":"slack","url":"https://x/","chanel":"a"}"#).is_err());
        assert!(read(r#"{"type":"pager"}"#).is_err());
    }
}
