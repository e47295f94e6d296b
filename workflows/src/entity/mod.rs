//! Entities: workflows that live for months, take messages, and cost nothing while nothing happens.
//!
//! A family's file is its state, its messages, and what a turn does with them; the rest is here: nothing accepted is lost
//! or applied twice across continue-as-new and worker deaths, malformed messages freeze nothing, and an entity pauses, says
//! where it is, and ends with a farewell. `price-alerts` would read:
//!
//! ```ignore
//! #[workflow]
//! pub struct PriceAlertWorkflow { core: Core<AlertMessage>, params: PriceAlertParams, alerts: AlertCounts }
//!
//! entity_workflow! {
//!     PriceAlertWorkflow as "PriceAlertWorkflow": PriceAlertParams => PriceAlertStatus;
//!     signal add_alert(PriceAlert) => AlertMessage::Add;
//!     signal remove_alert(AlertId) => AlertMessage::Remove;
//!     update add_alerts(Vec<PriceAlert>) => AlertMessage::AddAll;
//!     {
//!         #[query]
//!         pub fn get_alerts(&self, _ctx: &WorkflowContextView) -> Vec<PriceAlert> { self.newest_alerts() }
//!     }
//! }
//!
//! impl Entity for PriceAlertWorkflow {
//!     // types, begin, next_run, core, core_mut, status
//!
//!     fn check(&self, message: &AlertMessage) -> Result<(), String> {
//!         message.parse_conditions() // "'prcie > 5' is not a condition; …"
//!     }
//!
//!     async fn turn(ctx: &WorkflowContext<Self>, _: Wake, messages: Vec<AlertMessage>) -> WorkflowResult<Next> {
//!         let shard = store::write_alerts(ctx, messages).await?; // one activity, idempotent by the messages' keys
//!         shard::wake(ctx, shard).await?; // starts the shard's workflow where it is absent
//!         Ok(Next::Wait)
//!     }
//! }
//! ```
//!
//! A shard's turn is long: [`until_recalled`] runs its lease activity and hands it a token that is cancelled where the turn
//! has to return; the activity answers with its cursor, which the shard carries, and `Next::Now` leases again.

mod alarm;
mod core;
mod handlers;
mod seen;

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use chrono::{DateTime, Utc};
use serde::Serialize;
use temporalio_common::WorkflowDefinition;
use temporalio_common::data_converters::TemporalSerializable;
use temporalio_workflow::workflows::WorkflowImplementation;
use temporalio_workflow::{
    ContinueAsNewOptions, SyncWorkflowContext, WorkflowCancellationError, WorkflowCancellationToken,
    WorkflowContext, WorkflowResult, WorkflowTermination,
};
use ttai_contract::entity::{Answer, Keyed};
use ttai_contract::{FailureType, Lenient, Malformed, Validate};

use self::alarm::Alarm;
pub use self::core::Core;
use self::core::{Judged, Step};
use crate::start;

/// Why a turn is taken. Every turn gets all messages that wait, whatever woke it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// The first turn of the entity's life.
    Started,
    /// Messages wait.
    Messages,
    /// It is the time that [`Next`] named.
    Alarm,
    /// The last turn: a farewell follows.
    Shutdown,
}

/// When an entity acts next without a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Never: it waits for messages.
    Wait,
    /// At once, or once it is resumed.
    Now,
    /// At this time. The same time again keeps the timer that runs.
    At(DateTime<Utc>),
}

/// A workflow that lives until it is shut down. Its handlers come from [`entity_workflow!`](crate::entity_workflow).
pub trait Entity: WorkflowImplementation {
    /// The start's argument; has a field `carried: Option<Carried<Self::Message, …>>`. Its default starts an entity whose
    /// argument could not be read, and which fails before it does anything.
    type Params: Default + Validate;
    /// Everything that it takes by signal or update, as one enum.
    type Message: Keyed + Serialize + 'static;
    /// What the `status` query answers; also the farewell result, and the details of a cancellation.
    type Status: TemporalSerializable + Send + Sync + 'static;

    /// The state at the start of a run, from [`Core::resume`]. Signals that came with the start are taken after it.
    fn begin(params: Self::Params) -> Self;
    /// The params of the next run, with [`Core::carry`]. Their JSON must stay under 300 kB without the core's part.
    fn next_run(&self) -> Self::Params;
    /// The core.
    fn core(&self) -> &Core<Self::Message>;
    /// The core, to change.
    fn core_mut(&mut self) -> &mut Core<Self::Message>;
    /// Workflow state only.
    fn status(&self) -> Self::Status;

