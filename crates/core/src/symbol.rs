//! Ticker symbols. Parsing only: whether a symbol is listed is the provider's to say.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A ticker as the exchanges print it: upper case, 1 to 12 of `A-Z 0-9 . / - ^ _`, beginning with a letter, `^` or `_`.
///
/// Lower case and surrounding blanks are accepted and normalised; everything else is refused.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Symbol {
    /// The text, zeros after it: thousands of quotes carry their symbols along, none of which shall cost an allocation.
    text: [u8; Symbol::MAX_LENGTH],
    length: u8,
}

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
        if first_ok && rest_ok {
            Self::of_ascii(&upper)
        } else {
            Err(SymbolError::BadCharacter(text.to_owned()))
        }
    }

    /// A checked text, of which every character is one byte.
    fn of_ascii(upper: &str) -> Result<Self, SymbolError> {
        let mut text = [0; Self::MAX_LENGTH];
        match (text.get_mut(..upper.len()), u8::try_from(upper.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(upper.as_bytes());
                Ok(Self { text, length })
            }
            _ => Err(SymbolError::TooLong(upper.to_owned())),
        }
    }

    /// The normalised text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let text = self.text.get(..usize::from(self.length)).unwrap_or_default();
        // Only ASCII gets in.
        std::str::from_utf8(text).unwrap_or_default()
    }

    /// A form that is safe as a file name on every system: lower case, separators as `_`.
    #[must_use]
    pub fn file_stem(&self) -> String {
        self.as_str().to_ascii_lowercase().replace(['/', '^'], "_")
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Symbol").field(&self.as_str()).finish()
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
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
        symbol.as_str().to_owned()
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

        #[test]
        fn symbols_are_ordered_as_their_texts(one in "[A-Z]{1,3}[0-9./^_-]{0,9}", other in "[A-Z]{1,3}[0-9./^_-]{0,9}") {
            let symbol = |text: &str| Symbol::new(text).unwrap();
            prop_assert_eq!(symbol(&one).cmp(&symbol(&other)), one.cmp(&other));
            prop_assert_eq!(format!("{:?}", symbol(&one)), format!("Symbol({one:?})"));
        }
    }
}
