//! What is traded, why, at which price, and by which strategy: the words that the rules of trading and the wire have in common.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::order::{Instrument, OrderAction};

/// Which strategy.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TradingStrategy {
    /// One SPX call bought, ten SPY calls sold on the same expiration, for a credit.
    #[default]
    SpySpx,
    /// The best cash-secured put of the day's screen sold.
    CspEntry,
}

impl TradingStrategy {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::SpySpx, Self::CspEntry];

    /// As in the configuration and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SpySpx => "spy_spx",
            Self::CspEntry => "csp_entry",
        }
    }
}

impl fmt::Display for TradingStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Not a strategy's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no strategy '{0}'; choose from spy_spx, csp_entry")]
pub struct UnknownStrategy(String);

impl FromStr for TradingStrategy {
    type Err = UnknownStrategy;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|strategy| strategy.as_str() == text);
        found.ok_or_else(|| UnknownStrategy(text.to_owned()))
    }
}

/// Why an order is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderPurpose {
    /// Opens a position.
    Entry,
    /// Closes one.
    Exit,
    /// Closes one and opens its successor.
    Roll,
    /// Undoes legs that stand alone.
    Compensation,
}

impl OrderPurpose {
    /// As on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Exit => "exit",
            Self::Roll => "roll",
            Self::Compensation => "compensation",
        }
    }
}

/// The limit of one unit of all legs, in dollars a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NetPrice {
    /// At most this much is paid.
    Debit(Decimal),
    /// At least this much is received.
    Credit(Decimal),
}

impl NetPrice {
    /// Positive paid, negative received.
    #[must_use]
    pub fn of_signed(paid: Decimal) -> Self {
        if paid.is_sign_negative() && !paid.is_zero() { Self::Credit(-paid) } else { Self::Debit(paid) }
    }

    /// Positive paid, negative received.
    #[must_use]
    pub fn signed(self) -> Decimal {
        match self {
            Self::Debit(amount) => amount,
            Self::Credit(amount) => -amount,
        }
    }

    /// Dollars a share, without the direction.
    #[must_use]
    pub fn amount(self) -> Decimal {
        match self {
            Self::Debit(amount) | Self::Credit(amount) => amount,
        }
    }
}

impl fmt::Display for NetPrice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if matches!(self, Self::Debit(_)) { "debit" } else { "credit" };
        write!(f, "{:.2} {word}", self.amount())
    }
}

/// One leg of a trade.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IntentLeg {
    /// What: a ticker or an OCC symbol.
    pub instrument: Instrument,
    /// Which way.
    pub action: OrderAction,
    /// Shares or contracts in one unit, at least 1.
    #[schemars(range(min = 1))]
    pub ratio: u32,
}

/// How a position, and the trade that opened it, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PositionEnd {
    /// An order of ours closed it before its last close.
    ClosedEarly,
    /// It was held until it expired or was settled in cash.
    HeldToExpiration,
    /// A short option was assigned.
    Assigned,
    /// A long option was exercised.
    Exercised,
    /// One order closed it and opened its successor.
    Rolled,
    /// The broker closed it by itself.
    Liquidated,
    /// Somebody closed it at the broker.
    ClosedByHand,
}

impl PositionEnd {
    /// As in the trade log and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClosedEarly => "closed_early",
            Self::HeldToExpiration => "held_to_expiration",
            Self::Assigned => "assigned",
            Self::Exercised => "exercised",
            Self::Rolled => "rolled",
            Self::Liquidated => "liquidated",
            Self::ClosedByHand => "closed_by_hand",
        }
    }
}
