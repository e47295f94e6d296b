//! `ttai sim`: a market that serves its vendors' own protocols.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use ttai_sim::server::faults::Fault;
use ttai_sim::server::{SimOptions, start};

use super::asked_to_stop;
use crate::cli::{GlobalArgs, SimArgs};
use crate::output;
use crate::settings::Settings;

/// Runs the command.
///
/// # Errors
/// A market that cannot be opened, faults that cannot be read, an address that is taken.
pub async fn run(global: &GlobalArgs, args: SimArgs) -> anyhow::Result<ExitCode> {
    ensure!(args.speed.is_finite() && args.speed >= 0.0, "--speed: {} is not 0 or more", args.speed);
    let settings = Settings::load(global, Some(&args.market))?;
    let faults = args.faults.as_deref().map(read_faults).transpose()?.unwrap_or_default();
    let source = settings.market.played().open(&settings.data_dir).await?;
    let options = SimOptions { listen: args.listen, source, start: args.start, speed: args.speed, faults };
    let sim = start(options).await?;
    output::line(&serde_json::to_string(&sim.endpoints)?);
    asked_to_stop().await?;
    sim.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

fn read_faults(path: &Path) -> anyhow::Result<Vec<Fault>> {
    let text = std::fs::read(path).with_context(|| format!("cannot read the faults {}", path.display()))?;
    serde_json::from_slice(&text)
        .with_context(|| format!("{} is no JSON list of faults; docs/sim.md has examples", path.display()))
}
