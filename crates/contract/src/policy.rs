//! Timeouts and retry policies by name, in one place (the seeds' tables).
//!
//! `maximum_attempts` counts answers: an attempt that was lost with its worker is scheduled again and not counted.
//! That is why the policies are walked by the workflow and not handed to the server, which cannot tell the two apart.

use std::time::Duration;

use crate::queue::TaskQueue;

/// How often and how fast to ask again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryPolicy {
    /// The name in the seeds' table.
    pub name: &'static str,
    /// Wait before the second attempt.
    pub initial_interval: Duration,
    /// Factor from one wait to the next.
    pub backoff_coefficient: f64,
    /// Longest wait.
    pub maximum_interval: Duration,
    /// Answers to accept before giving up.
    pub maximum_attempts: u32,
}

impl RetryPolicy {
    /// The wait after `answers` failed answers (1 for the first), capped.
    #[must_use]
    pub fn backoff(&self, answers: u32) -> Duration {
        let exponent = i32::try_from(answers.saturating_sub(1)).unwrap_or(i32::MAX);
        let factor = self.backoff_coefficient.powi(exponent).min(1e6);
        self.initial_interval.mul_f64(factor).min(self.maximum_interval)
    }
}

/// Everything else.
pub const DEFAULT: RetryPolicy = RetryPolicy {
    name: "default",
    initial_interval: Duration::from_secs(1),
    backoff_coefficient: 2.0,
    maximum_interval: Duration::from_secs(60),
    maximum_attempts: 3,
};

/// Provider calls that may be rate limited.
pub const API: RetryPolicy = RetryPolicy {
    name: "api",
    initial_interval: Duration::from_secs(5),
    backoff_coefficient: 2.0,
    maximum_interval: Duration::from_secs(120),
    maximum_attempts: 5,
};

/// Analysts: expensive, retried rarely.
pub const AGENT: RetryPolicy = RetryPolicy {
    name: "agent",
    initial_interval: Duration::from_secs(2),
    backoff_coefficient: 2.0,
    maximum_interval: Duration::from_secs(30),
    maximum_attempts: 2,
};

/// The analysis workflows' own policy for their analysts (000's inline policy: 1 s to 30 s, three answers).
pub const ANALYST: RetryPolicy = RetryPolicy {
    name: "analyst",
    initial_interval: Duration::from_secs(1),
    backoff_coefficient: 2.0,
    maximum_interval: Duration::from_secs(30),
    maximum_attempts: 3,
};

/// Notifications: cheap, retried more.
pub const NOTIFICATION: RetryPolicy = RetryPolicy {
    name: "notification",
    initial_interval: Duration::from_secs(1),
    backoff_coefficient: 1.5,
    maximum_interval: Duration::from_secs(30),
    maximum_attempts: 5,
};

/// How one kind of activity runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ActivityPolicy {
    /// The queue that runs it; every call sets it, for the SDK would default to the caller's.
    pub queue: TaskQueue,
    /// Longest run of one attempt.
    pub start_to_close: Duration,
    /// Longest silence of a running attempt; none for short calls.
    pub heartbeat: Option<Duration>,
    /// When to ask again.
    pub retry: RetryPolicy,
}

impl ActivityPolicy {
    /// The policy of an analyst that asks a language model: at least five minutes an attempt, and retried rarely.
    #[must_use]
    pub fn with_model(self, model: Option<&str>) -> Self {
        match model {
            None => self,
            Some(_) => Self { start_to_close: self.start_to_close.max(MODEL_ANALYSIS), retry: AGENT, ..self },
        }
    }
}

/// Shortest limit of an attempt that asks a language model.
const MODEL_ANALYSIS: Duration = Duration::from_secs(300);

const fn heartbeating(start_to_close: u64, retry: RetryPolicy) -> ActivityPolicy {
    ActivityPolicy {
        queue: TaskQueue::Analysis,
        start_to_close: Duration::from_secs(start_to_close),
        heartbeat: Some(Duration::from_secs(30)),
        retry,
    }
}

/// Chart analysis: 5 min, heartbeat 30 s.
pub const CHART_ANALYSIS: ActivityPolicy = heartbeating(300, ANALYST);
/// Options analysis: 5 min, heartbeat 30 s.
pub const OPTIONS_ANALYSIS: ActivityPolicy = heartbeating(300, ANALYST);
/// Research analysis: 3 min, heartbeat 30 s.
pub const RESEARCH_ANALYSIS: ActivityPolicy = heartbeating(180, ANALYST);
/// Synthesis: 1 min. It heartbeats too, so that a lost worker is noticed before the minute is over.
pub const SYNTHESIS: ActivityPolicy = heartbeating(60, DEFAULT);
/// Saving a result: 30 s.
pub const STORAGE: ActivityPolicy = ActivityPolicy {
    queue: TaskQueue::Analysis,
    start_to_close: Duration::from_secs(30),
    heartbeat: Some(Duration::from_secs(10)),
    retry: DEFAULT,
};
/// Sending a notification: 30 s.
pub const NOTIFY: ActivityPolicy = ActivityPolicy {
    queue: TaskQueue::Analysis,
    start_to_close: Duration::from_secs(30),
    heartbeat: Some(Duration::from_secs(10)),
    retry: NOTIFICATION,
};

/// Longest silence of an attempt under the drill profile.
pub const DRILL_HEARTBEAT: Duration = Duration::from_secs(3);

/// Working time that an analysis may take before it ends with what it has.
pub const ANALYSIS_WORKING_TIME: Duration = Duration::from_secs(15 * 60);
/// Backstop that starters set as execution timeout.
pub const ANALYSIS_EXECUTION_TIMEOUT: Duration = Duration::from_secs(24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_grows_and_is_capped() {
        assert_eq!(API.backoff(1), Duration::from_secs(5));
        assert_eq!(API.backoff(3), Duration::from_secs(20));
        assert_eq!(API.backoff(40), Duration::from_secs(120));
        assert_eq!(API.backoff(u32::MAX), Duration::from_secs(120));
    }
}
