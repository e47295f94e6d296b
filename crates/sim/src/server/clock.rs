//! The market time of a simulation: it runs from a start, or follows the present.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use chrono::{DateTime, Duration, Utc};

/// Where a simulation's time begins.
#[derive(Clone, Copy, Debug, Default)]
pub enum SimStart {
    /// At the newest moment of the record.
    #[default]
    Newest,
    /// At this moment.
    At(DateTime<Utc>),
    /// Wherever the present is, now and later.
    Following(fn() -> DateTime<Utc>),
}

impl SimStart {
    /// The same start, with a moment in the place of the newest one.
    pub(crate) fn or(self, newest: DateTime<Utc>) -> Self {
        if let Self::Newest = self { Self::At(newest) } else { self }
    }
}

/// Runs from a start at a speed and stands still at the end of the record, so that nothing after it has to be invented. One
/// that follows the present has no end, until somebody steers it.
#[derive(Debug)]
pub struct SimClock {
    state: Mutex<State>,
    end: DateTime<Utc>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    base: DateTime<Utc>,
    since: Instant,
    speed: f64,
    follows: Option<fn() -> DateTime<Utc>>,
}

impl SimClock {
    /// A clock that shows `start` now, goes `speed` market seconds a second (0 stands still) and stops at `end`.
    #[must_use]
    pub fn new(start: SimStart, speed: f64, end: DateTime<Utc>) -> Self {
        let speed = if speed.is_finite() { speed.max(0.0) } else { 1.0 };
        let (base, follows) = match start {
            SimStart::Newest => (end, None),
            SimStart::At(start) => (start.min(end), None),
            SimStart::Following(present) => (end, Some(present)),
        };
        Self { state: Mutex::new(State { base, since: Instant::now(), speed, follows }), end }
    }

    /// Market time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let state = *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        shown(&state, self.end)
    }

    /// The end of the record, at which it stands still.
    #[must_use]
    pub fn end(&self) -> DateTime<Utc> {
        self.end
    }

    /// Market seconds a second.
    #[must_use]
    pub fn speed(&self) -> f64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).speed
    }

    /// Goes on at another speed from the present moment.
    pub fn set_speed(&self, speed: f64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let speed = if speed.is_finite() { speed.max(0.0) } else { state.speed };
        *state = State { base: shown(&state, self.end), since: Instant::now(), speed, follows: None };
    }

    /// Jumps forward, at most to the end; time never goes back.
    pub fn advance(&self, by: Duration) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = shown(&state, self.end);
        let base = now
            .checked_add_signed(by.max(Duration::zero()))
            .map_or(self.end, |base| base.min(self.end))
            .max(now);
        *state = State { base, since: Instant::now(), follows: None, ..*state };
    }
}

fn shown(state: &State, end: DateTime<Utc>) -> DateTime<Utc> {
    if let Some(present) = state.follows {
        return present();
    }
    // Microseconds of market time; the cast saturates, and the end is the limit anyway.
    let passed = (state.since.elapsed().as_secs_f64() * state.speed * 1e6) as i64;
    let end = end.max(state.base);
    state.base.checked_add_signed(Duration::microseconds(passed)).unwrap_or(end).min(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn it_stands_still_at_the_end_and_never_goes_back() {
        let (start, end) = (at("2014-06-06T19:00:00Z"), at("2014-06-06T20:00:00Z"));
        let clock = SimClock::new(SimStart::At(start), 0.0, end);
        assert_eq!(clock.now(), start);
        clock.advance(Duration::minutes(10));
        clock.advance(Duration::minutes(-5));
        assert_eq!(clock.now(), at("2014-06-06T19:10:00Z"));
        clock.advance(Duration::days(3));
        assert_eq!(clock.now(), end);
    }

    #[test]
    fn a_clock_that_follows_the_present_can_be_taken_over() {
        let clock = SimClock::new(
            SimStart::Following(|| "2014-06-09T15:00:00Z".parse().unwrap()),
            0.0,
            at("2014-06-06T20:00:00Z"),
        );
        assert_eq!(clock.now(), at("2014-06-09T15:00:00Z"));
        // Its record ended before: it goes no further, and not back.
        clock.advance(Duration::minutes(5));
        assert_eq!(clock.now(), at("2014-06-09T15:00:00Z"));
    }

    #[test]
    fn a_fast_clock_reaches_the_end() {
        let (start, end) = (at("2014-06-06T19:00:00Z"), at("2014-06-06T19:00:01Z"));
        let clock = SimClock::new(SimStart::At(start), 1e12, end);
        while clock.now() < end {
            std::hint::spin_loop();
        }
    }
}
