//! Option market data: chains and snapshots with Greeks, latest quotes and trades.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Map, Value, json};
use ttai_core::{OccSymbol, OptionQuote, Symbol};
use ttai_quant::chain::PricedQuote;

use super::reference::{ContractFilter, compact};
use super::wire::{Answer, ApiError, Caller, Params, page, time};
use crate::server::SimState;
use crate::server::market::{SimChain, SimMarket, occ};

/// Contracts that one request may name.
const MAX_SYMBOLS: usize = 100;

/// A contract's quote as Alpaca shows it.
pub(super) fn quote_shown(quote: &OptionQuote) -> Value {
    json!({
        "t": time(quote.quote_time),
        "bx": "C", "bp": quote.bid.to_f64().unwrap_or(0.0), "bs": quote.bid_size,
        "ax": "C", "ap": quote.ask.to_f64().unwrap_or(0.0), "as": quote.ask_size,
        "c": "A",
    })
}

/// A contract's last trade; its size is unknown to a tape and shown as 1.
pub(super) fn trade_shown(quote: &OptionQuote) -> Option<Value> {
    let price = quote.last?.to_f64()?;
    Some(json!({ "t": time(quote.quote_time), "x": "C", "p": price, "s": 1, "c": "I" }))
}

fn snapshot_shown(quote: &OptionQuote, priced: &PricedQuote) -> Value {
    let mut shown = Map::new();
    shown.insert("latestQuote".to_owned(), quote_shown(quote));
    if let Some(trade) = trade_shown(quote) {
        shown.insert("latestTrade".to_owned(), trade);
    }
    if let (Some(volatility), Some(greeks)) = (priced.iv, priced.greeks.as_ref()) {
        shown.insert("impliedVolatility".to_owned(), json!(volatility));
        let greeks = json!({
            "delta": greeks.delta, "gamma": greeks.gamma, "theta": greeks.theta, "vega": greeks.vega, "rho": greeks.rho,
        });
        shown.insert("greeks".to_owned(), greeks);
    }
    Value::Object(shown)
}

/// The chains behind some contracts, by root.
async fn chains_of(market: &SimMarket, contracts: &[OccSymbol]) -> BTreeMap<Symbol, Arc<SimChain>> {
    let mut chains = BTreeMap::new();
    for contract in contracts {
        if !chains.contains_key(&contract.root)
            && let Ok(chain) = market.chain(&contract.underlying()).await
        {
            chains.insert(contract.root.clone(), chain);
        }
    }
    chains
}

fn named(params: &Params) -> Result<Vec<OccSymbol>, ApiError> {
    let names = params.list("symbols");
    if names.is_empty() || names.len() > MAX_SYMBOLS {
        return Err(ApiError::data(StatusCode::BAD_REQUEST, "symbols: 1 to 100 contracts are required"));
    }
    let parse = |name: &&str| {
        OccSymbol::parse(name)
            .map(|contract| OccSymbol { strike: contract.strike.normalize(), ..contract })
            .map_err(|_| ApiError::bad_parameter("symbols", name))
    };
    names.iter().map(parse).collect()
}

async fn rows_of(
    state: &SimState,
    params: &Params,
    show: impl Fn(&OptionQuote, &PricedQuote) -> Option<Value>,
) -> Result<BTreeMap<String, Value>, ApiError> {
    let contracts = named(params)?;
    let chains = chains_of(&state.market, &contracts).await;
    let row = |contract: &OccSymbol| {
        let (quote, priced) = chains.get(&contract.root)?.contract(contract)?;
        Some((compact(contract), show(quote, priced)?))
    };
    Ok(contracts.iter().filter_map(row).collect())
}

/// `GET /v1beta1/options/quotes/latest`
pub(super) async fn latest_quotes(State(state): State<SimState>, _: Caller, params: Params) -> Answer {
    let rows = rows_of(&state, &params, |quote, _| Some(quote_shown(quote))).await?;
    Ok(Json(json!({ "quotes": rows })))
}

/// `GET /v1beta1/options/trades/latest`
pub(super) async fn latest_trades(State(state): State<SimState>, _: Caller, params: Params) -> Answer {
    let rows = rows_of(&state, &params, |quote, _| trade_shown(quote)).await?;
    Ok(Json(json!({ "trades": rows })))
}

/// `GET /v1beta1/options/bars`: a tape keeps none.
pub(super) async fn bars(_: Caller, params: Params) -> Answer {
    named(&params)?;
    if params.text("timeframe").is_none() {
        return Err(ApiError::bad_parameter("timeframe", ""));
    }
    Ok(Json(json!({ "bars": {}, "next_page_token": null })))
}

fn paged(rows: BTreeMap<String, Value>, params: &Params) -> Answer {
    let (rows, token) = page(rows.into_iter().collect(), params.offset()?, params.limit(100, 1000)?);
    let rows: BTreeMap<String, Value> = rows.into_iter().collect();
    Ok(Json(json!({ "snapshots": rows, "next_page_token": token })))
}

/// `GET /v1beta1/options/snapshots`
pub(super) async fn snapshots(State(state): State<SimState>, _: Caller, params: Params) -> Answer {
    let rows = rows_of(&state, &params, |quote, priced| Some(snapshot_shown(quote, priced))).await?;
    paged(rows, &params)
}

/// `GET /v1beta1/options/snapshots/{underlying}`
pub(super) async fn chain(
    State(state): State<SimState>,
    _: Caller,
    Path(name): Path<String>,
    params: Params,
) -> Answer {
    let symbol = Symbol::new(&name).map_err(|_| ApiError::bad_parameter("underlying_symbol", &name))?;
    let filter = ContractFilter::read(&params)?;
    let rows = match state.market.chain(&symbol).await {
        Ok(chain) => {
            let both = chain.chain.quotes.iter().zip(&chain.priced);
            let fitting = both.filter(|(quote, _)| filter.fits(quote));
            fitting.map(|(quote, priced)| (compact(&occ(quote)), snapshot_shown(quote, priced))).collect()
        }
        Err(ttai_ports::PortError::UnknownSymbol { .. } | ttai_ports::PortError::NoData { .. }) => {
            BTreeMap::new()
        }
        Err(error) => return Err(ApiError::market(&error)),
    };
    paged(rows, &params)
}
