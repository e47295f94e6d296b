//! What a user sets for e-mail.

use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;
use ttai_ports::RateLimit;

/// How the connection is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EmailSecurity {
    /// Begins in plain text and must be raised to TLS before anything else is said; a server without it is left.
    #[default]
    Starttls,
    /// TLS from the first byte, usually port 465.
    Tls,
    /// None. A password is then sent to this machine's own server only.
    None,
}

/// An SMTP account and who is written to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmailConfig {
    /// The mail server's name, which its certificate must bear.
    pub host: String,
    /// Its port.
    #[serde(default = "submission")]
    pub port: u16,
    /// How the connection is protected.
    #[serde(default)]
    pub security: EmailSecurity,
    /// A file of certificates (PEM) that are trusted besides the usual ones, for a server with a certificate of one's own.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The account's name; no login when none.
    #[serde(default)]
    pub username: Option<String>,
    /// The account's password.
    #[serde(default)]
    pub password: Option<SecretString>,
    /// The sender: `ttai <alerts@example.org>`.
    pub from: String,
    /// The recipients, at least one. A message goes to all of them or to none.
    pub to: Vec<String>,
    /// What this machine calls itself to the server; `[127.0.0.1]` when none.
    #[serde(default)]
    pub hello_name: Option<String>,
    /// The largest sum of files, in bytes; what exceeds it is left out and named.
    #[serde(default = "ten_mebibytes")]
    pub max_attachment_bytes: usize,
    /// How often the channel may be used; 30 messages a minute when none.
    #[serde(default)]
    pub rate: Option<RateLimit>,
    /// The longest wait for each of the server's answers, in seconds. The last one, after the whole message, may take four
    /// times as long (RFC 5321 section 4.5.3.2.6): giving up there leaves the outcome unknown.
    #[serde(default = "half_a_minute")]
    pub timeout_seconds: u64,
}

/// RFC 6409.
fn submission() -> u16 {
    587
}

fn ten_mebibytes() -> usize {
    10 << 20
}

fn half_a_minute() -> u64 {
    30
}
