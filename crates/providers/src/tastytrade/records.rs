//! Metrics that were read for many symbols at once: single questions are answered from them for some minutes.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use ttai_core::Symbol;

use super::model::MarketMetric;

/// How long a record serves, by the market's clock: the service's own figures change a few times a day.
const SERVES: TimeDelta = TimeDelta::minutes(10);
/// By how much that clock may go back between two answers, which tell it in whole seconds.
const JITTER: TimeDelta = TimeDelta::seconds(15);

/// The records of the last minutes, with when they were read.
#[derive(Default)]
pub(super) struct Records(Mutex<HashMap<Symbol, (DateTime<Utc>, MarketMetric)>>);

impl Records {
    /// Saves what was read `at` a moment; what no longer serves goes.
    pub(super) fn save(&self, at: DateTime<Utc>, read: impl IntoIterator<Item = (Symbol, MarketMetric)>) {
        let mut records = self.lock();
        records.retain(|_, (read_at, _)| serves(*read_at, at));
        records.extend(read.into_iter().map(|(symbol, metric)| (symbol, (at, metric))));
    }

    /// The record of a symbol, if it serves at `now`.
    pub(super) fn of(&self, symbol: &Symbol, now: DateTime<Utc>) -> Option<MarketMetric> {
        let records = self.lock();
        let (_, metric) = records.get(symbol).filter(|(read_at, _)| serves(*read_at, now))?;
        Some(metric.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Symbol, (DateTime<Utc>, MarketMetric)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A market that plays a day again goes back in time: what is from its future serves no more.
fn serves(read_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    (-JITTER..SERVES).contains(&(now - read_at))
}

#[cfg(test)]
mod tests {
    use super::super::model::parse_market_metrics;
    use super::*;

    #[test]
    fn a_record_serves_for_minutes_and_not_long_before_it_was_read() {
        let body = br#"{"data": {"items": [{"symbol": "F", "beta": "1.5"}]}}"#;
        let metric = parse_market_metrics(body).unwrap().remove(0);
        let (records, f) = (Records::default(), Symbol::new("F").unwrap());
        let at: DateTime<Utc> = "2026-11-30T15:00:00Z".parse().unwrap();
        records.save(at, [(f.clone(), metric)]);
        assert!(records.of(&f, at - TimeDelta::seconds(1)).is_some(), "a clock that was set right");
        assert!(records.of(&f, at).is_some() && records.of(&f, at + TimeDelta::seconds(599)).is_some());
        assert!(
            records.of(&f, at + SERVES).is_none() && records.of(&f, at - TimeDelta::seconds(16)).is_none()
        );
        records.save(at + SERVES, []);
        assert!(records.of(&f, at).is_none(), "it is gone");
    }
}
