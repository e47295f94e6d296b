//! The engine: what is armed, and what each event does.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use ttai_calendar::new_york_date;
use ttai_core::alert::{AlertDefinition, AlertSubject, BarLength, PriceSource};

use crate::alert::{Alert, LeafMemory, Phase};
use crate::book::{Closer, Known, Step};
use crate::event::{
    BarEvent, GapEvent, GreeksEvent, InstrumentId, MarketEvent, QuoteEvent, SplitEvent, SymbolFacts,
    TradeEvent, Watched,
};
use crate::firing::{Firing, FiringWay};
use crate::hours::{Hours, Stretch, TradingPart, bar_end, instant, scope};
use crate::instrument::{BOOKS, Instrument, OpenGap, book_place};
use crate::leaf::{Reads, Terms};
use crate::number::{ONE, scaled, scaled_float};
use crate::schedule::Timer;
use crate::screen::{FAR_BAR, HeldPrint, TwoSided, Verdict, is_current, is_far};

pub(crate) const MINUTE: i64 = 60_000_000;

/// Why an alert was not armed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArmError {
    /// One of that id is there; change it instead.
    #[error("an alert with the id '{0}' is armed already")]
    Duplicate(String),
}

/// Alerts, and the state of the market that they need.
///
/// Definitions are expected to be checked ([`AlertDefinition::check`]). One of a watchlist or a position set is only kept;
/// whoever knows the members arms one alert for each ([`AlertDefinition::for_member`]).
#[derive(Debug, Default)]
pub struct Engine {
    pub(crate) instruments: Vec<Instrument>,
    pub(crate) ids: HashMap<Watched, u32>,
    pub(crate) alerts: Vec<Option<Box<Alert>>>,
    pub(crate) by_id: HashMap<String, u32>,
    free: Vec<u32>,
    /// What time brings: microseconds, and what then.
    pub(crate) timers: BTreeSet<(i64, Timer)>,
    /// Alerts that look at the next tick of the clock, whatever happens.
    pub(crate) due: BTreeSet<u32>,
    /// The newest market time.
    pub(crate) now: i64,
    pub(crate) hours: Hours,
    /// Alerts that expired and were not reported yet.
    pub(crate) expired: Vec<String>,
    /// Alerts that an event may concern; kept for its memory.
    found: Vec<u32>,
}

/// When and how something is seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) time: i64,
    pub(crate) received: i64,
    pub(crate) stretch: Stretch,
    pub(crate) way: FiringWay,
    /// Start of the minute bar that it comes from.
    pub(crate) bar: Option<i64>,
    /// Whether it is of a time before the newest.
    pub(crate) is_back: bool,
}

impl Moment {
    pub(crate) fn part(&self) -> TradingPart {
        self.stretch.part
    }
}

/// A step of a price.
pub(crate) type PriceStep = (u32, PriceSource, Step);

impl Engine {
    /// An engine without alerts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What this engine calls an instrument.
    pub fn instrument(&mut self, watched: &Watched) -> InstrumentId {
        if let Some(known) = self.ids.get(watched) {
            return InstrumentId(*known);
        }
        let id = self.instruments.len() as u32;
        self.instruments.push(Instrument::new(watched.clone()));
        self.ids.insert(watched.clone(), id);
        InstrumentId(id)
    }

    /// The instruments that alerts need events of.
    pub fn watched(&self) -> impl Iterator<Item = (InstrumentId, &Watched)> {
        let all = (0_u32..).zip(&self.instruments);
        all.filter(|(_, known)| !known.alerts.is_empty())
            .map(|(id, known)| (InstrumentId(id), &known.watched))
    }

    /// The market time up to which an instrument has been seen, from which a backfill goes on; none before its first event.
    #[must_use]
    pub fn cursor(&self, instrument: InstrumentId) -> Option<DateTime<Utc>> {
        let state = &self.instruments.get(instrument.0 as usize)?.state;
        Some(state.trade_time.max(state.quote_time)).filter(|time| *time > 0).map(instant)
    }

