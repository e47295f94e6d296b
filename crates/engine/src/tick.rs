//! A price moves: the alerts that its step reaches look, bars are built, and those that look at everything look.

use ttai_core::alert::{BarLength, PriceSource};

use crate::alert::AlertPhase;
use crate::book::{Closer, KnownPrice, PriceMove};
use crate::engine::{Engine, EventMoment, MINUTE, PriceStep};
use crate::firing::{Firing, FiringWay};
use crate::hours::{bar_end, scope};
use crate::instrument::{BOOKS, book_place};
use crate::schedule::Timer;

impl Engine {
    /// A price moves in each of its books.
    pub(crate) fn tick(
        &mut self,
        id: u32,
        source: PriceSource,
        price: i64,
        moment: &EventMoment,
        is_continuous: bool,
        firings: &mut Vec<Firing>,
    ) {
        let known = KnownPrice { price, time: moment.time, date: moment.stretch.date };
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

    /// An alert looks at a step of its price. Of the minute in which it was armed only the close is known to be later; what came before
    /// it says nothing, and it still has to look.
    fn look(&mut self, slot: u32, moment: &EventMoment, step: PriceStep, firings: &mut Vec<Firing>) {
        let Some(alert) = self.alerts[slot as usize].as_deref() else { return };
        let is_close = moment.bar.is_some_and(|start| moment.time == start + MINUTE - 1);
        let is_before = moment.bar.is_some_and(|start| alert.armed_at > start) && !is_close;
        if is_before || alert.armed_at > moment.time {
            let scope = scope(alert.definition.session);
            self.instruments[step.0 as usize].book_mut(scope, step.1).pending.insert(slot);
            return;
        }
        let (instrument, source, mut step) = step;
        if moment.bar.is_some_and(|start| alert.armed_at > start) {
            // Where the price came from is of a time before.
            step = PriceMove { from: Some(step.to), is_continuous: false, ..step };
        }
        self.evaluate(slot, moment, Some((instrument, source, step)), firings);
    }

    /// A price's bars: those that ended close, and the present one takes the price.
    fn build_bars(
        &mut self,
        id: u32,
        place: usize,
        known: KnownPrice,
        moment: &EventMoment,
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
        let moment = EventMoment { time: end, received, stretch, way, bar: None, is_back: false };
        let step =
            PriceMove { from, to: known.price, is_continuous: false, gap_from: None, blind_since: None };
        let source = [PriceSource::Last, PriceSource::Bid, PriceSource::Ask, PriceSource::Mid][place % 4];
        for slot in slots {
            self.evaluate(slot, &moment, Some((id, source, step)), firings);
        }
    }

    /// Alerts that look at each event of an instrument look at this one.
    pub(crate) fn scan(&mut self, id: u32, moment: &EventMoment, shares: f64, firings: &mut Vec<Firing>) {
        if self.instruments[id as usize].scanned.is_empty() {
            return;
        }
        let slots: Vec<u32> = self.instruments[id as usize].scanned.iter().copied().collect();
        for slot in slots {
            self.observe(slot, id, moment, shares);
            let Some(alert) = self.alerts[slot as usize].as_deref() else { continue };
            match alert.phase {
                AlertPhase::Armed if !alert.is_by_bars() => self.evaluate(slot, moment, None, firings),
                AlertPhase::Cooling { .. } => self.cool(slot, moment),
                _ => {}
            }
            self.remember_readings(slot, moment);
        }
    }
}
