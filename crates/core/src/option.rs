//! Option contracts and their OCC symbols.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::symbol::{Symbol, SymbolError};

/// Call or put.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OptionRight {
    /// The right to buy.
    #[serde(alias = "C", alias = "c", alias = "Call", alias = "CALL")]
    Call,
    /// The right to sell.
    #[serde(alias = "P", alias = "p", alias = "Put", alias = "PUT")]
    Put,
}

impl OptionRight {
    /// `C` or `P`, as in an OCC symbol.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Call => 'C',
            Self::Put => 'P',
        }
    }

    /// +1 for a call, −1 for a put.
    #[must_use]
    pub fn sign(self) -> f64 {
        match self {
            Self::Call => 1.0,
            Self::Put => -1.0,
        }
    }

    /// Value if exercised now: max(S − K, 0) or max(K − S, 0).
    #[must_use]
    pub fn intrinsic(self, spot: f64, strike: f64) -> f64 {
        (self.sign() * (spot - strike)).max(0.0)
    }
}

impl fmt::Display for OptionRight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Call => "call",
            Self::Put => "put",
        })
    }
}

/// When a holder may exercise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExerciseStyle {
    /// On any day up to expiration (all equity and ETF options).
    American,
    /// At expiration only (most index options).
    European,
}

/// What exercise brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Settlement {
    /// Shares change hands.
    Physical,
    /// The difference is paid in cash.
    Cash,
}

/// Which print settles the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum SettlementTime {
    /// The opening of the expiration day; trading ends the session before.
    Am,
    /// The close of the expiration day.
    Pm,
}

/// One listed option contract.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct OptionContract {
    /// The contract's root, the underlying's ticker unless the deliverable was adjusted (`AAPL7`) or it is a weekly index root (`SPXW`).
    pub root: Symbol,
    /// The symbol that is delivered or whose level settles the contract.
    pub underlying: Symbol,
    /// Call or put.
    pub right: OptionRight,
    /// Strike in dollars.
    pub strike: Decimal,
    /// The listed expiration date (monthlies were dated Saturdays until 2015).
    pub expiration: NaiveDate,
    /// The last session in which the contract trades; days to expiration count to it.
    pub last_trade_date: NaiveDate,
    /// The instant at which the last session ends.
    pub expiration_close: DateTime<Utc>,
    /// American or European.
    pub style: ExerciseStyle,
    /// Physical or cash.
    pub settlement: Settlement,
    /// AM or PM.
    pub settlement_time: SettlementTime,
    /// Dollars per point, 100 as a rule.
    pub multiplier: u32,
    /// Shares delivered per contract; anything but 100 is a non-standard contract and left out unless asked for.
    pub deliverable_shares: u32,
}

impl OptionContract {
    /// Its OCC symbol, in parts.
    #[must_use]
    pub fn occ(&self) -> OccSymbol {
        OccSymbol {
            root: self.root.clone(),
            expiration: self.expiration,
            right: self.right,
            strike: self.strike,
        }
    }

    /// The 21-character OCC (OSI) symbol: root padded to 6, yymmdd, C or P, strike in thousandths padded to 8.
    #[must_use]
    pub fn occ_symbol(&self) -> String {
        self.occ().to_string()
    }

    /// New York calendar days from `date` to the last trade date; 0 on the expiration day, negative after it.
    #[must_use]
    pub fn dte(&self, date: NaiveDate) -> i64 {
        (self.last_trade_date - date).num_days()
    }

    /// Years (of 365 days) from `at` to the close of the last session, never negative.
    #[must_use]
    pub fn years_to_expiration(&self, at: DateTime<Utc>) -> f64 {
        let seconds = (self.expiration_close - at).num_milliseconds() as f64 / 1000.0;
        (seconds / (365.0 * 86_400.0)).max(0.0)
    }

    /// The strike as a float, for pricing.
    #[must_use]
    pub fn strike_f64(&self) -> f64 {
        self.strike.to_f64().unwrap_or(f64::NAN)
    }

