//! Equities, option contracts and chains in their three forms.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, State};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use ttai_core::{ExerciseStyle, OccSymbol, OptionContract, OptionRight, SettlementTime, Symbol};

use super::order_json::occ;
use super::reply::{Answer, Call, Refusal};
use super::wire::{instant, number};
use super::{Tasty, contract_of, name_of};

/// Equities a page where the caller does not say.
const EQUITIES_A_PAGE: usize = 250;

fn equity_json(state: &Tasty, symbol: &Symbol) -> Value {
    let name = name_of(symbol);
    let position = state.sim.market.symbols().iter().position(|listed| listed == symbol).unwrap_or(0);
    json!({
        "id": position + 1,
        "symbol": name,
        "instrument-type": "Equity",
        "active": true,
        "description": format!("{name} (simulated)"),
        "short-description": name,
        "is-index": symbol.as_str().starts_with('^'),
        "is-etf": ttai_core::is_fund(symbol.as_str()),
        "is-closing-only": false,
        "is-options-closing-only": false,
        "is-illiquid": false,
        "is-fractional-quantity-eligible": true,
        "is-fraud-risk": false,
        "lendability": "Easy To Borrow",
        "borrow-rate": "0.0",
        "listed-market": "XNAS",
        "market-time-instrument-collection": "Equity",
        "streamer-symbol": name,
        "tick-sizes": [{ "value": "0.0001", "threshold": "1.0" }, { "value": "0.01" }],
        "option-tick-sizes": [{ "value": "0.01", "threshold": "3.0" }, { "value": "0.05" }],
    })
}

fn no_symbol(name: &str) -> Refusal {
    Refusal::not_found(&format!("instrument {name}"))
}

pub(super) async fn equities(State(state): State<Tasty>, call: Call) -> Answer {
    let found: Vec<Value> = call
        .all("symbol")
        .into_iter()
        .filter_map(|name| state.listed(name))
        .map(|symbol| equity_json(&state, &symbol))
        .collect();
    call.page(&found, EQUITIES_A_PAGE)
}

pub(super) async fn active_equities(State(state): State<Tasty>, call: Call) -> Answer {
    let all: Vec<Value> =
        state.sim.market.symbols().iter().map(|symbol| equity_json(&state, symbol)).collect();
    call.page(&all, EQUITIES_A_PAGE)
}

pub(super) async fn equity(State(state): State<Tasty>, Path(name): Path<String>, call: Call) -> Answer {
    let symbol = state.listed(&name).ok_or_else(|| no_symbol(&name))?;
    call.data(&equity_json(&state, &symbol))
}

/// The contracts of a chain that still trade.
async fn contracts(state: &Tasty, name: &str) -> Result<Vec<OptionContract>, Refusal> {
    let symbol = state.listed(name).ok_or_else(|| no_symbol(name))?;
    let chain = state.sim.market.chain(&symbol).await.map_err(|error| Refusal::market(&error))?;
    let now = state.sim.market.now();
    let all = chain.chain.quotes.iter().map(|quote| quote.contract.clone());
    Ok(all.filter(|contract| contract.expiration_close > now).collect())
}

fn option_json(contract: &OptionContract, now: DateTime<Utc>) -> Value {
    let symbol = contract.occ();
    json!({
        "active": true,
        "symbol": occ(&symbol),
        "instrument-type": "Equity Option",
        "underlying-symbol": name_of(&contract.underlying),
        "root-symbol": name_of(&contract.root),
        "option-type": contract.right.letter().to_string(),
        "strike-price": number(contract.strike),
        "expiration-date": contract.expiration,
        "expiration-type": expiration_type(contract),
        "expires-at": instant(contract.expiration_close),
        "stops-trading-at": instant(contract.expiration_close),
        "exercise-style": match contract.style {
            ExerciseStyle::American => "American",
            ExerciseStyle::European => "European",
        },
        "settlement-type": settlement(contract),
        "option-chain-type": chain_type(contract),
        "shares-per-contract": contract.multiplier,
        "days-to-expiration": contract.dte(ttai_calendar::new_york_date(now)),
        "is-closing-only": false,
        "market-time-instrument-collection": "Equity Option",
        "streamer-symbol": symbol.streamer(),
    })
}

fn settlement(contract: &OptionContract) -> &'static str {
    match contract.settlement_time {
        SettlementTime::Am => "AM",
        SettlementTime::Pm => "PM",
    }
}

fn chain_type(contract: &OptionContract) -> &'static str {
    if contract.is_standard() { "Standard" } else { "Non-standard" }
}

fn expiration_type(contract: &OptionContract) -> &'static str {
    let date = contract.last_trade_date;
    let monthly = ttai_calendar::monthly_expiration(date.year(), date.month());
    if monthly.is_ok_and(|monthly| monthly.last_trade_date == date) { "Regular" } else { "Weekly" }
}

pub(super) async fn options(State(state): State<Tasty>, call: Call) -> Answer {
    let mut found = Vec::new();
    for name in call.all("symbol") {
        if let Ok(contract) = listed(&state, name).await {
            found.push(option_json(&contract, state.sim.market.now()));
        }
    }
    call.items(&found)
}

pub(super) async fn option(State(state): State<Tasty>, Path(name): Path<String>, call: Call) -> Answer {
    let contract = listed(&state, &name).await?;
    call.data(&option_json(&contract, state.sim.market.now()))
}

async fn listed(state: &Tasty, name: &str) -> Result<OptionContract, Refusal> {
    let wanted = contract_of(name).ok_or_else(|| no_symbol(name))?;
    let root = name_of(&wanted.underlying());
    let all = contracts(state, &root).await?;
    all.into_iter().find(|contract| contract.occ() == wanted).ok_or_else(|| no_symbol(name))
}

