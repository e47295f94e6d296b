//! The provider's clock, read from the `Date` header of its answers.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use chrono::{DateTime, Utc};

/// `Date` has whole seconds and travels: within this the local clock is as good and finer.
const AGREES_WITHIN_SECONDS: i64 = 5;

/// What time it is at the provider (RFC 9110 section 6.6.1). A machine whose clock is wrong, or a market that plays
/// another day, is thereby read at its own time.
#[derive(Debug, Default)]
pub struct ProviderClock {
    newest: Mutex<Option<(DateTime<Utc>, Instant)>>,
}

impl ProviderClock {
    /// Notes the `Date` of an answer that has just arrived; what cannot be read is left out.
    pub fn observe(&self, date: &str) {
        if let Ok(time) = httpdate::parse_http_date(date) {
            *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some((time.into(), Instant::now()));
        }
    }

    /// The provider's now; none before its first answer.
    #[must_use]
    pub fn now(&self) -> Option<DateTime<Utc>> {
        let newest = *self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let (date, seen) = newest?;
        let theirs = date + chrono::Duration::from_std(seen.elapsed()).unwrap_or_default();
        let ours = Utc::now();
        Some(if (theirs - ours).num_seconds().abs() <= AGREES_WITHIN_SECONDS { ours } else { theirs })
    }

    /// How long ago the provider last said what time it is.
    #[must_use]
    pub fn age(&self) -> Option<std::time::Duration> {
        let newest = *self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        newest.map(|(_, seen)| seen.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_days_market_is_read_at_its_own_time() {
        let clock = ProviderClock::default();
        assert_eq!(clock.now(), None);
        clock.observe("Fri, 06 Jun 2014 19:00:00 GMT");
        let now = clock.now().unwrap();
        assert!((0..5).contains(&(now.timestamp() - 1_402_081_200)), "{now}");
    }

    #[test]
    fn a_clock_that_agrees_is_our_own_and_nonsense_is_left_out() {
        let clock = ProviderClock::default();
        clock.observe("yesterday");
        assert_eq!(clock.now(), None);
        clock.observe(&httpdate::fmt_http_date(std::time::SystemTime::now()));
        assert!((clock.now().unwrap() - Utc::now()).num_milliseconds().abs() < 500);
    }
}
