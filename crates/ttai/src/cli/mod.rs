//! The command line.

mod accounts;
mod alerts;
mod analyses;
mod backups;
#[cfg(test)]
mod documented;
mod drills;
mod journal;
mod mcp;
mod monitors;
mod notify;
mod preferences;
mod quotes;
#[cfg(test)]
mod reference;
mod reports;
mod schedules;
mod screens;
mod setup;
#[cfg(test)]
mod shapes;
mod shown;
mod sync;
mod trades;

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand};
use ttai_contract::TaskQueue;
pub(crate) use ttai_core::market_time;
use ttai_sim::market::MAX_SYMBOLS;

use crate::commands::calc::CalcArgs;

pub(crate) use accounts::kept_account;
pub use accounts::{
    AccountArgs, KeptAddArgs, KeptCashArgs, KeptCommand, KeptImportArgs, KeptOptions, KeptRemoveArgs,
    PortfolioArgs, RollArgs, WheelArgs,
};
pub use alerts::{
    AlertAddArgs, AlertChangeArgs, AlertCommand, AlertIdsArgs, AlertListArgs, AlertOfArgs,
    WatchlistChangeArgs, WatchlistCommand, WatchlistOptions,
};
pub use analyses::{
    AccountArg, AnalyzeArgs, CancelArgs, HistoryArgs, ListArgs, RunCommand, ShowArgs, StartArgs, TradeArgs,
    ViewArgs, WaitArgs,
};
pub use backups::{BackupArgs, RestoreArgs};
pub use drills::{
    DrillAlertsArgs, DrillBroker, DrillCommand, DrillDayArgs, DrillIdleArgs, DrillLatencyArgs, DrillMcpArgs,
    DrillScreenArgs, DrillTradeArgs,
};
pub use journal::{JournalCommand, JournalListArgs, JournalOptions, JournalReviewArgs};
pub use mcp::McpArgs;
pub use monitors::{MonitorCommand, MonitorNameArgs, MonitorOptions, NewsArgs};
pub use notify::{NotifyCommand, NotifyListArgs, NotifyRetryArgs};
pub use preferences::{PreferencesCommand, PreferencesOptions};
pub use quotes::{QuotesArgs, WatchArgs};
pub use reports::{ReportCommand, ReportListArgs, ReportRunArgs, ReportShowArgs};
pub use schedules::{ScheduleApplyArgs, ScheduleBackfillArgs, ScheduleCommand, ScheduleNameArgs};
pub use screens::{
    EarningsArg, RankArg, ScreenArgs, ScreenCriteriaArgs, ScreenerCommand, ScreenerNameArgs, ScreenerOptions,
    ScreenerRunArgs, ScreenerSaveArgs,
};
pub use setup::SetupArgs;
pub use shown::{command, parse};
pub use sync::{SyncBackfillArgs, SyncCommand, SyncOptions, SyncRunArgs};
pub use trades::{
    HaltScopeArgs, TradeAuditArgs, TradeCommand, TradeDifferencesArgs, TradeExportArgs, TradeHaltArgs,
    TradeListArgs, TradeOptions, TradePlanArgs, TradeReconcileArgs, TradeResumeArgs,
};

/// A durable trading assistant: analyses that survive crashes, with every number on record.
#[derive(Debug, Parser)]
#[command(name = "ttai", version, propagate_version = true)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// Configuration file [default: ./ttai.toml, else the user's].
    #[arg(long, global = true, env = "TTAI_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where ttai stores its data: the store, development servers, simulated markets.
    #[arg(long, global = true, env = "TTAI_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Store: a path or sqlite:// or postgres:// address [default: ttai.db in the data directory].
    #[arg(long, global = true, env = "TTAI_STORE", value_name = "URL", hide_env_values = true)]
    pub store: Option<String>,
    /// Temporal server, host:port.
    #[arg(long, global = true, value_name = "HOST:PORT")]
    pub address: Option<String>,
    /// Temporal namespace.
    #[arg(long, global = true, value_name = "NAME")]
    pub namespace: Option<String>,
    /// The `temporal` command that runs the development server [default: found on PATH, else downloaded or built].
    #[arg(long, global = true, env = "TTAI_TEMPORAL", value_name = "PATH")]
    pub temporal: Option<PathBuf>,
    /// More log lines; repeat for more.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