    /// The newest market time of all, for the cursor of a whole shard.
    #[must_use]
    pub fn newest(&self) -> Option<DateTime<Utc>> {
        (self.now > 0).then(|| instant(self.now))
    }

    /// How many definitions it has, spent ones among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// A definition, and the number of its present arming.
    #[must_use]
    pub fn definition(&self, id: &str) -> Option<(&AlertDefinition, u64)> {
        let alert = self.alerts[*self.by_id.get(id)? as usize].as_deref()?;
        Some((&alert.definition, alert.arming))
    }

    /// Whether an alert can fire: it is neither spent nor paused nor a set of others.
    #[must_use]
    pub fn is_armed(&self, id: &str) -> bool {
        self.by_id
            .get(id)
            .and_then(|slot| self.alerts[*slot as usize].as_ref())
            .is_some_and(|alert| !alert.is_idle())
    }

    /// Arms an alert: what happened before `now`, in market time, does not make it fire. `arming` is the number of its next
    /// firing; those after it count on from there.
    ///
    /// # Errors
    /// [`ArmError::Duplicate`].
    pub fn arm(
        &mut self,
        definition: AlertDefinition,
        arming: u64,
        now: DateTime<Utc>,
    ) -> Result<(), ArmError> {
        if self.by_id.contains_key(&definition.id) {
            return Err(ArmError::Duplicate(definition.id));
        }
        let slot = self.place(definition, arming, now.timestamp_micros());
        self.index(slot);
        self.due.insert(slot);
        self.schedule(slot);
        Ok(())
    }

    /// Replaces a definition by one of the same id, armed anew; says whether there was one.
    pub fn change(&mut self, definition: AlertDefinition, arming: u64, now: DateTime<Utc>) -> bool {
        let was_there = self.remove(&definition.id).is_some();
        // There is none of that id any more.
        let _ = self.arm(definition, arming, now);
        was_there
    }

    /// Takes an alert out.
    pub fn remove(&mut self, id: &str) -> Option<AlertDefinition> {
        let slot = self.by_id.remove(id)?;
        self.unindex(slot);
        self.due.remove(&slot);
        self.free.push(slot);
        self.alerts[slot as usize].take().map(|alert| alert.definition)
    }

    /// Turns an alert off, or on again; says whether there is one. What happened while it was off does not make it fire.
    pub fn pause(&mut self, id: &str, paused: bool, now: DateTime<Utc>) -> bool {
        self.revise(id, now, |definition| definition.paused = paused)
    }

    /// Silences an alert until then, or no longer; says whether there is one. If its condition holds at the end it fires.
    pub fn snooze(&mut self, id: &str, until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
        self.revise(id, now, |definition| definition.snoozed_until = until)
    }

    fn revise(&mut self, id: &str, now: DateTime<Utc>, change: impl FnOnce(&mut AlertDefinition)) -> bool {
        let Some(slot) = self.by_id.get(id).copied() else { return false };
        self.unindex(slot);
        if let Some(alert) = self.alerts[slot as usize].as_mut() {
            change(&mut alert.definition);
            alert.armed_at = alert.armed_at.max(now.timestamp_micros());
        }
        self.index(slot);
        self.due.insert(slot);
        self.schedule(slot);
        true
    }

    /// Puts an alert into a slot, not yet into any index.
    pub(crate) fn place(&mut self, definition: AlertDefinition, arming: u64, armed_at: i64) -> u32 {
        let (main, underlying, legs) = self.instruments_of(&definition.subject);
        let basis = definition.basis().unwrap_or_else(|| new_york_date(instant(armed_at)));
        let slot = self.free.pop().unwrap_or(self.alerts.len() as u32);
        self.by_id.insert(definition.id.clone(), slot);
        let mut alert = Alert {
            definition,
            arming,
            phase: Phase::Armed,
            armed_at,
            basis,
            is_fresh: true,
            main,
            underlying,
            legs,
            leaves: Vec::new(),
            memory: Vec::new(),
            ratio: ONE,
        };
        self.compile(&mut alert);
        let place = slot as usize;
        if place == self.alerts.len() {
            self.alerts.push(Some(Box::new(alert)));
        } else {
            self.alerts[place] = Some(Box::new(alert));
        }
        slot
    }

