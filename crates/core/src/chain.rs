//! Option chains as the market quoted them.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::option::OptionContract;
use crate::quote::Quote;

/// One contract's quote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OptionQuote {
    /// The contract.
    pub contract: OptionContract,
    /// Best bid in dollars a share; zero means that nobody bids.
    pub bid: Decimal,
    /// Best ask in dollars a share; zero means that nobody offers.
    pub ask: Decimal,
    /// Contracts bid for.
    pub bid_size: u32,
    /// Contracts offered.
    pub ask_size: u32,
    /// Last trade of the day, if any.
    pub last: Option<Decimal>,
    /// Contracts traded in the session so far.
    pub volume: u64,
    /// Open interest at the start of the day; none where the exchange reported none.
    pub open_interest: Option<u64>,
    /// When this quote was made; earlier than the chain's time means stale.
    pub quote_time: DateTime<Utc>,
}

impl OptionQuote {
    /// Midpoint of bid and ask, the bid counted as zero where nobody bids.
    #[must_use]
    pub fn mid(&self) -> Decimal {
        (self.bid + self.ask) / Decimal::TWO
    }
}

/// A whole chain at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OptionChain {
    /// The underlying's quote at the same moment.
    pub underlying: Quote,
    /// The moment of the snapshot.
    pub snapshot_time: DateTime<Utc>,
    /// Every contract quoted, by expiration, strike and right.
    pub quotes: Vec<OptionQuote>,
    /// Which provider said so.
    pub source: String,
    /// What a reader must know of it, such as contracts that could not be read; a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}
