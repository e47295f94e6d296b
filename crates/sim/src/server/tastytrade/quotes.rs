//! Market data by type: shares and contracts as the market shows them at this moment.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::extract::{Path, State};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use serde_json::{Map, Value};
use ttai_core::{DailyBar, DividendStatus, OccSymbol, OptionQuote, Symbol};
use ttai_ports::DailyHistory;

use super::order_json::occ;
use super::reply::{Answer, Call, Refusal};
use super::wire::{number, put, zulu};
use super::{Tasty, contract_of, name_of};
use crate::server::exchange::displayed_shares;
use crate::server::market::SimChain;

/// Symbols of all types together.
const MOST_SYMBOLS: usize = 100;
/// Sessions of a year.
const YEAR: usize = 252;

pub(super) async fn by_type(State(state): State<Tasty>, call: Call) -> Answer {
    let shares: Vec<&str> = call.all("equity").into_iter().chain(call.all("index")).collect();
    let options = call.all("equity-option");
    if shares.len() + options.len() > MOST_SYMBOLS {
        return Err(Refusal::validation("symbols", "are more than 100"));
    }
    let mut found = Vec::new();
    for name in shares {
        if let Some(symbol) = state.listed(name) {
            found.extend(share(&state, &symbol).await);
        }
    }
    found.extend(contracts(&state, &options).await);
    call.items(&found)
}

pub(super) async fn one(
    State(state): State<Tasty>,
    Path((kind, name)): Path<(String, String)>,
    call: Call,
) -> Answer {
    let found = match kind.as_str() {
        "Equity" | "Index" => match state.listed(&name) {
            Some(symbol) => share(&state, &symbol).await,
            None => None,
        },
        "Equity Option" => contracts(&state, &[name.as_str()]).await.pop(),
        _ => None,
    };
    call.data(&found.ok_or_else(|| Refusal::not_found(&name))?)
}

/// The contracts that the market quotes, each chain read once.
async fn contracts(state: &Tasty, names: &[&str]) -> Vec<Value> {
    let wanted: Vec<OccSymbol> = names.iter().filter_map(|name| contract_of(name)).collect();
    let mut chains: HashMap<Symbol, Option<Arc<SimChain>>> = HashMap::new();
    let mut found = Vec::new();
    for symbol in wanted {
        if !chains.contains_key(&symbol.root) {
            let chain = if state.sim.market.lists(&symbol.underlying()) {
                state.sim.market.chain(&symbol.underlying()).await.ok()
            } else {
                None
            };
            chains.insert(symbol.root.clone(), chain);
        }
        let Some(Some(chain)) = chains.get(&symbol.root) else { continue };
        let normal = OccSymbol { strike: symbol.strike.normalize(), ..symbol.clone() };
        if let Some((quote, _)) = chain.contract(&normal) {
            found.push(contract(state, &symbol, quote));
        }
    }
    found
}

fn contract(state: &Tasty, symbol: &OccSymbol, quote: &OptionQuote) -> Value {
    let stands = |price: Decimal| (!price.is_zero()).then_some(price);
    let (bid, ask) = (stands(quote.bid), stands(quote.ask));
    let halted = state.sim.market.is_halted(&symbol.root);
    let mut json = base(&occ(symbol), "Equity Option", halted, quote.quote_time);
    sides(&mut json, bid, ask, quote.last, quote.bid_size, quote.ask_size);
    put(&mut json, "volume", Some(number(Decimal::from(quote.volume))));
    put(&mut json, "open-interest", quote.open_interest.map(|count| number(Decimal::from(count))));
    let date = ttai_calendar::new_york_date(quote.quote_time);
    put_dates(&mut json, date, ttai_calendar::previous_session(date).ok().map(|session| session.date));
    Value::Object(json)
}

