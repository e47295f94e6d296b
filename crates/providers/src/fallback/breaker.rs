//! A circuit breaker: a provider that is down is left alone for a while, so that its timeout is not paid on every call.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use ttai_ports::PortError;

/// Failures in a row after which a provider is left alone.
const FAILURES: u32 = 2;
/// How long at first; it doubles with each failed try after that.
const FIRST_PAUSE: Duration = Duration::from_secs(15);
/// How long at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// How long after the credentials were refused: only a person can change that.
const CREDENTIALS_PAUSE: Duration = Duration::from_secs(60);

/// Whether one provider may be asked for one kind of data.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    open_until: Option<Instant>,
    last: Option<PortError>,
}

/// Why a provider is not asked now.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PassedOver {
    /// How it failed last.
    pub(super) last: PortError,
    /// How much longer it is left alone.
    pub(super) left: Duration,
}

impl PassedOver {
    /// For a person, with the wall clock's time.
    pub(super) fn reason(&self, now: DateTime<Utc>) -> String {
        let until = now + TimeDelta::from_std(self.left).unwrap_or(TimeDelta::zero());
        format!("{}; it is asked again at {} UTC", self.last, until.format("%H:%M:%S"))
    }
}

impl Breaker {
    /// Whether to ask now. After a pause one caller at a time tries; the others pass on until it has an answer.
    pub(super) fn admit(&self, now: Instant) -> Result<(), PassedOver> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some(until), Some(last)) = (state.open_until, state.last.clone()) else { return Ok(()) };
        if now < until {
            return Err(PassedOver { last, left: until - now });
        }
        // Whoever tries may be cancelled: the pause begins again now and ends with its answer.
        state.open_until = Some(now + pause(state.failures, &last));
        Ok(())
    }

    /// Notes how a call went.
    pub(super) fn note<T>(&self, outcome: &Result<T, PortError>, now: Instant) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Err(error @ (PortError::Unavailable { .. } | PortError::OutcomeUnknown { .. })) => {
                state.failures = state.failures.saturating_add(1);
                let has_retry_after = matches!(error, PortError::Unavailable { retry_after: Some(_), .. });
                if has_retry_after || state.failures >= FAILURES {
                    state.open_until = Some(now + pause(state.failures, error));
                }
                state.last = Some(error.clone());
            }
            Err(error @ PortError::Authentication { .. }) => {
                state.open_until = Some(now + CREDENTIALS_PAUSE);
                state.last = Some(error.clone());
            }
            // It answered: what it said is another matter.
            _ => *state = State::default(),
        }
    }
}

fn pause(failures: u32, error: &PortError) -> Duration {
    match error {
        PortError::Authentication { .. } => CREDENTIALS_PAUSE,
        PortError::Unavailable { retry_after: Some(wait), .. } => (*wait).min(2 * LONGEST_PAUSE),
        _ => {
            let doublings = failures.saturating_sub(FAILURES).min(8);
            (FIRST_PAUSE * 2_u32.pow(doublings)).min(LONGEST_PAUSE)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn down(retry_after: Option<Duration>) -> Result<(), PortError> {
        Err(PortError::Unavailable { provider: "p".to_owned(), detail: "timeout".to_owned(), retry_after })
    }

    #[test]
    fn two_failures_open_it_and_one_answer_closes_it() {
        let (breaker, start) = (Breaker::default(), Instant::now());
        breaker.note(&down(None), start);
        breaker.admit(start).unwrap();
        breaker.note(&down(None), start);
        assert_eq!(breaker.admit(start).unwrap_err().left, FIRST_PAUSE);
        let later = start + FIRST_PAUSE;
        breaker.admit(later).unwrap();
        assert!(breaker.admit(later).is_err(), "a second caller tried beside the first");
        breaker.note(&down(None), later);
        assert_eq!(breaker.admit(later).unwrap_err().left, 2 * FIRST_PAUSE);
        breaker.note(&Ok(()), later);
        breaker.admit(later).unwrap();
    }

    #[test]
    fn the_provider_says_how_long() {
        let (breaker, start) = (Breaker::default(), Instant::now());
        breaker.note(&down(Some(Duration::from_secs(90))), start);
        assert_eq!(breaker.admit(start).unwrap_err().left, Duration::from_secs(90));
    }

    #[test]
    fn pauses_end_at_the_longest() {
        let (breaker, start) = (Breaker::default(), Instant::now());
        for _ in 0..100 {
            breaker.note(&down(None), start);
        }
        assert_eq!(breaker.admit(start).unwrap_err().left, LONGEST_PAUSE);
    }

    #[test]
    fn an_answer_that_there_is_no_data_is_an_answer() {
        let (breaker, start) = (Breaker::default(), Instant::now());
        let answer: Result<(), PortError> =
            Err(PortError::Invalid { provider: "p".to_owned(), detail: "no".to_owned() });
        for outcome in [down(None), answer, down(None)] {
            breaker.note(&outcome, start);
        }
        breaker.admit(start).unwrap();
    }
}
