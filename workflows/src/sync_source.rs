//! `SyncSourceWorkflow`: pulls one source's resources into the store.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{WorkflowContext, WorkflowContextView, WorkflowResult, WorkflowTermination};
use ttai_contract::{FailureType, Lenient, SyncOutcome, SyncSourceParams, SyncSourceResult, WorkflowParams};

use crate::calls::Observer;
use crate::start;
use crate::sync::{self, Syncing};

/// The sync of one source.
#[workflow]
#[derive(Default)]
pub struct SyncSourceWorkflow {
    result: SyncSourceResult,
}

impl Observer for SyncSourceWorkflow {}

impl Syncing for SyncSourceWorkflow {
    fn source_mut(&mut self) -> &mut SyncSourceResult {
        &mut self.result
    }
}

#[workflow_methods]
impl SyncSourceWorkflow {
    /// Reads the source's resources one after another. Where nothing could be read the run ends Failed, with the result as details.
    #[run(name = "SyncSourceWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Lenient<SyncSourceParams>,
    ) -> WorkflowResult<SyncSourceResult> {
        let params = start::accept(argument)?;
        start::label(ctx, &params.labels());
        let Ok(result) = sync::source(ctx, &params).await else {
            let done = ctx.state(|sync| sync.result.clone());
            return Err(WorkflowTermination::cancelled_with_details(done));
        };
        if result.status == SyncOutcome::Failed {
            let kind = FailureType::DataUnavailableError.name();
            return Err(start::fail_with(kind, &sync::first_failure(&result), result));
        }
        Ok(result)
    }

    /// What was read so far.
    #[query(name = "status")]
    pub fn status(&self, _ctx: &WorkflowContextView) -> SyncSourceResult {
        self.result.clone()
    }
}