    fn instruments_of(&mut self, subject: &AlertSubject) -> (u32, u32, Vec<(u32, i32)>) {
        match subject {
            AlertSubject::Symbol { symbol } => {
                let id = self.instrument(&Watched::Equity(symbol.clone())).0;
                (id, id, Vec::new())
            }
            AlertSubject::Option { contract } => {
                let underlying = self.instrument(&Watched::Equity(contract.underlying())).0;
                (self.instrument(&Watched::Option(contract.clone())).0, underlying, Vec::new())
            }
            AlertSubject::Legs { legs } => {
                let legs: Vec<(u32, i32)> = legs
                    .iter()
                    .map(|leg| (self.instrument(&Watched::Option(leg.contract.clone())).0, leg.ratio))
                    .collect();
                let first = legs.first().map_or(u32::MAX, |(id, _)| *id);
                (first, first, legs)
            }
            AlertSubject::Watchlist { .. } | AlertSubject::Positions { .. } => {
                (u32::MAX, u32::MAX, Vec::new())
            }
        }
    }

    /// Conditions in the numbers of now.
    pub(crate) fn compile(&self, alert: &mut Alert) {
        let (Some(main), Some(underlying)) =
            (self.instruments.get(alert.main as usize), self.instruments.get(alert.underlying as usize))
        else {
            return;
        };
        alert.ratio = underlying.state.date.map_or(ONE, |date| underlying.ratio_between(alert.basis, date));
        let definition = &alert.definition;
        let terms = Terms {
            subject: &definition.subject,
            source: definition.source,
            main: alert.main,
            underlying: alert.underlying,
            facts: &main.state.facts,
            ratio: alert.ratio,
        };
        alert.leaves =
            definition.condition.leaves().into_iter().filter_map(|leaf| terms.leaf(leaf)).collect();
        let remembers = |leaf: &crate::leaf::Leaf| {
            matches!(leaf.reads, Reads::Net | Reads::Move(..) | Reads::BarVolume(_))
        };
        if alert.memory.is_empty() && alert.leaves.iter().any(remembers) {
            alert.memory = vec![LeafMemory::Nothing; alert.leaves.len()];
        }
    }

    /// Shows an alert to the instruments that concern it.
    pub(crate) fn index(&mut self, slot: u32) {
        let Some(alert) = self.alerts[slot as usize].as_deref() else { return };
        if alert.is_idle() {
            return;
        }
        let scope = scope(alert.definition.session);
        for instrument in alert.instruments() {
            let Some(instrument) = self.instruments.get_mut(instrument as usize) else { continue };
            instrument.alerts.insert(slot);
            if alert.is_scanned() {
                instrument.scanned.insert(slot);
            }
        }
        for leaf in &alert.leaves {
            match (leaf.book(), leaf.reads) {
                (Some((instrument, source)), _) if !alert.is_by_bars() => {
                    let book = self.instruments[instrument as usize].book_mut(scope, source);
                    book.insert(leaf, slot);
                    book.pending.insert(slot);
                }
                (Some((instrument, source)), _) | (None, Reads::Move(instrument, source, ..)) => {
                    self.instruments[instrument as usize].book_mut(scope, source);
                }
                _ => {}
            }
        }
        if alert.is_by_bars() {
            let (instrument, source) = closing_book(alert);
            if let Some(instrument) = self.instruments.get_mut(instrument as usize) {
                let closers = &mut instrument.book_mut(scope, source).closers;
                closers.entry(alert.definition.bar).or_default().alerts.insert(slot);
            }
        }
    }