    /// Whether one contract delivers 100 shares at 100 dollars a point, and nothing else: an adjusted root says that it does
    /// not, whatever else is said of it.
    #[must_use]
    pub fn is_standard(&self) -> bool {
        let is_adjusted = self.root != self.underlying && self.root.is_adjusted_root();
        self.deliverable_shares == 100 && self.multiplier == 100 && !is_adjusted
    }
}

/// The parts that an OCC symbol spells out. On the wire it is that symbol.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct OccSymbol {
    /// Contract root, at most 6 letters and digits.
    pub root: Symbol,
    /// Listed expiration date.
    pub expiration: NaiveDate,
    /// Call or put.
    pub right: OptionRight,
    /// Strike in dollars, at most 99,999.999.
    pub strike: Decimal,
}

/// Why a text is no OCC option symbol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OccSymbolError {
    /// Not `ROOT` + `yymmdd` + `C|P` + 8 digits.
    #[error(
        "'{0}' is not an OCC option symbol; the form is ROOT, yymmdd, C or P, strike × 1000 as 8 digits, e.g. 'AAPL  140621P00630000'"
    )]
    Form(String),
    /// No such day in the calendar.
    #[error("'{0}' names a date that does not exist")]
    Date(String),
    /// The root is no ticker.
    #[error("the root of '{text}' is no ticker: {source}")]
    Root {
        /// The whole text.
        text: String,
        /// What is wrong with the root.
        source: SymbolError,
    },
}

impl OccSymbol {
    /// Parses a padded (`AAPL  140621P00630000`) or compact (`AAPL140621P00630000`) symbol.
    ///
    /// # Errors
    /// [`OccSymbolError`] names what is wrong.
    pub fn parse(text: &str) -> Result<Self, OccSymbolError> {
        let form = || OccSymbolError::Form(text.chars().take(40).collect());
        let trimmed = text.trim();
        if !trimmed.is_ascii() || trimmed.len() < 16 || trimmed.len() > 21 {
            return Err(form());
        }
        let (root, tail) = trimmed.split_at(trimmed.len() - 15);
        let root = Symbol::new(root.trim_end())
            .map_err(|source| OccSymbolError::Root { text: trimmed.to_owned(), source })?
            .option_root();
        let (date, rest) = tail.split_at(6);
        let (right, strike) = rest.split_at(1);
        if !date.bytes().chain(strike.bytes()).all(|b| b.is_ascii_digit()) {
            return Err(form());
        }
        let right = match right {
            "C" => OptionRight::Call,
            "P" => OptionRight::Put,
            _ => return Err(form()),
        };
        let number = |digits: &str| digits.parse::<u32>().map_err(|_| form());
        let expiration = NaiveDate::from_ymd_opt(
            2000 + number(&date[..2])? as i32,
            number(&date[2..4])?,
            number(&date[4..])?,
        )
        .ok_or_else(|| OccSymbolError::Date(trimmed.to_owned()))?;
        let strike = Decimal::new(i64::from(number(strike)?), 3).normalize();
        Ok(Self { root, expiration, right, strike })
    }
}

impl TryFrom<String> for OccSymbol {
    type Error = OccSymbolError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<OccSymbol> for String {
    fn from(contract: OccSymbol) -> Self {
        contract.to_string()
    }
}

impl fmt::Display for OccSymbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.expiration;
        let thousandths = (self.strike * Decimal::from(1000)).trunc().to_u64().unwrap_or(0);
        write!(
            f,
            "{:<6}{:02}{:02}{:02}{}{thousandths:08}",
            self.root.as_str(),
            date.year().rem_euclid(100),
            date.month(),
            date.day(),
            self.right.letter()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn occ_symbols_round_trip() {
        for text in ["AAPL  140621P00630000", "SPXW  261218C05000000", "F     250117C00012500"] {
            assert_eq!(OccSymbol::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(OccSymbol::parse("AAPL140621P00630000").unwrap().strike, Decimal::from(630));
    }

    #[test]
    fn malformed_occ_symbols_are_refused() {
        for bad in [
            "",
            "AAPL",
            "AAPL  141321P00630000",
            "AAPL  140621X00630000",
            "AAPL  14062P000630000",
            "ÄAPL 140621P00630000",
        ] {
            assert!(OccSymbol::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in ".{0,30}") {
            let _ = OccSymbol::parse(&text);
        }
    }
}
