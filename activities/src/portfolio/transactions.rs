//! A broker's transactions as the wheel reads them.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use ttai_calendar::new_york_date;
use ttai_core::{OccSymbol, Split, Symbol};
use ttai_ports::{BrokerTransaction, Instrument};
use ttai_quant::margin::UnderlyingClass;
use ttai_quant::wheel::{WheelAsset, WheelEvent, WheelOption, WheelTransaction};

/// The transaction in the wheel's words.
pub(crate) fn wheel_transaction(row: &BrokerTransaction) -> WheelTransaction {
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
        ratio: None,
    }
}

/// A split of the market's between two moments: brokers list shares out and shares in without its ratio.
pub(crate) fn split(
    symbol: &Symbol,
    split: &Split,
    (since, until): (DateTime<Utc>, DateTime<Utc>),
) -> Option<WheelTransaction> {
    let is_within = new_york_date(since) <= split.effective && split.effective <= new_york_date(until);
    let ratio = Decimal::from_f64(split.ratio).filter(|_| is_within)?;
    Some(WheelTransaction {
        id: format!("split/{symbol}/{}", split.effective),
        date: split.effective,
        at: None,
        event: WheelEvent::Split,
        asset: Some(WheelAsset::Shares(symbol.clone())),
        quantity: Decimal::ZERO,
        price: None,
        amount: None,
        ratio: Some(ratio),
    })
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
        // A split's shares out and shares in are among them: the market says its ratio.
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
    fn a_split_of_the_market_is_one_of_the_wheel_on_its_day() {
        let symbol: Symbol = "AAPL".parse().unwrap();
        let of = Split { effective: "2014-06-09".parse().unwrap(), ratio: 7.0 };
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let row = split(&symbol, &of, (at("2014-01-02T15:00:00Z"), at("2014-06-09T15:00:00Z"))).unwrap();
        assert_eq!(
            (row.event, row.ratio, row.date),
            (WheelEvent::Split, Some(Decimal::from(7)), of.effective)
        );
        assert_eq!(split(&symbol, &of, (at("2014-06-10T15:00:00Z"), at("2014-07-01T15:00:00Z"))), None);
        assert_eq!(split(&symbol, &of, (at("2014-01-02T15:00:00Z"), at("2014-06-06T15:00:00Z"))), None);
    }

    #[test]
    fn bills_are_bills() {
        let row = wheel_transaction(&transaction("trade", "2024-02-14T15:00:00Z", None));
        assert_eq!(row.asset, Some(WheelAsset::Bill("912797KX4".to_owned())));
    }
}
