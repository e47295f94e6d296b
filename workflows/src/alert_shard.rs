//! A shard of price alerts: one long activity that holds the shard's lease, reads the stream and records what fires. What the
//! alerts are, and what became of them, is in the store; the shard costs its heartbeats and nothing else.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use chrono::{DateTime, TimeDelta, Utc};
use temporalio_macros::workflow;
use temporalio_workflow::{WorkflowContext, WorkflowResult, WorkflowTermination};
use ttai_contract::policy::CALL_TIMEOUT;
use ttai_contract::{
    AlertShardParams, AlertShardStatus, ReloadSignal, ShardMessage, ShardTotals, WatchAlerts,
    WatchAlertsParams, WatchProgress, WorkflowParams,
};

use crate::calls::{CallError, Means, Observer, call_until};
use crate::entity::{Core, Entity, Next, Wake, until_recalled};
use crate::{entity_workflow, start};

/// How long a shard waits before it watches again after its watch has failed for good.
const AFTER_FAILURE: TimeDelta = TimeDelta::seconds(30);

/// The entity of a shard.
#[workflow]
pub struct AlertShardWorkflow {
    core: Core<ShardMessage>,
    params: AlertShardParams,
    totals: ShardTotals,
}

entity_workflow! {
    AlertShardWorkflow as "AlertShardWorkflow": AlertShardParams => AlertShardStatus;
    signal reload(ReloadSignal) => ShardMessage::Reload;
}

impl Entity for AlertShardWorkflow {
    type Params = AlertShardParams;
    type Message = ShardMessage;
    type Status = AlertShardStatus;

    fn begin(mut params: AlertShardParams) -> Self {
        let (core, totals) = Core::resume(params.carried.take());
        Self { core, params, totals }
    }

    fn next_run(&self) -> AlertShardParams {
        AlertShardParams { carried: Some(self.core.carry(self.totals.clone())), ..self.params.clone() }
    }

    fn core(&self) -> &Core<ShardMessage> {
        &self.core
    }

    fn core_mut(&mut self) -> &mut Core<ShardMessage> {
        &mut self.core
    }

    fn status(&self) -> AlertShardStatus {
        AlertShardStatus { entity: self.core.status(), totals: self.totals.clone() }
    }

    async fn turn(ctx: &WorkflowContext<Self>, why: Wake, _: Vec<ShardMessage>) -> WorkflowResult<Next> {
        match why {
            Wake::Shutdown => return Ok(Next::Wait),
            Wake::Started => start::label(ctx, &ctx.state(|shard| shard.params.labels())),
            Wake::Messages | Wake::Alarm => {}
        }
        let (watched, recalled) = watch(ctx).await;
        match watched {
            Ok(watched) => ctx.state_mut(|shard| shard.totals.add(&watched)),
            // A recall that came before the watch had begun.
            Err(CallError::Cancelled) if recalled => {}
            Err(CallError::Cancelled) => {
                return Err(WorkflowTermination::cancelled_with_details(ctx.state(<Self as Entity>::status)));
            }
            Err(CallError::Failed { message, .. }) => {
                ctx.state_mut(|shard| shard.totals.problem = Some(message));
                let now = ctx.workflow_time().map(DateTime::<Utc>::from);
                return Ok(now.map_or(Next::Now, |now| Next::At(now + AFTER_FAILURE)));
            }
        }
        Ok(Next::Now)
    }

    fn details(&self) -> String {
        let ShardTotals { firings, armed, handovers, problem, .. } = &self.totals;
        let problem = problem.as_ref().map(|problem| format!("\n\nLast problem: {problem}"));
        format!(
            "At the last handover ({handovers}): {armed} alerts armed · {firings} fired{}",
            problem.unwrap_or_default()
        )
    }
}

/// A call is shown by the pending activity itself.
impl Observer for AlertShardWorkflow {}

/// Watches until the shard has to return, and whether it had to.
async fn watch(ctx: &WorkflowContext<AlertShardWorkflow>) -> (Result<WatchProgress, CallError>, bool) {
    let AlertShardParams { user_id, shard, drill, .. } = ctx.state(|entity| entity.params.clone());
    let about = format!("watch the alerts of {user_id}, shard {shard}");
    let seen_until = ctx.state(|entity| entity.totals.seen_until);
    let params = WatchAlertsParams { user_id, shard, seen_until };
    let means = Means { budget: CALL_TIMEOUT, drill };
    let watch = |recall| call_until::<_, WatchAlerts>(ctx, params, means, &about, recall);
    let watched = until_recalled(ctx, watch).await;
    (watched, !ctx.cancellation_token().is_cancelled())
}
