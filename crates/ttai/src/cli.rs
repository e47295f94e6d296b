//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum};
use ttai_contract::{AccountType, AnalysisDepth, SpreadType, Strategy, TaskQueue, Timeframe, UserId};

use crate::commands::calc::CalcArgs;
use crate::report::Detail;

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
    /// Run everything locally: a Temporal server, a worker on all queues and a market. No account needed.
    Dev(DevArgs),
    /// Run a worker against a Temporal server.
    Worker(WorkerArgs),
    /// Analyse symbols: chart, options, research, verdict.
    Analyze(Box<AnalyzeArgs>),
    /// Show a finished or running run.
    Show(ShowArgs),
    /// List runs, newest first.
    List(ListArgs),
    /// Wait for the result of a run.
    Wait(WaitArgs),
    /// Cancel a run; what it finished so far stays in its details.
    Cancel(CancelArgs),
    /// Start any workflow by name, with the same JSON argument any SDK would send.
    Start(StartArgs),
    /// Runs of any workflow: list, show, wait, cancel.
    #[command(subcommand)]
    Run(RunCommand),
    /// Show quotes, once or live.
    Quotes(QuotesArgs),
    /// Watch quotes and Greeks live on a full screen.
    Watch(WatchArgs),
    /// Show an account: positions, P/L, Greeks, margin, assignment risk and concentration.
    Portfolio(PortfolioArgs),
    /// Show where short options that are tested, in the money or due for review could be rolled to for a credit.
    Roll(RollArgs),
    /// Show wheel cycles with basis and return, and income by month.
    Wheel(WheelArgs),
    /// Calculate option prices, Greeks, chains, margin, indicators or sessions, from flags or one JSON object per line.
    Calc(Box<CalcArgs>),
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
    /// Send a message to a channel, or test the channels.
    #[command(subcommand)]
    Notify(NotifyCommand),
    /// Replay recorded days against the whole of ttai while workers are killed and streams cut, and compare.
    #[command(subcommand)]
    Drill(DrillCommand),
    /// Show, check or explain the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Check what is configured, what is reachable and what to fix.
    Doctor(DoctorArgs),
}

/// Which market.
#[derive(Clone, Debug, Default, Args)]
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
    /// Queues to poll, separated by commas [default: all three].
    #[arg(long, value_delimiter = ',', value_name = "QUEUES")]
    pub queues: Vec<TaskQueue>,
    /// Serve /metrics (Prometheus), /healthz and /readyz here [default: worker.metrics of ttai.toml, else nowhere].
    #[arg(long, value_name = "ADDR")]
    pub metrics: Option<String>,
    /// Which market.
    #[command(flatten)]
    pub market: MarketArgs,
}

