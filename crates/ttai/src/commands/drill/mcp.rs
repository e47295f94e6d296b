//! `ttai drill mcp`: many assistants at one MCP server over HTTP, each reading once a second, and analyses that they start: how long an
//! answer takes, what is lost, and what it costs the server.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};
use ttai_http::{LocalLimits, Service, ServiceConfig};
use ttai_ports::RateLimit;
use url::Url;

use super::served_market::ServedMarket;
use super::stage::{
    LOOK, PATIENCE, Pace, Process, STRETCH_TITLES, Stretch, Worker, log_tail, tail_of, temporal, ttai,
    worker_of,
};
use crate::cli::{DrillMcpArgs, GlobalArgs};
use crate::settings::Settings;
use crate::{output, report};

/// What the MCP server says.
const LOG: &str = "mcp.log";
/// The token of all assistants.
const TOKEN: &str = "drill-drill-drill-drill";
/// Symbols of the market, of which the analyses take turns.
const SYMBOLS: u32 = 25;
/// What is read, in turn: rows of the store, and runs.
const READS: [(&str, &str); 6] = [
    ("ttai_alert_list", "{}"),
    ("ttai_run_list", r#"{"limit": 10}"#),
    ("ttai_run_show", r#"{"run": "last"}"#),
    ("ttai_screen_show", "{}"),
    ("ttai_news", r#"{"days": 1}"#),
    ("ttai_message_list", r#"{"limit": 10}"#),
];
/// How long the analyses that were started last may take.
const END_WITHIN: Duration = Duration::from_secs(180);
/// The newest protocol with `initialize`; calls without a session need none.
const PROTOCOL: &str = "2025-11-25";

/// What the drill found.
#[derive(Clone, Debug, Serialize)]
struct Findings {
    clients: u32,
    seconds: f64,
    reads: Stretch,
    starts: Stretch,
    read: usize,
    /// Reads without an answer, by what was said instead.
    failed: BTreeMap<String, usize>,
    analyses: usize,
    /// Analyses that were accepted, and whose result is not there.
    lost: Vec<String>,
    actions: u64,
    mcp_cpu: f64,
    mcp_mb: f64,
}

/// Runs the drill.
///
/// # Errors
/// A step that does not come to its end.
pub(super) async fn mcp(global: &GlobalArgs, args: DrillMcpArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, None)?;
    let folder = tempfile::tempdir()?;
    let market = ServedMarket::start(folder.path(), SYMBOLS, 1.0, &[])?;
    let server = temporal(&settings, folder.path()).await?;
    let (address, endpoints) = (server.address(), &market.endpoints);
    let mut worker = worker_of(folder.path(), &address, endpoints, None, &[], Pace::Usual, &[])?;
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?.local_addr()?;
    let mut mcp = ttai(folder.path(), &address, endpoints, LOG)?;
    mcp.args(["mcp", "--toolsets", "all", "--http", &free.to_string()])
        .env("TTAI__TOKENS__DEFAULT__TOKEN", TOKEN);
    let mut serving = Worker::start(&mut mcp)?;
    let outcome = async {
        let assistant = Assistant::of(&format!("http://{free}/"))?;
        assistant.warm_up().await?;
        let (actions, used) = (server.actions().await?, Process::of(serving.id())?);
        let findings = play(&assistant, args).await?;
        let using = Process::of(serving.id())?;
        let actions = server.actions().await?.since(&actions).total();
        let mcp_cpu = (using.seconds - used.seconds) / findings.seconds;
        Ok::<_, anyhow::Error>(Findings { actions, mcp_cpu, mcp_mb: using.resident_mb, ..findings })
    }
    .await;
    serving.kill()?;
    worker.kill()?;
    server.stop().await?;
    let findings = outcome
        .with_context(|| format!("{}\n{}", log_tail(folder.path()), tail_of(&folder.path().join(LOG))))?;
    if args.json {
        output::line(&serde_json::to_string(&findings)?);
    } else {
        print(&findings);
    }
    let is_whole = findings.lost.is_empty() && findings.failed.is_empty();
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One call after another over HTTP, each for itself.
#[derive(Clone)]
struct Assistant {
    service: Service,
}

impl Assistant {
    fn of(address: &str) -> anyhow::Result<Self> {
        let rate = RateLimit { per_minute: u32::MAX, burst: u32::MAX };
        let config = ServiceConfig { rate, attempts: 1, ..ServiceConfig::new("mcp", Url::parse(address)?) };
        Ok(Self { service: Service::new(config, Arc::new(LocalLimits::default()), None)? })
    }

    /// The fields of a tool's answer.
    async fn call(&self, tool: &str, arguments: Value) -> anyhow::Result<Value> {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}});
        let answer = self
            .service
            .post("call", "mcp")
            .bearer(&TOKEN.into())
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", PROTOCOL)
            .json(&request)
            .accept(StatusCode::UNAUTHORIZED)
            .send()
            .await?;
        let body = std::str::from_utf8(&answer.body)?;
        // As JSON, or as the data of the one event that is an answer.
        let lines = body.lines().map(|line| line.strip_prefix("data:").unwrap_or(line).trim());
        let answers = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let answer = answers.rev().find(|answer| answer.get("id").is_some());
        let answer = answer.with_context(|| format!("{tool}: no answer in {body:.200}"))?;
        let result = &answer["result"];
        if result.is_null() || result["isError"] == json!(true) {
            bail!(
                "{tool}: {}",
                answer["error"]["message"].as_str().or(result["content"][0]["text"].as_str()).unwrap_or("?")
            );
        }
        Ok(result["structuredContent"].clone())
    }

    /// Connections, tokens and code are warm then, and every list has a row.
    async fn warm_up(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = self.call("ttai_run_list", json!({})).await {
            ensure!(Instant::now() < deadline, "ttai mcp does not answer: {error:#}");
            sleep(LOOK).await;
        }
        self.call("ttai_analyze", json!({"symbol": "NVDA", "wait_seconds": 40})).await?;
        self.call("ttai_alert_add", json!({"phrase": "NVDA below 1", "id": "low"})).await?;
        self.call("ttai_screen_run", json!({"symbols": ["NVDA"], "wait_seconds": 40})).await?;
        Ok(())
    }
}

/// The reads and the starts, for as long as asked for, and then the results of what was started.
async fn play(assistant: &Assistant, args: DrillMcpArgs) -> anyhow::Result<Findings> {
    let began = Instant::now();
    let until = began + args.span;
    let turn = Arc::new(AtomicUsize::new(0));
    let mut readers = JoinSet::new();
    for number in 0..args.clients {
        // Spread over the second, as people are.
        let first = began + Duration::from_secs(1) * number / args.clients.max(1);
        readers.spawn(read(assistant.clone(), Arc::clone(&turn), first, until));
    }
    let (starts, accepted) = start(assistant, args, until).await?;
    let (mut times, mut failed) = (Vec::new(), BTreeMap::new());
    while let Some(reader) = readers.join_next().await {
        let (took, without) = reader?;
        times.extend(took);
        for what in without {
            *failed.entry(what).or_default() += 1;
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let lost = unfinished(assistant, &accepted).await;
    Ok(Findings {
        clients: args.clients,
        seconds,
        read: times.len(),
        reads: Stretch::of("read", times),
        starts: Stretch::of("start", starts),
        failed,
        analyses: accepted.len(),
        lost,
        actions: 0,
        mcp_cpu: 0.0,
        mcp_mb: 0.0,
    })
}

/// One assistant that reads once a second: how long each answer took, and what was said instead of one.
async fn read(
    assistant: Assistant,
    turn: Arc<AtomicUsize>,
    first: Instant,
    until: Instant,
) -> (Vec<f64>, Vec<String>) {
    let (mut times, mut failed) = (Vec::new(), Vec::new());
    let mut second = interval_at(first, Duration::from_secs(1));
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let due = second.tick().await;
        if due >= until {
            return (times, failed);
        }
        let (tool, arguments) = READS[turn.fetch_add(1, Ordering::Relaxed) % READS.len()];
        let arguments = serde_json::from_str(arguments).unwrap_or_default();
        match assistant.call(tool, arguments).await {
            // From when it was due: a server that is late is not let off by those who wait.
            Ok(_) => times.push(due.elapsed().as_secs_f64() * 1e3),
            Err(error) => failed.push(format!("{error:#}")),
        }
    }
}

/// Starts analyses at the rate; how long each start took, and the run of each that was accepted.
async fn start(
    assistant: &Assistant,
    args: DrillMcpArgs,
    until: Instant,
) -> anyhow::Result<(Vec<f64>, Vec<String>)> {
    let symbols = ["NVDA", "AAPL", "MSFT", "SPY", "TSLA", "AMD"];
    let mut every = interval_at(Instant::now(), Duration::from_secs(1) / args.analyses);
    let mut under_way = JoinSet::new();
    for number in 0.. {
        let due = every.tick().await;
        if due >= until {
            break;
        }
        let assistant = assistant.clone();
        let arguments = json!({"symbol": symbols[number % symbols.len()], "wait_seconds": 0, "key": format!("drill-{number}")});
        under_way.spawn(async move {
            let answer = assistant.call("ttai_analyze", arguments).await?;
            let run = answer["run"].as_str().context("an analysis without a run")?.to_owned();
            Ok::<_, anyhow::Error>((due.elapsed().as_secs_f64() * 1e3, run))
        });
    }
    under_way
        .join_all()
        .await
        .into_iter()
        .collect::<anyhow::Result<Vec<_>>>()
        .map(|all| all.into_iter().unzip())
}

/// The analyses that have no result in time.
async fn unfinished(assistant: &Assistant, runs: &[String]) -> Vec<String> {
    let deadline = Instant::now() + END_WITHIN;
    let mut lost = Vec::new();
    for run in runs {
        loop {
            let answer = assistant.call("ttai_run_wait", json!({"run": run, "wait_seconds": 10})).await;
            match answer {
                Ok(answer) if answer["status"] == json!("running") && Instant::now() < deadline => {}
                Ok(answer) if answer["status"] == json!("completed") => break,
                Ok(answer) => {
                    lost.push(format!("{run}: {}", answer["status"]));
                    break;
                }
                Err(error) => {
                    lost.push(format!("{run}: {error:#}"));
                    break;
                }
            }
        }
    }
    lost
}

fn print(findings: &Findings) {
    output::line(&report::plain_table(
        &STRETCH_TITLES,
        [&findings.reads, &findings.starts].into_iter().map(Stretch::row),
    ));
    for lost in &findings.lost {
        output::line(&format!("lost: {lost}"));
    }
    for (what, times) in &findings.failed {
        output::line(&format!("{times} times instead of an answer: {what}"));
    }
    output::line(&format!(
        "{} assistants for {:.0} s: {} reads, {} failed; {} analyses, {} lost; {} actions; the MCP server used {:.2} cores and {:.0} MB",
        findings.clients,
        findings.seconds,
        findings.read,
        findings.failed.values().sum::<usize>(),
        findings.analyses,
        findings.lost.len(),
        findings.actions,
        findings.mcp_cpu,
        findings.mcp_mb,
    ));
}
