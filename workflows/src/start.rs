//! The beginning of every workflow: read the argument, say what the run is about. And how a run ends that has no answer.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use serde::Serialize;
use temporalio_common::error::ApplicationFailure;
use temporalio_common::search_attributes::{SearchAttributeKey, SearchAttributes};
use temporalio_workflow::{
    ChildWorkflowOptions, ParentClosePolicy, WorkflowContext, WorkflowIdReusePolicy, WorkflowResult,
    WorkflowTermination,
};
use ttai_contract::failure::capped;
use ttai_contract::{
    Arguments, Labels, Lenient, MarketSource, SCHEDULED_START, WorkflowParams, search_attributes,
};

use crate::calls::one_line;

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
    let present = ctx.search_attributes();
    let missing = wanted(labels).filter(|(key, _)| !present.contains_key(key));
    let missing: Vec<_> = missing.map(|(key, value)| key.value_set(value)).collect();
    if !missing.is_empty() {
        ctx.upsert_search_attributes(missing);
    }
}

/// The search attributes that say what a run is about.
fn wanted(labels: &Labels) -> impl Iterator<Item = (SearchAttributeKey<String>, String)> {
    use search_attributes::{STRATEGY, SYMBOL, USER};
    let all = [
        (USER, Some(labels.user.to_string())),
        (SYMBOL, labels.symbol.as_ref().map(ToString::to_string)),
        (STRATEGY, labels.strategy.map(str::to_owned)),
    ];
    all.into_iter().filter_map(|(key, value)| Some((key, value?)))
}

/// How a run is started as a child: on its own queue, listed as a client would list it, cancelled with its parent.
pub(crate) fn child_options<P: WorkflowParams>(params: &P, workflow_id: String) -> ChildWorkflowOptions {
    ChildWorkflowOptions::builder()
        .workflow_id(workflow_id)
        .task_queue(P::QUEUE.name().to_owned())
        .parent_close_policy(ParentClosePolicy::RequestCancel)
        .id_reuse_policy(WorkflowIdReusePolicy::AllowDuplicate)
        .maybe_execution_timeout(P::EXECUTION_TIMEOUT)
        .maybe_task_timeout(params.task_timeout())
        .static_summary(one_line(&params.summary()))
        .search_attributes(SearchAttributes::new(
            wanted(&params.labels()).map(|(key, value)| key.value_set(value)),
        ))
        .build()
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