    /// Takes it from them.
    pub(crate) fn unindex(&mut self, slot: u32) {
        let Some(alert) = self.alerts[slot as usize].as_deref() else { return };
        let scope = scope(alert.definition.session);
        for instrument in alert.instruments() {
            let Some(instrument) = self.instruments.get_mut(instrument as usize) else { continue };
            instrument.alerts.remove(&slot);
            instrument.scanned.remove(&slot);
        }
        for leaf in &alert.leaves {
            if let Some((instrument, source)) = leaf.book() {
                let book = self.instruments[instrument as usize].book_mut(scope, source);
                book.remove(leaf, slot);
                book.pending.remove(&slot);
            }
        }
        if alert.is_by_bars() {
            let (instrument, source) = closing_book(alert);
            if let Some(instrument) = self.instruments.get_mut(instrument as usize) {
                if let Some(closer) =
                    instrument.book_mut(scope, source).closers.get_mut(&alert.definition.bar)
                {
                    closer.alerts.remove(&slot);
                }
            }
        }
    }

    /// Levels of an instrument's alerts anew, after a split or with new facts.
    fn relevel(&mut self, instrument: u32) {
        let slots: Vec<u32> = self.instruments[instrument as usize].alerts.iter().copied().collect();
        for slot in slots {
            self.unindex(slot);
            if let Some(mut alert) = self.alerts[slot as usize].take() {
                self.compile(&mut alert);
                self.alerts[slot as usize] = Some(alert);
            }
            self.index(slot);
            self.due.insert(slot);
            self.schedule(slot);
        }
    }

    /// Takes an event. Events of one instrument come in the order of their market times; one that is older than what has
    /// been seen changes nothing, unless it is a bar of an open gap; give those before later events where they are at hand:
    /// conditions on bars' closes, volume and moves see them only then. Firings are appended, those of one event by alert id.
    pub fn on_event(&mut self, event: &MarketEvent, firings: &mut Vec<Firing>) {
        let before = firings.len();
        if let Some(time) = event.time() {
            self.run_timers(time, time, firings);
        }
        match event {
            MarketEvent::Trade(trade) => self.on_trade(trade, firings),
            MarketEvent::Quote(quote) => self.on_quote(quote, firings),
            MarketEvent::Greeks(greeks) => self.on_greeks(greeks, firings),
            MarketEvent::Bar(bar) => self.on_bar(bar, firings),
            MarketEvent::Halt(halt) => {
                if let Some(instrument) = self.instruments.get_mut(halt.instrument.0 as usize) {
                    instrument.state.is_halted = halt.halted;
                }
            }
            MarketEvent::Gap(gap) => self.on_gap(gap),
            MarketEvent::Filled(instrument) => {
                for instrument in self.named(*instrument) {
                    self.instruments[instrument].state.gap = None;
                }
            }
            MarketEvent::Split(split) => self.on_split(split),
            MarketEvent::Facts(instrument, facts) => self.on_facts(*instrument, facts),
        }
        if firings.len() > before + 1 {
            firings[before..].sort_by(|one, other| one.alert_id.cmp(&other.alert_id));
        }
    }

    /// The places of one instrument, or of all.
    fn named(&self, instrument: Option<InstrumentId>) -> std::ops::Range<usize> {
        match instrument {
            Some(id) if (id.0 as usize) < self.instruments.len() => id.0 as usize..id.0 as usize + 1,
            Some(_) => 0..0,
            None => 0..self.instruments.len(),
        }
    }

    /// Lets an event in: where and when it counts, if it does. The session that it begins brings its splits.
    fn admit(&mut self, id: u32, time: i64, received: i64, way: FiringWay) -> Option<Moment> {
        let instrument = self.instruments.get(id as usize)?;
        if instrument.state.is_halted {
            return None;
        }
        let stretch = self.hours.at(time)?;
        if instrument.state.date.is_none_or(|date| date < stretch.date) {
            self.begin_session(id, stretch.date);
        }
        self.now = self.now.max(time);
        Some(Moment { time, received, stretch, way, bar: None, is_back: false })
    }

