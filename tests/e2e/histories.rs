//! Records the histories that are replayed: `TTAI_RECORD_HISTORIES=1 cargo test -p ttai-tests record_histories`.
//!
//! To be done again for each version that ships, beside what is there: a run that began under an old version must still
//! be understood by the new one.

use std::fs;
use std::time::Duration;

use anyhow::ensure;
use prost::Message;
use serde_json::json;
use temporalio_protos::temporal::api::history::v1::History;
use ttai_client::ClientError;
use ttai_contract::{
    AnalysisParams, AnalysisType, AutoRunScreenersParams, ChartAnalysisParams, FullAnalysisParams,
    OptionsConstraints, PositionMonitorParams, ReportName, RunReportParams, Stage, TaskQueue, WorkflowParams,
    workflows,
};
use ttai_ports::{NewScreener, SavedScreeners};

use crate::kills::drill;
use crate::lab::{DEADLINE, Lab, symbol};
use crate::market::{self, CRASHED, SHORTED};
use crate::replay::folder;
use crate::requests::{case_name, request_of};
use crate::script::{Act, Script};

/// Longest history that is kept, in bytes.
const LARGEST: usize = 300_000;

#[tokio::test]
async fn record_histories() -> anyhow::Result<()> {
    if std::env::var_os("TTAI_RECORD_HISTORIES").is_none() {
        return Ok(());
    }
    let lab = Lab::ephemeral().await?;
    let market = market::with_faults(lab.folder())?;
    let worker = lab.worker_with(&TaskQueue::ALL, Some(market))?;
    plain(&lab).await?;
    saved_screeners(&lab).await?;
    reports_of_everyone(&lab).await?;
    rejected(&lab).await?;
    cancelled(&lab).await?;
    retried_and_failed(&lab).await?;
    drop(worker);
    killed(&lab).await?;
    traded(&lab).await
}

/// What needs a broker, which a recorded market has not.
async fn traded(lab: &Lab) -> anyhow::Result<()> {
    let _worker = lab.worker()?;
    plainly(lab, PositionMonitorParams::WORKFLOW).await
}

async fn plain(lab: &Lab) -> anyhow::Result<()> {
    // AnalysisWorkflow is recorded by its types.
    let elsewhere = [AnalysisParams::WORKFLOW, PositionMonitorParams::WORKFLOW];
    for workflow in workflows().iter().filter(|workflow| !elsewhere.contains(&workflow.name)) {
        plainly(lab, workflow.name).await?;
    }
    for kind in [AnalysisType::ChartAnalysis, AnalysisType::OptionsAnalysis, AnalysisType::FullAnalysis] {
        let name = format!("analysis-plain-{}", kind.as_str().replace('_', "-"));
        finish(lab, &name, &AnalysisParams::new(kind, symbol("AAPL")), Script::default()).await?;
    }
    Ok(())
}

async fn plainly(lab: &Lab, workflow: &str) -> anyhow::Result<()> {
    let name = format!("{}-plain", case_name(workflow));
    let request = request_of(workflow, &name);
    let run = lab.client.start_by_name(workflow, vec![request], Some(&name)).await?;
    lab.outcome(workflow, &run).await?;
    record(lab, &name, run.workflow_id()).await
}

/// Two screeners, of which one cannot be run as it is saved: what `plain` has none of.
async fn saved_screeners(lab: &Lab) -> anyhow::Result<()> {
    let store = lab.store().await?;
    for (name, criteria) in [("aapl", json!({"symbols": ["AAPL"]})), ("broken", json!({"max_prize": 1}))] {
        let screener = NewScreener {
            name: name.to_owned(),
            strategy: "csp".to_owned(),
            criteria,
            auto_run: true,
            channels: Vec::new(),
        };
        store.save_screener("default", &screener).await?;
    }
    let name = "auto-run-screeners-children";
    finish(lab, name, &AutoRunScreenersParams::default(), Script::default()).await
}

/// Runs to the end, however it ends, and records.
async fn finish<R: WorkflowParams>(lab: &Lab, name: &str, request: &R, script: Script) -> anyhow::Result<()> {
    let run = lab.start(request, name, script).await?;
    // How it ends is part of the history.
    drop(run.result(Some(DEADLINE)).await);
    record(lab, name, run.workflow_id()).await
}

/// A report of two users, a child each.
async fn reports_of_everyone(lab: &Lab) -> anyhow::Result<()> {
    crate::reports::two_users(&lab.store().await?).await?;
    let everyone = RunReportParams { everyone: true, ..RunReportParams::of(ReportName::EodSummary) };
    finish(lab, "run-report-everyone", &everyone, Script::default()).await
}

