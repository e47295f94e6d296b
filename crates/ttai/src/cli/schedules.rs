//! `ttai schedule`.

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use super::market_time;

/// `ttai schedule`.
#[derive(Clone, Debug, Subcommand)]
pub enum ScheduleCommand {
    /// Bring the server's schedules to the configuration, and say what changed.
    Apply(ScheduleApplyArgs),
    /// List schedules with their last and next run.
    List {
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show a schedule: what it starts, its next and last runs, and in what it differs from the configuration.
    Show {
        /// Its name.
        name: String,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Start nothing any more until it is resumed.
    Pause {
        /// Their names.
        #[arg(required = true)]
        names: Vec<String>,
        /// Why, for whoever looks at it.
        #[arg(long, default_value = "paused by hand")]
        note: String,
    },
    /// End a pause.
    Resume(ScheduleNameArgs),
    /// Start it now, even while it is paused.
    Trigger(ScheduleNameArgs),
    /// Start what was due in a span of time that has passed, one run after another.
    Backfill(ScheduleBackfillArgs),
    /// Take schedules off the server. `apply` creates again what is still configured.
    Delete {
        /// Their names.
        #[arg(required_unless_present = "all")]
        names: Vec<String>,
        /// Every schedule that ttai made.
        #[arg(long, conflicts_with = "names")]
        all: bool,
    },
}

/// `ttai schedule apply`.
#[derive(Clone, Debug, Args)]
pub struct ScheduleApplyArgs {
    /// Only show what would change.
    #[arg(long)]
    pub dry_run: bool,
    /// Also take off the server what ttai made and is no longer configured.
    #[arg(long)]
    pub delete: bool,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Schedules by name.
#[derive(Clone, Debug, Args)]
pub struct ScheduleNameArgs {
    /// Their names.
    #[arg(required = true)]
    pub names: Vec<String>,
}

/// `ttai schedule backfill`.
#[derive(Clone, Debug, Args)]
pub struct ScheduleBackfillArgs {
    /// Its name.
    pub name: String,
    /// From when: RFC 3339, or New York time such as 2026-11-30T09:00.
    #[arg(long, value_name = "TIME", value_parser = market_time)]
    pub from: DateTime<Utc>,
    /// Until when [default: now].
    #[arg(long, value_name = "TIME", value_parser = market_time)]
    pub to: Option<DateTime<Utc>>,
}
