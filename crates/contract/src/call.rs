//! What a workflow tells the attempts of an activity, and what an attempt tells the next one.
//!
//! The server retries; it cannot tell a failed answer from an attempt that was lost with its worker. So each attempt counts:
//! it reads what the attempts before it came to, and says with a failure when to try again.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

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
    /// Attempts that an operator's pause or reset ended.
    pub interrupted: u32,
    /// Milliseconds that the attempts worked, and waited after failed answers.
    pub worked_ms: u64,
    /// What is being done, for a person.
    pub step: String,
    /// The turn of a language model's conversation, from 1; 0 outside one.
    pub turn: u32,
    /// How the thing is that a long activity watches, in the shape in which its workflow's queries have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<Value>,
}

impl AttemptProgress {
    /// What attempt number `attempt` (from 1) goes on from. Counts of more attempts than there were are from before an
    /// operator's reset, which numbers them anew; the attempt that it ended is the only one since.
    #[must_use]
    pub fn before(self, attempt: u32) -> Self {
        let attempts = attempt.saturating_sub(1);
        if self.answers.saturating_add(self.interrupted) <= attempts {
            return self;
        }
        Self { answers: 0, interrupted: attempts, ..self }
    }

    /// How many of the attempts before number `attempt` (from 1) were lost with their worker.
    #[must_use]
    pub const fn lost(&self, attempt: u32) -> u32 {
        attempt.saturating_sub(1).saturating_sub(self.answers).saturating_sub(self.interrupted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_failed_answer_was_lost() {
        let progress = AttemptProgress { answers: 3, ..AttemptProgress::default() };
        assert_eq!([1, 4, 6].map(|attempt| progress.lost(attempt)), [0, 0, 2]);
        let paused = AttemptProgress { interrupted: 2, ..progress };
        assert_eq!([6, 8].map(|attempt| paused.lost(attempt)), [0, 2]);
    }

    #[test]
    fn a_reset_begins_the_counts_anew_and_nothing_else_does() {
        let progress = |answers, interrupted| AttemptProgress {
            answers,
            interrupted,
            worked_ms: 7,
            ..AttemptProgress::default()
        };
        for (before, attempt, expected) in [
            (progress(0, 0), 1, progress(0, 0)),
            (progress(1, 1), 3, progress(1, 1)),
            (progress(2, 0), 6, progress(2, 0)),
            // Reset while it waited for its third attempt.
            (progress(2, 0), 1, progress(0, 0)),
            // Reset while the second and the fourth attempt ran.
            (progress(1, 1), 2, progress(0, 1)),
            (progress(2, 2), 2, progress(0, 1)),
        ] {
            assert_eq!(before.clone().before(attempt), expected, "{before:?} at attempt {attempt}");
        }
    }

    #[test]
    fn details_of_another_shape_are_a_beginning() {
        let read: AttemptProgress = serde_json::from_str("{}").unwrap();
        assert_eq!(read, AttemptProgress::default());
    }
}
