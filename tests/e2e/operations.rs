//! What whoever runs a worker sees of it: readiness, metrics, activities that start eagerly, and a server that comes back
//! without its state.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, ensure};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use ttai::market::MarketChoice;
use ttai::readiness::Readiness;
use ttai::settings::{DEFAULT_SEED, Settings};
use ttai::worker::{RunningWorkers, WorkerSettings};
use ttai::{metrics, wiring};
use ttai_client::Run;
use ttai_contract::FullAnalysisParams;

use crate::kills::drill;
use crate::lab::{Lab, within};

/// Status code and body of one page.
async fn page(address: SocketAddr, path: &str) -> anyhow::Result<(String, String)> {
    let mut stream = TcpStream::connect(address).await?;
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes())
        .await?;
    let mut answer = String::new();
    within(path, stream.read_to_string(&mut answer)).await??;
    let status = answer.split(' ').nth(1).context("no status")?.to_owned();
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).context("no body")?;
    Ok((status, body))
}

/// The line of a page of metrics with all of these parts.
fn line<'t>(text: &'t str, parts: &[&str]) -> anyhow::Result<&'t str> {
    text.lines()
        .find(|line| parts.iter().all(|part| line.contains(part)))
        .with_context(|| format!("no line with {parts:?} in:\n{text}"))
}

/// How many full analyses this process has completed; other tests of it count, too.
async fn completed(address: SocketAddr) -> anyhow::Result<u64> {
    let parts = ["temporal_workflow_completed_total{", "workflow_type=\"FullAnalysisWorkflow\""];
    let (_, text) = page(address, "/metrics").await?;
    // No line stands before the first.
    let count = line(&text, &parts).ok().and_then(|line| line.rsplit(' ').next());
    Ok(count.map_or(Ok(0), str::parse)?)
}

/// Waits until `/readyz` has this status.
async fn until_ready_is(address: SocketAddr, expected: &str) -> anyhow::Result<String> {
    within(&format!("/readyz {expected}"), async {
        loop {
            let (status, body) = page(address, "/readyz").await?;
            if status == expected {
                return Ok(body);
            }
        }
    })
    .await?
}

async fn workers(lab: &Lab) -> anyhow::Result<RunningWorkers> {
    let settings = Settings {
        store_url: lab.folder().join("ttai.db").to_string_lossy().into_owned().into(),
        ..Settings::of_market(
            Path::new(env!("CARGO_TARGET_TMPDIR")),
            MarketChoice::Simulated { seed: DEFAULT_SEED, start: Some(crate::market::START.parse()?) },
        )
    };
    let ports = wiring::ports(&settings).await?;
    RunningWorkers::start(lab.client.temporal().clone(), ports, WorkerSettings::default()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_is_ready_while_it_can_take_work_and_says_what_the_sdk_measures() -> anyhow::Result<()> {
    let mut lab = Lab::ephemeral().await?;
    let readiness = Readiness::default();
    let (address, _serving) = metrics::serve("127.0.0.1:0", readiness.clone()).await?;
    assert_eq!(page(address, "/readyz").await?, ("503".to_owned(), "starting\n".to_owned()));

    let workers = workers(&lab).await?;
    readiness.polls(lab.client.temporal().clone(), workers.shutdown());
    assert_eq!(page(address, "/readyz").await?, ("200".to_owned(), "ready\n".to_owned()));

    let before = completed(address).await?;
    let run = lab.client.start(&drill(), Some("measured")).await?;
    lab.answer(&run).await?;
    // The answer may be here before the worker has counted it.
    within("the completed run to be counted", async {
        while completed(address).await? <= before {}
        anyhow::Ok(())
    })
    .await??;
    let (_, text) = page(address, "/metrics").await?;
    line(&text, &["ttai_info{"])?;
    line(&text, &["temporal_num_pollers{", "task_queue=\"analysis-queue\""])?;
    line(&text, &["temporal_request_total{", "operation=\"RespondWorkflowTaskCompleted\""])?;
    // Activities come with the answer to the workflow task that schedules them: no dispatch through the queue.
    line(&text, &["temporal_activity_task_received_total{", "eager=\"true\""])?;

    lab.server.kill().await?;
    let why = until_ready_is(address, "503").await?;
    ensure!(why.contains("Temporal server"), "{why}");
    assert_eq!(page(address, "/healthz").await?.0, "200", "the process lives");
    lab.server.restart().await?;
    until_ready_is(address, "200").await?;
    workers.begin_shutdown();
    assert_eq!(page(address, "/readyz").await?, ("503".to_owned(), "stopping\n".to_owned()));
    workers.stop().await
}

#[tokio::test]
async fn a_server_that_lost_its_state_gets_its_search_attributes_back() -> anyhow::Result<()> {
    let mut lab = Lab::without_search_attributes().await?;
    let _worker = lab.worker()?;
    let before: Run<FullAnalysisParams> = lab.raw_analysis("before").await?;
    lab.answer(&before).await?;

    // A server in memory comes back empty, on the same port.
    lab.server.restart().await?;
    let after = lab.raw_analysis("after").await?;
    lab.answer(&after).await?;
    Ok(())
}

impl Lab {
    /// A run as another SDK starts it: without search attributes, which the workflow sets itself.
    async fn raw_analysis(&self, id: &str) -> anyhow::Result<Run<FullAnalysisParams>> {
        self.start_raw("FullAnalysisWorkflow", id, &[json!({"symbol": "AAPL"})]).await?;
        Ok(self.client.run(id))
    }
}
