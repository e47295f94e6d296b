//! What an alert watches.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{OccSymbol, OptionRight, Symbol};

/// What an alert watches.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum AlertSubject {
    /// A share, a fund or an index.
    Symbol {
        /// Its ticker.
        symbol: Symbol,
    },
    /// One option contract.
    Option {
        /// Its OCC symbol.
        contract: OccSymbol,
    },
    /// Each symbol of a watchlist, as an alert of its own.
    Watchlist {
        /// The watchlist's name: 1 to 64 characters, no quotation or control characters.
        name: String,
    },
    /// Contracts together, as one price: the amount of Σ ratio · mid, whether debit or credit.
    Legs {
        /// Two to four of them.
        legs: Vec<AlertLeg>,
    },
    /// Each option position that fits, as an alert of its own.
    Positions {
        /// Of this symbol only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        underlying: Option<Symbol>,
        /// Short or long only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        side: Option<PositionSide>,
        /// Calls or puts only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        right: Option<OptionRight>,
    },
}

/// One contract of several.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertLeg {
    /// Its OCC symbol.
    pub contract: OccSymbol,
    /// Contracts of it in one of the whole, negative where they are sold: −100 to 100, not 0.
    pub ratio: i32,
}

/// Which way a position is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PositionSide {
    /// Bought.
    Long,
    /// Sold.
    Short,
}

impl AlertSubject {
    /// The subject that a single text names: an OCC symbol or a ticker.
    ///
    /// # Errors
    /// What is wrong with the ticker.
    pub fn parse(text: &str) -> Result<Self, crate::SymbolError> {
        match OccSymbol::parse(text) {
            Ok(contract) => Ok(Self::Option { contract }),
            Err(_) => Symbol::new(text).map(|symbol| Self::Symbol { symbol }),
        }
    }

    /// One short text: the ticker, the OCC symbol, the positions' underlying, else the words for it.
    #[must_use]
    pub fn symbol_text(&self) -> String {
        match self {
            Self::Symbol { symbol } | Self::Positions { underlying: Some(symbol), .. } => symbol.to_string(),
            Self::Option { contract } => contract.to_string(),
            _ => self.to_string(),
        }
    }

    /// The option contracts that it names.
    pub fn contracts(&self) -> impl Iterator<Item = &OccSymbol> {
        let (one, legs): (Option<&OccSymbol>, &[AlertLeg]) = match self {
            Self::Option { contract } => (Some(contract), &[]),
            Self::Legs { legs } => (None, legs),
            _ => (None, &[]),
        };
        one.into_iter().chain(legs.iter().map(|leg| &leg.contract))
    }

    /// Whether it stands for several alerts, one a member.
    #[must_use]
    pub const fn is_set(&self) -> bool {
        matches!(self, Self::Watchlist { .. } | Self::Positions { .. })
    }
}

impl fmt::Display for AlertSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Symbol { symbol } => write!(f, "{symbol}"),
            Self::Option { contract } => write_contract(f, contract),
            Self::Watchlist { name } if name.chars().all(is_plain) => write!(f, "watchlist {name}"),
            Self::Watchlist { name } => write!(f, "watchlist '{name}'"),
            Self::Legs { legs } => write_legs(f, legs),
            Self::Positions { underlying, side, right } => {
                write_positions(f, underlying.as_ref(), *side, *right)
            }
        }
    }
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

fn write_contract(f: &mut fmt::Formatter<'_>, contract: &OccSymbol) -> fmt::Result {
    let OccSymbol { root, expiration, right, strike } = contract;
    write!(f, "{root} {expiration} {}{}", strike.normalize(), right.letter())
}

fn write_legs(f: &mut fmt::Formatter<'_>, legs: &[AlertLeg]) -> fmt::Result {
    for (place, leg) in legs.iter().enumerate() {
        write!(f, "{}{:+} ", if place == 0 { "" } else { " " }, leg.ratio)?;
        write_contract(f, &leg.contract)?;
    }
    Ok(())
}

fn write_positions(
    f: &mut fmt::Formatter<'_>,
    underlying: Option<&Symbol>,
    side: Option<PositionSide>,
    right: Option<OptionRight>,
) -> fmt::Result {
    let side = match side {
        Some(PositionSide::Long) => "long ",
        Some(PositionSide::Short) => "short ",
        None => "",
    };
    let what = right.map_or_else(|| "option".to_owned(), |right| right.to_string());
    match underlying {
        Some(symbol) => write!(f, "my {side}{symbol} {what}s"),
        None => write!(f, "any {side}{what}"),
    }
}
