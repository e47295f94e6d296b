//! Whether an alert's condition holds at a moment, and what follows from it.

use chrono::{DateTime, Utc};
use ttai_core::alert::{AlertRepeat, MoveDirection, PriceSource};

use crate::alert::{Alert, AlertPhase, LeafMemory};
use crate::book::PriceMove;
use crate::engine::{Engine, EventMoment, PriceStep};
use crate::firing::{Firing, FiringWay, LeafReading};
use crate::hours::{bar_end, instant, next_day_start, scope};
use crate::instrument::WatchedInstrument;
use crate::leaf::{Leaf, Mode, Reads};
use crate::number::{HUNDRED, ONE, decimal, portion, scaled, scaled_float};

/// How long a quote that nothing replaced says what a leg costs.
const QUOTE_AGE: i64 = 15 * 60_000_000;

/// What a condition reads at a moment.
#[derive(Clone, Copy, Debug)]
struct Reading {
    from: Option<i64>,
    to: i64,
    is_continuous: bool,
}

impl Reading {
    /// It stands where it stood.
    fn still(value: i64) -> Self {
        Self { from: Some(value), to: value, is_continuous: false }
    }
}

impl Engine {
    /// Lets an armed alert look, and fires it where its condition holds.
    pub(crate) fn evaluate(
        &mut self,
        slot: u32,
        moment: &EventMoment,
        step: Option<PriceStep>,
        firings: &mut Vec<Firing>,
    ) {
        let Some(alert) = self.alerts[slot as usize].as_deref() else { return };
        if !may_fire(alert, moment) {
            return;
        }
        let readings = self.readings(alert, moment, step);
        let was_fresh = alert.is_fresh;
        let holds: Vec<bool> = alert
            .leaves
            .iter()
            .zip(&readings)
            .map(|(leaf, reading)| reading.is_some_and(|r| leaf.holds(r.from, r.to, r.is_continuous)))
            .collect();
        let is_hit = alert.holds(&holds);
        let firing = is_hit.then(|| self.firing(alert, moment, step, &readings, &holds));
        if let Some(alert) = self.alerts[slot as usize].as_deref_mut() {
            alert.is_fresh = was_fresh && readings.iter().all(Option::is_none);
        }
        if let Some(firing) = firing {
            firings.push(firing);
            self.spend(slot, moment);
        }
    }

    fn readings(&self, alert: &Alert, moment: &EventMoment, step: Option<PriceStep>) -> Vec<Option<Reading>> {
        let read = |(place, leaf): (usize, &Leaf)| self.reading(alert, place, leaf, moment, step);
        alert.leaves.iter().enumerate().map(read).collect()
    }

    fn reading(
        &self,
        alert: &Alert,
        place: usize,
        leaf: &Leaf,
        moment: &EventMoment,
        step: Option<PriceStep>,
    ) -> Option<Reading> {
        if leaf.only_on.is_some_and(|date| date != moment.stretch.date) {
            return None;
        }
        let memory = alert.memory.get(place);
        match leaf.reads {
            Reads::Price(instrument, source) => match step {
                Some((moved, of, step)) if (moved, of) == (instrument, source) => Some(step_reading(&step)),
                _ => self.price(alert, instrument, source, moment).map(Reading::still),
            },
            Reads::Net => {
                let previous = match memory {
                    Some(LeafMemory::Previous(value)) => Some(*value),
                    _ => None,
                };
                let to = self.net(alert, moment)?;
                Some(Reading { from: previous, to, is_continuous: false })
            }
            Reads::Move(instrument, source, direction, _) => {
                let price = self.price(alert, instrument, source, moment)?;
                moved(memory?, direction, price).map(Reading::still)
            }
            Reads::BarVolume(instrument) => {
                let LeafMemory::Volume { shares, .. } = memory? else { return None };
                let facts = &self.instruments[instrument as usize].state.facts;
                let minutes = alert.definition.bar.minutes().unwrap_or(390) as f64;
                let average = facts.average_minute_volume.filter(|average| *average > 0.0)?;
                scaled_float(shares / (average * minutes)).map(Reading::still)
            }
            reads => self.fact(reads, moment).map(Reading::still),
        }
    }

