//! The rate limit of a sink: so many requests a window, counted by key, on the machine's own clock as the clients' waits are.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What is left of a key's window after a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Allowance {
    /// Whether the request may pass.
    pub(crate) passes: bool,
    /// Requests that may still come before the reset.
    pub(crate) remaining: u32,
    /// Time until the window ends.
    pub(crate) reset_after: Duration,
}

/// Fixed windows, one a key.
#[derive(Debug)]
pub(crate) struct Throttle {
    limit: u32,
    window: Duration,
    used: Mutex<HashMap<String, (Instant, u32)>>,
}

impl Throttle {
    pub(crate) fn new(limit: u32, window: Duration) -> Self {
        Self { limit, window, used: Mutex::default() }
    }

    pub(crate) fn limit(&self) -> u32 {
        self.limit
    }

    /// Counts a request. One that does not pass is not counted.
    pub(crate) fn take(&self, key: &str, now: Instant) -> Allowance {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = used.entry(key.to_owned()).or_insert((now, 0));
        if now.duration_since(entry.0) >= self.window {
            *entry = (now, 0);
        }
        let passes = entry.1 < self.limit;
        entry.1 += u32::from(passes);
        let reset_after = self.window.saturating_sub(now.duration_since(entry.0));
        Allowance { passes, remaining: self.limit - entry.1, reset_after }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_ends_and_keys_do_not_share() {
        let throttle = Throttle::new(2, Duration::from_secs(2));
        let start = Instant::now();
        let passes =
            |key: &str, seconds: u64| throttle.take(key, start + Duration::from_secs(seconds)).passes;
        assert_eq!(
            [passes("a", 0), passes("a", 1), passes("a", 1), passes("b", 1)],
            [true, true, false, true]
        );
        assert!(passes("a", 2));
    }
}
