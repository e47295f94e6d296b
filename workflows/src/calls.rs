//! Durable calls: one activity until it answers, whatever family asks.
//!
//! The server retries, without a limit of its own; the attempts count their failed answers and keep to the budget (see
//! `ttai_contract::call`). So the Temporal UI shows the pending attempt, its last failure and the next try.

use std::time::Duration;

use temporalio_common::data_converters::TemporalDeserializable;
use temporalio_common::error::{ActivityExecutionError, ApplicationFailure, IncomingError};
use temporalio_common::protos::temporal::api::common::v1::Payload;
use temporalio_workflow::workflow_interceptors::{
    CancellableWorkflowOutboundFuture, ScheduleActivityInput, ScheduleActivityResult, WorkflowInterceptor,
    WorkflowInterceptorConstructor, WorkflowInterceptorContext, WorkflowNext,
};
use temporalio_workflow::{
    ActivityCancellationType, ActivityCloseTimeouts, ActivityOptions, LocalActivityOptions, RetryPolicy,
    WorkflowCancellationToken, WorkflowContext, WorkflowContextKey, WorkflowContextView,
};
use ttai_contract::call::{CALL_HEADER, milliseconds};
use ttai_contract::failure::capped;
use ttai_contract::policy::{ActivityPolicy, CALL_TIMEOUT, DRILL_HEARTBEAT, LOCAL_ATTEMPT};
use ttai_contract::{Activity, AttemptProgress, CallTerms, FailureType};

/// What a call may use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Means {
    /// Work and waiting of all attempts together.
    pub(crate) budget: Duration,
    /// Whether a worker's death is to be noticed within seconds.
    pub(crate) drill: bool,
}

/// Who watches a call: what it sees is shown to people.
pub(crate) trait Observer: Sized + 'static {
    /// A call of `activity` begins. What is pending is shown by the server anyway.
    fn began(ctx: &WorkflowContext<Self>, activity: &str) {
        let _ = (ctx, activity);
    }
    /// It ended without an answer.
    fn failed(ctx: &WorkflowContext<Self>, activity: &str, error: &CallError) {
        let _ = (ctx, activity, error);
    }
}

/// Why a call has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CallError {
    /// The run was cancelled.
    Cancelled,
    /// The activity gave up.
    Failed {
        /// The failure's type.
        kind: String,
        /// Its message.
        message: String,
        /// What its attempts came to.
        attempts: AttemptProgress,
    },
}

impl CallError {
    fn failed(kind: &str, message: &str, attempts: AttemptProgress) -> Self {
        Self::Failed { kind: kind.to_owned(), message: capped(message), attempts }
    }

    /// The budget is used up.
    pub(crate) fn out_of_time(message: &str) -> Self {
        Self::failed(FailureType::DeadlineError.name(), message, AttemptProgress::default())
    }

    /// Whether the budget is used up.
    pub(crate) fn is_out_of_time(&self) -> bool {
        matches!(self, Self::Failed { kind, .. } if kind == FailureType::DeadlineError.name())
    }

    /// How long the attempts worked.
    pub(crate) fn worked(&self) -> Duration {
        match self {
            Self::Cancelled => Duration::ZERO,
            Self::Failed { attempts, .. } => Duration::from_millis(attempts.worked_ms),
        }
    }
}

/// Calls `A` until it answers or gives up. `about` is the line that the Temporal UI shows.
pub(crate) async fn call<W: Observer, A: Activity>(
    ctx: &WorkflowContext<W>,
    input: A::Input,
    means: Means,
    about: &str,
) -> Result<A::Output, CallError>
where
    A::Output: TemporalDeserializable,
{
    watched(ctx, A::ACTIVITY.name(), remote::<W, A>(ctx, input, means, about, Recall::None)).await
}

/// As [`call`], but the server makes one attempt, and its answer is waited for where the run is cancelled: for what takes effect
/// outside and must not be done twice.
pub(crate) async fn call_once<W: Observer, A: Activity>(
    ctx: &WorkflowContext<W>,
    input: A::Input,
    means: Means,
    about: &str,
) -> Result<A::Output, CallError>
where
    A::Output: TemporalDeserializable,
{
    watched(ctx, A::ACTIVITY.name(), remote::<W, A>(ctx, input, means, about, Recall::Once)).await
}

