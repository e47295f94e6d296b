//! What was missed: its minutes are looked up, and what came live waits for them.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;
use ttai_engine::InstrumentId;
use ttai_ports::StreamEvent;

use super::Watch;
use crate::alerts::backfill;
use crate::alerts::desk::Gap;

/// A gap that is shorter than this is none: the alert was armed on a running stream.
const LEAST_GAP: TimeDelta = TimeDelta::seconds(2);
/// How long what came live is held back for the minutes of a gap before it: longer than a provider takes to answer.
const HELD_FOR: Duration = Duration::from_secs(15);
/// Most events that are held back for an instrument.
const MOST_HELD: usize = 20_000;
/// An instrument without an event for so long is quiet.
const QUIET: Duration = Duration::from_secs(5);

impl Watch<'_> {
    /// Fills what happened before the stream of an alert's instrument began.
    pub(super) fn fill_since(&mut self, armed: &[(InstrumentId, DateTime<Utc>)], until: DateTime<Utc>) {
        for (id, from) in armed.iter().filter(|(_, from)| until - *from > LEAST_GAP) {
            let Some(symbol) = self.subscribed.get(id).cloned() else { continue };
            let gap = self.desk.open_gap(Gap { symbol, id: *id, from: *from, until });
            self.await_end(&gap);
        }
    }

    /// A gap ends with the next event of its instrument: the clock is no witness of what the stream has brought.
    pub(super) fn await_end(&mut self, gap: &Gap) {
        let since = Instant::now();
        let open = self.open_gaps.entry(gap.id).or_insert_with(|| (gap.clone(), since));
        open.0.from = open.0.from.min(gap.from);
        open.0.until = open.0.until.max(gap.until);
    }

    /// Ends the gap of an instrument whose next event is of `time`.
    pub(super) fn end_gap(&mut self, id: InstrumentId, time: DateTime<Utc>) {
        let Some((gap, _)) = self.open_gaps.remove(&id) else { return };
        let until = gap.until.max(time);
        let gap = self.desk.open_gap(Gap { until, ..gap });
        self.held.entry(id).or_insert_with(|| (Vec::new(), Instant::now()));
        self.fill(gap);
    }

    /// Hands the engine what was held back.
    pub(super) fn release(&mut self, id: InstrumentId) {
        for event in self.held.remove(&id).map(|(events, _)| events).unwrap_or_default() {
            self.desk.event(&event);
        }
    }

    /// Holds no event back for longer than its minutes are worth.
    pub(super) fn release_late(&mut self) {
        let is_late = |(events, since): &(Vec<StreamEvent>, Instant)| {
            since.elapsed() > HELD_FOR || events.len() > MOST_HELD
        };
        let late: Vec<InstrumentId> =
            self.held.iter().filter(|(_, held)| is_late(held)).map(|(id, _)| *id).collect();
        late.into_iter().for_each(|id| self.release(id));
    }

    /// Ends the gaps of instruments that are quiet: nothing has come since they were subscribed.
    pub(super) fn end_quiet_gaps(&mut self, now: DateTime<Utc>) {
        let quiet: Vec<InstrumentId> = self
            .open_gaps
            .iter()
            .filter(|(_, (_, since))| since.elapsed() > QUIET)
            .map(|(id, _)| *id)
            .collect();
        for id in quiet {
            self.end_gap(id, now);
        }
    }

    pub(super) fn fill(&mut self, gap: Gap) {
        self.filling.entry(gap.id).and_modify(|from| *from = (*from).min(gap.from)).or_insert(gap.from);
        self.fills.spawn(backfill::fill(Arc::clone(&self.ports.market), gap, self.filler.clone()));
    }
}
