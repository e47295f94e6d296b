//! Orders as the service shows them.

use std::sync::atomic::{AtomicU64, Ordering};

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};
use ttai_core::OccSymbol;
use ttai_ports::{Instrument, OrderAction};

use super::wire::{effect, instant, number, put, quantity};
use super::{ACCOUNT, accounts, name_of};
use crate::server::exchange::{ExchangeLeg, Fill, Order, OrderNote, OrderRequest, OrderState, Pricing, Side};

/// Order numbers begin after this; the exchange counts from 1.
pub(super) const FIRST_ORDER: u64 = 1_000_000;

/// Identities for the exchange that no other order has, of this simulation or of one before it.
#[derive(Debug)]
pub(super) struct Identities {
    simulation: String,
    count: AtomicU64,
}

impl Default for Identities {
    fn default() -> Self {
        Self { simulation: uuid::Uuid::new_v4().simple().to_string(), count: AtomicU64::default() }
    }
}

impl Identities {
    pub(super) fn next(&self) -> String {
        format!("tastytrade-{}-{}", self.simulation, self.count.fetch_add(1, Ordering::Relaxed))
    }
}

/// The service's number of an order.
pub(super) fn order_number(order: &Order) -> u64 {
    FIRST_ORDER + order.sequence
}

/// The exchange's sequence number in the service's number, as text.
pub(super) fn sequence(number: &str) -> Option<String> {
    number.parse::<u64>().ok()?.checked_sub(FIRST_ORDER).map(|sequence| sequence.to_string())
}

/// `Received`, `Live`, `Filled` and so on.
pub(super) fn status(order: &Order) -> &'static str {
    match order.status {
        OrderState::Accepted => "Received",
        OrderState::New | OrderState::PartiallyFilled => "Live",
        OrderState::Filled => "Filled",
        OrderState::Canceled | OrderState::Replaced => "Cancelled",
        OrderState::Rejected => "Rejected",
        OrderState::Expired => "Expired",
    }
}

/// The kind and the spelling of an instrument.
pub(super) fn spelled(instrument: &Instrument) -> (&'static str, String) {
    match instrument {
        Instrument::Equity(symbol) => ("Equity", name_of(symbol)),
        Instrument::Option(contract) => ("Equity Option", occ(contract)),
    }
}

/// A contract in the service's spelling.
pub(super) fn occ(contract: &OccSymbol) -> String {
    contract.to_string().replacen('.', "/", 1)
}

pub(super) fn action(action: OrderAction) -> &'static str {
    match action {
        OrderAction::BuyToOpen => "Buy to Open",
        OrderAction::SellToOpen => "Sell to Open",
        OrderAction::BuyToClose => "Buy to Close",
        OrderAction::SellToClose => "Sell to Close",
    }
}

/// An order with its fills; `numbers` gives the numbers of orders that it replaced or that replaced it.
pub(super) fn order(
    order: &Order,
    fills: &[Fill],
    note: &OrderNote,
    number_of: impl Fn(&str) -> Option<u64>,
) -> Value {
    let status = status(order);
    let open = order.status.is_open();
    let legs: Vec<Value> = order.legs.iter().map(|leg| leg_json(order, leg, fills)).collect();
    let mut json = shared(note, order.pricing, order.quantity, order.legs.first(), &legs);
    put(&mut json, "id", Some(order_number(order)));
    put(&mut json, "status", Some(status));
    put(&mut json, "source", order.by_broker.then_some("liquidation").or(note.source.as_deref()));
    put(&mut json, "cancellable", Some(open));
    put(&mut json, "editable", Some(open));
    put(&mut json, "edited", Some(order.replaced_by.is_some()));
    put(&mut json, "received-at", Some(instant(order.received_at)));
    put(&mut json, "updated-at", Some(order.updated_at.timestamp_millis()));
    put(&mut json, "terminal-at", order.ended_at.map(instant));
    put(&mut json, "live-at", (order.status != OrderState::Accepted).then(|| instant(order.received_at)));
    put(&mut json, "cancelled-at", order.ended_at.filter(|_| status == "Cancelled").map(instant));
    put(&mut json, "reject-reason", order.reason.clone().filter(|_| order.status == OrderState::Rejected));
    put(&mut json, "replaces-order-id", order.replaces.as_deref().and_then(&number_of));
    put(&mut json, "replacing-order-id", order.replaced_by.as_deref().and_then(&number_of));
    Value::Object(json)
}

