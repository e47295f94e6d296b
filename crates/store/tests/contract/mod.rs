//! What every store promises, as cases that take a fresh, empty store.

mod accounts;
mod alerts;
mod bench;
mod deliveries;
mod journal;
mod kept_accounts;
mod limits;
mod news;
mod outages;
mod preferences;
mod recalls;
mod reports;
mod retention;
mod screens;
mod stopped_monitors;
mod synced;
mod trade_journal;
mod trading;
mod upgrade;
mod watchlists;

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use ttai_ports::{Analyses, AnalysisFilter, AnalysisRecord, Artifact, Artifacts, StoreError};
use ttai_store::{Database, SchemaState, StoreOptions, schema_status, sha256_hex};

pub(crate) use accounts::*;
pub(crate) use alerts::*;
pub(crate) use bench::*;
pub(crate) use deliveries::*;
pub(crate) use journal::*;
pub(crate) use kept_accounts::*;
pub(crate) use limits::*;
pub(crate) use news::*;
pub(crate) use outages::*;
pub(crate) use preferences::*;
pub(crate) use recalls::*;
pub(crate) use reports::*;
pub(crate) use retention::*;
pub(crate) use screens::*;
pub(crate) use stopped_monitors::*;
pub(crate) use synced::*;
pub(crate) use trade_journal::*;
pub(crate) use trading::*;
pub(crate) use upgrade::*;
pub(crate) use watchlists::*;

pub(crate) fn record(workflow_id: &str) -> AnalysisRecord {
    AnalysisRecord {
        workflow_id: workflow_id.into(),
        run_id: "0190c0de".into(),
        user_id: "ann".into(),
        symbol: "AAPL".into(),
        analysis_type: "options_analysis".into(),
        strategy: Some("csp".into()),
        recommendation: "watchlist".into(),
        as_of: "2014-06-06T15:00:00.123456Z".parse().unwrap(),
        result: json!({"score": 61.5, "reasons": ["premium below the minimum"]}),
        created_at: DateTime::UNIX_EPOCH,
        completed_at: Some("2014-06-06T15:00:07.000001Z".parse().unwrap()),
        notified: vec!["discord/desk".into(), "log".into()],
    }
}

/// Equal but for `created_at`, which is the store's.
pub(crate) fn assert_same(read: &AnalysisRecord, saved: &AnalysisRecord) {
    assert_eq!(read, &AnalysisRecord { created_at: read.created_at, ..saved.clone() });
}

pub(crate) async fn ids(store: &Database, filter: &AnalysisFilter) -> Vec<String> {
    store.list(filter).await.unwrap().into_iter().map(|record| record.workflow_id).collect()
}

pub(crate) async fn what_was_saved_is_read(bench: &Bench) {
    let store = bench.store().await;
    assert_eq!(store.latest("absent").await, Ok(None));
    assert_eq!(store.get(&sha256_hex(b"absent")).await, Ok(None));
    let before = Utc::now();
    let saved = record("plain");
    store.save(&saved).await.unwrap();
    let read = store.latest("plain").await.unwrap().unwrap();
    assert_same(&read, &saved);
    let age = (read.created_at - before).num_seconds().abs();
    assert!(age < 60, "created_at is the store's clock, not the caller's: {}", read.created_at);
    let chart = AnalysisRecord { strategy: None, completed_at: None, notified: vec![], ..record("chart") };
    store.save(&chart).await.unwrap();
    assert_same(&store.latest("chart").await.unwrap().unwrap(), &chart);
    let old = AnalysisRecord { as_of: "0001-01-01T00:00:00Z".parse().unwrap(), ..record("old") };
    store.save(&old).await.unwrap();
    assert_same(&store.latest("old").await.unwrap().unwrap(), &old);
}

