//! Screens that users keep under a name, and have run by themselves.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::StoreError;

/// Most screeners of a user.
pub const MAX_SAVED_SCREENERS: usize = 200;
/// Most of them that run by themselves.
pub const MAX_AUTO_RUN_SCREENERS: usize = 20;

/// What a user saves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NewScreener {
    /// Its name among the user's screeners, 1 to 128 bytes.
    pub name: String,
    /// The strategy whose trades it looks for, by its name on the wire.
    pub strategy: String,
    /// The params of the screen, as it is started with them.
    pub criteria: Value,
    /// Whether it runs by itself while the market is open.
    pub auto_run: bool,
    /// Channels that hear of new picks; those of the user's preferences when empty.
    pub channels: Vec<String>,
}

/// A screener as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SavedScreener {
    /// Whose it is.
    pub user_id: String,
    /// What was saved.
    #[serde(flatten)]
    pub screener: NewScreener,
    /// When it was first saved, by the store's clock.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub changed_at: DateTime<Utc>,
}

/// Where a listing over all users goes on: after this user's screener of this name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScreenerCursor {
    /// The user.
    pub user_id: String,
    /// The screener's name.
    pub name: String,
}

/// Saved screeners. Each belongs to one user, and no other sees it.
#[async_trait]
pub trait SavedScreeners: Send + Sync {
    /// Saves a screener, in place of one of the same name. It may be repeated.
    async fn save_screener(&self, user_id: &str, screener: &NewScreener)
    -> Result<SavedScreener, StoreError>;
    /// Has a screener run by itself, or no longer; none where there is none of that name.
    async fn set_auto_run(
        &self,
        user_id: &str,
        name: &str,
        auto_run: bool,
    ) -> Result<Option<SavedScreener>, StoreError>;
    /// Deletes a screener; false where there is none.
    async fn delete_screener(&self, user_id: &str, name: &str) -> Result<bool, StoreError>;
    /// One screener.
    async fn screener(&self, user_id: &str, name: &str) -> Result<Option<SavedScreener>, StoreError>;
    /// A user's screeners, by name.
    async fn list_screeners(&self, user_id: &str) -> Result<Vec<SavedScreener>, StoreError>;
    /// Screeners of all users that run by themselves, by user and name, 1 to 500 after a cursor.
    async fn auto_run_screeners(
        &self,
        after: &ScreenerCursor,
        limit: u32,
    ) -> Result<Vec<SavedScreener>, StoreError>;
}
