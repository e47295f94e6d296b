//! A broker's transactions as the wheel reads them.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;
use ttai_calendar::new_york_date;
use ttai_core::OccSymbol;
use ttai_ports::{BrokerTransaction, Instrument};
use ttai_quant::margin::UnderlyingClass;
use ttai_quant::wheel::{WheelAsset, WheelEvent, WheelOption, WheelTransaction};

/// The transaction in the wheel's words.
pub(super) fn wheel_transaction(row: &BrokerTransaction) -> WheelTransaction {
    let (date, at) = day(row.executed_at);
    let event = event(&row.kind);
    let quantity = row.quantity.unwrap_or_default();
    WheelTransaction {
        id: row.id.clone(),
        date,
        at,
        event,
        asset: asset(row),
        quantity,
        price: row.price,
        amount: Some(row.net_amount),
        ratio: (event == WheelEvent::Split)
            .then(|| row.price.filter(|ratio| *ratio > Decimal::ZERO))
            .flatten(),
    }
}

/// A moment, or a day alone, which brokers write as midnight UTC.
fn day(executed_at: DateTime<Utc>) -> (NaiveDate, Option<DateTime<Utc>>) {
    if executed_at.time() == NaiveTime::MIN {
        return (executed_at.date_naive(), None);
    }
    (new_york_date(executed_at), Some(executed_at))
}

fn event(kind: &str) -> WheelEvent {
    match kind {
        "trade" => WheelEvent::Trade,
        "assignment" => WheelEvent::Assignment,
        "exercise" => WheelEvent::Exercise,
        "expiration" => WheelEvent::Expiration,
        "cash_settlement" => WheelEvent::CashSettlement,
        "delivery" => WheelEvent::Delivery,
        "dividend" => WheelEvent::Dividend,
        "interest" => WheelEvent::Interest,
        "fee" => WheelEvent::Fee,
        // Brokers list a split as shares out and shares in, without its ratio: what is held then is the broker's to say.
        _ => WheelEvent::Other,
    }
}

fn asset(row: &BrokerTransaction) -> Option<WheelAsset> {
    match &row.instrument {
        Some(Instrument::Equity(symbol)) => Some(WheelAsset::Shares(symbol.clone())),
        Some(Instrument::Option(occ)) => Some(WheelAsset::Option(option(occ))),
        None => {
            let (symbol, kind) = (row.asset.0.clone()?, row.asset.1.as_deref().unwrap_or_default());
            let bill = ["Fixed Income", "Bond", "Bill", "Treasury"].iter().any(|word| kind.contains(word));
            Some(if bill { WheelAsset::Bill(symbol) } else { WheelAsset::Other(symbol) })
        }
    }
}

fn option(occ: &OccSymbol) -> WheelOption {
    WheelOption {
        underlying: occ.underlying(),
        root: occ.root.clone(),
        expiration: occ.expiration,
        right: occ.right,
        strike: occ.strike,
        multiplier: 100,
        cash_settled: UnderlyingClass::of_ticker(occ.root.as_str()).is_index(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transaction(kind: &str, at: &str, instrument: Option<Instrument>) -> BrokerTransaction {
        BrokerTransaction {
            id: "7".to_owned(),
            kind: kind.to_owned(),
            detail: String::new(),
            instrument,
            asset: (Some("912797KX4".to_owned()), Some("Fixed Income Security".to_owned())),
            quantity: Some(Decimal::from(-2)),
            price: Some(Decimal::TWO),
            net_amount: Decimal::from(399),
            executed_at: at.parse().unwrap(),
            order_id: None,
            settles_on: None,
        }
    }

    #[test]
    fn a_day_alone_is_no_evening_before() {
        let occ = OccSymbol::parse("VIX   240214P00015000").unwrap();
        let put = Instrument::Option(occ);
        let row = wheel_transaction(&transaction("assignment", "2024-02-14T00:00:00Z", Some(put.clone())));
        assert_eq!((row.date.to_string().as_str(), row.at), ("2024-02-14", None));
        let Some(WheelAsset::Option(option)) = row.asset else { panic!("{row:?}") };
        assert!(option.cash_settled);
        let sold = wheel_transaction(&transaction("trade", "2024-02-14T01:00:00Z", Some(put)));
        assert_eq!((sold.date.to_string().as_str(), sold.amount), ("2024-02-13", Some(Decimal::from(399))));
    }

    #[test]
    fn bills_are_bills() {
        let row = wheel_transaction(&transaction("trade", "2024-02-14T15:00:00Z", None));
        assert_eq!(row.asset, Some(WheelAsset::Bill("912797KX4".to_owned())));
    }
}
