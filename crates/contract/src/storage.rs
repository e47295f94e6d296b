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
    /// The workflow's whole result.
    pub result: serde_json::Value,
}
