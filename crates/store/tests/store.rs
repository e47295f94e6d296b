//! The stores' promises, run against SQLite and against a real PostgreSQL server.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests; clippy exempts only the tests themselves"
)]

mod contract;
#[cfg(unix)]
mod server;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use contract::{Bench, record};
use ttai_ports::StoreError;
use ttai_store::{StoreUrl, open};

/// Set for a child process that saves until it is killed.
const CHILD_URL: &str = "TTAI_TEST_STORE_URL";
const SAVED: &str = "saved ";

struct SqliteBench {
    bench: Bench,
    folder: tempfile::TempDir,
}

fn sqlite() -> SqliteBench {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("new/folders/ttai.db").to_str().unwrap().to_owned();
    let url = file.parse().unwrap();
    SqliteBench { bench: Bench::Sqlite { url, file }, folder }
}

macro_rules! sqlite_keeps {
    ($($case:ident),+ $(,)?) => {
        mod sqlite_keeps {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::contract::$case(&super::sqlite().bench).await;
            })+
        }

        #[cfg(unix)]
        async fn postgres_keeps_all(server: &server::Server) {
            $({
                println!("postgres keeps {}", stringify!($case));
                contract::$case(&postgres(server, stringify!($case)).await).await;
            })+
        }
    };
}

sqlite_keeps!(
    what_was_saved_is_read,
    numbers_keep_their_last_bit,
    hostile_strings_are_only_strings,
    what_cannot_be_stored_is_refused,
    saving_again_replaces_and_keeps_the_first_instant,
    pages_hold_each_record_once,
    writers_do_not_lose_each_others_rows,
    artifacts_are_kept_once_and_checked,
    large_values_fit_up_to_the_limit,
    a_turn_is_kept_and_counted_once,
    the_schema_is_made_once_and_a_newer_one_refused,
    an_edited_migration_is_noticed,
    calls_of_two_pools_share_an_accounts_limit,
    a_pause_is_seen_by_all,
    a_wrong_clock_or_an_older_rate_closes_no_account,
);

/// A new database on the server, named after the case.
#[cfg(unix)]
async fn postgres(server: &server::Server, case: &str) -> Bench {
    use sqlx::{AssertSqlSafe, Connection, PgConnection};
    let mut connection = PgConnection::connect(&server.url("postgres")).await.unwrap();
    let name: String = case.chars().take(60).collect();
    sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let connect = server.url(&name);
    Bench::Postgres { url: connect.parse().unwrap(), connect }
}

/// One test, so that one server is started and its guard stops it also when a case fails.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_keeps() {
    let Some(server) = server::Server::start() else { return };
    postgres_keeps_all(&server).await;
    let bench = postgres(&server, "blocked").await;
    let lock = "BEGIN; LOCK TABLE analyses IN ACCESS EXCLUSIVE MODE";
    contract::a_blocked_call_ends_at_its_deadline(&bench, lock).await;
    a_kill_loses_nothing_that_was_answered(&postgres(&server, "killed").await).await;
    contract::lost_connections_are_replaced(&postgres(&server, "lost").await).await;
    errors_name_the_place_and_no_password(&server).await;
}

#[cfg(unix)]
async fn errors_name_the_place_and_no_password(server: &server::Server) {
    let absent = server.url("absent");
    let closed = "postgres://ttai:hunter2@127.0.0.1:1/ttai".to_owned();
    for url in [server.url_with_wrong_password(), absent, closed] {
        let url: StoreUrl = url.parse().unwrap();
        let error = open(&url).await.err().unwrap();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        let shown = format!("{error} {error:?} {url:?}");
        assert!(shown.contains("postgres at ttai@"), "{shown}");
        assert!(!shown.contains("hunter2") && !shown.contains("s3cret"), "{shown}");
    }
}

#[tokio::test]
async fn sqlite_blocked_call_ends_at_its_deadline() {
    contract::a_blocked_call_ends_at_its_deadline(&sqlite().bench, "BEGIN IMMEDIATE").await;
}

#[tokio::test]
async fn sqlite_kill_loses_nothing_that_was_answered() {
    a_kill_loses_nothing_that_was_answered(&sqlite().bench).await;
}

/// A child saves without end and says what was answered; the kill lands in its work.
async fn a_kill_loses_nothing_that_was_answered(bench: &Bench) {
    let beside = open(bench.url()).await.unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child_saves_until_it_is_killed", "--exact", "--ignored", "--nocapture"])
        .env(CHILD_URL, bench.address())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut answered = lines.filter_map(|line| line.strip_prefix(SAVED).map(str::to_owned));
    let mut saved: Vec<String> = answered.by_ref().take(50).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    saved.extend(answered);
    assert!(saved.len() >= 50, "the child ended by itself after {} answers", saved.len());
    let reopened = open(bench.url()).await.unwrap();
    for store in [beside, reopened] {
        for id in &saved {
            assert!(store.analysis(id).await.unwrap().is_some(), "{id} was answered and is lost");
        }
        store.save_analysis(&record("after the kill")).await.unwrap();
    }
}