    fn begin_session(&mut self, id: u32, date: chrono::NaiveDate) {
        let instrument = &mut self.instruments[id as usize];
        let before = instrument.state.date.replace(date);
        if instrument.state.splits.is_empty() {
            return;
        }
        let ratio = before.map_or(ONE, |before| instrument.ratio_between(before, date));
        if ratio != ONE {
            instrument.rebase(ratio);
        }
        self.relevel(id);
    }

    fn on_trade(&mut self, trade: &TradeEvent, firings: &mut Vec<Firing>) {
        let Some(time) = trade.market_time.map(|at| at.timestamp_micros()) else { return };
        let Some(price) = scaled(trade.price).filter(|price| *price > 0 && trade.eligible) else { return };
        let received = trade.received_at.timestamp_micros();
        if !is_current(time, received, trade.condition) {
            return;
        }
        let id = trade.instrument.0;
        let Some(moment) = self.admit(id, time, received, FiringWay::Trade) else { return };
        let state = &mut self.instruments[id as usize].state;
        if time < state.trade_time {
            return;
        }
        state.day_volume = trade.day_volume.map(|volume| (volume, moment.stretch.date)).or(state.day_volume);
        let print = HeldPrint { price, time, received };
        match state.trades.judge(print, state.quote.as_ref()) {
            Verdict::Waits => return,
            Verdict::CountsWith(held) => self.late_print(id, &held, moment, firings),
            Verdict::Counts => {}
        }
        self.instruments[id as usize].state.trade_time = time;
        self.tick(id, PriceSource::Last, price, &moment, false, firings);
        self.scan(id, &moment, trade.size, firings);
    }

    /// A print that waited for support counts now, as of its own time.
    fn late_print(&mut self, id: u32, held: &HeldPrint, moment: Moment, firings: &mut Vec<Firing>) {
        let state = &mut self.instruments[id as usize].state;
        if held.time < state.trade_time {
            return;
        }
        state.trade_time = held.time;
        let Some(stretch) = self.hours.at(held.time) else { return };
        let moment =
            Moment { time: held.time, received: held.received, stretch, way: FiringWay::Trade, ..moment };
        self.tick(id, PriceSource::Last, held.price, &moment, false, firings);
    }

    fn on_quote(&mut self, quote: &QuoteEvent, firings: &mut Vec<Firing>) {
        let Some(time) = quote.market_time.map(|at| at.timestamp_micros()) else { return };
        let Some(sides) = TwoSided::new(quote.bid, quote.ask, time) else { return };
        let received = quote.received_at.timestamp_micros();
        if !is_current(time, received, quote.condition) {
            return;
        }
        let id = quote.instrument.0;
        let Some(moment) = self.admit(id, time, received, FiringWay::Quote) else { return };
        let instrument = &mut self.instruments[id as usize];
        let is_option = instrument.is_option();
        let state = &mut instrument.state;
        if time < state.quote_time {
            return;
        }
        state.quote_time = time;
        state.quote = Some(sides);
        if let Some(held) = state.trades.supported(&sides) {
            self.late_print(id, &held, moment, firings);
        }
        if !sides.is_too_wide(is_option) && (is_option || self.is_near(id, &sides, time, received)) {
            self.tick(id, PriceSource::Bid, sides.bid, &moment, false, firings);
            self.tick(id, PriceSource::Ask, sides.ask, &moment, false, firings);
            self.tick(id, PriceSource::Mid, sides.mid(), &moment, false, firings);
        }
        self.scan(id, &moment, 0.0, firings);
    }