impl GlobalArgs {
    /// The arguments that lead the next command to the same server and store; what the environment says stays said.
    #[must_use]
    pub fn again(&self) -> String {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.to_string_lossy().into_owned());
        let given = [
            ("--config", "TTAI_CONFIG", path(&self.config)),
            ("--data-dir", "TTAI_DATA_DIR", path(&self.data_dir)),
            ("--address", "", self.address.clone()),
            ("--namespace", "", self.namespace.clone()),
        ];
        let said = |name: &str, value: &str| std::env::var_os(name).is_some_and(|said| said == *value);
        let mut text = String::new();
        for (flag, name, value) in given {
            if let Some(value) = value.filter(|value| name.is_empty() || !said(name, value)) {
                let value = if value.contains(' ') { format!("'{value}'") } else { value };
                text.push_str(&format!(" {flag} {value}"));
            }
        }
        text
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Set ttai up: your account, your limits, your symbols, a test message. Every question can be skipped.
    Setup(SetupArgs),
    /// Run everything locally: a Temporal server, a worker on all queues and a market. No account needed.
    Dev(DevArgs),
    /// Run a worker against a Temporal server.
    Worker(WorkerArgs),
    /// Analyse symbols: chart, options, research, verdict.
    Analyze(Box<AnalyzeArgs>),
    /// Screen the market, or symbols, for puts to sell: picks that fit the capital together, and why the others are none.
    Screen(Box<ScreenArgs>),
    /// Keep screens under a name, run them, and have them run by themselves while the market is open.
    #[command(subcommand)]
    Screener(ScreenerCommand),
    /// Show a finished or running run.
    Show(ShowArgs),
    /// List runs, newest first.
    List(ListArgs),
    /// Wait for the result of a run.
    Wait(WaitArgs),
    /// Cancel a run; what it finished so far stays in its details.
    Cancel(CancelArgs),
    /// Show the events of a run's history, each with what it was about.
    History(HistoryArgs),
    /// Start any workflow by name, with the same JSON argument any SDK would send.
    Start(StartArgs),
    /// Runs of any workflow: list, show, wait, cancel, history.
    #[command(subcommand)]
    Run(RunCommand),
    /// Show quotes, once or live.
    Quotes(QuotesArgs),
    /// Watch quotes and Greeks live on a full screen.
    Watch(WatchArgs),
    /// Show an account: positions, P/L, Greeks, margin, assignment risk and concentration.
    Portfolio(Box<PortfolioArgs>),
    /// Show where short options that are tested, in the money or due for review could be rolled to for a credit.
    Roll(RollArgs),
    /// Show wheel cycles with basis and return, and income by month.
    Wheel(WheelArgs),
    /// Calculate option prices, Greeks, chains, margin, indicators or sessions, from flags or one JSON object per line.
    Calc(Box<CalcArgs>),
    /// Serve ttai to AI assistants over the Model Context Protocol, on standard input or over HTTP.
    Mcp(McpArgs),
    /// Serve a market over the vendors' own protocols; prints its addresses as one JSON line and runs until Ctrl-C.
    Sim(SimArgs),
    /// Record what the providers send as a tape for `--tape` and `ttai sim --tape`.
    Record(RecordArgs),
    /// Arm price alerts in plain words, list them, and see what fired.
    #[command(subcommand)]
    Alert(AlertCommand),
    /// Keep lists of symbols that alerts can be set over.
    #[command(subcommand)]
    Watchlist(WatchlistCommand),
    /// List stories that were seen about your symbols, and which of them you were told of.
    News(NewsArgs),
    /// When and where you want to hear from ttai, and what requests mean where a flag is absent.
    #[command(subcommand)]
    Preferences(PreferencesCommand),
    /// What watches while you are away: list it, start, stop, pause, resume it, and show how it is.
    #[command(subcommand)]
    Monitor(MonitorCommand),
    /// Send a message to a channel, or test the channels.
    #[command(subcommand)]
    Notify(NotifyCommand),
    /// Make, list and show reports: morning briefing, end-of-day summary, daily report, weekly review.
    #[command(subcommand)]
    Report(ReportCommand),
    /// What the Temporal server starts by itself: bring it to the configuration, look at it, pause, trigger, backfill.
    #[command(subcommand)]
    Schedule(ScheduleCommand),
    /// Orders and trades: list and show them, halt and resume trading, export the trade log, see what differs at the broker.
    #[command(subcommand)]
    Trade(TradeCommand),
    /// What your analyses suggested and what became of it: hit rates against stated probabilities, notes, trades.
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Pull transactions, watchlists, metrics, earnings, daily bars and files into the store.
    #[command(subcommand)]
    Sync(SyncCommand),
    /// Replay recorded days against the whole of ttai while workers are killed and streams cut, and compare.
    #[command(subcommand)]
    Drill(DrillCommand),
    /// Show, check or explain the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Check what is configured, what is reachable and what to fix.
    Doctor(DoctorArgs),
    /// Bring the store's schema to this version, or show how it is.
    #[command(subcommand)]
    Store(StoreCommand),
    /// Back the store up while everything runs, with the configuration but without secrets, into one file.
    Backup(BackupArgs),
    /// Put a backup in its place, with the workers stopped. The file is checked first; an older one is migrated.
    Restore(RestoreArgs),
    /// Ask a running worker whether it takes work; the exit code is 0 if it does.
    Health(HealthArgs),
    /// Print a shell's completions: `ttai completions bash > ~/.local/share/bash-completion/completions/ttai`.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Write a manual page for every command into a folder, or print that of ttai.
    Man(ManArgs),
}

