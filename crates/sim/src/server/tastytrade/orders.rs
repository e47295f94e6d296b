//! Orders: tried, sent, found, changed and taken back.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};
use ttai_calendar::new_york_date;

use super::order_json::{self, order_number, sequence};
use super::order_request::Draft;
use super::reply::{Answer, Call, Refusal};
use super::wire::put_amount;
use super::{ACCOUNT, Tasty};
use crate::server::exchange::{
    Book, Fill, MarketSnapshot, Order, OrderNote, OrderRequest, Phase, Pricing, Rejection, Replacement,
};

/// Orders a page where the caller does not say.
const ORDERS_A_PAGE: usize = 10;
/// The same of the live listing.
const LIVE_A_PAGE: usize = 1_000;

/// What the exchange refuses, in the service's words.
fn refusal(rejection: &Rejection) -> Refusal {
    let text = rejection.to_string();
    match rejection {
        Rejection::UnknownAccount(_) => Refusal::not_permitted(),
        Rejection::UnknownOrder(_) => Refusal::not_found("order"),
        Rejection::UnknownSymbol { .. } => Refusal::preflight("invalid_symbol", &text),
        Rejection::Halted { .. } => Refusal::preflight("instrument_halted", &text),
        Rejection::WrongTick { .. } => Refusal::preflight("invalid_price_increment", &text),
        Rejection::InsufficientBuyingPower { .. } => Refusal::preflight("margin_check_failed", &text),
        Rejection::InsufficientQuantity { .. } => Refusal::preflight("insufficient_position", &text),
        Rejection::Uncovered { .. } => Refusal::preflight("uncovered_call", &text),
        Rejection::Invalid(_) | Rejection::DuplicateClientOrderId(_) => {
            Refusal::preflight("invalid_order", &text)
        }
        Rejection::NotOpen(_) => Refusal::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "cannot_update_order",
            "the order could not be cancelled",
        ),
    }
}

/// An order as it stands in the book.
pub(super) fn json_of(state: &Tasty, order: &Order, book: &Book) -> Value {
    let mut fills: Vec<Fill> =
        book.fills_of(ACCOUNT).filter(|fill| fill.order_id == order.id).cloned().collect();
    if state.sim.faults.is_disordered("tastytrade", state.sim.market.now()) {
        fills.extend(fills.clone());
        fills.reverse();
    }
    let number_of = |id: &str| book.order(ACCOUNT, id).map(order_number);
    order_json::order(order, &fills, &book.note_of(&order.client_order_id), number_of)
}

fn find<'a>(book: &'a Book, id: &str) -> Result<&'a Order, Refusal> {
    let sequence = sequence(id).ok_or_else(|| Refusal::not_found("order"))?;
    book.order(ACCOUNT, &sequence).ok_or_else(|| Refusal::not_found("order"))
}

/// `POST /accounts/{number}/orders`.
pub(super) async fn submit(
    State(state): State<Tasty>,
    Path(number): Path<String>,
    call: Call,
    body: Bytes,
) -> Answer {
    let (draft, tried) = tried(&state, &number, &body).await?;
    note(&state, &tried.request.client_order_id, draft.note());
    let sent = state.sim.exchange.submit(&state.sim.market, &tried.request).await;
    let order = sent.map_err(|rejection| refusal(&rejection))?;
    call.created(&tried.answer(&routed(&state, &order, tried.view.phase)))
}

fn note(state: &Tasty, identity: &str, note: OrderNote) {
    state.sim.exchange.change(|book| book.note(identity, note));
}

/// An order that the exchange would take, and what it would do to the account.
struct Tried {
    request: OrderRequest,
    /// Change of the buying power.
    change: Decimal,
    /// Buying power before it.
    before: Decimal,
    view: MarketSnapshot,
}

async fn tried(state: &Tasty, number: &str, body: &[u8]) -> Result<(Draft, Tried), Refusal> {
    state.account(number)?;
    let draft = Draft::read(body)?;
    let request = draft.request(state.identities.next())?;
    let (market, exchange) = (&state.sim.market, &state.sim.exchange);
    let change = exchange.preview(market, &request).await.map_err(|rejection| refusal(&rejection))?;
    let view = exchange.view(market, &[]).await;
    let before = exchange.read(|book| book.buying_power(ACCOUNT, &view));
    Ok((draft, Tried { request, change, before, view }))
}

/// What the service answers at once: the order on its way, before it knows what the exchange makes of it.
fn routed(state: &Tasty, order: &Order, phase: Phase) -> Value {
    let mut fresh = order.clone();
    fresh.filled_quantity = Decimal::ZERO;
    let note = state.sim.exchange.read(|book| book.note_of(&order.client_order_id));
    let mut shown = order_json::order(&fresh, &[], &note, |_| None);
    let (status, cancellable) = if phase == Phase::Closed { ("Received", true) } else { ("Routed", false) };
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("status".to_owned(), json!(status));
        fields.insert("cancellable".to_owned(), json!(cancellable));
        fields.insert("editable".to_owned(), json!(cancellable));
        for later in ["terminal-at", "live-at", "reject-reason"] {
            fields.remove(later);
        }
    }
    shown
}

