//! `ttai list`: finished analyses from the store, other runs from the server, in one order of time.

use std::process::ExitCode;

use crate::cli::{GlobalArgs, ListArgs};
use crate::exit_kind::fail;
use crate::runs::{KnownRuns, RunFilter};
use crate::settings::Settings;
use crate::{output, report};

/// Runs the command.
///
/// # Errors
/// A workflow that is not ttai's, and a store that cannot be read, where nothing waits for it on this host. A server that is not there is
/// no error: the store has what is finished.
pub async fn run(global: &GlobalArgs, args: ListArgs) -> anyhow::Result<ExitCode> {
    if let Some(name) = &args.workflow_type
        && ttai_contract::workflow(name).is_none()
    {
        let known: Vec<&str> = ttai_contract::workflows().iter().map(|entry| entry.name).collect();
        fail!(WrongRequest, "there is no workflow '{name}'; choose from {}", known.join(", "));
    }
    let settings = Settings::load(global, None)?;
    let wanted = RunFilter {
        user: None,
        symbol: args.symbol.as_deref(),
        state: args.status.map(Into::into),
        workflow_type: args.workflow_type.as_deref(),
        all: args.all,
        limit: args.limit,
    };
    let KnownRuns { rows, note } = KnownRuns::find(&settings, wanted).await?;
    if let Some(note) = note {
        output::note(&note);
    }
    if args.json {
        output::json(&rows)?;
    } else if rows.is_empty() {
        output::note(&nothing(&args));
    } else {
        output::line(&report::list(&rows, output::paint()));
    }
    Ok(ExitCode::SUCCESS)
}

/// That there is nothing, and what to do.
fn nothing(args: &ListArgs) -> String {
    let symbol = args.symbol.as_deref().map(str::to_uppercase);
    let of = symbol.as_deref().map(|symbol| format!(" of {symbol}")).unwrap_or_default();
    if args.status.is_some() || args.workflow_type.is_some() {
        return format!("no such runs{of}; `ttai list --all` lists all there are");
    }
    format!("no analyses{of} yet; try `ttai analyze {}`", symbol.as_deref().unwrap_or("AAPL"))
}
