//! Ticker symbols. Parsing only: whether a symbol is listed is the provider's to say.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A ticker as the exchanges print it: upper case, 1 to 12 of `A-Z 0-9 . / - ^ _`, beginning with a letter, `^` or `_`.
///
/// Lower case and surrounding blanks are accepted and normalised; everything else is refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Symbol(String);

/// Why a text is no ticker symbol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SymbolError {
    /// Nothing but blanks.
    #[error("the symbol is empty; give a ticker such as AAPL")]
    Empty,
    /// Longer than any listed ticker.
    #[error("'{0}…' is longer than 12 characters, which no ticker is; give one symbol such as AAPL")]
    TooLong(String),
    /// A character that no ticker has, or a first character that is no letter.
    #[error("'{0}' is not a ticker symbol; use letters, digits and . / - only, such as AAPL or BRK.B")]
    BadCharacter(String),
}

impl Symbol {
    /// Longest accepted symbol.
    pub const MAX_LENGTH: usize = 12;

    /// Parses and normalises a ticker.
    ///
    /// # Errors
    /// [`SymbolError`] says which rule the text breaks.
    pub fn new(text: &str) -> Result<Self, SymbolError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(SymbolError::Empty);
        }
        if text.chars().count() > Self::MAX_LENGTH {
            return Err(SymbolError::TooLong(text.chars().take(Self::MAX_LENGTH).collect()));
        }
        let upper = text.to_ascii_uppercase();
        let first_ok = upper.starts_with(|c: char| c.is_ascii_uppercase() || c == '^' || c == '_');
        let rest_ok =
            upper.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || "./-^_".contains(c));
        if first_ok && rest_ok { Ok(Self(upper)) } else { Err(SymbolError::BadCharacter(text.to_owned())) }
    }

    /// The normalised text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A form that is safe as a file name on every system: lower case, separators as `_`.
    #[must_use]
    pub fn file_stem(&self) -> String {
        self.0.to_ascii_lowercase().replace(['/', '^'], "_")
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Symbol {
    type Err = SymbolError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl TryFrom<String> for Symbol {
    type Error = SymbolError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

impl From<Symbol> for String {
    fn from(symbol: Symbol) -> Self {
        symbol.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn normalises_case_and_blanks() {
        assert_eq!(Symbol::new(" brk.b ").unwrap().as_str(), "BRK.B");
    }

    #[test]
    fn refuses_what_no_ticker_is() {
        assert_eq!(Symbol::new("  "), Err(SymbolError::Empty));
        assert!(matches!(Symbol::new("ABCDEFGHIJKLM"), Err(SymbolError::TooLong(_))));
        for bad in ["AAPL;DROP", "9XY", "A B", "ÄPL", "../etc", "A\u{0}B"] {
            assert!(Symbol::new(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_round_trips(text in ".{0,40}") {
            if let Ok(symbol) = Symbol::new(&text) {
                prop_assert_eq!(Symbol::new(symbol.as_str()), Ok(symbol));
            }
        }
    }
}
