//! Orders, positions and activities of the account as the port has them.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use ttai_core::{OccSymbol, Symbol};
use ttai_ports::{
    BrokerLeg, BrokerOrder, BrokerPosition, BrokerTransaction, Instrument, LegExecution, OrderAction,
    OrderStatus, PortError,
};

use super::corrupt;
use super::model::{AlpacaActivity, AlpacaOrder, AlpacaPosition};

fn instrument(text: &str) -> Option<Instrument> {
    match OccSymbol::parse(text) {
        Ok(contract) => Some(Instrument::Option(contract)),
        Err(_) => Symbol::new(text).ok().map(Instrument::Equity),
    }
}

fn status(order: &AlpacaOrder) -> OrderStatus {
    match order.status.as_str() {
        "new"
        | "pending_cancel"
        | "pending_replace"
        | "accepted_for_bidding"
        | "stopped"
        | "suspended"
        | "done_for_day"
        | "held" => OrderStatus::Live,
        "partially_filled" => OrderStatus::PartiallyFilled,
        "filled" => OrderStatus::Filled,
        "calculated" => of_calculated(order),
        "canceled" | "replaced" => OrderStatus::Canceled,
        "rejected" => OrderStatus::Rejected,
        "expired" => OrderStatus::Expired,
        // accepted, pending_new, and whatever comes to be: not known to work, and not over.
        _ => OrderStatus::Received,
    }
}

/// Completed for the day, either filled or done for it, says Alpaca: the units tell which.
fn of_calculated(order: &AlpacaOrder) -> OrderStatus {
    let filled = order.filled_qty.unwrap_or_default();
    if filled <= Decimal::ZERO {
        OrderStatus::Live
    } else if order.qty.is_some_and(|quantity| filled >= quantity) {
        OrderStatus::Filled
    } else {
        OrderStatus::PartiallyFilled
    }
}

fn action(order: &AlpacaOrder) -> Option<OrderAction> {
    match (order.position_intent.as_deref(), order.side.as_deref()) {
        (Some("buy_to_open"), _) => Some(OrderAction::BuyToOpen),
        (Some("buy_to_close"), _) => Some(OrderAction::BuyToClose),
        (Some("sell_to_open"), _) => Some(OrderAction::SellToOpen),
        (Some("sell_to_close"), _) => Some(OrderAction::SellToClose),
        (_, Some("buy")) => Some(OrderAction::BuyToOpen),
        (_, Some("sell")) => Some(OrderAction::SellToClose),
        _ => None,
    }
}

fn leg(order: &AlpacaOrder) -> Option<BrokerLeg> {
    Some(BrokerLeg {
        instrument: instrument(order.symbol.as_deref()?)?,
        action: action(order)?,
        quantity: order.qty.unwrap_or_default(),
        filled: order.filled_qty.unwrap_or_default(),
        average_price: order.filled_avg_price,
        executions: Vec::new(),
    })
}

/// The id of a trade without the time before it: `20140606190000000::uuid`.
fn execution_id(activity: &str) -> &str {
    activity.rsplit_once("::").map_or(activity, |(_, id)| id)
}

/// An order with the trades among `activities` that are its own or its legs'. Alpaca lists those of one millisecond in any
/// order; none counts twice.
pub(super) fn with_executions(row: AlpacaOrder, account: &str, activities: &[AlpacaActivity]) -> BrokerOrder {
    let mut ids = vec![row.id.clone()];
    ids.extend(row.legs.iter().flatten().map(|leg| leg.id.clone()));
    let mut order = order(row, account);
    for activity in activities.iter().filter(|row| row.activity_type == "FILL") {
        let is_own = activity.order_id.as_ref().is_some_and(|id| ids.contains(id));
        let traded = activity.symbol.as_deref().filter(|_| is_own).and_then(instrument);
        let leg = order.legs.iter_mut().find(|leg| Some(&leg.instrument) == traded.as_ref());
        let (Some(leg), Some(quantity), Some(price)) = (leg, activity.qty, activity.price) else { continue };
        let id = execution_id(&activity.id).to_owned();
        if leg.executions.iter().all(|known| known.id != id) {
            let (cumulative, at) = (activity.cum_qty, moment(activity));
            leg.executions.push(LegExecution { id, quantity: quantity.abs(), price, cumulative, at });
        }
    }
    order
}

