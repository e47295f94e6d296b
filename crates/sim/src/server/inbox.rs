//! What the sinks received, to be read back.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Older messages are forgotten beyond this.
const MOST_MESSAGES: usize = 10_000;

/// A file that came with a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxFile {
    /// Its name.
    pub file_name: String,
    /// Its media type as sent.
    pub media_type: String,
    /// Its length in bytes.
    pub size: usize,
    /// SHA-256 of its bytes in lower-case hexadecimal.
    pub sha256: String,
}

impl InboxFile {
    /// What is kept of a file.
    pub(crate) fn new(file_name: &str, media_type: &str, bytes: &[u8]) -> Self {
        Self {
            file_name: file_name.to_owned(),
            media_type: media_type.to_owned(),
            size: bytes.len(),
            sha256: Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}

/// The headers named, as far as they came.
pub(crate) fn saved_headers(headers: &HeaderMap, names: &[&str]) -> Vec<(String, String)> {
    let value = |name: &&str| Some(((*name).to_owned(), headers.get(*name)?.to_str().ok()?.to_owned()));
    names.iter().filter_map(value).collect()
}

/// One message as it arrived.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InboxMessage {
    /// `discord`, `slack`, `ntfy`, `webhook`.
    pub channel: String,
    /// Which of the channel's receivers: the webhook's id, without its token.
    pub target: String,
    /// Market time of arrival.
    pub received_at: DateTime<Utc>,
    /// Headers that a receiver would look at: signature, idempotency key.
    pub headers: Vec<(String, String)>,
    /// The body as sent.
    pub body: serde_json::Value,
    /// Its files.
    pub files: Vec<InboxFile>,
}

/// All messages, oldest first.
#[derive(Debug, Default)]
pub struct Inbox {
    messages: Mutex<VecDeque<InboxMessage>>,
    received: AtomicU64,
}

impl Inbox {
    /// Keeps a message.
    pub fn push(&self, message: InboxMessage) {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        if messages.len() == MOST_MESSAGES {
            messages.pop_front();
        }
        messages.push_back(message);
        self.received.fetch_add(1, Ordering::Relaxed);
    }

    /// How many messages have come so far, with those forgotten or cleared.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// The messages of one channel, or of all.
    #[must_use]
    pub fn read(&self, channel: Option<&str>) -> Vec<InboxMessage> {
        let messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        messages
            .iter()
            .filter(|message| channel.is_none_or(|wanted| message.channel == wanted))
            .cloned()
            .collect()
    }

    /// Empties it, or one channel of it.
    pub fn clear(&self, channel: Option<&str>) {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        messages.retain(|message| channel.is_some_and(|wanted| message.channel != wanted));
    }
}
