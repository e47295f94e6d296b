//! Typed errors of the analysts, mapped once to Temporal failures with their retry class.

use std::time::Duration;

use temporalio_common::error::ApplicationFailure;
use temporalio_sdk::activities::ActivityError;
use ttai_contract::{FailureType, ValidationError};
use ttai_ports::{PortError, StoreError};

/// Why an activity has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AnalystError {
    /// The request is wrong.
    #[error(transparent)]
    Validation(#[from] ValidationError),
    /// The outside world.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The market has not enough of what the analysis needs.
    #[error("{0}")]
    NotEnoughData(String),
    /// A computation panicked: a defect of ttai.
    #[error("a computation crashed; please report it: {0}")]
    Crashed(String),
}

impl AnalystError {
    /// The failure's type on the wire.
    pub(crate) fn failure_type(&self) -> FailureType {
        match self {
            Self::Validation(error) if error.field == "symbol" => FailureType::InvalidSymbolError,
            Self::Validation(_)
            | Self::Port(PortError::Invalid { .. })
            | Self::Store(StoreError::Invalid(_)) => FailureType::ValidationError,
            Self::Port(PortError::UnknownSymbol { .. }) => FailureType::InvalidSymbolError,
            Self::Port(PortError::NoData { .. }) | Self::NotEnoughData(_) => {
                FailureType::DataUnavailableError
            }
            Self::Port(PortError::Authentication { .. }) => FailureType::AuthenticationError,
            // Reading has no effect that could be doubled: an unknown outcome of a read is a failed read.
            Self::Port(PortError::Unavailable { .. } | PortError::OutcomeUnknown { .. }) => {
                FailureType::ProviderUnavailableError
            }
            Self::Store(StoreError::Unavailable(_)) => FailureType::StoreUnavailableError,
            Self::Port(PortError::Corrupt { .. })
            | Self::Store(StoreError::Schema(_) | StoreError::Corrupt(_))
            | Self::Crashed(_) => FailureType::CorruptDataError,
        }
    }

    /// How long the provider asked to wait.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Port(PortError::Unavailable { retry_after, .. }) => *retry_after,
            _ => None,
        }
    }

    /// The one mapping to a Temporal failure.
    pub(crate) fn into_activity_error(self) -> ActivityError {
        let kind = self.failure_type();
        let delay = self.retry_after();
        tracing::warn!(failure = kind.name(), retryable = kind.is_retryable(), "{self}");
        let failure = ApplicationFailure::builder(self.to_string())
            .type_name(kind.name().to_owned())
            .non_retryable(!kind.is_retryable())
            .maybe_next_retry_delay(delay)
            .build();
        ActivityError::application(failure)
    }
}

/// The worker is going away: the workflow schedules the activity again and does not count this attempt.
pub(crate) fn shutting_down() -> ActivityError {
    let failure = ApplicationFailure::builder("the worker is shutting down".to_owned())
        .type_name(FailureType::WorkerShutdownError.name().to_owned())
        .build();
    ActivityError::application(failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_retried_and_a_wrong_symbol_is_not() {
        let outage = AnalystError::from(PortError::Unavailable {
            provider: "tape".to_owned(),
            detail: "down".to_owned(),
            retry_after: Some(Duration::from_secs(7)),
        });
        assert!(outage.failure_type().is_retryable());
        assert_eq!(outage.retry_after(), Some(Duration::from_secs(7)));
        let unknown = AnalystError::from(PortError::UnknownSymbol {
            provider: "tape".to_owned(),
            symbol: "ZZZZ".to_owned(),
            hint: String::new(),
        });
        assert_eq!(unknown.failure_type(), FailureType::InvalidSymbolError);
        assert!(!unknown.failure_type().is_retryable());
    }
}
