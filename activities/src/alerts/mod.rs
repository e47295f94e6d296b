//! Price alerts, as activities: what is asked of them is carried out in the store, and a shard's alerts are watched on the stream.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

mod acknowledged;
mod backfill;
mod desk;
#[cfg(test)]
mod desk_tests;
mod members;
mod record;
mod save;
#[cfg(test)]
mod save_tests;
mod sight;
mod standing;
#[cfg(test)]
mod tests;
mod watch;
mod watched;

use std::sync::Arc;

use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use ttai_contract::{AlertAnswers, SaveAlertsParams, WatchAlertsParams, WatchProgress};

pub use save::{accepted as alert_answer, listed as list_alerts};
pub use sight::blind_incident;
pub use watched::{WatchedShard, watched_shards};

use crate::ports::Ports;
use crate::supervise::Supervisor;

/// Alerts over one set of ports.
pub struct AlertActivities {
    ports: Ports,
    supervisor: Supervisor,
}

impl AlertActivities {
    /// Alerts that go through `ports` and are watched by `supervisor`.
    #[must_use]
    pub fn new(ports: Ports, supervisor: Supervisor) -> Self {
        Self { ports, supervisor }
    }
}

#[activities]
impl AlertActivities {
    #[activity(definition = ttai_contract::SaveAlerts)]
    pub async fn save_alerts(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: SaveAlertsParams,
    ) -> Result<AlertAnswers, ActivityError> {
        let run = self.supervisor.run(&ctx, |_| save::save(&self.ports, params));
        run.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::WatchAlerts)]
    pub async fn watch_alerts(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: WatchAlertsParams,
    ) -> Result<WatchProgress, ActivityError> {
        watch::watch(&self.ports, &self.supervisor, &ctx, params).await
    }
}
