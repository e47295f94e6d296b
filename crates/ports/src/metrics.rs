//! Facts about a symbol beyond its prices: earnings, short interest, volatility, beta, liquidity, borrowing.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::Symbol;

use crate::error::PortError;
use crate::provenance::Provenance;

/// When in the day a company reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EarningsTime {
    /// Before the open.
    BeforeMarket,
    /// After the close.
    AfterMarket,
    /// Not said.
    Unknown,
}

/// The next earnings report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EarningsDate {
    /// Calendar day in New York.
    pub date: NaiveDate,
    /// Time of day.
    pub time: EarningsTime,
    /// Whether the company confirmed it; an unconfirmed date may be a week off either way.
    pub confirmed: bool,
}

/// Shares sold short.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShortInterest {
    /// Settlement date of the report.
    pub as_of: NaiveDate,
    /// Short shares as a percentage of the float (0 to 100 and beyond).
    pub percent_of_float: f64,
    /// Short shares over average daily volume, in days.
    pub days_to_cover: f64,
}

/// What follows from prices and positions, as a provider keeps it or as it was computed from bars and chain.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MarketFigures {
    /// Implied volatility interpolated to 30 days, a fraction a year.
    pub iv30: Option<f64>,
    /// Where it stands in its range of the last year, 0 to 100.
    pub iv_rank: Option<f64>,
    /// Share of the last year's sessions with a lower one, 0 to 100.
    pub iv_percentile: Option<f64>,
    /// Historical volatility of the last 30 sessions, close to close, a fraction a year.
    pub hv30: Option<f64>,
    /// Against the S&P 500 (SPY), over a year of daily returns unless the provider has a rule of its own.
    pub beta: Option<f64>,
    /// How well its options trade, 1 (poor) to 5.
    pub liquidity_rating: Option<f64>,
    /// What borrowing its shares costs, percent a year.
    pub borrow_rate: Option<f64>,
    /// Whether its shares can be borrowed, in the provider's words: `Easy To Borrow`.
    pub lendability: Option<String>,
}

/// What is known about a symbol; each absence is an absence, never a guess.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SymbolMetrics {
    /// The next report after the moment.
    pub next_earnings: Option<EarningsDate>,
    /// The newest short-interest report before the moment.
    pub short_interest: Option<ShortInterest>,
    /// Implied volatility over 30 days at each past session's close, oldest first, as fractions.
    pub iv30_history: Vec<f64>,
    /// Industry sector as the source names it.
    pub sector: Option<String>,
    /// Volatility, beta, liquidity, borrowing.
    pub figures: MarketFigures,
}

/// Source of [`SymbolMetrics`].
#[async_trait]
pub trait Metrics: Send + Sync {
    /// What is known about `symbol` at `as_of`; `None` where the provider keeps no such record at all.
    async fn metrics(
        &self,
        symbol: &Symbol,
        as_of: DateTime<Utc>,
    ) -> Result<Option<SymbolMetrics>, PortError>;
    /// The same for one request, writing into `provenance` who serves it; none where one provider always does.
    fn for_request(&self, _provenance: &Provenance) -> Option<Arc<dyn Metrics>> {
        None
    }
}
