//! The engine: what is armed, and what each event does.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use ttai_core::alert::{AlertDefinition, AlertError, PriceSource};

use crate::alert::{Alert, AlertPhase};
use crate::book::PriceMove;
use crate::event::{InstrumentId, MarketEvent, Watched};
use crate::firing::{Firing, FiringWay};
use crate::hours::{Stretch, StretchCache, TradingPart, instant};
use crate::instrument::WatchedInstrument;
use crate::schedule::Timer;

pub(crate) const MINUTE: i64 = 60_000_000;

/// Why an alert was not armed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArmError {
    /// One of that id is there; change it instead.
    #[error("an alert with the id '{0}' is armed already")]
    Duplicate(String),
    /// It says nothing that can come true.
    #[error(transparent)]
    Invalid(#[from] AlertError),
}

/// Alerts, and the state of the market that they need.
///
/// A definition of a watchlist or a position set is only kept;
/// whoever knows the members arms one alert for each ([`AlertDefinition::for_member`]).
#[derive(Debug, Default)]
pub struct Engine {
    pub(crate) instruments: Vec<WatchedInstrument>,
    pub(crate) ids: HashMap<Watched, u32>,
    pub(crate) alerts: Vec<Option<Box<Alert>>>,
    pub(crate) by_id: HashMap<String, u32>,
    pub(crate) free: Vec<u32>,
    /// What time brings: microseconds, and what then.
    pub(crate) timers: BTreeSet<(i64, Timer)>,
    /// Alerts that look at the next tick of the clock, whatever happens.
    pub(crate) due: BTreeSet<u32>,
    /// The market time up to which everything that was due has been done.
    pub(crate) now: i64,
    pub(crate) hours: StretchCache,
    /// Alerts past their expiry.
    pub(crate) lapsed: BTreeSet<u32>,
    /// Alerts that expired and were not reported yet.
    pub(crate) expired: Vec<String>,
    /// Alerts that an event may concern; kept for its memory.
    pub(crate) found: Vec<u32>,
}

/// When and how something is seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventMoment {
    pub(crate) time: i64,
    pub(crate) received: i64,
    pub(crate) stretch: Stretch,
    pub(crate) way: FiringWay,
    /// Start of the minute bar that it comes from.
    pub(crate) bar: Option<i64>,
    /// Whether it is of a time before the newest.
    pub(crate) is_back: bool,
}

impl EventMoment {
    pub(crate) fn part(&self) -> TradingPart {
        self.stretch.part
    }
}

/// A step of a price.
pub(crate) type PriceStep = (u32, PriceSource, PriceMove);

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
        self.instruments.push(WatchedInstrument::new(watched.clone()));
        self.ids.insert(watched.clone(), id);
        InstrumentId(id)
    }

    /// The instruments that armed alerts need events of, each once; goes through all alerts.
    pub fn watched(&self) -> impl Iterator<Item = (InstrumentId, &Watched)> {
        let armed = self.alerts.iter().flatten().filter(|alert| !alert.is_idle());
        let needed: BTreeSet<u32> = armed.flat_map(|alert| alert.streamed()).collect();
        needed.into_iter().map(|id| (InstrumentId(id), &self.instruments[id as usize].watched))
    }

    /// The market time up to which an instrument has been seen, from which a backfill goes on; none before its first event.
    #[must_use]
    pub fn cursor(&self, instrument: InstrumentId) -> Option<DateTime<Utc>> {
        let state = &self.instruments.get(instrument.0 as usize)?.state;
        Some(state.trade_time.max(state.quote_time)).filter(|time| *time > 0).map(instant)
    }

    /// The newest cursor of all: from where a whole shard goes on after its worker was lost.
    #[must_use]
    pub fn newest(&self) -> Option<DateTime<Utc>> {
        (0..self.instruments.len() as u32).filter_map(|id| self.cursor(InstrumentId(id))).max()
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

    /// A definition, and the number of its next firing.
    #[must_use]
    pub fn definition(&self, id: &str) -> Option<(&AlertDefinition, u64)> {
        let alert = self.alerts[*self.by_id.get(id)? as usize].as_deref()?;
        Some((&alert.definition, alert.arming + u64::from(alert.phase != AlertPhase::Armed)))
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
    /// [`ArmError::Duplicate`]; [`ArmError::Invalid`] as of [`AlertDefinition::check_terms`]. Texts and the expiry are not checked.
    pub fn arm(
        &mut self,
        definition: AlertDefinition,
        arming: u64,
        now: DateTime<Utc>,
    ) -> Result<(), ArmError> {
        if self.by_id.contains_key(&definition.id) {
            return Err(ArmError::Duplicate(definition.id));
        }
        definition.check_terms()?;
        let slot = self.place(definition, arming, now.timestamp_micros());
        self.index(slot);
        self.due.insert(slot);
        self.schedule(slot);
        Ok(())
    }

    /// Replaces a definition by one of the same id, armed anew; says whether there was one.
    ///
    /// # Errors
    /// [`ArmError::Invalid`]; then the one before stays.
    pub fn change(
        &mut self,
        definition: AlertDefinition,
        arming: u64,
        now: DateTime<Utc>,
    ) -> Result<bool, ArmError> {
        definition.check_terms()?;
        let was_there = self.remove(&definition.id).is_some();
        self.arm(definition, arming, now)?;
        Ok(was_there)
    }

    /// Takes an alert out.
    pub fn remove(&mut self, id: &str) -> Option<AlertDefinition> {
        let slot = self.by_id.remove(id)?;
        self.unindex(slot);
        self.due.remove(&slot);
        self.lapsed.remove(&slot);
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
    pub(crate) fn named(&self, instrument: Option<InstrumentId>) -> std::ops::Range<usize> {
        match instrument {
            Some(id) if (id.0 as usize) < self.instruments.len() => id.0 as usize..id.0 as usize + 1,
            Some(_) => 0..0,
            None => 0..self.instruments.len(),
        }
    }
}
