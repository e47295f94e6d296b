//! Alpaca's orders: taken, shown, changed and taken back.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};
use ttai_core::{OccSymbol, Symbol};
use ttai_ports::{Instrument, OrderAction};

use super::wire::{Answer, ApiError, Caller, Params, asset_id, decimal, time};
use crate::server::SimState;
use crate::server::exchange::{
    Duration, ExchangeLeg, LegRequest, Order, OrderRequest, OrderState, Pricing, Rejection, Replacement,
    Side, symbol_of, uuid,
};
use crate::server::listing::{self, ListingKind};

/// Longest client order id.
const MAX_CLIENT_ORDER_ID: usize = 128;

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::trading(StatusCode::UNPROCESSABLE_ENTITY, 42_210_000, message)
}

fn refused(rejection: &Rejection) -> ApiError {
    let forbidden = |message: String| ApiError::trading(StatusCode::FORBIDDEN, 40_310_000, message);
    match rejection {
        Rejection::UnknownOrder(id) => {
            ApiError::trading(StatusCode::NOT_FOUND, 40_410_000, format!("order not found for {id}"))
        }
        Rejection::UnknownSymbol { symbol } => invalid(format!("asset \"{symbol}\" not found")),
        Rejection::WrongTick { price, .. } => invalid(format!(
            "invalid limit_price {price}. sub-penny increment does not fulfill minimum pricing criteria"
        )),
        Rejection::DuplicateClientOrderId(_) => {
            ApiError::trading(StatusCode::UNPROCESSABLE_ENTITY, 40_010_001, "client_order_id must be unique")
        }
        Rejection::InsufficientBuyingPower { required, available } => {
            forbidden("insufficient buying power".to_owned())
                .with("buying_power", decimal(*available))
                .with("cost_basis", decimal(*required))
        }
        Rejection::InsufficientQuantity { symbol, requested, available } => forbidden(format!(
            "insufficient qty available for order (requested: {requested}, available: {available})"
        ))
        .with("symbol", json!(symbol))
        .with("available", decimal(*available)),
        Rejection::Uncovered { .. } => {
            forbidden("account not eligible to trade uncovered option contracts".to_owned())
        }
        Rejection::Halted { symbol } => forbidden(format!("trading in {symbol} is halted")),
        Rejection::NotOpen(state) => invalid(format!("order is already in \"{state}\" state")),
        Rejection::UnknownAccount(_) | Rejection::Invalid(_) => invalid(rejection.to_string()),
    }
}

/// `POST /v2/orders`
pub(super) async fn submit(State(state): State<SimState>, caller: Caller, Json(body): Json<Value>) -> Answer {
    let request = parse(&body, &caller.account, &state)?;
    let order = state.exchange.submit(&state.market, &request).await.map_err(|reason| refused(&reason))?;
    Ok(Json(shown(&order)))
}

/// `GET /v2/orders`
pub(super) async fn list(State(state): State<SimState>, caller: Caller, params: Params) -> Answer {
    state.exchange.follow(&state.market).await;
    let limit = params.limit(50, 500)?;
    let (after, until) = (params.time("after", false)?, params.time("until", true)?);
    let wanted = params.text("status").unwrap_or("open");
    let symbols = params.list("symbols");
    let side = params.text("side");
    let fits = |order: &&Order| {
        let status = match wanted {
            "open" => order.status.is_open(),
            "closed" => !order.status.is_open(),
            _ => true,
        };
        let symbol = symbols.is_empty()
            || order.legs.iter().any(|leg| symbols.contains(&symbol_of(&leg.instrument).as_str()));
        let side = side.is_none_or(|side| order.legs.iter().any(|leg| side_name(leg.side()) == side));
        status
            && symbol
            && side
            && after.is_none_or(|after| order.received_at > after)
            && until.is_none_or(|until| order.received_at <= until)
    };
    let orders: Vec<Value> = state.exchange.read(|book| {
        let sequence = |name: &str| {
            params.text(name).and_then(|id| book.order(&caller.account, id)).map(|order| order.sequence)
        };
        let (after, before) = (sequence("after_order_id"), sequence("before_order_id"));
        let found = book.orders_of(&caller.account).filter(fits).filter(|order| {
            after.is_none_or(|after| order.sequence > after)
                && before.is_none_or(|before| order.sequence < before)
        });
        if params.text("direction") == Some("asc") {
            found.take(limit).map(shown).collect()
        } else {
            found.rev().take(limit).map(shown).collect()
        }
    });
    Ok(Json(Value::Array(orders)))
}

