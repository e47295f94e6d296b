//! `ttai show`: a run from the store, or where it is on the server.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{bail, ensure};
use ttai_client::{AnyRun, RunStatus};
use ttai_ports::{Analyses, AnalysisFilter, AnalysisRecord};

use crate::cli::{GlobalArgs, ShowArgs};
use crate::exit_kind::fail;
use crate::saved::SavedAnalyses;
use crate::settings::Settings;
use crate::{output, report, runs, server};

/// Runs the command.
///
/// # Errors
/// Nobody knows the id, or the run.
pub async fn run(global: &GlobalArgs, args: ShowArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, None)?;
    let (args, saved) = find(&settings, args).await?;
    if let Some(record) = chosen(&saved, &args).await? {
        show(&record, &saved, &args).await?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(run) = &args.run {
        fail!(
            NotFound,
            "run {run} of '{}' was not saved; `ttai show` without --run names those that were",
            args.id
        );
    }
    let Some(client) = server::existing_client(&settings).await? else {
        fail!(
            NotFound,
            "the store has no analysis '{}', and no Temporal server is running here to ask; `ttai list` says what is there, and \
             `ttai wait` or `ttai dev` goes on with what was left unfinished",
            args.id
        );
    };
    on_server(&client.any_run(&args.id), &args).await
}

/// What was saved of the id that is meant, which is from then on the workflow's.
async fn find(settings: &Settings, args: ShowArgs) -> anyhow::Result<(ShowArgs, SavedAnalyses)> {
    let of = |id: &str| AnalysisFilter { workflow_id: Some(id.to_owned()), ..AnalysisFilter::default() };
    let saved = SavedAnalyses::find(settings, &of(&args.id)).await?;
    if !saved.records.is_empty() {
        return Ok((args, saved));
    }
    let id = runs::meant(settings, &args.id).await?;
    if id == args.id {
        return Ok((args, saved));
    }
    let saved = SavedAnalyses::find(settings, &of(&id)).await?;
    Ok((ShowArgs { id, ..args }, saved))
}

/// The run that was asked for, else the latest.
async fn chosen(saved: &SavedAnalyses, args: &ShowArgs) -> anyhow::Result<Option<AnalysisRecord>> {
    let Some(run) = &args.run else { return Ok(saved.records.first().cloned()) };
    match (saved.records.iter().find(|record| record.run_id == *run), &saved.store) {
        (None, Ok(store)) => Ok(store.run(&args.id, run).await?),
        (found, _) => Ok(found.cloned()),
    }
}

async fn show(record: &AnalysisRecord, saved: &SavedAnalyses, args: &ShowArgs) -> anyhow::Result<()> {
    if let Some(path) = &args.chart {
        match &saved.store {
            Ok(store) => {
                if let Some(lacks) = report::write_chart(store.as_ref(), &record.result, path).await? {
                    output::note(&lacks);
                }
            }
            Err(error) => bail!("the chart cannot be read: {error:#}"),
        }
    }
    if args.json {
        output::json(&record.result)?;
    } else {
        output::line(&report::result(&record.result, args.view.detail(), output::paint()));
    }
    let practice = record.completed_at.and_then(|done| report::practice(&record.result, done));
    if let Some(practice) = practice.filter(|_| !args.json) {
        output::note(&practice);
    }
    let others = saved.records.iter().filter(|other| other.run_id != record.run_id);
    let others: Vec<String> = others.map(report::run_line).collect();
    if !others.is_empty() {
        output::note(&format!(
            "This is run {}. Other runs of this id, for --run:\n{}",
            record.run_id,
            others.join("\n")
        ));
    }
    if let Some(note) = saved.note() {
        output::note(&note);
    }
    Ok(())
}

async fn on_server(run: &AnyRun, args: &ShowArgs) -> anyhow::Result<ExitCode> {
    let description = run.describe().await?;
    ensure!(
        args.chart.is_none(),
        "'{}' is not in the store, so there is no chart of it to write; without --chart its state on the server is shown",
        args.id
    );
    if args.json {
        output::json(&description)?;
        return Ok(ExitCode::SUCCESS);
    }
    output::line(&report::description(&description));
    match description.run.status {
        RunStatus::Running => {
            let progress = run.progress().await?;
            output::line(&report::progress(&progress));
            if let Some(why) = &progress.task_failure {
                output::note(&format!(
                    "its workflow task fails, so that nothing of it goes on: {why}; docs/stuck.md"
                ));
            }
            if progress.waits_for_worker {
                output::note("no worker takes its tasks; start one with `ttai dev` or `ttai worker`");
            }
        }
        RunStatus::Completed => {
            let answer = run.answer(Some(ANSWER)).await?;
            output::line(&report::result(&answer, args.view.detail(), output::paint()));
        }
        RunStatus::Failed => {
            if let Err(error) = run.answer(Some(ANSWER)).await {
                output::line(&format!("failed: {error}"));
            }
        }
        _ => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Longest wait for the answer of a run that has ended.
const ANSWER: Duration = Duration::from_secs(10);
