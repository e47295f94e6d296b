//! `ttai journal`.

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use ttai_contract::UserId;
use ttai_core::Symbol;

/// `ttai journal`.
#[derive(Clone, Debug, Subcommand)]
pub enum JournalCommand {
    /// List what your analyses suggested and what became of it; open entries by default.
    List(JournalListArgs),
    /// Show an entry whole, with its mark, notes and trades.
    Show {
        /// The entry's id, or how it begins.
        entry: String,
        /// Whose, and how to print it.
        #[command(flatten)]
        options: JournalOptions,
    },
    /// Say that a synced trade belongs to an entry; it leaves the one that it was linked to.
    Link {
        /// The entry's id, or how it begins.
        entry: String,
        /// The transaction's id, as `ttai sync` stored it.
        trade: String,
        /// A note to the trade.
        #[arg(long)]
        note: Option<String>,
        /// Whose, and how to print it.
        #[command(flatten)]
        options: JournalOptions,
    },
    /// Write a note to an entry; an empty text removes it.
    Note {
        /// The entry's id, or how it begins.
        entry: String,
        /// The note.
        text: String,
        /// Whose, and how to print it.
        #[command(flatten)]
        options: JournalOptions,
    },
    /// Compare how often trades made money with the stated probability of profit.
    Review(JournalReviewArgs),
}

/// Whose journal, and how it is shown.
#[derive(Clone, Debug, Args)]
pub struct JournalOptions {
    /// Whose.
    #[arg(long, default_value = ttai_contract::subject::DEFAULT_USER)]
    pub user: UserId,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `ttai journal list`.
#[derive(Clone, Debug, Args)]
pub struct JournalListArgs {
    /// Open entries only [default].
    #[arg(long, conflicts_with = "all")]
    pub open: bool,
    /// Ended entries, too.
    #[arg(long)]
    pub all: bool,
    /// About this symbol only.
    #[arg(long)]
    pub symbol: Option<Symbol>,
    /// Most entries to list.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub limit: u32,
    /// Whose, and how to print it.
    #[command(flatten)]
    pub options: JournalOptions,
}

/// `ttai journal review`.
#[derive(Clone, Debug, Args)]
pub struct JournalReviewArgs {
    /// Last trade dates from this day on, such as 2026-11-02 [default: all].
    #[arg(long, value_name = "DATE")]
    pub from: Option<NaiveDate>,
    /// Up to this day [default: today].
    #[arg(long, value_name = "DATE")]
    pub until: Option<NaiveDate>,
    /// Whose, and how to print it.
    #[command(flatten)]
    pub options: JournalOptions,
}
