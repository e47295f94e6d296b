//! Timeouts and retry policies by name, in one place (the seeds' tables).
//!
//! `maximum_attempts` counts failed answers: an attempt that was lost with its worker is none. The server retries without a
//! limit of its own; the attempts count (see [`crate::call`]).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::queue::TaskQueue;

/// How often and how fast to try again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// Wait before the second attempt.
    pub initial_interval: Duration,
    /// Factor from one wait to the next.
    pub backoff_coefficient: f64,
    /// Longest wait.
    pub maximum_interval: Duration,
    /// Failed answers to accept before giving up.
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
    initial_interval: Duration::from_secs(1),
    backoff_coefficient: 2.0,
    maximum_interval: Duration::from_secs(60),
    maximum_attempts: 3,
};

/// Provider calls that may be rate limited.
pub const API: RetryPolicy = RetryPolicy {
    initial_interval: Duration::from_secs(5),
    backoff_coefficient: 2.0,
    maximum_interval: Duration::from_secs(120),
    maximum_attempts: 5,
};

/// Analysts: expensive, retried rarely.
pub const AGENT: RetryPolicy = RetryPolicy {
    initial_interval: Duration::from_secs(2),
    backoff_coefficient: 2.0,
    maximum_interval: Duration::from_secs(30),
    maximum_attempts: 2,
};

/// The analysis workflows' own policy for their analysts (000's inline policy: 1 s to 30 s, three answers).
pub const ANALYST: RetryPolicy = RetryPolicy {
    initial_interval: Duration::from_secs(1),
    backoff_coefficient: 2.0,
    maximum_interval: Duration::from_secs(30),
    maximum_attempts: 3,
};

/// Notifications: cheap, retried more.
pub const NOTIFICATION: RetryPolicy = RetryPolicy {
    initial_interval: Duration::from_secs(1),
    backoff_coefficient: 1.5,
    maximum_interval: Duration::from_secs(30),
    maximum_attempts: 5,
};

/// How long to wait between attempts at one message over one channel. They end at the message's expiry, not after a
/// number of answers.
pub const DELIVERY: RetryPolicy = RetryPolicy {
    initial_interval: Duration::from_secs(1),
    backoff_coefficient: 2.0,
    maximum_interval: Duration::from_secs(15 * 60),
    maximum_attempts: u32::MAX,
};

/// Syncs (003's policy).
pub const SYNC: RetryPolicy = RetryPolicy {
    initial_interval: Duration::from_secs(1),
    backoff_coefficient: 2.0,
    maximum_interval: Duration::from_secs(300),
    maximum_attempts: 5,
};

/// Saving: until the store is back, within the budget of [`SAVE_BUDGET`].
pub const STORE: RetryPolicy = RetryPolicy {
    initial_interval: Duration::from_secs(1),
    backoff_coefficient: 2.0,
    maximum_interval: Duration::from_secs(60),
    maximum_attempts: u32::MAX,
};

/// How one kind of activity runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ActivityPolicy {
    /// The queue that runs it; the calling workflow's own where any family calls it.
    pub queue: Option<TaskQueue>,
    /// Longest run of one attempt.
    pub start_to_close: Duration,
    /// Longest silence of a running attempt; none for short calls.
    pub heartbeat: Option<Duration>,
    /// When to try again.
    pub retry: RetryPolicy,
}

impl ActivityPolicy {
    /// The policy of an analyst that asks a language model: at least five minutes an attempt, and retried rarely.
    #[must_use]
    pub fn with_model(self) -> Self {
        Self { start_to_close: self.start_to_close.max(MODEL_ANALYSIS), retry: AGENT, ..self }
    }
}

/// Shortest limit of an attempt that asks a language model.
const MODEL_ANALYSIS: Duration = Duration::from_secs(300);

const fn analyst(start_to_close: u64, retry: RetryPolicy) -> ActivityPolicy {
    ActivityPolicy {
        queue: Some(TaskQueue::Analysis),
        start_to_close: Duration::from_secs(start_to_close),
        heartbeat: Some(Duration::from_secs(30)),
        retry,
    }
}

const fn background(start_to_close: u64, heartbeat: u64, retry: RetryPolicy) -> ActivityPolicy {
    ActivityPolicy { queue: Some(TaskQueue::Background), ..shared(start_to_close, heartbeat, retry) }
}

const fn shared(start_to_close: u64, heartbeat: u64, retry: RetryPolicy) -> ActivityPolicy {
    ActivityPolicy {
        queue: None,
        start_to_close: Duration::from_secs(start_to_close),
        heartbeat: Some(Duration::from_secs(heartbeat)),
        retry,
    }
}

