//! Quotes, trades and Greeks as they happen.

use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use ttai_core::{OccSymbol, QuoteCondition, Symbol};

use crate::error::PortError;

/// What can be watched.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StreamSymbol {
    /// A share, a fund or an index.
    Equity(Symbol),
    /// One option contract.
    Option(OccSymbol),
}

impl fmt::Display for StreamSymbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equity(symbol) => write!(f, "{symbol}"),
            Self::Option(contract) => write!(f, "{contract}"),
        }
    }
}

/// Which kinds of events a subscription wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamKinds {
    /// Best bid and ask.
    pub quotes: bool,
    /// Trades.
    pub trades: bool,
    /// Greeks of options.
    pub greeks: bool,
}

impl StreamKinds {
    /// Everything that the provider has.
    pub const ALL: Self = Self { quotes: true, trades: true, greeks: true };
}

/// The best bid and ask at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamQuote {
    /// Whose.
    pub symbol: StreamSymbol,
    /// Best bid in dollars; none where nobody bids.
    pub bid: Option<Decimal>,
    /// Best ask in dollars; none where nobody offers.
    pub ask: Option<Decimal>,
    /// Shares or contracts bid for.
    pub bid_size: f64,
    /// Shares or contracts offered.
    pub ask_size: f64,
    /// When the market was so; none where the feed does not say.
    pub market_time: Option<DateTime<Utc>>,
    /// When it was received here.
    pub received_at: DateTime<Utc>,
    /// What keeps it from being taken as of now: [`QuoteCondition::LastKnown`] for a state that a subscription brought and
    /// nothing has confirmed since, [`QuoteCondition::Stale`] where its own time says so.
    pub condition: Option<QuoteCondition>,
}

/// One trade.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamTrade {
    /// Whose.
    pub symbol: StreamSymbol,
    /// Dollars a share.
    pub price: Decimal,
    /// Shares or contracts.
    pub size: f64,
    /// When it was made; none where the feed does not say.
    pub market_time: Option<DateTime<Utc>>,
    /// When it was received here.
    pub received_at: DateTime<Utc>,
    /// As of a [`StreamQuote`].
    pub condition: Option<QuoteCondition>,
    /// Shares traded in the session so far, where the provider says so.
    pub day_volume: Option<f64>,
    /// Whether it may set the last price (not a late, odd-lot or out-of-sequence print).
    pub eligible: bool,
}

/// Greeks as the provider computes them; NaN where it says that a contract has none.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamGreeks {
    /// Which contract.
    pub symbol: OccSymbol,
    /// Theoretical price in dollars a share.
    pub price: f64,
    /// Implied volatility as a fraction a year.
    pub volatility: f64,
    /// Per dollar of the underlying.
    pub delta: f64,
    /// Delta per dollar of the underlying.
    pub gamma: f64,
    /// Dollars a day.
    pub theta: f64,
    /// Dollars per point of interest.
    pub rho: f64,
    /// Dollars per point of volatility.
    pub vega: f64,
    /// When the market was so; none where the feed does not say.
    pub market_time: Option<DateTime<Utc>>,
    /// When it was received here.
    pub received_at: DateTime<Utc>,
}

/// A span in which events may have been missed; whoever must miss none backfills it from bars.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamGap {
    /// Which symbols; empty for all of the subscription.
    pub symbols: Vec<StreamSymbol>,
    /// Market time of the last event before it.
    pub from: DateTime<Utc>,
    /// Market time at which the stream stood again.
    pub until: DateTime<Utc>,
    /// Why: "the connection was reset".
    pub reason: String,
}

/// Trading of a symbol stopped or began again.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamHalt {
    /// Whose.
    pub symbol: StreamSymbol,
    /// Whether it is halted now.
    pub halted: bool,
    /// Why, as the exchange words it; may be empty.
    pub reason: String,
    /// When; where the feed does not say, when it was received.
    pub market_time: DateTime<Utc>,
}

/// What a stream says. A reader that lets too much wait gets one gap instead of what could not be kept for it, and after the
/// gap the newest halt of each symbol; it holds up nobody else.
#[derive(Clone, Debug, PartialEq)]
pub enum StreamEvent {
    /// A new best bid and ask. Conflated: a slow reader sees the newest only.
    Quote(StreamQuote),
    /// A trade. Left out only where a gap says so.
    Trade(StreamTrade),
    /// New Greeks. Conflated.
    Greeks(StreamGreeks),
    /// Events may have been missed. Never left out.
    Gap(StreamGap),
    /// A halt or its end. Never left out.
    Halt(StreamHalt),
}

/// A reader that does not keep up: what could not be kept for it is merged into one gap until it has read what waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldUp {
    /// The reader's number in its stream, from 1.
    pub reader: u64,
    /// Since when, by the local clock.
    pub since: DateTime<Utc>,
    /// Events that were merged into the gap so far.
    pub merged: u64,
}

/// How a stream is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamHealth {
    /// Whether it is connected and authorised now.
    pub connected: bool,
    /// Market time of the newest event.
    pub last_event: Option<DateTime<Utc>>,
    /// Connections that were lost since the start.
    pub reconnects: u64,
    /// Symbols subscribed now.
    pub symbols: usize,
    /// The last trouble, in one line.
    pub last_error: Option<String>,
    /// Readers that do not keep up now.
    pub held_up: Vec<HeldUp>,
    /// Events that were merged into readers' gaps since the start.
    pub merged: u64,
}

/// One reader's share of a stream. Dropping it unsubscribes what nobody else reads.
#[async_trait]
pub trait StreamReader: Send {
    /// The next event; `None` once the stream was closed for good. A call that is given up loses no event.
    async fn next(&mut self) -> Option<StreamEvent>;
    /// Adds symbols; those already there are kept.
    async fn add(&mut self, symbols: &[StreamSymbol]) -> Result<(), PortError>;
    /// Takes symbols out.
    async fn remove(&mut self, symbols: &[StreamSymbol]) -> Result<(), PortError>;
}

/// A provider's stream: one connection an account, shared by all readers of a process.
#[async_trait]
pub trait QuoteStream: Send + Sync {
    /// Who this is: `dxlink`, `alpaca`.
    fn name(&self) -> &str;
    /// Begins to read. The first events of a symbol are its present state, where the provider sends one.
    async fn subscribe(
        &self,
        symbols: &[StreamSymbol],
        kinds: StreamKinds,
    ) -> Result<Box<dyn StreamReader>, PortError>;
    /// How the connection is.
    fn health(&self) -> StreamHealth;
}
