//! What is ordered at a broker, which way, for how long, and where an order stands there.

use std::borrow::Cow;
use std::fmt;

use rust_decimal::Decimal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::option::{OccSymbol, OccSymbolError};
use crate::symbol::{Symbol, SymbolError};

/// What can be held or ordered. On the wire a ticker or a 21-character OCC symbol, which no ticker is as long as.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Instrument {
    /// Shares.
    Equity(Symbol),
    /// An option contract.
    Option(OccSymbol),
}

/// Why a text names nothing that can be ordered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InstrumentError {
    /// Short as a ticker, and none.
    #[error(transparent)]
    Ticker(#[from] SymbolError),
    /// Long as an option's symbol, and none.
    #[error(transparent)]
    Option(#[from] OccSymbolError),
}

impl Instrument {
    /// The shares or the option's underlying.
    #[must_use]
    pub fn underlying(&self) -> Symbol {
        match self {
            Self::Equity(symbol) => symbol.clone(),
            Self::Option(contract) => contract.underlying(),
        }
    }

    /// Dollars of cash per dollar of price: 1 for a share, 100 for a standard contract.
    #[must_use]
    pub const fn multiplier(&self) -> Decimal {
        match self {
            Self::Equity(_) => Decimal::ONE,
            Self::Option(_) => Decimal::ONE_HUNDRED,
        }
    }

    /// The option's parts; none of shares.
    #[must_use]
    pub fn contract(&self) -> Option<&OccSymbol> {
        match self {
            Self::Equity(_) => None,
            Self::Option(contract) => Some(contract),
        }
    }
}

impl TryFrom<String> for Instrument {
    type Error = InstrumentError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.trim().len() > Symbol::MAX_LENGTH {
            Ok(Self::Option(OccSymbol::parse(&text)?))
        } else {
            Ok(Self::Equity(Symbol::new(&text)?))
        }
    }
}

impl From<Instrument> for String {
    fn from(instrument: Instrument) -> Self {
        instrument.to_string()
    }
}

impl JsonSchema for Instrument {
    fn schema_name() -> Cow<'static, str> {
        "Instrument".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A ticker, or the 21 characters of an option's OCC symbol.",
            "type": "string",
            "minLength": 1,
            "maxLength": 21,
            "examples": ["AAPL", "SPXW  261218C05000000"],
        })
    }
}

impl fmt::Display for Instrument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equity(symbol) => symbol.fmt(f),
            Self::Option(contract) => contract.fmt(f),
        }
    }
}

/// What a leg does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderAction {
    /// Buy what is not short.
    BuyToOpen,
    /// Sell what is not held.
    SellToOpen,
    /// Buy back what is short.
    BuyToClose,
    /// Sell what is held.
    SellToClose,
}

impl OrderAction {
    /// Whether it pays.
    #[must_use]
    pub fn is_buy(self) -> bool {
        matches!(self, Self::BuyToOpen | Self::BuyToClose)
    }

    /// Whether it opens.
    #[must_use]
    pub fn is_opening(self) -> bool {
        matches!(self, Self::BuyToOpen | Self::SellToOpen)
    }

    /// What undoes it.
    #[must_use]
    pub fn undone(self) -> Self {
        match self {
            Self::BuyToOpen => Self::SellToClose,
            Self::SellToOpen => Self::BuyToClose,
            Self::BuyToClose => Self::SellToOpen,
            Self::SellToClose => Self::BuyToOpen,
        }
    }
}

/// How long an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeInForce {
    /// Until the session's close.
    Day,
    /// Until it is cancelled.
    GoodTilCanceled,
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Received, not yet working.
    Received,
    /// Working at the exchange.
    Live,
    /// Some of it was filled; the rest works.
    PartiallyFilled,
    /// Done.
    Filled,
    /// Taken back; what was filled before stays filled.
    Canceled,
    /// Refused.
    Rejected,
    /// Its time ran out.
    Expired,
}

impl fmt::Display for OrderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Received => "received",
            Self::Live => "live",
            Self::PartiallyFilled => "partly filled",
            Self::Filled => "filled",
            Self::Canceled => "cancelled",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
        })
    }
}

impl OrderStatus {
    /// Whether nothing more can happen to it.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Filled | Self::Canceled | Self::Rejected | Self::Expired)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instrument_is_one_text() {
        for (text, underlying) in
            [("\"BRK.B\"", "BRK.B"), ("\"SPXW  261218C05000000\"", "SPX"), ("\"F     250117C00012500\"", "F")]
        {
            let instrument: Instrument = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&instrument).unwrap(), text);
            assert_eq!(instrument.underlying().as_str(), underlying);
        }
        for bad in ["", "9", "SPXW261218X05000000", "ABCDEFGHIJKLM"] {
            assert!(Instrument::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
