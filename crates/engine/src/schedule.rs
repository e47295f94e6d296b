//! What time brings: ends of snoozes, cool-downs, bars and alerts, and days that conditions count to.

use chrono::{DateTime, Duration, Utc};
use ttai_core::alert::BarLength;

use crate::alert::{Alert, AlertPhase};
use crate::engine::{Engine, EventMoment};
use crate::firing::{Firing, FiringWay};
use crate::hours::open_on_or_after;
use crate::leaf::Reads;
use crate::number::ONE;

/// Something that is due at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// An alert has to be looked at.
    Wake(u32),
    /// A bar ends.
    Close { instrument: u32, place: u8, length: BarLength },
}

impl Timer {
    /// How long a bar waits for prices of its own, microseconds.
    pub(crate) const GRACE: i64 = 2_000_000;
}

impl Engine {
    /// Tells the market's time, once a second or so: ends what ends, fires what only time, facts or a state known before
    /// makes true. Returns the ids of the alerts that expired.
    pub fn on_time(&mut self, now: DateTime<Utc>, firings: &mut Vec<Firing>) -> Vec<String> {
        let before = firings.len();
        let micros = now.timestamp_micros();
        self.run_timers(micros, micros, firings);
        self.end_lapsed();
        self.look_at_due(micros, firings);
        firings[before..].sort_by(|one, other| one.alert_id.cmp(&other.alert_id));
        std::mem::take(&mut self.expired)
    }

    /// Does what is due by a market time.
    pub(crate) fn run_timers(&mut self, until: i64, received: i64, firings: &mut Vec<Firing>) {
        while let Some((time, timer)) = self.timers.first().copied().filter(|(time, _)| *time <= until) {
            self.timers.remove(&(time, timer));
            match timer {
                Timer::Wake(slot) => self.wake(slot, time),
                Timer::Close { instrument, place, length } => {
                    self.close_bar(instrument, place.into(), length, time, received, firings);
                }
            }
        }
        self.now = self.now.max(until);
    }

    /// Ends alerts that lapsed, where no missed minutes can still make them fire.
    fn end_lapsed(&mut self) {
        let has_ended = |slot: &&u32| {
            let alert = self.alerts[**slot as usize].as_deref();
            alert.is_some_and(|alert| !self.has_open_gap(alert))
        };
        let ended: Vec<u32> = self.lapsed.iter().filter(has_ended).copied().collect();
        ended.into_iter().for_each(|slot| self.expire(slot));
    }

    /// Something of an alert is due.
    fn wake(&mut self, slot: u32, time: i64) {
        let Some(alert) = self.alerts.get(slot as usize).and_then(Option::as_deref) else { return };
        if alert.phase == AlertPhase::Spent {
            return;
        }
        let end = alert.definition.expires_at.map(|end| end.timestamp_micros());
        if end.is_some_and(|end| end <= time) {
            self.lapsed.insert(slot);
            return;
        }
        match alert.phase {
            AlertPhase::Until(until) if until <= time => self.rearm(slot, until),
            AlertPhase::Cooling { until, failed: true } if until <= time => self.rearm(slot, time),
            _ => {}
        }
        self.due.insert(slot);
        self.await_prices(slot);
    }

    fn expire(&mut self, slot: u32) {
        self.unindex(slot);
        self.due.remove(&slot);
        self.lapsed.remove(&slot);
        if let Some(alert) = self.alerts[slot as usize].as_deref_mut() {
            alert.phase = AlertPhase::Spent;
            self.expired.push(alert.definition.id.clone());
        }
    }

    /// In their hours, alerts that are due look at what is known.
    fn look_at_due(&mut self, now: i64, firings: &mut Vec<Firing>) {
        if self.due.is_empty() {
            return;
        }
        let Some(stretch) = self.hours.at(now) else { return };
        let way = FiringWay::Clock;
        let moment = EventMoment { time: now, received: now, stretch, way, bar: None, is_back: false };
        let slots: Vec<u32> = self.due.iter().copied().collect();
        for slot in slots {
            let Some(alert) = self.alerts[slot as usize].as_deref() else { continue };
            if moment.part().is_in(alert.definition.session) {
                self.due.remove(&slot);
                if !alert.is_by_bars() {
                    self.evaluate(slot, &moment, None, firings);
                }
            }
        }
    }

    /// Sets the times at which something of an alert is due.
    pub(crate) fn schedule(&mut self, slot: u32) {
        let Some(alert) = self.alerts[slot as usize].as_deref() else { return };
        if alert.is_idle() {
            return;
        }
        let definition = &alert.definition;
        let is_over = definition.expires_at.is_some_and(|end| end.timestamp_micros() <= self.now);
        if is_over {
            self.lapsed.insert(slot);
        }
        let ends = [definition.expires_at, definition.snoozed_until];
        let mut times: Vec<i64> = ends.into_iter().flatten().map(|end| end.timestamp_micros()).collect();
        times.extend(self.counted_days(alert));
        if let AlertPhase::Cooling { until, .. } = alert.phase {
            times.push(until);
        }
        times.retain(|time| self.now < *time);
        // What fired in a gap may be armed again at a time that is over.
        if let AlertPhase::Until(until) = alert.phase {
            times.push(until);
        }
        self.timers.extend(times.into_iter().map(|time| (time, Timer::Wake(slot))));
    }

    /// The opens of the sessions in which conditions on days begin to hold.
    fn counted_days(&self, alert: &Alert) -> Vec<i64> {
        let begins = alert.leaves.iter().filter_map(|leaf| {
            let until = match leaf.reads {
                Reads::Days(until) => until,
                Reads::Earnings(id) => self.instruments[id as usize].state.facts.next_earnings?,
                _ => return None,
            };
            let days = leaf.regions[0].high / ONE;
            open_on_or_after(until.checked_sub_signed(Duration::days(days))?)
        });
        begins.collect()
    }
}
