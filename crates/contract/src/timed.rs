//! An activity's result with the time it took, so that a workflow can count working time without counting outages.

use serde::{Deserialize, Serialize};

/// A result object with one more field, `working_ms`. An activity in another language may leave it out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timed<T> {
    /// The result itself; its fields stand beside `working_ms`.
    #[serde(flatten)]
    pub result: T,
    /// Milliseconds from the attempt's start to its answer.
    #[serde(default)]
    pub working_ms: u64,
}