/// Chart analysis: 5 min, heartbeat 30 s.
pub const CHART_ANALYSIS: ActivityPolicy = analyst(300, ANALYST);
/// Options analysis: 5 min, heartbeat 30 s.
pub const OPTIONS_ANALYSIS: ActivityPolicy = analyst(300, ANALYST);
/// Research analysis: 3 min, heartbeat 30 s.
pub const RESEARCH_ANALYSIS: ActivityPolicy = analyst(180, ANALYST);
/// Synthesis: 1 min. It heartbeats too, so that a lost worker is noticed before the minute is over.
pub const SYNTHESIS: ActivityPolicy = analyst(60, DEFAULT);
/// Saving a result: 30 s.
pub const STORAGE: ActivityPolicy = shared(30, 10, STORE);
/// Sending a notification: 30 s. One answer settles several channels, so the workflow walks the waits (see [`DELIVERY`]).
pub const NOTIFY: ActivityPolicy = shared(30, 10, NOTIFICATION);
/// Watching a shard of alerts: it answers by itself within [`WATCH_SPAN`]; its death is noticed within a minute.
pub const WATCH: ActivityPolicy = shared(23 * 3600, 60, DEFAULT);
/// A round of a user's open deliveries: 3 min, heartbeat 30 s. What it cannot do in time is due in the next one.
pub const DELIVER: ActivityPolicy = shared(180, 30, STORE);
/// Recalling a watch of quotes: 5 s. Nothing is lost where it fails: the watch's next heartbeat recalls it, too.
pub const RECALL: ActivityPolicy = shared(5, 5, DEFAULT);
/// Quotes: 30 s.
pub const QUOTES: ActivityPolicy = shared(30, 10, API);
/// One option chain: 1 min, heartbeat 15 s.
pub const OPTION_CHAIN: ActivityPolicy = shared(60, 15, API);
/// Metrics of a batch of symbols: 2 min, heartbeat 30 s.
pub const MARKET_METRICS: ActivityPolicy = shared(120, 30, API);
/// An account's portfolio: 1 min.
pub const PORTFOLIO: ActivityPolicy = background(60, 20, API);
/// The assignment risk of positions: 30 s.
pub const ASSIGNMENT_RISK: ActivityPolicy = background(30, 10, DEFAULT);
/// A stretch of watching an account: 12 h, heartbeat 5 min. What it has told stands in the store, so a lost attempt repeats nothing.
pub const PORTFOLIO_WATCH: ActivityPolicy = background(12 * 3600, 300, API);
/// One look at the news: 2 min, heartbeat 30 s.
pub const NEWS: ActivityPolicy = background(120, 30, API);
/// A stretch of watching the news: 12 h, heartbeat 5 min. What was seen and told stands in the store.
pub const NEWS_WATCH: ActivityPolicy = background(12 * 3600, 300, API);

/// A scan for candidates: 2 min (000's).
pub const SCAN: ActivityPolicy = background(120, 30, API);
/// A batch of quick analyses: 15 min, heartbeat 3 min, since each heartbeat is an action. A provider's rate limit may make it wait.
pub const QUICK_ANALYSES: ActivityPolicy = background(900, 180, API);
/// Fitting picks to the capital: 30 s; it takes milliseconds.
pub const SIZE_PICKS: ActivityPolicy = background(30, 10, DEFAULT);
/// Keeping what a screen came to, or having channels told of it: 30 s.
pub const STORE_SCREEN: ActivityPolicy = background(30, 10, STORE);

/// Listing saved screeners: 30 s.
pub const LIST_SCREENERS: ActivityPolicy = background(30, 10, STORE);

/// Listing a source's resources: 1 min.
pub const SYNC_LISTING: ActivityPolicy = background(60, 20, SYNC);
/// Pulling resources into the store: 30 min, heartbeat 1 min.
pub const SYNC_RESOURCES: ActivityPolicy = background(1800, 60, SYNC);
/// Telling the user of a sync: 2 min, for a first send over each channel. The ledger goes on from there.
pub const NOTIFY_SYNC: ActivityPolicy = background(120, 30, STORE);
/// Bringing trade journals up to date: 30 min, heartbeat 1 min. What was done stands in the store, so a lost attempt repeats nothing.
pub const JOURNAL: ActivityPolicy = background(1800, 60, SYNC);
/// Listing whom a report concerns: 30 s.
pub const REPORT_USERS: ActivityPolicy = background(30, 10, STORE);
/// Composing a report: 10 min, heartbeat 1 min. What a provider does not give is said in it; it is tried again for the store alone.
pub const COMPOSE_REPORT: ActivityPolicy = background(600, 60, STORE);
/// Sending a report: 2 min, for a first send over each channel. The ledger goes on from there.
pub const SEND_REPORT: ActivityPolicy = background(120, 30, STORE);
/// Removing what is old: 30 min. It removes some rows at a time, and may be repeated.
pub const RETENTION: ActivityPolicy = background(1800, 30, STORE);

