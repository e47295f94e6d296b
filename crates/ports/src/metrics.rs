//! Facts about a symbol beyond its prices: earnings, short interest.

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
