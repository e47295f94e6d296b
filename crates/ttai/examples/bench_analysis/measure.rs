//! One round of one row: a fresh server, a fresh worker, a warm-up, then the measurement.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tempfile::TempDir;
use ttai::market::Played;
use ttai::settings::DEFAULT_SEED;
use ttai_client::TtaiClient;
use ttai_contract::FullAnalysisParams;
use ttai_core::Symbol;
use ttai_dev_server::{DevServer, DevServerOptions};

use crate::drive::{self, Finished};
use crate::figures::{Figure, Figures, Sample, median};
use crate::options::Options;
use crate::process::{self, Process};
use crate::python;
use crate::workload::{self, Moments, Request, Row};

/// The server gives an activity to the worker together with the workflow task that asked for it, for both sides alike.
const EAGER_ACTIVITIES: &str = "system.enableActivityEagerExecution";

/// The moment at which the simulated market stands, so that every round analyses the same.
const START: &str = "2026-09-18T19:00:00Z";

/// What all rounds share.
pub(crate) struct Bench<'a> {
    options: &'a Options,
    cache: PathBuf,
    /// The interpreter of the Python worker, where a row needs it.
    python: Option<PathBuf>,
    simulated: Moments,
}

impl<'a> Bench<'a> {
    /// Installs the Python worker, invents the simulated market and finds out which of its symbols are analysed to the end.
    pub(crate) async fn prepare(options: &'a Options) -> anyhow::Result<Self> {
        let cache = options.cache()?;
        fs::create_dir_all(&cache).with_context(|| cache.display().to_string())?;
        let python = match options.rows().any(|row| row == Row::Python) {
            true => Some(python::install(&options.python, &cache).await?),
            false => None,
        };
        let mut bench = Self { options, cache, python, simulated: Moments::simulated(Vec::new()) };
        if options.rows().any(|row| row != Row::Python && bench.tape(row).is_none()) {
            bench.simulated = Moments::simulated(bench.analysed_to_the_end().await?);
        }
        Ok(bench)
    }

    /// A rejection costs less than an analysis: the symbols of the simulated market that are not rejected.
    async fn analysed_to_the_end(&self) -> anyhow::Result<Vec<Symbol>> {
        let market =
            Played::Simulated { seed: DEFAULT_SEED, start: Some(START.parse()?) }.open(&self.cache).await?;
        let symbols = market.symbols().await?;
        let one_each = symbols.iter().map(|symbol| {
            let params =
                FullAnalysisParams { include_chart_image: false, ..FullAnalysisParams::new(symbol.clone()) };
            Request::Client(Box::new(params))
        });
        let side = Side::start(self, Row::Seeded).await?;
        let (side, finished) = side.drive(&one_each.collect::<Vec<_>>(), self.options.in_flight).await?;
        side.stop().await?;
        let complete = finished.into_iter().filter(|run| run.synthesized).map(|run| run.symbol.parse());
        let mut complete: Vec<Symbol> = complete.collect::<Result<_, _>>()?;
        complete.sort();
        ensure!(!complete.is_empty(), "every symbol of the simulated market is rejected");
        Ok(complete)
    }

    /// The recorded market of a row, where it has one.
    fn tape(&self, row: Row) -> Option<&Path> {
        self.options.tape.as_deref().filter(|_| !row.is_seeded())
    }

