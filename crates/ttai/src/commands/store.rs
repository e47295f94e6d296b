//! `ttai store`: brings the store's schema to this program's version, before the workers of that version start.

use std::process::ExitCode;

use ttai_store::Database;

use crate::cli::{GlobalArgs, StoreCommand};
use crate::settings::Settings;
use crate::{output, wiring};

/// Runs the command.
///
/// # Errors
/// A store that cannot be reached, or that a newer program wrote.
pub async fn run(global: &GlobalArgs, command: StoreCommand) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, None)?;
    let url = wiring::store_url(&settings)?;
    if matches!(command, StoreCommand::Migrate) {
        drop(Database::open(&url).await?);
    }
    let status = ttai_store::schema_status(&url).await?;
    output::line(&format!("{}: {status}", status.store));
    Ok(if status.is_current() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
