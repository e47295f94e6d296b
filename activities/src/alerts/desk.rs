//! The engine with what the store and the stream call things: rows in, stream events in, firings out. No I/O.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use serde::{Deserialize, Serialize};
use ttai_core::alert::{AlertDefinition, AlertRepeat, AlertSubject};
use ttai_core::{MinuteBar, Split};
use ttai_engine::{
    Engine, EngineSnapshot, Firing, InstrumentId, MarketBar, MarketEvent, MarketGap, MarketGreeks,
    MarketHalt, MarketQuote, MarketSplit, MarketTrade, SymbolFacts, Timeliness, Watched,
};
use ttai_ports::{AlertRecord, AlertState, StreamEvent, StreamGap, StreamSymbol};

use super::save::definition;

/// The alerts of a shard over one engine.
pub(super) struct AlertDesk {
    engine: Engine,
    user_id: String,
    /// What each instrument is called in the engine.
    ids: HashMap<StreamSymbol, InstrumentId>,
    /// The version of each alert in the engine.
    versions: HashMap<String, u64>,
    /// Whether alerts came or went.
    changed: bool,
    /// Instruments whose newest events came too late to count, and what was seen of each before those.
    late: BTreeMap<InstrumentId, DateTime<Utc>>,
    /// What fired and is not recorded yet, oldest first.
    pub(super) firings: Vec<Firing>,
    /// Repeating alerts whose last firing another watch saw: the number of their next one.
    pub(super) fired_elsewhere: Vec<(String, u64)>,
    /// Events taken.
    pub(super) events: u64,
}

impl AlertDesk {
    pub(super) fn new(user_id: &str) -> Self {
        Self {
            engine: Engine::new(),
            user_id: user_id.to_owned(),
            ids: HashMap::new(),
            versions: HashMap::new(),
            changed: false,
            late: BTreeMap::new(),
            firings: Vec::new(),
            fired_elsewhere: Vec::new(),
            events: 0,
        }
    }

    /// The desk that a checkpoint was taken of, with the alerts that are still what they were then.
    pub(super) fn resume(user_id: &str, checkpoint: &DeskCheckpoint, records: &[AlertRecord]) -> Self {
        let mut desk = Self::new(user_id);
        let then = |record: &AlertRecord| checkpoint.versions.get(&record.id).copied();
        let there: Vec<&AlertRecord> =
            records.iter().filter(|record| record.user_id == user_id && can_fire(record.state)).collect();
        let same = there.iter().filter(|record| then(record) == Some(record.version));
        desk.engine = Engine::restore(&checkpoint.engine, same.filter_map(|record| watched(record)));
        desk.versions = there.iter().filter_map(|record| Some((record.id.clone(), then(record)?))).collect();
        desk.changed = true;
        desk
    }

    /// What the next watch goes on from; none while something that fired is not recorded, or before the first event.
    pub(super) fn checkpoint(&self) -> Option<DeskCheckpoint> {
        let seen_until = self.newest().filter(|_| self.firings.is_empty())?;
        Some(DeskCheckpoint { seen_until, versions: self.versions.clone(), engine: self.engine.snapshot() })
    }

