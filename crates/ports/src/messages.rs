//! Messages to people, as they are kept: each once, under an id that its writer derives from what it is about.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::Message;

use crate::StoreError;

/// A message as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageRecord {
    /// Its id, 1 to 1,200 bytes; also its delivery id at every channel.
    pub id: String,
    /// Whose it is.
    pub user_id: String,
    /// What it says.
    pub message: Message,
    /// The market that it is about: `live`, `delayed`, `recorded` or `simulated`.
    pub market: Option<String>,
    /// When it was written, by its writer's clock.
    pub created_at: DateTime<Utc>,
    /// From when on it is not sent any more.
    pub expires_at: DateTime<Utc>,
}

/// A message to be kept, with its deliveries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    /// The message.
    pub record: MessageRecord,
    /// Where it is to go.
    pub routes: Vec<MessageRoute>,
}

/// A channel that a message is to go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRoute {
    /// The channel's name.
    pub channel: String,
    /// Not before this time, and then in a digest with what else waits; none for at once.
    pub held_until: Option<DateTime<Utc>>,
}

/// Most messages that are saved at once.
pub const MAX_SAVED_MESSAGES: usize = 1_000;

/// Messages.
#[async_trait]
pub trait Messages: Send + Sync {
    /// Saves at most [`MAX_SAVED_MESSAGES`] with their deliveries, in one transaction. One whose id is there stays as it was
    /// saved first: it may be repeated. Answers how many were new.
    async fn save_messages(&self, messages: &[NewMessage]) -> Result<usize, StoreError>;
    /// One message.
    async fn message(&self, id: &str) -> Result<Option<MessageRecord>, StoreError>;
}