/// `DELETE /v2/orders`
pub(super) async fn cancel_all(State(state): State<SimState>, caller: Caller) -> (StatusCode, Json<Value>) {
    let open: Vec<String> = state.exchange.read(|book| {
        let open = book.orders_of(&caller.account).filter(|order| order.status.is_open());
        open.map(|order| order.id.clone()).collect()
    });
    let mut outcomes = Vec::with_capacity(open.len());
    for id in &open {
        let cancelled = state.exchange.cancel(&state.market, &caller.account, id).await;
        outcomes.push(json!({ "id": id, "status": if cancelled.is_ok() { 200 } else { 422 } }));
    }
    (StatusCode::MULTI_STATUS, Json(Value::Array(outcomes)))
}

/// `GET /v2/orders/{id}`
pub(super) async fn one(State(state): State<SimState>, caller: Caller, Path(id): Path<String>) -> Answer {
    state.exchange.follow(&state.market).await;
    let found = state.exchange.read(|book| book.order(&caller.account, &id).map(shown));
    found.map(Json).ok_or_else(|| refused(&Rejection::UnknownOrder(id)))
}

/// `GET /v2/orders:by_client_order_id`
pub(super) async fn by_client_order_id(
    State(state): State<SimState>,
    caller: Caller,
    params: Params,
) -> Answer {
    state.exchange.follow(&state.market).await;
    let id = params.text("client_order_id").ok_or_else(|| invalid("client_order_id is required"))?;
    let found = state.exchange.read(|book| book.order_by_client_id(&caller.account, id).map(shown));
    found.map(Json).ok_or_else(|| refused(&Rejection::UnknownOrder(id.to_owned())))
}

/// `DELETE /v2/orders/{id}`
pub(super) async fn cancel(
    State(state): State<SimState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    state.exchange.follow(&state.market).await;
    state
        .exchange
        .cancel(&state.market, &caller.account, &id)
        .await
        .map(|_| StatusCode::NO_CONTENT)
        .map_err(|reason| refused(&reason))
}

/// `PATCH /v2/orders/{id}`
pub(super) async fn replace(
    State(state): State<SimState>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Value>,
) -> Answer {
    let old = state
        .exchange
        .read(|book| book.order(&caller.account, &id).cloned())
        .ok_or_else(|| refused(&Rejection::UnknownOrder(id.clone())))?;
    let limit = amount(&body, "limit_price")?.or_else(|| old.pricing.limit());
    let stop = amount(&body, "stop_price")?.or_else(|| old.pricing.stop());
    let change = Replacement {
        client_order_id: text(&body, "client_order_id").map(str::to_owned),
        quantity: amount(&body, "qty")?,
        pricing: Some(pricing(limit, stop)),
        duration: text(&body, "time_in_force").map(duration).transpose()?,
    };
    let order = state
        .exchange
        .replace(&state.market, &caller.account, &id, &change)
        .await
        .map_err(|reason| refused(&reason))?;
    Ok(Json(shown(&order)))
}

/// An order that closes a position, or part of it.
pub(super) async fn close(
    state: &SimState,
    account: &str,
    instrument: Instrument,
    quantity: Decimal,
) -> Result<Value, ApiError> {
    let side = if quantity.is_sign_negative() { Side::Buy } else { Side::Sell };
    let count = state.exchange.read(|book| book.orders_of(account).count());
    let request = OrderRequest {
        account: account.to_owned(),
        client_order_id: uuid("alpaca close", &format!("{account} {count}")),
        legs: vec![LegRequest { instrument, side, action: None, ratio: Decimal::ONE }],
        quantity: quantity.abs(),
        pricing: Pricing::Market,
        duration: Duration::Day,
        extended_hours: false,
    };
    let order = state.exchange.submit(&state.market, &request).await.map_err(|reason| refused(&reason))?;
    Ok(shown(&order))
}

