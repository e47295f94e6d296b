//! Rows that were pulled out of sources, and how far each source was read.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::StoreError;

/// Most rows that are saved at once.
pub const MAX_SYNCED_ROWS: usize = 1_000;

/// A resource of a source, of one owner.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct SyncedResource {
    /// Whose it is: a user, or the name of a market, which no user can have.
    pub owner: String,
    /// The source: `transactions`, `metrics`.
    pub source: String,
    /// An account, a symbol, a file.
    pub resource: String,
}

/// A row of a source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SyncedRow {
    /// Its key in the resource: the same row has the same key however often it is read.
    pub key: String,
    /// The moment that it is about.
    pub at: DateTime<Utc>,
    /// What it says.
    pub row: Value,
}

/// How far a resource was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SyncState {
    /// Where the next sync goes on; the source's own words.
    pub cursor: Option<String>,
    /// Rows of it in the store.
    pub rows: u64,
    /// When it was last read, by the store's clock.
    pub synced_at: Option<DateTime<Utc>>,
    /// Why it could not be read since then.
    pub problem: Option<String>,
    /// When that was.
    pub failed_at: Option<DateTime<Utc>>,
}

/// What became of rows that were saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SavedRows {
    /// New, or changed.
    pub written: u64,
    /// There as they are.
    pub unchanged: u64,
}

/// Rows of sources.
#[async_trait]
pub trait SyncedRows: Send + Sync {
    /// Saves at most [`MAX_SYNCED_ROWS`] and then the cursor, in one transaction: a cursor is never ahead of its rows. It may be
    /// repeated. A problem that was noted is over.
    async fn save_synced(
        &self,
        of: &SyncedResource,
        rows: &[SyncedRow],
        cursor: Option<&str>,
    ) -> Result<SavedRows, StoreError>;
    /// Notes that it could not be read; where it stands stays.
    async fn note_sync_problem(&self, of: &SyncedResource, problem: &str) -> Result<(), StoreError>;
    /// How far it was read; nothing yet where it never was.
    async fn sync_state(&self, of: &SyncedResource) -> Result<SyncState, StoreError>;
    /// Everything of an owner's that was ever read, by source and resource.
    async fn sync_states(&self, owner: &str) -> Result<Vec<(SyncedResource, SyncState)>, StoreError>;
    /// The newest `limit` rows before `until`, oldest first.
    async fn synced_rows(
        &self,
        of: &SyncedResource,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<SyncedRow>, StoreError>;
}
