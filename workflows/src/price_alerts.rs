//! The router of a user's price alerts: takes them by signal and update, has them saved, and sees to it that a shard watches them.
//! The store has the alerts; the router lists the newest ones, so that a query needs no store.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use std::collections::VecDeque;
use std::error::Error;

use temporalio_macros::workflow;
use temporalio_workflow::{
    ChildWorkflowOptions, ParentClosePolicy, SignalWorkflowOptions, WorkflowContext, WorkflowContextView,
    WorkflowIdReusePolicy, WorkflowResult, WorkflowTermination,
};
use ttai_contract::alerts::MAX_ALERTS_LISTED;
use ttai_contract::entity::Anything;
use ttai_contract::policy::SAVE_BUDGET;
use ttai_contract::{
    AddAlerts, AlertAnswer, AlertAnswers, AlertDefinition, AlertIds, AlertRequest, AlertShardParams, Lenient,
    ListAlerts, Malformed, PauseAlerts, PriceAlertParams, PriceAlertStatus, RouterState, SaveAlerts,
    SaveAlertsParams, SnoozePriceAlert, WorkflowParams,
};

use crate::alert_shard::AlertShardWorkflow;
use crate::calls::{self, CallError, Means, Observer};
use crate::entity::{Core, Entity, Next, Wake};
use crate::{entity_workflow, start};

/// Refusals that the status remembers.
const REFUSALS: usize = 20;

/// The entity of a user's price alerts.
#[workflow]
pub struct PriceAlertWorkflow {
    core: Core<AlertRequest>,
    params: PriceAlertParams,
    state: RouterState,
    /// The newest alerts that can fire as far as this run has heard, newest first.
    alerts: VecDeque<AlertDefinition>,
}

entity_workflow! {
    PriceAlertWorkflow as "PriceAlertWorkflow": PriceAlertParams => PriceAlertStatus;
    signal add_alert(AlertDefinition) => |alert| AlertRequest::Add(vec![alert]);
    signal remove_alert(String) => |id| AlertRequest::Remove(vec![id]);
    {
        /// The user's alerts, the newest 1,000; `status` says whether there are more.
        #[query]
        pub fn get_alerts(&self, _ctx: &WorkflowContextView, _argument: Anything) -> Vec<AlertDefinition> {
            self.alerts.iter().cloned().collect()
        }

        /// Arms alerts and answers with each as accepted, or why not.
        #[update]
        pub async fn add(
            ctx: &mut WorkflowContext<Self>,
            alerts: Lenient<AddAlerts>,
        ) -> Result<AlertAnswers, Refusal> {
            let add = |alerts: AddAlerts| AlertRequest::Add(alerts.into_alerts());
            answer(ctx, alerts.into_result().map(add)).await
        }

        /// Replaces an alert's definition and arms it anew.
        #[update]
        pub async fn change(
            ctx: &mut WorkflowContext<Self>,
            alert: Lenient<AlertDefinition>,
        ) -> Result<AlertAnswers, Refusal> {
            answer(ctx, alert.into_result().map(|alert| AlertRequest::Change(Box::new(alert)))).await
        }

        /// Removes alerts.
        #[update]
        pub async fn remove(
            ctx: &mut WorkflowContext<Self>,
            ids: Lenient<AlertIds>,
        ) -> Result<AlertAnswers, Refusal> {
            answer(ctx, ids.into_result().map(|ids| AlertRequest::Remove(ids.ids))).await
        }

        /// Says of alerts whether they would be accepted, and whether they are true already; arms none.
        #[update(name = "test")]
        pub async fn test_alerts(
            ctx: &mut WorkflowContext<Self>,
            alerts: Lenient<AddAlerts>,
        ) -> Result<AlertAnswers, Refusal> {
            let test = |alerts: AddAlerts| AlertRequest::Test(alerts.into_alerts());
            answer(ctx, alerts.into_result().map(test)).await
        }

        /// Somebody has seen what alerts last fired: what is not delivered of it is not sent any more.
        #[update]
        pub async fn acknowledge(
            ctx: &mut WorkflowContext<Self>,
            ids: Lenient<AlertIds>,
        ) -> Result<AlertAnswers, Refusal> {
            answer(ctx, ids.into_result().map(|ids| AlertRequest::Acknowledge(ids.ids))).await
        }

        /// Lists alerts as they are in the store.
        #[update]
        pub async fn list(
            ctx: &mut WorkflowContext<Self>,
            which: Lenient<ListAlerts>,
        ) -> Result<AlertAnswers, Refusal> {
            answer(ctx, which.into_result().map(AlertRequest::List)).await
        }

        /// Turns alerts off, or on again.
        #[update(name = "pause")]
        pub async fn pause_alerts(
            ctx: &mut WorkflowContext<Self>,
            which: Lenient<PauseAlerts>,
        ) -> Result<AlertAnswers, Refusal> {
            answer(ctx, which.into_result().map(AlertRequest::Pause)).await
        }

        /// Silences an alert until a time.
        #[update]
        pub async fn snooze(
            ctx: &mut WorkflowContext<Self>,
            which: Lenient<SnoozePriceAlert>,
        ) -> Result<AlertAnswers, Refusal> {
            answer(ctx, which.into_result().map(AlertRequest::Snooze)).await
        }
    }
}

