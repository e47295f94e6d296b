//! What there is to trade, and when: clock, calendar, assets, option contracts.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{Datelike, Days, NaiveDate, Weekday};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use ttai_calendar::{Session, new_york_date, next_session, session, sessions_between};
use ttai_core::{ExerciseStyle, NEW_YORK, OccSymbol, OptionQuote, OptionRight, Symbol};

use super::orders;
use super::wire::{Answer, ApiError, Caller, Params, asset_id, decimal, new_york_time, page};
use crate::server::SimState;
use crate::server::market::{SimChain, occ};

fn not_found(message: String) -> ApiError {
    ApiError::trading(StatusCode::NOT_FOUND, 40_410_000, message)
}

fn uncovered() -> ApiError {
    ApiError::trading(StatusCode::UNPROCESSABLE_ENTITY, 42_210_000, "the calendar does not go that far")
}

/// `GET /v2/clock`
pub(super) async fn clock(State(state): State<SimState>, _: Caller) -> Answer {
    let now = state.market.now();
    let is_open = state.market.is_open();
    let today = state.market.session();
    let next = next_session(new_york_date(now)).map_err(|_| uncovered())?;
    let next_open = today.filter(|today| now < today.open).map_or(next.open, |today| today.open);
    let next_close = today.filter(|today| now < today.close).map_or(next.close, |today| today.close);
    Ok(Json(json!({
        "timestamp": new_york_time(now),
        "is_open": is_open,
        "next_open": new_york_time(next_open),
        "next_close": new_york_time(next_close),
    })))
}

fn day_shown(day: &Session) -> Value {
    let clock =
        |at: chrono::DateTime<chrono::Utc>, form: &str| at.with_timezone(&NEW_YORK).format(form).to_string();
    let settlement = next_session(day.date).map_or(day.date, |next| next.date);
    json!({
        "date": day.date,
        "open": clock(day.open, "%H:%M"),
        "close": clock(day.close, "%H:%M"),
        "session_open": clock(day.pre_market_open(), "%H%M"),
        "session_close": clock(day.post_market_close(), "%H%M"),
        "settlement_date": settlement,
    })
}

/// `GET /v2/calendar`
pub(super) async fn calendar(_: Caller, params: Params) -> Answer {
    let last = NaiveDate::from_ymd_opt(2029, 12, 31).unwrap_or(ttai_calendar::LAST_DATE);
    let start = params.date("start")?.unwrap_or(ttai_calendar::FIRST_DATE);
    let end = params.date("end")?.unwrap_or(last);
    let days = sessions_between(start, end).map_err(|_| uncovered())?;
    Ok(Json(days.iter().map(day_shown).collect()))
}

fn asset_shown(symbol: &Symbol, state: &SimState) -> Value {
    json!({
        "id": asset_id(symbol.as_str()),
        "class": "us_equity",
        "exchange": "NASDAQ",
        "symbol": symbol,
        "name": format!("{symbol} (simulated)"),
        "status": "active",
        "tradable": !state.market.is_halted(symbol),
        "marginable": false,
        "shortable": false,
        "easy_to_borrow": false,
        "fractionable": true,
        "attributes": ["has_options"],
    })
}

/// `GET /v2/assets`
pub(super) async fn assets(State(state): State<SimState>, _: Caller, params: Params) -> Json<Value> {
    let none = params.text("status") == Some("inactive")
        || params.text("asset_class").is_some_and(|class| class != "us_equity")
        || params.text("exchange").is_some_and(|exchange| exchange != "NASDAQ");
    let symbols = if none { &[] } else { state.market.symbols() };
    Json(symbols.iter().map(|symbol| asset_shown(symbol, &state)).collect())
}

/// `GET /v2/assets/{symbol}`
pub(super) async fn asset(State(state): State<SimState>, _: Caller, Path(name): Path<String>) -> Answer {
    let listed = state.market.symbols().iter();
    let found =
        listed.into_iter().find(|symbol| symbol.as_str() == name || asset_id(symbol.as_str()) == name);
    found
        .map(|symbol| Json(asset_shown(symbol, &state)))
        .ok_or_else(|| not_found(format!("asset not found for {name}")))
}

/// A contract's compact symbol.
pub(super) fn compact(contract: &OccSymbol) -> String {
    contract.to_string().replace(' ', "")
}

/// Which contracts a caller asks for; shared by the contract list and the chain.
pub(super) struct ContractFilter {
    expiration: Option<NaiveDate>,
    from: Option<NaiveDate>,
    until: Option<NaiveDate>,
    right: Option<OptionRight>,
    lowest: Option<Decimal>,
    highest: Option<Decimal>,
    root: Option<String>,
}

impl ContractFilter {
    pub(super) fn read(params: &Params) -> Result<Self, ApiError> {
        let right = match params.text("type") {
            None => None,
            Some("call") => Some(OptionRight::Call),
            Some("put") => Some(OptionRight::Put),
            Some(other) => return Err(ApiError::bad_parameter("type", other)),
        };
        Ok(Self {
            expiration: params.date("expiration_date")?,
            from: params.date("expiration_date_gte")?,
            until: params.date("expiration_date_lte")?,
            right,
            lowest: params.decimal("strike_price_gte")?,
            highest: params.decimal("strike_price_lte")?,
            root: params.text("root_symbol").map(str::to_owned),
        })
    }

    /// Without a word on expirations, those up to the next weekend.
    fn or_to_the_weekend(mut self, today: NaiveDate) -> Self {
        if self.expiration.is_none() && self.until.is_none() {
            self.until = today.iter_days().find(|day| day.weekday() == Weekday::Sun);
        }
        self
    }

