//! Quotes and what is wrong with them.

use std::fmt;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::symbol::Symbol;

/// Something that keeps a quote from being taken at face value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuoteCondition {
    /// Older than its kind may be.
    Stale,
    /// As old as its feed's own delay makes it, and no older.
    Delayed,
    /// The last that the source knows, of a time that nobody says: it was received now and may be of any age.
    LastKnown,
    /// Trading is halted.
    Halted,
    /// The bid is above the ask.
    Crossed,
    /// Bid or ask is missing.
    OneSided,
    /// Far off the day's other prints.
    Outlier,
}

impl fmt::Display for QuoteCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stale => "stale",
            Self::Delayed => "delayed by its feed",
            Self::LastKnown => "the last known, of no known time",
            Self::Halted => "halted",
            Self::Crossed => "crossed",
            Self::OneSided => "one-sided",
            Self::Outlier => "an outlier",
        })
    }
}

/// The best bid and ask and the last trade of a symbol at a moment of the market.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quote {
    /// The symbol.
    pub symbol: Symbol,
    /// Best bid in dollars; none where nobody bids.
    pub bid: Option<Decimal>,
    /// Best ask in dollars; none where nobody offers.
    pub ask: Option<Decimal>,
    /// Last eligible trade in dollars.
    pub last: Option<Decimal>,
    /// Shares traded in the session so far.
    pub volume: u64,
    /// When the market was so.
    pub market_time: DateTime<Utc>,
    /// When it was received here.
    pub received_at: DateTime<Utc>,
    /// Which provider said so.
    pub source: String,
    /// What is wrong with it; empty for a good quote.
    pub conditions: Vec<QuoteCondition>,
}

impl Quote {
    /// Midpoint of bid and ask, where both stand and are not crossed.
    #[must_use]
    pub fn mid(&self) -> Option<Decimal> {
        match (self.bid, self.ask) {
            (Some(bid), Some(ask)) if bid <= ask => Some((bid + ask) / Decimal::TWO),
            _ => None,
        }
    }

    /// Whether its feed's own delay explains its age.
    #[must_use]
    pub fn is_delayed(&self) -> bool {
        self.conditions.contains(&QuoteCondition::Delayed)
    }

    /// Whether anything is wrong with it; a feed's own delay is not.
    #[must_use]
    pub fn is_doubtful(&self) -> bool {
        self.conditions.iter().any(|condition| *condition != QuoteCondition::Delayed)
    }

    /// The price to analyse with: the midpoint where the quote has two sides, else the last trade.
    #[must_use]
    pub fn price(&self) -> Option<f64> {
        self.mid().or(self.last).and_then(|price| price.to_f64())
    }
}
