//! Lists of symbols that people keep under a name.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::Symbol;

use crate::StoreError;

/// Most symbols of one list.
pub const MAX_WATCHLIST_SYMBOLS: usize = 500;

/// A list as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WatchlistRecord {
    /// Its name among the user's lists.
    pub name: String,
    /// Its symbols, in the order in which they came.
    pub symbols: Vec<Symbol>,
    /// How often it was changed, its creation included.
    pub revision: u64,
    /// When it last was, by the store's clock.
    pub changed_at: DateTime<Utc>,
}

/// A change of a list. It may be repeated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchlistChange {
    /// What comes in at the end; what is there stays where it is.
    pub add: Vec<Symbol>,
    /// What goes.
    pub remove: Vec<Symbol>,
}

impl WatchlistChange {
    /// The symbols of a list after the change.
    #[must_use]
    pub fn applied(&self, symbols: &[Symbol]) -> Vec<Symbol> {
        let mut after = symbols.to_vec();
        for symbol in &self.add {
            if !after.contains(symbol) {
                after.push(symbol.clone());
            }
        }
        after.retain(|symbol| !self.remove.contains(symbol));
        after
    }
}

/// Watchlists. The alerts over a list that changes come again in the feed of their shard, in the same transaction.
#[async_trait]
pub trait Watchlists: Send + Sync {
    /// Changes a list; one that is not there begins with what is added, and with none added there is no list to answer.
    async fn change_watchlist(
        &self,
        user_id: &str,
        name: &str,
        change: &WatchlistChange,
    ) -> Result<Option<WatchlistRecord>, StoreError>;
    /// Deletes a list; false where there is none.
    async fn delete_watchlist(&self, user_id: &str, name: &str) -> Result<bool, StoreError>;
    /// One list.
    async fn watchlist(&self, user_id: &str, name: &str) -> Result<Option<WatchlistRecord>, StoreError>;
    /// A user's lists, by name.
    async fn list_watchlists(&self, user_id: &str) -> Result<Vec<WatchlistRecord>, StoreError>;
}
