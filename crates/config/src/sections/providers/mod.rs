//! Settings of the providers of market data, news and candidates: a vendor a file.

mod alpaca;
mod cboe;
mod edgar;
mod order;
mod rss;
mod tastytrade;
mod tradingview;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

pub use alpaca::{AlpacaOptionFeed, AlpacaSection, AlpacaStockFeed};
pub use cboe::CboeSection;
pub use edgar::EdgarSection;
pub use order::{CandidateSource, MarketDataSource, MetricsSource, NewsSource, OrderSection, StreamSource};
pub use rss::RssSection;
pub use tastytrade::TastytradeSection;
pub use tradingview::TradingviewSection;

use crate::types::{Chosen, PerMinute, Span, choices};

/// `[providers.…]`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ProviderSections {
    /// tastytrade's REST API and DXLink stream. Needs an OAuth grant: docs/providers/tastytrade.md.
    pub tastytrade: TastytradeSection,
    /// Alpaca's trading and market data APIs. Needs a key pair, which is free: docs/providers/alpaca.md.
    pub alpaca: AlpacaSection,
    /// Cboe's delayed quotes: no account needed, 15 minutes late, for personal use under the site's terms: docs/providers/cboe.md.
    pub cboe: CboeSection,
    /// TradingView's scanner, which needs no account: docs/providers/tradingview.md.
    pub tradingview: TradingviewSection,
    /// Any RSS or Atom feeds: docs/providers/rss.md.
    pub rss: RssSection,
    /// Company filings at the SEC: no account, but the SEC wants to know who is asking: docs/providers/edgar.md.
    pub edgar: EdgarSection,
}

impl ProviderSections {
    pub(crate) const fn is_enabled(&self, vendor: Vendor) -> bool {
        match vendor {
            Vendor::Tastytrade => self.tastytrade.enabled,
            Vendor::Alpaca => self.alpaca.enabled,
            Vendor::Cboe => self.cboe.enabled,
            Vendor::Tradingview => self.tradingview.enabled,
            Vendor::Rss => self.rss.enabled,
            Vendor::Edgar => self.edgar.enabled,
        }
    }

    /// How a vendor is called.
    #[must_use]
    pub const fn calls(&self, vendor: Vendor) -> &Calls {
        match vendor {
            Vendor::Tastytrade => &self.tastytrade.calls,
            Vendor::Alpaca => &self.alpaca.calls,
            Vendor::Cboe => &self.cboe.calls,
            Vendor::Tradingview => &self.tradingview.calls,
            Vendor::Rss => &self.rss.calls,
            Vendor::Edgar => &self.edgar.calls,
        }
    }
}

choices! {
    /// Who has a section under `[providers]`, as they are documented.
    Vendor {
        Tastytrade = "tastytrade", Alpaca = "alpaca", Cboe = "cboe", Tradingview = "tradingview", Rss = "rss", Edgar = "edgar"
    }
}

/// How an account is called.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Calls {
    /// Longest wait for a complete response.
    #[schemars(with = "Chosen<Span<50, 600_000>>")]
    pub timeout: Chosen<Duration>,
    /// How many calls the account may make, all processes together.
    pub rate_limit: Chosen<PerMinute>,
    /// How many calls may be made at once.
    #[schemars(range(min = 1, max = 10_000))]
    pub burst: Chosen<u32>,
    /// How many times a call that is safe to repeat is retried.
    #[schemars(range(max = 10))]
    pub retries: Chosen<u32>,
}

impl Calls {
    pub(super) const fn of(timeout_seconds: u64, per_minute: u32, burst: u32, retries: u32) -> Self {
        Self {
            timeout: Chosen::by_default(Duration::from_secs(timeout_seconds)),
            rate_limit: Chosen::by_default(PerMinute(per_minute)),
            burst: Chosen::by_default(burst),
            retries: Chosen::by_default(retries),
        }
    }
}

/// A vendor's own address.
///
/// # Panics
/// Where the program itself has an address wrong, which the tests would show.
#[allow(clippy::panic)]
fn address(text: &str) -> Chosen<Url> {
    match Url::parse(text) {
        Ok(url) => Chosen::by_default(url),
        Err(wrong) => panic!("{text}: {wrong}"),
    }
}
