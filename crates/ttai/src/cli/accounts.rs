//! Commands about accounts.

use std::time::Duration;

use clap::Args;

use super::{MarketArgs, duration};

/// Which account, and how it is shown.
#[derive(Clone, Debug, Args)]
pub struct AccountArgs {
    /// The broker's account number [default: the first account; `portfolio` shows all].
    #[arg(long, value_name = "NUMBER")]
    pub account: Option<String>,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
    /// Which market.
    #[command(flatten)]
    pub market: MarketArgs,
}

impl AccountArgs {
    /// The account's number; empty for the first one.
    #[must_use]
    pub fn number(&self) -> &str {
        self.account.as_deref().unwrap_or_default()
    }
}

/// `ttai portfolio`.
#[derive(Clone, Debug, Args)]
pub struct PortfolioArgs {
    /// Which account.
    #[command(flatten)]
    pub account: AccountArgs,
    /// Refresh until Ctrl-C; with --json one object per line.
    #[arg(long)]
    pub watch: bool,
    /// Time between two refreshes, such as 5s or 1m [default: 15s].
    #[arg(long, value_name = "DURATION", value_parser = duration, requires = "watch")]
    pub every: Option<Duration>,
}

/// `ttai roll`.
#[derive(Clone, Debug, Args)]
pub struct RollArgs {
    /// Every short option of this underlying, due or not.
    pub symbol: Option<String>,
    /// Which account.
    #[command(flatten)]
    pub account: AccountArgs,
}

/// `ttai wheel`.
#[derive(Clone, Debug, Args)]
pub struct WheelArgs {
    /// Days of transactions to read.
    #[arg(long, value_name = "N", default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    pub days: u32,
    /// Which account.
    #[command(flatten)]
    pub account: AccountArgs,
}
