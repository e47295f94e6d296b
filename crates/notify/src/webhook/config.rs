//! What a user sets for a webhook of their own.

use secrecy::SecretString;
use serde::Deserialize;
use ttai_ports::RateLimit;

/// A receiver of signed requests.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// Where it listens; may hold a secret, and is treated as one.
    pub url: SecretString,
    /// Signs the requests; at least 16 characters, shared with the receiver.
    pub secret: SecretString,
    /// The key before a change. While it is set, requests are signed with both.
    #[serde(default)]
    pub previous_secret: Option<SecretString>,
    /// The largest body, in bytes; files that would exceed it are left out and named.
    #[serde(default = "eight_mebibytes")]
    pub max_body_bytes: usize,
    /// How often the channel may be used; the service's own limit when none.
    #[serde(default)]
    pub rate: Option<RateLimit>,
    /// The longest wait for an answer, in seconds.
    #[serde(default = "half_a_minute")]
    pub timeout_seconds: u64,
}

fn eight_mebibytes() -> usize {
    8 << 20
}

fn half_a_minute() -> u64 {
    30
}
