//! A simulated market in a process of its own.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;
use tokio::time::Instant;
use ttai_http::{LocalLimits, Service, ServiceConfig};
use ttai_sim::server::Endpoints;
use url::Url;

/// Longest that the market may take to be invented and served.
const READY_WITHIN: Duration = Duration::from_secs(300);

/// `ttai sim` in a process of its own. It is killed when this is dropped.
pub(super) struct ServedMarket {
    process: Child,
    /// How long it took until it served.
    pub(super) ready: Duration,
    pub(super) endpoints: Endpoints,
}

impl ServedMarket {
    /// Returns once it serves.
    pub(super) fn start(folder: &Path, symbols: u32, speed: f64, faults: &[Value]) -> anyhow::Result<Self> {
        let began = Instant::now();
        let file = folder.join("faults.json");
        std::fs::write(&file, serde_json::to_vec(&faults)?)?;
        let mut process = Command::new(std::env::current_exe()?)
            .args(["sim", "--seed", "7", "--speed", &speed.to_string(), "--symbols", &symbols.to_string()])
            .arg("--faults")
            .arg(file)
            .arg("--data-dir")
            .arg(folder.join("market"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("the market cannot be started")?;
        let endpoints = read_endpoints(&mut process).inspect_err(|_| drop(process.kill()))?;
        Ok(Self { process, ready: began.elapsed(), endpoints })
    }

    /// How often each service's fault was hit: as often as it was asked, where the fault is always there.
    pub(super) async fn faults_hit(&self) -> anyhow::Result<BTreeMap<String, u64>> {
        let control = Url::parse(&format!("{}/", self.endpoints.control))?;
        let limits = Arc::new(LocalLimits::default());
        let service = Service::new(ServiceConfig::new("simulation", control), limits, None)?;
        let armed: Vec<Value> = service.get("faults", "faults").send().await?.json()?;
        let count = |fault: &Value| Some((fault["service"].as_str()?.to_owned(), fault["hits"].as_u64()?));
        let counted: Option<BTreeMap<String, u64>> = armed.iter().map(count).collect();
        counted.context("the market does not count its requests")
    }
}

impl Drop for ServedMarket {
    fn drop(&mut self) {
        // Errors mean that it has ended already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The line in which it says where it serves.
fn read_endpoints(process: &mut Child) -> anyhow::Result<Endpoints> {
    let output = process.stdout.take().context("the market has no output")?;
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = BufReader::new(output).read_line(&mut line);
        send.send(read.map(|_| line))
    });
    let line = receive.recv_timeout(READY_WITHIN).context("the market is not ready")??;
    ensure!(!line.is_empty(), "the market ended before it served");
    serde_json::from_str(&line).with_context(|| format!("the market said {line:?}"))
}
