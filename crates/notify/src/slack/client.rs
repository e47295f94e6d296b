//! Posts to the webhook and tells what became of the message.

use std::sync::Arc;

use async_trait::async_trait;
use http::StatusCode;
use ttai_http::Service;
use ttai_ports::{AccountLimits, Attachment, Message, PortError, RateLimit};

use super::config::SlackConfig;
use super::shape::shape;
use crate::address::WebhookAddress;
use crate::channels::Channel;
use crate::refusal::of_status;

const PROVIDER: &str = "slack";
/// "1 per second … short bursts of >1 allowed" ("Rate limits": incoming webhooks).
const RATE: RateLimit = RateLimit { per_minute: 60, burst: 1 };

/// One incoming webhook.
pub struct Slack {
    service: Service,
    address: WebhookAddress,
}

impl Slack {
    /// Prepares the channel; nothing is sent.
    ///
    /// # Errors
    /// [`PortError::Invalid`] for an address that is none.
    pub fn new(name: &str, config: &SlackConfig, limits: Arc<dyn AccountLimits>) -> Result<Self, PortError> {
        let address = WebhookAddress::parse(PROVIDER, name, &config.url)?;
        let settings = address.settings(PROVIDER, name, config.timeout_seconds, config.rate.unwrap_or(RATE));
        Ok(Self {
            service: Service::new(settings, limits, Some(|status, body| Some(parse_refusal(status, body))))?,
            address,
        })
    }
}

#[async_trait]
impl Channel for Slack {
    async fn send(&self, message: &Message, attachments: &[Attachment]) -> Result<(), PortError> {
        let payload = shape(message, attachments);
        let answer = self.address.post(&self.service, "post message").json(&payload).send().await?;
        if answer.body.trim_ascii() == b"ok" {
            return Ok(());
        }
        Err(PortError::OutcomeUnknown {
            provider: PROVIDER.to_owned(),
            detail: format!(
                "the answer was {} but not Slack's \"ok\"; does the address lead to Slack?",
                answer.status
            ),
        })
    }
}

/// What an answer without success means: Slack's one word ("Sending messages using incoming webhooks", "Handling errors"), by
/// status where something before it answered. No other body is shown: it may repeat the webhook's address.
#[must_use]
pub fn parse_refusal(status: StatusCode, body: &[u8]) -> PortError {
    let word = std::str::from_utf8(body).unwrap_or_default().trim();
    let provider = PROVIDER.to_owned();
    let what = match word {
        "no_service" | "no_service_id" | "no_team" | "team_disabled" | "invalid_token"
        | "no_active_hooks" => "the webhook is gone or disabled",
        "channel_not_found" | "channel_is_archived" | "user_not_found" => {
            "the webhook's channel is gone or archived"
        }
        "action_prohibited" | "posting_to_general_channel_denied" => {
            "an administrator has restricted posting there"
        }
        "invalid_payload"
        | "invalid_blocks"
        | "invalid_blocks_format"
        | "no_text"
        | "too_many_attachments"
        | "msg_blocks_too_long" => {
            return PortError::Invalid { provider, detail: format!("{status}: {word}") };
        }
        _ => return of_status(PROVIDER, status),
    };
    let detail = format!("{what} ({word}); make a new webhook and configure its address");
    PortError::Authentication { provider, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_has_its_class() {
        let read =
            |status: u16, word: &str| parse_refusal(StatusCode::from_u16(status).unwrap(), word.as_bytes());
        assert!(matches!(read(404, "no_service"), PortError::Authentication { .. }));
        assert!(matches!(read(410, "channel_is_archived\n"), PortError::Authentication { .. }));
        assert!(matches!(read(400, "invalid_payload"), PortError::Invalid { .. }));
        assert!(matches!(read(429, "rate_limited"), PortError::Unavailable { .. }));
        assert!(matches!(read(500, "rollup_error"), PortError::OutcomeUnknown { .. }));
        let echoed = read(404, "no such page: /services/T0/B0/planted").to_string();
        assert!(!echoed.contains("planted"), "{echoed}");
    }
}
