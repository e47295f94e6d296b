//! A market in which nothing happens by itself: every share stands at one price until somebody has it print.

use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::Context;
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use ttai_calendar::new_york_instant;
use ttai_core::{DailyBar, MinuteBar, NewsStory, OptionChain, Quote, Symbol};
use ttai_ports::{
    DailyHistory, DataSource, MarketClock, MarketData, Metrics, News, NewsWindow, PortError, RiskFreeRate,
    SymbolMetrics,
};
use ttai_sim::server::{RunningSim, SimOptions, SimStart, start};

/// What every share stands at, dollars.
pub(super) const PRICE: f64 = 100.0;
/// Finished sessions on record.
const DAYS: i64 = 30;

/// The market on one day.
pub(super) struct FlatMarket {
    symbols: Vec<Symbol>,
    begin: DateTime<Utc>,
    end: DateTime<Utc>,
    history: DailyHistory,
}

impl FlatMarket {
    /// A market of so many symbols of four letters.
    pub(super) fn of(count: u32) -> anyhow::Result<Self> {
        let day = NaiveDate::from_ymd_opt(2026, 9, 18).context("no such day")?;
        let (begin, end) = (new_york_instant(day, 10, 0)?, new_york_instant(day, 16, 0)?);
        let before = (1..DAYS).rev().filter_map(|ago| day.checked_sub_signed(TimeDelta::days(ago)));
        let bars = before
            .filter(|date| ttai_calendar::session(*date).is_some())
            .filter_map(|date| DailyBar::new(date, PRICE, PRICE, PRICE, PRICE, 1e6).ok());
        let history = DailyHistory {
            bars: bars.collect(),
            today: None,
            splits: Vec::new(),
            dividends: Vec::new(),
            actions_unknown: None,
            warnings: Vec::new(),
        };
        Ok(Self { symbols: (0..count).map(symbol).collect::<anyhow::Result<_>>()?, begin, end, history })
    }

    /// Serves it at real speed from 10:00 on.
    pub(super) async fn serve(self) -> anyhow::Result<RunningSim> {
        let begin = SimStart::At(self.begin);
        let listen = (Ipv4Addr::LOCALHOST, 0).into();
        let source = Arc::new(self);
        Ok(start(SimOptions { listen, source, start: begin, speed: 1.0, faults: Vec::new() }).await?)
    }
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

    async fn daily_history(&self, _: &Symbol, _: DateTime<Utc>) -> Result<DailyHistory, PortError> {
        Ok(self.history.clone())
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

/// Three letters that no other number has.
fn symbol(number: u32) -> anyhow::Result<Symbol> {
    let letter = |place: u32| char::from(b'A' + u8::try_from(number / 26_u32.pow(place) % 26).unwrap_or(0));
    Ok(Symbol::new(&format!("Z{}{}{}", letter(2), letter(1), letter(0)))?)
}
