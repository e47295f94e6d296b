//! `ttai sim`: a market that serves its vendors' own protocols.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use chrono::{DateTime, Utc};
use ttai_sim::server::faults::Fault;
use ttai_sim::server::{SimOptions, SimStart, start, starter};

use super::asked_to_stop;
use crate::cli::{GlobalArgs, MarketArgs, SimArgs};
use crate::output;
use crate::settings::{DEFAULT_SEED, Settings};

/// Runs the command.
///
/// # Errors
/// A market that cannot be opened, faults that cannot be read, an address that is taken.
pub async fn run(global: &GlobalArgs, args: SimArgs) -> anyhow::Result<ExitCode> {
    ensure!(args.speed.is_finite() && args.speed >= 0.0, "--speed: {} is not 0 or more", args.speed);
    let faults = args.faults.as_deref().map(read_faults).transpose()?.unwrap_or_default();
    let (market, of_tape) = market_and_start(args.market);
    let settings = Settings::load(global, Some(&market))?;
    let played = settings.market.played();
    let (source, begin) = match args.symbols {
        None => played.open_to_play(&settings.data_dir, args.speed).await?,
        Some(symbols) => played.open_crowd(&settings.data_dir, usize::try_from(symbols)?).await?,
    };
    let start_at = of_tape.map_or(begin, SimStart::At);
    let options = SimOptions { listen: args.listen, source, start: start_at, speed: args.speed, faults };
    let sim = start(options).await?;
    if args.book {
        starter::stock(&sim.state).await?;
    }
    output::line(&serde_json::to_string(&sim.endpoints)?);
    asked_to_stop().await?;
    sim.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

/// A start is the moment of an invented market; of a tape it is where its clock begins.
fn market_and_start(market: MarketArgs) -> (MarketArgs, Option<DateTime<Utc>>) {
    match market {
        MarketArgs { tape: Some(tape), start, .. } => {
            (MarketArgs { tape: Some(tape), ..MarketArgs::default() }, start)
        }
        MarketArgs { seed: None, start: Some(start), .. } => {
            (MarketArgs { seed: Some(DEFAULT_SEED), start: Some(start), tape: None }, None)
        }
        other => (other, None),
    }
}

pub(super) fn read_faults(path: &Path) -> anyhow::Result<Vec<Fault>> {
    let text = std::fs::read(path).with_context(|| format!("cannot read the faults {}", path.display()))?;
    serde_json::from_slice(&text)
        .with_context(|| format!("{} is no JSON list of faults; docs/sim.md has examples", path.display()))
}
