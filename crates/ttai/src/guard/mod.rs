//! Who watches the watcher: a small loop in every worker that looks at the store, the server and this process without a workflow's
//! help. What is wrong is told once, with its end: by the ledger, and past it where the store is away.

mod conditions;
mod look;
mod metrics;
mod notify;
mod ping;
mod report;

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio::time::{MissedTickBehavior, interval};
use ttai_activities::{Incidents, Ports, Shutdown};
use ttai_client::TtaiClient;

pub(crate) use conditions::{HealthCondition, Trouble, of_server, of_store};
pub(crate) use look::{entities, store};
pub use metrics::render;
pub use ping::DeadManPing;
pub(crate) use report::store_trouble;

use notify::{IncidentNotifier, Outage};
use ping::Pinger;
use report::Report;

/// How often a guard looks.
pub(crate) const ROUND: Duration = Duration::from_secs(30);
/// How long the server may take to answer one question.
pub(crate) const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// What a worker's guard looks at, and how it tells.
pub struct Guard {
    ports: Ports,
    client: TtaiClient,
    incidents: IncidentNotifier,
    store: Outage,
}

impl Guard {
    /// Over a worker's ports and a client of its server.
    #[must_use]
    pub fn over(ports: Ports, client: TtaiClient) -> Self {
        let incidents = Incidents { leases: Arc::clone(&ports.leases), deliverer: ports.deliverer.clone() };
        Self { ports, client, incidents: IncidentNotifier::of(incidents), store: Outage::default() }
    }

    /// Looks until the shutdown. With a `ping` somebody outside is told that all is well, as long as it is.
    pub async fn watch(mut self, ping: Option<DeadManPing>, shutdown: Shutdown) {
        let pinging = ping.and_then(|ping| Pinger::of(&ping)).map(|pinger| {
            let shutdown = shutdown.clone();
            tokio::spawn(async move { pinger.ping(shutdown).await })
        });
        let mut tick = interval(ROUND);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.begun() => break,
                _ = tick.tick() => {}
            }
            tokio::select! {
                () = shutdown.begun() => break,
                () = self.round() => {}
            }
        }
        if let Some(pinging) = pinging {
            pinging.abort();
        }
    }

    /// Looks once, tells what has to be told, and leaves what it found for the metrics, `/readyz` and the ping.
    async fn round(&mut self) {
        let now = Utc::now();
        let market = self.ports.market.source();
        let Ports { alerts, leases, deliverer, .. } = &self.ports;
        let looked = store(alerts.as_ref(), leases.as_ref(), deliverer.deliveries.as_ref(), now);
        let (store, entities) = tokio::join!(looked, entities(&self.client));
        let mut conditions = of_server(entities.as_deref().map_err(String::as_str), now);
        if entities.is_ok() {
            conditions.extend(self.incidents.gone(&conditions));
        }
        if let Ok(store) = &store {
            conditions.extend(of_store(store, market.simulated, now));
        }
        let told = self.incidents.round(&conditions, now).await;
        let store_trouble = store.as_ref().err().cloned();
        self.store.round(store_trouble.clone(), now, self.ports.notifier.as_ref()).await;
        Report::publish(store.ok(), store_trouble, told);
    }
}
