//! The types of application failures. Clients match on these names, never on messages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The `type` of an application failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum FailureType {
    /// No provider knows the symbol. Not retried.
    InvalidSymbolError,
    /// Credentials are missing or refused. Not retried.
    AuthenticationError,
    /// The request is wrong. Not retried.
    ValidationError,
    /// The provider has no such data for a known symbol. Not retried.
    DataUnavailableError,
    /// A provider delivered something unusable. Not retried: a person must look.
    CorruptDataError,
    /// A provider is down or limits us. Retried by policy.
    ProviderUnavailableError,
    /// The store is locked or away. Retried by policy.
    StoreUnavailableError,
    /// An attempt ended before its time limit without an answer. Retried by policy.
    TimeoutError,
    /// The worker is shutting down. Tried again and not counted as an answer.
    WorkerShutdownError,
    /// An operator paused or reset the activity. Tried again when the operator lets it, not counted as an answer.
    ActivityInterruptedError,
    /// The working time of the run is used up. Not retried.
    DeadlineError,
    /// Six attempts were lost with their worker: the request may be what ends them. Not retried.
    WorkerLostError,
}

impl FailureType {
    const ALL: [Self; 12] = [
        Self::InvalidSymbolError,
        Self::AuthenticationError,
        Self::ValidationError,
        Self::DataUnavailableError,
        Self::CorruptDataError,
        Self::ProviderUnavailableError,
        Self::StoreUnavailableError,
        Self::TimeoutError,
        Self::WorkerShutdownError,
        Self::ActivityInterruptedError,
        Self::DeadlineError,
        Self::WorkerLostError,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidSymbolError => "InvalidSymbolError",
            Self::AuthenticationError => "AuthenticationError",
            Self::ValidationError => "ValidationError",
            Self::DataUnavailableError => "DataUnavailableError",
            Self::CorruptDataError => "CorruptDataError",
            Self::ProviderUnavailableError => "ProviderUnavailableError",
            Self::StoreUnavailableError => "StoreUnavailableError",
            Self::TimeoutError => "TimeoutError",
            Self::WorkerShutdownError => "WorkerShutdownError",
            Self::ActivityInterruptedError => "ActivityInterruptedError",
            Self::DeadlineError => "DeadlineError",
            Self::WorkerLostError => "WorkerLostError",
        }
    }

    /// The type of that name, if it is ours.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether asking again may help.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::ProviderUnavailableError
                | Self::StoreUnavailableError
                | Self::TimeoutError
                | Self::WorkerShutdownError
                | Self::ActivityInterruptedError
        )
    }
}

/// Longest message of a failure, in bytes. A longer one would not fit where the server keeps failures, and a workflow task
/// that cannot report its failure fails for ever.
pub const LONGEST_MESSAGE: usize = 1024;

/// The message of a failure: [`shortened`] to [`LONGEST_MESSAGE`].
#[must_use]
pub fn capped(message: &str) -> String {
    shortened(message, LONGEST_MESSAGE)
}

/// A text in at most `most` bytes (at least 3), without control characters. Of a longer one its beginning and its end: a
/// decoder's text quotes what it got and ends with what it wanted.
#[must_use]
pub fn shortened(text: &str, most: usize) -> String {
    let readable = |c: char| if c.is_control() && c != '\n' { '\u{fffd}' } else { c };
    let text: String = text.chars().map(readable).collect();
    if text.len() <= most {
        return text;
    }
    let (_, end) = text.split_at(text.ceil_char_boundary(text.len() - most / 3));
    let begins = most.saturating_sub('…'.len_utf8() + end.len());
    let (beginning, _) = text.split_at(text.floor_char_boundary(begins));
    format!("{beginning}…{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_capped_whatever_they_echo() {
        assert_eq!(capped("short\nand good"), "short\nand good");
        assert_eq!(shortened("0123456789abcdef", 12), "01234…cdef");
        for c in ["\u{7f}", "é", "🚀", "x"] {
            let long = capped(&c.repeat(700_000));
            let length = long.len();
            assert!(
                (LONGEST_MESSAGE - 8..=LONGEST_MESSAGE).contains(&length) && long.contains('…'),
                "{length}"
            );
        }
    }

    #[test]
    fn names_round_trip_and_the_seeds_types_are_not_retried() {
        for kind in FailureType::ALL {
            assert_eq!(FailureType::from_name(kind.name()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        for name in ["InvalidSymbolError", "AuthenticationError", "ValidationError"] {
            assert!(!FailureType::from_name(name).unwrap().is_retryable());
        }
        assert_eq!(FailureType::from_name("ValueError"), None);
    }
}
