//! The account itself: balances, positions, activities, settings.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use ttai_ports::Instrument;

use super::orders;
use super::wire::{Answer, ApiError, Caller, Params, asset_id, decimal, time};
use crate::server::SimState;
use crate::server::closes::previous_close;
use crate::server::exchange::{
    Account, AccountActivity, ActivityKind, Fill, MarketSnapshot, Position, Side, Touch, symbol_of, uuid,
};

/// The account, the market at this moment, and yesterday's closes of what it holds.
struct Valued {
    account: Account,
    view: MarketSnapshot,
    closes: BTreeMap<String, Decimal>,
    buying_power: Decimal,
}

impl Valued {
    async fn of(state: &SimState, number: &str) -> Result<Self, ApiError> {
        state.exchange.follow(&state.market).await;
        let view = state.exchange.view(&state.market, &[]).await;
        let found = state.exchange.read(|book| {
            book.account(number).cloned().map(|account| (account, book.buying_power(number, &view)))
        });
        let (account, buying_power) =
            found.ok_or_else(|| ApiError::trading(StatusCode::NOT_FOUND, 40_410_000, "account not found"))?;
        let mut closes = BTreeMap::new();
        for position in account.holdings.iter() {
            let mark = view.touch(&position.instrument).and_then(Touch::mark);
            let mark = mark.unwrap_or(position.average_price);
            if let Ok(Some(close)) = previous_close(&state.market, &position.instrument, mark).await {
                closes.insert(symbol_of(&position.instrument), close);
            }
        }
        Ok(Self { account, view, closes, buying_power })
    }

    fn mark(&self, position: &Position) -> Decimal {
        self.view.touch(&position.instrument).and_then(Touch::mark).unwrap_or(position.average_price)
    }

    fn value(&self, position: &Position) -> Decimal {
        self.mark(position) * position.quantity * position.instrument.multiplier()
    }

    fn values(&self, short: bool) -> Decimal {
        let positions = self.account.holdings.iter();
        positions.filter(|held| held.quantity.is_sign_negative() == short).map(|held| self.value(held)).sum()
    }

    fn equity(&self) -> Decimal {
        self.account.cash + self.values(false) + self.values(true)
    }
}

/// `GET /v2/account`
pub(super) async fn account(State(state): State<SimState>, caller: Caller) -> Answer {
    let valued = Valued::of(&state, &caller.account).await?;
    let equity = valued.equity();
    let requirement = valued.account.requirement().unwrap_or_default();
    let spendable = decimal(valued.buying_power);
    Ok(Json(json!({
        "id": uuid("alpaca account", &caller.account),
        "account_number": caller.account,
        "status": "ACTIVE",
        "crypto_status": "INACTIVE",
        "currency": "USD",
        "cash": decimal(valued.account.cash),
        "buying_power": spendable,
        "regt_buying_power": spendable,
        "daytrading_buying_power": "0",
        "non_marginable_buying_power": spendable,
        "options_buying_power": spendable,
        "equity": decimal(equity),
        "portfolio_value": decimal(equity),
        "last_equity": decimal(valued.account.opening_cash),
        "long_market_value": decimal(valued.values(false)),
        "short_market_value": decimal(valued.values(true)),
        "initial_margin": decimal(requirement),
        "maintenance_margin": decimal(requirement),
        "last_maintenance_margin": "0",
        "sma": "0",
        "accrued_fees": "0",
        "multiplier": "1",
        "options_approved_level": 3,
        "options_trading_level": 3,
        "shorting_enabled": false,
        "pattern_day_trader": false,
        "daytrade_count": 0,
        "trading_blocked": false,
        "transfers_blocked": false,
        "account_blocked": false,
        "trade_suspended_by_user": false,
        "created_at": "2014-01-02T14:30:00Z",
        "balance_asof": ttai_calendar::new_york_date(valued.view.now),
    })))
}

/// `GET /v2/account/configurations`; what is sent with `PATCH` is answered with the same, nothing can be set.
pub(super) async fn configurations(_: Caller) -> Json<Value> {
    Json(json!({
        "dtbp_check": "entry",
        "fractional_trading": true,
        "max_margin_multiplier": "1",
        "max_options_trading_level": 3,
        "no_shorting": true,
        "pdt_check": "entry",
        "ptp_no_exception_entry": false,
        "suspend_trade": false,
        "trade_confirm_email": "none",
    }))
}