pub(crate) async fn numbers_keep_their_last_bit(bench: &Bench) {
    let store = bench.store().await;
    // A linear congruential generator (Knuth's MMIX constants) over all bit patterns of an f64.
    let mut state = 1_u64;
    let floats = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from_bits(state)
    });
    let mut numbers: Vec<Value> =
        floats.filter(|float| float.is_finite()).take(2_000).map(Value::from).collect();
    numbers.extend([
        json!(u64::MAX),
        json!(i64::MIN),
        json!(-0.0),
        json!(1.0),
        json!(f64::MIN_POSITIVE),
        json!(5e-324),
    ]);
    let saved = AnalysisRecord { result: Value::Array(numbers), ..record("numbers") };
    store.save(&saved).await.unwrap();
    let read = store.latest("numbers").await.unwrap().unwrap();
    assert_eq!(read.result.to_string(), saved.result.to_string());
    assert_eq!(read.result, saved.result);
}

pub(crate) async fn hostile_strings_are_only_strings(bench: &Bench) {
    let store = bench.store().await;
    let texts = [
        "'; DROP TABLE analyses; --",
        "\" OR 1=1 /*",
        "%_\\$1?1:name",
        "Ünïcödé 株式 🚀 e\u{301} \u{202e}rtl",
        "\u{1}\u{7f}\r\n\t",
        "\u{ffff}\u{10ffff}",
        " ",
    ];
    for text in texts {
        let saved = AnalysisRecord {
            workflow_id: text.into(),
            run_id: text.into(),
            user_id: text.into(),
            symbol: text.into(),
            analysis_type: text.into(),
            strategy: Some(text.into()),
            recommendation: text.into(),
            result: json!({ text: text, "nul": "\u{0}", "\u{0}": [] }),
            ..record("")
        };
        store.save(&saved).await.unwrap();
        assert_same(&store.latest(text).await.unwrap().unwrap(), &saved);
        let filter = AnalysisFilter {
            user_id: Some(text.into()),
            symbol: Some(text.into()),
            ..AnalysisFilter::default()
        };
        assert_eq!(ids(&store, &filter).await, [text]);
    }
    assert_eq!(ids(&store, &AnalysisFilter::default()).await.len(), texts.len());
}

pub(crate) async fn what_cannot_be_stored_is_refused(bench: &Bench) {
    let store = bench.store().await;
    let deep = (0..128).fold(Value::Null, |inner, _| json!([inner]));
    let refused = [
        record(""),
        record("nul\u{0}"),
        record(&"x".repeat(1_001)),
        AnalysisRecord { run_id: "\u{0}".into(), ..record("a") },
        AnalysisRecord { user_id: "a\u{0}b".into(), ..record("a") },
        AnalysisRecord { symbol: "x".repeat(257), ..record("a") },
        AnalysisRecord { strategy: Some("\u{0}".into()), ..record("a") },
        AnalysisRecord { recommendation: "\u{0}".into(), ..record("a") },
        AnalysisRecord { as_of: DateTime::<Utc>::MAX_UTC, ..record("a") },
        AnalysisRecord { completed_at: Some(DateTime::<Utc>::MAX_UTC), ..record("a") },
        AnalysisRecord { notified: vec!["x".repeat(70_000)], ..record("a") },
        AnalysisRecord { result: deep, ..record("a") },
    ];
    for record in refused {
        let answer = store.save(&record).await;
        assert!(matches!(answer, Err(StoreError::Invalid(_))), "{answer:?}");
    }
    for limit in [0, 1_001, u32::MAX] {
        let filter = AnalysisFilter { limit: Some(limit), ..AnalysisFilter::default() };
        assert!(matches!(store.list(&filter).await, Err(StoreError::Invalid(_))));
    }
    let nul = AnalysisFilter { user_id: Some("\u{0}".into()), ..AnalysisFilter::default() };
    assert!(matches!(store.list(&nul).await, Err(StoreError::Invalid(_))));
    assert!(matches!(store.latest("\u{0}").await, Err(StoreError::Invalid(_))));
    assert!(matches!(store.get("../etc/passwd").await, Err(StoreError::Invalid(_))));
    let untyped = Artifact { media_type: "\u{0}".into(), bytes: vec![] };
    assert!(matches!(store.put(&untyped).await, Err(StoreError::Invalid(_))));
    assert_eq!(ids(&store, &AnalysisFilter::default()).await.len(), 0);
    // The longest ids together still fit the indices.
    let longest = AnalysisRecord {
        run_id: "r".repeat(256),
        user_id: "u".repeat(256),
        symbol: "ß".repeat(128),
        ..record(&"w".repeat(1_000))
    };
    store.save(&longest).await.unwrap();
}

