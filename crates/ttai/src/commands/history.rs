//! `ttai history`: the events of a run, each with its time and what it was about.

use std::process::ExitCode;

use crate::cli::{GlobalArgs, HistoryArgs};
use crate::settings::Settings;
use crate::{output, report, runs, server};

/// Runs the command.
///
/// # Errors
/// No server, or no such run.
pub async fn run(global: &GlobalArgs, args: HistoryArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, None)?;
    let client = server::client(&settings).await?;
    let run = runs::on_server(&client, &settings, &args.id).await?;
    let lines = run.history().await?;
    let shown = &lines[lines.len().saturating_sub(args.tail.unwrap_or(lines.len()))..];
    if args.json {
        output::json(shown)?;
    } else {
        output::line(&report::history(shown));
    }
    Ok(ExitCode::SUCCESS)
}
