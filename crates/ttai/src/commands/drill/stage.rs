//! What every drill plays on: a Temporal server, workers as processes of their own, webhooks.

use std::future::Future;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde::Serialize;
use tokio::time::{Instant, sleep};
use ttai_client::PriceAlerts;
use ttai_contract::{AlertDefinition, UserId};
use ttai_dev_server::{DevServer, DevServerOptions};
use ttai_ports::{FiringFilter, FiringRecord, Firings};
use ttai_sim::server::webhook::WEBHOOK_SIGNING_KEY;
use ttai_sim::server::{Endpoints, RunningSim};
use ttai_store::Database;

use crate::settings::Settings;
use crate::{server, sources};

/// How long a step may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks.
pub(super) const LOOK: Duration = Duration::from_millis(100);

/// A webhook as a worker's channel.
pub(super) struct Webhook<'a> {
    pub(super) name: &'a str,
    pub(super) url: &'a str,
    /// Messages a minute; as many as come where none.
    pub(super) per_minute: Option<u32>,
}

impl Webhook<'_> {
    fn variables(&self) -> Vec<(String, String)> {
        let name = self.name.to_uppercase();
        let mut variables = vec![
            (format!("TTAI__CHANNELS__{name}__TYPE"), "webhook".to_owned()),
            (format!("TTAI_CHANNELS_{name}_URL"), self.url.to_owned()),
            (format!("TTAI_CHANNELS_{name}_SECRET"), WEBHOOK_SIGNING_KEY.to_owned()),
        ];
        let limit = self.per_minute.map(|limit| limit.to_string());
        variables.extend(limit.map(|limit| (format!("TTAI__CHANNELS__{name}__MESSAGES_PER_MINUTE"), limit)));
        variables
    }
}

/// How fast a worker's death is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// Within seconds.
    Drill,
    /// As everywhere else.
    Usual,
}

/// A Temporal server that ends with the drill, and counts its actions.
pub(super) async fn temporal(settings: &Settings, folder: &Path) -> anyhow::Result<DevServer> {
    let mut options = DevServerOptions::ephemeral(folder.join("server"));
    options.locate.binary.clone_from(&settings.temporal_binary);
    options.search_attributes = server::search_attribute_kinds();
    options.metrics = true;
    Ok(DevServer::start(options).await?)
}

/// Asks until there is an answer: a worker may be away.
pub(super) async fn persist<T, E: std::fmt::Display, F: Future<Output = Result<T, E>>>(
    mut ask: impl FnMut() -> F,
) -> anyhow::Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match ask().await {
            Ok(answer) => return Ok(answer),
            Err(error) => ensure!(Instant::now() < deadline, "no answer: {error}"),
        }
        sleep(LOOK).await;
    }
}

/// Arms alerts; each has to be accepted.
pub(super) async fn arm(router: &PriceAlerts, alerts: &[AlertDefinition]) -> anyhow::Result<()> {
    for some in alerts.chunks(500) {
        for answer in persist(|| router.add(some)).await?.alerts {
            ensure!(answer.accepted, "{}: {}", answer.id, answer.reason.unwrap_or_default());
        }
    }
    Ok(())
}

/// A worker process, or another of ttai that runs on. It is killed when this is dropped.
pub(super) struct Worker(Child);

impl Worker {
    /// Starts it.
    pub(super) fn start(command: &mut Command) -> anyhow::Result<Self> {
        command.spawn().map(Self).context("a process of ttai cannot be started")
    }

    /// Its process id.
    pub(super) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Whether it has ended by itself.
    pub(super) fn has_ended(&mut self) -> anyhow::Result<bool> {
        Ok(self.0.try_wait()?.is_some())
    }

    /// `kill -9`, and waits until it is gone.
    pub(super) fn kill(&mut self) -> anyhow::Result<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // An error means that it has ended already.
        drop(self.kill());
    }
}