    /// Takes a row of the feed in at the market time `now`, which may have gone back since the alert was armed. What happened before
    /// `seen` was seen by a watch before this one. Since when to watch each of its instruments, where it was armed.
    pub(super) fn take(
        &mut self,
        record: &AlertRecord,
        seen: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Vec<(InstrumentId, DateTime<Utc>)> {
        if record.user_id != self.user_id {
            return Vec::new();
        }
        let alert = watched(record).filter(|_| can_fire(record.state));
        let Some(alert) = alert else {
            self.versions.remove(&record.id);
            self.changed |= self.engine.remove(&record.id).is_some();
            return Vec::new();
        };
        match self.standing(record, &alert) {
            Standing::Known => return Vec::new(),
            Standing::Behind => {
                self.fired_elsewhere.push((record.id.clone(), record.arming));
                return Vec::new();
            }
            Standing::New => {}
        }
        let from = alert.created_at.unwrap_or(record.created_at);
        let from = seen.map_or(from, |seen| from.max(seen)).min(now);
        // A definition of the same id goes.
        if let Err(error) = self.engine.change(alert.clone(), record.arming, from) {
            tracing::warn!(alert = record.id, "an alert cannot be armed: {error}");
            return Vec::new();
        }
        let before = self.versions.insert(record.id.clone(), record.version);
        // Whoever changes an alert arms it anew.
        if before.is_none() && record.arming > 1 && alert.repeat != AlertRepeat::Once {
            self.fired_elsewhere.push((record.id.clone(), record.arming));
        }
        self.changed = true;
        let instruments = self.instruments(&alert.subject);
        if let (AlertSubject::Option { .. }, Some(entry), [id, ..]) =
            (&alert.subject, alert.entry_price, instruments.as_slice())
        {
            // A long position's alerts do not read the credit.
            let position = SymbolFacts { credit: Some(entry), entry: Some(entry), ..SymbolFacts::default() };
            self.engine.on_event(&MarketEvent::Facts(*id, position), &mut self.firings);
        }
        instruments.into_iter().map(|id| (id, from)).collect()
    }

    /// How the engine's alert compares with a row.
    fn standing(&self, record: &AlertRecord, alert: &AlertDefinition) -> Standing {
        let there = self.engine.definition(&record.id);
        let same = there
            .filter(|(there, _)| *there == alert && self.versions.get(&record.id) == Some(&record.version));
        match same {
            Some((_, next)) if next < record.arming => Standing::Behind,
            Some((_, next)) if next == record.arming || self.is_unrecorded(&record.id) => Standing::Known,
            _ => Standing::New,
        }
    }

    fn is_unrecorded(&self, id: &str) -> bool {
        self.firings.iter().any(|firing| firing.alert_id == id)
    }

    /// An alert fired when another watch had it; `arming` is the number of its next firing. What fired before the alert was
    /// made is another's of the same id.
    pub(super) fn fired(&mut self, id: &str, arming: u64, at: DateTime<Utc>) {
        let made = self.engine.definition(id).and_then(|(alert, _)| alert.created_at);
        if made.is_none_or(|made| made <= at) {
            self.engine.fired(id, arming, at);
        }
    }

    /// The instruments of a subject.
    fn instruments(&mut self, subject: &AlertSubject) -> Vec<InstrumentId> {
        let contracts = subject.contracts().map(|contract| Watched::Option(contract.clone()));
        let mut watched: Vec<Watched> = contracts.collect();
        if let AlertSubject::Symbol { symbol } = subject {
            watched.push(Watched::Equity(symbol.clone()));
        }
        watched.iter().map(|watched| self.engine.instrument(watched)).collect()
    }

    /// Whether alerts came or went since the last call.
    pub(super) fn has_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// What alerts need events of.
    pub(super) fn watched(&mut self) -> BTreeMap<InstrumentId, StreamSymbol> {
        let watched: Vec<(InstrumentId, StreamSymbol)> =
            self.engine.watched().filter_map(|(id, watched)| Some((id, stream_symbol(watched)?))).collect();
        self.ids.extend(watched.iter().map(|(id, symbol)| (symbol.clone(), *id)));
        let watched: BTreeMap<_, _> = watched.into_iter().collect();
        self.late.retain(|id, _| watched.contains_key(id));
        watched
    }

    /// What an instrument is called in the engine, where one is watched.
    pub(super) fn id(&self, symbol: &StreamSymbol) -> Option<InstrumentId> {
        self.ids.get(symbol).copied()
    }

    /// The instrument of an event, where one is watched.
    pub(super) fn subject_of(&self, event: &StreamEvent) -> Option<InstrumentId> {
        match event {
            StreamEvent::Trade(trade) => self.id(&trade.symbol),
            StreamEvent::Quote(quote) => self.id(&quote.symbol),
            _ => None,
        }
    }

    /// Alerts that can fire.
    pub(super) fn armed(&self) -> u64 {
        self.versions.keys().filter(|id| self.engine.is_armed(id)).count() as u64
    }

    /// An alert and its version.
    pub(super) fn alert(&self, id: &str) -> Option<(&AlertDefinition, u64)> {
        Some((self.engine.definition(id)?.0, *self.versions.get(id)?))
    }

    /// The market time up to which all was seen.
    pub(super) fn newest(&self) -> Option<DateTime<Utc>> {
        self.engine.newest()
    }

    /// Takes a stream's event in; a gap is answered with what is to be filled.
    pub(super) fn event(&mut self, event: &StreamEvent) -> Vec<Gap> {
        self.events += 1;
        let event = match event {
            StreamEvent::Gap(gap) => return self.open_gaps(gap),
            StreamEvent::Trade(trade) => self.id(&trade.symbol).map(|instrument| {
                MarketEvent::Trade(MarketTrade {
                    instrument,
                    price: trade.price,
                    size: trade.size,
                    day_volume: trade.day_volume,
                    market_time: trade.market_time,
                    received_at: trade.received_at,
                    eligible: trade.eligible,
                    condition: trade.condition,
                })
            }),
            StreamEvent::Quote(quote) => self.id(&quote.symbol).map(|instrument| {
                MarketEvent::Quote(MarketQuote {
                    instrument,
                    bid: quote.bid,
                    ask: quote.ask,
                    market_time: quote.market_time,
                    received_at: quote.received_at,
                    condition: quote.condition,
                })
            }),
            StreamEvent::Greeks(greeks) => {
                self.id(&StreamSymbol::Option(greeks.symbol.clone())).map(|instrument| {
                    MarketEvent::Greeks(MarketGreeks {
                        instrument,
                        delta: greeks.delta,
                        market_time: greeks.market_time,
                        received_at: greeks.received_at,
                    })
                })
            }
            StreamEvent::Halt(halt) => self
                .id(&halt.symbol)
                .map(|instrument| MarketEvent::Halt(MarketHalt { instrument, halted: halt.halted })),
        };
        if let Some(event) = event {
            self.engine.on_event(&event, &mut self.firings);
        }
        Vec::new()
    }

    /// Notes an event that comes too late to count. With the first one that counts again: what is to be looked up.
    pub(super) fn lateness(&mut self, event: &StreamEvent) -> Option<Gap> {
        let (symbol, time, timeliness) = timeliness(event)?;
        let id = self.id(symbol)?;
        match timeliness {
            Timeliness::Late => {
                // What is older than the newest that was seen has been seen, or a gap is open.
                let seen = self.engine.cursor(id).filter(|seen| *seen < time)?;
                self.late.entry(id).or_insert(seen);
                None
            }
            Timeliness::Current => {
                let from = self.late.remove(&id)?;
                Some(Gap { symbol: symbol.clone(), id, from, until: time })
            }
            Timeliness::Unusable => None,
        }
    }

    /// Since when something may have happened that came too late.
    pub(super) fn late_since(&self) -> Option<DateTime<Utc>> {
        self.late.values().min().copied()
    }

    fn open_gaps(&mut self, gap: &StreamGap) -> Vec<Gap> {
        let all = gap.symbols.is_empty();
        let symbols: Vec<(StreamSymbol, InstrumentId)> =
            self.ids.iter().map(|(symbol, id)| (symbol.clone(), *id)).collect();
        let named = symbols.into_iter().filter(|(symbol, _)| all || gap.symbols.contains(symbol));
        named
            .map(|(symbol, id)| {
                // What was seen last may lie before the beginning that the stream knows.
                let from = self.engine.cursor(id).map_or(gap.from, |seen| seen.min(gap.from));
                self.open_gap(Gap { symbol, id, from, until: gap.until })
            })
            .collect()
    }

    /// Events of an instrument may have been missed; its bars follow.
    pub(super) fn open_gap(&mut self, gap: Gap) -> Gap {
        let event = MarketGap { instrument: Some(gap.id), from: gap.from, until: gap.until };
        self.engine.on_event(&MarketEvent::Gap(event), &mut self.firings);
        gap
    }

    /// Minutes of an open gap.
    pub(super) fn fill(&mut self, id: InstrumentId, bars: &[MinuteBar], now: DateTime<Utc>, done: bool) {
        for bar in bars.iter().filter_map(|bar| market_bar(id, bar, now)) {
            self.engine.on_event(&MarketEvent::Bar(bar), &mut self.firings);
        }
        if done {
            self.engine.on_event(&MarketEvent::Filled(Some(id)), &mut self.firings);
        }
    }

    /// What is known of a symbol for a session.
    pub(super) fn facts(&mut self, id: InstrumentId, facts: SymbolFacts, splits: &[Split]) {
        for split in splits {
            if let Some(event) = market_split(id, split) {
                self.engine.on_event(&MarketEvent::Split(event), &mut self.firings);
            }
        }
        self.engine.on_event(&MarketEvent::Facts(id, facts), &mut self.firings);
    }

    /// The market's time goes on; the ids of alerts that expired.
    pub(super) fn time(&mut self, now: DateTime<Utc>) -> Vec<String> {
        self.engine.on_time(now, &mut self.firings)
    }
}

/// Of what time an event is.
pub(super) fn timeliness(event: &StreamEvent) -> Option<(&StreamSymbol, DateTime<Utc>, Timeliness)> {
    let (symbol, time, received_at, condition) = match event {
        StreamEvent::Trade(trade) => (&trade.symbol, trade.market_time?, trade.received_at, trade.condition),
        StreamEvent::Quote(quote) => (&quote.symbol, quote.market_time?, quote.received_at, quote.condition),
        StreamEvent::Greeks(_) | StreamEvent::Halt(_) | StreamEvent::Gap(_) => return None,
    };
    Some((symbol, time, Timeliness::of(time, received_at, condition)))
}

/// How an alert of the engine compares with its row.
enum Standing {
    /// It is what the row says.
    Known,
    /// It has fired since.
    Behind,
    /// It is not there, or another one.
    New,
}

/// What a watch leaves for the next one. Its form is this program's own.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct DeskCheckpoint {
    /// The market time up to which all was seen.
    pub(super) seen_until: DateTime<Utc>,
    /// The version of each alert.
    versions: HashMap<String, u64>,
    engine: EngineSnapshot,
}

