//! Rows of sources and their cursors.

use chrono::{DateTime, Utc};
use serde_json::json;
use ttai_ports::{MAX_SYNCED_ROWS, SavedRows, StoreError, SyncedResource, SyncedRow, SyncedRows};

use super::Bench;

fn of(owner: &str, resource: &str) -> SyncedResource {
    SyncedResource {
        owner: owner.to_owned(),
        source: "transactions".to_owned(),
        resource: resource.to_owned(),
    }
}

fn row(key: &str, day: u32, amount: &str) -> SyncedRow {
    let at = format!("2026-11-{day:02}T15:00:00Z").parse().unwrap();
    SyncedRow { key: key.to_owned(), at, row: json!({"net_amount": amount, "kind": "trade"}) }
}

const BOTH: SavedRows = SavedRows { written: 2, unchanged: 0 };

pub(crate) async fn a_source_is_read_once_however_often_it_is_saved(bench: &Bench) {
    let store = bench.store().await;
    let account = of("ann", "5WT00001");
    assert_eq!(store.sync_state(&account).await.unwrap(), ttai_ports::SyncState::default());
    let rows = [row("7", 2, "100"), row("8", 3, "-50")];
    assert_eq!(store.save_synced(&account, &rows, Some("2026-11-03")).await.unwrap(), BOTH);
    let again = store.save_synced(&account, &rows, Some("2026-11-03")).await.unwrap();
    assert_eq!(again, SavedRows { written: 0, unchanged: 2 });
    // A row that the broker corrects, and nothing new to say about where it stands.
    let corrected = [row("7", 2, "99.50"), row("8", 3, "-50")];
    let saved = store.save_synced(&account, &corrected, None).await.unwrap();
    assert_eq!(saved, SavedRows { written: 1, unchanged: 1 });
    let state = store.sync_state(&account).await.unwrap();
    assert_eq!((state.cursor.as_deref(), state.rows), (Some("2026-11-03"), 2));
    let later: DateTime<Utc> = "2026-12-01T00:00:00Z".parse().unwrap();
    assert_eq!(store.synced_rows(&account, later, 10).await.unwrap(), corrected);
    assert_eq!(store.synced_rows(&account, later, 1).await.unwrap(), corrected[1..], "the newest");
    assert_eq!(store.synced_rows(&account, corrected[1].at, 10).await.unwrap(), corrected[..1]);
}

pub(crate) async fn a_problem_keeps_the_cursor_and_ends_with_the_next_sync(bench: &Bench) {
    let store = bench.store().await;
    let account = of("ann", "5WT00001");
    store.save_synced(&account, &[row("7", 2, "100")], Some("c1")).await.unwrap();
    store.note_sync_problem(&account, &"ü\0".repeat(2_000)).await.unwrap();
    let state = store.sync_state(&account).await.unwrap();
    assert_eq!(state.cursor.as_deref(), Some("c1"));
    assert!(state.failed_at.is_some() && state.problem.unwrap().len() <= 1_000);
    store.save_synced(&account, &[], Some("c2")).await.unwrap();
    let state = store.sync_state(&account).await.unwrap();
    assert_eq!((state.cursor.as_deref(), state.problem, state.failed_at), (Some("c2"), None, None));
}

pub(crate) async fn nobody_sees_anothers_rows(bench: &Bench) {
    let store = bench.store().await;
    for (owner, amount) in [("ann", "1"), ("bob", "2"), ("market:live", "3")] {
        store.save_synced(&of(owner, "a"), &[row("7", 2, amount)], None).await.unwrap();
    }
    store.note_sync_problem(&of("bob", "b"), "away").await.unwrap();
    let later = Utc::now();
    let anns = store.synced_rows(&of("ann", "a"), later, 10).await.unwrap();
    assert_eq!(anns, [row("7", 2, "1")]);
    let named = |states: Vec<(SyncedResource, _)>| -> Vec<String> {
        states.into_iter().map(|(of, _): (SyncedResource, ttai_ports::SyncState)| of.resource).collect()
    };
    assert_eq!(named(store.sync_states("ann").await.unwrap()), ["a"]);
    assert_eq!(named(store.sync_states("bob").await.unwrap()), ["a", "b"]);
}

/// A row that cannot be saved takes those beside it along: the cursor stays where it was.
pub(crate) async fn a_cursor_is_never_ahead_of_its_rows(bench: &Bench) {
    let store = bench.store().await;
    let account = of("ann", "5WT00001");
    store.save_synced(&account, &[row("7", 2, "100")], Some("c1")).await.unwrap();
    let hostile = [row("8", 3, "1"), row(&"k".repeat(257), 3, "1")];
    let error = store.save_synced(&account, &hostile, Some("c2")).await.unwrap_err();
    assert!(matches!(error, StoreError::Invalid(_)), "{error}");
    let many: Vec<SyncedRow> = (0..=MAX_SYNCED_ROWS).map(|number| row(&number.to_string(), 4, "1")).collect();
    assert!(store.save_synced(&account, &many, Some("c3")).await.is_err());
    assert!(store.save_synced(&of("", "a"), &[], None).await.is_err());
    let state = store.sync_state(&account).await.unwrap();
    assert_eq!((state.cursor.as_deref(), state.rows), (Some("c1"), 1));
}