/// A worker process of alerts and the background that reads the simulated market and writes to webhooks.
pub(super) fn worker(
    folder: &Path,
    address: &str,
    sim: &RunningSim,
    channels: &[Webhook<'_>],
    pace: Pace,
) -> anyhow::Result<Worker> {
    let queues = &["streaming-queue", "background-queue"];
    worker_of(folder, address, &sim.endpoints, Some(queues), channels, pace, &[])
}

/// A worker process of some queues, or of all.
pub(super) fn worker_of(
    folder: &Path,
    address: &str,
    market: &Endpoints,
    queues: Option<&[&str]>,
    channels: &[Webhook<'_>],
    pace: Pace,
    variables: &[(String, String)],
) -> anyhow::Result<Worker> {
    let mut command = ttai(folder, address, market, "worker.log")?;
    command.arg("worker");
    if let Some(queues) = queues {
        command.args(["--queues", &queues.join(",")]);
    }
    command
        .envs(channels.iter().flat_map(Webhook::variables))
        .envs(variables.iter().map(|(name, value)| (name, value)));
    if pace == Pace::Drill {
        command.env("TTAI_DRILL", "1");
    }
    Worker::start(&mut command)
}

/// This program at the drill's server, store and market, and with nothing of the environment's own; it writes into a log.
pub(super) fn ttai(folder: &Path, address: &str, market: &Endpoints, log: &str) -> anyhow::Result<Command> {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.join(log))?;
    let mut command = Command::new(std::env::current_exe()?);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("TTAI") || name.starts_with("TEMPORAL_") {
            command.env_remove(name);
        }
    }
    command
        .args(["--address", address])
        .arg("--data-dir")
        .arg(folder)
        .arg("--store")
        .arg(folder.join("ttai.db"))
        .current_dir(folder)
        .envs(sources::variables(market))
        .env("TTAI__MARKET__SOURCE", "live")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    Ok(command)
}

/// Percentiles of what was timed, milliseconds.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Stretch {
    pub(super) stretch: &'static str,
    pub(super) p50_ms: f64,
    pub(super) p90_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) max_ms: f64,
}

impl Stretch {
    pub(super) fn of(stretch: &'static str, mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        let at = |part: f64| {
            let last = times.len().saturating_sub(1) as f64;
            times.get((last * part).round() as usize).copied().unwrap_or_default()
        };
        Self { stretch, p50_ms: at(0.5), p90_ms: at(0.9), p99_ms: at(0.99), max_ms: at(1.0) }
    }

    /// A row of a table.
    pub(super) fn row(&self) -> Vec<String> {
        let times = [self.p50_ms, self.p90_ms, self.p99_ms, self.max_ms];
        std::iter::once(self.stretch.to_owned())
            .chain(times.iter().map(|time| format!("{time:.1} ms")))
            .collect()
    }
}

/// The titles of such rows.
pub(super) const STRETCH_TITLES: [&str; 5] = ["WAY", "P50", "P90", "P99", "MAX"];

/// Everything that fired, newest first.
pub(super) async fn firings(database: &Database) -> anyhow::Result<Vec<FiringRecord>> {
    let user_id = UserId::default().to_string();
    let mut filter = FiringFilter { user_id, limit: Some(1_000), ..FiringFilter::default() };
    let mut all = Vec::new();
    loop {
        let page = database.list_firings(&filter).await?;
        let Some(last) = page.last() else { return Ok(all) };
        filter.after = Some(last.cursor());
        all.extend(page);
    }
}

/// What the workers of a folder said last.
pub(super) fn log_tail(folder: &Path) -> String {
    tail_of(&folder.join("worker.log"))
}

/// The end of a log.
pub(super) fn tail_of(log: &Path) -> String {
    let log = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}

/// What a process has used, by /proc.
#[derive(Clone, Copy, Debug)]
pub(super) struct Process {
    /// Megabytes in memory.
    pub(super) resident_mb: f64,
    /// Of processor time.
    pub(super) seconds: f64,
}

impl Process {
    pub(super) fn of(id: u32) -> anyhow::Result<Self> {
        let read = |name: &str| std::fs::read_to_string(format!("/proc/{id}/{name}"));
        let status = read("status").context("the worker has ended")?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = resident.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
        // After the name in brackets: fields 14 and 15 are user and system time in hundredths of a second (proc_pid_stat(5)).
        let stat = read("stat")?;
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: Vec<f64> = fields.skip(11).take(2).filter_map(|text| text.parse().ok()).collect();
        Ok(Self {
            resident_mb: kilobytes.unwrap_or(0.0) / 1_024.0,
            seconds: ticks.iter().sum::<f64>() / 100.0,
        })
    }
}
