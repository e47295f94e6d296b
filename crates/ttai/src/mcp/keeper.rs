//! The Temporal server that `ttai mcp` works at: the configured or running one, else one of its own with everything that `ttai dev` has.
//! One that is gone is sought, or brought up, again: no call depends on what was there before.

use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use ttai_client::TtaiClient;
use ttai_mcp::ToolProblem;

use crate::local::LocalTtai;
use crate::settings::Settings;
use crate::{readiness, search_attributes, server, sources};

/// How long a call waits for the server to come up.
const PATIENCE: Duration = Duration::from_secs(30);
/// For how long an answer of the server counts.
const FRESH: Duration = Duration::from_secs(5);

type Asked = oneshot::Sender<Result<TtaiClient, String>>;

/// Whom calls ask for the server.
#[derive(Clone)]
pub(crate) struct ServerKeeper(mpsc::Sender<Asked>);

impl ServerKeeper {
    /// Begins to seek a server, or to bring one up, and keeps it until the shutdown.
    pub(crate) fn start(settings: Settings, shutdown: CancellationToken) -> (Self, JoinHandle<()>) {
        let (ask, asked) = mpsc::channel(64);
        let kept = Kept { settings, client: None, seen: None, own: None };
        (Self(ask), tokio::spawn(kept.keep(asked, shutdown)))
    }

    /// A client of the server.
    ///
    /// # Errors
    /// A server that does not come up in time, or why there is none.
    pub(crate) async fn client(&self) -> Result<TtaiClient, ToolProblem> {
        let (answer, answered) = oneshot::channel();
        let leaving = || ToolProblem::new("ttai is shutting down", "Connect again.");
        self.0.send(answer).await.map_err(|_| leaving())?;
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(Ok(client))) => Ok(client),
            Ok(Ok(Err(why))) => Err(ToolProblem::new(
                format!("there is no Temporal server: {why}"),
                "Tell the user; `ttai doctor` says what to fix.",
            )),
            Ok(Err(_)) => Err(leaving()),
            Err(_) => Err(ToolProblem::new(
                "ttai's server is still coming up; the first start may take some minutes",
                "Call again in 30 seconds. What needs no server, such as ttai_quotes and ttai_calculate, works already.",
            )),
        }
    }
}

/// The server as it is kept.
struct Kept {
    settings: Settings,
    client: Option<TtaiClient>,
    /// When it last answered.
    seen: Option<Instant>,
    own: Option<LocalTtai>,
}

impl Kept {
    async fn keep(mut self, mut asked: mpsc::Receiver<Asked>, shutdown: CancellationToken) {
        // Nobody has asked yet, and whoever does need not wait for all of it.
        tokio::select! {
            found = self.ensured() => if let Err(error) = found {
                tracing::warn!("no Temporal server yet: {error:#}");
            },
            () = shutdown.cancelled() => {}
        }
        loop {
            let answer = tokio::select! {
                answer = asked.recv() => answer,
                () = shutdown.cancelled() => None,
            };
            let Some(answer) = answer else { break };
            tokio::select! {
                found = self.ensured() => drop(answer.send(found.map_err(|error| format!("{error:#}")))),
                () = shutdown.cancelled() => break,
            }
        }
        if let Some(own) = self.own.take()
            && let Err(error) = own.stop().await
        {
            tracing::warn!("the server did not end in order: {error:#}");
        }
    }

    /// A client of a server that answers.
    async fn ensured(&mut self) -> anyhow::Result<TtaiClient> {
        if let Some(client) = &self.client {
            if self.seen.is_some_and(|seen| seen.elapsed() < FRESH) {
                return Ok(client.clone());
            }
            if readiness::answers(client.temporal()).await.is_ok() {
                self.seen = Some(Instant::now());
                return Ok(client.clone());
            }
        }
        self.client = None;
        if let Some(own) = self.own.take() {
            tracing::warn!("the Temporal server of this process does not answer; it is started again");
            drop(own.stop().await);
        }
        let client = self.found().await?;
        self.client = Some(client.clone());
        self.seen = Some(Instant::now());
        Ok(client)
    }

    async fn found(&mut self) -> anyhow::Result<TtaiClient> {
        if let Some(client) = server::existing_client(&self.settings).await? {
            // A server that no worker has seen yet would refuse a start.
            search_attributes::ensure(client.temporal()).await?;
            return Ok(client);
        }
        let settings = sources::resolved(self.settings.clone()).await;
        match LocalTtai::start(&settings, server::dev_server_options(&settings)?).await {
            Ok(own) => {
                tracing::info!("ttai runs in this process at {}", own.server.address());
                let client = own.client.clone();
                self.own = Some(own);
                Ok(client)
            }
            // Another process of the same market was faster.
            Err(error) if server::already_running(&error) => {
                let (folder, running) = server::running(&settings).await?.ok_or(error)?;
                Ok(server::connect_in(&folder, &running.address, &running.namespace).await?)
            }
            Err(error) => Err(error),
        }
    }
}
