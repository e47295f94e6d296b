//! Deliveries: an entity a user that wakes when something is due in the delivery ledger, and costs nothing while nothing is
//! open. The ledger is the truth; whoever writes to it signals here only what its first send has left open.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use chrono::{DateTime, TimeDelta, Utc};
use temporalio_macros::workflow;
use temporalio_workflow::{WorkflowContext, WorkflowResult, WorkflowTermination};
use ttai_contract::policy::{DELIVER_BUDGET, STORE};
use ttai_contract::{
    DeliverMessages, DeliverMessagesParams, DeliverMessagesReceipt, DeliverSignal, DeliveryMessage,
    DeliveryParams, DeliveryStatus, DeliveryTotals, WorkflowParams,
};

use crate::calls::{self, CallError, Means, Observer};
use crate::entity::{Core, Entity, Next, Wake};
use crate::{entity_workflow, start};

/// The shortest wait before another round: what is due at once is due in the round after this.
const SHORTEST: TimeDelta = TimeDelta::seconds(1);

/// The entity of a user's deliveries.
#[workflow]
pub struct DeliveryWorkflow {
    core: Core<DeliveryMessage>,
    params: DeliveryParams,
    totals: DeliveryTotals,
}

entity_workflow! {
    DeliveryWorkflow as "DeliveryWorkflow": DeliveryParams => DeliveryStatus;
    signal deliver(DeliverSignal) => DeliveryMessage::Deliver;
}

impl Entity for DeliveryWorkflow {
    type Params = DeliveryParams;
    type Message = DeliveryMessage;
    type Status = DeliveryStatus;

    fn begin(mut params: DeliveryParams) -> Self {
        let (core, totals) = Core::resume(params.carried.take());
        Self { core, params, totals }
    }

    fn next_run(&self) -> DeliveryParams {
        DeliveryParams { carried: Some(self.core.carry(self.totals.clone())), ..self.params.clone() }
    }

    fn core(&self) -> &Core<DeliveryMessage> {
        &self.core
    }

    fn core_mut(&mut self) -> &mut Core<DeliveryMessage> {
        &mut self.core
    }

    fn status(&self) -> DeliveryStatus {
        DeliveryStatus { entity: self.core.status(), totals: self.totals.clone() }
    }

    async fn turn(
        ctx: &WorkflowContext<Self>,
        why: Wake,
        _messages: Vec<DeliveryMessage>,
    ) -> WorkflowResult<Next> {
        match why {
            // What is open stays in the ledger.
            Wake::Shutdown => return Ok(Next::Wait),
            Wake::Started => start::label(ctx, &ctx.state(|entity| entity.params.labels())),
            Wake::Messages | Wake::Alarm => {}
        }
        let next = match deliver(ctx).await {
            Ok(receipt) => {
                ctx.state_mut(|entity| entity.totals.add(&receipt));
                receipt.next_due
            }
            Err(CallError::Cancelled) => return Err(WorkflowTermination::cancelled()),
            Err(CallError::Failed { message, .. }) => {
                ctx.state_mut(|entity| entity.totals.problem = Some(message));
                ctx.workflow_time().map(|now| DateTime::<Utc>::from(now) + STORE.maximum_interval)
            }
        };
        Ok(next.map_or(Next::Wait, |due| Next::At(not_before(ctx, due))))
    }

    fn details(&self) -> String {
        let DeliveryTotals { sent, given_up, digested, problem, .. } = &self.totals;
        let problem = problem.as_ref().map(|problem| format!("\n\nLast problem: {problem}"));
        format!("{sent} sent · {digested} in digests · {given_up} given up{}", problem.unwrap_or_default())
    }
}

/// A call is shown by the pending activity itself.
impl Observer for DeliveryWorkflow {}

async fn deliver(ctx: &WorkflowContext<DeliveryWorkflow>) -> Result<DeliverMessagesReceipt, CallError> {
    let (user_id, drill) = ctx.state(|entity| (entity.params.user_id.clone(), entity.params.drill));
    let means = Means { budget: DELIVER_BUDGET, drill };
    let about = format!("deliver to {user_id}");
    let params = DeliverMessagesParams { user_id };
    calls::call::<DeliveryWorkflow, DeliverMessages>(ctx, params, means, &about).await
}

fn not_before(ctx: &WorkflowContext<DeliveryWorkflow>, due: DateTime<Utc>) -> DateTime<Utc> {
    let now = ctx.workflow_time().map(DateTime::<Utc>::from);
    now.map_or(due, |now| due.max(now + SHORTEST))
}
