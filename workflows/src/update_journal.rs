//! `UpdateJournalWorkflow`: brings trade journals up to date.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{WorkflowContext, WorkflowContextView, WorkflowResult, WorkflowTermination};
use ttai_contract::policy::SYNC_BUDGET;
use ttai_contract::{JournalUpdate, Lenient, UpdateJournal, UpdateJournalParams, WorkflowParams};

use crate::calls::{self, CallError, Means, Observer};
use crate::start;

/// One update.
#[workflow]
#[derive(Default)]
pub struct UpdateJournalWorkflow {
    update: JournalUpdate,
}

impl Observer for UpdateJournalWorkflow {}

#[workflow_methods]
impl UpdateJournalWorkflow {
    /// Enters analyses and marks expirations, by one worker for all.
    #[run(name = "UpdateJournalWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Lenient<UpdateJournalParams>,
    ) -> WorkflowResult<JournalUpdate> {
        let params = start::accept(argument)?;
        start::label(ctx, &params.labels());
        let means = Means { budget: SYNC_BUDGET, drill: params.drill };
        let about = "enter analyses, mark expirations";
        match calls::call::<Self, UpdateJournal>(ctx, params, means, about).await {
            Ok(update) => {
                ctx.state_mut(|journal| journal.update = update);
                Ok(update)
            }
            Err(CallError::Cancelled) => Err(WorkflowTermination::cancelled()),
            Err(CallError::Failed { kind, message, .. }) => Err(start::fail(&kind, &message)),
        }
    }

    /// What was done; zeros while it goes on.
    #[query(name = "status")]
    pub fn status(&self, _ctx: &WorkflowContextView) -> JournalUpdate {
        self.update
    }
}
