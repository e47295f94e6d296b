//! `ttai alert` and `ttai watchlist`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use ttai_contract::UserId;

use super::duration;

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
