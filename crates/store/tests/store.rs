//! The stores' promises, run against SQLite and against a real PostgreSQL server.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests; clippy exempts only the tests themselves"
)]

mod backup;
mod contract;
#[cfg(unix)]
mod server;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use contract::{Bench, record};
use ttai_ports::{Analyses, StoreError};
use ttai_store::{Database, StoreUrl};

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
            // Each on the heap: together they are more than a test's stack holds.
            $(Box::pin(async {
                println!("postgres keeps {}", stringify!($case));
                contract::$case(&postgres(server, stringify!($case)).await).await;
            })
            .await;)+
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
    balances_and_watches_go_forward_only,
    closed_positions_stay_and_money_is_exact,
    accounts_kept_by_hand_change_whole_and_are_their_users_own,
    nothing_is_left_of_an_account_kept_by_hand_that_is_deleted,
    a_turn_is_kept_and_counted_once,
    an_alert_is_saved_once_under_its_key,
    alerts_out_of_bounds_are_refused,
    an_alert_changes_pauses_and_is_removed,
    alerts_are_listed_by_page_symbol_and_state,
    the_feed_misses_no_change,
    the_last_recall_of_each_watch_stands,
    what_was_shut_down_stays_so_until_it_runs_again,
    watchlists_change_and_show_the_alerts_over_them_again,
    a_source_is_read_once_however_often_it_is_saved,
    a_problem_keeps_the_cursor_and_ends_with_the_next_sync,
    nobody_sees_anothers_rows,
    a_cursor_is_never_ahead_of_its_rows,
    an_entry_is_added_once_and_marked_once,
    the_journal_is_each_users_own,
    what_somebody_linked_stays_until_somebody_changes_it,
    verdicts_are_read_until_they_have_an_entry,
    journals_are_listed_by_page_and_filter,
    a_journal_takes_nothing_that_it_could_not_give_back,
    preferences_change_by_name_and_are_their_users_own,
    preferences_that_cannot_be_are_refused_and_change_nothing,
    who_wants_the_briefing_is_listed_once,
    screeners_are_saved_under_their_users_and_names,
    screeners_that_run_by_themselves_are_listed_by_page_and_bounded,
    members_are_found_under_their_alert_and_left_out_of_lists,
    a_firing_is_recorded_once_with_its_message,
    only_what_is_armed_fires_and_only_as_it_is,
    a_stale_holder_records_nothing,
    a_lease_has_one_holder,
    a_check_of_the_news_is_recorded_once_with_its_messages,
    stories_are_listed_by_symbol_and_page_and_hostile_ones_refused,
    old_stories_go_and_undated_ones_after_a_year,
    a_checkpoint_is_of_the_last_holder,
    a_thousand_firings_are_recorded_at_once,
    a_message_is_saved_once_with_its_deliveries,
    a_delivery_is_claimed_by_one,
    a_claim_ends_and_what_may_have_arrived_is_marked,
    a_digest_takes_all_of_its_deliveries_or_none,
    a_person_may_ask_again,
    deliveries_are_listed_by_page,
    old_messages_go_unless_they_are_still_to_be_delivered,
    the_schema_is_made_once_and_a_newer_one_refused,
    an_edited_migration_is_noticed,
    calls_of_two_pools_share_an_accounts_limit,
    a_pause_is_seen_by_all,
    a_wrong_clock_or_an_older_rate_closes_no_account,
    a_pause_stops_who_holds_turns,
    who_gives_up_takes_no_turn,
    who_dies_loses_at_most_its_block,
    each_run_is_a_record_and_the_latest_is_on_top,
    a_version_3_store_is_brought_over,
    what_is_old_is_removed_and_what_is_referred_to_stays,
    nothing_is_removed_without_a_limit,
    what_was_spooled_is_moved_and_replaces_nothing_newer,
    a_damaged_spool_file_is_set_aside,
    a_full_spool_leaves_it_to_the_database,
    screens_are_kept_as_they_come_and_compared_with_the_run_before,
    screens_of_others_and_odd_ones_are_not_seen,
    old_screens_are_removed,
    reports_are_read_by_their_user_alone,
    an_account_day_is_as_it_was_read_last_and_nothing_later_is_seen,
    users_with_positions_are_listed_in_pages,
    old_reports_go_with_their_artefacts,
    an_intent_is_one_order,
    an_order_changes_only_from_where_it_was_read,
    a_claim_is_fenced_and_ends_with_its_approval,
    of_many_claims_one_wins_and_none_after_a_halt,
    a_claim_waits_for_a_halt_that_is_under_way,
    a_halt_stands_until_somebody_resumes,
    a_fill_counts_once_wherever_it_is_reported,
    reports_that_come_together_lose_nothing,
    a_day_counts_what_was_claimed_on_it,
    orders_are_listed_by_page_and_filter,
    a_trade_is_logged_until_it_has_ended,
    entries_that_come_together_are_one_chain,
    what_is_changed_in_a_trail_is_noticed,
    a_difference_pauses_its_account_until_it_is_acknowledged,
    an_account_is_as_its_last_reconciliation_left_it,
    nothing_of_trading_is_ever_removed,
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
    let lock = "BEGIN; LOCK TABLE account_limits IN ACCESS EXCLUSIVE MODE";
    contract::a_store_that_is_away_slows_calls_and_stops_none(&bench, lock).await;
    let lock = "BEGIN; LOCK TABLE analyses, artifacts IN ACCESS EXCLUSIVE MODE";
    let bench = postgres(&server, "away").await;
    contract::an_outage_holds_nothing_up_and_loses_nothing(&bench, lock).await;
    a_kill_loses_nothing_that_was_answered(&postgres(&server, "killed").await).await;
    contract::lost_connections_are_replaced(&postgres(&server, "lost").await).await;
    errors_name_the_place_and_no_password(&server).await;
    let bench = postgres(&server, "stopped").await;
    let next = async || {
        drop(server);
        let server = server::Server::start().unwrap();
        let bench = postgres(&server, "next").await;
        (server, bench)
    };
    contract::a_server_that_stops_loses_nothing(&bench, next).await;
}