    /// Measures one round of a row.
    pub(crate) async fn measure(&self, row: Row) -> anyhow::Result<Sample> {
        let recorded = row == Row::Python || self.tape(row).is_some();
        let moments = if recorded { &Moments::recorded()? } else { &self.simulated };
        let (warm_up, measured) = workload::requests(row, moments, self.options.analyses);
        let side = Side::start(self, row).await?;
        let (side, _) = side.drive(&warm_up, self.options.in_flight).await?;
        let earlier = side.server.actions().await?;
        let (begun, before) = (Instant::now(), side.cpu()?);
        let (side, finished) = side.drive(&measured, self.options.in_flight).await?;
        let (wall, after) = (begun.elapsed(), side.cpu()?);
        let actions = side.server.actions().await?.since(&earlier);
        let histories = drive::histories(&side.client, &finished).await?;
        let peak = process::peak_memory(side.worker.pid())?;
        side.stop().await?;

        let count = finished.len() as f64;
        let milliseconds =
            |later: Duration, earlier: Duration| later.saturating_sub(earlier).as_secs_f64() * 1e3;
        let complete = finished.iter().filter(|run| run.synthesized).count() as f64;
        let by_kind = actions.kinds().map(|(kind, number)| (kind.to_owned(), number as f64 / count));
        Ok(Sample {
            figures: Figures::from([
                (Figure::WorkerCpuMs, milliseconds(after.worker, before.worker) / count),
                (Figure::ServerCpuMs, milliseconds(after.server, before.server) / count),
                (Figure::Actions, actions.total() as f64 / count),
                (Figure::Events, median(histories.iter().map(|history| history.events).collect())),
                (Figure::HistoryKb, median(histories.iter().map(|history| history.bytes).collect()) / 1e3),
                (Figure::PeakMb, peak as f64 / 1e6),
                (Figure::WallS, wall.as_secs_f64()),
                (Figure::Rate, count / wall.as_secs_f64()),
                (Figure::SynthesizedPct, 100.0 * complete / count),
            ]),
            actions: by_kind.collect::<BTreeMap<_, _>>(),
        })
    }
}

/// A server with one worker, and a client of it. Dropping it ends both.
struct Side {
    worker: Process,
    client: TtaiClient,
    server: DevServer,
    // Last: the processes above write into it.
    _folder: TempDir,
}

/// Processor time that both processes have used.
struct Cpu {
    worker: Duration,
    server: Duration,
}

impl Side {
    async fn start(bench: &Bench<'_>, row: Row) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let server = DevServer::start(server_options(bench.options, folder.path())).await?;
        let address = server.address();
        let client = ttai::server::connect(&address, server.namespace()).await?;
        let command = match &bench.python {
            Some(interpreter) if row == Row::Python => python::worker(interpreter, &address),
            _ => ours(bench, row, folder.path(), &address)?,
        };
        let worker = Process::start(command, folder.path().join("worker.log"))?;
        Ok(Self { worker, client, server, _folder: folder })
    }

    /// Runs analyses while the worker lives.
    async fn drive(
        mut self,
        requests: &[Request],
        in_flight: usize,
    ) -> anyhow::Result<(Self, Vec<Finished>)> {
        let finished = tokio::select! {
            finished = drive::run(&self.client, requests, in_flight) => finished?,
            error = self.worker.ended() => return Err(error),
        };
        Ok((self, finished))
    }

    fn cpu(&self) -> anyhow::Result<Cpu> {
        let server = self.server.pid().context("the server has no process")?;
        Ok(Cpu { worker: process::cpu(self.worker.pid())?, server: process::cpu(server)? })
    }

    async fn stop(self) -> anyhow::Result<()> {
        self.worker.kill().await?;
        Ok(self.server.stop().await?)
    }
}

fn server_options(options: &Options, folder: &Path) -> DevServerOptions {
    let mut server = DevServerOptions::ephemeral(folder.join("server"));
    server.locate.binary.clone_from(&options.temporal);
    server.metrics = true;
    server.dynamic_config = vec![(EAGER_ACTIVITIES.to_owned(), true.into())];
    server.search_attributes = ttai::server::search_attribute_kinds();
    server
}

/// `ttai worker` as a user runs it: all queues, a store of its own.
fn ours(
    bench: &Bench<'_>,
    row: Row,
    folder: &Path,
    address: &str,
) -> anyhow::Result<tokio::process::Command> {
    let config = folder.join("ttai.toml");
    fs::write(&config, "")?;
    let mut command = process::ttai()?;
    command.args(["worker", "--address", address]);
    command.arg("--config").arg(config).arg("--data-dir").arg(&bench.cache);
    command.arg("--store").arg(folder.join("ttai.db"));
    match bench.tape(row) {
        Some(tape) => command.arg("--tape").arg(tape),
        None => command.args(["--seed", &DEFAULT_SEED.to_string(), "--start", START]),
    };
    Ok(command)
}
