//! The types of application failures. Clients match on these names, never on messages.

use serde::{Deserialize, Serialize};

/// The `type` of an application failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// The worker is shutting down. Scheduled again and not counted.
    WorkerShutdownError,
}

impl FailureType {
    const ALL: [Self; 8] = [
        Self::InvalidSymbolError,
        Self::AuthenticationError,
        Self::ValidationError,
        Self::DataUnavailableError,
        Self::CorruptDataError,
        Self::ProviderUnavailableError,
        Self::StoreUnavailableError,
        Self::WorkerShutdownError,
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
            Self::WorkerShutdownError => "WorkerShutdownError",
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
            Self::ProviderUnavailableError | Self::StoreUnavailableError | Self::WorkerShutdownError
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
