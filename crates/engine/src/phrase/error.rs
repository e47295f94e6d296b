//! Why a phrase cannot be read.

use std::fmt;

/// Why a phrase cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhraseError {
    /// Where, in characters from 1.
    pub column: usize,
    /// What is wrong, and what belongs there.
    pub message: String,
    /// Phrases or words that may have been meant.
    pub suggestions: Vec<String>,
}

impl PhraseError {
    pub(super) fn new(column: usize, message: impl Into<String>) -> Self {
        Self { column, message: message.into(), suggestions: Vec::new() }
    }

    pub(super) fn meaning(mut self, suggestions: impl IntoIterator<Item = String>) -> Self {
        self.suggestions.extend(suggestions);
        self
    }

    /// The phrase with a mark under the place, for terminals.
    #[must_use]
    pub fn pointing_at(&self, text: &str) -> String {
        let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        format!("{line}\n{}^", " ".repeat(self.column.saturating_sub(1)))
    }
}

impl fmt::Display for PhraseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.message)?;
        if self.suggestions.is_empty() {
            return Ok(());
        }
        let quoted: Vec<String> = self.suggestions.iter().map(|one| format!("\"{one}\"")).collect();
        write!(f, "; did you mean {}?", quoted.join(" or "))
    }
}

impl std::error::Error for PhraseError {}
