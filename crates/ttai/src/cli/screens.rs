//! `ttai screen` and `ttai screener`.

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand, ValueEnum};
use serde::Deserialize;
use ttai_contract::{EarningsPolicy, ScreenRanking, UserId};

use super::{AccountArg, MarketArgs, market_time};

/// `ttai screen`.
#[derive(Clone, Debug, Args)]
pub struct ScreenArgs {
    /// Only these tickers, and no scan of the market.
    #[arg(value_name = "SYMBOL")]
    pub symbols: Vec<String>,
    /// Wait for the picks, with progress [default: print the id and how to follow it].
    #[arg(short, long)]
    pub wait: bool,
    /// Print the result as JSON.
    #[arg(long, requires = "wait")]
    pub json: bool,
    /// Show every dropped candidate with its own numbers.
    #[arg(long, requires = "wait", conflicts_with = "json")]
    pub full: bool,
    /// The screen's name: its runs are compared with each other [default: runs of the same criteria are].
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Save the screen under this name, which is then its name, too: `ttai screener` lists, runs and enables it.
    #[arg(long, value_name = "NAME", conflicts_with = "name")]
    pub save: Option<String>,
    /// What a candidate must be.
    #[command(flatten)]
    pub what: ScreenCriteriaArgs,
    /// Market time: RFC 3339, or New York time such as 2014-06-06T15:00 [default: the market's now].
    #[arg(long, value_name = "TIME", value_parser = market_time)]
    pub at: Option<DateTime<Utc>>,
    /// Idempotency key: the same key and screen always gives the same run.
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// Whose screen, and whose preferences stand where a flag is absent.
    #[arg(long, default_value = ttai_contract::subject::DEFAULT_USER)]
    pub user: UserId,
    /// Which market.
    #[command(flatten)]
    pub market: MarketArgs,
}

/// What a candidate of a screen must be, and which picks are wanted, by flags or by arguments of the same names.
#[derive(Clone, Debug, Default, Args, Deserialize)]
#[serde(default)]
pub struct ScreenCriteriaArgs {
    /// Candidates beside the scan's, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "SYMBOLS")]
    pub include: Vec<String>,
    /// Never a candidate, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "SYMBOLS")]
    pub exclude: Vec<String>,
    /// Lowest price of the shares [default: 5 for a scan].
    #[arg(long, value_name = "DOLLARS")]
    pub min_price: Option<f64>,
    /// Highest price of the shares [default: 100 for a scan].
    #[arg(long, value_name = "DOLLARS")]
    pub max_price: Option<f64>,
    /// Least average daily volume [default: 1,000,000 for a scan].
    #[arg(long, value_name = "SHARES")]
    pub min_volume: Option<u64>,
    /// Sectors of a scan, separated by commas, as the scanner names them.
    #[arg(long, value_delimiter = ',', value_name = "SECTORS")]
    pub sectors: Vec<String>,
    /// Most candidates of the scan [default: 500].
    #[arg(long, value_name = "N")]
    pub candidates: Option<u32>,
    /// Least IV rank, 0 to 100.
    #[arg(long, value_name = "RANK")]
    pub min_iv_rank: Option<f64>,
    /// Lowest return at the bid, in percent per 7 days [default: 0.5].
    #[arg(long, value_name = "PERCENT")]
    pub min_roc: Option<f64>,
    /// Largest |delta| of the put [default: 0.3].
    #[arg(long, value_name = "0..1")]
    pub max_delta: Option<f64>,
    /// Fewest days to expiration [default: 14].
    #[arg(long, value_name = "DAYS")]
    pub dte_min: Option<i64>,
    /// Most days to expiration [default: 45].
    #[arg(long, value_name = "DAYS")]
    pub dte_max: Option<i64>,
    /// Smallest open interest [default: 100].
    #[arg(long, value_name = "CONTRACTS")]
    pub min_open_interest: Option<u64>,
    /// Widest bid–ask spread, in percent of the mid [default: 10].
    #[arg(long, value_name = "PERCENT")]
    pub max_spread_pct: Option<f64>,
    /// Take expirations that span earnings, too.
    #[arg(long)]
    pub through_earnings: bool,
    /// What to do where nobody knows when earnings are.
    #[arg(long, default_value = "warn")]
    pub unknown_earnings: EarningsArg,
    /// By what the picks are ranked.
    #[arg(long, default_value = "return")]
    pub rank: RankArg,
    /// Picks after which no more are looked for [default: 5].
    #[arg(long, value_name = "N")]
    pub picks: Option<u32>,
    /// Most full analyses [default: 20].
    #[arg(long, value_name = "N")]
    pub analyze: Option<u32>,
    /// Analyses at the same time [default: 5].
    #[arg(long, value_name = "N")]
    pub parallel: Option<u32>,
    /// Capital for all picks together, in dollars [default: the account's buying power].
    #[arg(long, value_name = "DOLLARS")]
    pub capital: Option<f64>,
    /// The account whose buying power and positions count [default: the first one].
    #[arg(long, value_name = "NUMBER", conflicts_with = "capital")]
    pub account_id: Option<String>,
    /// Kind of account [default: cash, or as configured].
    #[arg(long)]
    pub account: Option<AccountArg>,
    /// The most in one symbol, in percent of net liquidation [default: 20; no cap with --capital].
    #[arg(long, value_name = "PERCENT")]
    pub max_symbol_pct: Option<f64>,
}

