//! `QuoteStreamWorkflow`: keeps symbols on the stream until it is shut down. The watching is one long activity; a message, a pause or a
//! new run recalls it, and the next one goes on with the same subscription.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use std::error::Error;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use temporalio_macros::workflow;
use temporalio_workflow::{WorkflowContext, WorkflowContextView, WorkflowResult, WorkflowTermination};
use ttai_contract::entity::Anything;
use ttai_contract::policy::CALL_TIMEOUT;
use ttai_contract::quote_stream::MAX_STREAMED;
use ttai_contract::{
    LatestSymbols, LatestValues, Lenient, QuoteStreamHealth, QuoteStreamMessage, QuoteStreamParams,
    QuoteStreamState, QuoteStreamStatus, ReadQuotes, ReadQuotesParams, RecallQuotes, StreamedSymbol,
    StreamedSymbols, WatchQuotes, WatchQuotesParams, WorkflowParams,
};

use crate::calls::{self, CallError, Means, Observer, call_until};
use crate::entity::{Core, Entity, Next, Wake, until_recalled_or_messaged};
use crate::{entity_workflow, start};

/// How long to wait after a watch that failed for good.
const AFTER_FAILURE: TimeDelta = TimeDelta::seconds(30);
/// How long an answer about the latest values may take, attempts and waits together.
const READ_BUDGET: Duration = Duration::from_secs(30);

/// The entity of a quote stream.
#[workflow]
pub struct QuoteStreamWorkflow {
    core: Core<QuoteStreamMessage>,
    params: QuoteStreamParams,
    state: QuoteStreamState,
}

/// Why an update has no answer.
type Refusal = Box<dyn Error + Send + Sync>;

entity_workflow! {
    QuoteStreamWorkflow as "QuoteStreamWorkflow": QuoteStreamParams => QuoteStreamStatus;
    signal add_symbols(StreamedSymbols) => QuoteStreamMessage::AddSymbols;
    signal remove_symbols(StreamedSymbols) => QuoteStreamMessage::RemoveSymbols;
    {
        /// How the stream was when this workflow last heard of it.
        #[query]
        pub fn health(&self, _ctx: &WorkflowContextView, _argument: Anything) -> QuoteStreamHealth {
            self.state.health.clone()
        }

        /// What came last of the symbols, read where the stream is.
        #[update]
        pub async fn latest(
            ctx: &mut WorkflowContext<Self>,
            which: Lenient<LatestSymbols>,
        ) -> Result<LatestValues, Refusal> {
            let which = which.into_result().map_err(|malformed| malformed.message)?;
            ctx.state_mut(|stream| stream.core.count_update())?;
            latest(ctx, which).await
        }
    }
}

impl Entity for QuoteStreamWorkflow {
    type Params = QuoteStreamParams;
    type Message = QuoteStreamMessage;
    type Status = QuoteStreamStatus;

    fn begin(mut params: QuoteStreamParams) -> Self {
        let carried = params.carried.take();
        let is_new = carried.is_none();
        let (core, mut state) = Core::<QuoteStreamMessage>::resume::<QuoteStreamState>(carried);
        if is_new {
            add(&mut state.symbols, params.symbols.clone());
        }
        Self { core, params, state }
    }

    fn next_run(&self) -> QuoteStreamParams {
        QuoteStreamParams { carried: Some(self.core.carry(self.state.clone())), ..self.params.clone() }
    }

    fn core(&self) -> &Core<QuoteStreamMessage> {
        &self.core
    }

    fn core_mut(&mut self) -> &mut Core<QuoteStreamMessage> {
        &mut self.core
    }

    fn status(&self) -> QuoteStreamStatus {
        QuoteStreamStatus { entity: self.core.status(), state: self.state.clone() }
    }

    fn check(&self, message: &QuoteStreamMessage) -> Result<(), String> {
        match message {
            QuoteStreamMessage::AddSymbols(more) => {
                let mut all = self.state.symbols.clone();
                add(&mut all, more.symbols.clone());
                let count = all.len();
                let message = format!("{count} symbols exceed the maximum of {MAX_STREAMED} of a stream");
                if count <= MAX_STREAMED { Ok(()) } else { Err(message) }
            }
            QuoteStreamMessage::RemoveSymbols(_) => Ok(()),
        }
    }

