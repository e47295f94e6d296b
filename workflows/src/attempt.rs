//! One activity until it answers: the policy counts answers, and an attempt lost with its worker is not one.

use std::time::{Duration, SystemTime};

use temporalio_common::ActivityDefinition;
use temporalio_common::data_converters::TemporalDeserializable;
use temporalio_common::error::{ActivityExecutionError, ApplicationFailure, IncomingError, TimeoutType};
use temporalio_workflow::{
    ActivityOptions, RetryPolicy, TimerOptions, TimerResult, WorkflowContext, WorkflowTermination,
};
use ttai_contract::policy::{ANALYSIS_WORKING_TIME, ActivityPolicy, DRILL_HEARTBEAT};
use ttai_contract::{FailureType, Stage, StageState, Timed};

use crate::progress::{self, Tracked};
use crate::start;

/// Why a stage has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StageError {
    /// The run was cancelled.
    Cancelled,
    /// The working time is used up.
    OutOfTime,
    /// The activity gave up.
    Failed {
        /// The failure's type.
        kind: String,
        /// Its message.
        message: String,
    },
}

impl StageError {
    /// How a run ends that has nothing to show without the stage.
    pub(crate) fn into_termination(self) -> WorkflowTermination {
        match self {
            Self::Cancelled => WorkflowTermination::cancelled(),
            Self::OutOfTime => start::fail("DeadlineError", out_of_time()),
            Self::Failed { kind, message } => start::fail(&kind, message),
        }
    }
}

/// What to say when the working time is used up.
pub(crate) fn out_of_time() -> String {
    format!("{} minutes of working time are used up", ANALYSIS_WORKING_TIME.as_secs() / 60)
}

/// The kind of a refusal by the clock.
const TIMED_OUT: &str = "TimeoutError";

/// What one attempt brought.
enum Attempt<T> {
    Answered(T),
    Lost,
    Refused(Refusal),
    Cancelled,
}

/// A failed answer.
struct Refusal {
    kind: String,
    message: String,
    retryable: bool,
    delay: Option<Duration>,
}

/// Runs `activity` as `stage` until it answers or gives up, and counts the time that its answer reports.
pub(crate) async fn run_timed<W, A, T>(
    ctx: &WorkflowContext<W>,
    stage: Stage,
    activity: fn() -> A,
    input: A::Input,
    policy: &ActivityPolicy,
) -> Result<T, StageError>
where
    W: Tracked,
    A: ActivityDefinition<Output = Timed<T>>,
    A::Input: Clone,
    Timed<T>: TemporalDeserializable,
{
    let answer = run(ctx, stage, activity, input, policy).await?;
    spend(ctx, Duration::from_millis(answer.working_ms));
    Ok(answer.result)
}

/// Runs `activity` as `stage` until it answers or gives up.
pub(crate) async fn run<W, A>(
    ctx: &WorkflowContext<W>,
    stage: Stage,
    activity: fn() -> A,
    input: A::Input,
    policy: &ActivityPolicy,
) -> Result<A::Output, StageError>
where
    W: Tracked,
    A: ActivityDefinition,
    A::Input: Clone,
    A::Output: TemporalDeserializable,
{
    run_marked(ctx, stage, activity, input, policy, |_| {}).await
}

/// As [`run`], for an activity that people notice: `mark` changes what is asked after an attempt that may have had its
/// effect without an answer.
pub(crate) async fn run_marked<W, A>(
    ctx: &WorkflowContext<W>,
    stage: Stage,
    activity: fn() -> A,
    mut input: A::Input,
    policy: &ActivityPolicy,
    mark: fn(&mut A::Input),
) -> Result<A::Output, StageError>
where
    W: Tracked,
    A: ActivityDefinition,
    A::Input: Clone,
    A::Output: TemporalDeserializable,
{
    let mut answers = 0;
    loop {
        progress::update(ctx, stage, |entry| entry.state = StageState::Running);
        let Some(remaining) = remaining_working_time(ctx) else {
            return give_up(ctx, stage, &out_of_time(), StageError::OutOfTime);
        };
        let began = ctx.workflow_time();
        let options = options(policy, heartbeat(ctx, policy), remaining, summary(ctx, stage, answers));
        match classify(ctx.execute_activity(activity(), input.clone(), options).await) {
            Attempt::Answered(output) => return Ok(output),
            Attempt::Cancelled => return give_up(ctx, stage, "cancelled", StageError::Cancelled),
            Attempt::Lost => {
                mark(&mut input);
                progress::update(ctx, stage, |entry| entry.lost_attempts += 1);
            }
            Attempt::Refused(refusal) => {
                if refusal.kind == TIMED_OUT {
                    mark(&mut input);
                }
                answers += 1;
                spend(ctx, elapsed(began, ctx.workflow_time()).min(policy.start_to_close));
                if !refusal.retryable || answers >= policy.retry.maximum_attempts {
                    let Refusal { kind, message, .. } = refusal;
                    let note = message.clone();
                    return give_up(ctx, stage, &note, StageError::Failed { kind, message });
                }
                let delay = refusal.delay.unwrap_or_else(|| policy.retry.backoff(answers));
                wait_to_ask_again(ctx, stage, answers, &refusal.message, delay).await?;
            }
        }
    }
}

