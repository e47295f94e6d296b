//! What a user sets for a Slack channel.

use secrecy::SecretString;
use serde::Deserialize;
use ttai_ports::RateLimit;

/// A Slack incoming webhook.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlackConfig {
    /// The webhook's address, `https://hooks.slack.com/services/T…/B…/…`; a secret as a whole.
    pub url: SecretString,
    /// How often the channel may be used; the service's own limit when none.
    #[serde(default)]
    pub rate: Option<RateLimit>,
    /// The longest wait for an answer, in seconds.
    #[serde(default = "half_a_minute")]
    pub timeout_seconds: u64,
}

fn half_a_minute() -> u64 {
    30
}