/// `POST /accounts/{number}/orders/dry-run`.
pub(super) async fn dry_run(
    State(state): State<Tasty>,
    Path(number): Path<String>,
    call: Call,
    body: Bytes,
) -> Answer {
    let (draft, tried) = tried(&state, &number, &body).await?;
    call.created(&tried.answer(&order_json::tried(&tried.request, &draft.note())))
}

impl Tried {
    /// The answer to an order, tried or sent. The simulation charges no fees.
    fn answer(&self, order: &Value) -> Value {
        let Self { request, change, before, view } = self;
        let (change, before) = (*change, *before);
        let mut power = Map::new();
        put_amount(&mut power, "change-in-margin-requirement", change.min(Decimal::ZERO));
        put_amount(&mut power, "change-in-buying-power", change);
        put_amount(&mut power, "current-buying-power", before);
        put_amount(&mut power, "new-buying-power", before + change);
        put_amount(&mut power, "isolated-order-margin-requirement", change.min(Decimal::ZERO));
        power.insert("is-spread".to_owned(), json!(request.legs.len() > 1));
        put_amount(&mut power, "impact", change);
        let direction = power.remove("impact-effect");
        power.insert("effect".to_owned(), direction.unwrap_or_default());
        let mut fees = Map::new();
        for fee in
            ["regulatory-fees", "clearing-fees", "commission", "proprietary-index-option-fees", "total-fees"]
        {
            put_amount(&mut fees, fee, Decimal::ZERO);
        }
        let warnings = if view.phase == Phase::Regular {
            Vec::new()
        } else {
            vec![json!({
                "code": "tif.next_valid_session",
                "message": "Your order will begin working during next valid session.",
            })]
        };
        json!({
            "order": order,
            "buying-power-effect": power,
            "fee-calculation": fees,
            "warnings": warnings,
            "notes": [],
        })
    }
}

/// `GET /accounts/{number}/orders/{id}`.
pub(super) async fn one(
    State(state): State<Tasty>,
    Path((number, id)): Path<(String, String)>,
    call: Call,
) -> Answer {
    state.account(&number)?;
    let found = state.sim.exchange.read(|book| find(book, &id).map(|order| json_of(&state, order, book)))?;
    call.data(&found)
}

/// `GET /accounts/{number}/orders/live`: every order that was made or changed today, and those that stand.
pub(super) async fn live(State(state): State<Tasty>, Path(number): Path<String>, call: Call) -> Answer {
    state.account(&number)?;
    let today = new_york_date(state.sim.market.now());
    let of_today = |order: &Order| order.status.is_open() || new_york_date(order.updated_at) == today;
    let found: Vec<Value> = state.sim.exchange.read(|book| {
        let orders = book.orders_of(ACCOUNT).rev().filter(|order| of_today(order));
        orders.map(|order| json_of(&state, order, book)).collect()
    });
    call.page(&found, LIVE_A_PAGE)
}

/// `GET /accounts/{number}/orders`.
pub(super) async fn search(State(state): State<Tasty>, Path(number): Path<String>, call: Call) -> Answer {
    state.account(&number)?;
    let span = Span::of(&call)?;
    let (statuses, root) = (call.all("status"), call.param("underlying-symbol"));
    let mut found: Vec<Value> = state.sim.exchange.read(|book| {
        let orders = book.orders_of(ACCOUNT).rev().filter(|order| span.has(order.received_at));
        orders.map(|order| json_of(&state, order, book)).collect()
    });
    found.retain(|order| {
        (statuses.is_empty() || statuses.iter().any(|status| order["status"] == *status))
            && root.is_none_or(|root| order["underlying-symbol"] == root)
    });
    if call.param("sort") == Some("Asc") {
        found.reverse();
    }
    call.page(&found, ORDERS_A_PAGE)
}

/// `DELETE /accounts/{number}/orders/{id}`.
pub(super) async fn cancel(
    State(state): State<Tasty>,
    Path((number, id)): Path<(String, String)>,
    call: Call,
) -> Answer {
    state.account(&number)?;
    let exchange = &state.sim.exchange;
    let (mut shown, order) = exchange
        .read(|book| find(book, &id).map(|order| (json_of(&state, order, book), order.id.clone())))?;
    exchange.cancel(&state.sim.market, ACCOUNT, &order).await.map_err(|rejection| refusal(&rejection))?;
    shown["status"] = json!("Cancel Requested");
    shown["cancellable"] = json!(false);
    shown["editable"] = json!(false);
    call.data(&shown)
}

/// `PUT` and `PATCH /accounts/{number}/orders/{id}`: the legs stay, the price and the duration may change.
pub(super) async fn replace(
    State(state): State<Tasty>,
    Path((number, id)): Path<(String, String)>,
    call: Call,
    body: Bytes,
) -> Answer {
    state.account(&number)?;
    let (order, change, sent) = changed(&state, &id, &body)?;
    let (market, exchange) = (&state.sim.market, &state.sim.exchange);
    if let Some(identity) = &change.client_order_id {
        note(&state, identity, sent);
    }
    let replaced = exchange.replace(market, ACCOUNT, &order.id, &change).await;
    let replaced = replaced.map_err(|rejection| refusal(&rejection))?;
    let shown = exchange.read(|book| json_of(&state, &replaced, book));
    call.data(&shown)
}

