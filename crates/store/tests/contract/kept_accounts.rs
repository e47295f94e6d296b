//! Accounts kept by hand: whole changes, the user's own, and nothing left of one that is deleted.

use chrono::DateTime;
use rust_decimal::Decimal;
use ttai_ports::{
    Accounts, Instrument, KeptAccount, KeptAccounts, KeptChange, KeptPosition, MAX_KEPT_POSITIONS,
    PositionStatus, StoreError, StoredPosition,
};

use super::Bench;

const MAIN: &str = "hand-main";

fn instrument(symbol: &str) -> Instrument {
    symbol.to_owned().try_into().unwrap()
}

fn position(symbol: &str, quantity: i64) -> KeptPosition {
    KeptPosition {
        instrument: instrument(symbol),
        quantity: quantity.into(),
        price: "2.85".parse().unwrap(),
        opened: Some("2026-10-01".parse().unwrap()),
        note: "it's \"mine\"; DROP TABLE".to_owned(),
    }
}

fn put(account: &str, positions: Vec<KeptPosition>) -> KeptChange {
    KeptChange { account: account.to_owned(), put: positions, ..KeptChange::default() }
}

fn held(account: &KeptAccount) -> Vec<(String, Decimal)> {
    account.positions.iter().map(|held| (held.instrument.to_string(), held.quantity)).collect()
}

pub(crate) async fn accounts_kept_by_hand_change_whole_and_are_their_users_own(bench: &Bench) {
    let store = bench.store().await;
    let contract = "AAPL  261218P00200000";
    let both = put(MAIN, vec![position(contract, -3), position("AAPL", 300)]);
    let made = store.change_kept_accounts("ann", std::slice::from_ref(&both)).await.unwrap().remove(0);
    assert_eq!(held(&made), [("AAPL".to_owned(), 300.into()), (contract.to_owned(), (-3).into())]);
    assert_eq!((made.revision, made.cash, &made.positions[1]), (1, None, &position(contract, -3)));
    // The same again changes nothing, not even the time.
    assert_eq!(store.change_kept_accounts("ann", &[both]).await.unwrap(), [made]);
    let cash = KeptChange {
        account: MAIN.to_owned(),
        cash: Some(Some("250.10".parse().unwrap())),
        ..KeptChange::default()
    };
    let stated = store.change_kept_accounts("ann", &[cash]).await.unwrap().remove(0);
    assert_eq!((stated.cash, stated.revision), (Some("250.10".parse().unwrap()), 2));
    let sold =
        KeptChange { account: MAIN.to_owned(), remove: vec![instrument("AAPL")], ..KeptChange::default() };
    let left = store.change_kept_accounts("ann", &[sold]).await.unwrap().remove(0);
    assert_eq!((held(&left), left.cash), (vec![(contract.to_owned(), (-3).into())], stated.cash));
    let replaced = KeptChange { replace: true, ..put(MAIN, vec![position("F", 5)]) };
    let left = store.change_kept_accounts("ann", &[replaced]).await.unwrap().remove(0);
    assert_eq!(held(&left), [("F".to_owned(), 5.into())]);
    // All or nothing: the second change is refused, and the first with it.
    let many = (0..=MAX_KEPT_POSITIONS).map(|number| position(&format!("A{number}"), 1)).collect();
    let refused =
        store.change_kept_accounts("ann", &[put(MAIN, vec![position("T", 1)]), put("hand-b", many)]).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
    assert_eq!(store.kept_accounts("ann").await.unwrap(), [left]);
    // Nothing is made of an account that is not there, nor of a broker's.
    let none =
        KeptChange { account: "hand-b".to_owned(), remove: vec![instrument("F")], ..KeptChange::default() };
    assert_eq!(store.change_kept_accounts("ann", &[none]).await.unwrap(), []);
    let brokers = store.change_kept_accounts("ann", &[put("5WT00001", vec![position("F", 5)])]).await;
    assert!(matches!(brokers, Err(StoreError::Invalid(_))), "{brokers:?}");
    store.change_kept_accounts("bob", &[put(MAIN, vec![position("X", 1)])]).await.unwrap();
    assert_eq!(held(&store.kept_accounts("bob").await.unwrap()[0]), [("X".to_owned(), 1.into())]);
    let all = [("ann".to_owned(), MAIN.to_owned()), ("bob".to_owned(), MAIN.to_owned())];
    assert_eq!(store.everybodys_kept_accounts().await.unwrap(), all);
}

pub(crate) async fn nothing_is_left_of_an_account_kept_by_hand_that_is_deleted(bench: &Bench) {
    let store = bench.store().await;
    let seen = StoredPosition {
        symbol: "F".to_owned(),
        kind: "shares".to_owned(),
        quantity: Decimal::ONE,
        average_open_price: Decimal::ONE,
        mark: None,
        status: PositionStatus::Open,
        opened_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
    };
    for user in ["ann", "bob"] {
        store.change_kept_accounts(user, &[put(MAIN, vec![position("F", 1)])]).await.unwrap();
        store.sync_positions(user, MAIN, std::slice::from_ref(&seen), DateTime::UNIX_EPOCH).await.unwrap();
    }
    assert!(store.delete_kept_account("ann", MAIN).await.unwrap());
    assert!(!store.delete_kept_account("ann", MAIN).await.unwrap());
    assert!(store.kept_accounts("ann").await.unwrap().is_empty());
    assert!(store.positions("ann", MAIN).await.unwrap().is_empty());
    assert_eq!(store.positions("bob", MAIN).await.unwrap().len(), 1);
}
