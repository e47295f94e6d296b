//! Recalls of watches.

use ttai_ports::{Recalls, StoreError};

use super::Bench;

pub(crate) async fn the_last_recall_of_each_watch_stands(bench: &Bench) {
    let store = bench.store().await;
    for stretch in ["run/1", "run/2"] {
        store.recall("ann", "A1", stretch).await.unwrap();
    }
    store.recall("ann", "the news", "run/3").await.unwrap();
    assert_eq!(store.recalled("ann", "A1").await.unwrap().as_deref(), Some("run/2"));
    assert_eq!(store.recalled("ann", "the news").await.unwrap().as_deref(), Some("run/3"));
    assert_eq!(store.recalled("bob", "A1").await.unwrap(), None);
    store.recall("ann", "", "run/4").await.unwrap();
    assert_eq!(store.recalled("ann", "").await.unwrap().as_deref(), Some("run/4"), "the first account's");
    assert!(matches!(store.recall("ann", "A\0", "run/1").await, Err(StoreError::Invalid(_))));
}
