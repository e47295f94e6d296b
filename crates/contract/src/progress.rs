//! What the `status` query of an analysis answers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::full::Stage;

/// Where a stage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StageState {
    /// Not begun.
    Waiting,
    /// Under way.
    Running,
    /// Failed, waiting to be asked again.
    Retrying,
    /// Done.
    Done,
    /// Done, and says no.
    Rejected,
    /// Gave up.
    Failed,
}

/// One stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StageProgress {
    /// Which.
    pub stage: Stage,
    /// Where it is.
    pub state: StageState,
    /// Failed answers so far.
    pub failed_answers: u32,
    /// Attempts lost with their worker.
    pub lost_attempts: u32,
    /// The last failure, or what came out.
    pub note: String,
}

/// The whole analysis.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AnalysisProgress {
    /// Ticker.
    pub symbol: String,
    /// `live`, `delayed`, `recorded` or `simulated`; none before a stage has read the market.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub market: Option<String>,
    /// The stages in order.
    pub stages: Vec<StageProgress>,
    /// Working time so far, in milliseconds.
    pub working_ms: u64,
    /// Whether the run is an exercise in which deaths are noticed fast.
    #[serde(default)]
    pub drill: bool,
}
