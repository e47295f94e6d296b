//! What a user sets for a Slack channel.

use secrecy::SecretString;
use serde::Deserialize;

/// A Slack incoming webhook.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlackConfig {
    /// The webhook's address, `https://hooks.slack.com/services/T…/B…/…`; a secret as a whole.
    pub url: SecretString,
    /// The longest wait for an answer, in seconds.
    #[serde(default = "half_a_minute")]
    pub timeout_seconds: u64,
}

fn half_a_minute() -> u64 {
    30
}
