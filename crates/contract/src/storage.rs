//! Saving results.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A finished analysis to keep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SaveAnalysisParams {
    /// Whose.
    pub user_id: String,
    /// Ticker.
    pub symbol: String,
    /// `chart_analysis`, `options_analysis`, `research_analysis`, `full_analysis`.
    pub analysis_type: String,
    /// Strategy, where there is one.
    pub strategy: Option<String>,
    /// Verdict.
    pub recommendation: String,
    /// Market time.
    pub as_of: DateTime<Utc>,
    /// When the workflow was done, by the server's clock; none while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<DateTime<Utc>>,
    /// The channels that took its notification.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notified: Vec<String>,
    /// The workflow's whole result.
    pub result: serde_json::Value,
}

/// What became of a result that was to be saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SaveReceipt {
    /// Whether the store is away: the result lies in the worker's spool and is saved once the store is back.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub spooled: bool,
}