fn options(
    policy: &ActivityPolicy,
    heartbeat: Option<Duration>,
    remaining: Duration,
    summary: String,
) -> ActivityOptions {
    // The server must not retry by itself: it would count an attempt that died with its worker.
    let once = RetryPolicy::builder().maximum_attempts(1).build();
    ActivityOptions::with_start_to_close_timeout(policy.start_to_close.min(remaining))
        .maybe_heartbeat_timeout(heartbeat)
        .task_queue(policy.queue.name())
        .retry_policy(once)
        .summary(summary)
        .build()
}

/// The policy's silence, or the drill's.
fn heartbeat<W: Tracked>(ctx: &WorkflowContext<W>, policy: &ActivityPolicy) -> Option<Duration> {
    let drill = ctx.state(|s| s.progress().drill);
    policy.heartbeat.map(|silence| if drill { silence.min(DRILL_HEARTBEAT) } else { silence })
}

fn classify<T>(outcome: Result<T, ActivityExecutionError>) -> Attempt<T> {
    let error = match outcome {
        Ok(output) => return Attempt::Answered(output),
        Err(error) => error,
    };
    if error.as_cancelled().is_some() {
        return Attempt::Cancelled;
    }
    if let Some(timeout) = error.as_timeout() {
        return match timeout.timeout_type() {
            TimeoutType::Heartbeat => Attempt::Lost,
            _ => refused(TIMED_OUT, "no answer within the attempt's time".to_owned(), true, None),
        };
    }
    match error.reason() {
        Some(IncomingError::Application(failure)) => application(failure),
        _ => refused("ActivityError", error.to_string(), false, None),
    }
}

fn application<T>(failure: &ApplicationFailure) -> Attempt<T> {
    let kind = failure.type_name().unwrap_or("ActivityError");
    if kind == FailureType::WorkerShutdownError.name() {
        return Attempt::Lost;
    }
    let known_final = FailureType::from_name(kind).is_some_and(|kind| !kind.is_retryable());
    refused(
        kind,
        failure.to_string(),
        !failure.is_non_retryable() && !known_final,
        failure.next_retry_delay(),
    )
}

fn refused<T>(kind: &str, message: String, retryable: bool, delay: Option<Duration>) -> Attempt<T> {
    Attempt::Refused(Refusal { kind: kind.to_owned(), message, retryable, delay })
}

/// Shows why the stage is asked again, and waits until then; the wait counts as working time.
pub(crate) async fn wait_to_ask_again<W: Tracked>(
    ctx: &WorkflowContext<W>,
    stage: Stage,
    answers: u32,
    message: &str,
    delay: Duration,
) -> Result<(), StageError> {
    progress::update(ctx, stage, |entry| {
        entry.state = StageState::Retrying;
        entry.failed_answers = answers;
        message.clone_into(&mut entry.note);
    });
    let label = one_line(&format!("{} asks again after: {message}", stage.title()));
    match ctx.timer(TimerOptions::builder(delay).summary(label).build()).await {
        TimerResult::Fired => {
            spend(ctx, delay);
            Ok(())
        }
        TimerResult::Cancelled => give_up(ctx, stage, "cancelled", StageError::Cancelled),
    }
}

fn summary<W: Tracked>(ctx: &WorkflowContext<W>, stage: Stage, answers: u32) -> String {
    let symbol = ctx.state(|s| s.progress().symbol.clone());
    let attempt = if answers == 0 { String::new() } else { format!(", asked again after {answers} failed") };
    format!("{symbol}: {}{attempt}", stage.title().to_lowercase())
}

/// The UI shows one line; the server limits a summary to 400 bytes.
fn one_line(text: &str) -> String {
    text.chars().take(120).collect()
}

fn elapsed(from: Option<SystemTime>, to: Option<SystemTime>) -> Duration {
    match (from, to) {
        (Some(from), Some(to)) => to.duration_since(from).unwrap_or_default(),
        _ => Duration::ZERO,
    }
}

fn remaining_working_time<W: Tracked>(ctx: &WorkflowContext<W>) -> Option<Duration> {
    let spent = Duration::from_millis(ctx.state(|s| s.progress().working_ms));
    ANALYSIS_WORKING_TIME.checked_sub(spent).filter(|left| *left > Duration::ZERO)
}

fn spend<W: Tracked>(ctx: &WorkflowContext<W>, time: Duration) {
    let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    ctx.state_mut(|s| {
        let progress = s.progress_mut();
        progress.working_ms = progress.working_ms.saturating_add(milliseconds);
    });
}

fn give_up<W: Tracked, T>(
    ctx: &WorkflowContext<W>,
    stage: Stage,
    note: &str,
    error: StageError,
) -> Result<T, StageError> {
    progress::conclude(ctx, stage, StageState::Failed, note);
    Err(error)
}
