//! `NewsWatcherWorkflow`: watches the news of a watchlist until it is shut down. The watching is one long activity; a message, a
//! pause or a new run recalls it, and it goes on with what has changed.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use chrono::{DateTime, TimeDelta, Utc};
use temporalio_macros::workflow;
use temporalio_workflow::{
    SyncWorkflowContext, WorkflowContext, WorkflowContextView, WorkflowResult, WorkflowTermination,
};
use ttai_contract::entity::{Answer, Anything, EntityState};
use ttai_contract::policy::CALL_TIMEOUT;
use ttai_contract::{
    Lenient, NewsMessage, NewsWatch, NewsWatcherParams, NewsWatcherStatus, NewsWatchlist, RecallNews,
    RecallNewsParams, Symbol, Validate, WatchNews, WatchNewsParams, WorkflowParams,
};

use crate::calls::{CallError, Means, Observer, attempt, call_until};
use crate::entity::{Core, Entity, Next, Wake, until_recalled_or_messaged};
use crate::{entity_workflow, start};

/// How long to wait after a stretch that failed for good.
const AFTER_FAILURE: TimeDelta = TimeDelta::minutes(5);
/// Symbols and stories of the current details.
const SHOWN: usize = 5;

/// The watch over a user's news.
#[workflow]
pub struct NewsWatcherWorkflow {
    core: Core<NewsMessage>,
    params: NewsWatcherParams,
    watch: NewsWatch,
    /// Stretches of this run so far.
    stretches: u32,
}

entity_workflow! {
    NewsWatcherWorkflow as "NewsWatcherWorkflow": NewsWatcherParams => NewsWatcherStatus;
    signal update_watchlist(NewsWatchlist) => NewsMessage::UpdateWatchlist;
    {
        /// As the signal of that name, with an answer.
        #[update(name = "update_watchlist")]
        pub fn set_watchlist(
            &mut self,
            ctx: &mut SyncWorkflowContext<Self>,
            argument: Lenient<NewsWatchlist>,
        ) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
            self.answer(ctx, argument.into_result().map(NewsMessage::UpdateWatchlist))
        }

        /// The symbols that are watched: those that were asked for, else the user's own as they were at the last look.
        #[query]
        pub fn get_watchlist(&self, _ctx: &WorkflowContextView, _argument: Anything) -> Vec<Symbol> {
            self.watch.wanted.symbols.clone().unwrap_or_else(|| self.watch.watched.clone())
        }
    }
}

impl Entity for NewsWatcherWorkflow {
    type Params = NewsWatcherParams;
    type Message = NewsMessage;
    type Status = NewsWatcherStatus;

    fn begin(mut params: NewsWatcherParams) -> Self {
        let carried = params.carried.take();
        let is_new = carried.is_none();
        let (core, mut watch) = Core::<NewsMessage>::resume::<NewsWatch>(carried);
        if is_new {
            watch.wanted.symbols.clone_from(&params.initial_symbols);
        }
        Self { core, params, watch, stretches: 0 }
    }

    fn next_run(&self) -> NewsWatcherParams {
        NewsWatcherParams { carried: Some(self.core.carry(self.watch.clone())), ..self.params.clone() }
    }

    fn core(&self) -> &Core<NewsMessage> {
        &self.core
    }

    fn core_mut(&mut self) -> &mut Core<NewsMessage> {
        &mut self.core
    }

    fn status(&self) -> NewsWatcherStatus {
        let entity = self.core.status();
        NewsWatcherStatus {
            active: entity.state == EntityState::Running,
            entity,
            check_interval_minutes: self.params.check_interval_minutes,
            watch: self.watch.clone(),
        }
    }

    fn check(&self, message: &NewsMessage) -> Result<(), String> {
        let NewsMessage::UpdateWatchlist(watchlist) = message;
        watchlist.validate().map_err(|error| error.to_string())
    }