/// An order that is only tried.
pub(super) fn tried(request: &OrderRequest, note: &OrderNote) -> Value {
    let legs: Vec<Value> = request
        .legs
        .iter()
        .map(|leg| {
            let (kind, symbol) = spelled(&leg.instrument);
            let wanted = quantity(leg.ratio * request.quantity);
            json!({
                "instrument-type": kind,
                "symbol": symbol,
                "quantity": wanted,
                "remaining-quantity": wanted,
                "action": leg.action.map(action),
                "fills": [],
            })
        })
        .collect();
    let first = request.legs.first().map(|leg| ExchangeLeg {
        instrument: leg.instrument.clone(),
        action: leg.action.unwrap_or(OrderAction::BuyToOpen),
        ratio: leg.ratio,
        average_price: None,
    });
    let mut json = shared(note, request.pricing, request.quantity, first.as_ref(), &legs);
    put(&mut json, "status", Some("Received"));
    put(&mut json, "cancellable", Some(true));
    put(&mut json, "editable", Some(true));
    put(&mut json, "edited", Some(false));
    put(&mut json, "updated-at", Some(0));
    Value::Object(json)
}

fn shared(
    note: &OrderNote,
    pricing: Pricing,
    size: Decimal,
    first: Option<&ExchangeLeg>,
    legs: &[Value],
) -> Map<String, Value> {
    let mut json = Map::new();
    put(&mut json, "account-number", Some(ACCOUNT));
    put(&mut json, "time-in-force", Some(note.time_in_force.as_str()));
    put(&mut json, "order-type", Some(order_type(pricing)));
    put(&mut json, "size", Some(quantity(size)));
    put(&mut json, "underlying-symbol", first.map(|leg| accounts::underlying(&leg.instrument)));
    put(&mut json, "underlying-instrument-type", Some("Equity"));
    put(&mut json, "external-identifier", note.name.as_deref());
    put(&mut json, "source", note.source.as_deref());
    put(&mut json, "stop-trigger", pricing.stop().map(number));
    if let Some(limit) = pricing.limit() {
        // Of one leg the price is what is paid or received; of several it is net, positive when paid.
        let received = if legs.len() == 1 {
            if first.is_some_and(|leg| leg.side() == Side::Sell) { limit } else { -limit }
        } else {
            -limit
        };
        put(&mut json, "price", Some(number(received.abs())));
        put(&mut json, "price-effect", Some(effect(received)));
    }
    json.insert("legs".to_owned(), json!(legs));
    json
}

fn order_type(pricing: Pricing) -> &'static str {
    match pricing {
        Pricing::Market => "Market",
        Pricing::Limit(_) => "Limit",
        Pricing::Stop(_) => "Stop",
        Pricing::StopLimit { .. } => "Stop Limit",
    }
}

fn leg_json(order: &Order, leg: &ExchangeLeg, fills: &[Fill]) -> Value {
    let (kind, symbol) = spelled(&leg.instrument);
    let own = fills.iter().filter(|fill| fill.order_id == order.id && fill.instrument == leg.instrument);
    let fills: Vec<Value> = own
        .map(|fill| {
            json!({
                "ext-group-fill-id": fill.order_filled_quantity.normalize().to_string(),
                "ext-exec-id": fill.sequence.to_string(),
                "fill-id": fill.id,
                "quantity": quantity(fill.quantity),
                "fill-price": number(fill.price),
                "filled-at": instant(fill.at),
                "destination-venue": "MARKET_SIMULATOR",
            })
        })
        .collect();
    json!({
        "instrument-type": kind,
        "symbol": symbol,
        "quantity": quantity(leg.ratio * order.quantity),
        "remaining-quantity": quantity(leg.ratio * order.remaining()),
        "action": action(leg.action),
        "fills": fills,
    })
}
