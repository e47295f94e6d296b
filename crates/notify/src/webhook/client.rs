//! Posts the signed body and tells what became of the message.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::Utc;
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use ttai_http::Service;
use ttai_ports::{AccountLimits, Attachment, Message, PortError, RateLimit};

use super::config::WebhookConfig;
use super::shape::shape;
use super::signature::sign;
use crate::address::WebhookAddress;
use crate::carried::digest;
use crate::channels::Channel;
use crate::refusal::of_status;

const PROVIDER: &str = "webhook";
const RATE: RateLimit = RateLimit { per_minute: 6_000, burst: 100 };
const SHORTEST_KEY: usize = 16;
const SMALLEST_BODY: usize = 64 << 10;
/// The longest key that is sent as it is.
const LONGEST_KEY: usize = 200;

/// One receiver.
pub struct Webhook {
    service: Service,
    address: WebhookAddress,
    secret: SecretString,
    previous_secret: Option<SecretString>,
    max_body_bytes: usize,
}

impl Webhook {
    /// Prepares the channel; nothing is sent.
    ///
    /// # Errors
    /// [`PortError::Invalid`] for an address that is none, or a secret that is too short to be one.
    pub fn new(name: &str, config: WebhookConfig, limits: Arc<dyn AccountLimits>) -> Result<Self, PortError> {
        let address = WebhookAddress::parse(PROVIDER, name, &config.url)?;
        let invalid = |detail: String| Err(PortError::Invalid { provider: PROVIDER.to_owned(), detail });
        if config.secret.expose_secret().len() < SHORTEST_KEY {
            return invalid(format!("secret of channel {name} must have at least {SHORTEST_KEY} characters"));
        }
        if config.max_body_bytes < SMALLEST_BODY {
            return invalid(format!("max_body_bytes of channel {name} must be at least {SMALLEST_BODY}"));
        }
        let settings = address.settings(PROVIDER, name, config.timeout_seconds, config.rate.unwrap_or(RATE));
        Ok(Self {
            service: Service::new(settings, limits, Some(error_body))?,
            address,
            secret: config.secret,
            previous_secret: config.previous_secret,
            max_body_bytes: config.max_body_bytes,
        })
    }
}

#[async_trait]
impl Channel for Webhook {
    async fn send(&self, message: &Message, attachments: &[Attachment]) -> Result<(), PortError> {
        let now = Utc::now();
        let body = shape(message, attachments, now, self.max_body_bytes);
        let body = serde_json::to_vec(&body).map_err(|error| PortError::Invalid {
            provider: PROVIDER.to_owned(),
            detail: error.to_string(),
        })?;
        let keys: Vec<&SecretString> = std::iter::once(&self.secret).chain(&self.previous_secret).collect();
        // Sent once even though it has a key: a repeat has to say that it may be one, and only the sender's ledger knows.
        let request = self
            .address
            .post(&self.service, "post message")
            .header("x-ttai-signature", sign(&keys, now, &body))
            .header("idempotency-key", header_key(&message.delivery_id))
            .bytes("application/json", body);
        request.send().await.map(|_| ())
    }
}

/// The key as a header can hold it: itself, else its digest.
fn header_key(key: &str) -> String {
    let fits = !key.is_empty() && key.len() <= LONGEST_KEY && key.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { key.to_owned() } else { digest(key) }
}

/// Any 2xx is a receipt, 410 is the end; the rest is by status.
fn error_body(status: StatusCode, _body: &[u8]) -> Option<PortError> {
    Some(if status == StatusCode::GONE {
        PortError::Authentication {
            provider: PROVIDER.to_owned(),
            detail: "the receiver is gone for good (410); configure another address or remove the channel"
                .to_owned(),
        }
    } else {
        of_status(PROVIDER, status)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_always_one_header() {
        assert_eq!(header_key("alert-7/1"), "alert-7/1");
        for key in ["", "a b", "a\r\nX: y", "ä", &*"k".repeat(201)] {
            assert_eq!(header_key(key).len(), 64, "{key}");
        }
    }
}
