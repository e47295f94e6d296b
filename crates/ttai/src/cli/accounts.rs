//! Commands about accounts.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use ttai_contract::UserId;
use ttai_ports::KEPT_PREFIX;

use super::{MarketArgs, duration};

/// Which account, and how it is shown.
#[derive(Clone, Debug, Args)]
pub struct AccountArgs {
    /// The account's number [default: the first account; `portfolio` shows all].
    #[arg(long, value_name = "NUMBER")]
    pub account: Option<String>,
    /// Whose accounts kept by hand there are beside the brokers'.
    #[arg(long, default_value = ttai_contract::subject::DEFAULT_USER)]
    pub user: UserId,
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
#[command(args_conflicts_with_subcommands = true)]
pub struct PortfolioArgs {
    /// What is kept by hand.
    #[command(subcommand)]
    pub kept: Option<KeptCommand>,
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

/// Accounts at brokers that ttai does not speak, kept by hand.
#[derive(Clone, Debug, Subcommand)]
pub enum KeptCommand {
    /// Enter a position of an account that is kept by hand. It counts in portfolio, watch, screens and reports, and is never traded.
    Add(KeptAddArgs),
    /// Remove a position that is kept by hand, or a whole account.
    Remove(KeptRemoveArgs),
    /// Enter the positions of a CSV file (docs/portfolio.md), all or none of them.
    Import(KeptImportArgs),
    /// Print the positions that are kept by hand as the CSV that `import` reads.
    Export {
        /// Only this account.
        #[arg(long, value_name = "NAME", value_parser = kept_account)]
        account: Option<String>,
        /// Whose accounts.
        #[arg(long, default_value = ttai_contract::subject::DEFAULT_USER)]
        user: UserId,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// State the cash of an account that is kept by hand; what nobody states is unknown, not zero.
    Cash(KeptCashArgs),
}

/// Which account that is kept by hand, and how it is shown.
#[derive(Clone, Debug, Args)]
pub struct KeptOptions {
    /// The account's name, of your choice, such as fidelity; its number is that with `hand-` before it.
    #[arg(long, value_name = "NAME", default_value = "main", value_parser = kept_account)]
    pub account: String,
    /// Whose account.
    #[arg(long, default_value = ttai_contract::subject::DEFAULT_USER)]
    pub user: UserId,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `ttai portfolio add`.
#[derive(Clone, Debug, Args)]
pub struct KeptAddArgs {
    /// A ticker, or an option's OCC symbol in quotes: "AAPL 261218P00200000".
    pub symbol: String,
    /// Shares or contracts; negative when short.
    #[arg(allow_hyphen_values = true)]
    pub quantity: String,
    /// Dollars a share paid or received.
    #[arg(long, value_name = "DOLLARS", allow_hyphen_values = true)]
    pub price: String,
    /// The day on which it was opened [default: today].
    #[arg(long, value_name = "DATE")]
    pub opened: Option<String>,
    /// Your own words about it.
    #[arg(long)]
    pub note: Option<String>,
    /// Put it in the place of what is held of the same symbol.
    #[arg(long)]
    pub replace: bool,
    /// Which account.
    #[command(flatten)]
    pub options: KeptOptions,
}

/// `ttai portfolio remove`.
#[derive(Clone, Debug, Args)]
pub struct KeptRemoveArgs {
    /// A ticker, or an option's OCC symbol in quotes.
    #[arg(required_unless_present = "all")]
    pub symbol: Option<String>,
    /// Delete the account with all that it holds.
    #[arg(long, conflicts_with = "symbol")]
    pub all: bool,
    /// Which account.
    #[command(flatten)]
    pub options: KeptOptions,
}

/// `ttai portfolio import`.
#[derive(Clone, Debug, Args)]
pub struct KeptImportArgs {
    /// The CSV file, or - for standard input. `--account` has the rows that name no account.
    pub file: PathBuf,
    /// Remove what the file does not have from the accounts that are in it.
    #[arg(long)]
    pub replace: bool,
    /// Which account.
    #[command(flatten)]
    pub options: KeptOptions,
}

/// `ttai portfolio cash`.
#[derive(Clone, Debug, Args)]
pub struct KeptCashArgs {
    /// Dollars of cash, what secures short puts included.
    #[arg(required_unless_present = "unknown", allow_hyphen_values = true)]
    pub amount: Option<String>,
    /// State it no longer.
    #[arg(long, conflicts_with = "amount")]
    pub unknown: bool,
    /// Which account.
    #[command(flatten)]
    pub options: KeptOptions,
}

/// The number of an account that is kept by hand.
pub(crate) fn kept_account(text: &str) -> Result<String, String> {
    let name = text.to_ascii_lowercase();
    let name = name.strip_prefix(KEPT_PREFIX).unwrap_or(&name);
    let fits = (1..=40).contains(&name.len())
        && name.chars().all(|sign| sign.is_ascii_alphanumeric() || "._-".contains(sign));
    if fits {
        Ok(format!("{KEPT_PREFIX}{name}"))
    } else {
        Err("use 1 to 40 letters, digits and . _ - only".to_owned())
    }
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