    /// Readings that an instrument or the calendar has, whoever asks.
    fn fact(&self, reads: Reads, moment: &EventMoment) -> Option<i64> {
        let date = moment.stretch.date;
        let state = |instrument: u32| self.instruments.get(instrument as usize).map(|known| &known.state);
        match reads {
            Reads::Delta(id) => state(id)?.delta.filter(|(_, on)| *on == date).map(|(delta, _)| delta),
            Reads::Spread(id) => {
                let quote = state(id)?.quote.filter(|quote| moment.time - quote.time <= QUOTE_AGE)?;
                quote.spread_percent()
            }
            Reads::IvRank(id) => {
                let facts = &state(id)?.facts;
                facts.iv_rank.filter(|_| facts.date == Some(date)).and_then(scaled)
            }
            Reads::DayVolume(id) => {
                let state = state(id)?;
                let (volume, _) = state.day_volume.filter(|(_, on)| *on == date)?;
                let average = state.facts.average_volume.filter(|average| *average > 0.0)?;
                scaled_float(volume / average)
            }
            Reads::Days(until) => Some((until - date).num_days() * ONE),
            Reads::Earnings(id) => Some((state(id)?.facts.next_earnings? - date).num_days() * ONE),
            Reads::Price(..) | Reads::Net | Reads::Move(..) | Reads::BarVolume(_) => None,
        }
    }

    /// Where a price stands in the session of a moment; unknown while its instrument cannot be seen.
    fn price(
        &self,
        alert: &Alert,
        instrument: u32,
        source: PriceSource,
        moment: &EventMoment,
    ) -> Option<i64> {
        let scope = scope(alert.definition.session);
        let state = &self.instruments.get(instrument as usize)?.book(scope, source)?.state;
        let last =
            state.last.filter(|last| last.date == moment.stretch.date && state.blind_since.is_none())?;
        Some(last.price)
    }

    /// The amount that the legs cost or bring together, at their mids.
    fn net(&self, alert: &Alert, moment: &EventMoment) -> Option<i64> {
        let mut sum = 0_i64;
        for (instrument, ratio) in &alert.legs {
            let leg = &self.instruments[*instrument as usize];
            let quote = leg.state.quote.filter(|quote| moment.time - quote.time <= QUOTE_AGE)?;
            if quote.is_too_wide(true) || leg.state.is_halted {
                return None;
            }
            sum = sum.checked_add(quote.mid().checked_mul(i64::from(*ratio))?)?;
        }
        sum.checked_abs()
    }

    fn firing(
        &self,
        alert: &Alert,
        moment: &EventMoment,
        step: Option<PriceStep>,
        readings: &[Option<Reading>],
        holds: &[bool],
    ) -> Firing {
        let hit = holds.iter().position(|holds| *holds).unwrap_or(0);
        let conditions = alert.definition.condition.leaves();
        let leaves = readings.iter().enumerate().map(|(place, reading)| LeafReading {
            place,
            value: reading.map(|reading| decimal(reading.to)),
            compared: alert.leaves[place].level_near(reading.map_or(0, |reading| reading.to)).map(decimal),
            holds: holds[place],
        });
        let leaves: Vec<LeafReading> = leaves.collect();
        let own = step.filter(|(moved, of, _)| alert.leaves[hit].book() == Some((*moved, *of)));
        let own = own.map(|(.., step)| step);
        Firing {
            alert_id: alert.definition.id.clone(),
            arming: alert.arming,
            way: moment.way,
            value: leaves[hit].value,
            level_set: conditions.get(hit).and_then(|condition| condition.threshold()),
            level_compared: leaves[hit].compared,
            market_time: instant(moment.bar.unwrap_or(moment.time)),
            received_at: instant(moment.received),
            part: moment.part(),
            already_true: alert.is_fresh && self.held_before(alert, readings),
            gap_through: own.and_then(|step| gap_through(&alert.leaves[hit], &step)).map(decimal),
            blind_since: own.and_then(|step| step.blind_since).map(instant),
            price_now: self.price_now(alert, hit, moment).map(decimal),
            split_ratio: (alert.ratio != ONE).then(|| decimal(alert.ratio)),
            leaves,
        }
    }

    /// Whether the condition held before it was first looked at, as far as anybody knows.
    fn held_before(&self, alert: &Alert, readings: &[Option<Reading>]) -> bool {
        let before: Vec<bool> = alert
            .leaves
            .iter()
            .zip(readings)
            .map(|(leaf, reading)| {
                let held = |reading: &Reading| {
                    reading.from.is_none_or(|from| leaf.regions.iter().any(|region| region.contains(from)))
                };
                leaf.mode == Mode::State && reading.as_ref().is_some_and(held)
            })
            .collect();
        alert.holds(&before)
    }