/// The definition of a row as it is armed.
fn watched(record: &AlertRecord) -> Option<AlertDefinition> {
    let paused = record.state == AlertState::Paused;
    definition(record).map(|alert| AlertDefinition { paused, ..alert })
}

/// A span of an instrument whose bars are to follow.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Gap {
    pub(super) symbol: StreamSymbol,
    pub(super) id: InstrumentId,
    pub(super) from: DateTime<Utc>,
    pub(super) until: DateTime<Utc>,
}

const fn can_fire(state: AlertState) -> bool {
    matches!(state, AlertState::Armed | AlertState::Firing | AlertState::Paused | AlertState::Snoozed)
}

fn stream_symbol(watched: &Watched) -> Option<StreamSymbol> {
    match watched {
        Watched::Equity(symbol) => Some(StreamSymbol::Equity(symbol.clone())),
        Watched::Option(contract) => Some(StreamSymbol::Option(contract.clone())),
        Watched::Legs(_) => None,
    }
}

fn market_bar(instrument: InstrumentId, bar: &MinuteBar, received_at: DateTime<Utc>) -> Option<MarketBar> {
    Some(MarketBar {
        instrument,
        start: bar.start,
        open: Decimal::from_f64(bar.open)?,
        high: Decimal::from_f64(bar.high)?,
        low: Decimal::from_f64(bar.low)?,
        close: Decimal::from_f64(bar.close)?,
        volume: bar.volume,
        received_at,
    })
}

fn market_split(instrument: InstrumentId, split: &Split) -> Option<MarketSplit> {
    let effective: NaiveDate = split.effective;
    Some(MarketSplit { instrument, effective, ratio: Decimal::from_f64(split.ratio)? })
}
