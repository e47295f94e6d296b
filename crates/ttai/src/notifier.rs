//! The configured channels, and the one that is always there: the worker's log.

use async_trait::async_trait;
use secrecy::SecretString;
use ttai_notify::discord::DiscordConfig;
use ttai_notify::email::{EmailConfig, EmailSecurity};
use ttai_notify::ntfy::NtfyConfig;
use ttai_notify::slack::SlackConfig;
use ttai_notify::webhook::WebhookConfig;
use ttai_notify::{ChannelConfig, Channels, NamedChannel};
use ttai_ports::{Attachment, Message, MessageField, Notifier, PortError};

use crate::config::Config;

pub use ttai_config::LOG;

/// Under which target the log's messages are written: whatever else is logged, they are.
pub const LOG_TARGET: &str = "ttai::notification";

/// Every configured channel, then the log.
#[derive(Debug)]
pub struct Everywhere {
    channels: Channels,
}

impl Everywhere {
    /// The log besides `channels`.
    #[must_use]
    pub fn of(channels: Channels) -> Self {
        Self { channels }
    }
}

#[async_trait]
impl Notifier for Everywhere {
    fn channels(&self) -> Vec<String> {
        let mut names = self.channels.channels();
        names.push(LOG.to_owned());
        names
    }

    async fn send(
        &self,
        channel: &str,
        message: &Message,
        attachments: &[Attachment],
    ) -> Result<(), PortError> {
        if channel != LOG {
            return self.channels.send(channel, message, attachments).await;
        }
        let (key, kind, severity) = (&message.delivery_id, message.kind.as_str(), message.severity.as_str());
        tracing::info!(target: LOG_TARGET, key, kind, severity, "{}", line(message));
        Ok(())
    }
}

/// The message as one entry of the log: title and text, then the fields and the link.
fn line(message: &Message) -> String {
    let head = [message.title.as_str(), message.text.as_str()].into_iter().filter(|part| !part.is_empty());
    let mut parts = vec![head.collect::<Vec<_>>().join(": ")];
    let row = |MessageField { name, value }: &MessageField| format!("{name}: {value}");
    if !message.fields.is_empty() {
        parts.push(format!("[{}]", message.fields.iter().map(row).collect::<Vec<_>>().join("; ")));
    }
    parts.extend(message.link.clone());
    if message.may_repeat {
        parts.push("(may repeat)".to_owned());
    }
    parts.join(" ")
}

/// The channels as the configuration has them. Their rates come with the limits, as for every account.
#[must_use]
pub fn configured(config: &Config) -> Vec<NamedChannel> {
    let named =
        |name: String| Some(NamedChannel { config: channel(config, &format!("channels.{name}"))?, name });
    config.names("channels").into_iter().filter_map(named).collect()
}

fn channel(config: &Config, section: &str) -> Option<ChannelConfig> {
    let text = |key: &str| config.text(section, key);
    let secret = |key: &str| config.secret(section, key);
    let timeout_seconds = config.provider(section, "url").timeout.as_secs().max(1);
    let url = || secret("url").unwrap_or_else(|| SecretString::from(""));
    Some(match text("type")?.as_str() {
        "discord" => ChannelConfig::Discord(DiscordConfig {
            url: url(),
            thread_id: text("thread_id"),
            username: text("username"),
            max_file_bytes: 10 << 20,
            timeout_seconds,
            rate: None,
        }),
        "slack" => ChannelConfig::Slack(SlackConfig { url: url(), timeout_seconds, rate: None }),
        "ntfy" => ChannelConfig::Ntfy(NtfyConfig {
            url: url(),
            token: secret("token"),
            username: text("username"),
            password: secret("password"),
            max_file_bytes: 2_000_000,
            timeout_seconds,
            rate: None,
        }),
        "webhook" => ChannelConfig::Webhook(WebhookConfig {
            url: url(),
            secret: secret("secret")?,
            previous_secret: secret("previous_secret"),
            max_body_bytes: 8 << 20,
            timeout_seconds,
            rate: None,
        }),
        "email" => ChannelConfig::Email(EmailConfig {
            host: text("host")?,
            port: config.integer(section, "port").and_then(|port| u16::try_from(port).ok()).unwrap_or(587),
            security: match text("security").as_deref() {
                Some("tls") => EmailSecurity::Tls,
                Some("none") => EmailSecurity::None,
                _ => EmailSecurity::Starttls,
            },
            ca_file: config.path(section, "ca_file"),
            username: text("username"),
            password: secret("password"),
            from: text("from")?,
            to: config.list(section, "to"),
            hello_name: None,
            max_attachment_bytes: 10 << 20,
            timeout_seconds,
            rate: None,
        }),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_has_all_of_a_message() {
        assert_eq!(line(&Message::of_text("AAPL: select")), "AAPL: select");
        let alert = Message {
            title: "AAPL above 200".to_owned(),
            text: "Now 201.5".to_owned(),
            fields: vec![MessageField::new("Threshold", "200"), MessageField::new("Delta", "-0.31")],
            link: Some("https://example.org/".to_owned()),
            may_repeat: true,
            ..Message::default()
        };
        let wanted =
            "AAPL above 200: Now 201.5 [Threshold: 200; Delta: -0.31] https://example.org/ (may repeat)";
        assert_eq!(line(&alert), wanted);
    }
}
