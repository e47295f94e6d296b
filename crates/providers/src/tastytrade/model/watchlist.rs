//! Watchlists, the user's own and the service's public ones.

use serde::{Deserialize, Serialize};

/// A named list of instruments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Watchlist {
    /// Unique among the user's.
    pub name: String,
    /// What is in it; absent where it is empty or only counts were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watchlist_entries: Option<Vec<WatchlistEntry>>,
    /// The group that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_name: Option<String>,
    /// Where it stands in a listing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_index: Option<i64>,
}

/// One instrument of a watchlist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct WatchlistEntry {
    /// In the service's spelling.
    pub symbol: String,
    /// `Equity`, `Future` and others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instrument_type: Option<String>,
}
