//! Stock market data: bars, latest quotes and trades, snapshots, past trades.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Datelike, Duration, NaiveDate, Utc};
use serde_json::{Value, json};
use ttai_calendar::new_york_date;
use ttai_core::{DailyBar, MinuteBar, Quote, Symbol};

use super::reference::sessions_in;
use super::stories::SPUN;
use super::wire::{Answer, ApiError, Caller, Params, midnight, number, page, time};
use crate::server::SimState;
use crate::server::exchange::displayed_shares;
use crate::server::market::{Print, SimMarket};

/// Sessions of minutes that one request reads at most.
const MAX_MINUTE_SESSIONS: usize = 260;

/// Open, high, low, close, volume and trades of a span.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bar {
    begin: DateTime<Utc>,
    open: f64,
    high: f64,
    low: f64,
    close: f64,
    volume: f64,
    trades: u64,
}

impl Bar {
    pub(super) fn of_minute(bar: &MinuteBar) -> Self {
        let MinuteBar { start: begin, open, high, low, close, volume, .. } = *bar;
        Self { begin, open, high, low, close, volume, trades: 4 }
    }

    fn of_day(bar: &DailyBar) -> Option<Self> {
        let DailyBar { date, open, high, low, close, volume } = *bar;
        let trades = (volume / 100.0).max(1.0) as u64;
        Some(Self { begin: midnight(date)?, open, high, low, close, volume, trades })
    }

    fn merged(self, later: &Self) -> Self {
        Self {
            high: self.high.max(later.high),
            low: self.low.min(later.low),
            close: later.close,
            volume: self.volume + later.volume,
            trades: self.trades + later.trades,
            ..self
        }
    }

    /// The wire form; the average price is the typical price, because a tape keeps none.
    pub(super) fn shown(&self) -> Value {
        json!({
            "t": time(self.begin),
            "o": cents(self.open),
            "h": cents(self.high),
            "l": cents(self.low),
            "c": cents(self.close),
            "v": self.volume.max(0.0) as u64,
            "n": self.trades,
            "vw": cents((self.high + self.low + self.close) / 3.0),
        })
    }
}

/// Ten-thousandths of a dollar, as the consolidated tape prints.
fn cents(price: f64) -> f64 {
    (price * 10_000.0).round() / 10_000.0
}

/// The span of time that one bar stands for.
enum TimeFrame {
    Minutes(i64),
    Days,
    Weeks,
    Months(u32),
}

impl TimeFrame {
    fn parse(text: &str) -> Option<Self> {
        let split = text.find(|c: char| !c.is_ascii_digit())?;
        let (count, unit) = text.split_at(split);
        let count: u32 = count.parse().ok()?;
        match unit {
            "Min" | "T" if (1..=59).contains(&count) => Some(Self::Minutes(count.into())),
            "Hour" | "H" if (1..=23).contains(&count) => Some(Self::Minutes(i64::from(count) * 60)),
            "Day" | "D" if count == 1 => Some(Self::Days),
            "Week" | "W" if count == 1 => Some(Self::Weeks),
            "Month" | "M" if [1, 2, 3, 4, 6, 12].contains(&count) => Some(Self::Months(count)),
            _ => None,
        }
    }

    /// The beginning of the span that a bar belongs to.
    fn bucket(&self, begin: DateTime<Utc>) -> DateTime<Utc> {
        let date = new_york_date(begin);
        let day = match self {
            Self::Minutes(count) => {
                let seconds = count * 60;
                let floor = begin.timestamp() - begin.timestamp().rem_euclid(seconds);
                return DateTime::from_timestamp(floor, 0).unwrap_or(begin);
            }
            Self::Days => date,
            Self::Weeks => date.week(chrono::Weekday::Mon).first_day(),
            Self::Months(count) => {
                NaiveDate::from_ymd_opt(date.year(), date.month0() / count * count + 1, 1).unwrap_or(date)
            }
        };
        midnight(day).unwrap_or(begin)
    }

    fn gather(&self, bars: impl IntoIterator<Item = Bar>) -> Vec<Bar> {
        let mut spans: BTreeMap<DateTime<Utc>, Bar> = BTreeMap::new();
        for bar in bars {
            let begin = self.bucket(bar.begin);
            spans.entry(begin).and_modify(|span| *span = span.merged(&bar)).or_insert(Bar { begin, ..bar });
        }
        spans.into_values().collect()
    }
}

