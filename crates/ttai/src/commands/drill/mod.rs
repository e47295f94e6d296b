//! `ttai drill`: the whole of ttai against a simulated market, measured.

mod alerts;
mod day;
mod flat_market;
mod idle;
mod latency;
mod mcp;
mod receiver;
mod screen;
mod served_market;
mod stage;
mod trade;

use std::process::ExitCode;

use crate::cli::{DrillCommand, GlobalArgs};

/// Runs a drill.
///
/// # Errors
/// Files that cannot be read, or a step that does not come to its end.
pub async fn run(global: &GlobalArgs, command: DrillCommand) -> anyhow::Result<ExitCode> {
    match command {
        DrillCommand::Alerts(args) => alerts::alerts(global, args).await,
        DrillCommand::Day(args) => day::day(global, args).await,
        DrillCommand::Idle(args) => idle::idle(global, args).await,
        DrillCommand::Latency(args) => latency::latency(global, args).await,
        DrillCommand::Mcp(args) => mcp::mcp(global, args).await,
        DrillCommand::Screen(args) => screen::screen(global, args).await,
        DrillCommand::Trade(args) => trade::trade(global, args).await,
    }
}