fn pricing(limit: Option<Decimal>, stop: Option<Decimal>) -> Pricing {
    match (limit, stop) {
        (None, None) => Pricing::Market,
        (Some(limit), None) => Pricing::Limit(limit),
        (None, Some(stop)) => Pricing::Stop(stop),
        (Some(limit), Some(stop)) => Pricing::StopLimit { stop, limit },
    }
}

fn text<'a>(body: &'a Value, name: &str) -> Option<&'a str> {
    body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// A number that is a string in the specification and a number in some clients.
fn amount(body: &Value, name: &str) -> Result<Option<Decimal>, ApiError> {
    let text = match body.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => return Err(invalid(format!("invalid {name}"))),
    };
    let parsed = text.parse().or_else(|_| Decimal::from_scientific(&text));
    parsed.map(Some).map_err(|_| invalid(format!("invalid {name}")))
}

fn duration(name: &str) -> Result<Duration, ApiError> {
    Ok(match name {
        "day" => Duration::Day,
        "gtc" => Duration::GoodTilCanceled,
        "ioc" => Duration::ImmediateOrCancel,
        "fok" => Duration::FillOrKill,
        other => return Err(invalid(format!("time_in_force {other} is not simulated"))),
    })
}

/// Whether a contract is on an index: Alpaca lists none, also under the roots of the weekly ones (`SPXW`, `NDXP`).
pub(super) fn is_of_index(contract: &OccSymbol) -> bool {
    let root = contract.root.as_str();
    let index = |name: &str| Symbol::new(name).is_ok_and(|name| listing::kind(&name) == ListingKind::Index);
    index(root) || root.strip_suffix(['W', 'P']).is_some_and(index)
}

/// A ticker, a contract, or the id of one of the market's shares.
pub(super) fn instrument(name: &str, state: &SimState) -> Result<Instrument, ApiError> {
    let unknown = || refused(&Rejection::UnknownSymbol { symbol: name.chars().take(40).collect() });
    if let Ok(contract) = OccSymbol::parse(name) {
        return if is_of_index(&contract) { Err(unknown()) } else { Ok(Instrument::Option(contract)) };
    }
    if name.len() == 36 {
        let listed = state.market.symbols().iter().find(|symbol| asset_id(symbol.as_str()) == name);
        return listed.cloned().map(Instrument::Equity).ok_or_else(unknown);
    }
    Symbol::new(name).map(Instrument::Equity).map_err(|_| unknown())
}

fn action(body: &Value) -> Result<Option<OrderAction>, ApiError> {
    Ok(Some(match text(body, "position_intent") {
        None => return Ok(None),
        Some("buy_to_open") => OrderAction::BuyToOpen,
        Some("buy_to_close") => OrderAction::BuyToClose,
        Some("sell_to_open") => OrderAction::SellToOpen,
        Some("sell_to_close") => OrderAction::SellToClose,
        Some(_) => return Err(invalid("invalid position_intent")),
    }))
}

fn leg(body: &Value, ratio: Decimal, state: &SimState) -> Result<LegRequest, ApiError> {
    let symbol = text(body, "symbol").ok_or_else(|| invalid("symbol is required"))?;
    let action = action(body)?;
    let side = match (text(body, "side"), action) {
        (Some("buy"), _) => Side::Buy,
        (Some("sell"), _) => Side::Sell,
        (None, Some(action)) => Side::of(action),
        _ => return Err(invalid("side is required")),
    };
    Ok(LegRequest { instrument: instrument(symbol, state)?, side, action, ratio })
}

