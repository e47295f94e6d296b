//! `ttai start`: starts any workflow by its name.

use std::process::ExitCode;

use super::wait;
use crate::cli::{GlobalArgs, StartArgs};
use crate::settings::Settings;
use crate::{output, server};

/// Runs the command.
///
/// # Errors
/// No server, a workflow that is not ttai's, arguments that it refuses, or how the run failed.
pub async fn run(global: &GlobalArgs, args: StartArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, None)?;
    let client = server::client(&settings).await?;
    let run = client.start_by_name(&args.workflow, args.arguments, args.key.as_deref()).await?;
    if !args.wait {
        output::line(run.workflow_id());
        return Ok(ExitCode::SUCCESS);
    }
    output::note(run.workflow_id());
    wait::until_answered(&run).await
}
