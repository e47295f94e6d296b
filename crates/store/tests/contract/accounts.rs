//! Accounts: what is held, what was held, and what a watch remembers.

use chrono::{DateTime, TimeDelta};
use rust_decimal::Decimal;
use serde_json::json;
use ttai_ports::{Accounts, PositionStatus, StoreError, StoredBalances, StoredPosition, StoredWatch};

use super::Bench;

fn position(symbol: &str, quantity: &str) -> StoredPosition {
    StoredPosition {
        symbol: symbol.into(),
        kind: "option".into(),
        quantity: quantity.parse().unwrap(),
        average_open_price: "1.2345678901".parse().unwrap(),
        mark: None,
        status: PositionStatus::Open,
        opened_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
    }
}

pub(crate) async fn closed_positions_stay_and_money_is_exact(bench: &Bench) {
    let store = bench.store().await;
    let at = |minutes: i64| DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes);
    let both = [position("AAPL  270115P00100000", "-2"), position("XYZ", "0.5")];
    store.sync_positions("ann", "A1", &both, at(1)).await.unwrap();
    store.sync_positions("ann", "A1", &both[..1], at(2)).await.unwrap();
    store.sync_positions("bob", "A1", &both, at(1)).await.unwrap();
    let found = store.positions("ann", "A1").await.unwrap();
    let shown: Vec<_> = found.iter().map(|row| (row.symbol.as_str(), row.status)).collect();
    assert_eq!(shown, [("AAPL  270115P00100000", PositionStatus::Open), ("XYZ", PositionStatus::Closed)]);
    assert_eq!(
        (found[0].average_open_price, found[1].quantity),
        (both[0].average_open_price, both[1].quantity)
    );
    // A late repeat of an older answer changes nothing; a position that comes back is a new one.
    store.sync_positions("ann", "A1", &both, at(1)).await.unwrap();
    assert_eq!(store.positions("ann", "A1").await.unwrap()[0].updated_at, at(2));
    let again = StoredPosition { opened_at: at(9), ..position("XYZ", "3") };
    store.sync_positions("ann", "A1", &[again], at(9)).await.unwrap();
    let found = store.positions("ann", "A1").await.unwrap();
    let xyz = found.iter().find(|row| row.symbol == "XYZ").unwrap();
    assert_eq!((xyz.status, xyz.opened_at), (PositionStatus::Open, at(9)));
    assert_eq!(store.positions("bob", "A1").await.unwrap().len(), 2);
    let nul = [position("X\0", "1")];
    assert!(matches!(store.sync_positions("ann", "A1", &nul, at(3)).await, Err(StoreError::Invalid(_))));
}

pub(crate) async fn balances_and_watches_go_forward_only(bench: &Bench) {
    let store = bench.store().await;
    let balances = |cash: i64, minutes: i64| StoredBalances {
        cash: Decimal::new(cash, 2),
        net_liquidation: Decimal::from(100_000),
        option_buying_power: Decimal::ONE,
        stock_buying_power: Decimal::TWO,
        maintenance_requirement: None,
        as_of: DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes),
    };
    assert_eq!(store.balances("ann", "A1").await.unwrap(), None);
    store.sync_balances("ann", "A1", &balances(-12_345, 2)).await.unwrap();
    store.sync_balances("ann", "A1", &balances(1, 1)).await.unwrap();
    assert_eq!(store.balances("ann", "A1").await.unwrap(), Some(balances(-12_345, 2)));
    let watch = |checks, text: &str| StoredWatch { checks, state: json!({ "told": text }) };
    store.save_watch("ann", "A1", &watch(7, "seven")).await.unwrap();
    store.save_watch("ann", "A1", &watch(6, "six")).await.unwrap();
    assert_eq!(store.watch("ann", "A1").await.unwrap(), Some(watch(7, "seven")));
    assert_eq!(store.watch("ann", "A2").await.unwrap(), None);
}