/// A list, as such or as JSON in a string, which some clients make of it.
fn listed(value: Option<&Value>) -> Vec<Value> {
    match value {
        Some(Value::Array(items)) => items.clone(),
        Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn parse(body: &Value, account: &str, state: &SimState) -> Result<OrderRequest, ApiError> {
    let quantity =
        amount(body, "qty")?.ok_or_else(|| invalid("qty is required; notional orders are not simulated"))?;
    let legs = match text(body, "order_class").unwrap_or("simple") {
        "simple" => vec![leg(body, Decimal::ONE, state)?],
        "mleg" => {
            let legs = listed(body.get("legs"));
            if legs.len() < 2 {
                return Err(invalid("mleg orders need 2 to 4 legs"));
            }
            let with_ratio = |one: &Value| {
                let ratio = amount(one, "ratio_qty")?.ok_or_else(|| invalid("ratio_qty is required"))?;
                leg(one, ratio, state)
            };
            legs.iter().map(with_ratio).collect::<Result<_, _>>()?
        }
        other => return Err(invalid(format!("order_class {other} is not simulated"))),
    };
    let required = |name| amount(body, name)?.ok_or_else(|| invalid(format!("{name} is required")));
    let pricing = match text(body, "type").ok_or_else(|| invalid("type is required"))? {
        "market" => Pricing::Market,
        "limit" => Pricing::Limit(required("limit_price")?),
        "stop" => Pricing::Stop(required("stop_price")?),
        "stop_limit" => Pricing::StopLimit { stop: required("stop_price")?, limit: required("limit_price")? },
        other => return Err(invalid(format!("type {other} is not simulated"))),
    };
    let duration =
        duration(text(body, "time_in_force").ok_or_else(|| invalid("time_in_force is required"))?)?;
    options_rules(&legs, duration)?;
    Ok(OrderRequest {
        account: account.to_owned(),
        client_order_id: client_order_id(body, account, state)?,
        legs,
        quantity,
        pricing,
        duration,
        extended_hours: body.get("extended_hours").and_then(Value::as_bool).unwrap_or(false),
    })
}

/// Alpaca takes options as day and gtc orders only, and several legs only of options.
fn options_rules(legs: &[LegRequest], duration: Duration) -> Result<(), ApiError> {
    let options = legs.iter().filter(|leg| matches!(leg.instrument, Instrument::Option(_))).count();
    let lasts = matches!(duration, Duration::Day | Duration::GoodTilCanceled);
    if options > 0 && !lasts {
        return Err(invalid("option orders must have time_in_force day or gtc"));
    }
    if legs.len() > 1 && options < legs.len() {
        return Err(invalid("mleg orders must have option legs only"));
    }
    Ok(())
}

fn client_order_id(body: &Value, account: &str, state: &SimState) -> Result<String, ApiError> {
    match text(body, "client_order_id") {
        Some(id) if id.chars().count() > MAX_CLIENT_ORDER_ID => {
            Err(invalid("client_order_id must be at most 128 characters"))
        }
        Some(id) => Ok(id.to_owned()),
        None => {
            let count = state.exchange.read(|book| book.orders_of(account).count());
            Ok(uuid("alpaca client order", &format!("{account} {count}")))
        }
    }
}

fn side_name(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

fn intent_name(action: OrderAction) -> &'static str {
    match action {
        OrderAction::BuyToOpen => "buy_to_open",
        OrderAction::BuyToClose => "buy_to_close",
        OrderAction::SellToOpen => "sell_to_open",
        OrderAction::SellToClose => "sell_to_close",
    }
}

/// A status as Alpaca names it.
pub(super) fn status_name(status: OrderState) -> &'static str {
    match status {
        OrderState::Accepted => "accepted",
        OrderState::New => "new",
        OrderState::PartiallyFilled => "partially_filled",
        OrderState::Filled => "filled",
        OrderState::Canceled => "canceled",
        OrderState::Rejected => "rejected",
        OrderState::Expired => "expired",
        OrderState::Replaced => "replaced",
    }
}

fn kind_name(pricing: Pricing) -> &'static str {
    match pricing {
        Pricing::Market => "market",
        Pricing::Limit(_) => "limit",
        Pricing::Stop(_) => "stop",
        Pricing::StopLimit { .. } => "stop_limit",
    }
}

fn duration_name(duration: Duration) -> &'static str {
    match duration {
        Duration::Day => "day",
        Duration::GoodTilCanceled => "gtc",
        Duration::ImmediateOrCancel => "ioc",
        Duration::FillOrKill => "fok",
    }
}

