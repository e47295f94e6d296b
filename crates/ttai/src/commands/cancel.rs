//! `ttai cancel`: stops a run.

use std::process::ExitCode;

use ttai_client::RunStatus;

use crate::cli::{CancelArgs, GlobalArgs};
use crate::settings::Settings;
use crate::{output, runs, server};

/// What stands in the history of a run that was cancelled without a reason.
const REASON: &str = "cancelled with `ttai cancel`";

/// Runs the command. Of a run that has ended it says how, and changes nothing.
///
/// # Errors
/// No server, or no such run.
pub async fn run(global: &GlobalArgs, args: CancelArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, None)?;
    let client = server::client(&settings).await?;
    let run = runs::on_server(&client, &settings, &args.id).await?;
    let id = run.workflow_id();
    let status = run.describe().await?.run.status;
    if status != RunStatus::Running {
        output::note(&format!("{id} has ended already: {}", status.as_str()));
        return Ok(ExitCode::SUCCESS);
    }
    let reason = args.reason.as_deref().unwrap_or(REASON);
    if args.terminate {
        run.terminate(reason).await?;
        output::note(&format!("{id} is terminated; nothing of it was saved"));
    } else {
        run.cancel(reason).await?;
        output::note(&format!("cancellation of {id} requested"));
    }
    Ok(ExitCode::SUCCESS)
}
