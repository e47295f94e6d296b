//! A database that is away, and the spool before it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use ttai_ports::{Analyses, AnalysisRecord, Artifact, Artifacts, Saved, StoreError};
use ttai_store::{SpoolStatus, Spooled, waiting_analyses};

use super::{Bench, assert_same, record};

const MOST: u64 = 1_000_000;

fn picture(byte: u8) -> Artifact {
    Artifact { media_type: "image/png".into(), bytes: vec![byte; 1_000] }
}

fn waiting(folder: &Path) -> (usize, usize, usize) {
    let status = SpoolStatus::of(folder).unwrap();
    (status.artifacts, status.analyses, status.damaged)
}

/// Waits for the spool to be empty.
async fn emptied(folder: &Path) {
    let began = Instant::now();
    while waiting(folder) != (0, 0, 0) {
        assert!(began.elapsed() < Duration::from_secs(30), "{:?} still waits", waiting(folder));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// `lock` keeps everybody from writing.
pub(crate) async fn an_outage_holds_nothing_up_and_loses_nothing(bench: &Bench, lock: &'static str) {
    let folder = tempfile::tempdir().unwrap();
    let database = bench.store().await;
    let store = Spooled::open(database, folder.path(), MOST).await.unwrap();
    let moving = store.start_moving();
    store.put(&picture(0)).await.unwrap();
    assert_eq!(waiting(folder.path()), (0, 0, 0), "a store that is there needs no spool");

    let lock = bench.tamper(lock).await;
    let mut names = Vec::new();
    for number in 1..5 {
        let began = Instant::now();
        names.push(store.put(&picture(number)).await.unwrap().sha256);
        // The first one tries the database, the next ones know.
        let most = if number == 1 { 4 } else { 1 };
        assert!(began.elapsed() < Duration::from_secs(most), "{number}: {:?}", began.elapsed());
    }
    let saved = store.save_or_spool(&record("away"), Duration::from_millis(200)).await.unwrap();
    assert_eq!((saved, waiting(folder.path())), (Saved::InSpool, (4, 1, 0)));

    lock.close().await;
    emptied(folder.path()).await;
    for (number, name) in (1..).zip(&names) {
        assert_eq!(store.database().get(name).await.unwrap(), Some(picture(number)));
    }
    assert_same(&store.latest("away").await.unwrap().unwrap(), &record("away"));
    moving.abort();
}

async fn spooled(bench: &Bench, folder: &Path, most: u64) -> Arc<Spooled> {
    let database = bench.store().await;
    Spooled::open(database, folder, most).await.unwrap()
}

/// Renames the tables, or back: every statement fails, as with a database that is being restored.
async fn break_tables(bench: &Bench, broken: bool) {
    let [analyses, artifacts] = if broken {
        ["ALTER TABLE analyses RENAME TO analyses_gone", "ALTER TABLE artifacts RENAME TO artifacts_gone"]
    } else {
        ["ALTER TABLE analyses_gone RENAME TO analyses", "ALTER TABLE artifacts_gone RENAME TO artifacts"]
    };
    bench.tamper(analyses).await.close().await;
    bench.tamper(artifacts).await.close().await;
}

pub(crate) async fn what_was_spooled_is_moved_and_replaces_nothing_newer(bench: &Bench) {
    let folder = tempfile::tempdir().unwrap();
    let store = spooled(bench, folder.path(), MOST).await;
    let patience = Duration::from_millis(300);
    let saved_at = |verdict: &str| AnalysisRecord {
        recommendation: verdict.into(),
        result: json!({ "verdict": verdict }),
        ..record("run")
    };
    break_tables(bench, true).await;
    let name = store.put(&picture(7)).await.unwrap().sha256;
    assert_eq!(store.get(&name).await.unwrap(), Some(picture(7)), "read from the spool");
    for verdict in ["first", "second"] {
        assert_eq!(store.save_or_spool(&saved_at(verdict), patience).await, Ok(Saved::InSpool));
    }
    let mut verdicts: Vec<_> =
        waiting_analyses(folder.path()).unwrap().into_iter().map(|record| record.recommendation).collect();
    verdicts.sort();
    assert_eq!(verdicts, ["first", "second"]);
    assert_eq!(waiting_analyses(&folder.path().join("nowhere")).unwrap(), []);
    let refused = store.save_or_spool(&record(""), patience).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
    assert!(store.move_all().await.is_err());
    assert_eq!(waiting(folder.path()), (1, 2, 0));

    break_tables(bench, false).await;
    assert_eq!(store.get(&name).await.unwrap(), Some(picture(7)), "read from the spool");
    store.save(&AnalysisRecord { run_id: "other".into(), ..saved_at("third") }).await.unwrap();
    store.move_all().await.unwrap();
    store.move_all().await.unwrap();
    assert_eq!(waiting(folder.path()), (0, 0, 0));
    assert_eq!(store.database().get(&name).await.unwrap(), Some(picture(7)));
    let run = store.run("run", &record("run").run_id).await.unwrap().unwrap();
    assert_same(&run, &saved_at("second"));

    // A record that was saved after the one in the spool stays.
    break_tables(bench, true).await;
    store.save_or_spool(&saved_at("spooled"), patience).await.unwrap();
    break_tables(bench, false).await;
    assert_eq!(store.save_or_spool(&saved_at("saved"), Duration::from_secs(10)).await, Ok(Saved::InStore));
    store.move_all().await.unwrap();
    let run = store.run("run", &record("run").run_id).await.unwrap().unwrap();
    assert_same(&run, &saved_at("saved"));
    assert_eq!(waiting(folder.path()), (0, 0, 0));
}

pub(crate) async fn a_damaged_spool_file_is_set_aside(bench: &Bench) {
    let folder = tempfile::tempdir().unwrap();
    let store = spooled(bench, folder.path(), MOST).await;
    break_tables(bench, true).await;
    let cut = store.put(&picture(1)).await.unwrap().sha256;
    let whole = store.put(&picture(2)).await.unwrap().sha256;
    store.save_or_spool(&record("one"), Duration::from_millis(300)).await.unwrap();
    break_tables(bench, false).await;
    let path = folder.path().join("artifacts").join(&cut);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let read = store.get(&cut).await;
    assert!(matches!(read, Err(StoreError::Corrupt(_))), "{read:?}");

    // Another process finds what this one left.
    drop(store);
    let heir = spooled(bench, folder.path(), MOST).await;
    heir.move_all().await.unwrap();
    assert_eq!(waiting(folder.path()), (0, 0, 1));
    assert_eq!(heir.get(&cut).await, Ok(None), "what is damaged is never stored");
    assert_eq!(heir.get(&whole).await, Ok(Some(picture(2))));
    assert!(heir.latest("one").await.unwrap().is_some());
    assert!(folder.path().join("damaged").join(format!("artifacts-{cut}")).exists());
}

pub(crate) async fn a_full_spool_leaves_it_to_the_database(bench: &Bench) {
    let folder = tempfile::tempdir().unwrap();
    let store = spooled(bench, folder.path(), 1_500).await;
    break_tables(bench, true).await;
    store.put(&picture(1)).await.unwrap();
    let full = store.put(&picture(2)).await;
    assert!(
        matches!(&full, Err(StoreError::Unavailable(what)) if what.contains("1500 bytes are used up")),
        "{full:?}"
    );
    break_tables(bench, false).await;
    let name = store.put(&picture(2)).await.unwrap().sha256;
    assert_eq!(store.database().get(&name).await, Ok(Some(picture(2))));
    store.move_all().await.unwrap();
    assert_eq!(waiting(folder.path()), (0, 0, 0));
}

/// For PostgreSQL: the server stops, and `next` is the one that comes after it.
pub(crate) async fn a_server_that_stops_loses_nothing<S>(
    bench: &Bench,
    next: impl AsyncFnOnce() -> (S, Bench),
) {
    let folder = tempfile::tempdir().unwrap();
    let store = Spooled::open(bench.store().await, folder.path(), MOST).await.unwrap();
    let (_server, bench) = next().await;
    let name = store.put(&picture(1)).await.unwrap().sha256;
    let saved = store.save_or_spool(&record("stopped"), Duration::from_secs(1)).await.unwrap();
    assert_eq!((saved, waiting(folder.path())), (Saved::InSpool, (1, 1, 0)));
    assert!(store.move_all().await.is_err());
    let heir = Spooled::open(bench.store().await, folder.path(), MOST).await.unwrap();
    heir.move_all().await.unwrap();
    assert_eq!(waiting(folder.path()), (0, 0, 0));
    assert_eq!(heir.database().get(&name).await, Ok(Some(picture(1))));
    assert_same(&heir.latest("stopped").await.unwrap().unwrap(), &record("stopped"));
}