pub(crate) async fn saving_again_replaces_and_keeps_the_first_instant(bench: &Bench) {
    let store = bench.store().await;
    store.save(&record("one")).await.unwrap();
    let first = store.latest("one").await.unwrap().unwrap();
    let changed = AnalysisRecord {
        user_id: "bob".into(),
        symbol: "MSFT".into(),
        analysis_type: "full_analysis".into(),
        strategy: None,
        recommendation: "select".into(),
        as_of: "2014-06-09T15:00:00Z".parse().unwrap(),
        result: json!([]),
        completed_at: None,
        notified: vec!["slack/team".into()],
        ..record("one")
    };
    for _ in 0..2 {
        store.save(&changed).await.unwrap();
        let read = store.latest("one").await.unwrap().unwrap();
        assert_eq!(read, AnalysisRecord { created_at: first.created_at, ..changed.clone() });
    }
    assert_eq!(ids(&store, &AnalysisFilter::default()).await, ["one"]);
}

pub(crate) async fn each_run_is_a_record_and_the_latest_is_on_top(bench: &Bench) {
    let store = bench.store().await;
    let run = |number: u32| AnalysisRecord {
        run_id: format!("run-{number}"),
        recommendation: format!("verdict {number}"),
        ..record("daily")
    };
    for number in [3, 1, 2] {
        store.save(&run(number)).await.unwrap();
    }
    // Saving an earlier run again does not bring it on top.
    store.save(&run(3)).await.unwrap();
    assert_same(&store.latest("daily").await.unwrap().unwrap(), &run(2));
    assert_same(&store.run("daily", "run-1").await.unwrap().unwrap(), &run(1));
    assert_eq!(store.run("daily", "run-4").await, Ok(None));
    let listed = store.list(&AnalysisFilter::default()).await.unwrap();
    let runs: Vec<_> = listed.iter().map(|record| record.run_id.as_str()).collect();
    assert_eq!(runs, ["run-2", "run-1", "run-3"]);
    // All saved in one microsecond: only the run ids can tell them apart.
    bench.tamper("UPDATE analyses SET created_at = 1402066800000000").await.close().await;
    assert_eq!(store.latest("daily").await.unwrap().unwrap().run_id, "run-3");
    let page = AnalysisFilter { limit: Some(1), ..AnalysisFilter::default() };
    assert_eq!(store.list(&page).await.unwrap()[0].run_id, "run-3");
    assert_eq!(all_pages(&store, page).await.len(), 3);
}

pub(crate) async fn pages_hold_each_record_once(bench: &Bench) {
    let store = bench.store().await;
    for number in 0..25 {
        let user_id = if number % 2 == 0 { "ann" } else { "bob" };
        let symbol = if number % 3 == 0 { "AAPL" } else { "msft" };
        let saved = AnalysisRecord {
            user_id: user_id.into(),
            symbol: symbol.into(),
            // Market time runs backwards: the listing goes by when it was saved.
            as_of: DateTime::from_timestamp(2_000_000_000 - number, 0).unwrap(),
            ..record(&format!("run-{number:02}"))
        };
        store.save(&saved).await.unwrap();
    }
    let newest_first: Vec<_> = (0..25).rev().map(|number| format!("run-{number:02}")).collect();
    assert_eq!(ids(&store, &AnalysisFilter::default()).await, newest_first);
    assert_eq!(all_pages(&store, AnalysisFilter::default()).await, newest_first);
    // All saved in one microsecond: only the ids can tell them apart.
    let tie = "UPDATE analyses SET created_at = (SELECT min(created_at) FROM analyses)";
    bench.tamper(tie).await.close().await;
    assert_eq!(all_pages(&store, AnalysisFilter::default()).await, newest_first);
    let by = |user_id: Option<&str>, symbol: Option<&str>| AnalysisFilter {
        user_id: user_id.map(Into::into),
        symbol: symbol.map(Into::into),
        ..AnalysisFilter::default()
    };
    assert_eq!(all_pages(&store, by(Some("ann"), None)).await.len(), 13);
    assert_eq!(all_pages(&store, by(None, Some("AAPL"))).await.len(), 9);
    assert_eq!(
        all_pages(&store, by(Some("bob"), Some("AAPL"))).await,
        ["run-21", "run-15", "run-09", "run-03"]
    );
    assert_eq!(all_pages(&store, by(None, Some("MSFT"))).await.len(), 0, "symbols are compared by case");
    let rerun = AnalysisRecord { run_id: "again".into(), ..record("run-03") };
    store.save(&rerun).await.unwrap();
    let runs = AnalysisFilter { workflow_id: Some("run-03".into()), ..AnalysisFilter::default() };
    let runs: Vec<_> = store.list(&runs).await.unwrap().into_iter().map(|found| found.run_id).collect();
    assert_eq!(runs, [rerun.run_id, record("run-03").run_id], "the runs of one id, the latest first");
    let instant = store.latest("run-00").await.unwrap().unwrap().created_at;
    let before = |instant| AnalysisFilter { before: Some(instant), ..AnalysisFilter::default() };
    assert_eq!(ids(&store, &before(instant)).await.len(), 0);
    assert_eq!(ids(&store, &before(instant + Duration::from_micros(1))).await.len(), 25);
}

