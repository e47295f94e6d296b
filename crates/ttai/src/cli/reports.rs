//! `ttai report`.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use ttai_contract::{ChannelName, ReportName, UserId};

use super::MarketArgs;

/// `ttai report`.
#[derive(Clone, Debug, Subcommand)]
pub enum ReportCommand {
    /// Make a report of your accounts, alerts, trades, news and screens, and send it where you ask.
    Run(ReportRunArgs),
    /// List saved reports, newest first.
    List(ReportListArgs),
    /// Print a saved report, or write it as an HTML file.
    Show(ReportShowArgs),
}

/// `ttai report run`.
#[derive(Clone, Debug, Args)]
pub struct ReportRunArgs {
    /// morning_briefing, eod_summary, daily_report or weekly_review.
    pub name: ReportName,
    /// Send it to this channel; repeat for more.
    #[arg(long, value_name = "NAME")]
    pub channel: Vec<ChannelName>,
    /// Send it where your routes lead.
    #[arg(long, conflicts_with = "channel")]
    pub send: bool,
    /// The report of this past day, with what was known by its end [default: as of now].
    #[arg(long, value_name = "DAY")]
    pub date: Option<NaiveDate>,
    /// One report each of all users whom it concerns.
    #[arg(long, conflicts_with = "user")]
    pub everyone: bool,
    /// Wait for it, with progress, and print it [default: print the id and how to follow it].
    #[arg(short, long)]
    pub wait: bool,
    /// Print the result as JSON.
    #[arg(long, requires = "wait")]
    pub json: bool,
    /// Whose.
    #[arg(long, default_value = ttai_contract::subject::DEFAULT_USER)]
    pub user: UserId,
    /// Idempotency key: the same key and report always gives the same run.
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// Which market.
    #[command(flatten)]
    pub market: MarketArgs,
}

/// `ttai report list`.
#[derive(Clone, Debug, Args)]
pub struct ReportListArgs {
    /// Only this report.
    pub name: Option<ReportName>,
    /// Only of this day.
    #[arg(long, value_name = "DAY")]
    pub date: Option<NaiveDate>,
    /// At most this many.
    #[arg(long, short = 'n', default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub limit: u32,
    /// Whose.
    #[arg(long, default_value = ttai_contract::subject::DEFAULT_USER)]
    pub user: UserId,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `ttai report show`.
#[derive(Clone, Debug, Args)]
pub struct ReportShowArgs {
    /// A report's id, the beginning of one, or its name for the newest of it [default: the newest report].
    pub id: Option<String>,
    /// Write it as one HTML file that needs nothing else.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["markdown", "json"])]
    pub html: Option<PathBuf>,
    /// Print it as Markdown, as it is [default].
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
    /// Print what the store has of it as JSON.
    #[arg(long)]
    pub json: bool,
    /// Whose.
    #[arg(long, default_value = ttai_contract::subject::DEFAULT_USER)]
    pub user: UserId,
}
