//! The past of the implied volatility where no provider keeps it: as it was stored day by day, so that a rank can be told from it.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use ttai_core::Symbol;
use ttai_ports::{Fact, Metrics, PortError, Provenance, SymbolMetrics, VolatilityHistory};

/// Metrics whose volatility's past comes from a store where nobody else keeps it.
#[derive(Clone)]
pub struct StoredVolatility {
    metrics: Arc<dyn Metrics>,
    history: Arc<dyn VolatilityHistory>,
}

impl StoredVolatility {
    /// `metrics`, completed from `history`.
    #[must_use]
    pub fn over(metrics: Arc<dyn Metrics>, history: Arc<dyn VolatilityHistory>) -> Self {
        Self { metrics, history }
    }
}

#[async_trait]
impl Metrics for StoredVolatility {
    fn provides(&self, fact: Fact) -> bool {
        self.metrics.provides(fact)
    }

    async fn prefetch(&self, symbols: &[Symbol], as_of: DateTime<Utc>) {
        self.metrics.prefetch(symbols, as_of).await;
    }

    async fn metrics(
        &self,
        symbol: &Symbol,
        as_of: DateTime<Utc>,
    ) -> Result<Option<SymbolMetrics>, PortError> {
        let Some(mut record) = self.metrics.metrics(symbol, as_of).await? else { return Ok(None) };
        if !record.unknown.contains_key(&Fact::VolatilityRank) {
            return Ok(Some(record));
        }
        match self.history.iv30_before(symbol, as_of).await {
            Ok(history) if !history.is_empty() => {
                record.unknown.remove(&Fact::VolatilityRank);
                record.iv30_history = history;
                record.iv30_dates.clear();
            }
            Ok(_) => {}
            // Without the store there is no rank; the rest of the record stands.
            Err(error) => tracing::debug!(%symbol, "the stored volatility cannot be read: {error}"),
        }
        Ok(Some(record))
    }

    fn for_request(&self, provenance: &Provenance) -> Option<Arc<dyn Metrics>> {
        let metrics = self.metrics.for_request(provenance)?;
        Some(Arc::new(Self { metrics, history: Arc::clone(&self.history) }))
    }
}

#[cfg(test)]
mod tests {
    use ttai_ports::{MarketFigures, StoreError, Unknown};

    use super::*;

    struct OfChain;

    #[async_trait]
    impl Metrics for OfChain {
        async fn metrics(
            &self,
            symbol: &Symbol,
            _: DateTime<Utc>,
        ) -> Result<Option<SymbolMetrics>, PortError> {
            let figures = MarketFigures { iv30: Some(0.3), ..MarketFigures::default() };
            let kept =
                if symbol.as_str() == "SPY" { &[Fact::VolatilityRank][..] } else { &[Fact::Figures][..] };
            Ok(Some(SymbolMetrics { figures, ..SymbolMetrics::providing(kept) }))
        }
    }

    struct Stored;

    #[async_trait]
    impl VolatilityHistory for Stored {
        async fn iv30_before(&self, symbol: &Symbol, _: DateTime<Utc>) -> Result<Vec<f64>, StoreError> {
            match symbol.as_str() {
                "AAPL" | "SPY" => Ok(vec![0.2, 0.4]),
                "NEW" => Ok(Vec::new()),
                _ => Err(StoreError::Unavailable("away".to_owned())),
            }
        }
    }

    #[tokio::test]
    async fn what_nobody_keeps_comes_from_the_store_and_what_somebody_keeps_stands() {
        let metrics = StoredVolatility::over(Arc::new(OfChain), Arc::new(Stored));
        let of = async |name: &str| {
            metrics.metrics(&Symbol::new(name).unwrap(), DateTime::UNIX_EPOCH).await.unwrap().unwrap()
        };
        let ranked = of("AAPL").await;
        assert_eq!(ranked.known(Fact::VolatilityRank, &ranked.iv30_history), Ok(&vec![0.2, 0.4]));
        assert!(of("SPY").await.iv30_history.is_empty(), "a provider's own, which is empty");
        for unranked in ["NEW", "AWAY"] {
            assert_eq!(of(unranked).await.known(Fact::VolatilityRank, ()), Err(Unknown::NotProvided));
        }
    }
}
