//! The body of an order, as Alpaca must not misread it.

use serde_json::{Map, Value, json};
use ttai_ports::{Instrument, OrderAction, OrderIntent, OrderLeg, OrderPrice, PortError, TimeInForce};

use super::invalid;
use super::market::compact;

/// Longest client order id at Alpaca.
const MAX_CLIENT_ORDER_ID: usize = 128;

/// An instrument as Alpaca writes it.
pub(super) fn symbol_of(instrument: &Instrument) -> String {
    match instrument {
        Instrument::Equity(symbol) => symbol.to_string(),
        Instrument::Option(contract) => compact(contract),
    }
}

fn words(action: OrderAction) -> (&'static str, &'static str) {
    match action {
        OrderAction::BuyToOpen => ("buy", "buy_to_open"),
        OrderAction::SellToOpen => ("sell", "sell_to_open"),
        OrderAction::BuyToClose => ("buy", "buy_to_close"),
        OrderAction::SellToClose => ("sell", "sell_to_close"),
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The body of `POST /v2/orders`, every number a string as the specification has it.
pub(super) fn body(order: &OrderIntent) -> Result<Value, PortError> {
    let id = &order.client_order_id;
    if id.is_empty() || id.len() > MAX_CLIENT_ORDER_ID {
        return Err(invalid("an order needs a client order id of 1 to 128 characters".to_owned()));
    }
    if order.legs.is_empty() || order.legs.len() > 4 || order.legs.iter().any(|leg| leg.quantity == 0) {
        return Err(invalid("an order has 1 to 4 legs with at least one share or contract each".to_owned()));
    }
    let mut fields = Map::new();
    fields.insert("client_order_id".to_owned(), json!(id));
    let duration = match order.time_in_force {
        TimeInForce::Day => "day",
        TimeInForce::GoodTilCanceled => "gtc",
    };
    fields.insert("time_in_force".to_owned(), json!(duration));
    let own = match order.legs.as_slice() {
        [only] => single(only, order.price)?,
        legs => several(legs, order.price)?,
    };
    fields.extend(own);
    Ok(Value::Object(fields))
}

/// The body of `PATCH /v2/orders/{id}`: what is not in it stays as it was.
pub(super) fn replacement(successor: &OrderIntent) -> Result<Value, PortError> {
    let whole = body(successor)?;
    let kept =
        ["client_order_id", "limit_price"].map(|name| whole.get(name).map(|value| (name, value.clone())));
    let [Some((id, own)), Some((price, limit))] = kept else {
        return Err(invalid("an order is replaced by one with a limit".to_owned()));
    };
    Ok(json!({ id: own, price: limit }))
}

fn single(leg: &OrderLeg, price: OrderPrice) -> Result<Map<String, Value>, PortError> {
    let (side, intent) = words(leg.action);
    let limit = match (price, side) {
        (OrderPrice::Market, _) => None,
        (OrderPrice::Debit(limit), "buy") | (OrderPrice::Credit(limit), "sell") => Some(limit),
        (OrderPrice::Debit(_), _) => return Err(invalid("a sale is limited by a credit".to_owned())),
        (OrderPrice::Credit(_), _) => return Err(invalid("a purchase is limited by a debit".to_owned())),
    };
    let mut fields = Map::new();
    let rows = [
        ("symbol", symbol_of(&leg.instrument)),
        ("qty", leg.quantity.to_string()),
        ("side", side.to_owned()),
        ("type", if limit.is_some() { "limit" } else { "market" }.to_owned()),
        ("order_class", "simple".to_owned()),
    ];
    fields.extend(rows.map(|(name, value)| (name.to_owned(), json!(value))));
    if matches!(leg.instrument, Instrument::Option(_)) {
        fields.insert("position_intent".to_owned(), json!(intent));
    }
    if let Some(limit) = limit {
        fields.insert("limit_price".to_owned(), json!(limit.normalize().to_string()));
    }
    Ok(fields)
}

fn several(legs: &[OrderLeg], price: OrderPrice) -> Result<Map<String, Value>, PortError> {
    if legs.iter().any(|leg| matches!(leg.instrument, Instrument::Equity(_))) {
        return Err(invalid(
            "Alpaca takes several legs of options only; send the shares as an order of their own".to_owned(),
        ));
    }
    let units = legs.iter().map(|leg| leg.quantity).fold(0, gcd);
    // Positive is paid, negative is received.
    let limit = match price {
        OrderPrice::Market => None,
        OrderPrice::Debit(limit) => Some(limit),
        OrderPrice::Credit(limit) => Some(-limit),
    };
    let rows: Vec<Value> = legs
        .iter()
        .map(|leg| {
            let (side, intent) = words(leg.action);
            json!({
                "symbol": symbol_of(&leg.instrument),
                "ratio_qty": (leg.quantity / units).to_string(),
                "side": side,
                "position_intent": intent,
            })
        })
        .collect();
    let mut fields = Map::new();
    fields.insert("order_class".to_owned(), json!("mleg"));
    fields.insert("qty".to_owned(), json!(units.to_string()));
    fields.insert("type".to_owned(), json!(if limit.is_some() { "limit" } else { "market" }));
    fields.insert("legs".to_owned(), Value::Array(rows));
    if let Some(limit) = limit {
        fields.insert("limit_price".to_owned(), json!(limit.normalize().to_string()));
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;
    use ttai_core::{OccSymbol, Symbol};

    use super::*;

    fn option(text: &str) -> Instrument {
        Instrument::Option(OccSymbol::parse(text).unwrap())
    }

    fn intent(legs: Vec<OrderLeg>, price: OrderPrice) -> OrderIntent {
        OrderIntent {
            account: "A".to_owned(),
            client_order_id: "x".to_owned(),
            legs,
            price,
            time_in_force: TimeInForce::Day,
        }
    }

    #[test]
    fn legs_are_sent_as_units_with_ratios_and_a_signed_net_price() {
        let legs = vec![
            OrderLeg {
                instrument: option("AAPL140621P00600000"),
                action: OrderAction::SellToOpen,
                quantity: 4,
            },
            OrderLeg {
                instrument: option("AAPL140621P00590000"),
                action: OrderAction::BuyToOpen,
                quantity: 6,
            },
        ];
        let sent = body(&intent(legs, OrderPrice::Credit("1.95".parse().unwrap()))).unwrap();
        assert_eq!(
            sent,
            json!({
                "client_order_id": "x", "time_in_force": "day", "order_class": "mleg", "qty": "2", "type": "limit",
                "limit_price": "-1.95",
                "legs": [
                    {"symbol": "AAPL140621P00600000", "ratio_qty": "2", "side": "sell", "position_intent": "sell_to_open"},
                    {"symbol": "AAPL140621P00590000", "ratio_qty": "3", "side": "buy", "position_intent": "buy_to_open"},
                ],
            })
        );
    }

    #[test]
    fn orders_that_alpaca_could_misread_are_not_sent() {
        let share = |action| OrderLeg {
            instrument: Instrument::Equity(Symbol::new("AAPL").unwrap()),
            action,
            quantity: 1,
        };
        let price = OrderPrice::Debit(Decimal::ONE);
        for wrong in [
            intent(vec![share(OrderAction::SellToClose)], price),
            intent(vec![share(OrderAction::BuyToOpen)], OrderPrice::Credit(Decimal::ONE)),
            intent(vec![share(OrderAction::BuyToOpen), share(OrderAction::BuyToOpen)], price),
            intent(Vec::new(), price),
            OrderIntent {
                client_order_id: String::new(),
                ..intent(vec![share(OrderAction::BuyToOpen)], price)
            },
        ] {
            assert!(matches!(body(&wrong), Err(PortError::Invalid { .. })), "{wrong:?}");
        }
    }
}
