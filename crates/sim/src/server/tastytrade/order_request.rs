//! Orders as a client sends them, checked and turned into the exchange's.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use ttai_ports::{Instrument, OrderAction};

use super::reply::Refusal;
use super::{ACCOUNT, contract_of, symbol_of};
use crate::server::exchange::{Duration, LegRequest, OrderNote, OrderRequest, Pricing, Side};

/// Most legs of an order.
const MOST_LEGS: usize = 4;

/// An order as sent. A replacement has no legs; an edit only what changes.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct Draft {
    order_type: Option<String>,
    time_in_force: Option<String>,
    #[serde(deserialize_with = "decimal")]
    price: Option<Decimal>,
    price_effect: Option<String>,
    #[serde(deserialize_with = "decimal")]
    stop_trigger: Option<Decimal>,
    #[serde(deserialize_with = "legs")]
    legs: Vec<LegDraft>,
    source: Option<String>,
    external_identifier: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct LegDraft {
    symbol: String,
    instrument_type: String,
    action: String,
    #[serde(deserialize_with = "decimal")]
    quantity: Option<Decimal>,
}

/// A number, as such or as a string.
fn decimal<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Decimal>, D::Error> {
    let text = match Value::deserialize(source)? {
        Value::Null => return Ok(None),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text,
        _ => return Err(serde::de::Error::custom("is not a number")),
    };
    let parsed = text.parse().or_else(|_| Decimal::from_scientific(&text));
    parsed.map(Some).map_err(|_| serde::de::Error::custom("is not a number"))
}

/// The legs, as such or as JSON in a string, which some clients make of them.
fn legs<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<LegDraft>, D::Error> {
    let found = match Value::deserialize(source)? {
        Value::String(text) => serde_json::from_str(&text),
        list => serde_json::from_value(list),
    };
    found.map_err(serde::de::Error::custom)
}

impl Draft {
    /// Reads a body.
    pub(super) fn read(body: &[u8]) -> Result<Self, Refusal> {
        serde_json::from_slice(body).map_err(|error| Refusal::validation("order", &error.to_string()))
    }

    /// What the exchange does not keep of it.
    pub(super) fn note(&self) -> OrderNote {
        OrderNote {
            name: self.external_identifier.clone(),
            source: self.source.clone(),
            time_in_force: self.time_in_force.clone().unwrap_or_else(|| "Day".to_owned()),
        }
    }

    /// The exchange's order, under an identity of the exchange's own.
    pub(super) fn request(&self, identity: String) -> Result<OrderRequest, Refusal> {
        if self.legs.is_empty() {
            return Err(Refusal::validation("legs", "is missing"));
        }
        if self.legs.len() > MOST_LEGS {
            return Err(Refusal::validation("legs", "has more than 4 legs"));
        }
        let quantities = self.quantities()?;
        let units = units(&quantities);
        let mut legs = Vec::with_capacity(self.legs.len());
        for (leg, quantity) in self.legs.iter().zip(&quantities) {
            legs.push(leg.request(*quantity / units)?);
        }
        let first = legs.first().map_or(Side::Buy, |leg| leg.side);
        let single = legs.len() == 1;
        Ok(OrderRequest {
            account: ACCOUNT.to_owned(),
            client_order_id: identity,
            legs,
            quantity: units,
            pricing: self.pricing(single, first)?,
            duration: self.duration()?.unwrap_or(Duration::Day),
            extended_hours: self.time_in_force.as_deref().is_some_and(|text| text.contains("Ext")),
        })
    }

    fn quantities(&self) -> Result<Vec<Decimal>, Refusal> {
        let quantity = |leg: &LegDraft| {
            leg.quantity
                .filter(|quantity| quantity.is_sign_positive() && !quantity.is_zero())
                .ok_or_else(|| Refusal::validation("legs.quantity", "must be greater than 0"))
        };
        self.legs.iter().map(quantity).collect()
    }

    /// The price of a whole order.
    pub(super) fn pricing(&self, single: bool, first: Side) -> Result<Pricing, Refusal> {
        let limit = || self.limit(single, first)?.ok_or_else(|| Refusal::validation("price", "is missing"));
        let stop = || self.stop_trigger.ok_or_else(|| Refusal::validation("stop-trigger", "is missing"));
        match self.order_type.as_deref() {
            Some("Limit") => Ok(Pricing::Limit(limit()?)),
            Some("Stop Limit") => Ok(Pricing::StopLimit { stop: stop()?, limit: limit()? }),
            Some("Market" | "Stop") if self.price.is_some() => {
                Err(Refusal::validation("price", "must not be given for this order type"))
            }
            Some("Stop") => Ok(Pricing::Stop(stop()?)),
            Some("Market") if single => Ok(Pricing::Market),
            Some("Market") => Err(Refusal::validation("order-type", "Market orders have one leg")),
            Some(other) => Err(Refusal::validation("order-type", &format!("{other} is not simulated"))),
            None => Err(Refusal::validation("order-type", "is missing")),
        }
    }

    /// The price as the exchange has it: of one leg without a sign, of several net, positive when paid.
    pub(super) fn limit(&self, single: bool, first: Side) -> Result<Option<Decimal>, Refusal> {
        let Some(price) = self.price else { return Ok(None) };
        if price.is_sign_negative() && !price.is_zero() {
            return Err(Refusal::validation("price", "must not be negative"));
        }
        let paid = match self.price_effect.as_deref() {
            Some("Debit") => true,
            Some("Credit") => false,
            _ => return Err(Refusal::validation("price-effect", "is missing")),
        };
        match (single, first, paid) {
            (true, Side::Buy, false) => {
                Err(Refusal::preflight("cant_buy_for_credit", "You cannot buy for a credit."))
            }
            (true, Side::Sell, true) => {
                Err(Refusal::preflight("cant_sell_for_debit", "You cannot sell for a debit."))
            }
            (true, _, _) | (false, _, true) => Ok(Some(price)),
            (false, _, false) => Ok(Some(-price)),
        }
    }