struct BarRequest {
    frame: TimeFrame,
    adjusted: bool,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
}

impl BarRequest {
    fn read(params: &Params, now: DateTime<Utc>) -> Result<Self, ApiError> {
        let frame = params.text("timeframe").unwrap_or_default();
        let frame = TimeFrame::parse(frame).ok_or_else(|| ApiError::bad_parameter("timeframe", frame))?;
        let adjusted = match params.text("adjustment").unwrap_or("raw") {
            "raw" => false,
            "split" => true,
            other => {
                return Err(ApiError::bad_parameter("adjustment (only raw and split are simulated)", other));
            }
        };
        let today = midnight(new_york_date(now)).unwrap_or(now);
        let from = params.time("start", false)?.unwrap_or(today);
        let until = params.time("end", true)?.unwrap_or(now);
        Ok(Self { frame, adjusted, from, until })
    }

    async fn bars(&self, market: &SimMarket, symbol: &Symbol) -> Vec<Bar> {
        let bars = match self.frame {
            TimeFrame::Minutes(_) => self.minutes(market, symbol).await,
            _ => self.days(market, symbol).await,
        };
        let within = bars.into_iter().filter(|bar| self.from <= bar.begin && bar.begin <= self.until);
        self.frame.gather(within)
    }

    async fn minutes(&self, market: &SimMarket, symbol: &Symbol) -> Vec<Bar> {
        let sessions = sessions_in(
            new_york_date(self.from),
            new_york_date(self.until.min(market.now())),
            MAX_MINUTE_SESSIONS,
        );
        let mut bars = Vec::new();
        for session in sessions {
            let minutes = market.minutes(symbol, session.date).await.unwrap_or_default();
            bars.extend(minutes.iter().map(Bar::of_minute));
        }
        bars
    }

    async fn days(&self, market: &SimMarket, symbol: &Symbol) -> Vec<Bar> {
        if symbol.as_str() == SPUN {
            return part(market).await.and_then(|bar| Bar::of_day(&bar)).into_iter().collect();
        }
        let days = if self.adjusted {
            market.adjusted_daily(symbol).await.unwrap_or_default()
        } else {
            let history = market.daily(symbol).await;
            history.map(|history| history.bars.into_iter().chain(history.today).collect()).unwrap_or_default()
        };
        let spin_off = market.spin_off(symbol);
        let raised = |bar: &DailyBar| match spin_off.filter(|spin_off| bar.date < spin_off.ex_date) {
            Some(spin_off) => DailyBar {
                open: bar.open * spin_off.factor,
                high: bar.high * spin_off.factor,
                low: bar.low * spin_off.factor,
                close: bar.close * spin_off.factor,
                ..*bar
            },
            None => *bar,
        };
        days.iter().map(raised).filter_map(|bar| Bar::of_day(&bar)).collect()
    }
}

/// The first day of the part that a company has spun off, worth what the company's price fell by.
async fn part(market: &SimMarket) -> Option<DailyBar> {
    let (company, spin_off) = market.any_spin_off()?;
    let days = market.adjusted_daily(&company).await.ok()?;
    let before = days.iter().rev().find(|day| day.date < spin_off.ex_date)?;
    // One share of the part came for four.
    let price = 4.0 * before.close * (spin_off.factor - 1.0);
    DailyBar::new(spin_off.ex_date, price, price, price, price, before.volume / 4.0).ok()
}

fn group(rows: Vec<(String, Value)>) -> Value {
    let mut groups: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (symbol, row) in rows {
        groups.entry(symbol).or_default().push(row);
    }
    json!(groups)
}

fn sort(rows: &mut [Value], params: &Params) {
    if params.text("sort") == Some("desc") {
        rows.reverse();
    }
}

async fn bar_rows(
    state: &SimState,
    symbols: &[Symbol],
    params: &Params,
) -> Result<Vec<(String, Value)>, ApiError> {
    let request = BarRequest::read(params, state.market.now())?;
    let mut rows = Vec::new();
    for symbol in symbols {
        let mut bars: Vec<Value> = request.bars(&state.market, symbol).await.iter().map(Bar::shown).collect();
        sort(&mut bars, params);
        rows.extend(bars.into_iter().map(|bar| (symbol.to_string(), bar)));
    }
    Ok(rows)
}

