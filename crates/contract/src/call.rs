//! What a workflow tells the attempts of an activity, and what an attempt tells the next one.
//!
//! The server retries; it cannot tell a failed answer from an attempt that was lost with its worker. So each attempt counts:
//! it reads what the attempts before it came to, and says with a failure when to try again.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::policy::RetryPolicy;

/// The header of an activity that carries its [`CallTerms`]. A caller in another language may leave it out; then its own
/// retry policy rules alone.
pub const CALL_HEADER: &str = "ttai-call";

/// Attempts that may be lost with their worker before a call ends as `WorkerLostError`.
pub const LOST_ATTEMPTS: u32 = 5;

/// A time as the wire has it.
#[must_use]
pub fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// On what terms an activity is called.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallTerms {
    /// Failed answers, and the waits between them.
    pub retry: RetryPolicy,
    /// Milliseconds of work and waiting that are left for all attempts together.
    pub budget_ms: u64,
}

impl CallTerms {
    /// How long all attempts together may take.
    #[must_use]
    pub const fn budget(&self) -> Duration {
        Duration::from_millis(self.budget_ms)
    }
}

/// Where the attempts of one call are: the heartbeat's details, and the details of a failure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AttemptProgress {
    /// Failed answers so far. An attempt that was lost with its worker is none.
    pub answers: u32,
    /// Milliseconds that the attempts worked, and waited after failed answers.
    pub worked_ms: u64,
    /// What is being done, for a person.
    pub step: String,
    /// The turn of a language model's conversation, from 1; 0 outside one.
    pub turn: u32,
}

impl AttemptProgress {
    /// How many of the attempts before number `attempt` (from 1) were lost with their worker.
    #[must_use]
    pub const fn lost(&self, attempt: u32) -> u32 {
        attempt.saturating_sub(1).saturating_sub(self.answers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_failed_answer_was_lost() {
        let progress = AttemptProgress { answers: 3, ..AttemptProgress::default() };
        assert_eq!([1, 4, 6].map(|attempt| progress.lost(attempt)), [0, 0, 2]);
    }

    #[test]
    fn details_of_another_shape_are_a_beginning() {
        let read: AttemptProgress = serde_json::from_str("{}").unwrap();
        assert_eq!(read, AttemptProgress::default());
    }
}
