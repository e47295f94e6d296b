//! The service's orders as the port's.

use rust_decimal::Decimal;
use ttai_ports::{BrokerLeg, BrokerOrder, LegExecution, OrderAction, OrderPreview, OrderStatus};

use super::error::printable;
use super::model::{OrderLegModel, PlacedOrder, TastytradeFill, TastytradeOrder};
use super::symbols;

/// An order; none without an id or with a leg that the project does not trade.
pub(super) fn order(order: &TastytradeOrder, account: &str) -> Option<BrokerOrder> {
    let legs = order.legs.iter().map(leg).collect::<Option<Vec<_>>>()?;
    let filled_quantity = filled_units(order);
    let status = status(order);
    Some(BrokerOrder {
        id: order.id.clone()?,
        client_order_id: order.external_identifier.clone(),
        account: order.account_number.clone().unwrap_or_else(|| account.to_owned()),
        status,
        legs,
        quantity: order.size.map(|size| size.normalize()),
        limit: order.price.map(|price| -order.price_effect.signed(price).normalize()),
        replaces: order.replaces_order_id.clone(),
        // Until it is cancelled the replacement may fail.
        replaced_by: order.replacing_order_id.clone().filter(|_| status == OrderStatus::Canceled),
        by_broker: order.source.as_deref().is_some_and(|source| source.contains("liquidation")),
        filled_quantity,
        average_fill_price: average_fill_price(order, filled_quantity),
        reject_reason: order.reject_reason.as_deref().map(printable),
        received_at: order.received_at,
        updated_at: order.updated_at.or(order.received_at),
    })
}

/// Where an order stands. A word that is not known yet is no end: the order may still be filled.
pub(super) fn status(order: &TastytradeOrder) -> OrderStatus {
    match order.status.as_str() {
        "Received" | "Routed" | "In Flight" | "Contingent" => OrderStatus::Received,
        "Filled" => OrderStatus::Filled,
        "Cancelled" | "Canceled" | "Removed" | "Partially Removed" | "Dead" => OrderStatus::Canceled,
        "Rejected" => OrderStatus::Rejected,
        "Expired" => OrderStatus::Expired,
        _ if order.legs.iter().any(|leg| !filled(leg).is_zero()) => OrderStatus::PartiallyFilled,
        _ => OrderStatus::Live,
    }
}

/// What a dry run says.
pub(super) fn preview(placed: &PlacedOrder) -> OrderPreview {
    let change = placed.buying_power_effect.as_ref();
    let fees = placed.fee_calculation.as_ref();
    OrderPreview {
        buying_power_change: change.and_then(|effect| {
            effect.change_in_buying_power.map(|amount| effect.change_in_buying_power_effect.signed(amount))
        }),
        // Fees are a cost; a rebate would be a credit.
        fees: fees
            .and_then(|fees| fees.total_fees.map(|amount| -fees.total_fees_effect.signed(amount)))
            .map(|fees| if fees.is_zero() { Decimal::ZERO } else { fees }),
        warnings: placed
            .warnings
            .as_deref()
            .unwrap_or_default()
            .iter()
            .take(20)
            .map(|warning| printable(&warning.to_string()))
            .collect(),
    }
}

fn leg(leg: &OrderLegModel) -> Option<BrokerLeg> {
    let action = match leg.action.as_str() {
        "Buy to Open" => OrderAction::BuyToOpen,
        "Sell to Open" => OrderAction::SellToOpen,
        "Buy to Close" => OrderAction::BuyToClose,
        "Sell to Close" => OrderAction::SellToClose,
        _ => return None,
    };
    let executions = fills(leg).into_iter().filter_map(|fill| {
        Some(LegExecution {
            id: fill_id(fill)?.clone(),
            quantity: fill.quantity,
            price: fill.fill_price,
            cumulative: None,
            at: fill.filled_at,
        })
    });
    Some(BrokerLeg {
        instrument: symbols::instrument(&leg.instrument_type, &leg.symbol)?,
        action,
        // An order for an amount of dollars has none.
        quantity: leg.quantity.unwrap_or_default().normalize(),
        filled: filled(leg).normalize(),
        average_price: average_price(leg),
        executions: executions.collect(),
    })
}

