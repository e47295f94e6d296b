//! What a user sets for a Discord channel.

use secrecy::SecretString;
use serde::Deserialize;
use ttai_ports::RateLimit;

/// A Discord webhook.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiscordConfig {
    /// The webhook's address as Discord shows it, `https://discord.com/api/webhooks/ID/TOKEN`; a secret as a whole.
    pub url: SecretString,
    /// The thread to post in, by its id; needed where the channel is a forum.
    #[serde(default)]
    pub thread_id: Option<String>,
    /// The name to post under, 1 to 80 characters; the webhook's own when none.
    #[serde(default)]
    pub username: Option<String>,
    /// The largest file that the server takes, in bytes. Discord has changed its default more than once; 10 MiB is the
    /// lowest that it has ever been.
    #[serde(default = "ten_mebibytes")]
    pub max_file_bytes: usize,
    /// How often the channel may be used; the service's own limit when none.
    #[serde(default)]
    pub rate: Option<RateLimit>,
    /// The longest wait for an answer, in seconds.
    #[serde(default = "half_a_minute")]
    pub timeout_seconds: u64,
}

fn ten_mebibytes() -> usize {
    10 << 20
}

fn half_a_minute() -> u64 {
    30
}
