//! Candidates from a market-wide scan.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use ttai_core::Symbol;

use crate::error::PortError;

/// What to look for. Every bound is inclusive; none means no bound.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ScanRequest {
    /// Lowest price in dollars.
    pub min_price: Option<f64>,
    /// Highest price in dollars.
    pub max_price: Option<f64>,
    /// Least average daily volume in shares.
    pub min_volume: Option<u64>,
    /// Least market capitalisation in dollars.
    pub min_market_cap: Option<f64>,
    /// Sectors, as the provider names them; empty for all.
    pub sectors: Vec<String>,
    /// Whether funds are wanted too.
    pub include_funds: bool,
    /// How many at most, 1 to 1,000.
    pub limit: u32,
}

/// A symbol that fits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScanMatch {
    /// The symbol.
    pub symbol: Symbol,
    /// Its name, possibly empty.
    pub name: String,
    /// Last price in dollars.
    pub price: Option<f64>,
    /// Shares traded today.
    pub volume: Option<f64>,
    /// Market capitalisation in dollars.
    pub market_cap: Option<f64>,
    /// Sector as the provider names it.
    pub sector: Option<String>,
}

/// Finds candidates.
#[async_trait]
pub trait Scanner: Send + Sync {
    /// Who this is.
    fn name(&self) -> &str;
    /// The candidates, most traded first.
    async fn scan(&self, request: &ScanRequest) -> Result<Vec<ScanMatch>, PortError>;
}
