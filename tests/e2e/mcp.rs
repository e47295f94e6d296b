//! Through MCP: every tool answers over a running server and worker, and a full analysis outlives the MCP server and the worker.

use std::process::{ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use clap::Parser;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use ttai::cli::Cli;
use ttai_contract::Stage;

use crate::lab::{DEADLINE, Lab, within};
use crate::market;
use crate::script::{Act, Script};

/// Carries the arguments of `ttai` as JSON to an MCP process.
const ARGUMENTS: &str = "TTAI_E2E_MCP";
/// A call of every tool, as the official clients make them.
const CALLS: &str = include_str!("../../conformance/mcp/calls.json");
/// The server of these tests has no schedules.
const NO_SCHEDULES: &str = "ttai_schedule_change";

/// Becomes an MCP server where the environment says so.
pub(crate) fn run_if_asked() -> anyhow::Result<()> {
    let Ok(arguments) = std::env::var(ARGUMENTS) else { return Ok(()) };
    let arguments: Vec<String> = serde_json::from_str(&arguments)?;
    let cli = Cli::try_parse_from(std::iter::once("ttai".to_owned()).chain(arguments))?;
    ensure!(ttai::commands::run(cli)? == ExitCode::SUCCESS, "the MCP server did not end in order");
    Ok(())
}

/// An MCP server on standard input and output; it is killed when this is dropped.
struct McpProcess {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    requests: u64,
}

impl McpProcess {
    /// Starts it at the lab's server, over the market of the lab's workers, and introduces a client.
    async fn start(lab: &Lab) -> anyhow::Result<Self> {
        Self::start_as(lab, "false", json!({})).await
    }

    /// The same where trading is enabled or not, for a client with these capabilities.
    async fn start_as(lab: &Lab, trading: &str, capabilities: Value) -> anyhow::Result<Self> {
        let path = |name: &str| lab.folder().join(name).to_string_lossy().into_owned();
        let (folder, store, address) = (path("mcp"), path("ttai.db"), lab.server.address());
        let given =
            ["--data-dir", &folder, "--store", &store, "--address", &address, "mcp", "--toolsets", "all"];
        let market = ["--seed", "1", "--start", market::START];
        let arguments: Vec<&str> = given.into_iter().chain(market).collect();
        let mut child = Command::new(std::env::current_exe()?)
            .args(["mcp_process", "--exact", "--nocapture"])
            .env(ARGUMENTS, serde_json::to_string(&arguments)?)
            .env("TTAI__MCP__TRADING", trading)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("this program cannot be started as an MCP server")?;
        let input = child.stdin.take().context("no standard input")?;
        let output = BufReader::new(child.stdout.take().context("no standard output")?).lines();
        let mut started = Self { child, input, output, requests: 0 };
        let client = json!({"name": "e2e", "version": "1"});
        let hello =
            json!({"protocolVersion": "2025-11-25", "capabilities": capabilities, "clientInfo": client});
        let answer = started.request("initialize", hello).await?;
        ensure!(answer.pointer("/result/serverInfo/name") == Some(&json!("ttai")), "{answer}");
        started.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await?;
        Ok(started)
    }

    async fn send(&mut self, message: &Value) -> anyhow::Result<()> {
        Ok(self.input.write_all(format!("{message}\n").as_bytes()).await?)
    }

    async fn request(&mut self, method: &str, params: Value) -> anyhow::Result<Value> {
        self.requests += 1;
        let id = self.requests;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})).await?;
        let answer = async {
            // What is no message is the test program's own.
            while let Some(line) = self.output.next_line().await? {
                match serde_json::from_str::<Value>(&line) {
                    Ok(message) if message.get("id") == Some(&json!(id)) => return Ok(message),
                    _ => {}
                }
            }
            bail!("the MCP server left")
        };
        within(method, answer).await?
    }

    /// The result of a tool.
    async fn call(&mut self, tool: &str, arguments: Value) -> anyhow::Result<Value> {
        let answer = self.request("tools/call", json!({"name": tool, "arguments": arguments})).await?;
        answer.get("result").cloned().with_context(|| format!("{tool}: {answer}"))
    }

    /// What a tool answers in its structured content.
    async fn fields(&mut self, tool: &str, arguments: Value) -> anyhow::Result<Value> {
        let result = self.call(tool, arguments).await?;
        ensure!(
            result.get("isError").and_then(Value::as_bool) != Some(true),
            "{tool}: {}",
            result["content"]
        );
        Ok(result["structuredContent"].clone())
    }

    /// `kill -9`, and waits until it is gone.
    async fn kill(mut self) -> anyhow::Result<()> {
        ensure!(self.child.try_wait()?.is_none(), "the MCP server had ended by itself");
        Ok(self.child.kill().await?)
    }
}