    /// Whether a share's quote stands where its trades or the quote before it do; an option's may jump.
    fn is_near(&mut self, id: u32, sides: &TwoSided, time: i64, received: i64) -> bool {
        let state = &mut self.instruments[id as usize].state;
        let price = sides.mid();
        state.mids.reference = state.mids.reference.or(state.trades.reference).or(Some(price));
        state.mids.judge(HeldPrint { price, time, received }, None) != Verdict::Waits
    }

    fn on_greeks(&mut self, greeks: &GreeksEvent, firings: &mut Vec<Firing>) {
        let Some(time) = greeks.market_time.map(|at| at.timestamp_micros()) else { return };
        let Some(delta) = scaled_float(greeks.delta.abs()).filter(|delta| *delta <= ONE) else { return };
        let received = greeks.received_at.timestamp_micros();
        if !is_current(time, received, None) {
            return;
        }
        let id = greeks.instrument.0;
        let Some(moment) = self.admit(id, time, received, FiringWay::Greeks) else { return };
        let state = &mut self.instruments[id as usize].state;
        if time < state.greeks_time {
            return;
        }
        state.greeks_time = time;
        state.delta = Some((delta, moment.stretch.date));
        self.scan(id, &moment, 0.0, firings);
    }

    fn on_bar(&mut self, bar: &BarEvent, firings: &mut Vec<Firing>) {
        let id = bar.instrument.0;
        let start = bar.start.timestamp_micros();
        let Some(walk) = walk_of(bar) else { return };
        let Some(instrument) = self.instruments.get(id as usize) else { return };
        let state = &instrument.state;
        let is_of_gap = state.gap.is_some_and(|gap| gap.filled <= start && start <= gap.until);
        let received = bar.received_at.timestamp_micros();
        if (!is_of_gap && start < state.trade_time) || start > received {
            return;
        }
        let Some(moment) = self.admit(id, start, received, FiringWay::Backfill) else { return };
        let moment = Moment { bar: Some(start), is_back: is_of_gap, ..moment };
        self.walk(id, &walk, bar.volume, &moment, firings);
        let state = &mut self.instruments[id as usize].state;
        state.trade_time = state.trade_time.max(start + MINUTE - 1);
        if let Some(gap) = state.gap.as_mut().filter(|_| is_of_gap) {
            gap.filled = start + MINUTE;
        }
    }

    /// The four prices of a bar, as ticks.
    fn walk(&mut self, id: u32, prices: &[i64; 4], volume: f64, moment: &Moment, firings: &mut Vec<Firing>) {
        let instrument = &self.instruments[id as usize];
        // A bar from before a split, in the shares of now.
        let ratio =
            instrument.state.date.map_or(ONE, |now| instrument.ratio_between(moment.stretch.date, now));
        let prices = prices.map(|price| crate::number::portion(price, ONE, ratio).unwrap_or(price));
        let prices = sound(prices, instrument.state.trades.reference);
        let is_newest = instrument.state.trade_time < moment.time + MINUTE - 1;
        for (place, price) in prices.into_iter().enumerate() {
            let offset = [0, MINUTE / 3, 2 * MINUTE / 3, MINUTE - 1][place];
            let moment = Moment { time: moment.time + offset, ..*moment };
            self.tick(id, PriceSource::Last, price, &moment, place > 0, firings);
            if is_newest {
                let shares = if place == 3 { volume } else { 0.0 };
                self.scan(id, &moment, shares, firings);
            }
        }
        if is_newest {
            self.instruments[id as usize].state.trades.reference = Some(prices[3]);
        }
    }

    fn on_gap(&mut self, gap: &GapEvent) {
        let (from, until) = (gap.from.timestamp_micros(), gap.until.timestamp_micros());
        for place in self.named(gap.instrument) {
            let instrument = &mut self.instruments[place];
            let unfilled = instrument.state.gap.filter(|open| open.filled <= open.until);
            let first_minute = from.div_euclid(MINUTE) * MINUTE;
            instrument.state.gap = Some(match unfilled {
                Some(open) => OpenGap { until: open.until.max(until), ..open },
                None => OpenGap { from, until, filled: first_minute },
            });
            instrument.state.blind_since = Some(from);
            for book in instrument.books.iter_mut().flatten() {
                if unfilled.is_none() {
                    book.state.back = book.state.last;
                }
                book.state.blind_since = book.state.blind_since.or(Some(from));
            }
        }
    }

