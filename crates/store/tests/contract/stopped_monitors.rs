//! Monitors that were shut down.

use ttai_ports::{StoppedMonitors, StoreError};

use super::Bench;

pub(crate) async fn what_was_shut_down_stays_so_until_it_runs_again(bench: &Bench) {
    let store = bench.store().await;
    for _ in 0..2 {
        store.set_stopped("ann", "news-watcher/ann", true).await.unwrap();
    }
    assert!(store.is_stopped("ann", "news-watcher/ann").await.unwrap());
    assert!(!store.is_stopped("bob", "news-watcher/ann").await.unwrap());
    for _ in 0..2 {
        store.set_stopped("ann", "news-watcher/ann", false).await.unwrap();
    }
    assert!(!store.is_stopped("ann", "news-watcher/ann").await.unwrap());
    assert!(matches!(store.set_stopped("ann", "a\0", true).await, Err(StoreError::Invalid(_))));
}
