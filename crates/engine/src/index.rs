//! Which instruments and levels an alert is kept under.

use ttai_calendar::new_york_date;
use ttai_core::alert::{AlertDefinition, AlertSubject, PriceSource};

use crate::alert::{Alert, AlertPhase, LeafMemory};
use crate::engine::Engine;
use crate::event::Watched;
use crate::hours::{instant, scope};
use crate::leaf::{Leaf, LeafTerms, Reads};
use crate::number::ONE;

impl Engine {
    /// Puts an alert into a slot, not yet into any index.
    pub(crate) fn place(&mut self, definition: AlertDefinition, arming: u64, armed_at: i64) -> u32 {
        let (main, underlying, legs) = self.instruments_of(&definition.subject);
        let basis = definition.basis().unwrap_or_else(|| new_york_date(instant(armed_at)));
        let slot = self.free.pop().unwrap_or(self.alerts.len() as u32);
        self.by_id.insert(definition.id.clone(), slot);
        let mut alert = Alert {
            definition,
            arming,
            phase: AlertPhase::Armed,
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
                let whole = self.instrument(&Watched::Legs(legs.clone())).0;
                let each = legs
                    .iter()
                    .map(|leg| (self.instrument(&Watched::Option(leg.contract.clone())).0, leg.ratio));
                (whole, whole, each.collect())
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
        let terms = LeafTerms {
            subject: &definition.subject,
            source: definition.source,
            main: alert.main,
            underlying: alert.underlying,
            facts: &main.state.facts,
            ratio: alert.ratio,
        };
        alert.leaves = definition
            .condition
            .leaves()
            .into_iter()
            .map(|leaf| terms.leaf(leaf).unwrap_or(Leaf::NEVER))
            .collect();
        let remembers =
            |leaf: &Leaf| matches!(leaf.reads, Reads::Net | Reads::Move(..) | Reads::BarVolume(_));
        if alert.memory.is_empty() && alert.leaves.iter().any(remembers) {
            alert.memory = vec![LeafMemory::Nothing; alert.leaves.len()];
        }
    }

    /// Shows an alert to the instruments that concern it.
    pub(crate) fn index(&mut self, slot: u32) {
        let Some(alert) = self.alerts[slot as usize].take() else { return };
        if !alert.is_idle() {
            for instrument in alert.instruments() {
                let Some(instrument) = self.instruments.get_mut(instrument as usize) else { continue };
                instrument.alerts.insert(slot);
                if alert.is_scanned() {
                    instrument.scanned.insert(slot);
                }
            }
            self.index_levels(&alert, slot);
            self.index_bars(&alert, slot);
        }
        self.alerts[slot as usize] = Some(alert);
    }

    fn index_levels(&mut self, alert: &Alert, slot: u32) {
        let scope = scope(alert.definition.session);
        for leaf in &alert.leaves {
            let moves = match leaf.reads {
                Reads::Move(instrument, source, ..) => Some((instrument, source)),
                _ => None,
            };
            let Some((instrument, source)) = leaf.book().or(moves) else { continue };
            let book = self.instruments[instrument as usize].book_mut(scope, source);
            if leaf.book().is_some() && !alert.is_by_bars() {
                book.insert(leaf, slot);
                book.pending.insert(slot);
            }
        }
    }

    /// Has an armed alert look at the next of each of its prices, wherever they are.
    pub(crate) fn await_prices(&mut self, slot: u32) {
        let Some(alert) = self.alerts[slot as usize].as_deref() else { return };
        if alert.is_idle() || alert.is_by_bars() {
            return;
        }
        let scope = scope(alert.definition.session);
        for (instrument, source) in alert.leaves.iter().filter_map(Leaf::book) {
            self.instruments[instrument as usize].book_mut(scope, source).pending.insert(slot);
        }
    }

    fn index_bars(&mut self, alert: &Alert, slot: u32) {
        if !alert.is_by_bars() {
            return;
        }
        let (instrument, source) = closing_book(alert);
        if let Some(instrument) = self.instruments.get_mut(instrument as usize) {
            let closers = &mut instrument.book_mut(scope(alert.definition.session), source).closers;
            closers.entry(alert.definition.bar).or_default().alerts.insert(slot);
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
        let (instrument, source) = closing_book(alert);
        if let Some(instrument) = self.instruments.get_mut(instrument as usize).filter(|_| alert.is_by_bars())
        {
            let closer = instrument.book_mut(scope, source).closers.get_mut(&alert.definition.bar);
            closer.map(|closer| closer.alerts.remove(&slot));
        }
    }

    /// Levels of an instrument's alerts anew, after a split or with new facts.
    pub(crate) fn relevel(&mut self, instrument: u32) {
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
}

/// The price by whose bars an alert looks.
fn closing_book(alert: &Alert) -> (u32, PriceSource) {
    let own = match (&alert.definition.subject, alert.definition.source) {
        (AlertSubject::Option { .. }, PriceSource::Last) => PriceSource::Mid,
        (_, source) => source,
    };
    alert.leaves.iter().find_map(Leaf::book).unwrap_or((alert.main, own))
}
