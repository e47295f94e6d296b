//! DXLink as tastytrade's stream: its quote tokens open the connection, and the connection's bars are its history.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};
use secrecy::SecretString;
use tokio::sync::Mutex;
use tokio::time::Instant;
use ttai_calendar::{new_york_date, session};
use ttai_core::{DailyBar, MinuteBar, Symbol};
use ttai_ports::{PortError, StreamSymbol};

use super::candle::{CandlePeriod, CandleSymbol, TradingHours};
use super::client::DxLink;
use super::token::{StreamAccess, TokenSource};
use crate::tastytrade::{CandleSource, QuoteToken, Tastytrade};

/// Tokens live for 24 hours; they are replaced an hour before, by our own stopwatch.
const KEPT_FOR: std::time::Duration = std::time::Duration::from_secs(23 * 3600);
/// How far before the provider's now a moment may lie and still be its present.
const PRESENT: Duration = Duration::minutes(15);

/// tastytrade's quote tokens, each kept until shortly before its end or until the stream refuses it.
pub struct QuoteTokens {
    broker: Arc<Tastytrade>,
    kept: Mutex<Option<(StreamAccess, Instant)>>,
}

impl QuoteTokens {
    /// Tokens of an account.
    #[must_use]
    pub fn new(broker: Arc<Tastytrade>) -> Self {
        Self { broker, kept: Mutex::new(None) }
    }

    async fn fetch(&self) -> Result<StreamAccess, PortError> {
        let QuoteToken { token, url, .. } = self.broker.quote_token().await?;
        Ok(StreamAccess { url, token })
    }
}

#[async_trait]
impl TokenSource for QuoteTokens {
    async fn access(&self, refused: Option<&SecretString>) -> Result<StreamAccess, PortError> {
        // Held while asking, so that many connections ask once.
        let mut kept = self.kept.lock().await;
        let good = kept.take().filter(|(_, since)| refused.is_none() && since.elapsed() < KEPT_FOR);
        let (access, since) = match good {
            Some(good) => good,
            None => (self.fetch().await?, Instant::now()),
        };
        *kept = Some((access.clone(), since));
        Ok(access)
    }
}

#[async_trait]
impl CandleSource for DxLink {
    async fn daily(
        &self,
        symbol: &Symbol,
        from: NaiveDate,
        as_of: DateTime<Utc>,
    ) -> Result<Vec<DailyBar>, PortError> {
        let bars =
            self.candles(&of(symbol, CandlePeriod::DAY, TradingHours::Regular), midnight(from)).await?;
        let is_present = self.now() - as_of <= PRESENT;
        let mut bars = bars.daily_bars()?;
        bars.retain(|bar| bar.date >= from && is_known(bar.date, as_of, is_present));
        Ok(bars)
    }

    async fn minutes(
        &self,
        symbol: &Symbol,
        date: NaiveDate,
        as_of: DateTime<Utc>,
    ) -> Result<Vec<MinuteBar>, PortError> {
        let Some(session) = session(date) else { return Ok(Vec::new()) };
        let wanted = of(symbol, CandlePeriod::MINUTE, TradingHours::Extended);
        let mut bars = self.candles(&wanted, session.pre_market_open()).await?.minute_bars();
        bars.retain(|bar| new_york_date(bar.start) == date && bar.start + Duration::minutes(1) <= as_of);
        Ok(bars)
    }
}

fn of(symbol: &Symbol, period: CandlePeriod, hours: TradingHours) -> CandleSymbol {
    CandleSymbol { symbol: StreamSymbol::Equity(symbol.clone()), period, hours }
}

fn midnight(date: NaiveDate) -> DateTime<Utc> {
    date.and_time(NaiveTime::MIN).and_utc()
}

/// Whether nothing in a day's bar is later than the moment: its session was over, or the moment is the present.
fn is_known(date: NaiveDate, as_of: DateTime<Utc>, is_present: bool) -> bool {
    let today = new_york_date(as_of);
    let over = session(date).is_some_and(|session| session.close <= as_of);
    date < today || (date == today && (over || is_present))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_known_when_it_is_over_or_now() {
        let date = |text: &str| text.parse::<NaiveDate>().unwrap();
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let noon = at("2026-09-18T16:00:00Z");
        assert!(is_known(date("2026-09-17"), noon, false));
        assert!(!is_known(date("2026-09-18"), noon, false));
        assert!(is_known(date("2026-09-18"), noon, true));
        assert!(is_known(date("2026-09-18"), at("2026-09-18T20:00:00Z"), false));
        assert!(!is_known(date("2026-09-21"), noon, true));
    }
}