    /// Judges a message that is well-formed and new, before it is accepted.
    ///
    /// # Errors
    /// Why the entity does not take it, and what to send instead.
    fn check(&self, message: &Self::Message) -> Result<(), String> {
        let _ = message;
        Ok(())
    }

    /// Applies the messages, in the order in which they were accepted, and does what is due. When it returns, no child and
    /// no activity of it is pending. An error ends the entity: a cancellation as Canceled, any other as Failed.
    fn turn(
        ctx: &WorkflowContext<Self>,
        why: Wake,
        messages: Vec<Self::Message>,
    ) -> impl Future<Output = WorkflowResult<Next>>;

    /// More of the current details in the Temporal UI, in Markdown.
    fn details(&self) -> String {
        String::new()
    }

    /// For `#[init]`: the state, also where the argument could not be read.
    #[must_use]
    fn open(argument: Lenient<Self::Params>) -> Self {
        let read = argument.into_result().map_err(|malformed| malformed.message).and_then(|params| {
            params.validate().map_err(|error| error.to_string())?;
            Ok(params)
        });
        read.map_or_else(
            |reason| {
                let mut refused = Self::begin(Self::Params::default());
                refused.core_mut().refuse_start(&reason);
                refused
            },
            Self::begin,
        )
    }

    /// For a signal's handler: takes the message, or lists in the status why not.
    fn take(
        &mut self,
        ctx: &SyncWorkflowContext<Self>,
        handler: &str,
        argument: Result<Self::Message, Malformed>,
    ) {
        let judged = judge(self, argument);
        self.core_mut().take(handler, judged, ctx.workflow_time().map(Into::into));
        show(self, ctx);
    }

    /// For an update's handler: takes the message, or answers why not.
    ///
    /// # Errors
    /// The argument could not be read.
    fn answer(
        &mut self,
        ctx: &SyncWorkflowContext<Self>,
        argument: Result<Self::Message, Malformed>,
    ) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
        let judged = judge(self, argument);
        let answer = self.core_mut().answer(judged);
        show(self, ctx);
        answer.map_err(Into::into)
    }

    /// For `pause` and `resume`: while paused, messages are accepted and turns wait.
    fn set_paused(&mut self, ctx: &SyncWorkflowContext<Self>, paused: bool) {
        self.core_mut().set_paused(paused);
        show(self, ctx);
    }

    /// For `shutdown`: what was accepted is applied, nothing more is accepted, and the entity ends.
    fn shut_down(&mut self, ctx: &SyncWorkflowContext<Self>) {
        self.core_mut().shut_down();
        show(self, ctx);
    }
}

fn judge<E: Entity>(
    entity: &E,
    argument: Result<E::Message, Malformed>,
) -> Result<Judged<E::Message>, String> {
    let message = argument.map_err(|malformed| malformed.message)?;
    let allowed = entity.check(&message);
    Ok(Judged { message, allowed })
}

/// The whole life of a run: waits, takes turns, and ends with a farewell or continues as a new run.
///
/// # Errors
/// Continue-as-new; Canceled, with the status as details; Failed, where the argument cannot be used or a turn fails.
pub async fn live<E>(ctx: &WorkflowContext<E>) -> WorkflowResult<E::Status>
where
    E: Entity,
    E::Run: WorkflowDefinition<Input = Lenient<E::Params>>,
{
    if let Some(reason) = ctx.state(|entity| entity.core().refusal()) {
        return Err(start::fail(FailureType::ValidationError.name(), &reason));
    }
    let mut alarm = Alarm::default();
    loop {
        publish(ctx);
        let step = match next_step(ctx, &mut alarm).await {
            // A condition that holds wins over the cancellation that came with it.
            Ok(step) if !ctx.cancellation_token().is_cancelled() => step,
            _ => return Err(cancelled(ctx)),
        };
        match step {
            Step::Turn(Wake::Shutdown) => {
                turn(ctx, Wake::Shutdown).await?;
                handlers_finished(ctx).await?;
                return Ok(farewell(ctx));
            }
            Step::Turn(why) => turn(ctx, why).await?,
            Step::Renew => {
                handlers_finished(ctx).await?;
                // A handler that was under way may have changed what comes next.
                if ctx.state(|entity| entity.core().step(ctx.continue_as_new_suggested())) == Some(step) {
                    let params = Lenient::Read(ctx.state(E::next_run));
                    ctx.continue_as_new(params, ContinueAsNewOptions::default())?;
                }
            }
        }
    }
}

