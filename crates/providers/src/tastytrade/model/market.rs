//! Market data by type, market metrics, dividends and the risk-free rate.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;

use super::lenient;

/// One instrument's prices now. Recorded answers have kebab-case names and strings, the documentation camelCase and
/// numbers.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct MarketDatum {
    /// Ticker or OCC symbol.
    pub symbol: String,
    /// `Equity`, `Equity Option`, `Index` and others.
    #[serde(default, alias = "instrumentType")]
    pub instrument_type: Option<String>,
    /// Dollars a share; absent where nobody bids.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub bid: Option<Decimal>,
    /// Dollars a share; absent where nobody offers.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub ask: Option<Decimal>,
    /// Shares or contracts.
    #[serde(default, alias = "bidSize", deserialize_with = "lenient::decimal")]
    pub bid_size: Option<Decimal>,
    /// Shares or contracts.
    #[serde(default, alias = "askSize", deserialize_with = "lenient::decimal")]
    pub ask_size: Option<Decimal>,
    /// Last trade.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub last: Option<Decimal>,
    /// When it was made.
    #[serde(default, alias = "lastTradeTime", deserialize_with = "lenient::instant")]
    pub last_trade_time: Option<DateTime<Utc>>,
    /// Of the session so far.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub volume: Option<Decimal>,
    /// At the start of the day.
    #[serde(default, alias = "openInterest", deserialize_with = "lenient::decimal")]
    pub open_interest: Option<Decimal>,
    /// Whether trading is halted; three spellings are in use.
    #[serde(default, alias = "trading-halted", alias = "tradingHalted", alias = "isTradingHalted")]
    pub is_trading_halted: Option<bool>,
    /// The day's first trade.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub open: Option<Decimal>,
    /// The day's highest trade.
    #[serde(default, alias = "dayHighPrice", deserialize_with = "lenient::decimal")]
    pub day_high_price: Option<Decimal>,
    /// The day's lowest trade.
    #[serde(default, alias = "dayLowPrice", deserialize_with = "lenient::decimal")]
    pub day_low_price: Option<Decimal>,
    /// When the record last changed.
    #[serde(default, alias = "updatedAt", deserialize_with = "lenient::instant")]
    pub updated_at: Option<DateTime<Utc>>,
}

/// What the service computes about an underlying. Ranks and the volatility index are fractions; the 30-day volatilities
/// are percent.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct MarketMetric {
    /// Ticker.
    pub symbol: String,
    /// Implied volatility index, a fraction.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub implied_volatility_index: Option<Decimal>,
    /// Rank in its 52-week range, a fraction; the documentation calls it `implied-volatility-rank`.
    #[serde(default, alias = "implied-volatility-rank", deserialize_with = "lenient::decimal")]
    pub implied_volatility_index_rank: Option<Decimal>,
    /// Share of the year's days below it, a fraction.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub implied_volatility_percentile: Option<Decimal>,
    /// Implied volatility over 30 days, in percent.
    #[serde(default, rename = "implied-volatility-30-day", deserialize_with = "lenient::decimal")]
    pub implied_volatility_30_day: Option<Decimal>,
    /// Historical volatility over 30 days, in percent.
    #[serde(default, rename = "historical-volatility-30-day", deserialize_with = "lenient::decimal")]
    pub historical_volatility_30_day: Option<Decimal>,
    /// 1 (poor) to 5.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub liquidity_rating: Option<Decimal>,
    /// Against the S&P 500.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub beta: Option<Decimal>,
    /// `Easy To Borrow`, `Locate Required`, `Preborrow`.
    #[serde(default)]
    pub lendability: Option<String>,
    /// Percent a year.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub borrow_rate: Option<Decimal>,
    /// Dollars.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub market_cap: Option<Decimal>,
    /// Sector.
    #[serde(default)]
    pub sector: Option<String>,
    /// Industry.
    #[serde(default)]
    pub industry: Option<String>,
    /// The newest or the next report.
    #[serde(default)]
    pub earnings: Option<EarningsReport>,
    /// The newest or next ex-date.
    #[serde(default, deserialize_with = "lenient::date")]
    pub dividend_ex_date: Option<NaiveDate>,
    /// Dollars a share of that dividend.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub dividend_rate_per_share: Option<Decimal>,
    /// By expiration.
    #[serde(default)]
    pub option_expiration_implied_volatilities: Option<Vec<ExpirationIv>>,
    /// When it last changed.
    #[serde(default, deserialize_with = "lenient::instant")]
    pub updated_at: Option<DateTime<Utc>>,
}

/// An earnings report, past or expected.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct EarningsReport {
    /// When it is expected.
    #[serde(default, deserialize_with = "lenient::date")]
    pub expected_report_date: Option<NaiveDate>,
    /// Whether nobody confirmed the date.
    #[serde(default)]
    pub estimated: bool,
    /// `BTO` (before the open), `AMC` (after the close), `DUR` (during the session).
    #[serde(default)]
    pub time_of_day: Option<String>,
    /// Dollars a share, once reported.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub actual_eps: Option<Decimal>,
}

/// The implied volatility of one expiration.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ExpirationIv {
    /// The listed date.
    #[serde(deserialize_with = "lenient::required_date")]
    pub expiration_date: NaiveDate,
    /// A fraction.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub implied_volatility: Option<Decimal>,
}

/// A dividend that was paid.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DividendInfo {
    /// Its ex-date.
    #[serde(deserialize_with = "lenient::required_date")]
    pub occurred_date: NaiveDate,
    /// Dollars a share.
    #[serde(deserialize_with = "lenient::required_decimal")]
    pub amount: Decimal,
}

/// What the margin calculation assumes.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct MarginConfiguration {
    /// A fraction a year.
    #[serde(deserialize_with = "lenient::required_decimal")]
    pub risk_free_rate: Decimal,
}