/// Why an update has no answer.
type Refusal = Box<dyn Error + Send + Sync>;

impl Entity for PriceAlertWorkflow {
    type Params = PriceAlertParams;
    type Message = AlertRequest;
    type Status = PriceAlertStatus;

    fn begin(mut params: PriceAlertParams) -> Self {
        let (core, state) = Core::resume(params.carried.take());
        Self { core, params, state, alerts: VecDeque::new() }
    }

    fn next_run(&self) -> PriceAlertParams {
        // The alerts are listed anew by the first turn.
        let carried = self.core.carry_due(self.state.clone());
        PriceAlertParams { carried: Some(carried), initial_alerts: Vec::new(), ..self.params.clone() }
    }

    fn core(&self) -> &Core<AlertRequest> {
        &self.core
    }

    fn core_mut(&mut self) -> &mut Core<AlertRequest> {
        &mut self.core
    }

    fn status(&self) -> PriceAlertStatus {
        PriceAlertStatus {
            entity: self.core.status(),
            router: self.state.clone(),
            listed: self.alerts.len(),
            truncated: self.state.total > self.alerts.len() as u64,
        }
    }

    async fn turn(
        ctx: &WorkflowContext<Self>,
        why: Wake,
        messages: Vec<AlertRequest>,
    ) -> WorkflowResult<Next> {
        if why == Wake::Shutdown {
            shut_down_shard(ctx).await;
        }
        if why == Wake::Started {
            start::label(ctx, &ctx.state(|router| router.params.labels()));
            start_shard(ctx).await;
            let initial = ctx.state(|router| router.params.initial_alerts.clone());
            if !initial.is_empty() {
                apply(ctx, AlertRequest::Add(initial)).await?;
            }
        }
        if matches!(why, Wake::Started | Wake::Alarm) {
            let all = ListAlerts { symbol: None, limit: u32::try_from(MAX_ALERTS_LISTED).ok() };
            apply(ctx, AlertRequest::List(all)).await?;
        }
        for request in messages {
            apply(ctx, request).await?;
        }
        Ok(Next::Wait)
    }

    fn details(&self) -> String {
        let refused = self.state.last_refusals.last().map(|why| format!("\n\nLast refusal: {why}"));
        format!("{} alerts{}", self.state.total, refused.unwrap_or_default())
    }
}

/// A call is shown by the pending activity itself.
impl Observer for PriceAlertWorkflow {}

/// Carries out what an update asks for.
async fn answer(
    ctx: &WorkflowContext<PriceAlertWorkflow>,
    request: Result<AlertRequest, Malformed>,
) -> Result<AlertAnswers, Refusal> {
    let request = request.map_err(|malformed| malformed.message)?;
    ctx.state_mut(|router| router.core.count_update())?;
    match save(ctx, request.clone()).await {
        Ok(answers) => {
            ctx.state_mut(|router| router.note(&request, &answers));
            Ok(answers)
        }
        Err(CallError::Cancelled) => Err("the workflow was cancelled".into()),
        Err(CallError::Failed { message, .. }) => Err(message.into()),
    }
}

