//! Where the reading of a phrase is.

use rust_decimal::Decimal;

use super::PhraseError;
use super::token::{Token, TokenKind};

/// Words that a phrase may have, for those that are misspelt.
const WORDS: &[&str] = &[
    "above",
    "below",
    "over",
    "under",
    "crosses",
    "up",
    "down",
    "moves",
    "between",
    "outside",
    "enters",
    "leaves",
    "volume",
    "delta",
    "dte",
    "rank",
    "within",
    "strike",
    "profit",
    "loss",
    "spread",
    "earnings",
    "until",
    "note",
    "once",
    "repeat",
    "extended",
    "overnight",
    "regular",
    "watchlist",
    "average",
    "minutes",
    "hours",
    "days",
    "today",
    "open",
    "close",
    "entry",
    "paused",
    "critical",
    "warning",
    "info",
    "every",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "tomorrow",
];

/// Where the reading is.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    text: &'a str,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(tokens: &'a [Token<'a>], text: &'a str) -> Self {
        Self { tokens, at: 0, text }
    }

    pub(super) fn peek(&self) -> Option<&'a Token<'a>> {
        self.tokens.get(self.at)
    }

    pub(super) fn peek_after(&self, ahead: usize) -> Option<&'a Token<'a>> {
        self.tokens.get(self.at + ahead)
    }

    pub(super) fn next(&mut self) -> Option<&'a Token<'a>> {
        let token = self.tokens.get(self.at);
        self.at += usize::from(token.is_some());
        token
    }

    /// Of the next piece, or behind the last.
    pub(super) fn column(&self) -> usize {
        self.peek().map_or_else(|| self.text.trim_end().chars().count() + 1, |token| token.column)
    }

    /// Whether the next piece is this word or sign.
    pub(super) fn is(&self, word: &str) -> bool {
        self.peek().is_some_and(|token| is_word(token, word))
    }

    /// Takes the next piece if it is this word or sign.
    pub(super) fn take(&mut self, word: &str) -> bool {
        let is = self.is(word);
        self.at += usize::from(is);
        is
    }

    /// Takes the next piece if it is one of these; says which.
    pub(super) fn take_of<T: Copy>(&mut self, words: &[(&str, T)]) -> Option<T> {
        let (_, found) = words.iter().find(|(word, _)| self.is(word))?;
        self.at += 1;
        Some(*found)
    }

    /// Takes the words, all or none of them.
    pub(super) fn take_all(&mut self, words: &[&str]) -> bool {
        let fits = words
            .iter()
            .enumerate()
            .all(|(ahead, word)| self.peek_after(ahead).is_some_and(|token| is_word(token, word)));
        self.at += if fits { words.len() } else { 0 };
        fits
    }

    pub(super) fn expect(&mut self, word: &str, example: &str) -> Result<(), PhraseError> {
        if self.take(word) { Ok(()) } else { Err(self.missing(&format!("\"{word}\""), example)) }
    }

    /// A number of one of these units, the empty one among them or not.
    pub(super) fn number(
        &mut self,
        what: &str,
        units: &[&str],
        example: &str,
    ) -> Result<Decimal, PhraseError> {
        match self.peek().map(|token| &token.kind) {
            Some(TokenKind::Number(value, unit)) if units.contains(&unit.as_str()) => {
                self.at += 1;
                Ok(*value)
            }
            _ => Err(self.missing(what, example)),
        }
    }

    /// A whole number of one of these units.
    pub(super) fn whole(&mut self, what: &str, units: &[&str], example: &str) -> Result<u32, PhraseError> {
        let column = self.column();
        let value = self.number(what, units, example)?;
        let whole = value.is_integer().then(|| u32::try_from(value).ok()).flatten();
        whole.ok_or_else(|| PhraseError::new(column, format!("{value} is no whole number")))
    }

    /// What was read so far.
    pub(super) fn before(&self) -> String {
        let last = self.tokens.get(..self.at).and_then(<[_]>::last);
        let end = last.map_or(0, |token| token.column - 1 + token.text.chars().count());
        self.text.chars().take(end).collect::<String>().trim().to_owned()
    }

    /// Something is missing where the cursor is, or something else is there.
    pub(super) fn missing(&self, what: &str, example: &str) -> PhraseError {
        let whole = format!("{} {example}", self.before()).trim().to_owned();
        match self.peek() {
            None => PhraseError::new(self.column(), format!("{what} is missing: \"{whole}\"")),
            Some(token) => PhraseError::new(
                token.column,
                format!("expected {what} instead of '{}', as in \"{whole}\"", short(token.text)),
            )
            .meaning(nearest(token.text)),
        }
    }
}

/// Whether a piece is this word or sign, in any case.
pub(super) fn is_word(token: &Token<'_>, word: &str) -> bool {
    matches!(token.kind, TokenKind::Word | TokenKind::Sign) && token.text.eq_ignore_ascii_case(word)
}

/// The beginning of a text, for messages.
pub(super) fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

/// The word that a misspelt one is nearest to.
pub(super) fn nearest(text: &str) -> Option<String> {
    let text = short(text).to_ascii_lowercase();
    let distance = |word: &&str| strsim::damerau_levenshtein(&text, word);
    let near = WORDS.iter().map(|word| (distance(word), *word)).min()?;
    (0 < near.0 && near.0 <= 2 && near.0 * 2 < near.1.len()).then(|| near.1.to_owned())
}