/// An order of ours. `account` is not in Alpaca's answer, and trades are no part of an order.
pub(super) fn order(row: AlpacaOrder, account: &str) -> BrokerOrder {
    let several =
        row.legs.as_ref().is_some_and(|legs| !legs.is_empty()) && row.order_class.as_deref() == Some("mleg");
    let legs = if several {
        row.legs.iter().flatten().filter_map(leg).collect()
    } else {
        leg(&row).into_iter().collect()
    };
    let received = !several && row.side.as_deref() == Some("sell");
    let paid = |price: Decimal| if received { -price } else { price };
    BrokerOrder {
        status: status(&row),
        account: account.to_owned(),
        legs,
        filled_quantity: row.filled_qty.unwrap_or_default(),
        average_fill_price: row.filled_avg_price.map(paid),
        quantity: row.qty,
        limit: row.limit_price.map(paid),
        replaces: row.replaces,
        replaced_by: row.replaced_by.filter(|_| row.status == "replaced"),
        by_broker: row.source.is_some_and(|source| source.contains("liquidation")),
        // Alpaca gives no reason in the order itself.
        reject_reason: (row.status == "rejected").then(|| "rejected by Alpaca or an exchange".to_owned()),
        received_at: row.submitted_at,
        updated_at: row.updated_at,
        client_order_id: row.client_order_id.filter(|id| !id.is_empty()),
        id: row.id,
    }
}

/// A position, of whatever kind; none of nothing.
pub(super) fn position(row: &AlpacaPosition) -> Option<BrokerPosition> {
    let traded = matches!(row.asset_class.as_str(), "us_equity" | "us_option");
    let instrument = traded.then(|| instrument(&row.symbol)).flatten();
    let size = row.qty.0.abs();
    let quantity = if row.side == "short" { -size } else { size };
    let multiplier = instrument.as_ref().map_or(Decimal::ONE, Instrument::multiplier);
    (!quantity.is_zero()).then(|| BrokerPosition {
        symbol: row.symbol.clone(),
        kind: row.asset_class.clone(),
        quantity,
        average_open_price: row.avg_entry_price.0.abs(),
        mark: row.current_price,
        multiplier,
        day_base: day_base(row, quantity * multiplier).or(row.lastday_price),
        updated_at: None,
        instrument,
    })
}

/// The price from which Alpaca's own profit of the day counts: it knows what was opened today.
fn day_base(row: &AlpacaPosition, size: Decimal) -> Option<Decimal> {
    row.current_price?.checked_sub(row.unrealized_intraday_pl?.checked_div(size)?)
}

/// The moment of an activity: a trade's own, else what its date says, else midnight UTC of its id.
fn moment(row: &AlpacaActivity) -> Option<DateTime<Utc>> {
    let of_date = |text: &String| {
        let moment = DateTime::parse_from_rfc3339(text).map(|time| time.to_utc()).ok();
        moment.or_else(|| {
            text.get(..10)?.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0).map(|time| time.and_utc())
        })
    };
    let of_id = || {
        let date = NaiveDate::parse_from_str(row.id.get(..8)?, "%Y%m%d").ok()?;
        date.and_hms_opt(0, 0, 0).map(|time| time.and_utc())
    };
    row.transaction_time.or_else(|| row.date.as_ref().and_then(of_date)).or_else(of_id)
}

/// What a trade did to cash, in dollars; `None` for one without a quantity or a price.
///
/// # Errors
/// [`PortError::Corrupt`] for an amount beyond every number.
fn traded(
    row: &AlpacaActivity,
    quantity: Option<Decimal>,
    multiplier: Decimal,
) -> Result<Option<Decimal>, PortError> {
    let (Some(quantity), Some(price)) = (quantity, row.price) else { return Ok(None) };
    let amount = price.checked_mul(multiplier).and_then(|one| one.checked_mul(-quantity));
    let absurd = || corrupt(format!("activity {} is of {quantity} at {price}", row.id));
    amount.map(Some).ok_or_else(absurd)
}

