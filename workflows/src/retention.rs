//! `RetentionWorkflow`: removes what is old from the store.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{WorkflowContext, WorkflowContextView, WorkflowResult, WorkflowTermination};
use ttai_contract::policy::RETENTION_BUDGET;
use ttai_contract::{Lenient, RemoveOldRows, RemovedRows, RetentionParams, WorkflowParams};

use crate::calls::{self, CallError, Means, Observer};
use crate::start;

/// One removal.
#[workflow]
#[derive(Default)]
pub struct RetentionWorkflow {
    removed: RemovedRows,
}

impl Observer for RetentionWorkflow {}

#[workflow_methods]
impl RetentionWorkflow {
    /// Removes it, by one worker for all.
    #[run(name = "RetentionWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Lenient<RetentionParams>,
    ) -> WorkflowResult<RemovedRows> {
        let params = start::accept(argument)?;
        start::label(ctx, &params.labels());
        let means = Means { budget: RETENTION_BUDGET, drill: params.drill };
        let about = "remove what is old";
        match calls::call::<Self, RemoveOldRows>(ctx, params, means, about).await {
            Ok(removed) => {
                ctx.state_mut(|retention| retention.removed = removed);
                Ok(removed)
            }
            Err(CallError::Cancelled) => Err(WorkflowTermination::cancelled()),
            Err(CallError::Failed { kind, message, .. }) => Err(start::fail(&kind, &message)),
        }
    }

    /// What was removed; zeros while it goes on.
    #[query(name = "status")]
    pub fn status(&self, _ctx: &WorkflowContextView) -> RemovedRows {
        self.removed
    }
}
