//! What the sinks received, to be read back.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Older messages are forgotten beyond this.
const KEPT: usize = 10_000;

/// A file that came with a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxFile {
    /// Its name.
    pub file_name: String,
    /// Its media type as sent.
    pub media_type: String,
    /// Its length in bytes.
    pub size: usize,
}

/// One message as it arrived.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InboxMessage {
    /// `discord`, `slack`, `webhook`.
    pub channel: String,
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
}

impl Inbox {
    /// Keeps a message.
    pub fn push(&self, message: InboxMessage) {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        if messages.len() == KEPT {
            messages.pop_front();
        }
        messages.push_back(message);
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

    /// Empties it.
    pub fn clear(&self) {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
