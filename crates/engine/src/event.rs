//! What the market does, as the engine takes it.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use ttai_core::alert::{AlertLeg, AlertSubject};
use ttai_core::{OccSymbol, QuoteCondition, Symbol};

/// What can be watched.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Watched {
    /// A share, a fund or an index.
    Equity(Symbol),
    /// One option contract.
    Option(OccSymbol),
    /// Contracts together: no event is of them, only facts of a position in them.
    Legs(Vec<AlertLeg>),
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equity(symbol) => write!(f, "{symbol}"),
            Self::Option(contract) => write!(f, "{contract}"),
            Self::Legs(legs) => write!(f, "{}", AlertSubject::Legs { legs: legs.clone() }),
        }
    }
}

/// What [`crate::Engine::instrument`] calls a [`Watched`]; of no meaning to another engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InstrumentId(pub(crate) u32);

/// A trade.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MarketTrade {
    /// Of what.
    pub instrument: InstrumentId,
    /// Dollars a share.
    pub price: Decimal,
    /// Shares or contracts.
    pub size: f64,
    /// Shares or contracts of the session so far, where the feed says so.
    pub day_volume: Option<f64>,
    /// When it was made; none where the feed does not say.
    pub market_time: Option<DateTime<Utc>>,
    /// When it was received.
    pub received_at: DateTime<Utc>,
    /// Whether it may set the last price (no late, odd-lot or out-of-sequence print).
    pub eligible: bool,
    /// What keeps it from being taken as of now; a feed's own delay does not.
    pub condition: Option<QuoteCondition>,
}

/// A best bid and ask.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MarketQuote {
    /// Of what.
    pub instrument: InstrumentId,
    /// Dollars a share; none where nobody bids.
    pub bid: Option<Decimal>,
    /// Dollars a share; none where nobody offers.
    pub ask: Option<Decimal>,
    /// When it stood; none where the feed does not say.
    pub market_time: Option<DateTime<Utc>>,
    /// When it was received.
    pub received_at: DateTime<Utc>,
    /// As of a [`MarketTrade`].
    pub condition: Option<QuoteCondition>,
}

/// Greeks of a contract.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MarketGreeks {
    /// Of which contract.
    pub instrument: InstrumentId,
    /// Per dollar of the underlying; NaN where there is none.
    pub delta: f64,
    /// When the market was so; none where the feed does not say.
    pub market_time: Option<DateTime<Utc>>,
    /// When it was received.
    pub received_at: DateTime<Utc>,
}

/// A finished minute of trades.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MarketBar {
    /// Of what.
    pub instrument: InstrumentId,
    /// Start of the minute.
    pub start: DateTime<Utc>,
    /// First trade, dollars.
    pub open: Decimal,
    /// Highest trade.
    pub high: Decimal,
    /// Lowest trade.
    pub low: Decimal,
    /// Last trade.
    pub close: Decimal,
    /// Shares.
    pub volume: f64,
    /// When it was received.
    pub received_at: DateTime<Utc>,
}

/// Trading stopped or began again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketHalt {
    /// Of what.
    pub instrument: InstrumentId,
    /// Whether it is halted now.
    pub halted: bool,
}

/// A span in which events may have been missed. Its minute bars, from that of `from` to that of `until`, are to follow, and
/// then [`MarketEvent::Filled`]. They are bars of trades: what quotes alone would have shown is not found in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketGap {
    /// Of what; none for everything.
    pub instrument: Option<InstrumentId>,
    /// Market time of the last event before it.
    pub from: DateTime<Utc>,
    /// Market time at which events came again.
    pub until: DateTime<Utc>,
}

/// A split. It is to be told before the first event of its session; told later, only what follows is compared rightly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketSplit {
    /// Of what.
    pub instrument: InstrumentId,
    /// First session at the new price.
    pub effective: NaiveDate,
    /// New shares for one old share.
    pub ratio: Decimal,
}

/// What is known of a symbol, or of a position in a contract, for a session. It replaces what was known before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SymbolFacts {
    /// The session that it is about: for no other one do `previous_close`, `open` and `iv_rank` count.
    pub date: Option<NaiveDate>,
    /// Adjusted close of the session before, dollars.
    pub previous_close: Option<Decimal>,
    /// The session's first price, dollars.
    pub open: Option<Decimal>,
    /// Shares of an average session.
    pub average_volume: Option<f64>,
    /// Shares of an average minute.
    pub average_minute_volume: Option<f64>,
    /// 0 to 100.
    pub iv_rank: Option<Decimal>,
    /// The next report.
    pub next_earnings: Option<NaiveDate>,
    /// What a short position brought, dollars a share.
    pub credit: Option<Decimal>,
    /// What a position was entered at, dollars a share.
    pub entry: Option<Decimal>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MarketEvent {
    /// A trade.
    Trade(MarketTrade),
    /// A best bid and ask.
    Quote(MarketQuote),
    /// Greeks.
    Greeks(MarketGreeks),
    /// A finished minute, of a backfill or of a source that has nothing finer.
    Bar(MarketBar),
    /// A halt or its end.
    Halt(MarketHalt),
    /// Events may have been missed.
    Gap(MarketGap),
    /// All bars of the open gap of an instrument, or of every one, have been given.
    Filled(Option<InstrumentId>),
    /// A split; once it is known, also before it takes effect.
    Split(MarketSplit),
    /// Facts of a session.
    Facts(InstrumentId, SymbolFacts),
}

impl MarketEvent {
    /// Its market time in microseconds, no later than it was received.
    pub(crate) fn time(&self) -> Option<i64> {
        let (time, received) = match self {
            Self::Trade(trade) => (trade.market_time?, trade.received_at),
            Self::Quote(quote) => (quote.market_time?, quote.received_at),
            Self::Greeks(greeks) => (greeks.market_time?, greeks.received_at),
            Self::Bar(bar) => (bar.start, bar.received_at),
            _ => return None,
        };
        Some(time.min(received).timestamp_micros())
    }
}