async fn all_pages(store: &Database, filter: AnalysisFilter) -> Vec<String> {
    let mut filter = AnalysisFilter { limit: Some(4), ..filter };
    let mut all = Vec::new();
    loop {
        let page = store.list(&filter).await.unwrap();
        let Some(last) = page.last() else { return all };
        filter.after = Some(last.cursor());
        all.extend(page.into_iter().map(|record| record.workflow_id));
    }
}

pub(crate) async fn writers_do_not_lose_each_others_rows(bench: &Bench) {
    let stores = [bench.store().await, bench.store().await];
    let tasks: Vec<_> = (0..8)
        .map(|writer: usize| {
            let store = stores[writer % 2].clone();
            tokio::spawn(async move {
                for number in 0..20 {
                    store.save(&record(&format!("own-{writer}-{number}"))).await.unwrap();
                    store.save(&record(&format!("shared-{number}"))).await.unwrap();
                    let artifact = Artifact { media_type: "text/plain".into(), bytes: vec![b'x'; number] };
                    store.put(&artifact).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let filter = AnalysisFilter { limit: Some(1_000), ..AnalysisFilter::default() };
    let found: BTreeSet<_> = ids(&stores[0], &filter).await.into_iter().collect();
    assert_eq!(found.len(), 8 * 20 + 20);
    assert_eq!(ids(&stores[1], &filter).await.len(), found.len());
}

pub(crate) async fn artifacts_are_kept_once_and_checked(bench: &Bench) {
    let store = bench.store().await;
    let image = Artifact { media_type: "image/png".into(), bytes: vec![0x89, b'P', b'N', b'G', 0, 255] };
    let name = store.put(&image).await.unwrap();
    assert_eq!((name.sha256.as_str(), name.size), (sha256_hex(&image.bytes).as_str(), 6));
    assert_eq!(store.get(&name.sha256).await, Ok(Some(image.clone())));
    let renamed = Artifact { media_type: "application/octet-stream".into(), ..image.clone() };
    assert_eq!(store.put(&renamed).await.unwrap(), name, "the first media type stays");
    let empty = Artifact { media_type: "text/plain".into(), bytes: vec![] };
    let empty_name = store.put(&empty).await.unwrap();
    assert_eq!(store.get(&empty_name.sha256).await, Ok(Some(empty)));

    let swap = "UPDATE artifacts SET bytes = (SELECT bytes FROM artifacts WHERE media_type = 'text/plain')";
    bench.tamper(swap).await.close().await;
    let answer = store.get(&name.sha256).await;
    assert!(
        matches!(&answer, Err(StoreError::Corrupt(message)) if message.contains(&name.sha256)),
        "{answer:?}"
    );
    store.put(&image).await.unwrap();
    assert_eq!(store.get(&name.sha256).await, Ok(Some(image)), "storing again puts it right");
}

pub(crate) async fn large_values_fit_up_to_the_limit(bench: &Bench) {
    let options = StoreOptions { max_bytes: 5_000_000, ..StoreOptions::default() };
    let store = Database::open_with(bench.url(), options).await.unwrap();
    let noise = |length: usize| {
        (0_u32..).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).take(length)
    };
    let largest = Artifact { media_type: "application/json".into(), bytes: noise(5_000_000).collect() };
    let name = store.put(&largest).await.unwrap();
    assert_eq!(store.get(&name.sha256).await, Ok(Some(largest)));
    let too_large = Artifact { media_type: "application/json".into(), bytes: noise(5_000_001).collect() };
    let answer = store.put(&too_large).await;
    assert!(
        matches!(&answer, Err(StoreError::Invalid(message)) if message.contains("5000001")),
        "{answer:?}"
    );

    let with_text =
        |length: usize| AnalysisRecord { result: Value::String("é".repeat(length / 2)), ..record("large") };
    store.save(&with_text(4_999_998)).await.unwrap();
    assert_same(&store.latest("large").await.unwrap().unwrap(), &with_text(4_999_998));
    assert!(matches!(store.save(&with_text(5_000_000)).await, Err(StoreError::Invalid(_))));
}

pub(crate) async fn the_schema_is_made_once_and_a_newer_one_refused(bench: &Bench) {
    assert_eq!(schema_status(bench.url()).await.unwrap().state, SchemaState::Absent);
    let openings: Vec<_> = (0..6)
        .map(|number| {
            let url = bench.url().clone();
            tokio::spawn(async move {
                let store = Database::open(&url).await.unwrap();
                store.save(&record(&format!("opening-{number}"))).await.unwrap();
            })
        })
        .collect();
    for opening in openings {
        opening.await.unwrap();
    }
    let status = schema_status(bench.url()).await.unwrap();
    let program = status.program;
    assert_eq!(
        (status.state, status.to_string()),
        (SchemaState::Current(program), format!("schema {program}, up to date"))
    );
    let store = bench.store().await;
    assert_eq!(ids(&store, &AnalysisFilter::default()).await.len(), 6);
    assert_eq!(store.describe().await.unwrap(), format!("{}, schema {program}", bench.url()));

    let newer = "INSERT INTO ttai_migrations (version, description, success, checksum, execution_time) \
         SELECT 999, description, success, checksum, execution_time FROM ttai_migrations WHERE version = 1";
    bench.tamper(newer).await.close().await;
    assert_eq!(schema_status(bench.url()).await.unwrap().state, SchemaState::Newer(999));
    let error = Database::open(bench.url()).await.err().unwrap();
    assert!(matches!(error, StoreError::Schema(_)), "{error}");
    assert!(error.to_string().contains("999") && error.to_string().contains("upgrade ttai"), "{error}");
}

pub(crate) async fn an_edited_migration_is_noticed(bench: &Bench) {
    drop(bench.store().await);
    bench.tamper("UPDATE ttai_migrations SET checksum = substr(checksum, 2)").await.close().await;
    let error = Database::open(bench.url()).await.err().unwrap();
    assert!(matches!(error, StoreError::Schema(_)), "{error}");
}

/// `lock` blocks writers; readers may or may not get through.
pub(crate) async fn a_blocked_call_ends_at_its_deadline(bench: &Bench, lock: &'static str) {
    // The deadline is for the blocked call alone: a slow machine may need longer to migrate and to save.
    let store = bench.store().await;
    store.save(&record("before")).await.unwrap();
    let options = StoreOptions { deadline: Duration::from_secs(1), ..StoreOptions::default() };
    let impatient = Database::open_with(bench.url(), options).await.unwrap();
    let lock = bench.tamper(lock).await;
    let answer = impatient.save(&record("blocked")).await;
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    lock.close().await;
    store.save(&record("after")).await.unwrap();
    assert!(ids(&store, &AnalysisFilter::default()).await.contains(&"after".into()));
}

/// For PostgreSQL: the server ends every connection, as it does when it restarts.
pub(crate) async fn lost_connections_are_replaced(bench: &Bench) {
    let store = bench.store().await;
    store.save(&record("before")).await.unwrap();
    let end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()";
    bench.tamper(end_all).await.close().await;
    store.save(&record("after")).await.unwrap();
    assert_eq!(ids(&store, &AnalysisFilter::default()).await, ["after", "before"]);
}
