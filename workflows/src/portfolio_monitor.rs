//! `PortfolioMonitorWorkflow`: watches one account until it is shut down. The watching is one long activity; a message, a pause or a
//! new run recalls it, and it goes on with what has changed.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use chrono::{DateTime, TimeDelta, Utc};
use temporalio_macros::workflow;
use temporalio_workflow::{SyncWorkflowContext, WorkflowContext, WorkflowResult, WorkflowTermination};
use ttai_contract::entity::{Answer, EntityState};
use ttai_contract::policy::CALL_TIMEOUT;
use ttai_contract::{
    Lenient, PortfolioMessage, PortfolioMonitorConfig, PortfolioMonitorParams, PortfolioMonitorStatus,
    PortfolioWatch, RecallPortfolio, RecallPortfolioParams, SnoozeAlert, Validate, WatchPortfolio,
    WatchPortfolioParams,
};

use crate::calls::{CallError, Means, Observer, attempt, call_until};
use crate::entity::{Core, Entity, Next, Wake, until_recalled_or_messaged};
use crate::entity_workflow;

/// How long to wait after a stretch that failed for good, such as one of an account that does not exist.
const AFTER_FAILURE: TimeDelta = TimeDelta::minutes(5);

/// Said where a request lists positions.
const LISTED_POSITIONS: &str =
    "positions: those listed in the request are not watched; the broker says what is held";

/// A watch hears of a cancellation at its next heartbeat only; since this patch its recall is in the store as well.
const BY_THE_STORE: &str = "recalled-by-the-store";

/// The watch over one account.
#[workflow]
pub struct PortfolioMonitorWorkflow {
    core: Core<PortfolioMessage>,
    params: PortfolioMonitorParams,
    watch: PortfolioWatch,
    /// Stretches of this run so far.
    stretches: u32,
}

entity_workflow! {
    PortfolioMonitorWorkflow as "PortfolioMonitorWorkflow": PortfolioMonitorParams => PortfolioMonitorStatus;
    signal update_config(PortfolioMonitorConfig) => PortfolioMessage::UpdateConfig;
    signal acknowledge(String) => PortfolioMessage::Acknowledge;
    signal snooze(SnoozeAlert) => PortfolioMessage::Snooze;
    update acknowledge_alert(String) => PortfolioMessage::Acknowledge;
    update snooze_alert(SnoozeAlert) => PortfolioMessage::Snooze;
    {
        /// As the signal of that name, with an answer.
        #[update(name = "update_config")]
        pub fn change_config(
            &mut self,
            ctx: &mut SyncWorkflowContext<Self>,
            argument: Lenient<PortfolioMonitorConfig>,
        ) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
            self.answer(ctx, argument.into_result().map(PortfolioMessage::UpdateConfig))
        }
    }
}

impl Entity for PortfolioMonitorWorkflow {
    type Params = PortfolioMonitorParams;
    type Message = PortfolioMessage;
    type Status = PortfolioMonitorStatus;

    fn begin(mut params: PortfolioMonitorParams) -> Self {
        let (core, watch) = Core::resume(params.carried.take());
        let rules = std::mem::take(&mut params.alert_rules);
        params.config.alert_rules.extend(rules);
        Self { core, params, watch, stretches: 0 }
    }

    fn next_run(&self) -> PortfolioMonitorParams {
        PortfolioMonitorParams { carried: Some(self.core.carry(self.watch.clone())), ..self.params.clone() }
    }

    fn core(&self) -> &Core<PortfolioMessage> {
        &self.core
    }

    fn core_mut(&mut self) -> &mut Core<PortfolioMessage> {
        &mut self.core
    }

    fn status(&self) -> PortfolioMonitorStatus {
        let entity = self.core.status();
        PortfolioMonitorStatus {
            active: entity.state == EntityState::Running,
            entity,
            account_id: self.params.account_id.clone(),
            last_check: self.watch.last_check,
            recent_alerts: self.watch.recent_alerts.clone(),
            active_alerts: self.watch.state.active.keys().cloned().collect(),
            config: self.params.config.clone(),
            problems: self.problems(),
        }
    }