/// `ttai screener`.
#[derive(Clone, Debug, Subcommand)]
pub enum ScreenerCommand {
    /// Save a screen under a name, in place of one of the same name.
    Save(Box<ScreenerSaveArgs>),
    /// List the saved screeners.
    List(ScreenerOptions),
    /// Show what a screener looks for, and its last runs.
    Show(ScreenerNameArgs),
    /// Have a screener run by itself, hourly while the market is open.
    Enable(ScreenerNameArgs),
    /// Have a screener run no longer by itself.
    Disable(ScreenerNameArgs),
    /// Delete a screener; what its runs found stays.
    Delete(ScreenerNameArgs),
    /// Run a screener now.
    Run(ScreenerRunArgs),
}

/// Whose screener, and how to print it.
#[derive(Clone, Debug, Args)]
pub struct ScreenerOptions {
    /// Whose.
    #[arg(long, default_value = ttai_contract::subject::DEFAULT_USER)]
    pub user: UserId,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}

/// A command over one screener.
#[derive(Clone, Debug, Args)]
pub struct ScreenerNameArgs {
    /// The screener's name.
    pub name: String,
    /// Whose, and how to print it.
    #[command(flatten)]
    pub options: ScreenerOptions,
}

/// `ttai screener save`.
#[derive(Clone, Debug, Args)]
pub struct ScreenerSaveArgs {
    /// The screener's name.
    pub name: String,
    /// Only these tickers, and no scan of the market.
    #[arg(value_name = "SYMBOL")]
    pub symbols: Vec<String>,
    /// Run it by itself, hourly while the market is open.
    #[arg(long)]
    pub auto_run: bool,
    /// Channels that hear of new picks, separated by commas [default: those of your preferences].
    #[arg(long, value_delimiter = ',', value_name = "CHANNELS")]
    pub channels: Vec<String>,
    /// What a candidate must be.
    #[command(flatten)]
    pub what: ScreenCriteriaArgs,
    /// Whose, and how to print it.
    #[command(flatten)]
    pub options: ScreenerOptions,
}

/// `ttai screener run`.
#[derive(Clone, Debug, Args)]
pub struct ScreenerRunArgs {
    /// The screener's name.
    pub name: String,
    /// Wait for the picks, with progress [default: print the id and how to follow it].
    #[arg(short, long)]
    pub wait: bool,
    /// Show every dropped candidate with its own numbers.
    #[arg(long, requires = "wait", conflicts_with = "json")]
    pub full: bool,
    /// Whose, and how to print it.
    #[command(flatten)]
    pub options: ScreenerOptions,
    /// Which market.
    #[command(flatten)]
    pub market: MarketArgs,
}

/// What to do where nobody knows when earnings are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EarningsArg {
    /// Take nothing.
    Exclude,
    /// Go on and warn.
    #[default]
    Warn,
    /// Go on.
    Allow,
}

impl From<EarningsArg> for EarningsPolicy {
    fn from(value: EarningsArg) -> Self {
        match value {
            EarningsArg::Exclude => Self::Exclude,
            EarningsArg::Warn => Self::Warn,
            EarningsArg::Allow => Self::Allow,
        }
    }
}

/// By what picks are ranked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RankArg {
    /// Return at the bid.
    #[default]
    Return,
    /// Return times the probability of profit.
    Probability,
    /// The options-wheel score.
    Wheel,
}

impl From<RankArg> for ScreenRanking {
    fn from(value: RankArg) -> Self {
        match value {
            RankArg::Return => Self::ReturnAtBid,
            RankArg::Probability => Self::ProbabilityWeighted,
            RankArg::Wheel => Self::WheelScore,
        }
    }
}
