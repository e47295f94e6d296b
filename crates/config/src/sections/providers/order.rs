//! Who is asked in which order.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smart_default::SmartDefault;

use crate::types::choices;

choices! {
    /// Who can serve quotes, bars and chains.
    MarketDataSource { Tastytrade = "tastytrade", Alpaca = "alpaca", Cboe = "cboe" }
}

choices! {
    /// Who can serve metrics.
    MetricsSource { Tastytrade = "tastytrade", Edgar = "edgar", Computed = "computed" }
}

choices! {
    /// Who can serve news.
    NewsSource { Rss = "rss", Alpaca = "alpaca", Edgar = "edgar" }
}

choices! {
    /// Who can name candidates.
    CandidateSource { Tradingview = "tradingview", List = "list" }
}

choices! {
    /// Who can stream quotes.
    StreamSource { Tastytrade = "tastytrade", Alpaca = "alpaca", Polling = "polling" }
}

/// `[order]`.
#[derive(Clone, Debug, SmartDefault, Serialize, Deserialize, JsonSchema)]
pub struct OrderSection {
    /// Quotes of shares, funds and indices; the first one's clock is the market's.
    #[default(
        _code = "vec![MarketDataSource::Tastytrade, MarketDataSource::Alpaca, MarketDataSource::Cboe]"
    )]
    pub quotes: Vec<MarketDataSource>,
    /// Daily and minute bars.
    #[default(
        _code = "vec![MarketDataSource::Tastytrade, MarketDataSource::Alpaca, MarketDataSource::Cboe]"
    )]
    pub bars: Vec<MarketDataSource>,
    /// Option chains.
    #[default(
        _code = "vec![MarketDataSource::Tastytrade, MarketDataSource::Alpaca, MarketDataSource::Cboe]"
    )]
    pub chains: Vec<MarketDataSource>,
    /// Earnings dates, volatility, IV rank, beta, liquidity, borrowing. `edgar` estimates the next earnings date, give or take seven days, from the dates of past SEC filings. `computed` is what can be computed from bars and the option chain.
    #[default(MetricsSource::ALL.to_vec())]
    pub metrics: Vec<MetricsSource>,
    /// News; all of them are read and their stories merged.
    #[default(NewsSource::ALL.to_vec())]
    pub news: Vec<NewsSource>,
    /// Candidates for a screen. `list` is your own: `market.symbols`.
    #[default(CandidateSource::ALL.to_vec())]
    pub candidates: Vec<CandidateSource>,
    /// Streaming quotes; while one fails the next is used, and the gap is reported. `tastytrade` is its DXLink stream; `polling` asks any provider of quotes every 15 s.
    #[default(StreamSource::ALL.to_vec())]
    pub streaming: Vec<StreamSource>,
}
