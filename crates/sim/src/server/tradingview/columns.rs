//! What the scanner knows of a symbol: quotes, sizes and indicators of the present moment. Of a column that the service has
//! and the market has nothing for, it knows null.

use std::collections::HashMap;

use chrono::{Datelike, Duration, NaiveDate};
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Value, json};
use ttai_calendar::new_york_date;
use ttai_core::{DailyBar, Quote, Symbol};
use ttai_ports::{EarningsTime, PortError, SymbolMetrics};
use ttai_quant::indicators::{atr, ema, macd, rsi, sma};

use crate::server::listing::{self, ListingKind};
use crate::server::market::SimMarket;

/// Columns that the service has and this market has nothing for.
const NULL_COLUMNS: &[&str] = &[
    "ADX",
    "AnalystRating",
    "BB.lower",
    "BB.upper",
    "CCI20",
    "High.All",
    "Mom",
    "Recommend.All",
    "Stoch.D",
    "Stoch.K",
    "beta_1_year",
    "earnings_per_share_diluted_ttm",
    "earnings_per_share_diluted_yoy_growth_ttm",
    "earnings_release_date",
    "ex_dividend_date_recent",
    "ex_dividend_date_upcoming",
    "float_shares_outstanding",
    "index",
    "industry",
    "isin",
    "postmarket_change",
    "premarket_change",
    "premarket_close",
    "price_earnings_ttm",
    "total_revenue_ttm",
];
/// Columns that every table has.
const COLUMNS: &[&str] = &[
    "ATR",
    "EMA20",
    "EMA200",
    "EMA5",
    "EMA50",
    "High.1M",
    "Low.1M",
    "MACD.macd",
    "MACD.signal",
    "Perf.1M",
    "Perf.3M",
    "Perf.6M",
    "Perf.W",
    "Perf.Y",
    "Perf.YTD",
    "RSI",
    "SMA20",
    "SMA200",
    "SMA50",
    "VWAP",
    "Volatility.D",
    "Volatility.M",
    "Volatility.W",
    "active_symbol",
    "average_volume_10d_calc",
    "average_volume_30d_calc",
    "average_volume_60d_calc",
    "average_volume_90d_calc",
    "change",
    "change_abs",
    "change_from_open",
    "close",
    "country",
    "currency",
    "description",
    "dividends_yield_current",
    "earnings_release_next_date",
    "earnings_release_next_time",
    "exchange",
    "fractional",
    "fundamental_currency_code",
    "gap",
    "high",
    "is_primary",
    "logoid",
    "low",
    "market",
    "market_cap_basic",
    "minmov",
    "minmove2",
    "name",
    "open",
    "price_52_week_high",
    "price_52_week_low",
    "pricescale",
    "relative_volume_10d_calc",
    "sector",
    "type",
    "typespecs",
    "update_mode",
    "volume",
];
/// Sessions of a year.
const YEAR: usize = 252;
/// Shares in the world for each share traded a day; invented, as there is nothing to take it from.
const SHARES_PER_DAILY_SHARE: f64 = 250.0;

/// Whether the service has a column: plain, translated (`sector.tr`) or of another bar (`RSI|60`).
pub(super) fn is_known(name: &str) -> bool {
    let plain = plain(name);
    COLUMNS.contains(&plain) || NULL_COLUMNS.contains(&plain)
}

fn plain(name: &str) -> &str {
    let name = name.strip_suffix(".tr").unwrap_or(name);
    name.split_once('|').map_or(name, |(plain, _)| plain)
}

/// One symbol's columns.
pub(super) struct Table {
    /// `NASDAQ:AAPL`
    pub(super) symbol: String,
    values: HashMap<&'static str, Value>,
}

impl Table {
    /// What a column holds; null where nothing is known.
    pub(super) fn value(&self, column: &str) -> Value {
        // Bars of other lengths are not kept.
        if column.contains('|') {
            Value::Null
        } else {
            self.values.get(plain(column)).cloned().unwrap_or_default()
        }
    }

