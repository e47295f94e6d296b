//! What syncs stored of the market, as the metrics read it.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use ttai_activities::market_owner;
use ttai_contract::SyncSource;
use ttai_core::Symbol;
use ttai_ports::{MarketData, StoreError, SyncedResource, SyncedRows, VolatilityHistory};
use ttai_store::Database;

/// Sessions of a year.
const YEAR: u32 = 252;

/// The rows of one market.
pub(crate) struct StoredMetrics {
    owner: String,
    rows: Arc<Database>,
}

impl StoredMetrics {
    pub(crate) fn of(market: &dyn MarketData, rows: Arc<Database>) -> Self {
        Self { owner: market_owner(market), rows }
    }
}

#[async_trait]
impl VolatilityHistory for StoredMetrics {
    async fn iv30_before(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<Vec<f64>, StoreError> {
        let of = SyncedResource {
            owner: self.owner.clone(),
            source: SyncSource::Metrics.as_str().to_owned(),
            resource: symbol.to_string(),
        };
        let rows = self.rows.synced_rows(&of, as_of, YEAR).await?;
        Ok(rows.iter().filter_map(|row| row.row.get("iv30")?.as_f64()).collect())
    }
}
