//! The beginning of every workflow: read the argument, check it, say what the run is about.

use temporalio_common::error::ApplicationFailure;
use temporalio_workflow::{WorkflowContext, WorkflowResult, WorkflowTermination};
use ttai_contract::{FailureType, Lenient, Validate, search_attributes};

/// The argument, read and checked; a bad one ends the run Failed with a typed failure that says what to change.
pub(crate) fn accept<T: Validate>(argument: Lenient<T>) -> WorkflowResult<T> {
    let params = argument.into_result().map_err(|reason| refuse(FailureType::ValidationError, reason))?;
    params.validate().map_err(|error| {
        let kind = if error.field == "symbol" {
            FailureType::InvalidSymbolError
        } else {
            FailureType::ValidationError
        };
        refuse(kind, error.to_string())
    })?;
    Ok(params)
}

/// A failure that nobody retries.
pub(crate) fn refuse(kind: FailureType, message: String) -> WorkflowTermination {
    fail(kind.name(), message)
}

/// A failure of any type that nobody retries.
pub(crate) fn fail(kind: &str, message: String) -> WorkflowTermination {
    ApplicationFailure::builder(message).type_name(kind.to_owned()).non_retryable(true).build().into()
}

/// Sets what the Temporal UI lists the run by.
pub(crate) fn label<W>(ctx: &WorkflowContext<W>, user_id: &str, symbol: &str, strategy: Option<&str>) {
    let mut attributes = vec![
        search_attributes::USER.value_set(user_id.to_owned()),
        search_attributes::SYMBOL.value_set(symbol.trim().to_ascii_uppercase()),
    ];
    attributes.extend(strategy.map(|strategy| search_attributes::STRATEGY.value_set(strategy.to_owned())));
    ctx.upsert_search_attributes(attributes);
}

/// Sets what came out.
pub(crate) fn label_outcome<W>(ctx: &WorkflowContext<W>, outcome: &str) {
    ctx.upsert_search_attributes([search_attributes::OUTCOME.value_set(outcome.to_owned())]);
}