    pub(super) async fn of(market: &SimMarket, symbol: &Symbol) -> Result<Self, PortError> {
        let quote = match market.quote(symbol).await {
            Err(PortError::NoData { .. }) => None,
            other => Some(other?),
        };
        let bars = market.adjusted_daily(symbol).await?;
        let metrics = market.metrics(symbol).await?.unwrap_or_default();
        let dividends = market.daily(symbol).await?.dividends;
        let today = new_york_date(market.now());
        let mut table = Self { symbol: String::new(), values: HashMap::new() };
        table.listing(symbol, &metrics);
        table.prices(quote.as_ref(), &bars, today);
        table.averages(&bars);
        table.set(
            "earnings_release_next_date",
            metrics.next_earnings.as_ref().and_then(|next| {
                let hour = if next.time == EarningsTime::BeforeMarket { 8 } else { 16 };
                ttai_calendar::new_york_instant(next.date, hour, 30).ok().map(|at| json!(at.timestamp()))
            }),
        );
        let year = today - Duration::days(365);
        let paid: f64 = dividends
            .iter()
            .filter(|dividend| year < dividend.ex_date && dividend.ex_date <= today)
            .map(|dividend| dividend.amount)
            .sum();
        let price = table.value("close").as_f64();
        table.set(
            "dividends_yield_current",
            price.filter(|price| *price > 0.0).map(|price| json!(100.0 * paid / price)),
        );
        Ok(table)
    }

    fn set(&mut self, column: &'static str, value: Option<Value>) {
        self.values.insert(column, value.unwrap_or_default());
    }

    fn listing(&mut self, symbol: &Symbol, metrics: &SymbolMetrics) {
        let (kind, specs) = match listing::kind(symbol) {
            ListingKind::Stock => ("stock", json!(["common"])),
            ListingKind::Fund => ("fund", json!(["etf"])),
            ListingKind::Index => ("index", json!([])),
        };
        let exchange = listing::exchange(symbol);
        self.symbol = format!("{exchange}:{symbol}");
        for (column, value) in [
            ("name", json!(symbol)),
            ("description", json!(format!("{symbol} (simulated)"))),
            ("logoid", json!("")),
            ("exchange", json!(exchange)),
            ("market", json!("america")),
            ("country", json!("United States")),
            ("currency", json!("USD")),
            ("fundamental_currency_code", json!("USD")),
            ("type", json!(kind)),
            ("typespecs", specs),
            (
                "sector",
                metrics.sector.as_deref().map(|sector| json!(sector_name(sector))).unwrap_or_default(),
            ),
            ("is_primary", json!(true)),
            ("active_symbol", json!(true)),
            ("update_mode", json!("delayed_streaming_900")),
            ("pricescale", json!(100)),
            ("minmov", json!(1)),
            ("minmove2", json!(0)),
            ("fractional", json!("false")),
            ("earnings_release_next_time", Value::Null),
        ] {
            self.values.insert(column, value);
        }
    }

    fn prices(&mut self, quote: Option<&Quote>, bars: &[DailyBar], today: NaiveDate) {
        let running = bars.last().filter(|bar| bar.date == today);
        let finished = if running.is_some() { &bars[..bars.len().saturating_sub(1)] } else { bars };
        let last = bars.last();
        let previous = if running.is_some() { finished.last() } else { finished.iter().rev().nth(1) };
        let price = quote
            .and_then(|quote| quote.last.or(quote.mid()))
            .and_then(|price| price.to_f64())
            .or(last.map(|bar| bar.close));
        let before = previous.map(|bar| bar.close);
        let change = price.zip(before).map(|(price, before)| price - before);
        let percent = |of: Option<f64>| {
            price.zip(of).filter(|(_, of)| *of > 0.0).map(|(price, of)| 100.0 * (price / of - 1.0))
        };
        let number = |number: Option<f64>| number.map(|number| json!(number));
        self.set("close", number(price));
        self.set("open", number(last.map(|bar| bar.open)));
        self.set("high", number(last.map(|bar| bar.high)));
        self.set("low", number(last.map(|bar| bar.low)));
        self.set("volume", number(last.map(|bar| bar.volume)));
        self.set("VWAP", number(last.map(|bar| (bar.high + bar.low + bar.close) / 3.0)));
        self.set("change", number(percent(before)));
        self.set("change_abs", number(change));
        self.set("change_from_open", number(percent(last.map(|bar| bar.open))));
        self.set("gap", number(last.zip(before).map(|(bar, before)| 100.0 * (bar.open / before - 1.0))));
        let back =
            |sessions: usize| finished.iter().rev().nth(sessions.saturating_sub(1)).map(|bar| bar.close);
        for (column, sessions) in
            [("Perf.W", 5), ("Perf.1M", 21), ("Perf.3M", 63), ("Perf.6M", 126), ("Perf.Y", YEAR)]
        {
            self.set(column, number(percent(back(sessions))));
        }
        let last_year = finished.iter().rev().find(|bar| bar.date.year() < today.year()).map(|bar| bar.close);
        self.set("Perf.YTD", number(percent(last_year)));
    }