/// Carries out what a signal or the start asks for; what is refused is listed in the status.
async fn apply(ctx: &WorkflowContext<PriceAlertWorkflow>, request: AlertRequest) -> WorkflowResult<()> {
    match save(ctx, request.clone()).await {
        Ok(answers) => ctx.state_mut(|router| router.note(&request, &answers)),
        Err(CallError::Cancelled) => {
            let status = ctx.state(<PriceAlertWorkflow as Entity>::status);
            return Err(WorkflowTermination::cancelled_with_details(status));
        }
        Err(CallError::Failed { message, .. }) => ctx.state_mut(|router| router.refuse(message)),
    }
    Ok(())
}

async fn save(
    ctx: &WorkflowContext<PriceAlertWorkflow>,
    request: AlertRequest,
) -> Result<AlertAnswers, CallError> {
    let (user_id, drill) = ctx.state(|router| (router.params.user_id.clone(), router.params.drill));
    let means = Means { budget: SAVE_BUDGET, drill };
    let params = SaveAlertsParams { user_id, request };
    calls::call_local_first::<PriceAlertWorkflow, SaveAlerts>(ctx, params, means, "alerts").await
}

/// Starts the first shard where it is not there yet. One that was shut down stays so.
async fn start_shard(ctx: &WorkflowContext<PriceAlertWorkflow>) {
    let (user_id, drill) = ctx.state(|router| (router.params.user_id.clone(), router.params.drill));
    let params = AlertShardParams { user_id, drill, ..AlertShardParams::default() };
    let options = ChildWorkflowOptions::builder()
        .workflow_id(params.id(""))
        .parent_close_policy(ParentClosePolicy::Abandon)
        .id_reuse_policy(WorkflowIdReusePolicy::AllowDuplicateFailedOnly)
        .static_summary(params.summary())
        .maybe_task_timeout(params.task_timeout())
        .build();
    // It is there already, or was shut down: both are as they should be.
    let _ = ctx.start_child_workflow(AlertShardWorkflow::run, Lenient::Read(params), options).await;
}

/// Shuts the first shard down with its router. One that is not there has ended before.
async fn shut_down_shard(ctx: &WorkflowContext<PriceAlertWorkflow>) {
    let user_id = ctx.state(|router| router.params.user_id.clone());
    let shard = AlertShardParams { user_id, ..AlertShardParams::default() }.id("");
    let options = SignalWorkflowOptions::default();
    let _ = ctx.external_workflow(shard, None).signal(AlertShardWorkflow::shutdown, Anything, options).await;
}

impl PriceAlertWorkflow {
    /// Keeps the list by what was answered.
    fn note(&mut self, request: &AlertRequest, answers: &AlertAnswers) {
        self.state.requests += 1;
        self.state.total = answers.total;
        if matches!(request, AlertRequest::Test(_)) {
            return;
        }
        if matches!(request, AlertRequest::List(ListAlerts { symbol: None, .. })) {
            self.alerts.clear();
        }
        let listed = matches!(request, AlertRequest::List(_));
        for answer in &answers.alerts {
            match (&answer.reason, &answer.alert) {
                (Some(reason), _) if !answer.accepted => self.refuse(format!("{}: {reason}", answer.id)),
                (_, Some(alert)) if !listed => self.list_first(answer, alert),
                (_, Some(alert)) if can_fire(answer) && !self.lists(&answer.id) => {
                    self.alerts.push_back(alert.clone());
                }
                _ => {}
            }
        }
        self.alerts.truncate(MAX_ALERTS_LISTED);
    }

    fn list_first(&mut self, answer: &AlertAnswer, alert: &AlertDefinition) {
        self.alerts.retain(|listed| listed.id != answer.id);
        if can_fire(answer) {
            self.alerts.push_front(alert.clone());
        }
    }

    fn lists(&self, id: &str) -> bool {
        self.alerts.iter().any(|listed| listed.id == id)
    }

    fn refuse(&mut self, why: String) {
        self.state.refused += 1;
        self.state.last_refusals.push(why);
        let surplus = self.state.last_refusals.len().saturating_sub(REFUSALS);
        self.state.last_refusals.drain(..surplus);
    }
}

fn can_fire(answer: &AlertAnswer) -> bool {
    !matches!(answer.state.as_str(), "removed" | "expired" | "fired" | "")
}
