//! `ttai drill trade`: orders at a simulated broker that fails in every way, while workers and the server are killed at every step of an
//! order's path; then the broker's own book is compared with the store.

mod findings;
mod kills;
mod market;
mod picks;
mod play;
mod troubles;

use std::process::ExitCode;

use tokio::time::Instant;

use self::findings::{TradeFindings, print};
use self::kills::PathKills;
use self::play::TradeStage;
use super::stage::log_tail;
use crate::cli::{DrillTradeArgs, GlobalArgs};
use crate::output;
use crate::settings::Settings;

/// Runs the drill.
///
/// # Errors
/// A step that does not come to its end.
pub(super) async fn trade(global: &GlobalArgs, args: DrillTradeArgs) -> anyhow::Result<ExitCode> {
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    let kills = args.kills.unwrap_or(args.orders / 5);
    output::note(&format!("{} entries at {}, {kills} kills, seed {seed}", args.orders, args.broker.name()));
    let began = Instant::now();
    let settings = Settings::load(global, None)?;
    let folder = tempfile::tempdir()?;
    let (mut stage, server) = TradeStage::set(&settings, folder.path(), args.broker, seed).await?;
    let mut kills = PathKills::begin(server, &stage, kills, seed)?;
    let played = stage.play(&mut kills, args.orders, args.lanes).await;
    let tally = stage.tally();
    let findings = match played {
        Ok(()) => stage.findings(&tally, &kills).await,
        Err(error) => Err(error),
    };
    let actions = kills.strike().await?;
    stage.strike().await;
    let findings = findings.map_err(|error| error.context(log_tail(folder.path())))?;
    let findings = TradeFindings { seconds: began.elapsed().as_secs(), seed, actions, ..findings };
    if args.json {
        output::line(&serde_json::to_string(&findings)?);
    } else {
        print(&findings);
    }
    Ok(if findings.is_right() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
