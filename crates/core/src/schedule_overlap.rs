//! What happens where one run of a schedule is due while another is under way.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is done when a run is due while the one before it is still under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleOverlap {
    /// The new one is left out.
    #[default]
    Skip,
    /// The new one begins after it; further ones are left out.
    BufferOne,
    /// Each begins after the one before.
    BufferAll,
    /// The running one is cancelled first.
    CancelOther,
    /// The running one is terminated first.
    TerminateOther,
    /// They run side by side.
    AllowAll,
}