    fn averages(&mut self, bars: &[DailyBar]) {
        let recent = |count: usize| &bars[bars.len().saturating_sub(count)..];
        let mean = |numbers: &[f64]| {
            numbers
                .len()
                .to_f64()
                .filter(|count| *count > 0.0)
                .map(|count| numbers.iter().sum::<f64>() / count)
        };
        let number =
            |number: Option<f64>| number.filter(|number| number.is_finite()).map(|number| json!(number));
        let volumes: Vec<f64> = bars.iter().map(|bar| bar.volume).collect();
        let volume = |count: usize| mean(&volumes[volumes.len().saturating_sub(count)..]);
        for (column, count) in [
            ("average_volume_10d_calc", 10),
            ("average_volume_30d_calc", 30),
            ("average_volume_60d_calc", 60),
            ("average_volume_90d_calc", 90),
        ] {
            self.set(column, number(volume(count)));
        }
        let relative = volumes.last().zip(volume(10)).map(|(today, usual)| today / usual);
        self.set("relative_volume_10d_calc", number(relative));
        let worth = self.value("close").as_f64().zip(volume(90));
        // Funds have no market capitalisation there.
        let is_stock = self.value("type") == json!("stock");
        let cap = worth
            .filter(|_| is_stock)
            .map(|(price, volume)| (price * volume * SHARES_PER_DAILY_SHARE).round());
        self.set("market_cap_basic", number(cap));
        let highest = |count: usize| recent(count).iter().map(|bar| bar.high).reduce(f64::max);
        let lowest = |count: usize| recent(count).iter().map(|bar| bar.low).reduce(f64::min);
        self.set("price_52_week_high", number(highest(YEAR)));
        self.set("price_52_week_low", number(lowest(YEAR)));
        self.set("High.1M", number(highest(21)));
        self.set("Low.1M", number(lowest(21)));
        for (column, count) in [("Volatility.D", 1), ("Volatility.W", 5), ("Volatility.M", 21)] {
            let ranges: Vec<f64> =
                recent(count).iter().map(|bar| 100.0 * (bar.high - bar.low) / bar.low).collect();
            self.set(column, number(mean(&ranges)));
        }
        self.indicators(bars);
    }

    fn indicators(&mut self, bars: &[DailyBar]) {
        let closes: Vec<f64> = bars.iter().map(|bar| bar.close).collect();
        let last = |values: Vec<Option<f64>>| values.last().copied().flatten().map(|value| json!(value));
        for (column, period) in [("SMA20", 20), ("SMA50", 50), ("SMA200", 200)] {
            self.set(column, sma(&closes, period).ok().and_then(last));
        }
        for (column, period) in [("EMA5", 5), ("EMA20", 20), ("EMA50", 50), ("EMA200", 200)] {
            self.set(column, ema(&closes, period).ok().and_then(last));
        }
        self.set("RSI", rsi(&closes, 14).ok().and_then(last));
        let lines = macd(&closes, 12, 26, 9).ok().and_then(|values| values.last().copied().flatten());
        self.set("MACD.macd", lines.map(|lines| json!(lines.line)));
        self.set("MACD.signal", lines.map(|lines| json!(lines.signal)));
        self.set("ATR", atr(bars, 14).ok().and_then(last));
    }

    #[cfg(test)]
    pub(super) fn with(symbol: &str, values: &[(&'static str, Value)]) -> Self {
        Self { symbol: symbol.to_owned(), values: values.iter().cloned().collect() }
    }
}

/// The service's name of a sector.
fn sector_name(sector: &str) -> &str {
    match sector {
        "Technology" => "Technology Services",
        "Consumer Cyclical" => "Retail Trade",
        "Consumer Defensive" => "Consumer Non-Durables",
        "Financial Services" => "Finance",
        "Healthcare" => "Health Technology",
        "Energy" => "Energy Minerals",
        "Industrials" => "Producer Manufacturing",
        "Basic Materials" => "Non-Energy Minerals",
        "Communication Services" => "Communications",
        "Real Estate" => "Finance",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn translated_columns_and_those_of_other_bars_are_known() {
        for known in ["close", "sector.tr", "AnalystRating.tr", "RSI|60"] {
            assert!(is_known(known), "{known}");
        }
        assert!(!is_known("change.5") && !is_known(""));
    }
}