/// `POST /accounts/{number}/orders/{id}/dry-run`.
pub(super) async fn replace_dry_run(
    State(state): State<Tasty>,
    Path((number, id)): Path<(String, String)>,
    call: Call,
    body: Bytes,
) -> Answer {
    state.account(&number)?;
    let (order, change, sent) = changed(&state, &id, &body)?;
    let request = OrderRequest {
        account: ACCOUNT.to_owned(),
        client_order_id: order.client_order_id.clone(),
        legs: order.legs.iter().map(leg_request).collect(),
        quantity: order.quantity,
        pricing: change.pricing.unwrap_or(order.pricing),
        duration: change.duration.unwrap_or(order.duration),
        extended_hours: order.extended_hours,
    };
    let view = state.sim.exchange.view(&state.sim.market, &[]).await;
    let before = state.sim.exchange.read(|book| book.buying_power(ACCOUNT, &view));
    let tried = Tried { request, change: Decimal::ZERO, before, view };
    call.created(&tried.answer(&order_json::tried(&tried.request, &sent)))
}

fn leg_request(leg: &crate::server::exchange::ExchangeLeg) -> crate::server::exchange::LegRequest {
    crate::server::exchange::LegRequest {
        instrument: leg.instrument.clone(),
        side: leg.side(),
        action: Some(leg.action),
        ratio: leg.ratio,
    }
}

fn changed(state: &Tasty, id: &str, body: &[u8]) -> Result<(Order, Replacement, OrderNote), Refusal> {
    let draft = Draft::read(body)?;
    let order = state.sim.exchange.read(|book| find(book, id).cloned())?;
    let single = order.legs.len() == 1;
    let first = order
        .legs
        .first()
        .map_or(crate::server::exchange::Side::Buy, crate::server::exchange::ExchangeLeg::side);
    let pricing = if draft.has_order_type() {
        Some(draft.pricing(single, first)?)
    } else {
        draft.limit(single, first)?.map(|limit| match order.pricing {
            Pricing::StopLimit { stop, .. } => Pricing::StopLimit { stop, limit },
            _ => Pricing::Limit(limit),
        })
    };
    let old = state.sim.exchange.read(|book| book.note_of(&order.client_order_id));
    let new = draft.note();
    let sent = OrderNote {
        name: new.name.or(old.name),
        source: new.source.or(old.source),
        time_in_force: if draft.duration()?.is_some() { new.time_in_force } else { old.time_in_force },
    };
    let change = Replacement {
        client_order_id: Some(state.identities.next()),
        quantity: None,
        pricing,
        duration: draft.duration()?,
    };
    Ok((order, change, sent))
}

/// The span of a search: `start-date`, `end-date` (New York days), `start-at`, `end-at`.
pub(super) struct Span {
    days: (Option<NaiveDate>, Option<NaiveDate>),
    instants: (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
}

impl Span {
    pub(super) fn of(call: &Call) -> Result<Self, Refusal> {
        let day = |name: &str| match call.param(name).filter(|text| !text.is_empty()) {
            None => Ok(None),
            Some(text) => text
                .get(..10)
                .unwrap_or(text)
                .parse()
                .map(Some)
                .map_err(|_| Refusal::validation(name, "is invalid")),
        };
        let at = |name: &str| match call.param(name).filter(|text| !text.is_empty()) {
            None => Ok(None),
            Some(text) => instant(text).map(Some).ok_or_else(|| Refusal::validation(name, "is invalid")),
        };
        Ok(Self { days: (day("start-date")?, day("end-date")?), instants: (at("start-at")?, at("end-at")?) })
    }

    pub(super) fn has(&self, at: DateTime<Utc>) -> bool {
        let date = new_york_date(at);
        self.days.0.is_none_or(|first| first <= date)
            && self.days.1.is_none_or(|last| date <= last)
            && self.instants.0.is_none_or(|first| first <= at)
            && self.instants.1.is_none_or(|last| at <= last)
    }
}

/// RFC 3339, with a blank for the `T` as some clients send it, or without an offset, which then is UTC.
fn instant(text: &str) -> Option<DateTime<Utc>> {
    let text = text.replacen(' ', "T", 1).replace(' ', "+");
    let whole = DateTime::parse_from_rfc3339(&text).ok().map(|at| at.to_utc());
    whole.or_else(|| text.parse::<NaiveDateTime>().ok().map(|at| at.and_utc()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_come_in_the_forms_that_clients_send() {
        let wanted: DateTime<Utc> = "2026-09-18T19:00:00Z".parse().unwrap();
        for text in [
            "2026-09-18T19:00:00Z",
            "2026-09-18 19:00:00+00:00",
            "2026-09-18T19:00:00",
            "2026-09-18T15:00:00-04:00",
        ] {
            assert_eq!(instant(text), Some(wanted), "{text}");
        }
        assert_eq!(instant("yesterday"), None);
    }
}