    async fn turn(
        ctx: &WorkflowContext<Self>,
        why: Wake,
        messages: Vec<QuoteStreamMessage>,
    ) -> WorkflowResult<Next> {
        ctx.state_mut(|stream| messages.into_iter().for_each(|message| stream.apply(message)));
        match why {
            Wake::Shutdown => return Ok(Next::Wait),
            Wake::Started => start::label(ctx, &ctx.state(|stream| stream.params.labels())),
            Wake::Messages | Wake::Alarm => {}
        }
        // Without a symbol there is nothing to watch.
        if ctx.state(|stream| stream.state.symbols.is_empty()) {
            ctx.state_mut(|stream| stream.state.health = QuoteStreamHealth::default());
            return Ok(Next::Wait);
        }
        match watch(ctx).await {
            Ok(health) => {
                ctx.state_mut(|stream| stream.hand_over(health));
                Ok(Next::Now)
            }
            // A recall before the activity began; a cancellation of the run is seen by the frame.
            Err(CallError::Cancelled) if !ctx.cancellation_token().is_cancelled() => Ok(Next::Now),
            Err(CallError::Cancelled) => {
                Err(WorkflowTermination::cancelled_with_details(ctx.state(<Self as Entity>::status)))
            }
            Err(CallError::Failed { message, .. }) => {
                ctx.state_mut(|stream| stream.state.problem = Some(message));
                let now = ctx.workflow_time().map(DateTime::<Utc>::from);
                Ok(now.map_or(Next::Now, |now| Next::At(now + AFTER_FAILURE)))
            }
        }
    }

    fn details(&self) -> String {
        let QuoteStreamState { symbols, handovers, gaps, problem, .. } = &self.state;
        let problem = problem.as_ref().map(|problem| format!("\n\nLast problem: {problem}"));
        let names: Vec<String> = symbols.iter().take(20).map(ToString::to_string).collect();
        let more = if symbols.len() > names.len() { ", …" } else { "" };
        format!(
            "{} symbols: {}{more}\n\nAt the last handover ({handovers}): {gaps} gaps{}",
            symbols.len(),
            names.join(", "),
            problem.unwrap_or_default()
        )
    }
}

/// A call is shown by the pending activity itself.
impl Observer for QuoteStreamWorkflow {}

/// Watches until the entity has to go on with something else. The watch hears of a recall with its next heartbeat, which may be a
/// minute away, so it is also called in the process where it probably is.
async fn watch(ctx: &WorkflowContext<QuoteStreamWorkflow>) -> Result<QuoteStreamHealth, CallError> {
    let stream = ctx.workflow_id().to_owned();
    let (params, means) = ctx.state(|entity| {
        let params = WatchQuotesParams {
            stream: stream.clone(),
            symbols: entity.state.symbols.clone(),
            kinds: entity.params.kinds.clone(),
        };
        (params, Means { budget: CALL_TIMEOUT, drill: entity.params.drill })
    });
    let about = format!("watch {} symbols", params.symbols.len());
    until_recalled_or_messaged(
        ctx,
        |recall| call_until::<_, WatchQuotes>(ctx, params, means, &about, recall),
        async || {
            let means = Means { budget: READ_BUDGET, drill: false };
            // Where it fails, the next heartbeat does it.
            let _ = calls::call::<_, RecallQuotes>(ctx, stream, means, "recall the watch").await;
        },
    )
    .await
}

async fn latest(
    ctx: &WorkflowContext<QuoteStreamWorkflow>,
    which: LatestSymbols,
) -> Result<LatestValues, Refusal> {
    let stream = ctx.workflow_id().to_owned();
    let (watched, kinds) = ctx.state(|entity| (entity.state.symbols.clone(), entity.params.kinds.clone()));
    let asked = |symbol: &&StreamedSymbol| which.symbols.is_empty() || which.symbols.contains(symbol);
    let symbols: Vec<StreamedSymbol> = watched.iter().filter(asked).cloned().collect();
    let unknown = which.symbols.iter().filter(|symbol| !watched.contains(symbol)).cloned().collect();
    let params = ReadQuotesParams { stream, symbols, kinds };
    let means = Means { budget: READ_BUDGET, drill: false };
    match calls::call::<_, ReadQuotes>(ctx, params, means, "latest values").await {
        Ok(values) => {
            if values.from_watch {
                ctx.state_mut(|entity| entity.state.health = values.health.clone());
            }
            Ok(LatestValues { unknown, ..values })
        }
        Err(CallError::Cancelled) => Err("the workflow was cancelled".into()),
        Err(CallError::Failed { message, .. }) => Err(message.into()),
    }
}

impl QuoteStreamWorkflow {
    fn apply(&mut self, message: QuoteStreamMessage) {
        match message {
            QuoteStreamMessage::AddSymbols(more) => add(&mut self.state.symbols, more.symbols),
            QuoteStreamMessage::RemoveSymbols(gone) => {
                self.state.symbols.retain(|symbol| !gone.symbols.contains(symbol));
            }
        }
    }

    fn hand_over(&mut self, health: QuoteStreamHealth) {
        self.state.handovers += 1;
        self.state.gaps += health.gaps;
        self.state.events += health.events;
        self.state.problem.clone_from(&health.problem);
        self.state.health = health;
    }
}

/// Each symbol once, in the order in which it came.
fn add(symbols: &mut Vec<StreamedSymbol>, more: Vec<StreamedSymbol>) {
    for symbol in more {
        if !symbols.contains(&symbol) {
            symbols.push(symbol);
        }
    }
}
