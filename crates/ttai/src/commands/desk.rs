//! A server to work at: the configured or running one, or one that a command brings up, with a worker, for its own run.

use ttai_client::TtaiClient;
use ttai_dev_server::DevServer;

use crate::cli::GlobalArgs;
use crate::exit_kind::fail;
use crate::runs::short_id;
use crate::settings::Settings;
use crate::worker::{RunningWorkers, WorkerSettings};
use crate::{search_attributes, server, sources, wiring};

/// The server and, where none is there, the worker that this command brings up for its run.
pub(super) struct Desk {
    pub(super) client: TtaiClient,
    own: Option<(DevServer, RunningWorkers)>,
}

impl Desk {
    /// The configured or running server; with a market of its own, or without any server, one for the run.
    pub(super) async fn open(settings: &Settings, own_market: bool) -> anyhow::Result<Self> {
        match existing(settings, own_market).await? {
            Some(client) => {
                // A server that no worker has seen yet would refuse the start.
                search_attributes::ensure(client.temporal()).await?;
                Ok(Self { client, own: None })
            }
            None => Self::bring_up(&sources::resolved(settings.clone()).await).await,
        }
    }

    /// The same for a run that was started before: where no server was ever brought up for this market, there is none to go on.
    pub(super) async fn reopen(settings: &Settings, own_market: bool) -> anyhow::Result<Self> {
        if let Some(client) = existing(settings, own_market).await? {
            return Ok(Self { client, own: None });
        }
        let settings = sources::resolved(settings.clone()).await;
        if !settings.server_dir()?.exists() {
            fail!(
                NoServer,
                "no Temporal server is configured or running here, and none has ever run for this market"
            );
        }
        Self::bring_up(&settings).await
    }

    async fn bring_up(settings: &Settings) -> anyhow::Result<Self> {
        let ports = wiring::ports(settings).await?;
        let mut options = server::dev_server_options(settings)?;
        options.headless = true;
        let dev_server = match server::start(options).await {
            // Another command of the same market was faster.
            Err(error) if server::already_running(&error) => {
                let (folder, running) = server::running(settings).await?.ok_or(error)?;
                return Ok(Self {
                    client: server::connect_in(&folder, &running.address, &running.namespace).await?,
                    own: None,
                });
            }
            started => started?,
        };
        let folder = settings.server_dir()?;
        let client = server::connect_in(&folder, &dev_server.address(), dev_server.namespace()).await?;
        let workers =
            RunningWorkers::start(client.temporal().clone(), ports, WorkerSettings::default()).await?;
        Ok(Self { client, own: Some((dev_server, workers)) })
    }

    pub(super) async fn close(self) -> anyhow::Result<()> {
        if let Some((dev_server, workers)) = self.own {
            workers.stop().await?;
            dev_server.stop().await?;
        }
        Ok(())
    }

    /// How to come back to a run that is left unfinished. A server of our own ends with this command.
    pub(super) fn how_to_come_back(
        &self,
        global: &GlobalArgs,
        settings: &Settings,
        workflow_id: &str,
    ) -> String {
        let (id, again) = (short_id(workflow_id), global.again());
        let market = settings.market.arguments();
        if self.own.is_some() {
            return format!(
                "{id} is not finished; it goes on where it was with `ttai wait {id}{market}{again}` or `ttai dev{market}{again}`"
            );
        }
        format!(
            "{id} is still running on the server; see it with `ttai show {id}{again}`, wait for it with \
             `ttai wait {id}{again}`, cancel it with `ttai cancel {id}{again}`"
        )
    }
}

async fn existing(settings: &Settings, own_market: bool) -> anyhow::Result<Option<TtaiClient>> {
    if !own_market {
        return server::existing_client(settings).await;
    }
    match server::running(settings).await? {
        Some((folder, running)) => {
            Ok(Some(server::connect_in(&folder, &running.address, &running.namespace).await?))
        }
        None => Ok(None),
    }
}
