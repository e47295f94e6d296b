//! A user's own symbols as candidates, where no scanner is to be had or wanted.
//!
//! What is asked of a candidate is looked up symbol by symbol. A figure that nobody knows — no source has a market
//! capitalisation — fits no bound on it. Whether a symbol is a fund is not asked: who lists it wants it.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::StreamExt;
use ttai_core::{DailyBar, Symbol};
use ttai_ports::{Fact, MarketData, Metrics, PortError, ScanMatch, ScanRequest, Scanner, Unknown};

/// The provider's name in orders and errors.
pub(crate) const PROVIDER: &str = "list";
/// Symbols that are looked at at once.
const AT_ONCE: usize = 4;
/// Sessions of the average daily volume.
const VOLUME_SESSIONS: usize = 20;

/// The symbols, and who knows about them.
#[derive(Clone)]
pub struct OwnList {
    symbols: Arc<[Symbol]>,
    market: Arc<dyn MarketData>,
    metrics: Arc<dyn Metrics>,
}

impl OwnList {
    /// Candidates out of `symbols`, each once.
    #[must_use]
    pub fn new(symbols: &[Symbol], market: Arc<dyn MarketData>, metrics: Arc<dyn Metrics>) -> Self {
        let mut once: Vec<Symbol> = Vec::with_capacity(symbols.len());
        for symbol in symbols {
            if !once.contains(symbol) {
                once.push(symbol.clone());
            }
        }
        Self { symbols: once.into(), market, metrics }
    }

    /// The symbol where it fits; none where it does not.
    async fn look(&self, symbol: &Symbol, request: &ScanRequest) -> Result<Option<ScanMatch>, PortError> {
        let now = self.market.now(symbol).await?;
        let quote = self.market.quote(symbol, now).await?;
        let price = quote.price();
        if !within(price, request.min_price, request.max_price) || request.min_market_cap.is_some() {
            return Ok(None);
        }
        if let Some(least) = request.min_volume {
            let average = average_volume(&self.market.daily_history(symbol, now).await?.bars);
            if !within(average, Some(least as f64), None) {
                return Ok(None);
            }
        }
        let Some(sector) = self.sector(symbol, now, &request.sectors).await? else { return Ok(None) };
        Ok(Some(ScanMatch {
            symbol: symbol.clone(),
            name: String::new(),
            price,
            volume: Some(quote.volume as f64),
            market_cap: None,
            sector,
        }))
    }

    /// The sector, asked for only where some are wanted; none where it is another one, or unknown.
    async fn sector(
        &self,
        symbol: &Symbol,
        now: DateTime<Utc>,
        wanted: &[String],
    ) -> Result<Option<Option<String>>, PortError> {
        if wanted.is_empty() {
            return Ok(Some(None));
        }
        let record = self.metrics.metrics(symbol, now).await?.unwrap_or_default();
        // Whose sector could not be read was not looked at; it is not of another sector.
        let sector = match record.known(Fact::Sector, record.sector.clone()) {
            Err(Unknown::Unreachable(error)) => return Err(error),
            sector => sector.unwrap_or_default(),
        };
        let fits = |sector: &String| wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(sector));
        Ok(sector.filter(fits).map(Some))
    }
}

fn within(value: Option<f64>, least: Option<f64>, most: Option<f64>) -> bool {
    match value {
        Some(value) => least.is_none_or(|least| value >= least) && most.is_none_or(|most| value <= most),
        None => least.is_none() && most.is_none(),
    }
}

/// Shares a session over the last finished ones; none without any.
fn average_volume(bars: &[DailyBar]) -> Option<f64> {
    let recent = &bars[bars.len().saturating_sub(VOLUME_SESSIONS)..];
    (!recent.is_empty()).then(|| recent.iter().map(|bar| bar.volume).sum::<f64>() / recent.len() as f64)
}

#[async_trait]
impl Scanner for OwnList {
    fn name(&self) -> &str {
        PROVIDER
    }

    /// A symbol that cannot be looked at is left out and named in the log; where none can be, the scan fails.
    async fn scan(&self, request: &ScanRequest) -> Result<Vec<ScanMatch>, PortError> {
        let looks = self.symbols.iter().cloned().map(|symbol| {
            let (list, request) = (self.clone(), request.clone());
            async move { list.look(&symbol, &request).await }
        });
        let looks: Vec<_> = futures::stream::iter(looks).buffered(AT_ONCE).collect().await;
        let mut found = Vec::new();
        let mut failures = Vec::new();
        for (symbol, look) in self.symbols.iter().zip(looks) {
            match look {
                Ok(fits) => found.extend(fits),
                Err(error) => {
                    tracing::warn!(%symbol, "{error}; it is no candidate");
                    failures.push(error);
                }
            }
        }
        if failures.len() == self.symbols.len()
            && let Some(error) = failures.into_iter().next()
        {
            return Err(error);
        }
        found.sort_by(|a, b| b.volume.unwrap_or(0.0).total_cmp(&a.volume.unwrap_or(0.0)));
        found.truncate(request.limit as usize);
        Ok(found)
    }
}
