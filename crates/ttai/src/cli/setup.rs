//! `ttai setup`.

use clap::Args;
use ttai_contract::UserId;

/// `ttai setup`.
#[derive(Clone, Debug, Args)]
pub struct SetupArgs {
    /// Whose preferences.
    #[arg(long, default_value = ttai_contract::subject::DEFAULT_USER)]
    pub user: UserId,
    /// The watchlist that takes your symbols.
    #[arg(long, default_value = "mine", value_name = "NAME")]
    pub watchlist: String,
}