pub(super) async fn full_chain(State(state): State<Tasty>, Path(name): Path<String>, call: Call) -> Answer {
    let now = state.sim.market.now();
    let all: Vec<Value> =
        contracts(&state, &name).await?.iter().map(|contract| option_json(contract, now)).collect();
    call.items(&all)
}

/// What one contract delivers.
fn deliverables(contract: &OptionContract) -> Value {
    let underlying = name_of(&contract.underlying);
    let shares = contract.deliverable_shares;
    let own = json!({
        "id": 1,
        "amount": number(Decimal::from(shares)),
        "deliverable-type": "Shares",
        "description": format!("{shares} shares of {underlying}"),
        "instrument-type": "Equity",
        "percent": "100",
        "root-symbol": name_of(&contract.root),
        "symbol": underlying,
    });
    if !contract.root.is_adjusted_root() {
        return json!([own]);
    }
    let other = json!({
        "id": 2,
        "amount": "25.0",
        "deliverable-type": "Shares",
        "description": "25 shares of SPUN",
        "instrument-type": "Equity",
        "percent": "0",
        "root-symbol": name_of(&contract.root),
        "symbol": "SPUN",
    });
    json!([own, other])
}

pub(super) async fn nested_chain(State(state): State<Tasty>, Path(name): Path<String>, call: Call) -> Answer {
    let today = ttai_calendar::new_york_date(state.sim.market.now());
    let all = contracts(&state, &name).await?;
    let roots: BTreeSet<&Symbol> = all.iter().map(|contract| &contract.root).collect();
    let chains: Vec<Value> = roots
        .into_iter()
        .filter_map(|root| {
            let own: Vec<&OptionContract> = all.iter().filter(|contract| contract.root == *root).collect();
            let first = own.first()?;
            Some(json!({
                "underlying-symbol": name_of(&first.underlying),
                "root-symbol": name_of(root),
                "option-chain-type": chain_type(first),
                "shares-per-contract": first.multiplier,
                "tick-sizes": [{ "threshold": "3.0", "value": "0.01" }, { "value": "0.05" }],
                "deliverables": deliverables(first),
                "expirations": expirations(&own, today),
            }))
        })
        .collect();
    call.items(&chains)
}

fn expirations(contracts: &[&OptionContract], today: NaiveDate) -> Vec<Value> {
    let mut by_date: BTreeMap<NaiveDate, Vec<&OptionContract>> = BTreeMap::new();
    for contract in contracts {
        by_date.entry(contract.expiration).or_default().push(contract);
    }
    by_date
        .into_iter()
        .filter_map(|(date, own)| {
            let first = own.first()?;
            let strikes: BTreeSet<Decimal> = own.iter().map(|contract| contract.strike).collect();
            let strikes: Vec<Value> = strikes.into_iter().map(|strike| strike_json(first, strike)).collect();
            Some(json!({
                "expiration-type": expiration_type(first),
                "expiration-date": date,
                "days-to-expiration": first.dte(today),
                "settlement-type": settlement(first),
                "strikes": strikes,
            }))
        })
        .collect()
}

/// A call and a put are always listed together.
fn strike_json(contract: &OptionContract, strike: Decimal) -> Value {
    let side = |right| OccSymbol { right, strike, ..contract.occ() };
    let (call, put) = (side(OptionRight::Call), side(OptionRight::Put));
    json!({
        "strike-price": number(strike),
        "call": occ(&call),
        "call-streamer-symbol": call.streamer(),
        "put": occ(&put),
        "put-streamer-symbol": put.streamer(),
    })
}

pub(super) async fn compact_chain(
    State(state): State<Tasty>,
    Path(name): Path<String>,
    call: Call,
) -> Answer {
    let all = contracts(&state, &name).await?;
    let mut groups: BTreeMap<(&Symbol, &str, &str), Vec<&OptionContract>> = BTreeMap::new();
    for contract in &all {
        let key = (&contract.root, expiration_type(contract), settlement(contract));
        groups.entry(key).or_default().push(contract);
    }
    let chains: Vec<Value> = groups
        .into_iter()
        .filter_map(|((root, kind, settlement), own)| {
            let first = own.first()?;
            let symbols: Vec<OccSymbol> = own.iter().map(|contract| contract.occ()).collect();
            Some(json!({
                "underlying-symbol": name_of(&first.underlying),
                "root-symbol": name_of(root),
                "option-chain-type": chain_type(first),
                "settlement-type": settlement,
                "shares-per-contract": first.multiplier,
                "expiration-type": kind,
                "deliverables": deliverables(first),
                "symbols": symbols.iter().map(occ).collect::<Vec<_>>(),
                "streamer-symbols": symbols.iter().map(OccSymbol::streamer).collect::<Vec<_>>(),
            }))
        })
        .collect();
    call.items(&chains)
}

pub(super) async fn search(State(state): State<Tasty>, Path(text): Path<String>, call: Call) -> Answer {
    let wanted = text.to_ascii_uppercase();
    let found: Vec<Value> = state
        .sim
        .market
        .symbols()
        .iter()
        .map(name_of)
        .filter(|name| name.starts_with(&wanted))
        .map(|name| json!({ "symbol": name, "description": format!("{name} (simulated)") }))
        .collect();
    call.items(&found)
}

pub(super) async fn precisions(call: Call) -> Answer {
    let row = |kind: &str, value: u32| json!({ "instrument-type": kind, "value": value, "minimum-increment-precision": value });
    call.items(&[row("Equity", 5), row("Equity Option", 0)])
}
