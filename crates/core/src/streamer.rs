//! dxFeed's spelling of symbols, which DXLink and tastytrade's `streamer-symbol` fields use. Spelling only, no protocol.
//!
//! A share is its ticker, share classes behind a slash (`BRK/B`); an index is bare (`SPX`); an option is a dot, the contract's root, `yymmdd`, `C` or
//! `P` and the strike without needless zeros (`.AAPL261218C200`, `.F270115C12.5`). Source: dxFeed's symbol guide
//! <https://kb.dxfeed.com/en/data-model/market-events/dxfeed-symbol-guide.html> and tastytrade's instruments API.

use std::fmt;

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;

use crate::option::{OccSymbol, OptionRight};
use crate::symbol::{Symbol, SymbolError};

/// Why a text is no streamer symbol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StreamerSymbolError {
    /// Not `.ROOTyymmdd(C|P)strike`.
    #[error(
        "'{0}' is not an option's streamer symbol; the form is a dot, ROOT, yymmdd, C or P, strike, e.g. '.AAPL261218C200'"
    )]
    Form(String),
    /// No such day in the calendar.
    #[error("'{0}' names a date that does not exist")]
    Date(String),
    /// A strike that no OCC symbol can carry: zero, above 99,999.999, or finer than a thousandth of a dollar.
    #[error("'{0}' has a strike that no listed option has; strikes are 0.001 to 99999.999")]
    Strike(String),
    /// The ticker or root is none.
    #[error("'{text}' is no streamer symbol: {source}")]
    Ticker {
        /// The whole text.
        text: String,
        /// What is wrong with it.
        source: SymbolError,
    },
}

/// Longest root of an OCC symbol.
const ROOT_LENGTH: usize = 6;
/// Digits of the date in front of the right.
const DATE_LENGTH: usize = 6;

impl Symbol {
    /// The ticker as dxFeed spells it: a share class stands behind a slash (`BRK.B` is `BRK/B`), and an index has none of the
    /// prefixes that others give it (`^SPX` and `_SPX` are `SPX`).
    #[must_use]
    pub fn streamer(&self) -> String {
        let bare = self.as_str().trim_start_matches(['^', '_']);
        // Nothing but prefixes names no index; dxFeed then does not know it, as nobody does.
        let bare = if bare.is_empty() { self.as_str() } else { bare };
        bare.replace('.', "/")
    }

    /// Reads dxFeed's spelling; a slash becomes a dot, as in the rest of this project. An index stays bare.
    ///
    /// # Errors
    /// [`StreamerSymbolError::Ticker`] where the text is no ticker.
    pub fn from_streamer(text: &str) -> Result<Self, StreamerSymbolError> {
        Self::new(&text.replace('/', "."))
            .map_err(|source| StreamerSymbolError::Ticker { text: shortened(text), source })
    }
}

impl OccSymbol {
    /// The contract as dxFeed spells it: `.AAPL261218C200`.
    #[must_use]
    pub fn streamer(&self) -> String {
        Streamer(self).to_string()
    }

    /// Reads dxFeed's spelling of a contract.
    ///
    /// # Errors
    /// [`StreamerSymbolError`] names what is wrong.
    pub fn from_streamer(text: &str) -> Result<Self, StreamerSymbolError> {
        let form = || StreamerSymbolError::Form(shortened(text));
        let body = text.strip_prefix('.').filter(|body| body.is_ascii()).ok_or_else(form)?;
        let at = body.rfind(['C', 'P']).filter(|at| *at > DATE_LENGTH).ok_or_else(form)?;
        let (head, tail) = body.split_at(at);
        let (root, date) = head.split_at(at - DATE_LENGTH);
        let (right, strike) = tail.split_at(1);
        if root.len() > ROOT_LENGTH || !is_plain_number(strike) {
            return Err(form());
        }
        let root = Symbol::new(root)
            .map_err(|source| StreamerSymbolError::Ticker { text: shortened(text), source })?
            .option_root();
        let right = if right == "C" { OptionRight::Call } else { OptionRight::Put };
        let expiration =
            parse_date(date).ok_or_else(form)?.ok_or_else(|| StreamerSymbolError::Date(shortened(text)))?;
        let strike = parse_strike(strike).ok_or_else(|| StreamerSymbolError::Strike(shortened(text)))?;
        Ok(Self { root, expiration, right, strike })
    }
}

