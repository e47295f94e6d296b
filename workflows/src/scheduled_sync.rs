//! `ScheduledSyncWorkflow`: syncs sources one after another; one that fails does not stop the others.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{WorkflowContext, WorkflowContextView, WorkflowResult, WorkflowTermination};
use ttai_contract::{
    FailureType, Lenient, ScheduledSyncParams, ScheduledSyncResult, SyncOutcome, SyncSourceResult,
    WorkflowParams,
};

use crate::calls::Observer;
use crate::start;
use crate::sync::{self, Syncing};

/// The sync of several sources.
#[workflow]
#[derive(Default)]
pub struct ScheduledSyncWorkflow {
    result: ScheduledSyncResult,
    source: SyncSourceResult,
}

impl Observer for ScheduledSyncWorkflow {}

impl Syncing for ScheduledSyncWorkflow {
    fn source_mut(&mut self) -> &mut SyncSourceResult {
        &mut self.source
    }
}

#[workflow_methods]
impl ScheduledSyncWorkflow {
    /// Reads the sources. Where nothing of any could be read the run ends Failed, with the result as details.
    #[run(name = "ScheduledSyncWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Lenient<ScheduledSyncParams>,
    ) -> WorkflowResult<ScheduledSyncResult> {
        let params = start::accept(argument)?;
        start::label(ctx, &params.labels());
        let due_at = start::due_at(ctx);
        ctx.state_mut(|sync| sync.result.due_at = due_at);
        for source in &params.sources {
            ctx.state_mut(|sync| sync.source = SyncSourceResult::default());
            let Ok(result) = sync::source(ctx, &params.source(source)).await else {
                let done = ctx.state(Self::so_far);
                return Err(WorkflowTermination::cancelled_with_details(done));
            };
            ctx.state_mut(|sync| sync.result.sources.push(brief(result)));
        }
        ctx.state_mut(|sync| sync.result.status = outcome(&sync.result.sources));
        let result = ctx.state(|sync| sync.result.clone());
        if result.status == SyncOutcome::Failed {
            let why: Vec<String> = result.sources.iter().map(sync::first_failure).collect();
            let kind = FailureType::DataUnavailableError.name();
            return Err(start::fail_with(kind, &why.join("; "), result));
        }
        Ok(result)
    }

    /// What was read so far.
    #[query(name = "status")]
    pub fn status(&self, _ctx: &WorkflowContextView) -> ScheduledSyncResult {
        self.so_far()
    }
}

impl ScheduledSyncWorkflow {
    /// The sources that are done, and the one that is being read.
    fn so_far(&self) -> ScheduledSyncResult {
        let mut result = self.result.clone();
        if result.status == SyncOutcome::Running && self.source.status == SyncOutcome::Running {
            result.sources.push(self.source.clone());
        }
        result
    }
}

/// Of resources that were read whole only the totals.
fn brief(mut result: SyncSourceResult) -> SyncSourceResult {
    result.resources.retain(|resource| resource.error.is_some() || !resource.warnings.is_empty());
    result
}

fn outcome(sources: &[SyncSourceResult]) -> SyncOutcome {
    let all = |outcome| sources.iter().all(|source| source.status == outcome);
    match () {
        () if all(SyncOutcome::Completed) => SyncOutcome::Completed,
        () if all(SyncOutcome::Failed) => SyncOutcome::Failed,
        () => SyncOutcome::Partial,
    }
}
