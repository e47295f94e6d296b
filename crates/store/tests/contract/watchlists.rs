//! Watchlists, and the alerts over them, which are shown again where a list changes.

use serde_json::json;
use ttai_ports::{
    AlertFilter, AlertState, Alerts, MAX_WATCHLIST_SYMBOLS, NewAlert, SET_SHARDS, StoreError,
    WatchlistChange, WatchlistRecord, Watchlists,
};

use super::Bench;

fn change(add: &[&str], remove: &[&str]) -> WatchlistChange {
    WatchlistChange {
        add: add.iter().map(|name| name.parse().unwrap()).collect(),
        remove: remove.iter().map(|name| name.parse().unwrap()).collect(),
    }
}

fn add(names: &[&str]) -> WatchlistChange {
    change(names, &[])
}

fn names(list: &WatchlistRecord) -> String {
    list.symbols.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn alert(id: &str, shard: u32, member_of: Option<&str>) -> NewAlert {
    NewAlert {
        user_id: "ann".to_owned(),
        id: id.to_owned(),
        shard,
        symbol: String::new(),
        state: AlertState::Armed,
        definition: match member_of {
            Some(set) => json!({"id": id, "member_of": set}),
            None => json!({"id": id, "note": "a \"member_of\":\"w\" in a text"}),
        },
        client_key: id.to_owned(),
    }
}

pub(crate) async fn watchlists_change_and_show_the_alerts_over_them_again(bench: &Bench) {
    let store = bench.store().await;
    assert_eq!(store.change_watchlist("ann", "tech", &change(&[], &["AAPL"])).await.unwrap(), None);
    let made = store.change_watchlist("ann", "tech", &add(&["NVDA", "AAPL"])).await.unwrap().unwrap();
    assert_eq!((names(&made), made.revision), ("NVDA AAPL".to_owned(), 1));
    let set = SET_SHARDS | 3;
    store
        .save_alerts(&[alert("w", set, None), alert("w/AAPL", 3, Some("w")), alert("x", 3, None)])
        .await
        .unwrap();
    let seen = store.changes_since(set, 0, 10).await.unwrap().last().unwrap().revision;
    // The same again changes nothing.
    assert_eq!(store.change_watchlist("ann", "tech", &add(&["AAPL"])).await.unwrap().unwrap(), made);
    assert!(store.changes_since(set, seen, 10).await.unwrap().is_empty());
    let both = change(&["MSFT"], &["NVDA"]);
    let changed = store.change_watchlist("ann", "tech", &both).await.unwrap().unwrap();
    assert_eq!((names(&changed), changed.revision), ("AAPL MSFT".to_owned(), 2));
    let again = store.changes_since(set, seen, 10).await.unwrap();
    assert_eq!(again.iter().map(|row| (row.id.as_str(), row.version)).collect::<Vec<_>>(), [("w", 1)]);
    assert_eq!(store.list_watchlists("ann").await.unwrap().len(), 1);
    assert!(store.list_watchlists("bob").await.unwrap().is_empty());
    assert!(store.delete_watchlist("ann", "tech").await.unwrap());
    assert!(!store.delete_watchlist("ann", "tech").await.unwrap());
    assert_eq!(store.watchlist("ann", "tech").await.unwrap(), None);
    assert_eq!(store.changes_since(set, again[0].revision, 10).await.unwrap().len(), 1, "its members go");
    let many: Vec<String> = (0..=MAX_WATCHLIST_SYMBOLS).map(|number| format!("A{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let refused = store.change_watchlist("ann", "all", &add(&many)).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
    assert_eq!(store.watchlist("ann", "all").await.unwrap(), None);
}

pub(crate) async fn members_are_found_under_their_alert_and_left_out_of_lists(bench: &Bench) {
    let store = bench.store().await;
    let alerts = [alert("w", SET_SHARDS, None), alert("w/AAPL", 0, Some("w")), alert("w0", 0, None)];
    store.save_alerts(&alerts).await.unwrap();
    let ids = async |filter: AlertFilter| {
        let found = store.list_alerts(&AlertFilter { user_id: "ann".to_owned(), ..filter }).await.unwrap();
        let mut ids: Vec<String> = found.into_iter().map(|row| row.id).collect();
        ids.sort();
        ids
    };
    let under = AlertFilter { under: Some("w".to_owned()), ..AlertFilter::default() };
    assert_eq!(ids(under).await, ["w/AAPL"]);
    let whole = AlertFilter { no_members: true, ..AlertFilter::default() };
    assert_eq!(ids(whole).await, ["w", "w0"]);
}
