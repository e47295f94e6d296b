//! The worker's side: the product's worker over the product's wiring, with a script before its ports.

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::ensure;
use serde::{Deserialize, Serialize};
use ttai::commands::worker::until_stopped;
use ttai::market::MarketChoice;
use ttai::settings::{DEFAULT_SEED, Settings};
use ttai::worker::{ActivityInterceptor, RunningWorkers, WorkerSettings};
use ttai::{server, wiring};
use ttai_contract::TaskQueue;

use crate::deliveries::on_paper;
use crate::ledger;
use crate::market;
use crate::news::news_on_paper;
use crate::script::Stagebook;
use crate::scripted_ports::{Journalist, scripted};

/// Carries a [`WorkerRole`] as JSON to a worker process.
pub(crate) const ROLE: &str = "TTAI_E2E_WORKER";

/// What a worker process is to be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct WorkerRole {
    /// `host:port` of the Temporal server.
    pub(crate) address: String,
    /// Folder of script and journal.
    pub(crate) folder: PathBuf,
    /// Where the simulated market is kept from one run to the next.
    pub(crate) markets: PathBuf,
    /// A recorded market instead.
    pub(crate) tape: Option<PathBuf>,
    /// Names of the queues.
    pub(crate) queues: Vec<String>,
}

/// Becomes a worker where the environment says so.
pub(crate) fn run_if_asked() -> anyhow::Result<()> {
    let Ok(role) = std::env::var(ROLE) else { return Ok(()) };
    let role: WorkerRole = serde_json::from_str(&role)?;
    end_with_the_test();
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).try_init().ok();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let code = runtime.block_on(run(role));
    runtime.shutdown_background();
    ensure!(code? == ExitCode::SUCCESS, "the worker did not end in order");
    Ok(())
}

/// The test holds the other end of standard input: where it closes, the test is gone, however it went.
fn end_with_the_test() {
    std::thread::spawn(|| {
        let mut nothing = Vec::new();
        drop(std::io::stdin().read_to_end(&mut nothing));
        std::process::exit(3);
    });
}

async fn run(role: WorkerRole) -> anyhow::Result<ExitCode> {
    let client = server::connect(&role.address, "default").await?;
    if role.queues == [ledger::QUEUE] {
        return ledger::serve(client.temporal().clone()).await.map(|()| ExitCode::SUCCESS);
    }
    let book = Stagebook::at(&role.folder);
    let queues = role.queues.iter().map(|name| name.parse()).collect::<Result<Vec<TaskQueue>, _>>()?;
    let settings = WorkerSettings {
        queues,
        drill: true,
        interceptor: Some(ActivityInterceptor::new(Journalist(book))),
        ..WorkerSettings::default()
    };
    let folder = role.folder.clone();
    let mut ports = scripted(wiring::ports(&product_settings(role)).await?);
    ports.deliverer = on_paper(ports.deliverer, &folder);
    ports.news = news_on_paper(ports.news, &folder);
    until_stopped(RunningWorkers::start(client.temporal().clone(), ports, settings).await?).await
}

pub(crate) fn product_settings(role: WorkerRole) -> Settings {
    let invented = || MarketChoice::Simulated { seed: DEFAULT_SEED, start: market::START.parse().ok() };
    let market = role.tape.map_or_else(invented, MarketChoice::Tape);
    Settings {
        store_url: role.folder.join("ttai.db").to_string_lossy().into_owned().into(),
        address: Some(role.address),
        ..Settings::of_market(&role.markets, market)
    }
}
