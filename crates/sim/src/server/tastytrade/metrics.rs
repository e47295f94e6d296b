//! Market metrics, dividends, earnings and the risk-free rate. Ranks and the volatility index are fractions, the 30-day
//! volatilities percent, as in the service's own answers.

use axum::Json;
use axum::extract::{Path, State};
use chrono::Days;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Map, Value, json};
use ttai_calendar::new_york_date;
use ttai_core::{CashDividend, DividendStatus, Symbol};
use ttai_ports::{EarningsDate, EarningsTime};
use ttai_quant::chain::{hv30, iv_percentile, iv_rank, iv30, liquidity_rating, term_structure};

use super::reply::{Answer, Call, Refusal};
use super::wire::{float, put, zulu};
use super::{Tasty, name_of};

pub(super) async fn list(State(state): State<Tasty>, call: Call) -> Answer {
    let mut found = Vec::new();
    for name in call.all("symbols") {
        if let Some(symbol) = state.listed(name) {
            found.push(metric(&state, &symbol).await?);
        }
    }
    call.items(&found)
}

async fn metric(state: &Tasty, symbol: &Symbol) -> Result<Value, Refusal> {
    let market = &state.sim.market;
    let now = market.now();
    let stamp = zulu(now);
    let mut json = Map::new();
    put(&mut json, "symbol", Some(name_of(symbol)));
    put(&mut json, "updated-at", Some(stamp.as_str()));
    put(&mut json, "implied-volatility-updated-at", Some(stamp.as_str()));
    put(&mut json, "lendability", Some("Easy To Borrow"));
    put(&mut json, "borrow-rate", Some("0.0"));
    put(&mut json, "listed-market", Some("XNAS"));
    let facts = market.metrics(symbol).await.map_err(|error| Refusal::market(&error))?.unwrap_or_default();
    put(&mut json, "sector", facts.sector.as_deref());
    put(&mut json, "earnings", facts.next_earnings.as_ref().map(earnings_json));
    let iv = volatilities(state, symbol, &facts.iv30_history, &mut json).await;
    let hv = history(state, symbol, &mut json).await;
    put(&mut json, "implied-volatility-30-day", iv.and_then(|iv| float(iv * 100.0, 2)));
    put(&mut json, "historical-volatility-30-day", hv.and_then(|hv| float(hv * 100.0, 2)));
    let difference = iv.zip(hv).and_then(|(iv, hv)| float((iv - hv) * 100.0, 2));
    put(&mut json, "iv-hv-30-day-difference", difference);
    let price = market.quote(symbol).await.ok().and_then(|quote| quote.price()).unwrap_or(0.0);
    // A billion shares of everybody.
    put(&mut json, "market-cap", (price * 1e9).to_u64());
    Ok(Value::Object(json))
}

fn earnings_json(report: &EarningsDate) -> Value {
    let mut json = Map::new();
    put(&mut json, "visible", Some(true));
    put(&mut json, "expected-report-date", Some(report.date.to_string()));
    put(&mut json, "estimated", Some(!report.confirmed));
    put(&mut json, "late-flag", Some(0));
    let time = match report.time {
        EarningsTime::BeforeMarket => Some("BTO"),
        EarningsTime::AfterMarket => Some("AMC"),
        EarningsTime::Unknown => None,
    };
    put(&mut json, "time-of-day", time);
    Value::Object(json)
}

