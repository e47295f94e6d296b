//! `ttai notify`.

use clap::{Args, Subcommand};

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