/// `GET /v2/stocks/bars`
pub(super) async fn bars(State(state): State<SimState>, _: Caller, params: Params) -> Answer {
    let rows = bar_rows(&state, &sorted(params.symbols()?), &params).await?;
    let (rows, token) = page(rows, params.offset()?, params.limit(1000, 10_000)?);
    Ok(Json(json!({ "bars": group(rows), "next_page_token": token })))
}

/// `GET /v2/stocks/{symbol}/bars`
pub(super) async fn bars_of(
    State(state): State<SimState>,
    _: Caller,
    Path(name): Path<String>,
    params: Params,
) -> Answer {
    let symbol = one_symbol(&name)?;
    let rows = bar_rows(&state, std::slice::from_ref(&symbol), &params).await?;
    let rows: Vec<Value> = rows.into_iter().map(|(_, row)| row).collect();
    let (rows, token) = page(rows, params.offset()?, params.limit(1000, 10_000)?);
    Ok(Json(json!({ "symbol": symbol, "bars": rows, "next_page_token": token })))
}

fn one_symbol(name: &str) -> Result<Symbol, ApiError> {
    Symbol::new(name).map_err(|_| ApiError::bad_parameter("symbol", name))
}

fn sorted(mut symbols: Vec<Symbol>) -> Vec<Symbol> {
    symbols.sort();
    symbols.dedup();
    symbols
}

/// A quote as Alpaca shows it: sizes in shares, 0 for a side on which nobody stands.
pub(super) fn quote_shown(quote: &Quote) -> Value {
    let size = |side: Option<rust_decimal::Decimal>| {
        if side.is_some() { displayed_shares(&quote.symbol, quote.market_time) } else { 0 }
    };
    json!({
        "t": time(quote.market_time),
        "bx": "Q", "bp": number(quote.bid), "bs": size(quote.bid),
        "ax": "Q", "ap": number(quote.ask), "as": size(quote.ask),
        "c": ["R"], "z": "C",
    })
}

/// A print as Alpaca shows it.
pub(super) fn trade_shown(print: &Print) -> Value {
    json!({
        "t": time(print.time),
        "x": "Q",
        "p": cents(print.price),
        "s": print.size.max(1.0) as u64,
        "c": ["@"],
        "i": print.time.timestamp_micros(),
        "z": "C",
    })
}

async fn latest_print(market: &SimMarket, symbol: &Symbol) -> Option<Print> {
    let now = market.now();
    let mut day = Some(new_york_date(now));
    for _ in 0..5 {
        let session = sessions_in(day? - Duration::days(7), day?, 1).pop()?;
        let until = now.min(session.post_market_close());
        let prints = market.prints(symbol, session.pre_market_open(), until).await.unwrap_or_default();
        if let Some(print) = prints.last() {
            return Some(*print);
        }
        day = session.date.pred_opt();
    }
    None
}

async fn latest_minute(market: &SimMarket, symbol: &Symbol) -> Option<Bar> {
    let session =
        sessions_in(new_york_date(market.now()) - Duration::days(7), new_york_date(market.now()), 1).pop()?;
    market.minutes(symbol, session.date).await.ok()?.last().map(Bar::of_minute)
}

/// The answer `{plural: {symbol: row}}` over the symbols that the market lists.
macro_rules! latest {
    ($name:ident, $single:ident, $plural:literal, $singular:literal, $read:expr) => {
        #[doc = concat!("`GET /v2/stocks/", $plural, "/latest`")]
        pub(super) async fn $name(State(state): State<SimState>, _: Caller, params: Params) -> Answer {
            let mut rows = BTreeMap::new();
            for symbol in params.symbols()?.iter().filter(|symbol| state.market.lists(symbol)) {
                if let Some(row) = $read(&state.market, symbol).await {
                    rows.insert(symbol.to_string(), row);
                }
            }
            Ok(Json(json!({ $plural: rows })))
        }

        #[doc = concat!("`GET /v2/stocks/{symbol}/", $plural, "/latest`")]
        pub(super) async fn $single(State(state): State<SimState>, _: Caller, Path(name): Path<String>) -> Answer {
            let symbol = one_symbol(&name)?;
            let row = if state.market.lists(&symbol) { $read(&state.market, &symbol).await } else { None };
            let missing = || ApiError::data(StatusCode::NOT_FOUND, format!("no data for {symbol}"));
            Ok(Json(json!({ "symbol": symbol, $singular: row.ok_or_else(missing)? })))
        }
    };
}