/// `ttai analyze`.
#[derive(Clone, Debug, Args)]
pub struct AnalyzeArgs {
    /// Tickers, such as AAPL.
    #[arg(required = true, value_name = "SYMBOL")]
    pub symbols: Vec<String>,
    /// What to sell.
    #[arg(long, default_value = "csp")]
    pub strategy: StrategyArg,
    /// Market time: RFC 3339, or New York time such as 2014-06-06T15:00 [default: the market's now].
    #[arg(long, value_name = "TIME", value_parser = market_time)]
    pub at: Option<DateTime<Utc>>,
    /// AI model for the analysts, or `none` for the deterministic ones [default: `llm.model` of the configuration].
    #[arg(long, value_name = "PROVIDER/MODEL")]
    pub model: Option<String>,
    /// Print the result as JSON; of several symbols, a list.
    #[arg(long)]
    pub json: bool,
    /// How much of the report.
    #[command(flatten)]
    pub view: ViewArgs,
    /// Start it and return at once; `ttai show ID` shows the result later.
    #[arg(long, conflicts_with = "json")]
    pub no_wait: bool,
    /// Write the chart image here (PNG), with the suggested trade in it.
    #[arg(long, value_name = "FILE", conflicts_with = "no_wait")]
    pub chart: Option<PathBuf>,
    /// Idempotency key: the same symbol and key always gives the same run.
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// Which market.
    #[command(flatten)]
    pub market: MarketArgs,
    /// Largest |delta| of the short contract.
    #[arg(long, value_name = "0..1", allow_hyphen_values = true)]
    pub max_delta: Option<f64>,
    /// Lowest return at the bid, in percent per 7 days.
    #[arg(long, value_name = "PERCENT", allow_hyphen_values = true)]
    pub min_roc: Option<f64>,
    /// Fewest days to expiration.
    #[arg(long, value_name = "DAYS", allow_hyphen_values = true)]
    pub dte_min: Option<i64>,
    /// Most days to expiration.
    #[arg(long, value_name = "DAYS", allow_hyphen_values = true)]
    pub dte_max: Option<i64>,
    /// Smallest open interest.
    #[arg(long, value_name = "CONTRACTS")]
    pub min_open_interest: Option<u64>,
    /// Widest bid–ask spread, in percent of the mid.
    #[arg(long, value_name = "PERCENT", allow_hyphen_values = true)]
    pub max_spread_pct: Option<f64>,
    /// Which vertical, for --strategy spread [default: by the chart].
    #[arg(long)]
    pub spread_type: Option<SpreadArg>,
    /// Width of the vertical, in dollars [default: the best of the listed widths].
    #[arg(long, value_name = "DOLLARS")]
    pub width: Option<f64>,
    /// Shares held, for --strategy covered-call.
    #[arg(long, default_value_t = 0)]
    pub shares: u64,
    /// Cost basis of the shares, in dollars per share.
    #[arg(long, value_name = "DOLLARS")]
    pub cost_basis: Option<f64>,
    /// Capital available for this position, in dollars [default: figures for one contract].
    #[arg(long, value_name = "DOLLARS", allow_hyphen_values = true)]
    pub capital: Option<f64>,
    /// Kind of account [default: cash, or as configured].
    #[arg(long)]
    pub account: Option<AccountArg>,
    /// The most that assignment may tie up, in percent of the capital [default: 100 in a cash account, 50 on margin].
    #[arg(long, value_name = "PERCENT")]
    pub assignment_limit: Option<f64>,
    /// The broker permits defined-risk spreads in this cash account.
    #[arg(long)]
    pub defined_risk: bool,
    /// Bars of the chart.
    #[arg(long, default_value = "daily")]
    pub timeframe: TimeframeArg,
    /// How much history.
    #[arg(long, default_value = "standard")]
    pub depth: DepthArg,
}

/// How much of a report.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct ViewArgs {
    /// Show the whole report: every stage, level and alternative.
    #[arg(long, conflicts_with = "json")]
    pub full: bool,
}

impl ViewArgs {
    /// The same for the report.
    #[must_use]
    pub fn detail(self) -> Detail {
        if self.full { Detail::Full } else { Detail::Short }
    }
}

/// `ttai show`.
#[derive(Clone, Debug, Args)]
pub struct ShowArgs {
    /// A symbol (its newest run), `last`, or an id or its beginning: NVDA-7f3k.
    pub id: String,
    /// How much of the report.
    #[command(flatten)]
    pub view: ViewArgs,
    /// An earlier run of the id, where it ran more than once [default: the latest].
    #[arg(long, value_name = "RUN_ID")]
    pub run: Option<String>,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
    /// Write the chart image here (PNG), with the suggested trade in it.
    #[arg(long, value_name = "FILE")]
    pub chart: Option<PathBuf>,
}

