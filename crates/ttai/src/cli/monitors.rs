//! `ttai monitor` and `ttai news`.

use std::time::Duration;

use clap::{Args, Subcommand};
use ttai_contract::UserId;
use ttai_core::Symbol;

use super::duration;

/// `ttai monitor`.
#[derive(Clone, Debug, Subcommand)]
pub enum MonitorCommand {
    /// List what watches while you are away: price alerts, the news, accounts, quote streams.
    List {
        /// Of all users.
        #[arg(long)]
        all_users: bool,
        /// Whose, and how to print it.
        #[command(flatten)]
        options: MonitorOptions,
    },
    /// Start monitors, also ones that were shut down.
    Start(MonitorNameArgs),
    /// Shut monitors down. They stay so until they are started again.
    Stop(MonitorNameArgs),
    /// Let monitors wait: they accept messages and do nothing.
    Pause(MonitorNameArgs),
    /// Let monitors go on.
    Resume(MonitorNameArgs),
    /// Show what a monitor says of itself.
    Status {
        /// The monitor, such as news-watcher.
        name: String,
        /// Whose, and how to print it.
        #[command(flatten)]
        options: MonitorOptions,
    },
}

/// Whose monitors, and how they are shown.
#[derive(Clone, Debug, Args)]
pub struct MonitorOptions {
    /// Whose.
    #[arg(long, default_value = ttai_contract::subject::DEFAULT_USER)]
    pub user: UserId,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Which monitors.
#[derive(Clone, Debug, Args)]
pub struct MonitorNameArgs {
    /// price-alerts, news-watcher, portfolio-monitor-ACCOUNT, quote-stream-NAME.
    #[arg(required = true)]
    pub names: Vec<String>,
    /// Whose.
    #[arg(long, default_value = ttai_contract::subject::DEFAULT_USER)]
    pub user: UserId,
}

/// `ttai news`.
#[derive(Clone, Debug, Args)]
pub struct NewsArgs {
    /// About these symbols only.
    pub symbols: Vec<Symbol>,
    /// Only those that you were told of.
    #[arg(long)]
    pub alerted: bool,
    /// Only those seen within this span: 12h, 7d.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub within: Option<Duration>,
    /// Most stories to list.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub limit: u32,
    /// Whose news.
    #[arg(long, default_value = ttai_contract::subject::DEFAULT_USER)]
    pub user: UserId,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}
