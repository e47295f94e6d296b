//! The stream beside the REST API: tastytrade gives its token, and its candles are tastytrade's bars.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use ttai_calendar::{new_york_date, session};
use ttai_core::{DailyBar, MinuteBar, Symbol};
use ttai_ports::{PortError, StreamSymbol};

use super::candles::CandleSource;
use super::{PRESENT, PROVIDER, Tastytrade, symbols};
use crate::dxlink::{
    CandlePeriod, CandleSymbol, DxLink, DxLinkConfig, StreamAccess, TokenSource, TradingHours,
};

/// A token that ends sooner than this is not used for another connection.
const TOKEN_MARGIN: Duration = Duration::minutes(5);

impl Tastytrade {
    /// With its stream: the same account with bars, and the stream for quotes, trades and Greeks. It connects once something
    /// is wanted of it.
    #[must_use]
    pub fn with_stream(self, config: DxLinkConfig) -> (Self, DxLink) {
        let stream = DxLink::new(config, Arc::new(self.clone()));
        (self.with_candles(Arc::new(stream.clone())), stream)
    }
}

#[async_trait]
impl TokenSource for Tastytrade {
    async fn access(&self, refused: Option<&SecretString>) -> Result<StreamAccess, PortError> {
        let mut held = self.client.quote_token.lock().await;
        let is_refused = |token: &SecretString| {
            refused.is_some_and(|refused| refused.expose_secret() == token.expose_secret())
        };
        let end = self.client.service.now() + TOKEN_MARGIN;
        if let Some(token) = held.as_ref().filter(|token| token.expires_at > end && !is_refused(&token.token))
        {
            return Ok(StreamAccess { url: token.url.clone(), token: token.token.clone() });
        }
        let token = self.quote_token().await?;
        let access = StreamAccess { url: token.url.clone(), token: token.token.clone() };
        *held = Some(token);
        Ok(access)
    }
}

fn candles(symbol: &Symbol, period: CandlePeriod, hours: TradingHours) -> Result<CandleSymbol, PortError> {
    // Indices have no prefix here either.
    let symbol = symbols::symbol(&symbols::ticker(symbol)).ok_or_else(|| PortError::UnknownSymbol {
        provider: PROVIDER.to_owned(),
        symbol: symbol.to_string(),
        hint: String::new(),
    })?;
    Ok(CandleSymbol { symbol: StreamSymbol::Equity(symbol), period, hours })
}

#[async_trait]
impl CandleSource for DxLink {
    async fn daily(
        &self,
        symbol: &Symbol,
        from: NaiveDate,
        as_of: DateTime<Utc>,
    ) -> Result<Vec<DailyBar>, PortError> {
        let wanted = candles(symbol, CandlePeriod::DAY, TradingHours::Regular)?;
        let history = self.candles(&wanted, from.and_time(NaiveTime::MIN).and_utc()).await?;
        let now = self.now();
        let mut bars = history.daily_bars()?;
        bars.retain(|bar| was_known(bar.date, as_of, now));
        Ok(bars)
    }

    async fn minutes(
        &self,
        symbol: &Symbol,
        session: NaiveDate,
        as_of: DateTime<Utc>,
    ) -> Result<Vec<MinuteBar>, PortError> {
        let Some(hours) = ttai_calendar::session(session) else { return Ok(Vec::new()) };
        let wanted = candles(symbol, CandlePeriod::MINUTE, TradingHours::Extended)?;
        let history = self.candles(&wanted, hours.pre_market_open()).await?;
        let mut bars = history.minute_bars();
        bars.retain(|bar| new_york_date(bar.start) == session && bar.start + Duration::minutes(1) <= as_of);
        Ok(bars)
    }
}

/// Whether a day's bar holds nothing from after `as_of`: its session had ended, or it is under way and `as_of` is now.
fn was_known(date: NaiveDate, as_of: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    let today = new_york_date(as_of);
    let ended = session(date).is_some_and(|hours| hours.close <= as_of);
    date < today || (date == today && (ended || now - as_of <= PRESENT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_under_way_counts_only_now() {
        let date = "2026-09-18".parse().unwrap();
        let at = |text: &str| -> DateTime<Utc> { text.parse().unwrap() };
        let noon = at("2026-09-18T16:00:00Z");
        assert!(was_known(date, noon, noon + Duration::minutes(1)));
        assert!(!was_known(date, noon, at("2026-09-18T19:00:00Z")));
        assert!(!was_known(date, noon, at("2026-09-21T19:00:00Z")));
        assert!(was_known(date, at("2026-09-18T20:00:00Z"), at("2026-09-21T19:00:00Z")));
        assert!(was_known(date, at("2026-09-21T15:00:00Z"), at("2026-09-21T15:00:00Z")));
        assert!(!was_known(date, at("2026-09-17T15:00:00Z"), noon));
    }

    #[test]
    fn an_index_is_asked_for_bare() {
        let symbol = Symbol::new("^SPX").unwrap();
        let wanted = candles(&symbol, CandlePeriod::DAY, TradingHours::Regular).unwrap();
        assert_eq!(wanted.to_string(), "SPX{=d,tho=true}");
    }
}