async fn share(state: &Tasty, symbol: &Symbol) -> Option<Value> {
    let market = &state.sim.market;
    let quote = market.quote(symbol).await.ok()?;
    let size = displayed_shares(symbol, quote.market_time);
    let mut json = base(&name_of(symbol), "Equity", market.is_halted(symbol), quote.market_time);
    sides(&mut json, quote.bid, quote.ask, quote.last, size, size);
    put(&mut json, "volume", Some(number(Decimal::from(quote.volume))));
    let today = ttai_calendar::new_york_date(market.now());
    let history = market.daily(symbol).await.ok();
    let previous = history.as_ref().and_then(|history| history.bars.last()).map(|bar| bar.date);
    put_dates(&mut json, today, previous);
    if let Some(history) = &history {
        day(&mut json, history, market.split_ratio(symbol));
    }
    Some(Value::Object(json))
}

/// What every record has.
fn base(symbol: &str, kind: &str, halted: bool, at: DateTime<Utc>) -> Map<String, Value> {
    let mut json = Map::new();
    put(&mut json, "symbol", Some(symbol));
    put(&mut json, "instrument-type", Some(kind));
    put(&mut json, "updated-at", Some(zulu(at)));
    put(&mut json, "is-trading-halted", Some(halted));
    put(&mut json, "halt-start-time", Some(-1));
    put(&mut json, "halt-end-time", Some(-1));
    put(&mut json, "close-price-type", Some("Regular"));
    put(&mut json, "prev-close-price-type", Some("Final"));
    json
}

fn sides(
    json: &mut Map<String, Value>,
    bid: Option<Decimal>,
    ask: Option<Decimal>,
    last: Option<Decimal>,
    bid_size: u32,
    ask_size: u32,
) {
    let mid = bid.zip(ask).map(|(bid, ask)| (bid + ask) / Decimal::TWO);
    let size = |side: Option<Decimal>, size: u32| number(side.map_or(Decimal::ZERO, |_| Decimal::from(size)));
    put(json, "bid", bid.map(number));
    put(json, "ask", ask.map(number));
    put(json, "bid-size", Some(size(bid, bid_size)));
    put(json, "ask-size", Some(size(ask, ask_size)));
    put(json, "mid", mid.map(number));
    put(json, "mark", mid.or(last).map(number));
    put(json, "last", last.map(number));
    put(json, "last-mkt", last.map(number));
}

fn put_dates(json: &mut Map<String, Value>, today: chrono::NaiveDate, previous: Option<chrono::NaiveDate>) {
    put(json, "summary-date", Some(today.to_string()));
    put(json, "prev-close-date", Some(previous.unwrap_or(today).to_string()));
}

/// The day so far, the close before it, the year's range and the dividend, in the shares of the moment.
fn day(json: &mut Map<String, Value>, history: &DailyHistory, split: Decimal) {
    let price = |price: f64| {
        let price = Decimal::from_f64(price)?.checked_div(split)?;
        Some(number(price.round_dp(4)))
    };
    if let Some(today) = &history.today {
        put(json, "open", price(today.open));
        put(json, "day-high-price", price(today.high));
        put(json, "day-low-price", price(today.low));
    }
    put(json, "prev-close", history.bars.last().and_then(|bar| price(bar.close)));
    let adjusted = adjusted_year(history);
    put(json, "year-high-price", adjusted.iter().map(|bar| bar.high).reduce(f64::max).and_then(price));
    put(json, "year-low-price", adjusted.iter().map(|bar| bar.low).reduce(f64::min).and_then(price));
    let paid = history.dividends.iter().rfind(|dividend| dividend.status == DividendStatus::Paid);
    put(json, "dividend-amount", paid.and_then(|dividend| Decimal::from_f64(dividend.amount)).map(number));
    put(json, "dividend-frequency", paid.map(|_| "4.0"));
}

fn adjusted_year(history: &DailyHistory) -> Vec<DailyBar> {
    let ratios: BTreeMap<chrono::NaiveDate, f64> =
        history.splits.iter().map(|split| (split.effective, split.ratio)).collect();
    let first = history.bars.len().saturating_sub(YEAR);
    let since = |bar: &DailyBar| {
        ratios.range(bar.date..).filter(|(date, _)| **date > bar.date).map(|(_, ratio)| ratio).product()
    };
    history.bars[first..].iter().map(|bar| bar.split_adjusted(since(bar))).collect()
}