#[cfg(unix)]
async fn errors_name_the_place_and_no_password(server: &server::Server) {
    let absent = server.url("absent");
    let closed = "postgres://ttai:hunter2@127.0.0.1:1/ttai".to_owned();
    for url in [server.url_with_wrong_password(), absent, closed] {
        let url: StoreUrl = url.parse().unwrap();
        let error = Database::open(&url).await.err().unwrap();
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
async fn sqlite_that_is_locked_slows_calls_and_stops_none() {
    contract::a_store_that_is_away_slows_calls_and_stops_none(&sqlite().bench, "BEGIN EXCLUSIVE").await;
}

#[tokio::test]
async fn sqlite_outage_holds_nothing_up_and_loses_nothing() {
    contract::an_outage_holds_nothing_up_and_loses_nothing(&sqlite().bench, "BEGIN EXCLUSIVE").await;
}

/// The turns of a block are written once: far fewer writes than calls.
#[tokio::test]
async fn sqlite_limits_write_once_a_block() {
    let bench = sqlite().bench;
    let rate = ttai_ports::RateLimit { per_minute: 120, burst: 60 };
    let limits = ttai_store::open_limits(bench.url()).await.unwrap();
    bench
        .tamper(
            "CREATE TABLE writes (account TEXT); CREATE TRIGGER counted AFTER UPDATE ON account_limits \
             BEGIN INSERT INTO writes VALUES (new.account); END",
        )
        .await
        .close()
        .await;
    let calls = (0..48).map(|_| limits.acquire("broker/ann", rate));
    for call in calls {
        call.await.unwrap();
    }
    let all: Vec<_> = (0..32)
        .map(|_| {
            let limits = std::sync::Arc::clone(&limits);
            tokio::spawn(async move { limits.acquire("broker/bob", rate).await.unwrap() })
        })
        .collect();
    for call in all {
        call.await.unwrap();
    }
    let writes = |account: &'static str| {
        let bench = &bench;
        async move { bench.count(&format!("SELECT count(*) FROM writes WHERE account = '{account}'")).await }
    };
    let (alone, together) = (writes("broker/ann").await, writes("broker/bob").await);
    assert!(alone <= 20, "{alone} writes for 48 calls one after the other");
    assert!(together <= 5, "{together} writes for 32 calls at once");
}

#[tokio::test]
async fn sqlite_kill_loses_nothing_that_was_answered() {
    a_kill_loses_nothing_that_was_answered(&sqlite().bench).await;
}

/// A child saves without end and says what was answered; the kill lands in its work.
async fn a_kill_loses_nothing_that_was_answered(bench: &Bench) {
    let beside = Database::open(bench.url()).await.unwrap();
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
    let reopened = Database::open(bench.url()).await.unwrap();
    for store in [beside, reopened] {
        for id in &saved {
            assert!(store.latest(id).await.unwrap().is_some(), "{id} was answered and is lost");
        }
        store.save(&record("after the kill")).await.unwrap();
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
    let store = Database::open(&url.parse().unwrap()).await.unwrap();
    for number in 0_u64.. {
        let id = format!("child-{number}");
        store.save(&record(&id)).await.unwrap();
        println!("\n{SAVED}{id}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn sqlite_files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let SqliteBench { bench, folder } = sqlite();
    let store = Database::open(bench.url()).await.unwrap();
    store.save(&record("one")).await.unwrap();
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
    drop(Database::open(bench.url()).await.unwrap());
    let claim = folder.path().join("new/folders/ttai.db.host");
    let other = r#"{"machine_id":"another","boot_id":"another","name":"box-two"}"#;
    std::fs::write(&claim, other).unwrap();
    let error = Database::open(bench.url()).await.err().unwrap();
    assert!(matches!(error, StoreError::Invalid(_)), "{error:?}");
    assert!(error.to_string().contains("box-two") && error.to_string().contains("PostgreSQL"), "{error}");
    std::fs::remove_file(&claim).unwrap();
    Database::open(bench.url()).await.unwrap();
}

#[tokio::test]
async fn sqlite_leaves_other_programs_files_alone() {
    use sqlx::Connection;
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "not a database, but long enough to be taken for one. ".repeat(100)).unwrap();
    let error = Database::open(&StoreUrl::sqlite(&text).unwrap()).await.err().unwrap();
    assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
    assert!(std::fs::read_to_string(&text).unwrap().starts_with("not a database"));

    let foreign = folder.path().join("foreign.db");
    let url = format!("sqlite://{}?mode=rwc", foreign.display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("CREATE TABLE executions (id INTEGER)").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let error = Database::open(&StoreUrl::sqlite(&foreign).unwrap()).await.err().unwrap();
    assert!(matches!(&error, StoreError::Schema(message) if message.contains("executions")), "{error:?}");
}

#[tokio::test]
async fn sqlite_that_cannot_be_created_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let below_a_file = StoreUrl::sqlite(file.join("ttai.db")).unwrap();
    let error = Database::open(&below_a_file).await.err().unwrap();
    assert!(
        matches!(&error, StoreError::Unavailable(message) if message.contains("file/ttai.db")),
        "{error:?}"
    );
    let a_folder = StoreUrl::sqlite(folder.path()).unwrap();
    assert!(matches!(Database::open(&a_folder).await, Err(StoreError::Unavailable(_))));
}