fn maybe(value: Option<Decimal>) -> Value {
    value.map_or(Value::Null, decimal)
}

/// What an order and a leg of it have in common.
fn common(order: &Order) -> Map<String, Value> {
    let ended =
        |status: OrderState| order.ended_at.filter(|_| order.status == status).map_or(Value::Null, time);
    let fields = json!({
        "created_at": time(order.received_at),
        "submitted_at": time(order.received_at),
        "updated_at": time(order.updated_at),
        "filled_at": ended(OrderState::Filled),
        "expired_at": ended(OrderState::Expired),
        "canceled_at": ended(OrderState::Canceled),
        "failed_at": ended(OrderState::Rejected),
        "replaced_at": ended(OrderState::Replaced),
        "replaced_by": order.replaced_by,
        "replaces": order.replaces,
        "notional": null,
        "type": kind_name(order.pricing),
        "order_type": kind_name(order.pricing),
        "time_in_force": duration_name(order.duration),
        "stop_price": maybe(order.pricing.stop()),
        "trail_percent": null,
        "trail_price": null,
        "hwm": null,
        "status": status_name(order.status),
        "extended_hours": order.extended_hours,
        "expires_at": time(order.expires_at),
        "legs": null,
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn leg_fields(leg: &ExchangeLeg) -> [(&'static str, Value); 5] {
    let symbol = symbol_of(&leg.instrument);
    let class = if matches!(leg.instrument, Instrument::Option(_)) { "us_option" } else { "us_equity" };
    [
        ("asset_id", json!(asset_id(&symbol))),
        ("symbol", json!(symbol)),
        ("asset_class", json!(class)),
        ("side", json!(side_name(leg.side()))),
        ("position_intent", json!(intent_name(leg.action))),
    ]
}

/// The id of a leg of an order of several.
pub(super) fn leg_id(order: &str, instrument: &Instrument) -> String {
    uuid("alpaca leg", &format!("{order} {}", symbol_of(instrument)))
}

fn nested_leg(order: &Order, leg: &ExchangeLeg) -> Value {
    let mut fields = common(order);
    fields.extend(leg_fields(leg).map(|(name, value)| (name.to_owned(), value)));
    let symbol = symbol_of(&leg.instrument);
    let own = [
        ("id", json!(leg_id(&order.id, &leg.instrument))),
        ("client_order_id", json!(uuid("alpaca leg client", &format!("{} {symbol}", order.id)))),
        ("qty", decimal(order.quantity * leg.ratio)),
        ("filled_qty", decimal(order.filled_quantity * leg.ratio)),
        ("filled_avg_price", maybe(leg.average_price)),
        ("limit_price", Value::Null),
        ("order_class", json!("mleg")),
        ("ratio_qty", decimal(leg.ratio)),
    ];
    fields.extend(own.map(|(name, value)| (name.to_owned(), value)));
    Value::Object(fields)
}

/// An order as Alpaca shows it.
pub(super) fn shown(order: &Order) -> Value {
    let mut fields = common(order);
    let own = [
        ("id", json!(order.id)),
        ("client_order_id", json!(order.client_order_id)),
        ("qty", decimal(order.quantity)),
        ("filled_qty", decimal(order.filled_quantity)),
        ("filled_avg_price", maybe(order.average_price)),
        ("limit_price", maybe(order.pricing.limit())),
    ];
    fields.extend(own.map(|(name, value)| (name.to_owned(), value)));
    if order.by_broker {
        fields.insert("source".to_owned(), json!("liquidation"));
    }
    if let [only] = order.legs.as_slice() {
        fields.extend(leg_fields(only).map(|(name, value)| (name.to_owned(), value)));
        fields.insert("order_class".to_owned(), json!("simple"));
    } else {
        fields.insert("order_class".to_owned(), json!("mleg"));
        let legs = order.legs.iter().map(|leg| nested_leg(order, leg)).collect();
        fields.insert("legs".to_owned(), Value::Array(legs));
    }
    Value::Object(fields)
}
