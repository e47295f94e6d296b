//! The beginning of every workflow: read the argument, say what the run is about. And how a run ends that has no answer.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use serde::Serialize;
use temporalio_common::error::ApplicationFailure;
use temporalio_workflow::{WorkflowContext, WorkflowResult, WorkflowTermination};
use ttai_contract::failure::capped;
use ttai_contract::{Arguments, Labels, Lenient, MarketSource, SCHEDULED_START, search_attributes};

macro_rules! failure {
    ($kind:expr, $message:expr) => {
        ApplicationFailure::builder(capped($message)).type_name($kind.to_owned()).non_retryable(true)
    };
}

/// The argument; a bad one ends the run Failed with a typed failure that says what to change.
pub(crate) fn accept<T: Arguments>(argument: Lenient<T>) -> WorkflowResult<T> {
    argument.into_result().map_err(|malformed| fail(malformed.kind.name(), &malformed.message))
}

/// A failure that nobody retries.
pub(crate) fn fail(kind: &str, message: &str) -> WorkflowTermination {
    failure!(kind, message).build().into()
}

/// A failure that nobody retries, with what was done before it.
pub(crate) fn fail_with<T: Serialize + Send + Sync + 'static>(
    kind: &str,
    message: &str,
    done: T,
) -> WorkflowTermination {
    failure!(kind, message).details(done).build().into()
}

/// Sets what the Temporal UI lists the run by, as far as its starter did not.
pub(crate) fn label<W>(ctx: &WorkflowContext<W>, labels: &Labels) {
    use search_attributes::{STRATEGY, SYMBOL, USER};
    let present = ctx.search_attributes();
    let symbol = labels.symbol.as_ref().map(ToString::to_string);
    let wanted = [
        (USER, Some(labels.user.to_string())),
        (SYMBOL, symbol),
        (STRATEGY, labels.strategy.map(str::to_owned)),
    ];
    let missing: Vec<_> = wanted
        .into_iter()
        .filter_map(|(key, value)| {
            value.filter(|_| !present.contains_key(&key)).map(|value| key.value_set(value))
        })
        .collect();
    if !missing.is_empty() {
        ctx.upsert_search_attributes(missing);
    }
}

/// When the schedule says that the run was due; none where somebody started it.
pub(crate) fn due_at<W>(ctx: &WorkflowContext<W>) -> Option<DateTime<Utc>> {
    let due = ctx.search_attributes().get(&SCHEDULED_START)?;
    SystemTime::try_from(due).ok().map(Into::into)
}

/// Sets what came out, and in which market; nothing where no stage came to an end.
pub(crate) fn label_outcome<W>(ctx: &WorkflowContext<W>, outcome: &str, source: Option<&MarketSource>) {
    let Some(source) = source else { return };
    ctx.upsert_search_attributes([
        search_attributes::OUTCOME.value_set(outcome.to_owned()),
        search_attributes::MARKET.value_set(source.kind().to_owned()),
    ]);
}