fn position_shown(valued: &Valued, position: &Position) -> Value {
    let symbol = symbol_of(&position.instrument);
    let (class, exchange) = match position.instrument {
        Instrument::Equity(_) => ("us_equity", "NASDAQ"),
        Instrument::Option(_) => ("us_option", ""),
    };
    let mark = valued.mark(position);
    let lastday = valued.closes.get(&symbol).copied().unwrap_or(mark);
    let size = position.quantity * position.instrument.multiplier();
    let (value, basis) = (mark * size, position.average_price * size);
    let intraday = (mark - lastday) * size;
    let fraction = |part: Decimal, whole: Decimal| part.checked_div(whole.abs()).unwrap_or_default();
    json!({
        "asset_id": asset_id(&symbol),
        "symbol": symbol,
        "exchange": exchange,
        "asset_class": class,
        "asset_marginable": false,
        "qty": decimal(position.quantity),
        "qty_available": decimal(position.quantity),
        "side": if position.quantity.is_sign_negative() { "short" } else { "long" },
        "avg_entry_price": decimal(position.average_price),
        "market_value": decimal(value),
        "cost_basis": decimal(basis),
        "unrealized_pl": decimal(value - basis),
        "unrealized_plpc": decimal(fraction(value - basis, basis)),
        "unrealized_intraday_pl": decimal(intraday),
        "unrealized_intraday_plpc": decimal(fraction(intraday, lastday * size)),
        "current_price": decimal(mark),
        "lastday_price": decimal(lastday),
        "change_today": decimal(fraction(mark - lastday, lastday)),
    })
}

/// `GET /v2/positions`
pub(super) async fn positions(State(state): State<SimState>, caller: Caller) -> Answer {
    let valued = Valued::of(&state, &caller.account).await?;
    Ok(Json(valued.account.holdings.iter().map(|position| position_shown(&valued, position)).collect()))
}

fn held<'a>(valued: &'a Valued, name: &str) -> Result<&'a Position, ApiError> {
    let compact = name.replace(' ', "");
    let fits = |position: &&Position| {
        let symbol = symbol_of(&position.instrument);
        symbol == compact || asset_id(&symbol) == name
    };
    valued
        .account
        .holdings
        .iter()
        .find(fits)
        .ok_or_else(|| ApiError::trading(StatusCode::NOT_FOUND, 40_410_000, "position does not exist"))
}

/// `GET /v2/positions/{symbol}`
pub(super) async fn position(
    State(state): State<SimState>,
    caller: Caller,
    Path(name): Path<String>,
) -> Answer {
    let valued = Valued::of(&state, &caller.account).await?;
    Ok(Json(position_shown(&valued, held(&valued, &name)?)))
}

/// `DELETE /v2/positions/{symbol}`
pub(super) async fn close(
    State(state): State<SimState>,
    caller: Caller,
    Path(name): Path<String>,
    params: Params,
) -> Answer {
    let valued = Valued::of(&state, &caller.account).await?;
    let position = held(&valued, &name)?;
    let percentage =
        params.decimal("percentage")?.map(|percent| position.quantity.abs() * percent / Decimal::ONE_HUNDRED);
    let size = params.decimal("qty")?.or(percentage).unwrap_or_else(|| position.quantity.abs());
    let signed = if position.quantity.is_sign_negative() { -size } else { size };
    orders::close(&state, &caller.account, position.instrument.clone(), signed).await.map(Json)
}

/// `DELETE /v2/positions`
pub(super) async fn close_all(
    State(state): State<SimState>,
    caller: Caller,
    params: Params,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    if params.text("cancel_orders") == Some("true") {
        let _ = orders::cancel_all(State(state.clone()), Caller { account: caller.account.clone() }).await;
    }
    let valued = Valued::of(&state, &caller.account).await?;
    let mut outcomes = Vec::new();
    for position in valued.account.holdings.iter() {
        let symbol = symbol_of(&position.instrument);
        let order =
            orders::close(&state, &caller.account, position.instrument.clone(), position.quantity).await;
        outcomes.push(match order {
            Ok(body) => json!({ "symbol": symbol, "status": 200, "body": body }),
            Err(_) => json!({ "symbol": symbol, "status": 403 }),
        });
    }
    Ok((StatusCode::MULTI_STATUS, Json(Value::Array(outcomes))))
}

