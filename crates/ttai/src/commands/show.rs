//! `ttai show`: a run from the store, or where it is on the server.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{bail, ensure};
use ttai_client::{AnyRun, RunStatus};
use ttai_ports::Analyses;

use crate::cli::{GlobalArgs, ShowArgs};
use crate::settings::Settings;
use crate::{output, report, server, wiring};

/// Runs the command.
///
/// # Errors
/// Nobody knows the id.
pub async fn run(global: &GlobalArgs, args: ShowArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, None)?;
    let store = wiring::store(&settings).await?;
    if let Some(record) = store.latest(&args.id).await? {
        if let Some(path) = &args.chart {
            report::write_chart(store.as_ref(), &record.result, path).await?;
        }
        output::line(&if args.json {
            serde_json::to_string_pretty(&record.result)?
        } else {
            report::result(&record.result)
        });
        return Ok(ExitCode::SUCCESS);
    }
    let Some(client) = server::existing_client(&settings).await? else {
        bail!(
            "the store has no analysis '{}', and no Temporal server is running here to ask; `ttai list` says what is there",
            args.id
        );
    };
    on_server(&client.any_run(&args.id), &args).await
}

async fn on_server(run: &AnyRun, args: &ShowArgs) -> anyhow::Result<ExitCode> {
    let description = run.describe().await?;
    ensure!(
        args.chart.is_none(),
        "'{}' is not in the store, so there is no chart of it to write; without --chart its state on the server is shown",
        args.id
    );
    if args.json {
        output::line(&serde_json::to_string_pretty(&description)?);
        return Ok(ExitCode::SUCCESS);
    }
    output::line(&report::description(&description));
    match description.run.status {
        RunStatus::Running => {
            let progress = run.progress().await?;
            output::line(&report::progress(&progress));
            if progress.waits_for_worker {
                output::note("no worker takes its tasks; start one with `ttai dev` or `ttai worker`");
            }
        }
        RunStatus::Completed => output::line(&report::result(&run.answer(Some(ANSWER)).await?)),
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
