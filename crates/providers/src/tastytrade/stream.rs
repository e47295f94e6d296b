//! The stream beside the REST API: tastytrade gives its token, and its candles are tastytrade's bars.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use ttai_calendar::{new_york_date, session};
use ttai_core::{MinuteBar, Symbol};
use ttai_ports::{PortError, StreamSymbol};

use super::candles::{CandleSource, DailyCandles};
use super::{PRESENT, PROVIDER, Tastytrade};
use crate::dxlink::{
    CandleHistory, CandlePeriod, CandleSymbol, DxLink, DxLinkConfig, StreamAccess, TokenSource, TradingHours,
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

fn candles(symbol: &Symbol, period: CandlePeriod, hours: TradingHours) -> CandleSymbol {
    CandleSymbol { symbol: StreamSymbol::Equity(symbol.clone()), period, hours }
}

#[async_trait]
impl CandleSource for DxLink {
    async fn daily(
        &self,
        symbol: &Symbol,
        from: NaiveDate,
        as_of: DateTime<Utc>,
    ) -> Result<DailyCandles, PortError> {
        let wanted = candles(symbol, CandlePeriod::DAY, TradingHours::Regular);
        let history = self.candles(&wanted, from.and_time(NaiveTime::MIN).and_utc()).await?;
        known_days(&history, symbol, as_of, self.now())
    }

    async fn minutes(
        &self,
        symbol: &Symbol,
        session: NaiveDate,
        as_of: DateTime<Utc>,
    ) -> Result<Vec<MinuteBar>, PortError> {
        let Some(hours) = ttai_calendar::session(session) else { return Ok(Vec::new()) };
        let wanted = candles(symbol, CandlePeriod::MINUTE, TradingHours::Extended);
        let from = hours.pre_market_open();
        let history = self.candles(&wanted, from).await?;
        let mut bars = whole_minutes(&history, symbol, from)?;
        bars.retain(|bar| new_york_date(bar.start) == session && bar.start + Duration::minutes(1) <= as_of);
        Ok(bars)
    }
}

/// The days that were known at `as_of`.
///
/// # Errors
/// [`PortError::NoData`] where the server sends only later ones; [`PortError::Corrupt`] for an impossible bar.
fn known_days(
    history: &CandleHistory,
    symbol: &Symbol,
    as_of: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<DailyCandles, PortError> {
    let mut bars = history.daily_bars()?;
    bars.retain(|bar| was_known(bar.date, as_of, now));
    if history.truncated && bars.is_empty() {
        return Err(truncated("daily bars", symbol, history));
    }
    Ok(DailyCandles { bars, truncated: history.truncated })
}

/// The minutes from a moment on. The server sends the newest first: where it stops before that moment, a session would look
/// shorter than it was, or as if nobody had traded.
///
/// # Errors
/// [`PortError::NoData`] where the server did not send all of them.
fn whole_minutes(
    history: &CandleHistory,
    symbol: &Symbol,
    from: DateTime<Utc>,
) -> Result<Vec<MinuteBar>, PortError> {
    let begins_late = history.bars.first().is_none_or(|oldest| oldest.time > from);
    if history.truncated && begins_late {
        return Err(truncated("minute bars", symbol, history));
    }
    Ok(history.minute_bars())
}

fn truncated(what: &str, symbol: &Symbol, history: &CandleHistory) -> PortError {
    let detail = match history.bars.first() {
        Some(oldest) => format!("its stream sends none from before {}; ask for a later time", oldest.time),
        None => "its stream sends none from so long ago; ask for a later time".to_owned(),
    };
    PortError::NoData {
        provider: PROVIDER.to_owned(),
        what: what.to_owned(),
        symbol: symbol.to_string(),
        detail,
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
    use crate::dxlink::Candle;

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
        let wanted = candles(&symbol, CandlePeriod::DAY, TradingHours::Regular);
        assert_eq!(wanted.to_string(), "SPX{=d,tho=true}");
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// Bars at these times, of which the server said that it left older ones out, or not.
    fn sent(truncated: bool, times: &[&str]) -> CandleHistory {
        let bar = |time: &&str| Candle::flat(at(time));
        CandleHistory { bars: times.iter().map(bar).collect(), truncated }
    }

    #[test]
    fn a_session_that_is_not_sent_whole_is_an_error() {
        let aapl = Symbol::new("AAPL").unwrap();
        let from = at("2026-09-18T08:00:00Z");
        let minutes = |truncated, times: &[&str]| whole_minutes(&sent(truncated, times), &aapl, from);
        let afternoon = ["2026-09-18T18:00:00Z", "2026-09-18T18:01:00Z"];
        assert_eq!(minutes(false, &afternoon).unwrap().len(), 2);
        let error = minutes(true, &afternoon).unwrap_err();
        assert!(matches!(error, PortError::NoData { .. }) && error.to_string().contains("18:00"), "{error}");
        // Only later sessions came: this one would be empty.
        assert!(minutes(true, &["2026-09-21T14:00:00Z"]).is_err());
        assert!(minutes(true, &[]).is_err());
        assert_eq!(minutes(true, &["2026-09-18T08:00:00Z", "2026-09-18T18:00:00Z"]).unwrap().len(), 2);
    }

    #[test]
    fn days_that_are_not_sent_are_told_of() {
        let aapl = Symbol::new("AAPL").unwrap();
        let now = at("2026-09-18T21:00:00Z");
        let days = |truncated, as_of| {
            known_days(&sent(truncated, &["2026-09-17T00:00:00Z", "2026-09-18T00:00:00Z"]), &aapl, as_of, now)
        };
        assert!(days(true, now).unwrap().truncated && !days(false, now).unwrap().truncated);
        let long_ago = at("2024-09-18T21:00:00Z");
        assert!(matches!(days(true, long_ago), Err(PortError::NoData { .. })));
        assert!(days(false, long_ago).unwrap().bars.is_empty());
    }
}
