//! `ttai cancel`: stops a run.

use std::process::ExitCode;

use anyhow::Context;

use crate::cli::GlobalArgs;
use crate::settings::Settings;
use crate::{output, runs, server};

/// Runs the command.
///
/// # Errors
/// No server, or no such run.
pub async fn run(global: &GlobalArgs, id: &str) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, None)?;
    let client = server::existing_client(&settings)
        .await?
        .context("no Temporal server is configured or running here")?;
    let run = runs::on_server(&client, &settings, id).await?;
    run.cancel("cancelled with `ttai cancel`").await?;
    output::note(&format!("cancellation of {} requested", run.workflow_id()));
    Ok(ExitCode::SUCCESS)
}