/// Runs `work`, which takes long, until it ends, or until the turn has to return: for a pause, a shutdown, a cancellation or
/// a new run. Then the token that `work` got is cancelled, and `work` is waited for: an activity of it should be cancelled
/// with WaitCancellationCompleted, so that its answer is not lost.
pub async fn until_recalled<E: Entity, F: Future>(
    ctx: &WorkflowContext<E>,
    work: impl FnOnce(WorkflowCancellationToken) -> F,
) -> F::Output {
    until(ctx, work, async || {}, |entity| entity.core().recalls(ctx.continue_as_new_suggested())).await
}

/// As [`until_recalled`], and also until a message waits: for work that goes on with what the message has changed. `recall`
/// tells it sooner than its token does.
pub async fn until_recalled_or_messaged<E: Entity, F: Future>(
    ctx: &WorkflowContext<E>,
    work: impl FnOnce(WorkflowCancellationToken) -> F,
    recall: impl AsyncFnOnce(),
) -> F::Output {
    until(ctx, work, recall, |entity| {
        entity.core().recalls(ctx.continue_as_new_suggested()) || entity.core().has_messages()
    })
    .await
}

async fn until<E: Entity, F: Future>(
    ctx: &WorkflowContext<E>,
    work: impl FnOnce(WorkflowCancellationToken) -> F,
    recall: impl AsyncFnOnce(),
    ends: impl FnMut(&E) -> bool,
) -> F::Output {
    let token = ctx.cancellation_token().child_token();
    let mut work = pin!(work(token.clone()));
    let mut recalled = pin!(ctx.wait_condition(ends));
    let finished = poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => recalled.as_mut().poll(cx).map(|_| None),
    });
    match finished.await {
        Some(output) => output,
        None => {
            token.cancel();
            recall().await;
            work.await
        }
    }
}

async fn next_step<'a, E: Entity>(
    ctx: &'a WorkflowContext<E>,
    alarm: &mut Alarm<'a>,
) -> Result<Step, WorkflowCancellationError> {
    let step = |entity: &E| entity.core().step(ctx.continue_as_new_suggested());
    loop {
        if alarm.set(ctx, ctx.state(|entity| entity.core().next_turn_at())) {
            ctx.state_mut(|entity| entity.core_mut().ring());
        }
        let mut woken = pin!(ctx.wait_condition(|entity| step(entity).is_some()));
        let woken = poll_fn(|cx| match woken.as_mut().poll(cx) {
            Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
            Poll::Pending => alarm.poll(cx).map(|()| None),
        });
        match woken.await {
            Some(outcome) => outcome?,
            None => ctx.state_mut(|entity| entity.core_mut().ring()),
        }
        if let Some(step) = ctx.state(step) {
            return Ok(step);
        }
    }
}

async fn turn<E: Entity>(ctx: &WorkflowContext<E>, why: Wake) -> WorkflowResult<()> {
    let messages = ctx.state_mut(|entity| entity.core_mut().begin_turn());
    match E::turn(ctx, why, messages).await {
        Ok(next) => {
            ctx.state_mut(|entity| entity.core_mut().end_turn(next));
            Ok(())
        }
        Err(WorkflowTermination::Cancelled { .. }) => Err(cancelled(ctx)),
        Err(other) => Err(other),
    }
}

async fn handlers_finished<E: Entity>(ctx: &WorkflowContext<E>) -> WorkflowResult<()> {
    ctx.wait_condition(|_| ctx.all_handlers_finished()).await.map_err(|_| cancelled(ctx))
}

fn cancelled<E: Entity>(ctx: &WorkflowContext<E>) -> WorkflowTermination {
    WorkflowTermination::cancelled_with_details(farewell(ctx))
}

fn farewell<E: Entity>(ctx: &WorkflowContext<E>) -> E::Status {
    ctx.state_mut(|entity| entity.core_mut().end());
    publish(ctx);
    ctx.state(E::status)
}

fn publish<E: Entity>(ctx: &WorkflowContext<E>) {
    ctx.set_current_details(ctx.state(details));
}

fn show<E: Entity>(entity: &E, ctx: &SyncWorkflowContext<E>) {
    ctx.set_current_details(details(entity));
}

fn details<E: Entity>(entity: &E) -> String {
    let more = entity.details();
    let gap = if more.is_empty() { "" } else { "\n\n" };
    format!("{}{gap}{more}", entity.core().headline())
}
