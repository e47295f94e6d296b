//! The daily histories that were put together last: one analysis asks for the same one several times.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, NaiveDate, Utc};
use ttai_ports::DailyHistory;

use super::daily::{DailyFile, FactorRow};
use super::history::{Session, history};
use super::minutes::Minute;

/// How many are kept: of twenty years of sessions some 2 MB.
const CAPACITY: usize = 6;

/// The parsed files that a history is put together from.
pub(super) struct Sources {
    pub(super) daily: Arc<DailyFile>,
    /// None without such a file.
    pub(super) factors: Option<Arc<Vec<FactorRow>>>,
    /// The minutes of today and of finished sessions without a daily bar.
    pub(super) sessions: BTreeMap<NaiveDate, Arc<Vec<Minute>>>,
}

impl Sources {
    /// Whether these are the same parsed files: a file that changed is parsed anew.
    fn are(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.daily, &other.daily)
            && same(self.factors.as_ref(), other.factors.as_ref())
            && self.sessions.len() == other.sessions.len()
            && self
                .sessions
                .iter()
                .zip(&other.sessions)
                .all(|((date, one), (of, other))| date == of && Arc::ptr_eq(one, other))
    }
}

fn same<T>(one: Option<&Arc<T>>, other: Option<&Arc<T>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

struct Entry {
    as_of: DateTime<Utc>,
    /// Holds the files, so that no other can come to lie where they are.
    sources: Sources,
    history: Arc<DailyHistory>,
}

/// Histories by moment and files, the last used last.
#[derive(Default)]
pub(super) struct Histories(Mutex<VecDeque<Entry>>);

impl Histories {
    /// The history of `sources` at a moment.
    pub(super) fn get(&self, as_of: DateTime<Utc>, sources: Sources) -> Arc<DailyHistory> {
        if let Some(known) = self.find(as_of, &sources) {
            return known;
        }
        let Sources { daily, factors, sessions } = &sources;
        let history = Arc::new(history(
            daily,
            factors.as_ref().map(|rows| rows.as_slice()),
            sessions,
            &Session::at(as_of),
        ));
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= CAPACITY {
            entries.pop_front();
        }
        entries.push_back(Entry { as_of, sources, history: Arc::clone(&history) });
        history
    }

    fn find(&self, as_of: DateTime<Utc>, sources: &Sources) -> Option<Arc<DailyHistory>> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = entries.iter().position(|entry| entry.as_of == as_of && entry.sources.are(sources))?;
        let entry = entries.remove(place)?;
        let history = Arc::clone(&entry.history);
        entries.push_back(entry);
        Some(history)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tape::daily::read_bars;

    fn sources(daily: &Arc<DailyFile>, factors: &Arc<Vec<FactorRow>>) -> Sources {
        Sources { daily: Arc::clone(daily), factors: Some(Arc::clone(factors)), sessions: BTreeMap::new() }
    }

    #[test]
    fn a_history_is_put_together_anew_for_another_moment_or_a_file_that_changed() {
        let rows = "date,open,high,low,close,volume\n2014-06-05,1,1,1,1,5\n2014-06-06,2,2,2,2,5\n";
        let parsed = || Arc::new(read_bars(rows.as_bytes(), "daily/x.csv").unwrap());
        let (daily, factors) = (parsed(), Arc::default());
        let as_of: DateTime<Utc> = "2014-06-06T19:00:00Z".parse().unwrap();
        let histories = Histories::default();
        let first = histories.get(as_of, sources(&daily, &factors));
        assert_eq!(first.bars.len(), 1);
        assert!(Arc::ptr_eq(&first, &histories.get(as_of, sources(&daily, &factors))));
        assert!(!Arc::ptr_eq(&first, &histories.get(as_of, sources(&parsed(), &factors))));
        let later = histories.get(as_of + chrono::TimeDelta::days(1), sources(&daily, &factors));
        assert_eq!(later.bars.len(), 2);
        for hour in 2..40 {
            histories.get(as_of + chrono::TimeDelta::hours(hour), sources(&daily, &factors));
        }
        assert!(!Arc::ptr_eq(&first, &histories.get(as_of, sources(&daily, &factors))));
        assert_eq!(histories.0.lock().unwrap().len(), CAPACITY);
    }
}