/// `ttai list`.
#[derive(Clone, Debug, Args)]
pub struct ListArgs {
    /// Only this symbol.
    #[arg(long)]
    pub symbol: Option<String>,
    /// Most rows to show, 1 to 1000.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `ttai wait`.
#[derive(Clone, Debug, Args)]
pub struct WaitArgs {
    /// A symbol (its newest run), `last`, or an id or its beginning: NVDA-7f3k.
    pub id: String,
    /// How much of the report.
    #[command(flatten)]
    pub view: ViewArgs,
    /// Which market, where no server runs: that whose run it is.
    #[command(flatten)]
    pub market: MarketArgs,
    /// Give up after this many seconds [default: never].
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<u64>,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `ttai cancel`.
#[derive(Clone, Debug, Args)]
pub struct CancelArgs {
    /// A symbol (its newest run), `last`, or an id or its beginning: NVDA-7f3k.
    pub id: String,
}

/// `ttai start`.
#[derive(Clone, Debug, Args)]
pub struct StartArgs {
    /// The workflow's type, such as FullAnalysisWorkflow.
    pub workflow: String,
    /// Its arguments, each as JSON: usually one object or none.
    #[arg(value_name = "JSON", value_parser = json)]
    pub arguments: Vec<serde_json::Value>,
    /// Idempotency key: the same key and request always gives the same run.
    #[arg(long)]
    pub key: Option<String>,
    /// Wait for the result and print it.
    #[arg(long)]
    pub wait: bool,
}

/// `ttai run …`: the same commands as without `run`.
#[derive(Clone, Debug, Subcommand)]
pub enum RunCommand {
    /// List runs, newest first.
    List(ListArgs),
    /// Show a finished or running run.
    Show(ShowArgs),
    /// Wait for the result of a run.
    Wait(WaitArgs),
    /// Cancel a run; what it finished so far stays in its details.
    Cancel(CancelArgs),
}

fn json(text: &str) -> Result<serde_json::Value, String> {
    serde_json::from_str(text).map_err(|error| format!("not valid JSON: {error}"))
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

/// `ttai quotes`.
#[derive(Clone, Debug, Args)]
pub struct QuotesArgs {
    /// Tickers; with --follow also option contracts, such as 'AAPL  140621P00630000'.
    #[arg(required = true)]
    pub symbols: Vec<String>,
    /// Stream live events, one per line, until Ctrl-C.
    #[arg(long)]
    pub follow: bool,
    /// Follow for this long, such as 30s or 10m.
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, requires = "follow")]
    pub span: Option<Duration>,
    /// Print as JSON; with --follow one object per line.
    #[arg(long)]
    pub json: bool,
    /// Which market.
    #[command(flatten)]
    pub market: MarketArgs,
}

/// `ttai watch`.
#[derive(Clone, Debug, Args)]
pub struct WatchArgs {
    /// Tickers, and option contracts such as 'AAPL  140621P00630000'.
    #[arg(required = true)]
    pub symbols: Vec<String>,
    /// Which market.
    #[command(flatten)]
    pub market: MarketArgs,
}

/// Which account, and how it is shown.
#[derive(Clone, Debug, Args)]
pub struct AccountArgs {
    /// The broker's account number [default: the first account; `portfolio` shows all].
    #[arg(long, value_name = "NUMBER")]
    pub account: Option<String>,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
    /// Which market.
    #[command(flatten)]
    pub market: MarketArgs,
}

impl AccountArgs {
    /// The account's number; empty for the first one.
    #[must_use]
    pub fn number(&self) -> &str {
        self.account.as_deref().unwrap_or_default()
    }
}

/// `ttai portfolio`.
#[derive(Clone, Debug, Args)]
pub struct PortfolioArgs {
    /// Which account.
    #[command(flatten)]
    pub account: AccountArgs,
    /// Refresh until Ctrl-C; with --json one object per line.
    #[arg(long)]
    pub watch: bool,
    /// Time between two refreshes, such as 5s or 1m [default: 15s].
    #[arg(long, value_name = "DURATION", value_parser = duration, requires = "watch")]
    pub every: Option<Duration>,
}

/// `ttai roll`.
#[derive(Clone, Debug, Args)]
pub struct RollArgs {
    /// Every short option of this underlying, due or not.
    pub symbol: Option<String>,
    /// Which account.
    #[command(flatten)]
    pub account: AccountArgs,
}

/// `ttai wheel`.
#[derive(Clone, Debug, Args)]
pub struct WheelArgs {
    /// Days of transactions to read.
    #[arg(long, value_name = "N", default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    pub days: u32,
    /// Which account.
    #[command(flatten)]
    pub account: AccountArgs,
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

/// `ttai drill`.
#[derive(Clone, Debug, Subcommand)]
pub enum DrillCommand {
    /// Whether alerts fire as a tape says they must, each once, and reach a channel.
    Alerts(DrillAlertsArgs),
    /// Measure what waiting costs: the server's actions an hour, the worker's memory and time.
    Idle(DrillIdleArgs),
    /// Measure how long a price takes from the stream's frame to a webhook.
    Latency(DrillLatencyArgs),
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

/// `ttai alert`.
#[derive(Clone, Debug, Subcommand)]
pub enum AlertCommand {
    /// Arm an alert: "AAPL below 90 or down 5% today, until Friday, to discord".
    Add(AlertAddArgs),
    /// List alerts, newest first.
    List(AlertListArgs),
    /// Show an alert and what it fired.
    Show(AlertOfArgs),
    /// Say what an alert would look like in words that can be added, without adding it.
    Test {
        /// The alert in words.
        #[arg(required = true)]
        words: Vec<String>,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Replace what an alert says; it is armed anew.
    Change(AlertChangeArgs),
    /// Remove alerts.
    Remove(AlertIdsArgs),
    /// Say that you have seen what alerts fired: what is not delivered of it yet is not sent any more.
    Ack(AlertIdsArgs),
    /// Turn alerts off until they are resumed.
    Pause(AlertIdsArgs),
    /// Turn alerts on again.
    Resume(AlertIdsArgs),
    /// Silence an alert for a while.
    Snooze {
        /// The alert's id.
        id: String,
        /// For how long: 30m, 2h, 1d.
        #[arg(long = "for", value_name = "DURATION", default_value = "1h", value_parser = duration)]
        span: Duration,
        /// Whose alert.
        #[arg(long, default_value = ttai_contract::subject::DEFAULT_USER)]
        user: UserId,
    },
    /// What fired, newest first.
    History(AlertListArgs),
}

/// `ttai watchlist`.
#[derive(Clone, Debug, Subcommand)]
pub enum WatchlistCommand {
    /// List the watchlists.
    List(WatchlistOptions),
    /// Show a watchlist's symbols.
    Show {
        /// Its name.
        name: String,
        /// Whose, and how to print it.
        #[command(flatten)]
        options: WatchlistOptions,
    },
    /// Add symbols; a list that is not there is created.
    Add(WatchlistChangeArgs),
    /// Take symbols off a list.
    Remove(WatchlistChangeArgs),
    /// Delete a list.
    Delete {
        /// Its name.
        name: String,
        /// Whose, and how to print it.
        #[command(flatten)]
        options: WatchlistOptions,
    },
}

/// Whose watchlist, and how to print it.
#[derive(Clone, Debug, Args)]
pub struct WatchlistOptions {
    /// Whose list.
    #[arg(long, default_value = ttai_contract::subject::DEFAULT_USER)]
    pub user: UserId,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `ttai watchlist add` and `ttai watchlist remove`.
#[derive(Clone, Debug, Args)]
pub struct WatchlistChangeArgs {
    /// The list's name.
    pub name: String,
    /// The symbols.
    #[arg(required = true)]
    pub symbols: Vec<ttai_core::Symbol>,
    /// Whose, and how to print it.
    #[command(flatten)]
    pub options: WatchlistOptions,
}

/// `ttai alert add`.
#[derive(Clone, Debug, Args)]
pub struct AlertAddArgs {
    /// The alert in words; in quotes or not.
    #[arg(required_unless_present = "json_file")]
    pub words: Vec<String>,
    /// Its id; derived from what it says when none.
    #[arg(long)]
    pub id: Option<String>,
    /// A file with one alert or a list of alerts as JSON, or - for standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "words")]
    pub json_file: Option<PathBuf>,
    /// Do not ask where an alert is already true.
    #[arg(long, short)]
    pub yes: bool,
    /// Whose alert.
    #[arg(long, default_value = ttai_contract::subject::DEFAULT_USER)]
    pub user: UserId,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `ttai alert change`.
#[derive(Clone, Debug, Args)]
pub struct AlertChangeArgs {
    /// The alert's id.
    pub id: String,
    /// What it says from now on, in words.
    #[arg(required = true)]
    pub words: Vec<String>,
    /// Do not ask where it is already true.
    #[arg(long, short)]
    pub yes: bool,
    /// Whose alert.
    #[arg(long, default_value = ttai_contract::subject::DEFAULT_USER)]
    pub user: UserId,
}

/// `ttai alert list` and `ttai alert history`.
#[derive(Clone, Debug, Args)]
pub struct AlertListArgs {
    /// About this symbol only.
    pub symbol: Option<String>,
    /// Most rows to list.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub limit: u32,
    /// Whose alerts.
    #[arg(long, default_value = ttai_contract::subject::DEFAULT_USER)]
    pub user: UserId,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `ttai alert show`.
#[derive(Clone, Debug, Args)]
pub struct AlertOfArgs {
    /// The alert's id.
    pub id: String,
    /// Whose alert.
    #[arg(long, default_value = ttai_contract::subject::DEFAULT_USER)]
    pub user: UserId,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Commands over several alerts.
#[derive(Clone, Debug, Args)]
pub struct AlertIdsArgs {
    /// The alerts' ids.
    #[arg(required = true)]
    pub ids: Vec<String>,
    /// Whose alerts.
    #[arg(long, default_value = ttai_contract::subject::DEFAULT_USER)]
    pub user: UserId,
}

/// `ttai notify`.
#[derive(Clone, Debug, Subcommand)]
pub enum NotifyCommand {
    /// Send a text to one channel.
    Send {
        /// The channel's name, or `log`.
        channel: String,
        /// The text.
        text: String,
        /// Its title.
        #[arg(long, default_value = "")]
        title: String,
    },
    /// Send a test message to the channels named, or to all.
    Test {
        /// The channels' names.
        channels: Vec<String>,
    },
    /// List messages and what became of them over each channel, newest first.
    List(NotifyListArgs),
    /// Show a message in full, and each of its deliveries.
    Show {
        /// The message's id, as `ttai notify list` shows it.
        id: String,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Deliver a message now that failed, waits or was given up.
    Retry(NotifyRetryArgs),
}

/// `ttai notify list`.
#[derive(Clone, Debug, Args)]
pub struct NotifyListArgs {
    /// Only what is not delivered yet.
    #[arg(long)]
    pub open: bool,
    /// Most deliveries to list.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub limit: u32,
    /// Whose messages.
    #[arg(long, default_value = ttai_contract::subject::DEFAULT_USER)]
    pub user: String,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `ttai notify retry`.
#[derive(Clone, Debug, Args)]
pub struct NotifyRetryArgs {
    /// The message's id; also one that was given up.
    #[arg(required_unless_present = "all_open")]
    pub id: Option<String>,
    /// Everything that is not delivered yet, in quiet hours, too.
    #[arg(long, conflicts_with = "id")]
    pub all_open: bool,
    /// Whose messages.
    #[arg(long, default_value = ttai_contract::subject::DEFAULT_USER)]
    pub user: String,
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

macro_rules! argument {
    ($(#[$doc:meta])* $name:ident => $target:ty { $($(#[$variant_doc:meta])* $variant:ident),+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
        #[value(rename_all = "kebab-case")]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }
        impl From<$name> for $target {
            fn from(value: $name) -> Self {
                match value { $($name::$variant => <$target>::$variant),+ }
            }
        }
    };
}

argument!(
    /// What to sell.
    StrategyArg => Strategy {
        /// Cash-secured put.
        Csp,
        /// Covered call, or a buy-write without shares.
        CoveredCall,
        /// Credit vertical.
        Spread
    }
);
argument!(
    /// Which vertical.
    SpreadArg => SpreadType {
        /// Short put over a long put.
        BullPut,
        /// Short call under a long call.
        BearCall
    }
);
argument!(
    /// Kind of account.
    AccountArg => AccountType {
        /// Everything is secured in cash.
        Cash,
        /// Reg-T margin.
        Margin
    }
);
argument!(
    /// Bars of the chart.
    TimeframeArg => Timeframe {
        /// Half-hours of a session.
        Intraday,
        /// Sessions.
        Daily,
        /// Weeks.
        Weekly
    }
);
argument!(
    /// How much history.
    DepthArg => AnalysisDepth {
        /// About one year.
        Quick,
        /// About two years, and the extremes of the whole history.
        Standard,
        /// Everything on record.
        Deep
    }
);

/// A span of time of at least 10 ms.
fn duration(text: &str) -> Result<Duration, String> {
    let span = crate::config::duration(text)?;
    if span < Duration::from_millis(10) { Err(format!("{text} is too short")) } else { Ok(span) }
}

/// A moment of the market: RFC 3339 with an offset, or New York clock time.
/// A market time as a user writes it.
pub(crate) fn market_time(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Ok(moment.with_timezone(&Utc));
    }
    let local = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .ok_or_else(|| {
            format!(
                "'{text}' is not a valid time; use 2014-06-06T15:00 (New York) or RFC 3339 with an offset"
            )
        })?;
    local
        .and_local_timezone(ttai_core::NEW_YORK)
        .earliest()
        .map(|moment| moment.with_timezone(&Utc))
        .ok_or_else(|| format!("{text} does not exist in New York: the clocks go forward there"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn clock_times_are_new_york_times() {
        let expected: DateTime<Utc> = "2014-06-06T19:00:00Z".parse().unwrap();
        assert_eq!(market_time("2014-06-06T15:00").unwrap(), expected);
        assert_eq!(market_time("2014-06-06T15:00:00-04:00").unwrap(), expected);
        assert!(market_time("2014-03-09T02:30").unwrap_err().contains("clocks go forward"));
        assert!(market_time("yesterday").is_err());
    }
}