async fn rejected(lab: &Lab) -> anyhow::Result<()> {
    let impossible = OptionsConstraints { min_open_interest: 100_000_000, ..OptionsConstraints::default() };
    let chart = FullAnalysisParams::new(symbol(CRASHED));
    let mut options = FullAnalysisParams::new(symbol("AAPL"));
    options.trade.constraints = Some(impossible);
    let research = FullAnalysisParams::new(symbol(SHORTED));
    for (stage, request) in [(Stage::Chart, chart), (Stage::Options, options), (Stage::Research, research)] {
        let name = format!("full-analysis-rejected-at-{}", stage.title().to_lowercase());
        let run = lab.start(&request, &name, Script::default()).await?;
        assert_eq!(lab.answer(&run).await?.rejected_stage, Some(stage));
        record(lab, &name, run.workflow_id()).await?;
    }
    let entry = AnalysisParams::new(AnalysisType::FullAnalysis, symbol(CRASHED));
    finish(lab, "analysis-rejected-at-chart", &entry, Script::default()).await
}

async fn cancelled(lab: &Lab) -> anyhow::Result<()> {
    cancel_in_chart(lab, "chart-analysis-cancellation", &ChartAnalysisParams::new(symbol("AAPL"))).await?;
    let entry = AnalysisParams::new(AnalysisType::OptionsAnalysis, symbol("AAPL"));
    cancel_in_chart(lab, "analysis-cancellation", &entry).await?;
    cancel_in_chart(lab, "full-analysis-cancellation", &FullAnalysisParams::new(symbol("AAPL"))).await
}

async fn cancel_in_chart<R: WorkflowParams>(lab: &Lab, name: &str, request: &R) -> anyhow::Result<()> {
    let run = lab.start(request, name, Script::default().with(Stage::Chart, &[Act::Hold])).await?;
    lab.begun(run.workflow_id(), Stage::Chart, 0).await?;
    run.cancel("recorded for replay").await?;
    let ending = lab.refusal(&run).await?;
    ensure!(matches!(ending, ClientError::Cancelled { .. }), "{name}: {ending}");
    record(lab, name, run.workflow_id()).await
}

async fn retried_and_failed(lab: &Lab) -> anyhow::Result<()> {
    let twice = [Act::Outage, Act::Outage];
    let script = Script::default().with(Stage::Chart, &twice).with(Stage::Save, &[Act::Outage]);
    finish(lab, "full-analysis-retry", &FullAnalysisParams::new(symbol("AAPL")), script.clone()).await?;
    finish(lab, "chart-analysis-retry", &ChartAnalysisParams::new(symbol("AAPL")), script).await?;
    let unknown = FullAnalysisParams::new(symbol("ZZZZ"));
    finish(lab, "full-analysis-failure", &unknown, Script::default()).await
}

async fn killed(lab: &Lab) -> anyhow::Result<()> {
    let name = "full-analysis-kill";
    let mut worker = lab.worker()?;
    let script = Script::default().with(Stage::Options, &[Act::Hold]).with(Stage::Save, &[Act::Hold]);
    let run = lab.start(&drill(), name, script).await?;
    lab.begun(run.workflow_id(), Stage::Options, 0).await?;
    worker.kill()?;
    let worker = lab.worker()?;
    lab.begun(run.workflow_id(), Stage::Save, 0).await?;
    worker.terminate(Duration::from_secs(10)).await?;
    let _worker = lab.worker()?;
    lab.answer(&run).await?;
    record(lab, name, run.workflow_id()).await
}

/// Keeps the history of a run.
pub(crate) async fn record(lab: &Lab, name: &str, workflow_id: &str) -> anyhow::Result<()> {
    let history = History { events: lab.events(workflow_id).await? };
    // Encoded, the payloads lie open; in JSON they are base64.
    let whole = history.encode_to_vec();
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = format!("@{}", host.trim());
    for private in [&host, env!("CARGO_MANIFEST_DIR"), &lab.folder().to_string_lossy()] {
        ensure!(!holds(&whole, private.as_bytes()), "{name} holds {private}");
    }
    let text = serde_json::to_vec(&history)?;
    ensure!(text.len() < LARGEST, "{name} has {} bytes", text.len());
    fs::write(folder().join(format!("{name}.json")), text)?;
    Ok(())
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