/// The volatility index from the chain, its rank and percentile from the stored past, and each expiration's volatility.
async fn volatilities(
    state: &Tasty,
    symbol: &Symbol,
    past: &[f64],
    json: &mut Map<String, Value>,
) -> Option<f64> {
    let chain = state.sim.market.chain(symbol).await.ok()?;
    let spot = chain.chain.underlying.price()?;
    let structure = term_structure(&chain.priced, spot);
    let iv = iv30(&structure);
    put(json, "implied-volatility-index", iv.and_then(|iv| float(iv, 9)));
    let five_ago = past.len().checked_sub(5).and_then(|index| past.get(index));
    let change = iv.zip(five_ago).and_then(|(iv, before)| float(iv - before, 9));
    put(json, "implied-volatility-index-5-day-change", change);
    // The ranks of the project are percent.
    let rank = iv.and_then(|iv| iv_rank(iv, past).ok()).and_then(|rank| float(rank / 100.0, 9));
    put(json, "implied-volatility-index-rank", rank.clone());
    put(json, "tos-implied-volatility-index-rank", rank.clone());
    put(json, "tw-implied-volatility-index-rank", rank);
    put(json, "implied-volatility-index-rank-source", Some("tos"));
    let percentile = iv.and_then(|iv| iv_percentile(iv, past).ok()).and_then(|share| float(share / 100.0, 9));
    put(json, "implied-volatility-percentile", percentile);
    let expirations: Vec<Value> = structure
        .iter()
        .map(|expiration| {
            json!({
                "expiration-date": expiration.expiration,
                "option-chain-type": "Standard",
                "settlement-type": "PM",
                "implied-volatility": float(expiration.atm_iv, 9),
            })
        })
        .collect();
    put(json, "option-expiration-implied-volatilities", Some(expirations));
    let open_interest = chain.chain.quotes.iter().filter_map(|quote| quote.open_interest);
    put(json, "liquidity-rating", liquidity_rating(open_interest));
    iv
}

/// Historical volatility and the dividend.
async fn history(state: &Tasty, symbol: &Symbol, json: &mut Map<String, Value>) -> Option<f64> {
    let market = &state.sim.market;
    let bars = market.adjusted_daily(symbol).await.ok()?;
    let today = new_york_date(market.now());
    if let Ok(history) = market.daily(symbol).await
        && let Some(dividend) = newest(&history.dividends, today)
    {
        put(json, "dividend-ex-date", Some(dividend.ex_date.to_string()));
        put(json, "dividend-rate-per-share", float(dividend.amount, 4));
        put(
            json,
            "dividend-pay-date",
            dividend.ex_date.checked_add_days(Days::new(21)).map(|day| day.to_string()),
        );
    }
    hv30(&bars)
}

/// The next dividend that was declared, else the last that was paid.
fn newest(dividends: &[CashDividend], today: chrono::NaiveDate) -> Option<&CashDividend> {
    let declared = dividends
        .iter()
        .find(|dividend| dividend.status == DividendStatus::Declared && dividend.ex_date > today);
    declared.or_else(|| dividends.iter().rfind(|dividend| dividend.status == DividendStatus::Paid))
}

pub(super) async fn dividends(State(state): State<Tasty>, Path(name): Path<String>, call: Call) -> Answer {
    let symbol = state.listed(&name).ok_or_else(|| Refusal::not_found(&name))?;
    let history = state.sim.market.daily(&symbol).await.map_err(|error| Refusal::market(&error))?;
    let paid: Vec<Value> = history
        .dividends
        .iter()
        .rev()
        .filter(|dividend| dividend.status == DividendStatus::Paid)
        .filter_map(|dividend| {
            let amount = float(dividend.amount, 4)?;
            Some(json!({ "occurred-date": dividend.ex_date, "amount": amount }))
        })
        .collect();
    call.items(&paid)
}

/// The simulated companies never said what they earned.
pub(super) async fn earnings(State(state): State<Tasty>, Path(name): Path<String>, call: Call) -> Answer {
    state.listed(&name).ok_or_else(|| Refusal::not_found(&name))?;
    call.items(&[])
}

/// Needs no token.
pub(super) async fn margin_configuration(State(state): State<Tasty>) -> Result<Json<Value>, Refusal> {
    let rate = state.sim.market.rate().await.map_err(|error| Refusal::market(&error))?.continuous;
    let simple = float(rate.exp_m1(), 6).unwrap_or_else(|| Decimal::ZERO.to_string());
    Ok(Json(json!({
        "data": { "risk-free-rate": simple },
        "context": "/margin-requirements-public-configuration",
    })))
}
