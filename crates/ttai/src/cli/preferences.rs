//! `ttai preferences`.

use clap::{Args, Subcommand};
use ttai_contract::UserId;

/// `ttai preferences`.
#[derive(Clone, Debug, Subcommand)]
pub enum PreferencesCommand {
    /// Show what is in effect, and where each value is from.
    Show(PreferencesOptions),
    /// State a preference; it stands over the configuration.
    Set {
        /// Which: morning_alert, channels, quiet_hours, time_zone, account_type, capital, max_symbol_pct, strategies, max_delta,
        /// dte_min, dte_max or min_roc_weekly.
        name: String,
        /// Its value: yes, desk,mail, 22:00-07:00, Europe/Berlin, margin, 20000, 0.25.
        #[arg(allow_hyphen_values = true)]
        value: String,
        /// Whose, and how to print them.
        #[command(flatten)]
        options: PreferencesOptions,
    },
    /// Take preferences back: the configuration stands again.
    Unset {
        /// Which.
        #[arg(required = true)]
        names: Vec<String>,
        /// Whose, and how to print them.
        #[command(flatten)]
        options: PreferencesOptions,
    },
}

/// Whose preferences, and how to print them.
#[derive(Clone, Debug, Args)]
pub struct PreferencesOptions {
    /// Whose.
    #[arg(long, default_value = ttai_contract::subject::DEFAULT_USER)]
    pub user: UserId,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}
