//! A market in which nothing happens by itself: every share stands at one price until somebody has it print.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use ttai_core::{DailyBar, MinuteBar, NewsStory, OptionChain, Quote, Symbol};
use ttai_ports::{
    DailyHistory, DataSource, MarketClock, MarketData, Metrics, News, NewsWindow, PortError, RiskFreeRate,
    SymbolMetrics,
};

/// What every share stands at, dollars.
pub(super) const PRICE: f64 = 100.0;
/// Finished sessions on record.
const DAYS: i64 = 30;

/// The market; it ends with a session.
pub(super) struct FlatMarket {
    pub(super) symbols: Vec<Symbol>,
    pub(super) end: DateTime<Utc>,
}

fn none_of(symbol: &Symbol, what: &str) -> PortError {
    PortError::NoData {
        provider: "flat".to_owned(),
        symbol: symbol.to_string(),
        what: what.to_owned(),
        detail: "nothing happens here by itself".to_owned(),
    }
}

#[async_trait]
impl MarketClock for FlatMarket {
    async fn now(&self, _: &Symbol) -> Result<DateTime<Utc>, PortError> {
        Ok(self.end)
    }
}

#[async_trait]
impl MarketData for FlatMarket {
    fn source(&self) -> DataSource {
        let description = format!("flat market of {} shares", self.symbols.len());
        DataSource { name: "flat".to_owned(), simulated: true, description }
    }

    async fn symbols(&self) -> Result<Vec<Symbol>, PortError> {
        Ok(self.symbols.clone())
    }

    async fn quote(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<Quote, PortError> {
        Ok(Quote {
            symbol: symbol.clone(),
            bid: Some(Decimal::new(9_999, 2)),
            ask: Some(Decimal::new(10_001, 2)),
            last: Some(Decimal::ONE_HUNDRED),
            volume: 0,
            market_time: as_of,
            received_at: as_of,
            source: "flat".to_owned(),
            conditions: Vec::new(),
        })
    }

    async fn daily_history(&self, _: &Symbol, as_of: DateTime<Utc>) -> Result<DailyHistory, PortError> {
        let today = ttai_calendar::new_york_date(as_of);
        let dates = (1..DAYS).rev().filter_map(|ago| today.checked_sub_signed(TimeDelta::days(ago)));
        let bars = dates
            .filter(|date| ttai_calendar::session(*date).is_some())
            .filter_map(|date| DailyBar::new(date, PRICE, PRICE, PRICE, PRICE, 1e6).ok());
        Ok(DailyHistory {
            bars: bars.collect(),
            today: None,
            splits: Vec::new(),
            dividends: Vec::new(),
            actions_unknown: None,
            warnings: Vec::new(),
        })
    }

    async fn minute_bars(
        &self,
        _: &Symbol,
        _: NaiveDate,
        _: DateTime<Utc>,
    ) -> Result<Vec<MinuteBar>, PortError> {
        Ok(Vec::new())
    }

    async fn option_chain(&self, symbol: &Symbol, _: DateTime<Utc>) -> Result<OptionChain, PortError> {
        Err(none_of(symbol, "options"))
    }

    async fn risk_free_rate(&self, _: DateTime<Utc>) -> Result<RiskFreeRate, PortError> {
        Ok(RiskFreeRate { continuous: 0.0, source: "flat".to_owned() })
    }
}

#[async_trait]
impl Metrics for FlatMarket {
    async fn metrics(&self, _: &Symbol, _: DateTime<Utc>) -> Result<Option<SymbolMetrics>, PortError> {
        Ok(None)
    }
}

#[async_trait]
impl News for FlatMarket {
    async fn stories(&self, _: &Symbol, _: NewsWindow) -> Result<Option<Vec<NewsStory>>, PortError> {
        Ok(None)
    }
}
