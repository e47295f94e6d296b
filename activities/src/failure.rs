//! Typed errors of the analysts, mapped once to Temporal failures with their retry class.

use std::time::Duration;

use temporalio_common::error::ApplicationFailure;
use temporalio_sdk::activities::ActivityError;
use ttai_contract::failure::capped;
use ttai_contract::{AttemptProgress, FailureType, ValidationError};
use ttai_ports::{PortError, StoreError, TradingStoreError};

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
    /// The store of trading refuses a step.
    #[error(transparent)]
    Trading(TradingStoreError),
    /// The market has not enough of what the analysis needs.
    #[error("{0}")]
    NotEnoughData(String),
    /// The attempt's time was over before an answer.
    #[error("no answer within the attempt's time")]
    TimedOut,
    /// The budget of the call is used up.
    #[error("the time for this is used up ({} s)", .0.as_secs())]
    OutOfTime(Duration),
    /// Too many attempts were lost with their worker.
    #[error(
        "{0} attempts were lost with their worker; this request may be what ends it: look at the worker's log"
    )]
    WorkerLost(u32),
    /// A computation panicked: a defect of ttai.
    #[error("a computation crashed; please report it: {0}")]
    Crashed(String),
}

impl From<TradingStoreError> for AnalystError {
    fn from(error: TradingStoreError) -> Self {
        match error {
            TradingStoreError::Store(error) => Self::Store(error),
            other => Self::Trading(other),
        }
    }
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
            // What somebody else changed first is decided anew on what it is then.
            Self::Store(StoreError::Unavailable(_)) | Self::Trading(TradingStoreError::Changed { .. }) => {
                FailureType::StoreUnavailableError
            }
            Self::Trading(_) => FailureType::ValidationError,
            Self::TimedOut => FailureType::TimeoutError,
            Self::OutOfTime(_) => FailureType::DeadlineError,
            // The holder that took over does the work.
            Self::WorkerLost(_) | Self::Store(StoreError::StaleLease { .. }) => FailureType::WorkerLostError,
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

    /// The one mapping to a Temporal failure: with what the attempts came to, and with the wait until the next.
    pub(crate) fn into_activity_error(
        self,
        attempts: &AttemptProgress,
        wait: Option<Duration>,
    ) -> ActivityError {
        let retryable = self.failure_type().is_retryable();
        self.into_failure(attempts, retryable, wait)
    }

    /// The same where nobody tries again.
    pub(crate) fn into_final_error(self, attempts: &AttemptProgress) -> ActivityError {
        self.into_failure(attempts, false, None)
    }

    fn into_failure(
        self,
        attempts: &AttemptProgress,
        retryable: bool,
        wait: Option<Duration>,
    ) -> ActivityError {
        let kind = self.failure_type();
        tracing::warn!(failure = kind.name(), retryable, "{self}");
        let failure = ApplicationFailure::builder(capped(&self.to_string()))
            .type_name(kind.name().to_owned())
            .non_retryable(!retryable)
            .maybe_next_retry_delay(wait)
            .details(attempts.clone())
            .build();
        ActivityError::application(failure)
    }
}

/// Why an attempt ended without an answer and without a fault: it is tried again and not counted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Interruption {
    /// The worker is going away.
    Shutdown,
    /// An operator paused or reset the activity.
    Operator,
}

impl Interruption {
    pub(crate) fn into_activity_error(self) -> ActivityError {
        let (kind, message) = match self {
            Self::Shutdown => (FailureType::WorkerShutdownError, "the worker is shutting down"),
            Self::Operator => {
                (FailureType::ActivityInterruptedError, "an operator paused or reset the activity")
            }
        };
        let failure = ApplicationFailure::builder(message.to_owned())
            .type_name(kind.name().to_owned())
            .next_retry_delay(Duration::from_millis(100))
            .build();
        ActivityError::application(failure)
    }
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
