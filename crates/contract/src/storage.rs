//! Saving results and telling people.

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

/// A message to send.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NotificationParams {
    /// Channels; the configured default when empty.
    #[serde(default)]
    pub channels: Vec<String>,
    /// The text.
    pub message: String,
    /// Makes a repeat recognisable: the workflow id and what it is about.
    #[serde(default)]
    pub idempotency_key: String,
    /// Whether an earlier attempt may have reached the channels; they say so to the reader.
    #[serde(default)]
    pub may_repeat: bool,
}

/// Who took it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotificationReceipt {
    /// Channels that acknowledged.
    pub delivered: Vec<String>,
    /// Channels that are not configured.
    pub unknown: Vec<String>,
    /// Channels that did not acknowledge. The others have it: only these are asked again.
    #[serde(default)]
    pub failed: Vec<ChannelFailure>,
}

/// A channel that did not acknowledge a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChannelFailure {
    /// Its name.
    pub channel: String,
    /// Why.
    pub message: String,
    /// Whether it may take the message later.
    pub retryable: bool,
    /// Whether the message may have arrived all the same: sent again, it is marked as a repeat.
    pub may_have_arrived: bool,
    /// Milliseconds that the channel asked to wait.
    #[serde(default)]
    pub retry_after_ms: Option<u64>,
}
