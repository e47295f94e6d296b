//! tastytrade's stream at another address, and its bars for symbols that exist.

use std::collections::HashSet;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use secrecy::SecretString;
use tokio::sync::Mutex;
use ttai_core::{MinuteBar, Symbol};
use ttai_ports::PortError;
use ttai_providers::dxlink::{DxLink, StreamAccess, TokenSource};
use ttai_providers::tastytrade::{CandleSource, DailyCandles, Tastytrade};
use url::Url;

/// tastytrade's quote tokens, for the configured address instead of the one that comes with them.
pub(super) struct QuoteTokens {
    pub(super) tastytrade: Tastytrade,
    pub(super) address: Option<Url>,
}

#[async_trait]
impl TokenSource for QuoteTokens {
    async fn access(&self, refused: Option<&SecretString>) -> Result<StreamAccess, PortError> {
        let access = self.tastytrade.access(refused).await?;
        let url = self.address.as_ref().map_or_else(|| access.url.clone(), Url::to_string);
        Ok(StreamAccess { url, ..access })
    }
}

/// DXLink's bars. It says nothing about a symbol that it does not know, so the REST API is asked first whether there is
/// one: a wrong ticker is an answer and not a timeout.
pub(super) struct StreamCandles {
    tastytrade: Tastytrade,
    stream: DxLink,
    known: Mutex<HashSet<Symbol>>,
}

impl StreamCandles {
    /// Bars over `stream`.
    pub(super) fn over(tastytrade: Tastytrade, stream: DxLink) -> Self {
        Self { tastytrade, stream, known: Mutex::default() }
    }

    async fn check(&self, symbol: &Symbol) -> Result<(), PortError> {
        if self.known.lock().await.contains(symbol) {
            return Ok(());
        }
        self.tastytrade.equity(symbol).await?;
        self.known.lock().await.insert(symbol.clone());
        Ok(())
    }
}

#[async_trait]
impl CandleSource for StreamCandles {
    async fn daily(
        &self,
        symbol: &Symbol,
        from: NaiveDate,
        as_of: DateTime<Utc>,
    ) -> Result<DailyCandles, PortError> {
        self.check(symbol).await?;
        self.stream.daily(symbol, from, as_of).await
    }

    async fn minutes(
        &self,
        symbol: &Symbol,
        session: NaiveDate,
        as_of: DateTime<Utc>,
    ) -> Result<Vec<MinuteBar>, PortError> {
        self.check(symbol).await?;
        self.stream.minutes(symbol, session, as_of).await
    }
}
