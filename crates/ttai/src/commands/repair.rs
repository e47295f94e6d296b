//! `ttai doctor --repair`: brings the server in line with the store, after either was restored from a backup.

use chrono::Utc;
use ttai_activities::StillOpen;
use ttai_client::{ClientError, RunStatus, TtaiClient};
use ttai_contract::{AlertShardParams, ReloadSignal, UserId, WatchAlertsParams, WorkflowParams};
use ttai_ports::{Alerts, Deliveries};

use crate::deliveries::Driver;
use crate::search_attributes;

/// Repairs, and says line by line what was done.
///
/// # Errors
/// A store that does not answer, or a server that breaks off: what was done stays, and it may be repeated.
pub(crate) async fn repair(
    alerts: &dyn Alerts,
    deliveries: &dyn Deliveries,
    client: &TtaiClient,
) -> anyhow::Result<Vec<String>> {
    // An empty server refuses every start without them.
    search_attributes::ensure(client.temporal()).await?;
    let mut done = Vec::new();
    for armed in alerts.armed_shards().await? {
        let user: UserId = armed.user_id.parse()?;
        let watch = WatchAlertsParams::of_store_shard(user, armed.shard);
        done.push(format!("{} ({} armed): {}", watch.lease(), armed.alerts, shard(client, &watch).await?));
    }
    let driver = Driver::over(client.clone());
    let now = Utc::now();
    for user_id in deliveries.users_due(now).await? {
        driver.drive(&StillOpen { user_id: user_id.clone(), due_at: now }).await?;
        done.push(format!("deliveries of {user_id}: sent from now on"));
    }
    Ok(done)
}

/// A shard that runs begins anew from the store, which may be older than what it has seen; one that is absent is started, and
/// one that was shut down stays so.
async fn shard(client: &TtaiClient, watch: &WatchAlertsParams) -> Result<&'static str, ClientError> {
    let params = AlertShardParams {
        user_id: watch.user_id.clone(),
        shard: watch.shard,
        ..AlertShardParams::default()
    };
    match client.any_run(params.id("")).describe().await {
        Ok(described) if described.run.status == RunStatus::Running => {
            client.signal_with_start(&params, "reload", &ReloadSignal {}).await?;
            client.start_price_alerts(&watch.user_id, false).await?;
            Ok("watched anew from the store")
        }
        Ok(described) if described.run.status == RunStatus::Completed => Ok("was shut down, and stays so"),
        Ok(_) | Err(ClientError::NotFound(_)) => {
            client.start_price_alerts(&watch.user_id, false).await?;
            Ok("started")
        }
        Err(error) => Err(error),
    }
}
