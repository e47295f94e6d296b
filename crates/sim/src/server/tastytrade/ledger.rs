//! Transactions: the deposit, the trades, and what became of options at their end.

use axum::extract::{Path, State};
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};
use ttai_calendar::new_york_date;

use super::order_json::{action, order_number, spelled};
use super::orders::Span;
use super::reply::{Answer, Call, Refusal};
use super::wire::{number, put, put_amount, zulu};
use super::{ACCOUNT, Tasty, accounts};
use crate::server::exchange::{AccountActivity, ActivityKind, Book, Fill, Side};

/// Transactions a page where the caller does not say.
const TRANSACTIONS_A_PAGE: usize = 250;
/// Numbers begin after this.
const FIRST_TRANSACTION: u64 = 1_700_000;
/// The account's opening.
const OPENED: &str = "2020-01-02T15:00:00Z";

/// One transaction with what it is searched by.
struct Row {
    at: DateTime<Utc>,
    json: Value,
}

pub(super) async fn list(State(state): State<Tasty>, Path(number): Path<String>, call: Call) -> Answer {
    state.account(&number)?;
    let span = Span::of(&call)?;
    let mut types = call.all("types");
    types.extend(call.param("type"));
    let sub_types = call.all("sub-type");
    let exact = ["symbol", "underlying-symbol", "instrument-type", "action"];
    let fits = |row: &Row| {
        let one_of = |field: &str, wanted: &[&str]| {
            wanted.is_empty() || wanted.iter().any(|wanted| row.json[field] == *wanted)
        };
        span.has(row.at)
            && one_of("transaction-type", &types)
            && one_of("transaction-sub-type", &sub_types)
            && exact.iter().all(|field| call.param(field).is_none_or(|wanted| row.json[*field] == wanted))
    };
    let mut found: Vec<Value> = rows(&state).into_iter().filter(fits).map(|row| row.json).collect();
    if call.param("sort") != Some("Asc") {
        found.reverse();
    }
    call.page(&found, TRANSACTIONS_A_PAGE)
}

pub(super) async fn one(
    State(state): State<Tasty>,
    Path((number, id)): Path<(String, String)>,
    call: Call,
) -> Answer {
    state.account(&number)?;
    let id: u64 = id.parse().map_err(|_| Refusal::not_found("transaction"))?;
    let found = rows(&state).into_iter().find(|row| row.json["id"] == id);
    call.data(&found.ok_or_else(|| Refusal::not_found("transaction"))?.json)
}

/// The simulation charges no fees.
pub(super) async fn total_fees(State(state): State<Tasty>, Path(number): Path<String>, call: Call) -> Answer {
    state.account(&number)?;
    if let Some(date) = call.param("date") {
        date.parse::<NaiveDate>().map_err(|_| Refusal::validation("date", "is invalid"))?;
    }
    call.data(&json!({ "total-fees": "0.0", "total-fees-effect": "None" }))
}

/// Everything, oldest first.
fn rows(state: &Tasty) -> Vec<Row> {
    let mut rows: Vec<Row> = state.sim.exchange.read(|book| {
        let fills = book.fills_of(ACCOUNT).map(|fill| trade(book, fill));
        let others = book.activities_of(ACCOUNT).map(delivery);
        let deposit = book.account(ACCOUNT).map(|account| deposit(account.opening_cash));
        deposit.into_iter().chain(fills).chain(others).collect()
    });
    rows.sort_by_key(|row| row.at);
    let mut id = FIRST_TRANSACTION;
    for row in &mut rows {
        id += 1;
        row.json["id"] = json!(id);
    }
    rows
}

fn row(
    at: DateTime<Utc>,
    kind: &str,
    sub_kind: &str,
    description: &str,
    cash: Decimal,
) -> (DateTime<Utc>, Map<String, Value>) {
    let mut json = Map::new();
    put(&mut json, "account-number", Some(ACCOUNT));
    put(&mut json, "transaction-type", Some(kind));
    put(&mut json, "transaction-sub-type", Some(sub_kind));
    put(&mut json, "description", Some(description));
    put(&mut json, "executed-at", Some(zulu(at)));
    put(&mut json, "created-at", Some(zulu(at)));
    put(&mut json, "transaction-date", Some(new_york_date(at).to_string()));
    put(&mut json, "currency", Some("USD"));
    put(&mut json, "is-estimated-fee", Some(false));
    put_amount(&mut json, "value", cash);
    put_amount(&mut json, "net-value", cash);
    (at, json)
}

fn deposit(cash: Decimal) -> Row {
    let opened = OPENED.parse().unwrap_or(DateTime::<Utc>::MIN_UTC);
    let (at, json) = row(opened, "Money Movement", "Deposit", "Cash deposit", cash);
    Row { at, json: Value::Object(json) }
}

fn trade(book: &Book, fill: &Fill) -> Row {
    let (kind, symbol) = spelled(&fill.instrument);
    let side = Side::of(fill.action);
    let cash = -side.sign() * fill.quantity * fill.price * fill.instrument.multiplier();
    let verb = if side == Side::Buy { "Bought" } else { "Sold" };
    let description = format!("{verb} {} {symbol} @ {}", fill.quantity.normalize(), number(fill.price));
    let (at, mut json) = row(fill.at, "Trade", action(fill.action), &description, cash);
    put(&mut json, "symbol", Some(symbol));
    put(&mut json, "instrument-type", Some(kind));
    put(&mut json, "underlying-symbol", Some(accounts::underlying(&fill.instrument)));
    put(&mut json, "action", Some(action(fill.action)));
    put(&mut json, "quantity", Some(number(fill.quantity)));
    put(&mut json, "price", Some(number(fill.price)));
    put(&mut json, "order-id", book.order(ACCOUNT, &fill.order_id).map(order_number));
    put(&mut json, "exec-id", Some(fill.sequence.to_string()));
    put(&mut json, "destination-venue", Some("MARKET_SIMULATOR"));
    for fee in ["commission", "clearing-fees", "regulatory-fees", "proprietary-index-option-fees"] {
        put_amount(&mut json, fee, Decimal::ZERO);
    }
    Row { at, json: Value::Object(json) }
}

fn delivery(activity: &AccountActivity) -> Row {
    let (kind, symbol) = spelled(&activity.instrument);
    let arrives = activity.quantity.is_sign_positive();
    let sub_kind = match activity.kind {
        ActivityKind::Expiration => "Expiration",
        ActivityKind::Assignment => "Assignment",
        ActivityKind::Exercise => "Exercise",
        ActivityKind::CashAssignment => "Cash Settled Assignment",
        ActivityKind::CashExercise => "Cash Settled Exercise",
        ActivityKind::ShareDelivery if arrives => "Buy to Open",
        ActivityKind::ShareDelivery => "Sell to Close",
    };
    let description = format!("{sub_kind} of {} {symbol}", activity.quantity.abs().normalize());
    let (at, mut json) = row(activity.at, "Receive Deliver", sub_kind, &description, activity.net_amount);
    put(&mut json, "symbol", Some(symbol));
    put(&mut json, "instrument-type", Some(kind));
    put(&mut json, "underlying-symbol", Some(accounts::underlying(&activity.instrument)));
    put(&mut json, "quantity", Some(number(activity.quantity.abs())));
    if activity.kind == ActivityKind::ShareDelivery {
        put(&mut json, "action", Some(sub_kind));
        put(&mut json, "price", Some(number(activity.price)));
    }
    Row { at, json: Value::Object(json) }
}
