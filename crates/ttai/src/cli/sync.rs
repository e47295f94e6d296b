//! `ttai sync`.

use clap::{Args, Subcommand};
use ttai_contract::{SyncSource, UserId};

/// `ttai sync`.
#[derive(Clone, Debug, Subcommand)]
pub enum SyncCommand {
    /// Pull what is new of a source into the store: transactions, watchlists, metrics, earnings, daily_bars or files.
    Run(SyncRunArgs),
    /// Take in what providers keep of past implied volatility, so that it can be ranked at once.
    Backfill(SyncBackfillArgs),
    /// List what was synced: rows, when it was last read, what went wrong.
    List {
        /// Whose.
        #[arg(long, default_value = ttai_contract::subject::DEFAULT_USER)]
        user: UserId,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// `ttai sync run`.
#[derive(Clone, Debug, Args)]
pub struct SyncRunArgs {
    /// The source.
    pub source: SyncSource,
    /// Some of its resources: account numbers, brokers, symbols or file names [default: all].
    pub resources: Vec<String>,
    /// How to run it.
    #[command(flatten)]
    pub options: SyncOptions,
}

/// `ttai sync backfill`.
#[derive(Clone, Debug, Args)]
pub struct SyncBackfillArgs {
    /// Symbols [default: those of your watchlists and positions].
    pub symbols: Vec<String>,
    /// How to run it.
    #[command(flatten)]
    pub options: SyncOptions,
}

/// How a sync runs.
#[derive(Clone, Debug, Args)]
pub struct SyncOptions {
    /// Wait for the result.
    #[arg(long, short)]
    pub wait: bool,
    /// Whose.
    #[arg(long, default_value = ttai_contract::subject::DEFAULT_USER)]
    pub user: UserId,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}
