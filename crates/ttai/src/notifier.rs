//! The configured channels, and the one that is always there: the worker's log.

use async_trait::async_trait;
use ttai_config::sections::{ChannelSection, ChannelType, MailSecurity};
use ttai_config::{Config, LOG, Secret};
use ttai_notify::discord::DiscordConfig;
use ttai_notify::email::{EmailConfig, EmailSecurity};
use ttai_notify::ntfy::NtfyConfig;
use ttai_notify::slack::SlackConfig;
use ttai_notify::webhook::WebhookConfig;
use ttai_notify::{ChannelConfig, Channels, NamedChannel};
use ttai_ports::{Attachment, Message, MessageField, Notifier, PortError};

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
    let named = config.channels.iter();
    named
        .filter_map(|(name, section)| Some(NamedChannel { config: channel(section)?, name: name.clone() }))
        .collect()
}

/// None for what the configuration was refused for.
fn channel(section: &ChannelSection) -> Option<ChannelConfig> {
    let section = section.clone();
    let secret = |secret: Option<Secret>| secret.as_deref().cloned();
    let timeout_seconds = section.timeout.as_secs().max(1);
    Some(match section.kind? {
        ChannelType::Discord => ChannelConfig::Discord(DiscordConfig {
            url: secret(section.url)?,
            thread_id: section.thread_id,
            username: section.username,
            max_file_bytes: 10 << 20,
            timeout_seconds,
            rate: None,
        }),
        ChannelType::Slack => {
            ChannelConfig::Slack(SlackConfig { url: secret(section.url)?, timeout_seconds, rate: None })
        }
        ChannelType::Ntfy => ChannelConfig::Ntfy(NtfyConfig {
            url: secret(section.url)?,
            token: secret(section.token),
            username: section.username,
            password: secret(section.password),
            max_file_bytes: 2_000_000,
            timeout_seconds,
            rate: None,
        }),
        ChannelType::Webhook => ChannelConfig::Webhook(WebhookConfig {
            url: secret(section.url)?,
            secret: secret(section.secret)?,
            previous_secret: secret(section.previous_secret),
            max_body_bytes: 8 << 20,
            timeout_seconds,
            rate: None,
        }),
        ChannelType::Email => ChannelConfig::Email(EmailConfig {
            host: section.host?,
            port: section.port,
            security: match section.security {
                MailSecurity::Starttls => EmailSecurity::Starttls,
                MailSecurity::Tls => EmailSecurity::Tls,
                MailSecurity::None => EmailSecurity::None,
            },
            ca_file: section.ca_file,
            username: section.username,
            password: secret(section.password),
            from: section.from?,
            to: section.to,
            hello_name: None,
            max_attachment_bytes: 10 << 20,
            timeout_seconds,
            rate: None,
        }),
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
