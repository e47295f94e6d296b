//! A store of version 3 with rows in it becomes one of today.

use serde_json::json;
use sqlx::migrate::{Migrate, Migration, MigrationType};
use sqlx::{Connection, PgConnection, SqlSafeStr, SqliteConnection};
use ttai_ports::{Analyses, AnalysisFilter, Artifacts, ModelJournal};
use ttai_store::{Database, SchemaState, schema_status, sha256_hex};

use super::{Bench, ids};

const SQLITE: [(&str, &str); 3] = [
    ("analyses and artifacts", include_str!("../../migrations/sqlite/0001_analyses_and_artifacts.sql")),
    ("model turns and their usage", include_str!("../../migrations/sqlite/0002_model_turns.sql")),
    ("account limits", include_str!("../../migrations/sqlite/0003_account_limits.sql")),
];
const POSTGRES: [(&str, &str); 3] = [
    ("analyses and artifacts", include_str!("../../migrations/postgres/0001_analyses_and_artifacts.sql")),
    ("model turns and their usage", include_str!("../../migrations/postgres/0002_model_turns.sql")),
    ("account limits", include_str!("../../migrations/postgres/0003_account_limits.sql")),
];

/// 2014-06-06T15:00:00.123456Z, and a second later.
const SQLITE_ROWS: &str = "INSERT INTO analyses VALUES \
     ('daily-1', 'r1', 'ann', 'AAPL', 'chart_analysis', NULL, 'bullish', -62135596800000000, 1402066800123456, '{\"score\": 0.1, \"nul\": \"\\u0000\"}'), \
     ('daily-2', 'r2', 'bob', 'MSFT', 'full_analysis', 'csp', 'select', 1402066800000000, 1402066801123456, '[]'); \
     INSERT INTO artifacts VALUES \
     ('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 'text/plain', 1402066800123456, x'616263'); \
     INSERT INTO llm_turns VALUES ('daily-1', 'r1', 'chart', 1, \
     'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 'ann', 'sim/x', 10, 5, 150, 1402066800123456, '[1.10]', '{}'); \
     INSERT INTO llm_usage VALUES (strftime('%Y-%m-%d', 'now'), 'ann', 'sim/x', 1, 10, 5, 150, 0); \
     INSERT INTO account_limits VALUES ('broker/ann', 5, 7)";
const POSTGRES_ROWS: &str = "INSERT INTO analyses VALUES \
     ('daily-1', 'r1', 'ann', 'AAPL', 'chart_analysis', NULL, 'bullish', '0001-01-01T00:00:00Z', '2014-06-06T15:00:00.123456Z', '{\"score\": 0.1, \"nul\": \"\\u0000\"}'), \
     ('daily-2', 'r2', 'bob', 'MSFT', 'full_analysis', 'csp', 'select', '2014-06-06T15:00:00Z', '2014-06-06T15:00:01.123456Z', '[]'); \
     INSERT INTO artifacts VALUES \
     ('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 'text/plain', '2014-06-06T15:00:00.123456Z', 'abc'); \
     INSERT INTO llm_turns VALUES ('daily-1', 'r1', 'chart', 1, \
     'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 'ann', 'sim/x', 10, 5, 150, '2014-06-06T15:00:00.123456Z', '[1.10]', '{}'); \
     INSERT INTO llm_usage VALUES ((clock_timestamp() AT TIME ZONE 'UTC')::date, 'ann', 'sim/x', 1, 10, 5, 150, 0); \
     INSERT INTO account_limits VALUES ('broker/ann', 5, 7)";

async fn migrate<C: Migrate>(connection: &mut C, steps: [(&'static str, &'static str); 3]) {
    connection.ensure_migrations_table("ttai_migrations").await.unwrap();
    for (version, (description, sql)) in (1..).zip(steps) {
        let sql = sql.into_sql_str();
        let step = Migration::new(version, description.into(), MigrationType::Simple, sql, false);
        connection.apply("ttai_migrations", &step).await.unwrap();
    }
}

pub(crate) async fn version_3(bench: &Bench) {
    match bench {
        Bench::Sqlite { file, .. } => {
            std::fs::create_dir_all(std::path::Path::new(file).parent().unwrap()).unwrap();
            let mut connection =
                SqliteConnection::connect(&format!("sqlite://{file}?mode=rwc")).await.unwrap();
            migrate(&mut connection, SQLITE).await;
            sqlx::raw_sql(SQLITE_ROWS).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
        Bench::Postgres { connect, .. } => {
            let mut connection = PgConnection::connect(connect).await.unwrap();
            migrate(&mut connection, POSTGRES).await;
            sqlx::raw_sql(POSTGRES_ROWS).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
    }
}

pub(crate) async fn a_version_3_store_is_brought_over(bench: &Bench) {
    version_3(bench).await;
    assert_eq!(schema_status(bench.url()).await.unwrap().state, SchemaState::Older(3));
    let store = bench.store().await;
    let status = schema_status(bench.url()).await.unwrap();
    assert_eq!(status.state, SchemaState::Current(status.program));

    assert_eq!(ids(&store, &AnalysisFilter::default()).await, ["daily-2", "daily-1"]);
    let first = store.latest("daily-1").await.unwrap().unwrap();
    assert_eq!((first.run_id.as_str(), first.strategy), ("r1", None));
    assert_eq!(first.as_of.to_rfc3339(), "0001-01-01T00:00:00+00:00");
    assert_eq!(first.created_at.to_rfc3339(), "2014-06-06T15:00:00.123456+00:00");
    assert_eq!(first.result, json!({"score": 0.1, "nul": "\u{0}"}));
    assert_eq!((first.completed_at, first.notified), (None, vec![]));
    // A second run of the id is a record of its own.
    let again = ttai_ports::AnalysisRecord { run_id: "r9".into(), ..super::record("daily-1") };
    store.save(&again).await.unwrap();
    assert_eq!(store.latest("daily-1").await.unwrap().unwrap().run_id, "r9");

    let name = sha256_hex(b"abc");
    assert_eq!(store.get(&name).await.unwrap().unwrap().bytes, b"abc");
    let turns = store.turns("daily-1", "r1", "chart").await.unwrap();
    assert_eq!((turns.len(), &turns[0].request), (1, &json!([1.1])));
    assert_eq!(turns[0].created_at, first.created_at);
    let usage = store.usage(2).await.unwrap();
    assert_eq!((usage.len(), usage[0].usage.turns, usage[0].usage.cost_usd), (1, 1, 0.000_000_15));
    // What an old analysis refers to is not known, so that retention takes no artefact for unused.
    let removed = store.remove_old(ttai_store::Retention::default(), chrono::Utc::now()).await.unwrap();
    assert_eq!((removed.analyses, removed.artifacts, removed.turns), (2, 0, 1));
    let reopened: Database = Database::open(bench.url()).await.unwrap();
    assert!(reopened.get(&name).await.unwrap().is_some());
}
