//! `ttai list`: finished analyses from the store, other runs from the server.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use serde::Serialize;
use ttai_client::{ListFilter, RunStatus};
use ttai_ports::AnalysisFilter;

use crate::cli::{GlobalArgs, ListArgs};
use crate::saved::SavedAnalyses;
use crate::settings::Settings;
use crate::{output, report, server};

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunRow {
    /// Workflow id.
    pub workflow_id: String,
    /// Which run of it.
    pub run_id: String,
    /// What it is about.
    pub symbol: String,
    /// Kind of analysis, or the workflow's type.
    pub kind: String,
    /// Strategy.
    pub strategy: Option<String>,
    /// Verdict, or how the run stands.
    pub outcome: String,
    /// Market time of a finished analysis, server time of a running one.
    pub time: String,
    #[serde(skip)]
    running: bool,
    #[serde(skip)]
    saved_or_started: Option<DateTime<Utc>>,
}

/// Runs the command.
///
/// # Errors
/// A store that cannot be read, where nothing waits for it on this host. A server that is not there is no error: the store has what is finished.
pub async fn run(global: &GlobalArgs, args: ListArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, None)?;
    let mut rows = on_server(&settings, &args).await?;
    rows.extend(stored(&settings, &args).await?);
    // What runs stands on top; of the rest, however it ended, the newest.
    rows.sort_by_key(|row| (!row.running, std::cmp::Reverse(row.saved_or_started)));
    rows.truncate(usize::try_from(args.limit)?);
    if args.json {
        output::line(&serde_json::to_string_pretty(&rows)?);
    } else if rows.is_empty() {
        output::note("no analyses yet; try `ttai analyze AAPL`");
    } else {
        output::line(&report::list(&rows));
    }
    Ok(ExitCode::SUCCESS)
}

async fn stored(settings: &Settings, args: &ListArgs) -> anyhow::Result<Vec<RunRow>> {
    let filter = AnalysisFilter {
        symbol: args.symbol.as_ref().map(|symbol| symbol.to_uppercase()),
        limit: Some(args.limit),
        ..AnalysisFilter::default()
    };
    let saved = SavedAnalyses::find(settings, &filter).await?;
    if let Some(note) = saved.note() {
        output::note(&note);
    }
    let row = |record: ttai_ports::AnalysisRecord| RunRow {
        workflow_id: record.workflow_id,
        run_id: record.run_id,
        symbol: record.symbol,
        kind: record.analysis_type,
        strategy: record.strategy,
        outcome: record.recommendation,
        time: report::eastern(record.as_of),
        running: false,
        saved_or_started: Some(record.created_at),
    };
    Ok(saved.records.into_iter().map(row).collect())
}

/// What the store does not have: runs under way, failed or cancelled.
async fn on_server(settings: &Settings, args: &ListArgs) -> anyhow::Result<Vec<RunRow>> {
    let Some(client) = server::existing_client(settings).await? else { return Ok(Vec::new()) };
    let filter = ListFilter {
        symbol: args.symbol.as_ref().map(|symbol| symbol.to_uppercase()),
        limit: usize::try_from(args.limit)?,
        ..ListFilter::default()
    };
    let runs = client.list(&filter).await?;
    let row = |run: ttai_client::RunSummary| RunRow {
        workflow_id: run.workflow_id,
        run_id: run.run_id,
        symbol: run.symbol.unwrap_or_default(),
        kind: run.workflow_type,
        strategy: run.strategy,
        outcome: run.status.as_str().to_owned(),
        time: run.started_at.map(report::eastern).unwrap_or_default(),
        running: run.status == RunStatus::Running,
        saved_or_started: run.started_at,
    };
    Ok(runs.into_iter().filter(|run| run.status != RunStatus::Completed).map(row).collect())
}
