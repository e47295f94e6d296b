//! All that a restored engine needs beside the definitions.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use ttai_core::alert::{AlertDefinition, BarLength};

use crate::alert::{AlertPhase, LeafMemory};
use crate::book::{BookState, CloserState};
use crate::engine::Engine;
use crate::event::Watched;
use crate::instrument::{BOOKS, InstrumentState};
use crate::schedule::Timer;

/// The state of an engine, without its definitions. Its form is the engine's own; it is JSON-safe.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EngineSnapshot {
    /// The market time up to which everything that was due has been done, microseconds.
    now: i64,
    instruments: Vec<InstrumentSnapshot>,
    alerts: Vec<AlertSnapshot>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct InstrumentSnapshot {
    watched: Watched,
    state: InstrumentState,
    books: Vec<BookSnapshot>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct BookSnapshot {
    place: usize,
    state: BookState,
    /// Places among the snapshot's alerts.
    pending: Vec<u32>,
    bars: Vec<(BarLength, CloserState)>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct AlertSnapshot {
    id: String,
    arming: u64,
    phase: AlertPhase,
    armed_at: i64,
    basis: chrono::NaiveDate,
    is_fresh: bool,
    is_due: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    memory: Vec<LeafMemory>,
}

impl EngineSnapshot {
    /// The ids of the alerts in it.
    pub fn alert_ids(&self) -> impl Iterator<Item = &str> {
        self.alerts.iter().map(|alert| alert.id.as_str())
    }
}

impl Engine {
    /// Its state. Definitions, with pauses and snoozes, are to be kept beside it.
    #[must_use]
    pub fn snapshot(&self) -> EngineSnapshot {
        let mut places = HashMap::new();
        let mut alerts = Vec::with_capacity(self.by_id.len());
        for (slot, alert) in (0_u32..).zip(&self.alerts) {
            let Some(alert) = alert else { continue };
            places.insert(slot, alerts.len() as u32);
            alerts.push(AlertSnapshot {
                id: alert.definition.id.clone(),
                arming: alert.arming,
                phase: alert.phase,
                armed_at: alert.armed_at,
                basis: alert.basis,
                is_fresh: alert.is_fresh,
                is_due: self.due.contains(&slot),
                memory: alert.memory.clone(),
            });
        }
        let instruments = (0..self.instruments.len()).map(|place| self.instrument_snapshot(place, &places));
        EngineSnapshot { now: self.now, instruments: instruments.collect(), alerts }
    }

    fn instrument_snapshot(&self, place: usize, places: &HashMap<u32, u32>) -> InstrumentSnapshot {
        let instrument = &self.instruments[place];
        let books = instrument.books.iter().enumerate().filter_map(|(place, book)| {
            let book = book.as_deref()?;
            let pending = book.pending.iter().filter_map(|slot| places.get(slot).copied()).collect();
            let bars = book.closers.iter().map(|(length, closer)| (*length, closer.state)).collect();
            Some(BookSnapshot { place, state: book.state, pending, bars })
        });
        InstrumentSnapshot {
            watched: instrument.watched.clone(),
            state: instrument.state.clone(),
            books: books.collect(),
        }
    }

    /// The engine that a snapshot was taken of. `definitions` has those of its alerts; an alert without one is dropped, and
    /// a definition that the snapshot does not know is to be armed by whoever has it.
    #[must_use]
    pub fn restore(
        snapshot: &EngineSnapshot,
        definitions: impl IntoIterator<Item = AlertDefinition>,
    ) -> Self {
        let mut engine = Self { now: snapshot.now, ..Self::default() };
        for saved in &snapshot.instruments {
            let id = engine.instrument(&saved.watched).0 as usize;
            engine.instruments[id].state = saved.state.clone();
        }
        let mut definitions: HashMap<String, AlertDefinition> =
            definitions.into_iter().map(|definition| (definition.id.clone(), definition)).collect();
        let slots: Vec<Option<u32>> = snapshot
            .alerts
            .iter()
            .map(|saved| {
                definitions.remove(&saved.id).map(|definition| engine.restore_alert(saved, definition))
            })
            .collect();
        for saved in &snapshot.instruments {
            engine.restore_books(saved, &slots);
        }
        engine
    }

    fn restore_alert(&mut self, saved: &AlertSnapshot, definition: AlertDefinition) -> u32 {
        let slot = self.place(definition, saved.arming, saved.armed_at);
        if let Some(mut alert) = self.alerts[slot as usize].take() {
            alert.phase = saved.phase;
            alert.basis = saved.basis;
            alert.is_fresh = saved.is_fresh;
            self.compile(&mut alert);
            // Of a definition that has changed since, nothing is remembered.
            if alert.memory.len() == saved.memory.len() {
                alert.memory.clone_from(&saved.memory);
            }
            self.alerts[slot as usize] = Some(alert);
        }
        self.index(slot);
        self.schedule(slot);
        if saved.is_due {
            self.due.insert(slot);
        }
        slot
    }

    fn restore_books(&mut self, saved: &InstrumentSnapshot, slots: &[Option<u32>]) {
        let instrument = self.instrument(&saved.watched).0;
        for kept in saved.books.iter().filter(|kept| kept.place < BOOKS) {
            let book = self.instruments[instrument as usize].books[kept.place].get_or_insert_default();
            book.restore(kept.state);
            let slot = |place: &u32| slots.get(*place as usize).copied().flatten();
            book.pending = kept.pending.iter().filter_map(slot).collect();
            for (length, state) in &kept.bars {
                book.closers.entry(*length).or_default().state = *state;
                if let Some((end, _)) = state.open {
                    let place = kept.place as u8;
                    let timer = Timer::Close { instrument, place, length: *length };
                    self.timers.insert((end + Timer::GRACE, timer));
                }
            }
        }
    }
}
