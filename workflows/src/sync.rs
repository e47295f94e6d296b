//! Pulling a source's resources into the store, one after another, for whichever workflow asks.

use std::time::Duration;

use chrono::{DateTime, Utc};
use temporalio_workflow::WorkflowContext;
use ttai_contract::policy::SYNC_BUDGET;
use ttai_contract::{
    ListSyncResources, ListSyncResourcesParams, NotifySync, NotifySyncParams, ResourceSync, SyncOutcome,
    SyncResources, SyncResourcesParams, SyncSourceParams, SyncSourceResult,
};

use crate::calls::{self, CallError, Means, Observer};

/// Work of telling the user; the ledger goes on from there.
const NOTICE: Duration = Duration::from_secs(300);

/// A workflow that shows the sync of a source.
pub(crate) trait Syncing: Observer {
    /// What became of the source that is being read.
    fn source_mut(&mut self) -> &mut SyncSourceResult;
}

/// Reads a source and tells the user where that is wanted. What fails is in the result; an error is a cancellation, and what was
/// done until then is shown.
pub(crate) async fn source<W: Syncing>(
    ctx: &WorkflowContext<W>,
    params: &SyncSourceParams,
) -> Result<SyncSourceResult, CallError> {
    show(ctx, |result| result.source_name = params.source_name);
    let means = Means { budget: SYNC_BUDGET, drill: params.drill };
    for resources in resources(ctx, params, means).await?.chunks(params.source_name.resources_at_once()) {
        let synced = read(ctx, params, resources, means).await?;
        show(ctx, |result| result.add(synced));
    }
    show(ctx, |result| {
        result.status = result.outcome();
        result.completed_at = ctx.workflow_time().map(DateTime::<Utc>::from);
    });
    let result = show(ctx, |result| result.clone());
    let problem = if wants_to_know(params, &result) { tell(ctx, params, &result).await? } else { None };
    Ok(show(ctx, |result| {
        result.warnings.extend(problem);
        result.clone()
    }))
}

fn show<W: Syncing, T>(ctx: &WorkflowContext<W>, change: impl FnOnce(&mut SyncSourceResult) -> T) -> T {
    ctx.state_mut(|workflow| change(workflow.source_mut()))
}

/// Those that were named, else all; none where they cannot be listed, which is then the one failure.
async fn resources<W: Syncing>(
    ctx: &WorkflowContext<W>,
    params: &SyncSourceParams,
    means: Means,
) -> Result<Vec<String>, CallError> {
    if let Some(named) = &params.resources {
        return Ok(named.clone());
    }
    let input = ListSyncResourcesParams { source_name: params.source_name, user_id: params.user_id.clone() };
    let about = format!("list {}", params.source_name.as_str());
    match calls::call::<W, ListSyncResources>(ctx, input, means, &about).await {
        Err(CallError::Failed { message, .. }) => {
            let all = ResourceSync { resource: "*".to_owned(), error: Some(message), ..Default::default() };
            show(ctx, |result| result.add(vec![all]));
            Ok(Vec::new())
        }
        listed => listed,
    }
}

/// What became of some resources; where the call gave up, none of them was read.
async fn read<W: Syncing>(
    ctx: &WorkflowContext<W>,
    params: &SyncSourceParams,
    resources: &[String],
    means: Means,
) -> Result<Vec<ResourceSync>, CallError> {
    let input = SyncResourcesParams {
        source_name: params.source_name,
        resources: resources.to_vec(),
        user_id: params.user_id.clone(),
        backfill: params.backfill,
    };
    let about = format!("{} {}", params.source_name.as_str(), resources.join(", "));
    match calls::call::<W, SyncResources>(ctx, input, means, &about).await {
        Err(CallError::Failed { message, .. }) => Ok(resources
            .iter()
            .map(|resource| ResourceSync {
                resource: resource.clone(),
                error: Some(message.clone()),
                ..Default::default()
            })
            .collect()),
        read => read,
    }
}

fn wants_to_know(params: &SyncSourceParams, result: &SyncSourceResult) -> bool {
    match result.outcome() {
        SyncOutcome::Completed | SyncOutcome::Running => params.notify_on_success,
        SyncOutcome::Partial | SyncOutcome::Failed => params.notify_on_failure,
    }
}

/// Tells the user; why they do not hear of it.
async fn tell<W: Syncing>(
    ctx: &WorkflowContext<W>,
    params: &SyncSourceParams,
    result: &SyncSourceResult,
) -> Result<Option<String>, CallError> {
    let input = NotifySyncParams { user_id: params.user_id.clone(), result: result.clone() };
    let means = Means { budget: NOTICE, drill: params.drill };
    match calls::call::<W, NotifySync>(ctx, input, means, "tell the user").await {
        Ok(_) => Ok(None),
        Err(CallError::Cancelled) => Err(CallError::Cancelled),
        Err(CallError::Failed { message, .. }) => Ok(Some(format!("the user was not told: {message}"))),
    }
}

/// Why a run ends Failed of which nothing could be read: the first failure.
pub(crate) fn first_failure(result: &SyncSourceResult) -> String {
    let first = result.failed().next().and_then(|resource| resource.error.clone()).unwrap_or_default();
    format!("nothing of {} could be read: {first}", result.source_name.as_str())
}