    async fn turn(
        ctx: &WorkflowContext<Self>,
        why: Wake,
        messages: Vec<NewsMessage>,
    ) -> WorkflowResult<Next> {
        ctx.state_mut(|watcher| messages.into_iter().for_each(|message| watcher.apply(message)));
        match why {
            Wake::Shutdown => return Ok(Next::Wait),
            Wake::Started => start::label(ctx, &ctx.state(|watcher| watcher.params.labels())),
            Wake::Messages | Wake::Alarm => {}
        }
        // Without a symbol there is nothing to watch.
        if ctx.state(|watcher| watcher.watch.wanted.symbols.as_ref().is_some_and(Vec::is_empty)) {
            return Ok(Next::Wait);
        }
        match watch(ctx).await {
            Ok(watch) => {
                ctx.state_mut(|watcher| watcher.watch = watch);
                Ok(Next::Now)
            }
            // A recall before the activity began; a cancellation of the run is seen by the frame.
            Err(CallError::Cancelled) if ctx.cancellation_token().is_cancelled() => {
                Err(WorkflowTermination::cancelled())
            }
            Err(CallError::Cancelled) => Ok(Next::Now),
            Err(CallError::Failed { message, .. }) => {
                ctx.state_mut(|watcher| watcher.watch.problems = vec![message]);
                let now = ctx.workflow_time().map(DateTime::<Utc>::from);
                Ok(now.map_or(Next::Wait, |now| Next::At(now + AFTER_FAILURE)))
            }
        }
    }

    fn details(&self) -> String {
        let watch = &self.watch;
        let names: Vec<&str> = watch.watched.iter().take(SHOWN).map(Symbol::as_str).collect();
        let more = if watch.watched.len() > names.len() { ", …" } else { "" };
        let counts = format!(
            "{} symbols: {}{more}\n\n{} stories seen, {} told",
            watch.watched.len(),
            names.join(", "),
            watch.stories,
            watch.alerted
        );
        let told = watch
            .recent_alerts
            .iter()
            .take(SHOWN)
            .map(|alert| format!("- {}: {}", alert.symbol, alert.title));
        let silent = watch.sources.iter().filter_map(|source| Some((source, source.problem.as_ref()?)));
        let silent =
            silent.take(SHOWN).map(|(source, problem)| format!("- missing: {}: {problem}", source.name));
        let problems = watch.problems.iter().take(SHOWN).map(|problem| format!("- missing: {problem}"));
        std::iter::once(counts).chain(told).chain(silent).chain(problems).collect::<Vec<_>>().join("\n")
    }
}

/// A call is shown by the pending activity itself.
impl Observer for NewsWatcherWorkflow {}

/// Watches until the entity has to go on with something else. The watch would hear of a recall with its next heartbeat, which may be
/// minutes away, so it is in the store as well.
async fn watch(ctx: &WorkflowContext<NewsWatcherWorkflow>) -> Result<NewsWatch, CallError> {
    let (input, drill) = ctx.state_mut(|watcher| (watcher.next_stretch(ctx), watcher.params.drill));
    let means = Means { budget: CALL_TIMEOUT, drill };
    let recall = RecallNewsParams { user_id: input.user_id.clone(), stretch: input.stretch.clone() };
    until_recalled_or_messaged(
        ctx,
        |token| call_until::<_, WatchNews>(ctx, input, means, "watching the news", token),
        async || attempt::<_, RecallNews>(ctx, recall, "recalling the watch").await,
    )
    .await
}

impl NewsWatcherWorkflow {
    fn apply(&mut self, message: NewsMessage) {
        let NewsMessage::UpdateWatchlist(watchlist) = message;
        self.watch.watched = watchlist.symbols.clone().unwrap_or_default();
        self.watch.wanted = watchlist;
    }

    fn next_stretch(&mut self, ctx: &WorkflowContext<Self>) -> WatchNewsParams {
        self.stretches += 1;
        WatchNewsParams {
            user_id: self.params.user_id.clone(),
            check_interval_minutes: self.params.check_interval_minutes,
            min_significance: self.params.min_significance,
            notify_channels: self.params.notify_channels.clone(),
            watch: self.watch.clone(),
            stretch: format!("{}/{}", ctx.run_id(), self.stretches),
        }
    }
}