/// Two processes on one file: the same budget as two pools.
#[tokio::test]
async fn sqlite_limits_are_shared_by_processes() {
    let SqliteBench { bench, folder: _folder } = sqlite();
    let children: Vec<_> = (0..2)
        .map(|_| {
            Command::new(std::env::current_exe().unwrap())
                .args(["child_uses_up_its_limit", "--exact", "--ignored", "--nocapture"])
                .env(CHILD_URL, bench.address())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut turns: Vec<u64> = Vec::new();
    for child in children {
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        turns.extend(text.lines().filter_map(|line| line.strip_prefix(SAVED)?.parse::<u64>().ok()));
    }
    turns.sort_unstable();
    assert_eq!(turns.len(), 2 * contract::CALLS as usize, "{turns:?}");
    let took = turns.last().unwrap() - turns.first().unwrap();
    // The first turn is noted a moment after it was taken.
    let least = contract::shared_time().mul_f64(0.8).as_millis();
    assert!(u128::from(took) >= least, "{took} ms, at least {least} were due");
}

/// No test of its own: one of the processes that share a limit.
#[tokio::test]
#[ignore = "run as a child process by the test of shared limits"]
async fn child_uses_up_its_limit() {
    let Ok(url) = std::env::var(CHILD_URL) else { return };
    let limits = ttai_store::open_limits(&url.parse().unwrap()).await.unwrap();
    for _ in 0..contract::CALLS {
        limits.acquire("broker/ann", contract::RATE).await.unwrap();
        println!("\n{SAVED}{}", chrono::Utc::now().timestamp_millis());
    }
}

/// No test of its own: the other side of the kill. Ends also when nobody reads what it says.
#[tokio::test]
#[ignore = "run as a child process by the tests of kills"]
async fn child_saves_until_it_is_killed() {
    let Ok(url) = std::env::var(CHILD_URL) else { return };
    let store = open(&url.parse().unwrap()).await.unwrap();
    for number in 0_u64.. {
        let id = format!("child-{number}");
        store.save_analysis(&record(&id)).await.unwrap();
        println!("\n{SAVED}{id}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn sqlite_files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let SqliteBench { bench, folder } = sqlite();
    let store = open(bench.url()).await.unwrap();
    store.save_analysis(&record("one")).await.unwrap();
    let mode = |path: std::path::PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder.path().join("new")), 0o700);
    assert_eq!(mode(folder.path().join("new/folders")), 0o700);
    for file in ["ttai.db", "ttai.db-wal", "ttai.db-shm", "ttai.db.host"] {
        assert_eq!(mode(folder.path().join("new/folders").join(file)), 0o600, "{file}");
    }
}

#[tokio::test]
async fn sqlite_refuses_a_second_host() {
    let SqliteBench { bench, folder } = sqlite();
    drop(open(bench.url()).await.unwrap());
    let claim = folder.path().join("new/folders/ttai.db.host");
    let other = r#"{"machine_id":"another","boot_id":"another","name":"box-two"}"#;
    std::fs::write(&claim, other).unwrap();
    let error = open(bench.url()).await.err().unwrap();
    assert!(matches!(error, StoreError::Invalid(_)), "{error:?}");
    assert!(error.to_string().contains("box-two") && error.to_string().contains("PostgreSQL"), "{error}");
    std::fs::remove_file(&claim).unwrap();
    open(bench.url()).await.unwrap();
}

#[tokio::test]
async fn sqlite_leaves_other_programs_files_alone() {
    use sqlx::Connection;
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "not a database, but long enough to be taken for one. ".repeat(100)).unwrap();
    let error = open(&StoreUrl::sqlite(&text).unwrap()).await.err().unwrap();
    assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
    assert!(std::fs::read_to_string(&text).unwrap().starts_with("not a database"));

    let foreign = folder.path().join("foreign.db");
    let url = format!("sqlite://{}?mode=rwc", foreign.display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("CREATE TABLE executions (id INTEGER)").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let error = open(&StoreUrl::sqlite(&foreign).unwrap()).await.err().unwrap();
    assert!(matches!(&error, StoreError::Schema(message) if message.contains("executions")), "{error:?}");
}

#[tokio::test]
async fn sqlite_that_cannot_be_created_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let below_a_file = StoreUrl::sqlite(file.join("ttai.db")).unwrap();
    let error = open(&below_a_file).await.err().unwrap();
    assert!(
        matches!(&error, StoreError::Unavailable(message) if message.contains("file/ttai.db")),
        "{error:?}"
    );
    let a_folder = StoreUrl::sqlite(folder.path()).unwrap();
    assert!(matches!(open(&a_folder).await, Err(StoreError::Unavailable(_))));
}