/// As [`call`], and made to its end in a run that is being cancelled, too: for what has begun and must not be left half done.
pub(crate) async fn call_uncancelled<W: Observer, A: Activity>(
    ctx: &WorkflowContext<W>,
    input: A::Input,
    means: Means,
    about: &str,
) -> Result<A::Output, CallError>
where
    A::Output: TemporalDeserializable,
{
    let never = Recall::By(WorkflowCancellationToken::new());
    watched(ctx, A::ACTIVITY.name(), remote::<W, A>(ctx, input, means, about, never)).await
}

/// As [`call`], for an activity that answers when it is recalled: once `recall` is cancelled, its answer is waited for.
pub(crate) async fn call_until<W: Observer, A: Activity>(
    ctx: &WorkflowContext<W>,
    input: A::Input,
    means: Means,
    about: &str,
    recall: WorkflowCancellationToken,
) -> Result<A::Output, CallError>
where
    A::Output: TemporalDeserializable,
{
    watched(ctx, A::ACTIVITY.name(), remote::<W, A>(ctx, input, means, about, Recall::By(recall))).await
}

/// As [`call`], but tried once within the workflow task first: for activities that take milliseconds.
pub(crate) async fn call_local_first<W: Observer, A: Activity>(
    ctx: &WorkflowContext<W>,
    input: A::Input,
    means: Means,
    about: &str,
) -> Result<A::Output, CallError>
where
    A::Input: Clone,
    A::Output: TemporalDeserializable,
{
    let call = async {
        match local::<W, A>(ctx, input.clone(), about, None).await {
            Err(error) if may_be_tried_again(&error) => {
                remote::<W, A>(ctx, input, means, about, Recall::None).await
            }
            outcome => outcome,
        }
    };
    watched(ctx, A::ACTIVITY.name(), call).await
}

/// Calls `A` once within the workflow task, whatever becomes of it: for what is only sooner or easier by it. It is made in a run
/// that is being cancelled, too.
pub(crate) async fn attempt<W: Observer, A: Activity>(ctx: &WorkflowContext<W>, input: A::Input, about: &str)
where
    A::Output: TemporalDeserializable,
{
    let uncancelled = WorkflowCancellationToken::new();
    drop(watched(ctx, A::ACTIVITY.name(), local::<W, A>(ctx, input, about, Some(uncancelled))).await);
}

/// Shows the observer the beginning of a call, and how it failed.
async fn watched<W: Observer, T>(
    ctx: &WorkflowContext<W>,
    activity: &str,
    call: impl Future<Output = Result<T, CallError>>,
) -> Result<T, CallError> {
    W::began(ctx, activity);
    call.await.inspect_err(|error| W::failed(ctx, activity, error))
}

/// How a call ends before it is answered.
enum Recall {
    /// With the run, at once.
    None,
    /// With the run, once its one attempt is over.
    Once,
    /// By a token of its own, once its attempt is over.
    By(WorkflowCancellationToken),
}

impl Recall {
    fn apply(self, options: &mut ActivityOptions) {
        match self {
            Self::None => return,
            Self::Once => {
                let once = RetryPolicy::builder().maximum_attempts(1).build();
                options.retry_policy = Some(once);
            }
            Self::By(token) => options.cancellation_token = Some(token),
        }
        options.cancellation_type = ActivityCancellationType::WaitCancellationCompleted;
    }
}

async fn remote<W: 'static, A: Activity>(
    ctx: &WorkflowContext<W>,
    input: A::Input,
    means: Means,
    about: &str,
    recall: Recall,
) -> Result<A::Output, CallError>
where
    A::Output: TemporalDeserializable,
{
    if means.budget.is_zero() {
        return Err(CallError::out_of_time("the working time is used up"));
    }
    let policy = A::policy(&input);
    let terms = CallTerms { retry: policy.retry, budget_ms: milliseconds(means.budget) };
    let mut options = options(&policy, means, about);
    recall.apply(&mut options);
    let call =
        ctx.with_context_value_sync::<Terms, _>(terms, || ctx.execute_activity(A::ACTIVITY, input, options));
    call.await.map_err(|error| classify(&error))
}

async fn local<W: 'static, A: Activity>(
    ctx: &WorkflowContext<W>,
    input: A::Input,
    about: &str,
    cancelled_by: Option<WorkflowCancellationToken>,
) -> Result<A::Output, CallError>
where
    A::Output: TemporalDeserializable,
{
    let options = LocalActivityOptions::builder()
        .maybe_cancellation_token(cancelled_by)
        .retry_policy(RetryPolicy::builder().maximum_attempts(1).build())
        .schedule_to_close_timeout(LOCAL_ATTEMPT)
        .start_to_close_timeout(LOCAL_ATTEMPT)
        .summary(one_line(about))
        .build();
    ctx.execute_local_activity(A::ACTIVITY, input, options).await.map_err(|error| classify(&error))
}

