//! What can go wrong between a client and the server, by who must act.

use std::time::Duration;

use temporalio_client::errors::{WorkflowGetResultError, WorkflowInteractionError, WorkflowQueryError};
use temporalio_client::tonic::{Code, Status};
use temporalio_common::error::IncomingError;
use ttai_contract::ValidationError;

use crate::payload;
use crate::refusal::Refusal;

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody serves at the address.
    #[error(
        "no Temporal server answers at {address}: {detail}; start one with `ttai dev`, or set TEMPORAL_ADDRESS"
    )]
    Unreachable {
        /// Where.
        address: String,
        /// What the connection said.
        detail: String,
    },
    /// A server is there, and the connection's settings do not fit it.
    #[error("the Temporal server at {address} cannot be used: {refusal}")]
    Refused {
        /// Where.
        address: String,
        /// Why, and what to set.
        refusal: Refusal,
    },
    /// The connection's settings cannot be used.
    #[error("the Temporal settings cannot be used: {0}")]
    Settings(String),
    /// The request is wrong; nothing was started.
    #[error(transparent)]
    Invalid(#[from] ValidationError),
    /// A run under the same id has another request.
    #[error("the key of '{id}' was used for another request; choose another key, or leave it out")]
    KeyUsed {
        /// The workflow id.
        id: String,
    },
    /// No such run within the server's retention.
    #[error("the server has no run '{0}'; it may be older than the server's retention")]
    NotFound(String),
    /// No such schedule.
    #[error(
        "the server has no schedule '{0}'; `ttai schedule list` shows those there are, `ttai schedule apply` creates those of the configuration"
    )]
    NoSchedule(String),
    /// The run failed.
    #[error("{message}")]
    Failed {
        /// The failure's type: `InvalidSymbolError`, `ValidationError`, …
        kind: String,
        /// What went wrong and what to change.
        message: String,
        /// What was done before, as the workflow reported it.
        partial: Option<serde_json::Value>,
    },
    /// The run was cancelled.
    #[error("the run was cancelled")]
    Cancelled {
        /// What was done so far, as the workflow reported it.
        partial: Option<serde_json::Value>,
    },
    /// An operator terminated the run.
    #[error("the run was terminated")]
    Terminated,
    /// The run took longer than its execution timeout.
    #[error("the run took longer than its execution timeout")]
    TimedOut,
    /// The server did not answer in time.
    #[error("no answer within {} s to: {call}", .after.as_secs())]
    Deadline {
        /// What was asked.
        call: &'static str,
        /// How long was waited.
        after: Duration,
    },
    /// The server refused or broke off.
    #[error("the server failed at: {call}: {detail}")]
    Server {
        /// What was asked.
        call: &'static str,
        /// What it said.
        detail: String,
    },
    /// An answer that is not what the contract says.
    #[error("the answer cannot be read: {0}")]
    Unreadable(String),
}

impl ClientError {
    pub(crate) fn interaction(id: &str, call: &'static str, error: WorkflowInteractionError) -> Self {
        match error {
            WorkflowInteractionError::NotFound(_) => Self::NotFound(id.to_owned()),
            other => Self::Server { call, detail: other.to_string() },
        }
    }

    pub(crate) fn status(id: &str, call: &'static str, status: &Status) -> Self {
        match status.code() {
            Code::NotFound => Self::NotFound(id.to_owned()),
            _ => Self::Server { call, detail: status.message().to_owned() },
        }
    }

    pub(crate) fn query(id: &str, error: WorkflowQueryError) -> Self {
        match error {
            WorkflowQueryError::NotFound(_) => Self::NotFound(id.to_owned()),
            other => Self::Server { call: "query", detail: other.to_string() },
        }
    }

    pub(crate) fn result(id: &str, error: WorkflowGetResultError) -> Self {
        match error {
            WorkflowGetResultError::Failed(failure) => Self::failed(&failure),
            WorkflowGetResultError::Cancelled { details } => Self::Cancelled {
                partial: details.raw().first().and_then(|payload| payload::to_json(payload).ok()),
            },
            WorkflowGetResultError::Terminated { .. } => Self::Terminated,
            WorkflowGetResultError::TimedOut => Self::TimedOut,
            WorkflowGetResultError::NotFound(_) => Self::NotFound(id.to_owned()),
            other => Self::Server { call: "wait for the result", detail: other.to_string() },
        }
    }

    fn failed(failure: &IncomingError) -> Self {
        match failure {
            IncomingError::Application(failure) => Self::Failed {
                kind: failure.type_name().unwrap_or("ApplicationError").to_owned(),
                message: failure.to_string(),
                partial: failure
                    .raw_details()
                    .and_then(<[_]>::first)
                    .and_then(|details| payload::to_json(details).ok()),
            },
            other => {
                let message = other.failure().message.clone();
                Self::Failed { kind: "WorkflowError".to_owned(), message, partial: None }
            }
        }
    }
}