    pub(super) fn fits(&self, quote: &OptionQuote) -> bool {
        let contract = &quote.contract;
        self.expiration.is_none_or(|date| contract.expiration == date)
            && self.from.is_none_or(|date| contract.expiration >= date)
            && self.until.is_none_or(|date| contract.expiration <= date)
            && self.right.is_none_or(|right| contract.right == right)
            && self.lowest.is_none_or(|strike| contract.strike >= strike)
            && self.highest.is_none_or(|strike| contract.strike <= strike)
            && self.root.as_deref().is_none_or(|root| contract.root.as_str() == root)
    }
}

fn contract_shown(quote: &OptionQuote, chain: &SimChain) -> Value {
    let contract = &quote.contract;
    let symbol = compact(&occ(quote));
    let right = match contract.right {
        OptionRight::Call => "Call",
        OptionRight::Put => "Put",
    };
    let date = contract.expiration.format("%b %d %Y");
    let mut shown = json!({
        "id": asset_id(&symbol),
        "symbol": symbol,
        "name": format!("{} {date} {} {right}", contract.underlying, contract.strike.normalize()),
        "status": "active",
        "tradable": true,
        "expiration_date": contract.expiration,
        "root_symbol": contract.root,
        "underlying_symbol": contract.underlying,
        "underlying_asset_id": asset_id(contract.underlying.as_str()),
        "type": right.to_lowercase(),
        "style": match contract.style {
            ExerciseStyle::American => "american",
            ExerciseStyle::European => "european",
        },
        "strike_price": decimal(contract.strike),
        "multiplier": contract.multiplier.to_string(),
        // As the service says it: 100 shares whatever they are delivered with.
        "size": contract.deliverable_shares.to_string(),
        "ppind": true,
    });
    if contract.root.is_adjusted_root() {
        shown["deliverables"] = json!([
            deliverable(contract.underlying.as_str(), "100"),
            deliverable(super::stories::SPUN, "25"),
        ]);
    }
    if let (Some(interest), Some(fields)) = (quote.open_interest, shown.as_object_mut()) {
        let date = new_york_date(chain.chain.snapshot_time);
        let day = ttai_calendar::previous_session(date).map_or(date, |day| day.date);
        fields.insert("open_interest".to_owned(), json!(interest.to_string()));
        fields.insert("open_interest_date".to_owned(), json!(day));
    }
    shown
}

fn deliverable(symbol: &str, amount: &str) -> Value {
    json!({
        "type": "equity",
        "symbol": symbol,
        "asset_id": asset_id(symbol),
        "amount": amount,
        "allocation_percentage": "100",
        "settlement_type": "T+1",
        "settlement_method": "CCC",
        "delayed_settlement": false,
    })
}

/// `GET /v2/options/contracts`
pub(super) async fn contracts(State(state): State<SimState>, _: Caller, params: Params) -> Answer {
    let limit = params.limit(100, 10_000)?;
    let filter = ContractFilter::read(&params)?.or_to_the_weekend(new_york_date(state.market.now()));
    let european = params.text("style").map(|style| style == "european");
    let mut rows = Vec::new();
    if params.text("status") != Some("inactive") {
        for chain in wanted_chains(&state, &params).await? {
            let quotes = chain.chain.quotes.iter().filter(|quote| {
                filter.fits(quote)
                    && european
                        .is_none_or(|european| (quote.contract.style == ExerciseStyle::European) == european)
            });
            rows.extend(quotes.map(|quote| contract_shown(quote, &chain)));
        }
    }
    rows.sort_by(|a, b| symbol_in(a).cmp(symbol_in(b)));
    let (rows, token) = page(rows, params.offset()?, limit);
    Ok(Json(json!({ "option_contracts": rows, "next_page_token": token })))
}

fn symbol_in(row: &Value) -> &str {
    row.get("symbol").and_then(Value::as_str).unwrap_or_default()
}

async fn wanted_chains(state: &SimState, params: &Params) -> Result<Vec<Arc<SimChain>>, ApiError> {
    let named = params.list("underlying_symbols");
    let symbols: Vec<Symbol> = if named.is_empty() {
        state.market.symbols().to_vec()
    } else {
        named
            .iter()
            .filter_map(|name| Symbol::new(name).ok())
            .filter(|name| state.market.lists(name))
            .collect()
    };
    let mut chains = Vec::new();
    for symbol in &symbols {
        if let Ok(chain) = state.market.chain(symbol).await {
            chains.push(chain);
        }
    }
    Ok(chains)
}

/// `GET /v2/options/contracts/{symbol}`
pub(super) async fn contract(State(state): State<SimState>, _: Caller, Path(name): Path<String>) -> Answer {
    let missing = || not_found(format!("option contract not found for {name}"));
    if OccSymbol::parse(&name).is_ok_and(|contract| orders::is_of_index(&contract)) {
        return Err(missing());
    }
    let symbol = OccSymbol::parse(&name).map_err(|_| missing())?;
    let chain = state.market.chain(&symbol.underlying()).await.map_err(|_| missing())?;
    let wanted = OccSymbol { strike: symbol.strike.normalize(), ..symbol };
    let (quote, _) = chain.contract(&wanted).ok_or_else(missing)?;
    Ok(Json(contract_shown(quote, &chain)))
}

/// The sessions that touch a span, the newest `most` of them.
pub(super) fn sessions_in(from: NaiveDate, until: NaiveDate, most: usize) -> Vec<Session> {
    let mut day = Some(until);
    let mut found = Vec::new();
    while let Some(date) = day.filter(|date| *date >= from && found.len() < most) {
        found.extend(session(date));
        day = date.checked_sub_days(Days::new(1));
    }
    found.reverse();
    found
}