fn options(policy: &ActivityPolicy, means: Means, about: &str) -> ActivityOptions {
    // An attempt lost with its worker comes back soon; after a failed answer the attempt itself says when.
    let retry = RetryPolicy::builder()
        .initial_interval(Duration::from_secs(1))
        .backoff_coefficient(2.0)
        .maximum_interval(Duration::from_secs(if means.drill { 1 } else { 60 }))
        .maximum_attempts(0)
        .build();
    let heartbeat =
        policy.heartbeat.map(|silence| if means.drill { silence.min(DRILL_HEARTBEAT) } else { silence });
    let timeouts = ActivityCloseTimeouts::ScheduleAndStartToClose {
        schedule_to_close: CALL_TIMEOUT,
        start_to_close: policy.start_to_close,
    };
    ActivityOptions::with_close_timeouts(timeouts)
        .maybe_heartbeat_timeout(heartbeat)
        .maybe_task_queue(policy.queue.map(|queue| queue.name().to_owned()))
        .retry_policy(retry)
        .summary(one_line(about))
        .build()
}

/// The UI shows one line; the server limits a summary to 400 bytes.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(120).collect()
}

fn classify(error: &ActivityExecutionError) -> CallError {
    if error.as_cancelled().is_some() {
        return CallError::Cancelled;
    }
    if error.as_timeout().is_some() {
        return CallError::failed(
            FailureType::TimeoutError.name(),
            "no answer within the time of the call",
            AttemptProgress::default(),
        );
    }
    match error.reason() {
        Some(IncomingError::Application(failure)) => application(failure),
        _ => CallError::failed("ActivityError", &error.to_string(), AttemptProgress::default()),
    }
}

fn application(failure: &ApplicationFailure) -> CallError {
    let kind = failure.type_name().unwrap_or("ActivityError");
    let details = failure.raw_details().and_then(<[Payload]>::first);
    let attempts = details.and_then(|details| serde_json::from_slice(&details.data).ok());
    CallError::failed(kind, &failure.to_string(), attempts.unwrap_or_default())
}

/// Whether another attempt might bring what the one within the workflow task did not.
fn may_be_tried_again(error: &CallError) -> bool {
    match error {
        CallError::Cancelled => false,
        CallError::Failed { kind, .. } => FailureType::from_name(kind).is_none_or(FailureType::is_retryable),
    }
}

/// The terms of the call that is being made.
struct Terms;

impl WorkflowContextKey for Terms {
    type Value = CallTerms;
}

/// Writes the terms of a call into the activity's header.
struct TermsInHeader;

impl WorkflowInterceptor for TermsInHeader {
    fn schedule_activity(
        &self,
        ctx: WorkflowInterceptorContext,
        mut input: ScheduleActivityInput,
        next: WorkflowNext<
            'static,
            ScheduleActivityInput,
            CancellableWorkflowOutboundFuture<ScheduleActivityResult>,
        >,
    ) -> CancellableWorkflowOutboundFuture<ScheduleActivityResult> {
        if let Some(data) = ctx.context_value::<Terms>().and_then(|terms| serde_json::to_vec(&*terms).ok()) {
            let metadata = [("encoding".to_owned(), b"json/plain".to_vec())].into();
            let payload = Payload { metadata, data, ..Default::default() };
            input.headers_mut().insert(CALL_HEADER.to_owned(), payload);
        }
        next.run(input)
    }
}

/// What every worker that runs ttai's workflows registers.
#[must_use]
pub fn interceptor() -> WorkflowInterceptorConstructor {
    WorkflowInterceptorConstructor::new(|_: &WorkflowContextView| TermsInHeader)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_are_one_short_line() {
        assert_eq!(one_line("AAPL: a\nb"), "AAPL: a b");
        assert_eq!(one_line(&"x".repeat(500)).len(), 120);
    }

    #[test]
    fn what_no_attempt_could_mend_is_not_tried_again() {
        let failed = |kind: &str| CallError::failed(kind, "", AttemptProgress::default());
        assert!(may_be_tried_again(&failed("StoreUnavailableError")));
        assert!(may_be_tried_again(&failed("Panic")));
        assert!(!may_be_tried_again(&failed("ValidationError")));
        assert!(!may_be_tried_again(&CallError::Cancelled));
    }
}