async fn quote_row(market: &SimMarket, symbol: &Symbol) -> Option<Value> {
    market.quote(symbol).await.ok().map(|quote| quote_shown(&quote))
}

async fn trade_row(market: &SimMarket, symbol: &Symbol) -> Option<Value> {
    latest_print(market, symbol).await.map(|print| trade_shown(&print))
}

async fn bar_row(market: &SimMarket, symbol: &Symbol) -> Option<Value> {
    latest_minute(market, symbol).await.map(|bar| bar.shown())
}

latest!(latest_quotes, latest_quote, "quotes", "quote", quote_row);
latest!(latest_trades, latest_trade, "trades", "trade", trade_row);
latest!(latest_bars, latest_bar, "bars", "bar", bar_row);

async fn snapshot_row(market: &SimMarket, symbol: &Symbol) -> serde_json::Map<String, Value> {
    let days = market.daily(symbol).await.ok();
    let (today, before) = days.map_or((None, None), |days| match days.today {
        Some(today) => (Some(today), days.bars.last().copied()),
        None => (days.bars.last().copied(), days.bars.iter().rev().nth(1).copied()),
    });
    let day = |bar: Option<DailyBar>| bar.as_ref().and_then(Bar::of_day).map(|bar| bar.shown());
    let parts = [
        ("latestTrade", trade_row(market, symbol).await),
        ("latestQuote", quote_row(market, symbol).await),
        ("minuteBar", bar_row(market, symbol).await),
        ("dailyBar", day(today)),
        ("prevDailyBar", day(before)),
    ];
    parts.into_iter().filter_map(|(name, part)| Some((name.to_owned(), part?))).collect()
}

/// `GET /v2/stocks/snapshots`
pub(super) async fn snapshots(State(state): State<SimState>, _: Caller, params: Params) -> Answer {
    let mut rows = serde_json::Map::new();
    for symbol in params.symbols()?.iter().filter(|symbol| state.market.lists(symbol)) {
        rows.insert(symbol.to_string(), Value::Object(snapshot_row(&state.market, symbol).await));
    }
    Ok(Json(Value::Object(rows)))
}

/// `GET /v2/stocks/{symbol}/snapshot`
pub(super) async fn snapshot(State(state): State<SimState>, _: Caller, Path(name): Path<String>) -> Answer {
    let symbol = one_symbol(&name)?;
    if !state.market.lists(&symbol) {
        return Err(ApiError::data(StatusCode::NOT_FOUND, format!("no snapshot found for {symbol}")));
    }
    let mut row = snapshot_row(&state.market, &symbol).await;
    row.insert("symbol".to_owned(), json!(symbol));
    Ok(Json(Value::Object(row)))
}

async fn trade_rows(
    state: &SimState,
    symbols: &[Symbol],
    params: &Params,
) -> Result<Vec<(String, Value)>, ApiError> {
    let now = state.market.now();
    let from = params.time("start", false)?.or_else(|| midnight(new_york_date(now))).unwrap_or(now);
    let until = params.time("end", true)?.unwrap_or(now).min(now);
    let mut rows = Vec::new();
    for symbol in symbols.iter().filter(|symbol| state.market.lists(symbol)) {
        let mut trades = Vec::new();
        for session in sessions_in(new_york_date(from), new_york_date(until), 10) {
            let (begin, end) = (from.max(session.pre_market_open()), until.min(session.post_market_close()));
            let prints = state.market.prints(symbol, begin - Duration::microseconds(1), end).await;
            trades.extend(prints.unwrap_or_default().iter().map(trade_shown));
        }
        sort(&mut trades, params);
        rows.extend(trades.into_iter().map(|trade| (symbol.to_string(), trade)));
    }
    Ok(rows)
}

/// `GET /v2/stocks/trades`
pub(super) async fn trades(State(state): State<SimState>, _: Caller, params: Params) -> Answer {
    let rows = trade_rows(&state, &sorted(params.symbols()?), &params).await?;
    let (rows, token) = page(rows, params.offset()?, params.limit(1000, 10_000)?);
    Ok(Json(json!({ "trades": group(rows), "next_page_token": token })))
}
