//! How much retention removed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many rows were removed from the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RemovedRows {
    /// Analyses.
    pub analyses: u64,
    /// Runs of screens.
    pub screens: u64,
    /// Candidates of screens.
    pub screened: u64,
    /// Reports.
    pub reports: u64,
    /// Pictures and scenes that nothing refers to any more.
    pub artifacts: u64,
    /// Models' turns.
    pub turns: u64,
    /// Messages with nothing left to deliver.
    pub messages: u64,
    /// What alerts fired.
    pub firings: u64,
    /// Alerts that somebody had removed.
    pub alerts: u64,
    /// News stories.
    pub stories: u64,
}
