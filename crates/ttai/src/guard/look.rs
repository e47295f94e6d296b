//! What the guard sees: rows of the store, and what the server says about entities. It asks for nothing that is billed.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use futures::StreamExt;
use futures::future::join_all;
use temporalio_client::{
    UntypedWorkflow, WorkflowDescribeOptions, WorkflowExecutionDescription, WorkflowListOptions,
};
use temporalio_protos::temporal::api::enums::v1::PendingActivityState;
use temporalio_protos::temporal::api::workflow::v1::PendingActivityInfo;
use tokio::time::timeout;
use ttai_client::TtaiClient;
use ttai_contract::{
    AlertShardParams, DeliveryParams, PortfolioMonitorParams, PriceAlertParams, UserId, WatchAlertsParams,
    WorkflowParams,
};
use ttai_ports::{Alerts, Deliveries, DeliveryBacklog, LeaseRecord, Leases, StoreError};

use super::ANSWERS_WITHIN;
use crate::readiness;

/// Entities that are looked at in one round.
const MOST: usize = 50;

/// What the store says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoreLook {
    pub(crate) backlog: DeliveryBacklog,
    pub(crate) shards: Vec<ShardLook>,
    pub(crate) at: DateTime<Utc>,
}

/// A shard with alerts that can fire.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ShardLook {
    pub(crate) watch: WatchAlertsParams,
    pub(crate) alerts: u64,
    /// None where nobody ever watched it.
    pub(crate) lease: Option<LeaseRecord>,
}

/// Looks into the store.
///
/// # Errors
/// Why it does not answer.
pub(crate) async fn store(
    alerts: &dyn Alerts,
    leases: &dyn Leases,
    deliveries: &dyn Deliveries,
    at: DateTime<Utc>,
) -> Result<StoreLook, String> {
    let looked = async {
        let mut shards = Vec::new();
        for armed in alerts.armed_shards().await? {
            let Ok(user) = armed.user_id.parse::<UserId>() else { continue };
            let watch = WatchAlertsParams::of_store_shard(user, armed.shard);
            let lease = leases.lease(&watch.lease()).await?;
            shards.push(ShardLook { watch, alerts: armed.alerts, lease });
        }
        let backlog = deliveries.delivery_backlog().await?;
        Ok(StoreLook { backlog, shards, at })
    };
    looked.await.map_err(|error: StoreError| error.to_string())
}

/// An entity as the server has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct EntityLook {
    pub(crate) workflow_id: String,
    /// The attempt at its pending workflow task; 0 where none is pending.
    pub(crate) task_attempt: u32,
    /// How long its workflow task or activity waits to be taken by a worker; none where none does.
    pub(crate) untaken: Option<Duration>,
    /// How long ago its long activity last gave a sign, over its heartbeat timeout; none where it has none under way.
    pub(crate) silence: Option<(Duration, Duration)>,
    /// The last failure of an activity that was tried again and again.
    pub(crate) failing: Option<String>,
}

/// The entities of ttai, and what the server says about each.
///
/// # Errors
/// Why the server does not answer.
pub(crate) async fn entities(client: &TtaiClient) -> Result<Vec<EntityLook>, String> {
    readiness::answers(client.temporal()).await?;
    let ids = ids(client).await?;
    let described = ids.iter().map(|id| async move {
        let handle = client.temporal().get_workflow_handle::<UntypedWorkflow>(id);
        let describe = handle.describe(WorkflowDescribeOptions::default());
        match timeout(ANSWERS_WITHIN, describe).await {
            // One that has ended since is none.
            Ok(described) => Ok(described.ok().map(|described| EntityLook::of(&described))),
            Err(_) => Err(format!("no answer about {id} within {} s", ANSWERS_WITHIN.as_secs())),
        }
    });
    let looks: Result<Vec<_>, String> = join_all(described).await.into_iter().collect();
    Ok(looks?.into_iter().flatten().collect())
}

/// Entities that run, and whatever else of ours the server itself has found failing; servers before 1.30 do not say.
async fn ids(client: &TtaiClient) -> Result<BTreeSet<String>, String> {
    let types = [
        PriceAlertParams::WORKFLOW,
        AlertShardParams::WORKFLOW,
        DeliveryParams::WORKFLOW,
        PortfolioMonitorParams::WORKFLOW,
    ];
    let types = types.map(|name| format!("'{name}'")).join(", ");
    let running = "ExecutionStatus = 'Running'";
    let mut ids = listed(client, format!("{running} AND WorkflowType IN ({types})")).await?;
    if let Ok(reported) = listed(client, format!("{running} AND TemporalReportedProblems IS NOT NULL")).await
    {
        ids.extend(reported);
    }
    Ok(ids)
}

async fn listed(client: &TtaiClient, query: String) -> Result<BTreeSet<String>, String> {
    let options = WorkflowListOptions::builder().limit(MOST).build();
    let mut stream = client.temporal().list_workflows(query, options);
    let mut ids = BTreeSet::new();
    let listing = async {
        while let Some(item) = stream.next().await {
            ids.insert(item.map_err(|error| error.to_string())?.id().to_owned());
        }
        Ok(())
    };
    timeout(ANSWERS_WITHIN, listing)
        .await
        .unwrap_or_else(|_| Err(format!("no list of workflows within {} s", ANSWERS_WITHIN.as_secs())))?;
    Ok(ids)
}

impl EntityLook {
    fn of(described: &WorkflowExecutionDescription) -> Self {
        let raw = described.raw();
        let task = raw.pending_workflow_task.as_ref();
        let untaken_task =
            task.filter(|task| task.started_time.is_none()).and_then(|task| since(task.scheduled_time));
        // One that is to be tried again later waits for its time, not for a worker.
        let is_waiting = |pending: &&PendingActivityInfo| {
            pending.state() == PendingActivityState::Scheduled && !pending.paused && pending.attempt <= 1
        };
        let untaken = raw.pending_activities.iter().filter(is_waiting);
        let untaken = untaken.filter_map(|pending| since(pending.scheduled_time)).chain(untaken_task).max();
        Self {
            workflow_id: described.id().to_owned(),
            task_attempt: task.and_then(|task| u32::try_from(task.attempt).ok()).unwrap_or_default(),
            untaken,
            silence: raw.pending_activities.iter().filter_map(silence).max_by_key(|(silence, _)| *silence),
            failing: raw.pending_activities.iter().find_map(failing),
        }
    }
}

fn silence(pending: &PendingActivityInfo) -> Option<(Duration, Duration)> {
    let timeout = pending.activity_options.as_ref()?.heartbeat_timeout?;
    let timeout = Duration::try_from(timeout).ok().filter(|timeout| !timeout.is_zero())?;
    if pending.state() != PendingActivityState::Started {
        return None;
    }
    let signs = since(pending.last_heartbeat_time).into_iter().chain(since(pending.last_started_time));
    Some((signs.min()?, timeout))
}

fn failing(pending: &PendingActivityInfo) -> Option<String> {
    let failure = pending.last_failure.as_ref().filter(|_| pending.attempt > MOST_ATTEMPTS)?;
    Some(failure.message.clone())
}

/// Attempts at an activity after which its last failure is worth a look.
const MOST_ATTEMPTS: i32 = 5;

/// How long ago a time of the server is.
fn since<T>(time: Option<T>) -> Option<Duration>
where
    SystemTime: TryFrom<T>,
{
    SystemTime::try_from(time?).ok()?.elapsed().ok()
}
