//! Cboe's delayed-quote files: `/api/global/delayed_quotes/{quotes,options,charts/historical}/SYMBOL.json`. The quotes are a
//! quarter of an hour late where the market goes back that far; times are New York's.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::{DateTime, Duration, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Value, json};
use ttai_core::{DailyBar, NEW_YORK, OptionQuote, Quote, Symbol};
use ttai_ports::PortError;
use ttai_quant::chain::PricedQuote;

use super::listing::{self, ListingKind};
use super::market::SimChain;
use super::{SimState, conditional};

/// What the quotes lag behind.
const DELAY: Duration = Duration::minutes(15);

pub(crate) fn router(state: SimState) -> Router {
    let files = Router::new()
        .route("/quotes/{file}", get(quote))
        .route("/options/{file}", get(options))
        .route("/charts/historical/{file}", get(history));
    Router::new().nest("/api/global/delayed_quotes", files).with_state(state)
}

async fn quote(State(state): State<SimState>, Path(file): Path<String>, headers: HeaderMap) -> Response {
    let Some(symbol) = listed(&state, &file) else { return denied() };
    let answer = async {
        let quote = state.market.delayed_quote(&symbol, DELAY).await?;
        let data = head(&state, &quote).await?;
        Ok(json!({ "timestamp": timestamp(state.market.now()), "symbol": symbol, "data": data }))
    };
    respond(&headers, answer.await)
}

async fn options(State(state): State<SimState>, Path(file): Path<String>, headers: HeaderMap) -> Response {
    let Some(symbol) = listed(&state, &file) else { return denied() };
    let answer = async {
        let chain = state.market.chain(&symbol).await?;
        let late = chain.chain.snapshot_time <= state.market.now() - DELAY;
        let underlying = if late {
            state.market.delayed_quote(&symbol, DELAY).await?
        } else {
            state.market.quote(&symbol).await?
        };
        let mut data = head(&state, &underlying).await?;
        data["options"] = rows(&chain);
        Ok(json!({ "timestamp": timestamp(state.market.now()), "symbol": symbol, "data": data }))
    };
    respond(&headers, answer.await)
}

async fn history(State(state): State<SimState>, Path(file): Path<String>, headers: HeaderMap) -> Response {
    let Some(symbol) = listed(&state, &file) else { return denied() };
    let answer = async {
        let bars = finished(&state, &symbol).await?;
        let rows: Vec<Value> = bars.iter().map(bar).collect();
        Ok(json!({ "symbol": symbol, "data": rows }))
    };
    respond(&headers, answer.await)
}

/// The symbol of a file name; an index has a leading underscore.
fn listed(state: &SimState, file: &str) -> Option<Symbol> {
    let name = file.strip_suffix(".json")?;
    let symbol = Symbol::new(name.strip_prefix('_').unwrap_or(name)).ok()?;
    state.market.lists(&symbol).then_some(symbol)
}

/// What the file store says of a file that is not there.
fn denied() -> Response {
    let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    (StatusCode::FORBIDDEN, [(header::CONTENT_TYPE, "application/xml")], body).into_response()
}