    fn check(&self, message: &PortfolioMessage) -> Result<(), String> {
        match message {
            PortfolioMessage::UpdateConfig(config) => config.validate().map_err(|error| error.to_string()),
            PortfolioMessage::Acknowledge(key) if key.is_empty() || key.len() > 200 => {
                Err("send the key of an alert, as `status` lists it".to_owned())
            }
            PortfolioMessage::Snooze(snooze) if snooze.what.is_empty() || snooze.what.len() > 200 => {
                Err("what: send an alert's key, a kind such as delta_breach, or a symbol".to_owned())
            }
            PortfolioMessage::Acknowledge(_) | PortfolioMessage::Snooze(_) => Ok(()),
        }
    }

    async fn turn(
        ctx: &WorkflowContext<Self>,
        why: Wake,
        messages: Vec<PortfolioMessage>,
    ) -> WorkflowResult<Next> {
        ctx.state_mut(|monitor| messages.into_iter().for_each(|message| monitor.apply(message)));
        if why == Wake::Shutdown {
            return Ok(Next::Wait);
        }
        let (input, drill) = ctx.state_mut(|monitor| (monitor.next_stretch(ctx), monitor.params.drill));
        let means = Means { budget: CALL_TIMEOUT, drill };
        let about = ctx.state(|monitor| format!("watching {}", monitor.account()));
        let recall = RecallPortfolioParams {
            account_id: input.account_id.clone(),
            user_id: input.user_id.clone(),
            stretch: input.stretch.clone(),
        };
        let watched = until_recalled_or_messaged(
            ctx,
            |token| call_until::<_, WatchPortfolio>(ctx, input, means, &about, token),
            async || {
                if ctx.patched(BY_THE_STORE) {
                    attempt::<_, RecallPortfolio>(ctx, recall, "recalling the watch").await;
                }
            },
        );
        match watched.await {
            Ok(watch) => {
                ctx.state_mut(|monitor| monitor.watch = watch);
                Ok(Next::Now)
            }
            // A recall before the activity began; a cancellation of the run is seen by the frame.
            Err(CallError::Cancelled) if ctx.cancellation_token().is_cancelled() => {
                Err(WorkflowTermination::cancelled())
            }
            Err(CallError::Cancelled) => Ok(Next::Now),
            Err(CallError::Failed { message, .. }) => {
                ctx.state_mut(|monitor| monitor.watch.problems = vec![message]);
                let now = ctx.workflow_time().map(DateTime::<Utc>::from);
                Ok(now.map_or(Next::Wait, |now| Next::At(now + AFTER_FAILURE)))
            }
        }
    }

    fn details(&self) -> String {
        let alerts = self.watch.recent_alerts.iter().take(5).map(|alert| format!("- {}", alert.message));
        let problems = self.watch.problems.iter().take(3).map(|problem| format!("- missing: {problem}"));
        alerts.chain(problems).collect::<Vec<_>>().join("\n")
    }
}

impl PortfolioMonitorWorkflow {
    fn apply(&mut self, message: PortfolioMessage) {
        match message {
            PortfolioMessage::UpdateConfig(config) => self.params.config = config,
            PortfolioMessage::Acknowledge(key) => {
                self.watch.state.acknowledge(&key);
            }
            PortfolioMessage::Snooze(snooze) => self.watch.state.snooze(&snooze.what, snooze.until),
        }
    }

    fn next_stretch(&mut self, ctx: &WorkflowContext<Self>) -> WatchPortfolioParams {
        self.stretches += 1;
        WatchPortfolioParams {
            stretch: format!("{}/{}", ctx.run_id(), self.stretches),
            account_id: self.params.account_id.clone(),
            user_id: self.params.user_id.clone(),
            config: self.params.config.clone(),
            check_interval_minutes: self.params.check_interval_minutes,
            watch: self.watch.clone(),
        }
    }

    /// What could not be read, and what is not.
    fn problems(&self) -> Vec<String> {
        let listed = (!self.params.positions.is_empty()).then(|| LISTED_POSITIONS.to_owned());
        listed.into_iter().chain(self.watch.problems.iter().cloned()).collect()
    }

    fn account(&self) -> &str {
        if self.params.account_id.is_empty() { "the first account" } else { &self.params.account_id }
    }
}

impl Observer for PortfolioMonitorWorkflow {}
