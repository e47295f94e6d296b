//! What a broker says of orders, positions and bookings as the rules of trading read it, and their order as it is sent.
//! Decides nothing.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use ttai_trading::TradeIntent;
use ttai_trading::intent::NetPrice;
use ttai_trading::order::{LegFilled, OrderExecution, OrderReport, StatusReport};
use ttai_trading::reconcile::{BookingKind, BrokerBooking, BrokerListing, ListedOrder};

use crate::broker::{
    BrokerLeg, BrokerOrder, BrokerPosition, BrokerTransaction, OrderIntent, OrderLeg, OrderPrice, OrderStatus,
};
use crate::error::PortError;

impl TryFrom<&TradeIntent> for OrderIntent {
    type Error = PortError;

    /// # Errors
    /// [`PortError::Invalid`] for more contracts of a leg than can be counted.
    fn try_from(intent: &TradeIntent) -> Result<Self, PortError> {
        let legs = intent.legs.iter().map(|leg| {
            let quantity = leg.ratio.checked_mul(intent.quantity).ok_or_else(|| PortError::Invalid {
                provider: "ttai".to_owned(),
                detail: format!(
                    "{} times {} of {} is no quantity",
                    intent.quantity, leg.ratio, leg.instrument
                ),
            })?;
            Ok(OrderLeg { instrument: leg.instrument.clone(), action: leg.action, quantity })
        });
        Ok(Self {
            account: intent.account.clone(),
            client_order_id: intent.client_order_id().to_string(),
            legs: legs.collect::<Result<_, PortError>>()?,
            price: match intent.limit {
                NetPrice::Debit(amount) => OrderPrice::Debit(amount),
                NetPrice::Credit(amount) => OrderPrice::Credit(amount),
            },
            time_in_force: TradeIntent::TIME_IN_FORCE,
        })
    }
}

impl BrokerOrder {
    /// All that it says: its executions, then how it stands. `now` is the time of what has none.
    #[must_use]
    pub fn reports(&self, now: DateTime<Utc>) -> Vec<OrderReport> {
        let at = self.as_of(now);
        let executions = self.legs.iter().flat_map(|leg| executions(leg, at)).map(OrderReport::Execution);
        executions.chain([OrderReport::Status(self.status_report(now))]).collect()
    }

    /// How it stands.
    #[must_use]
    pub fn status_report(&self, now: DateTime<Utc>) -> StatusReport {
        // Filled are all of the contracts that the broker took, whether it lists their fills yet or not.
        let whole = self.status == OrderStatus::Filled;
        let filled = self.legs.iter().map(|leg| LegFilled {
            instrument: leg.instrument.clone(),
            quantity: if whole { leg.filled.max(leg.quantity) } else { leg.filled },
            average_price: leg.average_price,
        });
        StatusReport {
            broker_order_id: self.id.clone(),
            status: self.status,
            replaced_by: self.replaced_by.clone(),
            filled: filled.collect(),
            limit: self.limit.map(NetPrice::of_signed),
            reason: self.reject_reason.clone(),
            at: self.as_of(now),
        }
    }

    /// As a reconciliation takes it.
    #[must_use]
    pub fn listed(&self, now: DateTime<Utc>) -> ListedOrder {
        let legs = self.legs.iter().map(|leg| (leg.instrument.clone(), leg.action, leg.quantity));
        ListedOrder {
            client_order_id: self.client_order_id.clone(),
            quantity: self.quantity.unwrap_or_default(),
            legs: legs.collect(),
            status: self.status_report(now),
            by_broker: self.by_broker,
        }
    }

    fn as_of(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.updated_at.or(self.received_at).unwrap_or(now)
    }
}

fn executions(leg: &BrokerLeg, at: DateTime<Utc>) -> impl Iterator<Item = OrderExecution> {
    let traded = leg.executions.iter().filter(|execution| execution.quantity > Decimal::ZERO);
    traded.map(move |execution| OrderExecution {
        execution_id: execution.id.clone(),
        instrument: leg.instrument.clone(),
        quantity: execution.quantity,
        price: execution.price,
        cumulative: execution.cumulative,
        at: execution.at.unwrap_or(at),
    })
}

/// An account as a reconciliation takes it. What is held and booked of kinds that are not traded here is left out.
#[must_use]
pub fn broker_listing(
    orders: &[BrokerOrder],
    positions: &[BrokerPosition],
    transactions: &[BrokerTransaction],
    now: DateTime<Utc>,
) -> BrokerListing {
    let mut listing = BrokerListing {
        orders: orders.iter().map(|order| order.listed(now)).collect(),
        bookings: transactions.iter().filter_map(booking).collect(),
        ..BrokerListing::default()
    };
    for position in positions {
        if let Some(instrument) = &position.instrument {
            let held = listing.positions.entry(instrument.clone()).or_default();
            *held = held.saturating_add(position.quantity);
        }
    }
    listing
}