/// 001's activities: fetching facts 30 s, deciding 10 s, sending 60 s, logging 30 s, the clock 10 s, a look at a position 30 s.
pub const TRADE_FACTS: ActivityPolicy = shared(30, 10, API);
/// Deciding: it takes milliseconds.
pub const TRADE_DECISION: ActivityPolicy = shared(10, 5, DEFAULT);
/// Proposing, approving or rejecting an order: a quote, a preview, the risk gate, a row.
pub const TRADE_ORDER: ActivityPolicy = shared(60, 20, API);
/// Sending an order: 60 s, one attempt on the server. What became of a lost one is looked up, never sent again blindly.
pub const TRADE_SEND: ActivityPolicy = shared(60, 10, DEFAULT);
/// Looking an order up until it is known: 5 min an attempt, and tried again as long as it takes.
pub const TRADE_LOOK_UP: ActivityPolicy = shared(300, 30, STORE);
/// Following an order: as long as its price is tried.
pub const TRADE_FOLLOW: ActivityPolicy = shared(9 * 3600, 60, STORE);
/// Logging a trade, or telling of it: 30 s.
pub const TRADE_LOG: ActivityPolicy = shared(30, 10, STORE);
/// The market's clock: 10 s.
pub const MARKET_CLOCK: ActivityPolicy = shared(10, 5, API);
/// A look at a position: 30 s.
pub const POSITION_LOOK: ActivityPolicy = shared(30, 10, API);
/// Watching a position through a session: 9 h, heartbeat 5 min.
pub const POSITION_WATCH: ActivityPolicy = shared(9 * 3600, 300, STORE);

/// Longest silence of an attempt under the drill profile.
pub const DRILL_HEARTBEAT: Duration = Duration::from_secs(3);
/// Longest run of a workflow task under the drill profile.
pub const DRILL_TASK_TIMEOUT: Duration = Duration::from_secs(2);

/// Working time that an analysis may take before it ends with what it has.
pub const ANALYSIS_WORKING_TIME: Duration = Duration::from_secs(15 * 60);
/// Backstop that starters set as execution timeout.
pub const ANALYSIS_EXECUTION_TIMEOUT: Duration = Duration::from_secs(24 * 3600);
/// Working time that a screen may take before it ends with what it has.
pub const SCREEN_WORKING_TIME: Duration = Duration::from_secs(3600);
/// Backstop that starters of screens set.
pub const SCREEN_EXECUTION_TIMEOUT: Duration = Duration::from_secs(24 * 3600);
/// Backstop that starters of trading runs set: `spy_spx` waits for its position.
pub const TRADING_EXECUTION_TIMEOUT: Duration = Duration::from_secs(60 * 24 * 3600);
/// Backstop of the watch over a position: the longest listed options live for three years.
pub const POSITION_EXECUTION_TIMEOUT: Duration = Duration::from_secs(4 * 366 * 24 * 3600);
/// Backstop of one call: no activity is tried again for longer.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(24 * 3600);

/// How long one watch lasts before it hands over to the next one.
pub const WATCH_SPAN: Duration = Duration::from_secs(22 * 3600);
/// How long saving a result waits for the store before the result is left to the worker's spool.
pub const SAVE_BUDGET: Duration = Duration::from_secs(15 * 60);
/// Work and waiting of one call of a sync: five attempts of 30 min, and the waits between them.
pub const SYNC_BUDGET: Duration = Duration::from_secs(3 * 3600);
/// Backstop that starters of syncs set.
pub const SYNC_EXECUTION_TIMEOUT: Duration = Duration::from_secs(24 * 3600);
/// How long a report waits for the store.
pub const REPORT_BUDGET: Duration = Duration::from_secs(2 * 3600);
/// Backstop that starters of reports set.
pub const REPORT_EXECUTION_TIMEOUT: Duration = Duration::from_secs(24 * 3600);
/// How long removing what is old waits for the store; the next day's removal takes what is left.
pub const RETENTION_BUDGET: Duration = Duration::from_secs(6 * 3600);
/// How long a round of deliveries waits for the store before another one is begun.
pub const DELIVER_BUDGET: Duration = Duration::from_secs(3600);
/// How long one attempt to run an activity inside the workflow task may take; then it is called as any other.
pub const LOCAL_ATTEMPT: Duration = Duration::from_secs(2);

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