#[tokio::test]
async fn every_tool_answers() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let mut mcp = McpProcess::start(&lab).await?;
    let listed = mcp.request("tools/list", json!({})).await?;
    let names = |tools: &[Value]| -> Vec<String> {
        tools.iter().filter_map(|tool| tool["name"].as_str().map(str::to_owned)).collect()
    };
    let mut listed = names(listed["result"]["tools"].as_array().context("no tools")?);
    let calls: Vec<(String, Map<String, Value>)> = serde_json::from_str(CALLS)?;
    let mut called: Vec<String> = calls.iter().map(|(tool, _)| tool.clone()).collect();
    listed.sort();
    called.sort();
    assert_eq!(listed, called, "every tool has a call");
    for (tool, arguments) in calls {
        let result = mcp.call(&tool, Value::Object(arguments)).await?;
        let text = result["content"][0]["text"].as_str().unwrap_or_default();
        ensure!(text.len() <= 80_000, "{tool}: {} bytes", text.len());
        if tool == NO_SCHEDULES {
            ensure!(text.contains("ttai_schedule_list"), "{tool}: {text}");
            continue;
        }
        ensure!(result.get("isError").and_then(Value::as_bool) != Some(true), "{tool}: {text}");
        assert_eq!(
            serde_json::from_str::<Value>(text)?,
            result["structuredContent"],
            "{tool}: the text is a copy"
        );
    }
    Ok(())
}