    fn on_split(&mut self, split: &SplitEvent) {
        let Some(ratio) = scaled(split.ratio).filter(|ratio| *ratio > 0) else { return };
        let id = split.instrument.0;
        let Some(instrument) = self.instruments.get_mut(id as usize) else { return };
        let splits = &mut instrument.state.splits;
        if splits.iter().all(|(effective, _)| *effective != split.effective) {
            splits.push((split.effective, ratio));
            splits.sort_unstable();
            self.relevel(id);
        }
    }

    fn on_facts(&mut self, instrument: InstrumentId, facts: &SymbolFacts) {
        let Some(known) = self.instruments.get_mut(instrument.0 as usize) else { return };
        if known.state.facts != *facts {
            known.state.facts = *facts;
            self.relevel(instrument.0);
        }
    }

    /// A price moves in each of its books.
    fn tick(
        &mut self,
        id: u32,
        source: PriceSource,
        price: i64,
        moment: &Moment,
        is_continuous: bool,
        firings: &mut Vec<Firing>,
    ) {
        let known = Known { price, time: moment.time, date: moment.stretch.date };
        self.instruments[id as usize].state.note(source, known, moment.part());
        for scope in moment.part().scopes() {
            let Some(book) = self.instruments[id as usize].books[book_place(scope, source)].as_mut() else {
                continue;
            };
            let mut found = std::mem::take(&mut self.found);
            let step = if moment.is_back {
                book.advance_back(known, is_continuous, &mut found)
            } else {
                book.advance(known, is_continuous, &mut found)
            };
            let has_bars = !book.closers.is_empty() && book.state.last == Some(known);
            for slot in found.drain(..) {
                self.look(slot, moment, (id, source, step), firings);
            }
            self.found = found;
            if has_bars {
                self.build_bars(id, book_place(scope, source), known, moment, firings);
            }
        }
    }

    /// An alert looks at a step of its price. Of the minute in which it was armed only the close is known to be later.
    fn look(&mut self, slot: u32, moment: &Moment, step: PriceStep, firings: &mut Vec<Firing>) {
        let Some(alert) = self.alerts[slot as usize].as_deref() else { return };
        let is_close = moment.bar.is_some_and(|start| moment.time == start + MINUTE - 1);
        if moment.bar.is_some_and(|start| alert.armed_at > start) && !is_close {
            let scope = scope(alert.definition.session);
            self.instruments[step.0 as usize].book_mut(scope, step.1).pending.insert(slot);
            return;
        }
        let (instrument, source, mut step) = step;
        if moment.bar.is_some_and(|start| alert.armed_at > start) {
            // Where the price came from is of a time before.
            step = Step { from: Some(step.to), is_continuous: false, ..step };
        }
        self.evaluate(slot, moment, Some((instrument, source, step)), firings);
    }

    /// A price's bars: those that ended close, and the present one takes the price.
    fn build_bars(
        &mut self,
        id: u32,
        place: usize,
        known: Known,
        moment: &Moment,
        firings: &mut Vec<Firing>,
    ) {
        let lengths = self.bar_lengths(id, place);
        for length in lengths {
            self.close_bar(id, place, length, moment.time, moment.received, firings);
            let Some(end) = bar_end(&moment.stretch, known.time, length) else { continue };
            let Some(closer) = self.closer(id, place, length) else { continue };
            if known.time < closer.state.closed {
                continue;
            }
            let is_new = closer.state.open.is_none();
            closer.state.open = Some((end, known));
            if is_new {
                self.timers.insert((
                    end + Timer::GRACE,
                    Timer::Close { instrument: id, place: place as u8, length },
                ));
            }
        }
    }

