//! Alert definitions in the store, and the feed of their changes that whoever watches a shard follows.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::StoreError;

/// What an alert is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// Watched.
    Armed,
    /// Fired, and a channel has not settled its last firing yet. Nobody sets it: the store answers it in place of
    /// [`AlertState::Armed`] and [`AlertState::Fired`] as long as that is so.
    Firing,
    /// Fired for the last time.
    Fired,
    /// Ended without firing again.
    Expired,
    /// Not watched until somebody resumes it.
    Paused,
    /// Not watched for a while.
    Snoozed,
    /// Removed by somebody: kept for the feed until retention removes it.
    Removed,
}

impl AlertState {
    /// All of them, in the order in which they are documented.
    pub const ALL: [Self; 7] =
        [Self::Armed, Self::Firing, Self::Fired, Self::Expired, Self::Paused, Self::Snoozed, Self::Removed];

    /// The name on the wire and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Armed => "armed",
            Self::Firing => "firing",
            Self::Fired => "fired",
            Self::Expired => "expired",
            Self::Paused => "paused",
            Self::Snoozed => "snoozed",
            Self::Removed => "removed",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether a firing of an alert in this state is recorded.
    #[must_use]
    pub const fn can_fire(self) -> bool {
        matches!(self, Self::Armed | Self::Firing | Self::Snoozed)
    }
}

/// An alert to be saved.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAlert {
    /// Whose it is, 1 to 256 bytes.
    pub user_id: String,
    /// Its id among the user's alerts, 1 to 256 bytes.
    pub id: String,
    /// Who watches it.
    pub shard: u32,
    /// What it is about, as lists show it; may be empty.
    pub symbol: String,
    /// [`AlertState::Armed`] or [`AlertState::Paused`].
    pub state: AlertState,
    /// What was asked for. When it was is the row's `created_at`: a time in here would make a repeat another request.
    pub definition: Value,
    /// The client's key, unique among the user's alerts, 1 to 256 bytes; the id where the client has none.
    pub client_key: String,
}

/// An alert as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertRecord {
    /// Whose it is.
    pub user_id: String,
    /// Its id among the user's alerts.
    pub id: String,
    /// Who watches it. It never changes.
    pub shard: u32,
    /// Its place in the shard's feed: every change gets a higher one than all changes of the shard before it.
    pub revision: u64,
    /// How often people changed it, its creation included: a firing of an older version is refused.
    pub version: u64,
    /// The number that the next firing consumes, from 1. No two firings of an id ever have the same, even where it was
    /// removed and made anew.
    pub arming: u64,
    /// What it is doing.
    pub state: AlertState,
    /// What it is about, as lists show it.
    pub symbol: String,
    /// What was asked for.
    pub definition: Value,
    /// The client's key.
    pub client_key: String,
    /// When it was first saved, by the store's clock.
    pub created_at: DateTime<Utc>,
    /// When it last changed, by the store's clock.
    pub changed_at: DateTime<Utc>,
}

impl AlertRecord {
    /// The position of this alert in a listing, to ask for the page that follows it.
    #[must_use]
    pub fn cursor(&self) -> AlertCursor {
        AlertCursor { created_at: self.created_at, id: self.id.clone() }
    }
}

/// What became of an alert that was to be saved.
#[derive(Clone, Debug, PartialEq)]
pub enum SavedAlert {
    /// It is new.
    Created(AlertRecord),
    /// It was saved before under this key; the row as it is now, perhaps changed or removed since.
    Existing(AlertRecord),
    /// The key belongs to an alert with another definition: this id.
    KeyUsed(String),
    /// The id belongs to an alert with another key.
    IdUsed,
}

/// A change of an alert; what is none stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlertChange {
    /// Changes nothing but this version; any where none.
    pub version: Option<u64>,
    /// What is asked for now.
    pub definition: Option<Value>,
    /// What it is about now.
    pub symbol: Option<String>,
    /// What it does now: neither [`AlertState::Firing`] nor [`AlertState::Removed`].
    pub state: Option<AlertState>,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq)]
pub enum ChangedAlert {
    /// The alert with the change; one that changes nothing leaves it as it was.
    Changed(AlertRecord),
    /// It has another version than the change is for.
    Superseded(AlertRecord),
    /// There is no such alert, or it was removed.
    Absent,
}

/// Which alerts of a user to list, newest first; those that were removed only where asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlertFilter {
    /// Whose.
    pub user_id: String,
    /// About this symbol only.
    pub symbol: Option<String>,
    /// In these states only; in all but [`AlertState::Removed`] when empty.
    pub states: Vec<AlertState>,
    /// Only those whose id begins with this one and a slash: the members of an alert over a set.
    pub under: Option<String>,
    /// Only those that are no members.
    pub no_members: bool,
    /// Those after this position.
    pub after: Option<AlertCursor>,
    /// At most this many, 1 to 1,000; 50 when none.
    pub limit: Option<u32>,
}

/// Where a page of alerts ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertCursor {
    /// When the last alert seen was first saved.
    pub created_at: DateTime<Utc>,
    /// Its id.
    pub id: String,
}

/// A shard that has something to watch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArmedShard {
    /// Whose alerts.
    pub user_id: String,
    /// The shard's number in the store.
    pub shard: u32,
    /// How many of them can fire.
    pub alerts: u64,
}

/// Added to a shard's number for its alerts over watchlists and sets of positions. They fire by their members, each an alert of its
/// own in the shard, and have a feed apart: whoever follows it keeps the members as they are asked for.
pub const SET_SHARDS: u32 = 0x8000_0000;

/// Most alerts that are saved at once.
pub const MAX_SAVED_ALERTS: usize = 500;

/// Alert definitions.
#[async_trait]
pub trait Alerts: Send + Sync {
    /// Saves at most [`MAX_SAVED_ALERTS`], all or, where the store fails, none; answers in their order. A key that was saved
    /// before with the same definition is answered with its row. An id that was removed can be used again with a new key.
    async fn save_alerts(&self, alerts: &[NewAlert]) -> Result<Vec<SavedAlert>, StoreError>;
    /// Changes one. It may be repeated.
    async fn change_alert(
        &self,
        user_id: &str,
        id: &str,
        change: &AlertChange,
    ) -> Result<ChangedAlert, StoreError>;
    /// Removes one; no firing of it is recorded after the answer. It may be repeated; none where there never was one.
    async fn remove_alert(&self, user_id: &str, id: &str) -> Result<Option<AlertRecord>, StoreError>;
    /// One alert, removed ones included.
    async fn alert(&self, user_id: &str, id: &str) -> Result<Option<AlertRecord>, StoreError>;
    /// A user's alerts, newest first.
    async fn list_alerts(&self, filter: &AlertFilter) -> Result<Vec<AlertRecord>, StoreError>;
    /// How many alerts a user has that were not removed and have not ended.
    async fn count_alerts(&self, user_id: &str) -> Result<u64, StoreError>;
    /// The shards with alerts that are armed or snoozed, by user and number, those over sets left out. It reads all alerts: for whoever asks seldom.
    async fn armed_shards(&self) -> Result<Vec<ArmedShard>, StoreError>;
    /// The alerts of a shard that changed after `revision` (0 for all), in the order of their changes, at most `limit` (1 to
    /// 10,000). Whoever goes on from the last one's revision misses none, whichever processes write: a change becomes visible
    /// only after all changes before it. A removed alert is in it until retention removes the row: whoever was away for longer
    /// than that begins at 0.
    async fn changes_since(
        &self,
        shard: u32,
        revision: u64,
        limit: u32,
    ) -> Result<Vec<AlertRecord>, StoreError>;
}