    /// The newest price, where it is newer than what fired.
    fn price_now(&self, alert: &Alert, hit: usize, moment: &EventMoment) -> Option<i64> {
        let (instrument, source) = alert.leaves[hit].book()?;
        let book = self.instruments[instrument as usize].book(scope(alert.definition.session), source)?;
        let last =
            book.state.last.filter(|last| moment.way == FiringWay::Backfill && last.time > moment.time)?;
        Some(last.price)
    }

    /// What another engine saw: an alert fired, and `arming` is the number of its next firing. Says whether there is one.
    pub fn fired(&mut self, id: &str, arming: u64, at: DateTime<Utc>) -> bool {
        let time = at.timestamp_micros();
        let slot = self.by_id.get(id).copied();
        // A bar may close with its hours.
        let stretch = self.hours.at(time).or_else(|| self.hours.at(time - 1));
        let Some((slot, stretch)) = slot.zip(stretch) else { return false };
        self.unindex(slot);
        if let Some(alert) = self.alerts[slot as usize].as_deref_mut() {
            alert.arming = arming.saturating_sub(1);
            alert.armed_at = alert.armed_at.max(time);
            alert.is_fresh = false;
        }
        let way = FiringWay::Clock;
        let moment = EventMoment { time, received: time, stretch, way, bar: None, is_back: false };
        self.index(slot);
        self.spend(slot, &moment);
        true
    }

    /// An arming is used up.
    fn spend(&mut self, slot: u32, moment: &EventMoment) {
        let Some(alert) = self.alerts[slot as usize].as_deref_mut() else { return };
        let definition = &alert.definition;
        let next_day = next_day_start(moment.stretch.date, definition.session).unwrap_or(i64::MAX);
        alert.phase = match definition.repeat {
            AlertRepeat::Once => AlertPhase::Spent,
            AlertRepeat::OnceABar => {
                AlertPhase::Until(bar_end(&moment.stretch, moment.time, definition.bar).unwrap_or(next_day))
            }
            AlertRepeat::OnceADay => AlertPhase::Until(next_day),
            AlertRepeat::Repeating { cooldown_seconds, .. } => AlertPhase::Cooling {
                until: moment.time + i64::from(cooldown_seconds) * 1_000_000,
                failed: false,
            },
        };
        match alert.phase {
            AlertPhase::Spent => self.unindex_spent(slot),
            AlertPhase::Cooling { .. } => {
                for instrument in alert.instruments() {
                    self.instruments[instrument as usize].scanned.insert(slot);
                }
            }
            _ => {}
        }
        self.schedule(slot);
    }

    fn unindex_spent(&mut self, slot: u32) {
        self.unindex(slot);
        self.due.remove(&slot);
        self.lapsed.remove(&slot);
    }

    /// Watches a cooling alert's condition fail by its margin, and arms it again when that and its cool-down are over.
    pub(crate) fn cool(&mut self, slot: u32, moment: &EventMoment) {
        let Some(alert) = self.alerts[slot as usize].as_deref() else { return };
        let AlertPhase::Cooling { until, failed } = alert.phase else { return };
        if !moment.part().is_in(alert.definition.session) {
            return;
        }
        let margin = match alert.definition.repeat {
            AlertRepeat::Repeating { rearm_percent, .. } => scaled(rearm_percent).unwrap_or(0),
            _ => 0,
        };
        let readings = self.readings(alert, moment, None);
        let near = alert
            .leaves
            .iter()
            .zip(&readings)
            .map(|(leaf, reading)| reading.is_none_or(|reading| leaf.is_near(reading.to, margin)));
        let failed = failed || !alert.holds(&near.collect::<Vec<bool>>());
        if failed && until <= moment.time {
            self.rearm(slot, moment.time);
        } else if let Some(alert) = self.alerts[slot as usize].as_deref_mut() {
            alert.phase = AlertPhase::Cooling { until, failed };
        }
    }

    /// An alert that fired can fire again, from a time on.
    pub(crate) fn rearm(&mut self, slot: u32, time: i64) {
        self.unindex(slot);
        if let Some(alert) = self.alerts[slot as usize].as_deref_mut() {
            alert.phase = AlertPhase::Armed;
            alert.arming += 1;
            alert.armed_at = time;
        }
        self.index(slot);
    }

