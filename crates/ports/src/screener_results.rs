//! What screens came to: each candidate as soon as it was looked at, and each run when it is through.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ttai_core::Symbol;

use crate::store::StoreError;

/// Most candidates of one call.
pub const MAX_SCREENED: usize = 1_000;

/// Which run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ScreenRunKey {
    /// Whose.
    pub user_id: String,
    /// The workflow.
    pub workflow_id: String,
    /// Its run.
    pub run_id: String,
}

/// A candidate as a screen found it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScreenedCandidate {
    /// Ticker.
    pub symbol: Symbol,
    /// `quick` or `full`: how it was looked at last.
    pub stage: String,
    /// Its verdict: `select`, `watchlist`, `reject`; `failed` where it could not be looked at.
    pub verdict: String,
    /// Why it is no pick, for a reader; empty for a pick.
    pub reason: String,
    /// Its numbers.
    pub detail: Value,
}

/// A pick, with the value that it is ranked by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RankedPick {
    /// Ticker.
    pub symbol: Symbol,
    /// Higher is better.
    pub value: f64,
}

/// A run that is through.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScreenRunRecord {
    /// Which.
    pub key: ScreenRunKey,
    /// The screen's name among the user's: its runs are compared with each other.
    pub screen: String,
    /// What was asked.
    pub criteria: Value,
    /// The picks, best first.
    pub picks: Vec<RankedPick>,
    /// The whole answer.
    pub result: Value,
    /// Market time; none where nothing was looked at.
    pub as_of: Option<DateTime<Utc>>,
    /// When it was first saved; what a caller puts here is ignored.
    pub created_at: DateTime<Utc>,
}

/// Results of screens. Everything may be repeated.
#[async_trait]
pub trait ScreenerResults: Send + Sync {
    /// Saves candidates of a run; one that is there is replaced.
    async fn save_screened(
        &self,
        key: &ScreenRunKey,
        candidates: &[ScreenedCandidate],
    ) -> Result<(), StoreError>;
    /// The candidates of a run, by symbol.
    async fn screened(&self, key: &ScreenRunKey) -> Result<Vec<ScreenedCandidate>, StoreError>;
    /// Saves a run; one that is there is replaced and stays as old as it is.
    async fn save_screen_run(&self, record: &ScreenRunRecord) -> Result<(), StoreError>;
    /// The run of a user's screen that was saved last, `key` and what was saved after it aside.
    async fn screen_run_before(
        &self,
        screen: &str,
        key: &ScreenRunKey,
    ) -> Result<Option<ScreenRunRecord>, StoreError>;
    /// A user's runs, of one screen or all, newest first, at most `limit` (1 to 1,000).
    async fn list_screen_runs(
        &self,
        user_id: &str,
        screen: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ScreenRunRecord>, StoreError>;
}