/// What changed a position without an order. A short is assigned and a long exercised, whatever sign the broker gives them.
fn booking(row: &BrokerTransaction) -> Option<BrokerBooking> {
    let (instrument, quantity) = (row.instrument.clone()?, row.quantity?);
    let (kind, change) = match row.kind.as_str() {
        "assignment" => (BookingKind::Assignment, quantity.abs()),
        "exercise" => (BookingKind::Exercise, -quantity.abs()),
        "expiration" | "cash_settlement" => (BookingKind::Expiration, quantity),
        _ => return None,
    };
    Some(BrokerBooking { kind, instrument, change })
}

#[cfg(test)]
mod tests {
    use ttai_core::{Instrument, OrderAction, OrderStatus};
    use ttai_trading::intent::{IntentLeg, IntentTerms, OrderPurpose, OrderSlot};
    use ttai_trading::{OrderPhase, TrackedOrder};

    use super::*;
    use crate::broker::LegExecution;

    fn put(strike: u32) -> Instrument {
        Instrument::try_from(format!("AAPL  140621P00{strike}000")).unwrap()
    }

    fn at(minute: u32) -> DateTime<Utc> {
        format!("2014-06-06T15:{minute:02}:00Z").parse().unwrap()
    }

    /// Two of a put spread for a credit of 1.95.
    fn intent() -> TradeIntent {
        let leg = |strike, action| IntentLeg { instrument: put(strike), action, ratio: 1 };
        TradeIntent::new(IntentTerms {
            user: "mia".to_owned(),
            account: "A1".to_owned(),
            strategy: "csp_entry".to_owned(),
            slot: OrderSlot {
                workflow_id: "daily-trading".to_owned(),
                purpose: OrderPurpose::Entry,
                leg: None,
                sequence: 0,
            },
            legs: vec![leg(630, OrderAction::SellToOpen), leg(620, OrderAction::BuyToOpen)],
            quantity: 2,
            limit: NetPrice::Credit(Decimal::new(195, 2)),
        })
        .unwrap()
    }

    fn filled(intent: &TradeIntent) -> BrokerOrder {
        let sent = OrderIntent::try_from(intent).unwrap();
        let leg = |leg: &OrderLeg| BrokerLeg {
            instrument: leg.instrument.clone(),
            action: leg.action,
            quantity: leg.quantity.into(),
            filled: leg.quantity.into(),
            average_price: Some(Decimal::ONE),
            executions: vec![LegExecution {
                id: format!("x-{}", leg.instrument),
                quantity: leg.quantity.into(),
                price: Decimal::ONE,
                cumulative: None,
                at: None,
            }],
        };
        BrokerOrder {
            id: "b-1".to_owned(),
            client_order_id: Some(sent.client_order_id),
            account: sent.account,
            status: OrderStatus::Filled,
            legs: sent.legs.iter().map(leg).collect(),
            quantity: Some(Decimal::TWO),
            limit: Some(Decimal::new(-195, 2)),
            filled_quantity: Decimal::TWO,
            average_fill_price: None,
            replaces: None,
            replaced_by: None,
            by_broker: false,
            reject_reason: None,
            received_at: Some(at(1)),
            updated_at: Some(at(2)),
        }
    }

    #[test]
    fn an_order_that_the_broker_filled_is_filled_by_its_reports_however_often() {
        let intent = intent();
        let of = TrackedOrder::of(&intent);
        let mut order = TrackedOrder::adopted(of.id, of.quantity, of.legs);
        for report in [filled(&intent).reports(at(3)), filled(&intent).reports(at(4))].concat() {
            order.apply(&report).unwrap();
        }
        assert_eq!((order.phase(), order.filled_units()), (OrderPhase::Filled, Decimal::TWO));
        let fills = order.fills(at(2));
        assert_eq!(fills.len(), 2);
        assert!(fills.iter().all(|fill| fill.execution_id.is_some() && fill.at == at(2)), "{fills:?}");
        assert_eq!(order.facts.limit, Some((at(2), Decimal::new(-195, 2))));
        let again = TradeIntent::new(IntentTerms { quantity: u32::MAX, ..intent.into() }).unwrap();
        assert!(OrderIntent::try_from(&again).is_ok());
    }

    #[test]
    fn an_assignment_adds_and_an_exercise_takes_whatever_the_sign() {
        let row = |kind: &str, quantity: i64| BrokerTransaction {
            id: "1".to_owned(),
            kind: kind.to_owned(),
            detail: String::new(),
            instrument: Some(put(630)),
            asset: (None, None),
            quantity: Some(Decimal::from(quantity)),
            price: None,
            net_amount: Decimal::ZERO,
            executed_at: at(1),
            order_id: None,
            settles_on: None,
        };
        let rows = [row("assignment", -2), row("exercise", 2), row("expiration", -1), row("trade", 9)];
        let changes: Vec<Decimal> =
            broker_listing(&[], &[], &rows, at(2)).bookings.iter().map(|booking| booking.change).collect();
        assert_eq!(changes, [2, -2, -1].map(Decimal::from));
    }
}