/// Which market.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Market")]
pub struct MarketArgs {
    /// A folder of recorded market data.
    #[arg(long, env = "TTAI_TAPE", value_name = "DIR", conflicts_with = "seed")]
    pub tape: Option<PathBuf>,
    /// Seed of an invented market. It is today's, unless --start is given.
    #[arg(long, env = "TTAI_SEED", value_name = "N")]
    pub seed: Option<u64>,
    /// The moment at which the invented market stands (with `ttai sim`, also at which a tape begins): RFC 3339, or New York
    /// time such as 2026-09-18T15:00 [default: now].
    #[arg(long, env = "TTAI_START", value_name = "TIME", value_parser = market_time)]
    pub start: Option<DateTime<Utc>>,
}

impl MarketArgs {
    /// Whether a market is named here.
    #[must_use]
    pub fn is_chosen(&self) -> bool {
        self.tape.is_some() || self.seed.is_some()
    }
}

/// `ttai dev`.
#[derive(Clone, Debug, Args)]
pub struct DevArgs {
    /// Which market.
    #[command(flatten)]
    pub market: MarketArgs,
    /// Port of the Temporal server [default: a free one].
    #[arg(long)]
    pub port: Option<u16>,
    /// Port of the Temporal UI [default: a free one].
    #[arg(long)]
    pub ui_port: Option<u16>,
    /// Serve /metrics (Prometheus), /healthz and /readyz here [default: worker.metrics of ttai.toml, else nowhere].
    #[arg(long, value_name = "ADDR")]
    pub metrics: Option<String>,
}

/// `ttai worker`.
#[derive(Clone, Debug, Args)]
pub struct WorkerArgs {
    /// Queues to poll, separated by commas [default: TEMPORAL_TASK_QUEUE, else all three].
    #[arg(long, value_delimiter = ',', value_name = "QUEUES")]
    pub queues: Vec<TaskQueue>,
    /// Serve /metrics (Prometheus), /healthz and /readyz here [default: worker.metrics of ttai.toml, else nowhere].
    #[arg(long, value_name = "ADDR")]
    pub metrics: Option<String>,
    /// Which market.
    #[command(flatten)]
    pub market: MarketArgs,
}

/// `ttai sim`.
#[derive(Clone, Debug, Args)]
pub struct SimArgs {
    /// Where to listen; port 0 for a free one.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDR")]
    pub listen: std::net::SocketAddr,
    /// Which market.
    #[command(flatten)]
    pub market: MarketArgs,
    /// Symbols of the invented market: those with a character of their own first. More of them stand at one moment.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_SYMBOLS)))]
    pub symbols: Option<u32>,
    /// Market seconds per real second; at 0 the market stands still.
    #[arg(long, default_value_t = 1.0, value_name = "X")]
    pub speed: f64,
    /// Faults to inject: a JSON list (docs/sim.md).
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
    /// Begin every account with a small book: short puts, a covered call, a spread, a long call, shares.
    #[arg(long)]
    pub book: bool,
}

/// `ttai record`.
#[derive(Clone, Debug, Args)]
pub struct RecordArgs {
    /// Tickers, separated by commas.
    #[arg(long, value_delimiter = ',', required = true, value_name = "SYMBOLS")]
    pub symbols: Vec<String>,
    /// Folder of the tape; an existing recording is continued.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Record for this long, such as 30m or 6h [default: once].
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    pub span: Option<Duration>,
    /// How often to poll quotes.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "5s")]
    pub poll: Duration,
    /// How often to record a whole chain.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "5m")]
    pub chain_every: Duration,
    /// Which market.
    #[command(flatten)]
    pub market: MarketArgs,
}

/// `ttai config`.
#[derive(Clone, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print a ttai.toml with every key explained and commented out.
    Example,
    /// List everything that is wrong with the configuration.
    Check {
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show the values in effect and where each came from. Secrets are not shown.
    Show {
        /// Include keys without a value.
        #[arg(long)]
        all: bool,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// `ttai doctor`.
#[derive(Clone, Debug, Args)]
pub struct DoctorArgs {
    /// Bring the server in line with the store, after either was restored from a backup: start the watches of armed alerts that are
    /// absent, have others begin anew, and have open messages sent. What was shut down stays so.
    #[arg(long)]
    pub repair: bool,
    /// Which market.
    #[command(flatten)]
    pub market: MarketArgs,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `ttai store`.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum StoreCommand {
    /// Create or migrate the schema. Workers do so, too, when they start; run it first where several start at once.
    Migrate,
    /// Show the schema's version and change nothing; the exit code is 0 if it is this program's.
    Status,
}

/// `ttai health`.
#[derive(Clone, Debug, Args)]
pub struct HealthArgs {
    /// The page to ask for, http://HOST:PORT/PATH, or tcp://HOST:PORT [default: /readyz at worker.metrics of ttai.toml].
    #[arg(value_name = "URL")]
    pub url: Option<url::Url>,
}

/// `ttai man`.
#[derive(Clone, Debug, Args)]
pub struct ManArgs {
    /// Folder of the pages [default: that of ttai is printed].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// A span of time of at least 10 ms.
fn duration(text: &str) -> Result<Duration, String> {
    let span = ttai_config::duration(text)?;
    if span < Duration::from_millis(10) { Err(format!("{text} is too short")) } else { Ok(span) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }
}
