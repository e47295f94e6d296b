//! `ttai drill`.

use std::path::PathBuf;
use std::time::Duration;

use chrono::NaiveDate;
use clap::{Args, Subcommand, ValueEnum};

use super::duration;

/// `ttai drill`.
#[derive(Clone, Debug, Subcommand)]
pub enum DrillCommand {
    /// Whether alerts fire as a tape says they must, each once, and reach a channel.
    Alerts(DrillAlertsArgs),
    /// Whole market days at speed: everything that is scheduled runs at its market time while workers are killed, and nothing is lost.
    Day(DrillDayArgs),
    /// Measure what waiting costs: the server's actions an hour, the worker's memory and time.
    Idle(DrillIdleArgs),
    /// Measure how long a price takes from the stream's frame to a webhook.
    Latency(DrillLatencyArgs),
    /// Measure how soon an MCP server answers many assistants while analyses run, and whether any is lost.
    Mcp(DrillMcpArgs),
    /// Measure what a screen over hundreds of symbols takes and costs, beside what the providers' limits allow.
    Screen(DrillScreenArgs),
    /// Send orders to a simulated broker that fails in every way while workers and the server are killed: none is sent twice, lost or left
    /// unknown.
    Trade(DrillTradeArgs),
}

/// At which simulated broker a drill trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DrillBroker {
    /// tastytrade.
    Tastytrade,
    /// Alpaca.
    Alpaca,
}

/// `ttai drill trade`.
#[derive(Clone, Copy, Debug, Args)]
pub struct DrillTradeArgs {
    /// Entries, each by a run of its own; an entry whose price is moved is several orders.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub orders: u32,
    /// Kills of a worker or of the server; a fifth of the entries by default.
    #[arg(long, value_name = "N")]
    pub kills: Option<u32>,
    /// Runs at a time.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub lanes: u32,
    /// At which broker.
    #[arg(long, value_enum, default_value = "tastytrade")]
    pub broker: DrillBroker,
    /// Draws the same troubles and kills again.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `ttai drill day`.
#[derive(Clone, Copy, Debug, Args)]
pub struct DrillDayArgs {
    /// The first day, of the past; an invented market plays it.
    #[arg(long, value_name = "DATE", default_value = "2026-09-18")]
    pub date: NaiveDate,
    /// Days in a row, those without a session too.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=31))]
    pub days: u32,
    /// Worker kills, at random moments, each while something is in flight.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub kills: usize,
    /// Draws the same moments again.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Market seconds a second while something is under way, 1 to 600; what lies between is skipped.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub speed: u32,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `ttai drill screen`.
#[derive(Clone, Copy, Debug, Args)]
pub struct DrillScreenArgs {
    /// Symbols of the market.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub symbols: u32,
    /// How long the market takes over each answer.
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = duration)]
    pub answer: Duration,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `ttai drill idle`.
#[derive(Clone, Copy, Debug, Args)]
pub struct DrillIdleArgs {
    /// Alerts that never fire.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub alerts: u32,
    /// Symbols that they are about.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub symbols: u32,
    /// Accounts that are watched beside.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(0..=2))]
    pub accounts: u32,
    /// For how long: 10m, 1h.
    #[arg(long = "for", value_name = "DURATION", default_value = "1h", value_parser = duration)]
    pub span: Duration,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `ttai drill mcp`.
#[derive(Clone, Copy, Debug, Args)]
pub struct DrillMcpArgs {
    /// Assistants that read once a second.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    pub clients: u32,
    /// Analyses that are started a second.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=50))]
    pub analyses: u32,
    /// For how long: 30s, 5m.
    #[arg(long = "for", value_name = "DURATION", default_value = "5m", value_parser = duration)]
    pub span: Duration,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `ttai drill latency`.
#[derive(Clone, Copy, Debug, Args)]
pub struct DrillLatencyArgs {
    /// Alerts, ten a symbol.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(10..=5_000))]
    pub alerts: u32,
    /// Firings a second.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub rate: u32,
    /// For how long: 30s, 5m.
    #[arg(long = "for", value_name = "DURATION", default_value = "5m", value_parser = duration)]
    pub span: Duration,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `ttai drill alerts`.
#[derive(Clone, Debug, Args)]
pub struct DrillAlertsArgs {
    /// A folder of recorded data.
    #[arg(long, value_name = "DIR")]
    pub tape: PathBuf,
    /// The alerts as JSON: `{"alerts": [{"id", "symbol", "sessions", "session_scope", "side", "level"}]}`.
    #[arg(long, value_name = "FILE")]
    pub alerts: PathBuf,
    /// Worker kills, stream cuts and lost answers of the channel, at random moments.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub kills: usize,
    /// Faults of the simulated market besides, as `ttai sim --faults` takes them.
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
    /// Draws the same moments again.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Market seconds a second, 1 to 600.
    #[arg(long, value_name = "N", default_value_t = 480, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub speed: u32,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}