    /// How long it stands, where it says so.
    pub(super) fn duration(&self) -> Result<Option<Duration>, Refusal> {
        Ok(Some(match self.time_in_force.as_deref() {
            None => return Ok(None),
            Some("Day" | "Ext" | "Ext Overnight") => Duration::Day,
            Some("GTC" | "GTC Ext" | "GTC Ext Overnight" | "GTD") => Duration::GoodTilCanceled,
            Some("IOC") => Duration::ImmediateOrCancel,
            Some(other) => return Err(Refusal::validation("time-in-force", &format!("{other} is unknown"))),
        }))
    }

    /// Whether it names an order type at all: an edit may change the price alone.
    pub(super) fn has_order_type(&self) -> bool {
        self.order_type.is_some()
    }
}

impl LegDraft {
    fn request(&self, ratio: Decimal) -> Result<LegRequest, Refusal> {
        let instrument = match self.instrument_type.as_str() {
            "Equity" => symbol_of(&self.symbol).map(Instrument::Equity),
            "Equity Option" => contract_of(&self.symbol).map(Instrument::Option),
            other => {
                return Err(Refusal::validation(
                    "legs.instrument-type",
                    &format!("{other} is not simulated"),
                ));
            }
        };
        let instrument = instrument.ok_or_else(|| {
            Refusal::preflight("invalid_symbol", &format!("{} is not a valid symbol", self.symbol))
        })?;
        let action = match self.action.as_str() {
            "Buy to Open" => OrderAction::BuyToOpen,
            "Sell to Open" => OrderAction::SellToOpen,
            "Buy to Close" => OrderAction::BuyToClose,
            "Sell to Close" => OrderAction::SellToClose,
            _ => return Err(Refusal::validation("legs.action", "is invalid")),
        };
        Ok(LegRequest { instrument, side: Side::of(action), action: Some(action), ratio })
    }
}

/// Units of an order: the quantity of one leg, the greatest common divisor of several.
fn units(quantities: &[Decimal]) -> Decimal {
    if let [only] = quantities {
        return *only;
    }
    let whole: Option<Vec<u64>> = quantities.iter().map(ToPrimitive::to_u64).collect();
    let common = whole.unwrap_or_default().into_iter().fold(0, greatest_common_divisor);
    Decimal::from(common.max(1))
}

fn greatest_common_divisor(one: u64, other: u64) -> u64 {
    let (mut one, mut other) = (one, other);
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(price: &str) -> String {
        format!(
            r#"{{"order-type": "Limit", "time-in-force": "Day", {price}, "external-identifier": "a-1", "legs": [
                {{"symbol": "SPY   260619P00540000", "instrument-type": "Equity Option", "action": "Sell to Open", "quantity": 4}},
                {{"symbol": "SPY   260619P00535000", "instrument-type": "Equity Option", "action": "Buy to Open", "quantity": "6"}}]}}"#
        )
    }

    fn request(text: &str) -> Result<OrderRequest, Refusal> {
        Draft::read(text.as_bytes())?.request("x".to_owned())
    }

    #[test]
    fn a_ratio_spread_has_units_and_a_net_price() {
        let order = request(&spread(r#""price": "1.25", "price-effect": "Credit""#)).unwrap();
        assert_eq!(order.quantity, Decimal::TWO);
        assert_eq!((order.legs[0].ratio, order.legs[1].ratio), (Decimal::TWO, Decimal::from(3)));
        assert_eq!(order.pricing, Pricing::Limit(Decimal::new(-125, 2)));
        let paid = request(&spread(r#""price": 1.25, "price-effect": "Debit""#)).unwrap();
        assert_eq!(paid.pricing, Pricing::Limit(Decimal::new(125, 2)));
    }

    #[test]
    fn what_an_order_lacks_is_said() {
        for text in [
            "[]",
            "{}",
            r#"{"order-type": "Limit", "legs": [{"symbol": "AAPL", "instrument-type": "Equity", "action": "Buy to Open", "quantity": 1}]}"#,
            r#"{"order-type": "Market", "price": 1, "legs": [{"symbol": "AAPL", "instrument-type": "Equity", "action": "Buy to Open", "quantity": 1}]}"#,
            r#"{"order-type": "Market", "legs": [{"symbol": "AAPL", "instrument-type": "Equity", "action": "Buy", "quantity": 1}]}"#,
            r#"{"order-type": "Market", "legs": [{"symbol": "AAPL", "instrument-type": "Equity", "action": "Buy to Open", "quantity": 0}]}"#,
            r#"{"order-type": "Market", "legs": [{"symbol": "/ESZ9", "instrument-type": "Future", "action": "Buy to Open", "quantity": 1}]}"#,
        ] {
            assert!(request(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nobody_buys_for_a_credit() {
        let text = r#"{"order-type": "Limit", "price": "5", "price-effect": "Credit",
            "legs": [{"symbol": "AAPL", "instrument-type": "Equity", "action": "Buy to Open", "quantity": 1}]}"#;
        assert!(format!("{:?}", request(text)).contains("cant_buy_for_credit"));
    }
}
