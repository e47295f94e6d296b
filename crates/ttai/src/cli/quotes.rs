//! `ttai quotes` and `ttai watch`.

use std::time::Duration;

use clap::Args;

use super::{MarketArgs, duration};

/// `ttai quotes`.
#[derive(Clone, Debug, Args)]
pub struct QuotesArgs {
    /// Tickers; with --follow also option contracts, such as 'AAPL  140621P00630000'.
    #[arg(required = true)]
    pub symbols: Vec<String>,
    /// Stream live events, one per line, until Ctrl-C.
    #[arg(long)]
    pub follow: bool,
    /// Follow for this long, such as 30s or 10m.
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, requires = "follow")]
    pub span: Option<Duration>,
    /// Print as JSON; with --follow one object per line.
    #[arg(long)]
    pub json: bool,
    /// Which market.
    #[command(flatten)]
    pub market: MarketArgs,
}

/// `ttai watch`.
#[derive(Clone, Debug, Args)]
pub struct WatchArgs {
    /// Tickers, and option contracts such as 'AAPL  140621P00630000'.
    #[arg(required = true)]
    pub symbols: Vec<String>,
    /// Which market.
    #[command(flatten)]
    pub market: MarketArgs,
}