fn fill_id(fill: &TastytradeFill) -> Option<&String> {
    fill.fill_id.as_ref().or(fill.ext_exec_id.as_ref())
}

/// The fills of a leg, each once.
fn fills(leg: &OrderLegModel) -> Vec<&TastytradeFill> {
    let mut distinct: Vec<&TastytradeFill> = Vec::new();
    for fill in leg.fills.iter().flatten() {
        let is_known = |known: &&TastytradeFill| fill_id(known).is_some() && fill_id(known) == fill_id(fill);
        if !distinct.iter().any(is_known) {
            distinct.push(fill);
        }
    }
    distinct
}

/// The average price of a leg's fills; none before there are any.
fn average_price(leg: &OrderLegModel) -> Option<Decimal> {
    let fills = fills(leg);
    let quantity = sum(fills.iter().map(|fill| Some(fill.quantity)))?;
    let dollars = sum(fills.iter().map(|fill| fill.quantity.checked_mul(fill.fill_price)))?;
    dollars.checked_div(quantity)
}

/// What of a leg was done: its fills, else what does not remain. Fills may come a little after the status.
fn filled(leg: &OrderLegModel) -> Decimal {
    let fills = sum(fills(leg).iter().map(|fill| Some(fill.quantity))).unwrap_or_default();
    let open = leg.quantity.zip(leg.remaining_quantity);
    let not_remaining = open.and_then(|(quantity, remaining)| quantity.checked_sub(remaining));
    fills.max(not_remaining.unwrap_or_default())
}

/// Whole units of all legs that were done: the least of the legs, each in units of its own ratio.
fn filled_units(order: &TastytradeOrder) -> Decimal {
    let units = order.legs.iter().map(|leg| filled(leg).checked_div(ratio(order, leg)).unwrap_or_default());
    units.min().unwrap_or_default().normalize()
}

/// Shares or contracts of a leg in one unit of the order.
fn ratio(order: &TastytradeOrder, leg: &OrderLegModel) -> Decimal {
    let size = order.size.filter(|size| size.is_sign_positive() && !size.is_zero());
    let ratio = leg.quantity.zip(size).and_then(|(quantity, size)| quantity.checked_div(size));
    ratio.filter(|ratio| !ratio.is_zero()).unwrap_or(Decimal::ONE)
}

/// The price of one unit by its fills, positive when paid; none before every leg has a fill.
fn average_fill_price(order: &TastytradeOrder, units: Decimal) -> Option<Decimal> {
    if units.is_zero() {
        return None;
    }
    let price_of = |leg: &OrderLegModel| {
        let unit = average_price(leg)?.checked_mul(ratio(order, leg))?;
        Some(if leg.action.starts_with("Sell") { -unit } else { unit })
    };
    Some(sum(order.legs.iter().map(price_of))?.round_dp(6).normalize())
}

