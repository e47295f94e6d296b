//! The market as the exchange sees it at one moment: plain data, so that matching is a pure function of it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use ttai_ports::Instrument;

use super::order::Side;

/// The compact symbol of an instrument (`AAPL`, `AAPL140621P00630000`): how the exchange, and Alpaca, name it.
#[must_use]
pub fn symbol_of(instrument: &Instrument) -> String {
    match instrument {
        Instrument::Equity(symbol) => symbol.to_string(),
        Instrument::Option(contract) => contract.to_string().replace(' ', ""),
    }
}

/// Whether trades may happen on a quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tradable {
    /// Yes.
    Yes,
    /// Trading is halted.
    Halted,
    /// The quote is too old to trade on.
    Stale,
}

/// The best bid and ask of an instrument, with what stands behind them.
#[derive(Clone, Debug, PartialEq)]
pub struct Touch {
    /// Best bid; none where nobody bids.
    pub bid: Option<Decimal>,
    /// Best ask; none where nobody offers.
    pub ask: Option<Decimal>,
    /// Shares or contracts bid for.
    pub bid_size: Decimal,
    /// Shares or contracts offered.
    pub ask_size: Decimal,
    /// Last trade.
    pub last: Option<Decimal>,
    /// Market time of the quote.
    pub time: DateTime<Utc>,
    /// Whether it may be traded on.
    pub tradable: Tradable,
}

impl Touch {
    /// What a side would trade at, and how much of it: the ask for a buyer, the bid for a seller. `None` where the quote
    /// may not be traded on, is crossed, or has nobody on the other side.
    #[must_use]
    pub fn offer_to(&self, side: Side) -> Option<(Decimal, Decimal)> {
        let crossed = matches!((self.bid, self.ask), (Some(bid), Some(ask)) if bid > ask);
        if self.tradable != Tradable::Yes || crossed {
            return None;
        }
        let (price, size) = match side {
            Side::Buy => (self.ask?, self.ask_size),
            Side::Sell => (self.bid?, self.bid_size),
        };
        (price > Decimal::ZERO && size > Decimal::ZERO).then_some((price, size))
    }

    /// The price to value a holding with: the midpoint, else the last trade, else the one side that stands.
    #[must_use]
    pub fn mark(&self) -> Option<Decimal> {
        match (self.bid, self.ask) {
            (Some(bid), Some(ask)) if bid <= ask => Some((bid + ask) / Decimal::TWO),
            (bid, ask) => self.last.or(bid).or(ask),
        }
    }
}

/// The part of the trading day, as far as orders care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The regular session.
    Regular,
    /// Before the open or after the close.
    Extended,
    /// Neither.
    Closed,
}

/// The market at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct MarketSnapshot {
    /// Market time.
    pub now: DateTime<Utc>,
    /// Part of the day.
    pub phase: Phase,
    /// When a day order that arrives now ends: the close of this session, or of the next.
    pub day_end: DateTime<Utc>,
    /// The quotes that are known, by compact symbol.
    pub touches: BTreeMap<String, Touch>,
}

impl MarketSnapshot {
    /// The quote of an instrument; none where the market does not know it.
    #[must_use]
    pub fn touch(&self, instrument: &Instrument) -> Option<&Touch> {
        self.touches.get(&symbol_of(instrument))
    }
}
