//! What each kind of event does: whether it counts, what it leaves behind, which prices it moves.

use ttai_core::alert::PriceSource;

use crate::engine::{Engine, EventMoment, MINUTE};
use crate::event::{
    InstrumentId, MarketBar, MarketGap, MarketGreeks, MarketQuote, MarketSplit, MarketTrade, SymbolFacts,
};
use crate::firing::{Firing, FiringWay};
use crate::instrument::OpenGap;
use crate::number::{ONE, scaled, scaled_float};
use crate::screen::{FAR_BAR, HeldPrint, TwoSided, Verdict, is_current, is_far};

/// Gaps closer together than this, whose bars have not come, are one. Bars that have not come by then never will.
const GAPS_APART: i64 = 60 * MINUTE;

impl Engine {
    /// Lets an event in: where and when it counts, if it does. The session that it begins brings its splits.
    fn admit(&mut self, id: u32, time: i64, received: i64, way: FiringWay) -> Option<EventMoment> {
        let instrument = self.instruments.get(id as usize)?;
        // The minutes before a halt are told after it began.
        if instrument.state.is_halted && way != FiringWay::Backfill {
            return None;
        }
        let stretch = self.hours.at(time)?;
        if instrument.state.date.is_none_or(|date| date < stretch.date) {
            self.begin_session(id, stretch.date);
        }
        Some(EventMoment { time, received, stretch, way, bar: None, is_back: false })
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

    pub(crate) fn on_trade(&mut self, trade: &MarketTrade, firings: &mut Vec<Firing>) {
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
        // A symbol's first price is held against the close before.
        let screen = &mut state.trades;
        screen.reference = screen.reference.or_else(|| state.facts.previous_close.and_then(scaled));
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
    fn late_print(&mut self, id: u32, held: &HeldPrint, moment: EventMoment, firings: &mut Vec<Firing>) {
        let state = &mut self.instruments[id as usize].state;
        if held.time < state.trade_time {
            return;
        }
        state.trade_time = held.time;
        let Some(stretch) = self.hours.at(held.time) else { return };
        let moment = EventMoment {
            time: held.time,
            received: held.received,
            stretch,
            way: FiringWay::Trade,
            ..moment
        };
        self.tick(id, PriceSource::Last, held.price, &moment, false, firings);
    }

    pub(crate) fn on_quote(&mut self, quote: &MarketQuote, firings: &mut Vec<Firing>) {
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

    pub(crate) fn on_greeks(&mut self, greeks: &MarketGreeks, firings: &mut Vec<Firing>) {
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

    pub(crate) fn on_bar(&mut self, bar: &MarketBar, firings: &mut Vec<Firing>) {
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
        let moment = EventMoment { bar: Some(start), is_back: is_of_gap, ..moment };
        self.walk(id, &walk, bar.volume, &moment, firings);
        let state = &mut self.instruments[id as usize].state;
        state.trade_time = state.trade_time.max(start + MINUTE - 1);
        if let Some(gap) = state.gap.as_mut().filter(|_| is_of_gap) {
            gap.filled = start + MINUTE;
        }
    }

    /// The four prices of a bar, as ticks.
    fn walk(
        &mut self,
        id: u32,
        prices: &[i64; 4],
        volume: f64,
        moment: &EventMoment,
        firings: &mut Vec<Firing>,
    ) {
        let instrument = &self.instruments[id as usize];
        // A bar from before a split, in the shares of now.
        let ratio =
            instrument.state.date.map_or(ONE, |now| instrument.ratio_between(moment.stretch.date, now));
        let prices = prices.map(|price| crate::number::portion(price, ONE, ratio).unwrap_or(price));
        let prices = sound(prices, instrument.state.trades.reference);
        let is_newest = instrument.state.trade_time < moment.time + MINUTE - 1;
        for (place, price) in prices.into_iter().enumerate() {
            let offset = [0, MINUTE / 3, 2 * MINUTE / 3, MINUTE - 1][place];
            let moment = EventMoment { time: moment.time + offset, ..*moment };
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

    pub(crate) fn on_gap(&mut self, gap: &MarketGap) {
        let (from, until) = (gap.from.timestamp_micros(), gap.until.timestamp_micros());
        for place in self.named(gap.instrument) {
            let instrument = &mut self.instruments[place];
            let is_near =
                |open: &OpenGap| open.filled <= open.until && from.saturating_sub(open.until) < GAPS_APART;
            let unfilled = instrument.state.gap.filter(is_near);
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

    pub(crate) fn on_split(&mut self, split: &MarketSplit) {
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

    pub(crate) fn on_facts(&mut self, instrument: InstrumentId, facts: &SymbolFacts) {
        let Some(known) = self.instruments.get_mut(instrument.0 as usize) else { return };
        if known.state.facts != *facts {
            known.state.facts = *facts;
            self.relevel(instrument.0);
        }
    }
}

/// A bar's prices in the order in which they are taken to have come; none of an impossible bar.
fn walk_of(bar: &MarketBar) -> Option<[i64; 4]> {
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
