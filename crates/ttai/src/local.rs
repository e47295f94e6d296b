//! All of ttai in this process, as `ttai dev` and `ttai mcp` bring it up: a Temporal server, a worker on all queues, what lives as long as
//! there are workers, the schedules.

use std::sync::Arc;

use ttai_client::TtaiClient;
use ttai_contract::TaskQueue;
use ttai_core::Symbol;
use ttai_dev_server::{DevServer, DevServerOptions};

use crate::boot::Monitors;
use crate::guard::DeadManPing;
use crate::settings::Settings;
use crate::worker::{RunningWorkers, WorkerSettings};
use crate::{boot, server, wiring};

/// A server and its workers. Both end with it.
pub(crate) struct LocalTtai {
    /// The server.
    pub(crate) server: DevServer,
    /// The workers.
    pub(crate) workers: RunningWorkers,
    /// A client of the server.
    pub(crate) client: TtaiClient,
    /// The symbols of the market.
    pub(crate) symbols: Vec<Symbol>,
    /// What came of the schedules, in a line.
    pub(crate) scheduled: String,
}

impl LocalTtai {
    /// Brings it up for a market that was resolved.
    ///
    /// # Errors
    /// What keeps the server, the market, the store or the worker from starting.
    pub(crate) async fn start(settings: &Settings, options: DevServerOptions) -> anyhow::Result<Self> {
        let ports = wiring::ports(settings).await?;
        let symbols = ports.market.symbols().await.unwrap_or_default();
        let server = server::start(options).await?;
        let folder = settings.server_dir()?;
        let client = server::connect_in(&folder, &server.address(), server.namespace()).await?;
        let ping = DeadManPing::configured(&settings.config);
        let worker_settings = WorkerSettings { ping, ..WorkerSettings::default() };
        let (brokers, market) = (ports.brokers.clone(), Arc::clone(&ports.market));
        let (stopped, kept) = (Arc::clone(&ports.stopped_monitors), Arc::clone(&ports.kept));
        let workers = RunningWorkers::start(client.temporal().clone(), ports, worker_settings).await?;
        let monitors =
            Monitors { client: client.clone(), stopped, kept, drill: false, shutdown: workers.shutdown() };
        monitors.start(&TaskQueue::ALL, brokers).await?;
        let scheduled = boot::apply_schedules(&client, settings, market, workers.shutdown()).await;
        boot::keep_schedules(&client, settings, &TaskQueue::ALL, workers.shutdown());
        Ok(Self { server, workers, client, symbols, scheduled })
    }

    /// Stops the workers, then the server.
    ///
    /// # Errors
    /// Workers or a server that do not end in order.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.workers.stop().await?;
        Ok(self.server.stop().await?)
    }
}
