//! Fetches Cboe's files. They need no account; they bear about fifty calls a minute from one address.

use std::sync::Arc;

use http::StatusCode;
use ttai_core::Symbol;
use ttai_http::{Service, ServiceConfig};
use ttai_ports::{AccountLimits, PortError, RateLimit};
use url::Url;

use super::PROVIDER;
use super::error::unlisted;
use super::model::{CboeBar, CboeChain, CboeQuote, corrupt, parse_chain, parse_history, parse_quote};
use crate::cached::{Cache, Cached};

/// One file serves everybody who asks within a minute.
const FRESH: std::time::Duration = std::time::Duration::from_secs(60);
/// Cboe publishes no limit; others have measured that a steady 45 a minute is borne and 60 is not.
const RATE: RateLimit = RateLimit { per_minute: 40, burst: 8 };
/// Where the files lie.
const ROOT: &str = "api/global/delayed_quotes";
/// Indices whose files have a leading underscore (Cboe's own and those with options there).
const INDICES: [&str; 24] = [
    "SPX", "XSP", "SPXW", "NDX", "NDXP", "XND", "RUT", "RUTW", "MRUT", "VIX", "VIXW", "VIX1D", "VIX9D",
    "VIX3M", "VIX6M", "VIX1Y", "VVIX", "VXN", "RVX", "SKEW", "DJX", "DJI", "OEX", "XEO",
];

/// Cboe's files and what is remembered of them.
#[derive(Debug)]
pub(super) struct Client {
    service: Service,
    quotes: Cache<CboeQuote>,
    chains: Cache<CboeChain>,
    histories: Cache<Vec<CboeBar>>,
}

impl Client {
    pub(super) fn new(base_url: Url, limits: Arc<dyn AccountLimits>) -> Result<Self, PortError> {
        let mut config = ServiceConfig::new(PROVIDER, base_url);
        config.rate = RATE;
        config.max_body = 64 << 20;
        config.timeout = std::time::Duration::from_secs(30);
        Ok(Self {
            service: Service::new(config, limits, None)?,
            quotes: Cache::new(2_000, FRESH),
            chains: Cache::new(32, FRESH),
            histories: Cache::new(256, FRESH),
        })
    }

    pub(super) fn service(&self) -> &Service {
        &self.service
    }

    /// The quote: from a chain that is in memory, else from its own file.
    pub(super) async fn quote(&self, symbol: &Symbol) -> Result<(CboeQuote, Cached<()>), PortError> {
        let file = file(symbol);
        if let Some(chain) = self.chains.peek(&file) {
            return Ok((chain.value.underlying.clone(), without_value(&chain)));
        }
        let path = format!("{ROOT}/quotes/{file}.json");
        let cached =
            self.quotes.get(&file, |known| self.fetch("quotes", path, symbol, known, parse_quote)).await?;
        Ok(((*cached.value).clone(), without_value(&cached)))
    }

    /// The chain with its underlying.
    pub(super) async fn chain(&self, symbol: &Symbol) -> Result<Cached<CboeChain>, PortError> {
        let file = file(symbol);
        let path = format!("{ROOT}/options/{file}.json");
        self.chains.get(&file, |known| self.fetch("options", path, symbol, known, parse_chain)).await
    }

    /// Every daily bar since the listing.
    pub(super) async fn history(&self, symbol: &Symbol) -> Result<Cached<Vec<CboeBar>>, PortError> {
        let file = file(symbol);
        let path = format!("{ROOT}/charts/historical/{file}.json");
        self.histories.get(&file, |known| self.fetch("history", path, symbol, known, parse_history)).await
    }

    async fn fetch<T: Send + Sync + 'static>(
        &self,
        operation: &'static str,
        path: String,
        symbol: &Symbol,
        known: Option<Cached<T>>,
        parse: fn(&[u8]) -> Result<T, PortError>,
    ) -> Result<Cached<T>, PortError> {
        let mut request = self
            .service
            .get(operation, &path)
            .accept(StatusCode::NOT_MODIFIED)
            .accept(StatusCode::NOT_FOUND)
            .accept(StatusCode::FORBIDDEN);
        if let Some(etag) = known.as_ref().and_then(|known| known.etag.as_ref()) {
            request = request.header("if-none-match", etag);
        }
        let response = request.send().await?;
        let now = self.service.now();
        match (response.status, known) {
            (StatusCode::NOT_FOUND | StatusCode::FORBIDDEN, _) => Err(unlisted(operation, symbol)),
            (StatusCode::NOT_MODIFIED, Some(known)) => Ok(Cached::new(known.value, now, known.etag)),
            (StatusCode::NOT_MODIFIED, None) => Err(corrupt(format!("{operation}: 304 without a condition"))),
            _ => {
                let etag = response.header("etag").map(str::to_owned);
                let body = response.body;
                let value = tokio::task::spawn_blocking(move || parse(&body))
                    .await
                    .map_err(|error| corrupt(format!("{operation}: reading was cut short: {error}")))??;
                Ok(Cached::new(Arc::new(value), now, etag))
            }
        }
    }
}

fn without_value<T>(cached: &Cached<T>) -> Cached<()> {
    Cached::new(Arc::new(()), cached.received_at, None)
}

/// The name of a symbol's files: an index has a leading underscore, whether it was asked for with `^`, `_` or neither.
pub(super) fn file(symbol: &Symbol) -> String {
    let name = symbol.as_str().trim_start_matches(['^', '_']);
    let file = name.replace('/', ".");
    if is_index(symbol) { format!("_{file}") } else { file }
}

/// Whether a symbol is an index by its spelling or by the list.
pub(super) fn is_index(symbol: &Symbol) -> bool {
    let name = symbol.as_str();
    name.starts_with(['^', '_']) || INDICES.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_have_an_underscore() {
        for (symbol, name) in
            [("AAPL", "AAPL"), ("BRK/B", "BRK.B"), ("SPX", "_SPX"), ("^VXAPL", "_VXAPL"), ("_DJX", "_DJX")]
        {
            assert_eq!(file(&Symbol::new(symbol).unwrap()), name);
        }
    }
}
