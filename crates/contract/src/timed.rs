//! An activity's result with what its attempts came to, so that a workflow can count working time without counting outages.

use serde::{Deserialize, Serialize};

use crate::schema::schema_of_content;

/// A result object with more fields beside its own. An activity in another language may leave them out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timed<T> {
    /// The result itself; its fields stand beside the others.
    #[serde(flatten)]
    pub result: T,
    /// Milliseconds that all attempts worked, and waited after failed answers.
    #[serde(default)]
    pub working_ms: u64,
    /// Failed answers before this one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failed_answers: u32,
    /// Attempts that were lost with their worker.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lost_attempts: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

// Clients read the result; the counters are between workflow and activity.
schema_of_content!(Timed);
