//! `ttai list`: finished analyses from the store, other runs from the server, in one order of time.

use std::process::ExitCode;

use crate::cli::{GlobalArgs, ListArgs};
use crate::runs::KnownRuns;
use crate::settings::Settings;
use crate::{output, report};

/// Runs the command.
///
/// # Errors
/// A store that cannot be read, where nothing waits for it on this host. A server that is not there is no error: the store has what is finished.
pub async fn run(global: &GlobalArgs, args: ListArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, None)?;
    let KnownRuns { rows, note } = KnownRuns::find(&settings, args.symbol.as_deref(), args.limit).await?;
    if let Some(note) = note {
        output::note(&note);
    }
    if args.json {
        output::line(&serde_json::to_string_pretty(&rows)?);
    } else if rows.is_empty() {
        let symbol = args.symbol.map(|symbol| symbol.to_uppercase());
        let of = symbol.as_deref().map(|symbol| format!(" of {symbol}")).unwrap_or_default();
        output::note(&format!(
            "no analyses{of} yet; try `ttai analyze {}`",
            symbol.as_deref().unwrap_or("AAPL")
        ));
    } else {
        output::line(&report::list(&rows, output::paint()));
    }
    Ok(ExitCode::SUCCESS)
}