/// A task that is asked for until `holds`.
async fn task_until(
    mcp: &mut McpProcess,
    task: &str,
    holds: impl Fn(&Value) -> bool,
) -> anyhow::Result<Value> {
    let asked = async {
        loop {
            let got = mcp.request("tasks/get", json!({"taskId": task})).await?;
            let state = got.get("result").cloned().with_context(|| format!("no task: {got}"))?;
            if holds(&state) {
                return Ok(state);
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(DEADLINE, asked).await.context("the task did not come so far")?
}

/// Between two looks at a task.
const LOOK: Duration = Duration::from_millis(200);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trade_is_planned_by_a_model_and_approved_by_its_user_only() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let workers = lab.workers_over(crate::trading::quick).await?;
    crate::trading::picks(&lab).await?;
    let mut off = McpProcess::start(&lab).await?;
    let refused = off.call("ttai_trade_plan", json!({"strategy": "csp_entry"})).await?;
    let said = refused["content"][0]["text"].as_str().unwrap_or_default();
    ensure!(refused["isError"] == json!(true) && said.contains("`trading = true` in [mcp]"), "{refused}");
    off.kill().await?;

    let tasks = json!({"extensions": {"io.modelcontextprotocol/tasks": {}}});
    let mut mcp = McpProcess::start_as(&lab, "true", tasks).await?;
    let dry = mcp.fields("ttai_trade_plan", json!({"strategy": "csp_entry", "dry_run": true})).await?;
    assert_eq!(dry["result"]["status"], json!("decided"), "{dry}");
    assert_eq!(dry["result"]["verdict"]["passes"], json!(true), "{dry}");
    ensure!(dry["result"]["verdict"]["checks"].as_array().is_some_and(|checks| checks.len() > 5), "{dry}");
    let none = mcp.fields("ttai_order_list", json!({})).await?;
    assert_eq!(none["orders"], json!([]), "a dry run makes no order");

    let plan = json!({"strategy": "csp_entry", "key": "mcp"});
    let made = mcp.call("ttai_trade_plan", plan.clone()).await?;
    assert_eq!((&made["resultType"], &made["status"]), (&json!("task"), &json!("input_required")), "{made}");
    let run = "daily-trading-mcp";
    assert_eq!(made["taskId"], json!(run));
    let asked = task_until(&mut mcp, run, |_| true).await?;
    assert_eq!(
        (&asked["status"], &asked["inputRequests"]),
        (&json!("input_required"), &json!({})),
        "{asked}"
    );
    let message = asked["statusMessage"].as_str().unwrap_or_default();
    ensure!(message.contains("`ttai trade approve ttai-") && message.contains(" ET:"), "{message}");

    // Whatever a client answers, the order waits on; nor does it take the run away.
    let yes = json!({"taskId": run, "inputResponses": {"approve": {"action": "accept", "content": {"approve": "yes"}}}});
    let answered = mcp.request("tasks/update", yes).await?;
    ensure!(answered["error"]["message"].to_string().contains("no approval"), "{answered}");
    let cancelled = mcp.request("tasks/cancel", json!({"taskId": run})).await?;
    ensure!(cancelled["error"]["message"].to_string().contains("only the user cancels"), "{cancelled}");
    // A client without tasks reads the same of the run, and of the same plan asked for again.
    let mut plain = McpProcess::start_as(&lab, "true", json!({})).await?;
    let shown = plain.fields("ttai_run_show", json!({"run": run})).await?;
    let again = plain.fields("ttai_trade_plan", plan).await?;
    for answer in [&shown, &again] {
        assert_eq!(
            (&answer["run"], &answer["status"]),
            (&json!(run), &json!("awaiting_approval")),
            "{answer}"
        );
        ensure!(answer["next"].to_string().contains("`ttai trade approve ttai-"), "{answer}");
    }
    plain.kill().await?;
    let id = shown["awaiting_approval"]["order"].as_str().context("no order")?.to_owned();
    let order = mcp.fields("ttai_order_show", json!({"order": "last"})).await?;
    assert_eq!((&order["order"]["id"], &order["gate"]["barred_by"]), (&json!(id), &json!([])), "{order}");

    lab.client.trading_run(run).approve(&id, "mia").await?;
    let goes_on = task_until(&mut mcp, run, |_| true).await?;
    ensure!(goes_on["status"] == json!("working") || goes_on["status"] == json!("completed"), "{goes_on}");
    let done = task_until(&mut mcp, run, |task| task["status"] == json!("completed")).await?;
    let result = &done["result"]["structuredContent"]["result"];
    assert_eq!(result["status"], json!("complete"), "{done}");
    let orders = result["orders"].as_array().context("no orders")?;
    assert_eq!(orders.last().map(|order| &order["phase"]), Some(&json!("filled")), "{done}");
    assert_eq!(orders[0]["approved_by"], json!("mia"), "{done}");
    let trades = mcp.fields("ttai_trade_list", json!({"open": true})).await?;
    assert_eq!(trades["trades"].as_array().map(Vec::len), Some(1), "{trades}");

    // The position keeps its watch, and a halt stands until a person ends it.
    let watch = mcp.call("ttai_run_cancel", json!({"run": result["monitor"]})).await?;
    ensure!(watch["content"][0]["text"].to_string().contains("only the user cancels"), "{watch}");
    let halted = mcp.fields("ttai_trade_halt", json!({"reason": "the user asked for it"})).await?;
    assert_eq!(halted["is_new"], json!(true), "{halted}");
    let stops = mcp.fields("ttai_trade_stops", json!({})).await?;
    ensure!(stops["halts"][0]["reason"].to_string().contains("the user asked for it"), "{stops}");
    workers.stop().await
}

#[tokio::test]
async fn an_analysis_outlives_the_mcp_server_and_the_worker() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let mut worker = lab.worker()?;
    let id = "analysis-AAPL-mcp";
    lab.book.write(id, &Script::default().with(Stage::Options, &[Act::Hold]))?;
    let request = json!({"symbol": "AAPL", "key": "mcp", "wait_seconds": 1});
    let mut mcp = McpProcess::start(&lab).await?;
    let handle = mcp.fields("ttai_analyze", request.clone()).await?;
    assert_eq!((&handle["run"], &handle["status"]), (&json!(id), &json!("running")), "{handle}");
    lab.begun(id, Stage::Options, 0).await?;
    mcp.kill().await?;
    worker.kill()?;
    let _worker = lab.worker()?;
    let mut mcp = McpProcess::start(&lab).await?;
    // The same call is the same run.
    let again = mcp.fields("ttai_analyze", request).await?;
    assert_eq!(again["run"], json!(id), "{again}");
    let answer = until_completed(&mut mcp, id).await?;
    assert_eq!(answer["result"]["symbol"], json!("AAPL"), "{answer}");
    ensure!(answer["result"]["recommendation"].is_string(), "{answer}");
    mcp.kill().await?;
    let shown = McpProcess::start(&lab).await?.fields("ttai_run_show", json!({"run": id})).await?;
    assert_eq!((&shown["status"], &shown["result"]), (&json!("completed"), &answer["result"]));
    Ok(())
}

/// Waits for a run by its handle, as a client does.
async fn until_completed(mcp: &mut McpProcess, id: &str) -> anyhow::Result<Value> {
    let waited = async {
        loop {
            let answer = mcp.fields("ttai_run_wait", json!({"run": id, "wait_seconds": 10})).await?;
            if answer["status"] != json!("running") {
                ensure!(answer["status"] == json!("completed"), "{answer}");
                return Ok(answer);
            }
        }
    };
    tokio::time::timeout(DEADLINE + Duration::from_secs(30), waited)
        .await
        .context("the analysis did not end")?
}