/// An activity, signed by what it did to the account.
///
/// # Errors
/// [`PortError::Corrupt`] for one without a time, and for a trade whose amount is beyond every number.
pub(super) fn transaction(row: AlpacaActivity) -> Result<BrokerTransaction, PortError> {
    let executed_at = moment(&row).ok_or_else(|| corrupt(format!("activity {} has no time", row.id)))?;
    let symbol = row.symbol.clone().filter(|symbol| !symbol.is_empty());
    let instrument = symbol.as_deref().and_then(instrument);
    let sold = matches!(row.side.as_deref(), Some("sell" | "sell_short"));
    let quantity = row.qty.map(|quantity| if sold { -quantity.abs() } else { quantity });
    let net_amount = match row.net_amount {
        None if row.activity_type == "FILL" => {
            traded(&row, quantity, instrument.as_ref().map_or(Decimal::ONE, Instrument::multiplier))?
        }
        told => told,
    };
    let kind = match row.activity_type.as_str() {
        "FILL" => "trade",
        "OPASN" => "assignment",
        "OPEXC" => "exercise",
        "OPEXP" => "expiration",
        "OPCSH" => "cash_settlement",
        "OPTRD" => "delivery",
        "FEE" | "CFEE" | "PTC" => "fee",
        "INT" | "INTNRA" | "INTTW" => "interest",
        "CSD" | "CSW" | "JNLC" | "TRANS" => "transfer",
        "SPLIT" | "OPCA" => "split",
        dividend if dividend.starts_with("DIV") => "dividend",
        _ => "other",
    };
    Ok(BrokerTransaction {
        kind: kind.to_owned(),
        asset: (symbol, None),
        detail: row.description.or(row.fill_type).unwrap_or(row.activity_type),
        instrument,
        quantity,
        price: row.price,
        net_amount: net_amount.unwrap_or_default(),
        executed_at,
        order_id: row.order_id,
        settles_on: None,
        id: row.id,
    })
}

#[cfg(test)]
mod tests {
    use super::super::model::parse;
    use super::*;

    #[test]
    fn orders_are_read_with_numbers_as_strings_or_numbers() {
        for text in [
            r#"{"id":"1","client_order_id":"x","status":"partially_filled","symbol":"AAPL","side":"sell","qty":"10",
                "filled_qty":"4","filled_avg_price":"645.1","order_class":"","position_intent":"sell_to_close"}"#,
            r#"{"id":"1","client_order_id":"x","status":"partially_filled","symbol":"AAPL","side":"sell","qty":10,
                "filled_qty":4,"filled_avg_price":645.1,"order_class":"simple","legs":null}"#,
        ] {
            let read = order(parse(text.as_bytes()).unwrap(), "A");
            assert_eq!((read.status, read.filled_quantity), (OrderStatus::PartiallyFilled, Decimal::from(4)));
            assert_eq!(read.average_fill_price, Some("-645.1".parse().unwrap()));
            assert_eq!(read.legs[0].action, OrderAction::SellToClose);
        }
        let unheard_of = order(parse(br#"{"id":"1","status":"levitating"}"#).unwrap(), "A");
        assert!(!unheard_of.status.is_final() && unheard_of.legs.is_empty());
    }

    #[test]
    fn an_order_calculated_for_the_day_is_filled_only_where_all_of_it_is() {
        for (filled, expected) in
            [("0", OrderStatus::Live), ("4", OrderStatus::PartiallyFilled), ("10", OrderStatus::Filled)]
        {
            let text = format!(r#"{{"id":"1","status":"calculated","qty":"10","filled_qty":"{filled}"}}"#);
            assert_eq!(order(parse(text.as_bytes()).unwrap(), "A").status, expected, "{filled}");
        }
        let of_unknown_size =
            order(parse(br#"{"id":"1","status":"calculated","filled_qty":"4"}"#).unwrap(), "A");
        assert_eq!(of_unknown_size.status, OrderStatus::PartiallyFilled);
    }

    #[test]
    fn a_trade_of_absurd_size_is_an_error() {
        let text = r#"{"id":"20140606190000000::u","activity_type":"FILL","transaction_time":"2014-06-06T19:00:00Z",
            "price":"70000000000000000000000000000","qty":"70000000000000000000000000000","side":"buy","symbol":"AAPL"}"#;
        let absurd = transaction(parse(text.as_bytes()).unwrap());
        assert!(matches!(absurd, Err(PortError::Corrupt { .. })), "{absurd:?}");
    }

    #[test]
    fn activities_are_signed_by_what_they_did_to_cash() {
        let read = |text: &str| transaction(parse(text.as_bytes()).unwrap()).unwrap();
        let sold = read(
            r#"{"id":"20140606190000000::u","activity_type":"FILL","type":"fill","transaction_time":"2014-06-06T19:00:00Z",
               "price":"5.05","qty":"2","side":"sell_short","symbol":"AAPL140621P00630000","order_id":"o"}"#,
        );
        assert_eq!((sold.net_amount, sold.quantity), (Decimal::from(1010), Some(Decimal::from(-2))));
        let paid = read(
            r#"{"id":"20140808000000000::u","activity_type":"DIV","date":"2014-08-08","net_amount":47,"symbol":"AAPL"}"#,
        );
        assert_eq!((paid.kind.as_str(), paid.net_amount), ("dividend", Decimal::from(47)));
        assert_eq!(paid.executed_at.to_rfc3339(), "2014-08-08T00:00:00+00:00");
    }
}