    fn bar_lengths(&self, id: u32, place: usize) -> Vec<BarLength> {
        let book = self.instruments[id as usize].books[place].as_deref();
        book.map(|book| book.closers.keys().copied().collect()).unwrap_or_default()
    }

    fn closer(&mut self, id: u32, place: usize, length: BarLength) -> Option<&mut Closer> {
        debug_assert!(place < BOOKS);
        self.instruments.get_mut(id as usize)?.books[place].as_mut()?.closers.get_mut(&length)
    }

    /// Ends the bar that is open if it ended by then.
    pub(crate) fn close_bar(
        &mut self,
        id: u32,
        place: usize,
        length: BarLength,
        time: i64,
        received: i64,
        firings: &mut Vec<Firing>,
    ) {
        let Some(closer) = self.closer(id, place, length) else { return };
        let Some((end, known)) = closer.state.open.filter(|(end, _)| *end <= time) else { return };
        let from = closer.state.previous.replace(known.price);
        closer.state.open = None;
        closer.state.closed = end;
        let slots: Vec<u32> = closer.alerts.iter().copied().collect();
        let Some(stretch) = self.hours.at(known.time) else { return };
        let way = FiringWay::BarClose;
        let moment = Moment { time: end, received, stretch, way, bar: None, is_back: false };
        let step = Step { from, to: known.price, is_continuous: false, gap_from: None, blind_since: None };
        let source = [PriceSource::Last, PriceSource::Bid, PriceSource::Ask, PriceSource::Mid][place % 4];
        for slot in slots {
            self.evaluate(slot, &moment, Some((id, source, step)), firings);
        }
    }

    /// Alerts that look at each event of an instrument look at this one.
    fn scan(&mut self, id: u32, moment: &Moment, shares: f64, firings: &mut Vec<Firing>) {
        if self.instruments[id as usize].scanned.is_empty() {
            return;
        }
        let slots: Vec<u32> = self.instruments[id as usize].scanned.iter().copied().collect();
        for slot in slots {
            self.observe(slot, id, moment, shares);
            let Some(alert) = self.alerts[slot as usize].as_deref() else { continue };
            match alert.phase {
                Phase::Armed if !alert.is_by_bars() => self.evaluate(slot, moment, None, firings),
                Phase::Cooling { .. } => self.cool(slot, moment),
                _ => {}
            }
            self.remember_readings(slot, moment);
        }
    }
}

/// The price by whose bars an alert looks.
fn closing_book(alert: &Alert) -> (u32, PriceSource) {
    let own = match (&alert.definition.subject, alert.definition.source) {
        (AlertSubject::Option { .. }, PriceSource::Last) => PriceSource::Mid,
        (_, source) => source,
    };
    alert.leaves.iter().find_map(crate::leaf::Leaf::book).unwrap_or((alert.main, own))
}

/// A bar's prices in the order in which they are taken to have come; none of an impossible bar.
fn walk_of(bar: &BarEvent) -> Option<[i64; 4]> {
    let [open, high, low, close] =
        [scaled(bar.open)?, scaled(bar.high)?, scaled(bar.low)?, scaled(bar.close)?];
    let is_possible = 0 < low && low <= open.min(close) && open.max(close) <= high;
    let walk = if close >= open { [open, low, high, close] } else { [open, high, low, close] };
    is_possible.then_some(walk)
}

/// Without what neither the price before the bar nor its close supports.
fn sound(prices: [i64; 4], reference: Option<i64>) -> [i64; 4] {
    let close = prices[3];
    let is_lone = |price: i64| {
        is_far(price, close, FAR_BAR) && reference.is_some_and(|before| is_far(price, before, FAR_BAR))
    };
    prices.map(|price| if is_lone(price) { close } else { price })
}