    /// Adds an event to what an alert remembers of prices and volume.
    pub(crate) fn observe(&mut self, slot: u32, instrument: u32, moment: &EventMoment, shares: f64) {
        let Some(mut alert) = self.alerts[slot as usize].take() else { return };
        if !alert.memory.is_empty() && moment.part().is_in(alert.definition.session) {
            for place in 0..alert.leaves.len() {
                let memory = match alert.leaves[place].reads {
                    Reads::Move(id, source, _, minutes) if id == instrument => {
                        let price = self.price(&alert, id, source, moment);
                        price.map(|price| with_price(&alert.memory[place], price, moment.time, minutes))
                    }
                    Reads::BarVolume(id) if id == instrument => {
                        bar_end(&moment.stretch, moment.time, alert.definition.bar)
                            .map(|end| with_shares(&alert.memory[place], shares, end))
                    }
                    _ => None,
                };
                if let Some(memory) = memory {
                    alert.memory[place] = memory;
                }
            }
        }
        self.alerts[slot as usize] = Some(alert);
    }

    /// What the next reading will have come from.
    pub(crate) fn remember_readings(&mut self, slot: u32, moment: &EventMoment) {
        let Some(mut alert) = self.alerts[slot as usize].take() else { return };
        let is_net = |leaf: &Leaf| leaf.reads == Reads::Net;
        let net = if alert.leaves.iter().any(is_net) { self.net(&alert, moment) } else { None };
        if let Some(net) = net {
            let all = alert.leaves.iter().zip(&mut alert.memory);
            all.filter(|(leaf, _)| is_net(leaf)).for_each(|(_, memory)| *memory = LeafMemory::Previous(net));
        }
        self.alerts[slot as usize] = Some(alert);
    }

    /// Whether an instrument's missed minutes are still to come.
    pub(crate) fn has_open_gap(&self, alert: &Alert) -> bool {
        let is_open = |known: &WatchedInstrument| known.state.gap.is_some_and(|gap| gap.filled <= gap.until);
        alert.instruments().iter().filter_map(|id| self.instruments.get(*id as usize)).any(is_open)
    }
}

/// Whether an alert may fire at a moment at all.
fn may_fire(alert: &Alert, moment: &EventMoment) -> bool {
    let definition = &alert.definition;
    let time = moment.time;
    alert.phase == AlertPhase::Armed
        && !alert.is_idle()
        && alert.armed_at <= time
        && moment.part().is_in(definition.session)
        && definition.expires_at.is_none_or(|end| time < end.timestamp_micros())
        && definition.snoozed_until.is_none_or(|end| end.timestamp_micros() <= time)
}

fn step_reading(step: &PriceMove) -> Reading {
    Reading { from: step.from, to: step.to, is_continuous: step.is_continuous }
}

/// The last price of the session before, where the market opened beyond a level that it had not reached.
fn gap_through(leaf: &Leaf, step: &PriceMove) -> Option<i64> {
    let before = step.gap_from?;
    let held = leaf.regions.iter().any(|region| region.contains(before) && region.contains(step.to));
    (!held).then_some(before)
}

/// How far a price is from the lowest or highest of a window, in percent.
fn moved(memory: &LeafMemory, direction: MoveDirection, price: i64) -> Option<i64> {
    let LeafMemory::Window(slices) = memory else { return None };
    let low = slices.iter().map(|(_, low, _)| *low).min()?;
    let high = slices.iter().map(|(.., high)| *high).max()?;
    let up = portion(price - low, HUNDRED, low)?;
    let down = portion(high - price, HUNDRED, high)?;
    Some(match direction {
        MoveDirection::Up => up,
        MoveDirection::Down => down,
        MoveDirection::Either => up.max(down),
    })
}

/// A window with one more price. It has at most sixty slices; one that began before the window is out.
fn with_price(memory: &LeafMemory, price: i64, time: i64, minutes: u32) -> LeafMemory {
    let mut slices = match memory {
        LeafMemory::Window(slices) => slices.clone(),
        _ => Default::default(),
    };
    let length = i64::from(minutes) * 1_000_000;
    let start = time.div_euclid(length) * length;
    while slices.front().is_some_and(|(first, ..)| *first < time - 60 * length) {
        slices.pop_front();
    }
    match slices.back_mut() {
        Some((last, low, high)) if *last >= start => {
            *low = price.min(*low);
            *high = price.max(*high);
        }
        _ => slices.push_back((start, price, price)),
    }
    LeafMemory::Window(slices)
}

/// A bar's volume with more shares.
fn with_shares(memory: &LeafMemory, shares: f64, end: i64) -> LeafMemory {
    let before = match memory {
        LeafMemory::Volume { end: of, shares } if *of == end => *shares,
        _ => 0.0,
    };
    LeafMemory::Volume { end, shares: before + shares }
}