/// A fill; of an order of several legs its leg's, which has an id of its own.
fn fill_shown(fill: &Fill, legs: usize) -> Value {
    let side = match (Side::of(fill.action), fill.action) {
        (Side::Buy, _) => "buy",
        (Side::Sell, ttai_ports::OrderAction::SellToOpen) => "sell_short",
        (Side::Sell, _) => "sell",
    };
    let done = fill.order_remaining.is_zero();
    json!({
        "id": activity_id(fill.at, &fill.id),
        "account_id": uuid("alpaca account", &fill.account),
        "activity_type": "FILL",
        "transaction_time": time(fill.at),
        "type": if done { "fill" } else { "partial_fill" },
        "price": decimal(fill.price),
        "qty": decimal(fill.quantity),
        "side": side,
        "symbol": symbol_of(&fill.instrument),
        "leaves_qty": decimal(fill.order_remaining * fill.ratio),
        "cum_qty": decimal(fill.order_filled_quantity * fill.ratio),
        "order_id": if legs > 1 { orders::leg_id(&fill.order_id, &fill.instrument) } else { fill.order_id.clone() },
        "order_status": if done { "filled" } else { "partially_filled" },
    })
}

fn activity_shown(activity: &AccountActivity) -> Value {
    let kind = match activity.kind {
        ActivityKind::Expiration => "OPEXP",
        ActivityKind::Assignment => "OPASN",
        ActivityKind::Exercise => "OPEXC",
        ActivityKind::CashAssignment | ActivityKind::CashExercise => "OPCSH",
        ActivityKind::ShareDelivery => "OPTRD",
    };
    json!({
        "id": activity_id(activity.at, &activity.id),
        "account_id": uuid("alpaca account", &activity.account),
        "activity_type": kind,
        "date": time(activity.at),
        "created_at": time(activity.at),
        "net_amount": decimal(activity.net_amount),
        "symbol": symbol_of(&activity.instrument),
        "qty": decimal(activity.quantity),
        "price": decimal(activity.price),
        "status": "executed",
    })
}

/// `20140606190000000::uuid`
fn activity_id(at: DateTime<Utc>, id: &str) -> String {
    format!("{}::{id}", at.with_timezone(&ttai_core::NEW_YORK).format("%Y%m%d%H%M%S%3f"))
}

/// `GET /v2/account/activities`
pub(super) async fn activities(State(state): State<SimState>, caller: Caller, params: Params) -> Answer {
    let types: Vec<String> = params.list("activity_types").into_iter().map(str::to_owned).collect();
    listed(&state, &caller, &params, &types).await
}

/// `GET /v2/account/activities/{type}`
pub(super) async fn activities_of(
    State(state): State<SimState>,
    caller: Caller,
    Path(kind): Path<String>,
    params: Params,
) -> Answer {
    listed(&state, &caller, &params, &[kind]).await
}

async fn listed(state: &SimState, caller: &Caller, params: &Params, types: &[String]) -> Answer {
    state.exchange.follow(&state.market).await;
    let (after, until) = (params.time("after", false)?, params.time("until", true)?);
    let date = params.date("date")?;
    let rows = state.exchange.read(|book| {
        let legs =
            |fill: &Fill| book.order(&caller.account, &fill.order_id).map_or(1, |order| order.legs.len());
        let fills = book.fills_of(&caller.account).map(|fill| (fill.at, fill_shown(fill, legs(fill))));
        let others = book.activities_of(&caller.account).map(|other| (other.at, activity_shown(other)));
        fills.chain(others).collect::<Vec<_>>()
    });
    let wanted = |(at, row): &(DateTime<Utc>, Value)| {
        let kind = row.get("activity_type").and_then(Value::as_str).unwrap_or_default();
        (types.is_empty() || types.iter().any(|wanted| wanted == kind))
            && after.is_none_or(|after| *at > after)
            && until.is_none_or(|until| *at < until)
            && date.is_none_or(|date| ttai_calendar::new_york_date(*at) == date)
    };
    let mut rows: Vec<(DateTime<Utc>, Value)> = rows.into_iter().filter(wanted).collect();
    rows.sort_by_key(|(at, _)| *at);
    if params.text("direction") != Some("asc") {
        rows.reverse();
    }
    let mut rows: Vec<Value> = rows.into_iter().map(|(_, row)| row).collect();
    if state.faults.is_disordered("alpaca", state.market.now()) {
        rows.reverse();
        rows.extend(rows.first().cloned());
    }
    let size = params.text("page_size").and_then(|size| size.parse().ok()).unwrap_or(100_usize).clamp(1, 100);
    // The token is the id of the last row that was seen.
    let begin = params.text("page_token").map_or(0, |token| {
        rows.iter()
            .position(|row| row.get("id").and_then(Value::as_str) == Some(token))
            .map_or(rows.len(), |at| at + 1)
    });
    Ok(Json(rows.into_iter().skip(begin).take(size).collect()))
}
