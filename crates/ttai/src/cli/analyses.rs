//! Commands about analyses and any other run.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand, ValueEnum};
use serde::Deserialize;
use ttai_client::RunState;
use ttai_contract::{AccountType, AnalysisDepth, SpreadType, Strategy, Timeframe, UserId};

use super::{MarketArgs, market_time};
use crate::report::Detail;

/// `ttai analyze`.
#[derive(Clone, Debug, Args)]
pub struct AnalyzeArgs {
    /// Tickers, such as AAPL.
    #[arg(required = true, value_name = "SYMBOL")]
    pub symbols: Vec<String>,
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
    /// Which trade is sought.
    #[command(flatten)]
    pub trade: TradeArgs,
    /// Bars of the chart.
    #[arg(long, default_value = "daily")]
    pub timeframe: TimeframeArg,
    /// How much history.
    #[arg(long, default_value = "standard")]
    pub depth: DepthArg,
    /// Whose analysis, and whose preferences stand where a flag is absent.
    #[arg(long, default_value = ttai_contract::subject::DEFAULT_USER)]
    pub user: UserId,
}

/// Which trade is sought, by flags or by arguments of the same names.
#[derive(Clone, Debug, Default, Args, Deserialize)]
#[serde(default)]
pub struct TradeArgs {
    /// What to sell [default: the first of your preferred strategies, else csp].
    #[arg(long)]
    pub strategy: Option<StrategyArg>,
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
    /// Only runs that stand so: of any workflow, and of all users.
    #[arg(long, value_name = "STATE")]
    pub status: Option<StateArg>,
    /// Only runs of this workflow, such as RunReportWorkflow.
    #[arg(long = "type", value_name = "WORKFLOW")]
    pub workflow_type: Option<String>,
    /// Finished runs of every workflow, not of analyses only.
    #[arg(long)]
    pub all: bool,
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
    /// Why; it stands in the run's history.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// End it at once, where it does not stop by itself: nothing of it is saved.
    #[arg(long, requires = "reason")]
    pub terminate: bool,
}

/// `ttai history`.
#[derive(Clone, Debug, Args)]
pub struct HistoryArgs {
    /// A symbol (its newest run), `last`, or an id or its beginning: NVDA-7f3k.
    pub id: String,
    /// Only the last so many events.
    #[arg(long, value_name = "N")]
    pub tail: Option<usize>,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
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
    /// Show the events of a run's history, each with what it was about.
    History(HistoryArgs),
}

fn json(text: &str) -> Result<serde_json::Value, String> {
    serde_json::from_str(text).map_err(|error| format!("not valid JSON: {error}"))
}

macro_rules! argument {
    ($(#[$doc:meta])* $name:ident => $target:ty { $($(#[$variant_doc:meta])* $variant:ident),+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
        #[value(rename_all = "kebab-case")]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }
        impl From<$name> for $target {
            fn from(value: $name) -> Self {
                match value { $($name::$variant => <$target>::$variant),+ }
            }
        }
    };
}

argument!(
    /// How a run stands.
    StateArg => RunState {
        /// Started, and no worker has taken it yet.
        Pending,
        /// Under way.
        Running,
        /// Answered.
        Completed,
        /// Failed, terminated, or past its execution timeout.
        Failed,
        /// Cancelled.
        Cancelled
    }
);
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
