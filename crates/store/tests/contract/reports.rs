//! Reports and account days: what was saved is read, by its user alone, and what is old goes while what it refers to stays long enough.

use chrono::{TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::AssertSqlSafe;
use ttai_ports::{
    AccountDay, Accounts, Artifact, Artifacts, PositionStatus, RemovedRows, ReportFilter, ReportRecord,
    Reports, StoreError, StoredPosition,
};
use ttai_store::{Database, Retention, sha256_hex};

use super::Bench;

fn report(user: &str, id: &str, name: &str) -> ReportRecord {
    ReportRecord {
        user_id: user.into(),
        id: id.into(),
        name: name.into(),
        title: "Daily report \u{2013} “so”".into(),
        day: "2026-11-27".parse().unwrap(),
        as_of: "2026-11-27T22:00:00.123456Z".parse().unwrap(),
        market: "simulated".into(),
        summary: vec!["one".into(), "two".into()],
        facts: json!({"positions": 3}),
        html: sha256_hex(b"html"),
        markdown: sha256_hex(b"markdown"),
        created_at: Utc::now(),
    }
}

fn account_day(user: &str, account: &str, day: &str, hour: i64) -> AccountDay {
    let day = day.parse().unwrap();
    AccountDay {
        user_id: user.into(),
        account: account.into(),
        day,
        as_of: day.and_hms_opt(0, 0, 0).unwrap().and_utc() + TimeDelta::hours(hour),
        net_liquidation: Some(Decimal::new(10_000_001, 2)),
        day_pnl: None,
        cash: Some(Decimal::from(hour)),
        state: json!({"positions": []}),
    }
}

async fn ids(store: &Database, filter: ReportFilter) -> Vec<String> {
    store.list_reports(&filter).await.unwrap().into_iter().map(|report| report.id).collect()
}

pub(crate) async fn reports_are_read_by_their_user_alone(bench: &Bench) {
    let store = bench.store().await;
    for (user, id, name) in
        [("ann", "a", "daily_report"), ("bob", "a", "daily_report"), ("ann", "b", "weekly_review")]
    {
        store.save_report(&report(user, id, name)).await.unwrap();
    }
    let of = |user: &str| ReportFilter { user_id: user.into(), ..ReportFilter::default() };
    assert_eq!(ids(&store, of("ann")).await, ["b", "a"]);
    assert_eq!(ids(&store, ReportFilter { name: Some("daily_report".into()), ..of("ann") }).await, ["a"]);
    assert!(ids(&store, ReportFilter { day: "2026-11-26".parse().ok(), ..of("ann") }).await.is_empty());
    assert_eq!(ids(&store, of("bob")).await, ["a"]);
    let read = store.report("ann", "a").await.unwrap().unwrap();
    let saved = report("ann", "a", "daily_report");
    assert_eq!(read, ReportRecord { created_at: read.created_at, ..saved.clone() });
    // Saved again it is replaced and stays as old as it is.
    store.save_report(&ReportRecord { summary: vec![], ..saved }).await.unwrap();
    let again = store.report("ann", "a").await.unwrap().unwrap();
    assert_eq!((again.created_at, again.summary.len()), (read.created_at, 0));
    assert_eq!(store.report("bob", "b").await.unwrap(), None);
    for refused in [
        ReportRecord { id: String::new(), ..report("ann", "a", "n") },
        ReportRecord { html: "short".into(), ..report("ann", "a", "n") },
        ReportRecord { title: "x".repeat(2_000), ..report("ann", "a", "n") },
    ] {
        assert!(matches!(store.save_report(&refused).await, Err(StoreError::Invalid(_))));
    }
}

pub(crate) async fn an_account_day_is_as_it_was_read_last_and_nothing_later_is_seen(bench: &Bench) {
    let store = bench.store().await;
    for (account, day, hour) in [("A", "2026-11-25", 21), ("A", "2026-11-27", 18), ("B", "2026-11-27", 18)] {
        store.save_account_day(&account_day("ann", account, day, hour)).await.unwrap();
    }
    store.save_account_day(&account_day("bob", "A", "2026-11-27", 18)).await.unwrap();
    // An earlier read of the day replaces nothing, a later one does.
    store.save_account_day(&account_day("ann", "A", "2026-11-27", 15)).await.unwrap();
    store.save_account_day(&account_day("ann", "A", "2026-11-27", 22)).await.unwrap();
    let read = async |from: &str, to: &str, as_of: &str| {
        let [from, to] = [from, to].map(|day| day.parse().unwrap());
        let days = store.account_days("ann", from, to, as_of.parse().unwrap()).await.unwrap();
        days.into_iter().map(|day| (day.day.to_string(), day.account, day.cash.unwrap())).collect::<Vec<_>>()
    };
    let row = |day: &str, account: &str, cash: i64| (day.to_owned(), account.to_owned(), Decimal::from(cash));
    let all = read("2026-11-20", "2026-11-27", "2026-11-28T00:00:00Z").await;
    assert_eq!(all, [row("2026-11-25", "A", 21), row("2026-11-27", "A", 22), row("2026-11-27", "B", 18)]);
    let earlier = read("2026-11-20", "2026-11-27", "2026-11-27T19:00:00Z").await;
    assert_eq!(earlier, [row("2026-11-25", "A", 21), row("2026-11-27", "B", 18)]);
    assert!(read("2026-11-26", "2026-11-26", "2026-11-28T00:00:00Z").await.is_empty());
}

pub(crate) async fn users_with_positions_are_listed_in_pages(bench: &Bench) {
    let store = bench.store().await;
    let position = StoredPosition {
        symbol: "AAPL".into(),
        kind: "shares".into(),
        quantity: Decimal::ONE,
        average_open_price: Decimal::ONE,
        mark: None,
        status: PositionStatus::Open,
        opened_at: "2026-11-27T15:00:00Z".parse().unwrap(),
        updated_at: "2026-11-27T15:00:00Z".parse().unwrap(),
    };
    let at = position.opened_at;
    for (user, account) in [("ann", "A"), ("ann", "B"), ("bob", "A"), ("cyd", "A")] {
        store.sync_positions(user, account, std::slice::from_ref(&position), at).await.unwrap();
    }
    store.sync_positions("bob", "A", &[], at + TimeDelta::minutes(1)).await.unwrap();
    let users = async |open, after: Option<&str>, limit| store.users_with_positions(open, after, limit).await;
    assert_eq!(users(true, None, 10).await.unwrap(), ["ann", "cyd"]);
    assert_eq!(users(false, None, 2).await.unwrap(), ["ann", "bob"]);
    assert_eq!(users(false, Some("bob"), 2).await.unwrap(), ["cyd"]);
    assert!(matches!(users(false, None, 0).await, Err(StoreError::Invalid(_))));
    assert_eq!(store.accounts_of("ann").await.unwrap(), ["A", "B"]);
    assert!(store.accounts_of("dan").await.unwrap().is_empty());
}

pub(crate) async fn old_reports_go_with_their_artefacts(bench: &Bench) {
    let store = bench.store().await;
    for bytes in [&b"html"[..], b"markdown"] {
        store.put(&Artifact { media_type: "text/html".into(), bytes: bytes.to_vec() }).await.unwrap();
    }
    store.save_report(&report("ann", "a", "daily_report")).await.unwrap();
    let micros = TimeDelta::days(40).num_microseconds().unwrap();
    let aged = format!(
        "UPDATE reports SET created_at = created_at - {micros}; UPDATE artifacts SET used_at = used_at - {micros}"
    );
    bench.tamper(AssertSqlSafe(aged)).await.close().await;
    // Another report with the same bytes keeps them in use.
    store.save_report(&report("ann", "b", "daily_report")).await.unwrap();
    let retention = Retention { analyses_days: Some(30), turns_days: None, alerts_days: None };
    let removed = store.remove_old(retention, Utc::now()).await.unwrap();
    assert_eq!(removed, RemovedRows { reports: 1, ..RemovedRows::default() });
    assert!(store.get(&sha256_hex(b"html")).await.unwrap().is_some());
}
