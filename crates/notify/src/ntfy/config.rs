//! What a user sets for an ntfy channel.

use secrecy::SecretString;
use serde::Deserialize;
use ttai_ports::RateLimit;

/// A topic of an ntfy server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NtfyConfig {
    /// The topic's address, `https://ntfy.sh/TOPIC`; a secret as a whole: whoever knows a public topic can read it.
    pub url: SecretString,
    /// An access token, `tk_…`, where the server wants to know who publishes.
    #[serde(default)]
    pub token: Option<SecretString>,
    /// The user, instead of a token.
    #[serde(default)]
    pub username: Option<String>,
    /// The user's password.
    #[serde(default)]
    pub password: Option<SecretString>,
    /// The largest file that the server takes, in bytes. 2 MB is what ntfy.sh takes without an account.
    #[serde(default = "two_megabytes")]
    pub max_file_bytes: usize,
    /// How often the channel may be used; the service's own limit when none.
    #[serde(default)]
    pub rate: Option<RateLimit>,
    /// The longest wait for an answer, in seconds.
    #[serde(default = "half_a_minute")]
    pub timeout_seconds: u64,
}

fn two_megabytes() -> usize {
    2_000_000
}

fn half_a_minute() -> u64 {
    30
}
