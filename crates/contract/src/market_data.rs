//! Market data as the seeds' activities hand it over: quotes, one option chain, metrics. Absent values are null.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::{OptionRight, QuoteCondition, Symbol};

/// Most symbols that one call asks for.
pub const MOST_SYMBOLS: usize = 500;

/// A quote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QuoteData {
    /// Ticker.
    pub symbol: Symbol,
    /// The price to reckon with, in dollars: the last eligible trade, else the mid; null where there is neither.
    pub price: Option<f64>,
    /// Best bid, in dollars.
    pub bid: Option<f64>,
    /// Best ask, in dollars.
    pub ask: Option<f64>,
    /// Shares traded in the session so far.
    pub volume: u64,
    /// Market time of the quote.
    pub timestamp: DateTime<Utc>,
    /// When it was received.
    pub received_at: DateTime<Utc>,
    /// Which provider said so.
    pub source: String,
    /// What is wrong with it; empty for a good quote.
    pub conditions: Vec<QuoteCondition>,
}

/// Quotes by symbol. A symbol that has none is left out and named in the activity's log.
pub type QuotesBySymbol = BTreeMap<Symbol, QuoteData>;

/// Which chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OptionChainParams {
    /// Ticker of the underlying.
    pub symbol: Symbol,
    /// One listed expiration; all of them when none.
    #[serde(default)]
    pub expiration: Option<NaiveDate>,
    /// Market time; the provider's now when none.
    #[serde(default, alias = "asOf", skip_serializing_if = "Option::is_none")]
    pub as_of: Option<DateTime<Utc>>,
}

/// One contract of a chain. Greeks are per share, theta a calendar day, vega a volatility point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "OptionContract")]
pub struct OptionContractData {
    /// OCC symbol.
    pub symbol: String,
    /// Strike, in dollars.
    pub strike: f64,
    /// Listed expiration.
    pub expiration: NaiveDate,
    /// `call` or `put`.
    pub option_type: OptionRight,
    /// Best bid, in dollars a share.
    pub bid: Option<f64>,
    /// Best ask, in dollars a share.
    pub ask: Option<f64>,
    /// Between bid and ask, where both stand.
    pub mid: Option<f64>,
    /// Contracts traded in the session so far.
    pub volume: u64,
    /// Open interest; null where it is not reported.
    pub open_interest: Option<u64>,
    /// Implied volatility, a fraction.
    pub iv: Option<f64>,
    /// Delta.
    pub delta: Option<f64>,
    /// Gamma.
    pub gamma: Option<f64>,
    /// Theta.
    pub theta: Option<f64>,
    /// Vega.
    pub vega: Option<f64>,
}

/// A chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OptionChainData {
    /// Ticker of the underlying.
    pub symbol: Symbol,
    /// Price of the underlying beside the chain, in dollars.
    pub underlying_price: Option<f64>,
    /// Market time of the chain.
    pub timestamp: DateTime<Utc>,
    /// Which provider said so.
    pub source: String,
    /// Listed expirations, nearest first.
    pub expirations: Vec<NaiveDate>,
    /// The contracts, by expiration, strike and right.
    pub contracts: Vec<OptionContractData>,
}

/// What is known about a symbol beyond its price.
// On the wire it is one flat record with absences as null. The worker's own `ttai_ports::MarketFigures` is the part of it that
// is computed, beside facts that each say why they are not known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MarketMetrics {
    /// Ticker.
    pub symbol: Symbol,
    /// Next earnings report.
    pub next_earnings: Option<NaiveDate>,
    /// Whether the company confirmed its date; an estimate may be a week off either way. None where no date is known.
    #[serde(default)]
    pub earnings_confirmed: Option<bool>,
    /// Calendar days to it in New York.
    pub days_to_earnings: Option<i64>,
    /// Calendar days to the first last trade date that spans it, an estimate's week either way included; none where no date is known.
    #[serde(default)]
    pub days_to_earnings_window: Option<i64>,
    /// 30-day implied volatility, a fraction.
    pub iv30: Option<f64>,
    /// IV rank, 0 to 100.
    pub iv_rank: Option<f64>,
    /// IV percentile, 0 to 100.
    pub iv_percentile: Option<f64>,
    /// 30-day historical volatility, a fraction.
    pub hv30: Option<f64>,
    /// Against the S&P 500.
    pub beta: Option<f64>,
    /// How well its options trade, 1 (poor) to 5.
    pub liquidity_rating: Option<f64>,
    /// What borrowing its shares costs, in percent a year.
    pub borrow_rate: Option<f64>,
    /// Industry sector.
    pub sector: Option<String>,
}

/// Metrics by symbol. A symbol of which nothing is known is left out.
pub type MetricsBySymbol = BTreeMap<Symbol, MarketMetrics>;
