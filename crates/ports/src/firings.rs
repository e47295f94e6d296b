//! What alerts fired: each firing is one row, written together with its message before anything else happens.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{AlertState, LeaseGrant, NewMessage, StoreError};

/// A firing to be recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct NewFiring {
    /// Whose alert fired.
    pub user_id: String,
    /// Which.
    pub alert_id: String,
    /// The arming number that it consumes.
    pub arming: u64,
    /// The version of the alert that it was found with.
    pub version: u64,
    /// The market's time of what fired it.
    pub market_time: Option<DateTime<Utc>>,
    /// What fired it.
    pub evidence: Value,
    /// What the alert does now: armed again, snoozed, fired or expired.
    pub next_state: AlertState,
    /// What is to be said about it, to whom; of the same user.
    pub message: NewMessage,
}

/// What became of a firing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordedFiring {
    /// It is recorded, with its message and deliveries; the alert's change has this revision.
    Recorded {
        /// The alert's place in the feed.
        revision: u64,
    },
    /// This arming number was consumed before.
    AlreadyThere,
    /// The alert is not there, or in this state, in which it does not fire.
    NotArmed(Option<AlertState>),
    /// The alert has another version or awaits another arming number: read it anew.
    Superseded,
}

/// A firing as it was recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FiringRecord {
    /// Whose alert fired.
    pub user_id: String,
    /// Which.
    pub alert_id: String,
    /// The arming number that it consumed.
    pub arming: u64,
    /// The market's time of what fired it.
    pub market_time: Option<DateTime<Utc>>,
    /// When it was recorded, by the store's clock.
    pub recorded_at: DateTime<Utc>,
    /// What fired it.
    pub evidence: Value,
    /// The message about it.
    pub message_id: String,
}

impl FiringRecord {
    /// The position of this firing in a listing, to ask for the page that follows it.
    #[must_use]
    pub fn cursor(&self) -> FiringCursor {
        FiringCursor { recorded_at: self.recorded_at, alert_id: self.alert_id.clone(), arming: self.arming }
    }
}

/// Which firings of a user to list, newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FiringFilter {
    /// Whose.
    pub user_id: String,
    /// Of this alert only.
    pub alert_id: Option<String>,
    /// Those after this position.
    pub after: Option<FiringCursor>,
    /// At most this many, 1 to 1,000; 50 when none.
    pub limit: Option<u32>,
}

/// Where a page of firings ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FiringCursor {
    /// When the last firing seen was recorded.
    pub recorded_at: DateTime<Utc>,
    /// Its alert.
    pub alert_id: String,
    /// Its arming number.
    pub arming: u64,
}

/// Most firings that are recorded at once.
pub const MAX_RECORDED_FIRINGS: usize = 1_000;

/// Firings.
#[async_trait]
pub trait Firings: Send + Sync {
    /// Records at most [`MAX_RECORDED_FIRINGS`] firings of a shard, all in one transaction: each with its alert's next state
    /// and arming number, its message and its deliveries. Answers in their order; it may be repeated, after
    /// [`StoreError::Unavailable`], too.
    ///
    /// # Errors
    /// [`StoreError::StaleLease`] where the lease has been taken over: nothing is recorded then.
    async fn record_firings(
        &self,
        lease: &LeaseGrant,
        shard: u32,
        firings: &[NewFiring],
    ) -> Result<Vec<RecordedFiring>, StoreError>;
    /// A user's firings, newest first.
    async fn list_firings(&self, filter: &FiringFilter) -> Result<Vec<FiringRecord>, StoreError>;
}