/// Prints without an intermediate text.
struct Streamer<'a>(&'a OccSymbol);

impl fmt::Display for Streamer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OccSymbol { root, expiration, right, strike } = self.0;
        let year = expiration.year().rem_euclid(100);
        let (month, day) = (expiration.month(), expiration.day());
        write!(f, ".{root}{year:02}{month:02}{day:02}{}{}", right.letter(), strike.normalize())
    }
}

/// None where it is not six digits; `Some(None)` where they name no day.
fn parse_date(text: &str) -> Option<Option<NaiveDate>> {
    if text.len() != DATE_LENGTH || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<u32>().ok();
    let year = i32::try_from(number(0..2)?).ok()?;
    Some(NaiveDate::from_ymd_opt(2000 + year, number(2..4)?, number(4..6)?))
}

/// Digits with at most one point between them.
fn is_plain_number(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits =
        |part: &str| !part.is_empty() && part.len() <= 9 && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(fraction)
}

fn parse_strike(text: &str) -> Option<Decimal> {
    let strike: Decimal = text.parse().ok()?;
    let strike = strike.normalize();
    let listed = strike > Decimal::ZERO && strike <= Decimal::new(99_999_999, 3) && strike.scale() <= 3;
    listed.then_some(strike)
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn contracts_are_spelt_as_dxfeed_spells_them() {
        for (occ, streamer) in [
            ("AAPL  261218C00200000", ".AAPL261218C200"),
            ("F     270115C00012500", ".F270115C12.5"),
            ("SPXW  261218P05000000", ".SPXW261218P5000"),
            ("BRKB  261218P00512500", ".BRKB261218P512.5"),
            ("CCC   261218C00001125", ".CCC261218C1.125"),
        ] {
            let contract = OccSymbol::parse(occ).unwrap();
            assert_eq!(contract.streamer(), streamer);
            assert_eq!(OccSymbol::from_streamer(streamer).unwrap().to_string(), occ);
        }
    }

    #[test]
    fn share_classes_stand_behind_a_slash() {
        let class_b = Symbol::new("BRK.B").unwrap();
        assert_eq!(class_b.streamer(), "BRK/B");
        assert_eq!(Symbol::from_streamer("BRK/B").unwrap(), class_b);
        assert_eq!(Symbol::new("AAPL").unwrap().streamer(), "AAPL");
    }

    #[test]
    fn indices_are_bare() {
        for (text, streamer) in [("^SPX", "SPX"), ("_VIX", "VIX"), ("SPX", "SPX"), ("^", "^")] {
            assert_eq!(Symbol::new(text).unwrap().streamer(), streamer);
        }
    }

    #[test]
    fn what_is_no_contract_is_refused() {
        for bad in [
            "",
            ".",
            "AAPL261218C200",
            ".261218C200",
            ".AAPL261318C200",
            ".AAPL261218X200",
            ".AAPL261218C",
            ".AAPL261218C-5",
            ".AAPL261218C1e3",
            ".AAPL261218C0",
            ".AAPL261218C100000",
            ".AAPL261218C1.0001",
            ".TOOLONG261218C200",
            ".ÄAPL261218C200",
        ] {
            assert!(OccSymbol::from_streamer(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics_and_round_trips(text in "\\.?[A-Z]{0,7}[0-9]{0,7}[CP]?[0-9.]{0,8}|.{0,30}") {
            if let Ok(contract) = OccSymbol::from_streamer(&text) {
                prop_assert_eq!(OccSymbol::from_streamer(&contract.streamer()), Ok(contract.clone()));
                prop_assert_eq!(OccSymbol::parse(&contract.to_string()).ok(), Some(contract));
            }
        }
    }
}
