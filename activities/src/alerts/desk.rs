//! The engine with what the store and the stream call things: rows in, stream events in, firings out. No I/O.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use ttai_core::alert::{AlertDefinition, AlertSubject};
use ttai_core::{MinuteBar, Split};
use ttai_engine::{
    Engine, Firing, InstrumentId, MarketBar, MarketEvent, MarketGap, MarketGreeks, MarketHalt, MarketQuote,
    MarketSplit, MarketTrade, SymbolFacts, Watched,
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
    /// What fired and is not recorded yet, oldest first.
    pub(super) firings: Vec<Firing>,
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
            firings: Vec::new(),
            events: 0,
        }
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
        let alert = definition(record).filter(|_| can_fire(record.state));
        let Some(alert) = alert else {
            self.versions.remove(&record.id);
            self.changed |= self.engine.remove(&record.id).is_some();
            return Vec::new();
        };
        let alert = AlertDefinition { paused: record.state == AlertState::Paused, ..alert };
        let there = self.engine.definition(&record.id).map(|(there, arming)| (there.clone(), arming));
        let is_known = self.versions.get(&record.id) == Some(&record.version)
            && there.as_ref().is_some_and(|(there, arming)| *there == alert && *arming == record.arming);
        if is_known {
            return Vec::new();
        }
        let from = alert.created_at.unwrap_or(record.created_at);
        let from = seen.map_or(from, |seen| from.max(seen)).min(now);
        let armed = match there {
            Some(_) => self.engine.change(alert.clone(), record.arming, from).map(|_| ()),
            None => self.engine.arm(alert.clone(), record.arming, from),
        };
        if let Err(error) = armed {
            tracing::warn!(alert = record.id, "an alert cannot be armed: {error}");
            return Vec::new();
        }
        self.versions.insert(record.id.clone(), record.version);
        self.changed = true;
        self.instruments(&alert.subject).into_iter().map(|id| (id, from)).collect()
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
        watched.into_iter().collect()
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