/// The sum; none where a number is missing or the sum is larger than any account.
fn sum(mut numbers: impl Iterator<Item = Option<Decimal>>) -> Option<Decimal> {
    numbers.try_fold(Decimal::ZERO, |sum, number| sum.checked_add(number?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(status: &str, size: u32, legs: &str) -> TastytradeOrder {
        let text = format!(
            r#"{{"id": 771043, "account-number": "5WT0001", "size": {size}, "status": "{status}", "external-identifier": "a-1",
                "received-at": "2019-10-01T18:26:52.513+00:00", "updated-at": 1569954412572, "legs": {legs}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    const SPREAD: &str = r#"[
        {"instrument-type": "Equity Option", "symbol": "SPY   191018C00295000", "quantity": 4, "remaining-quantity": 2,
         "action": "Sell to Open", "fills": [{"quantity": 1, "fill-price": "3.10"}, {"quantity": "1", "fill-price": 3.2}]},
        {"instrument-type": "Equity Option", "symbol": "SPY   191018C00298000", "quantity": "2.0", "remaining-quantity": 1,
         "action": "Buy to Open", "fills": [{"quantity": 1, "fill-price": "1.0"}]}]"#;

    #[test]
    fn units_and_net_price_follow_the_ratios() {
        let order = order(&placed("Live", 2, SPREAD), "5WT0001").unwrap();
        assert_eq!(order.status, OrderStatus::PartiallyFilled);
        assert_eq!(order.filled_quantity, Decimal::ONE);
        // Two sold at 3.15 and one bought at 1: 5.30 received a unit.
        assert_eq!(order.average_fill_price.unwrap().to_string(), "-5.3");
        assert_eq!((order.id.as_str(), order.client_order_id.as_deref()), ("771043", Some("a-1")));
    }

    #[test]
    fn every_status_has_its_meaning() {
        let stock = r#"[{"instrument-type": "Equity", "symbol": "AAPL", "quantity": 1, "remaining-quantity": 1, "action": "Buy to Open", "fills": []}]"#;
        for (word, wanted) in [
            ("Received", OrderStatus::Received),
            ("Routed", OrderStatus::Received),
            ("In Flight", OrderStatus::Received),
            ("Contingent", OrderStatus::Received),
            ("Live", OrderStatus::Live),
            ("Cancel Requested", OrderStatus::Live),
            ("Replace Requested", OrderStatus::Live),
            ("Filled", OrderStatus::Filled),
            ("Cancelled", OrderStatus::Canceled),
            ("Rejected", OrderStatus::Rejected),
            ("Expired", OrderStatus::Expired),
            ("A word of next year", OrderStatus::Live),
        ] {
            assert_eq!(status(&placed(word, 1, stock)), wanted, "{word}");
        }
        // Marked filled before its fills were processed.
        let early = order(&placed("Filled", 1, stock), "x").unwrap();
        assert_eq!((early.status, early.average_fill_price), (OrderStatus::Filled, None));
    }

    #[test]
    fn numbers_beyond_all_measure_are_no_panic() {
        let huge = "7.9e28";
        let legs = format!(
            r#"[{{"instrument-type": "Equity", "symbol": "AAPL", "quantity": "1e-28", "remaining-quantity": "-{huge}", "action": "Buy to Open",
                "fills": [{{"quantity": "{huge}", "fill-price": "{huge}"}}, {{"quantity": "{huge}", "fill-price": 0}}]}}]"#
        );
        let order = order(&placed("Live", 4_000_000_000, &legs), "x").unwrap();
        assert_eq!(order.average_fill_price, None);
    }

    #[test]
    fn an_order_for_a_future_is_not_ours_to_show() {
        let future = r#"[{"instrument-type": "Future", "symbol": "/ESZ9", "quantity": 1, "action": "Buy"}]"#;
        assert!(order(&placed("Live", 1, future), "x").is_none());
    }

    #[test]
    fn a_dry_run_says_what_it_takes() {
        let text = r#"{"order": {"status": "Received", "legs": []}, "warnings": [{"code": "tif.next_valid_session", "message": "Later."}],
            "buying-power-effect": {"change-in-buying-power": "102.302", "change-in-buying-power-effect": "Debit"},
            "fee-calculation": {"total-fees": "2.302", "total-fees-effect": "Debit"}}"#;
        let preview = preview(&serde_json::from_str(text).unwrap());
        assert_eq!(preview.buying_power_change.unwrap().to_string(), "-102.302");
        assert_eq!(preview.fees.unwrap().to_string(), "2.302");
        assert_eq!(preview.warnings, ["Later. (tif.next_valid_session)"]);
    }
}