fn respond(request: &HeaderMap, answer: Result<Value, PortError>) -> Response {
    match answer {
        Ok(body) => conditional::answer(request, "application/json", None, body.to_string()),
        Err(PortError::NoData { .. } | PortError::UnknownSymbol { .. }) => denied(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// Finished sessions in today's shares; a session's bar comes when it has been shown to its end.
async fn finished(state: &SimState, symbol: &Symbol) -> Result<Vec<DailyBar>, PortError> {
    let shown = state.market.now() - DELAY;
    let bars = state.market.adjusted_daily(symbol).await?;
    let has_ended =
        |bar: &DailyBar| ttai_calendar::session(bar.date).is_some_and(|session| session.close <= shown);
    Ok(bars.into_iter().filter(has_ended).collect())
}

async fn head(state: &SimState, quote: &Quote) -> Result<Value, PortError> {
    let symbol = &quote.symbol;
    let before = finished(state, symbol).await?;
    let today = state.market.daily(symbol).await?.today;
    let previous = before.last().map(|bar| bar.close);
    let price = quote.last.or(quote.mid()).and_then(|price| price.to_f64());
    let change = price.zip(previous).map(|(price, previous)| price - previous);
    let kind = match listing::kind(symbol) {
        ListingKind::Stock => "stock",
        ListingKind::Fund => "etf",
        ListingKind::Index => "index",
    };
    let percent = change.zip(previous).map(|(change, previous)| round(100.0 * change / previous, 4));
    Ok(json!({
        "symbol": symbol,
        "security_type": kind,
        "exchange_id": 5,
        "current_price": number(quote.last.or(quote.mid())),
        "price_change": change.map_or(0.0, |change| round(change, 4)),
        "price_change_percent": percent.unwrap_or(0.0),
        "bid": number(quote.bid),
        "ask": number(quote.ask),
        "bid_size": 3,
        "ask_size": 2,
        "open": today.map_or(0.0, |bar| bar.open),
        "high": today.map_or(0.0, |bar| bar.high),
        "low": today.map_or(0.0, |bar| bar.low),
        "close": price.unwrap_or(0.0),
        "prev_day_close": previous.unwrap_or(0.0),
        "volume": quote.volume,
        "iv30": iv30(state, symbol).await?,
        "iv30_change": 0.0,
        "last_trade_time": trade_time(quote.market_time),
        "tick": if change.is_some_and(|change| change < 0.0) { "down" } else { "up" },
    }))
}

async fn iv30(state: &SimState, symbol: &Symbol) -> Result<f64, PortError> {
    let metrics = state.market.metrics(symbol).await?;
    Ok(metrics.and_then(|metrics| metrics.iv30_history.last().map(|iv| round(100.0 * iv, 3))).unwrap_or(0.0))
}

fn rows(chain: &SimChain) -> Value {
    chain.chain.quotes.iter().zip(&chain.priced).map(|(quote, priced)| row(quote, priced)).collect()
}

fn row(quote: &OptionQuote, priced: &PricedQuote) -> Value {
    let greeks = priced.greeks;
    let greek = |read: fn(&ttai_quant::chain::ContractGreeks) -> f64| {
        greeks.as_ref().map_or(0.0, |greeks| round(read(greeks), 4))
    };
    json!({
        "option": quote.contract.occ_symbol().replace(' ', ""),
        "bid": number(Some(quote.bid)),
        "bid_size": quote.bid_size,
        "ask": number(Some(quote.ask)),
        "ask_size": quote.ask_size,
        "iv": priced.iv.map_or(0.0, |iv| round(iv, 4)),
        "open_interest": quote.open_interest.unwrap_or(0),
        "volume": quote.volume,
        "delta": greek(|greeks| greeks.delta),
        "gamma": greek(|greeks| greeks.gamma),
        "theta": greek(|greeks| greeks.theta),
        "rho": greek(|greeks| greeks.rho),
        "vega": greek(|greeks| greeks.vega),
        "theo": number(Some(quote.mid())),
        "change": 0.0,
        "open": 0.0,
        "high": 0.0,
        "low": 0.0,
        "tick": "no_change",
        "last_trade_price": number(quote.last),
        "last_trade_time": quote.last.map(|_| trade_time(quote.quote_time)),
        "percent_change": 0.0,
        "prev_day_close": 0.0,
    })
}

/// The chart files spell their numbers as texts.
fn bar(bar: &DailyBar) -> Value {
    let price = |price: f64| format!("{price:.4}");
    json!({
        "date": bar.date,
        "open": price(bar.open),
        "high": price(bar.high),
        "low": price(bar.low),
        "close": price(bar.close),
        "volume": format!("{:.1}", bar.volume.round()),
    })
}

/// A price as a JSON number, 0 for none.
fn number(price: Option<Decimal>) -> f64 {
    price.and_then(|price| price.to_f64()).unwrap_or(0.0)
}

fn round(number: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (number * scale).round() / scale
}

fn timestamp(at: DateTime<Utc>) -> String {
    at.with_timezone(&NEW_YORK).format("%Y-%m-%d %H:%M:%S").to_string()
}

fn trade_time(at: DateTime<Utc>) -> String {
    at.with_timezone(&NEW_YORK).format("%Y-%m-%dT%H:%M:%S").to_string()
}
