//! Results of screens: candidates as they come, runs when they are through, what was before, and what is old.

use chrono::{TimeDelta, Utc};
use serde_json::json;
use sqlx::AssertSqlSafe;
use ttai_ports::{
    MAX_SCREENED, RankedPick, RemovedRows, ScreenRunKey, ScreenRunRecord, ScreenedCandidate, ScreenerResults,
    StoreError,
};
use ttai_store::Retention;

use super::Bench;

fn key(user: &str, workflow: &str) -> ScreenRunKey {
    ScreenRunKey { user_id: user.into(), workflow_id: workflow.into(), run_id: "r1".into() }
}

fn candidate(symbol: &str, stage: &str, verdict: &str) -> ScreenedCandidate {
    ScreenedCandidate {
        symbol: symbol.parse().unwrap(),
        stage: stage.into(),
        verdict: verdict.into(),
        reason: "pays 0.41 % a week; 0.50 % is asked \u{2013} “so”".into(),
        detail: json!({"return_at_bid": 0.41, "observed": {"share": 0.93, "n": 1_480}}),
    }
}

fn run(user: &str, workflow: &str, screen: &str) -> ScreenRunRecord {
    ScreenRunRecord {
        key: key(user, workflow),
        screen: screen.into(),
        criteria: json!({"max_price": 100}),
        picks: vec![RankedPick { symbol: "F".parse().unwrap(), value: 0.7 }],
        result: json!({"candidates_screened": 3}),
        as_of: "2014-06-06T19:00:00Z".parse().ok(),
        created_at: Utc::now(),
    }
}

pub(crate) async fn screens_are_kept_as_they_come_and_compared_with_the_run_before(bench: &Bench) {
    let store = bench.store().await;
    let first = key("ann", "csp-screener-1");
    let quick = [candidate("F", "quick", "select"), candidate("T", "quick", "watchlist")];
    store.save_screened(&first, &quick).await.unwrap();
    store.save_screened(&first, &quick).await.unwrap();
    // The last word on a symbol stands, also where one call has two.
    let full = [candidate("F", "quick", "reject"), candidate("F", "full", "strong_select")];
    store.save_screened(&first, &full).await.unwrap();
    let kept = store.screened(&first).await.unwrap();
    assert_eq!(kept, [full[1].clone(), quick[1].clone()]);

    assert_eq!(store.screen_run_before("morning-csp", &first).await.unwrap(), None);
    store.save_screen_run(&run("ann", "csp-screener-1", "morning-csp")).await.unwrap();
    assert_eq!(store.screen_run_before("morning-csp", &first).await.unwrap(), None, "not itself");
    let second = key("ann", "csp-screener-2");
    let before = store.screen_run_before("morning-csp", &second).await.unwrap().unwrap();
    let expected = run("ann", "csp-screener-1", "morning-csp");
    assert_eq!(before, ScreenRunRecord { created_at: before.created_at, ..expected });
    store.save_screen_run(&run("ann", "csp-screener-2", "morning-csp")).await.unwrap();
    // Repeated, the first one has still nothing before it, and the second one the first.
    assert_eq!(store.screen_run_before("morning-csp", &first).await.unwrap(), None);
    let again = ScreenRunRecord { picks: vec![], ..run("ann", "csp-screener-1", "morning-csp") };
    store.save_screen_run(&again).await.unwrap();
    let before = store.screen_run_before("morning-csp", &second).await.unwrap().unwrap();
    assert_eq!((before.key.workflow_id.as_str(), before.picks.len()), ("csp-screener-1", 0));
}

pub(crate) async fn screens_of_others_and_odd_ones_are_not_seen(bench: &Bench) {
    let store = bench.store().await;
    for (user, workflow, screen) in [
        ("ann", "w1", "morning"),
        ("bob", "w1", "morning"),
        ("ann", "w2", "afternoon"),
        ("ann", "w3", "morning"),
    ] {
        store.save_screen_run(&run(user, workflow, screen)).await.unwrap();
    }
    let ids = async |user: &str, screen: Option<&str>, limit| {
        let found = store.list_screen_runs(user, screen, limit).await.unwrap();
        found.into_iter().map(|run| run.key.workflow_id).collect::<Vec<_>>()
    };
    assert_eq!(ids("ann", None, 10).await, ["w3", "w2", "w1"]);
    assert_eq!(ids("ann", Some("morning"), 1).await, ["w3"]);
    assert_eq!(ids("bob", None, 10).await, ["w1"]);
    store.save_screened(&key("bob", "w1"), &[candidate("F", "quick", "select")]).await.unwrap();
    assert!(store.screened(&key("ann", "w1")).await.unwrap().is_empty());

    let many = vec![candidate("F", "quick", "select"); MAX_SCREENED + 1];
    let long = ScreenedCandidate { reason: "x".repeat(9_000), ..candidate("F", "quick", "select") };
    for refused in [
        store.save_screened(&key("ann", ""), &[]).await,
        store.save_screened(&key("", "w"), &[]).await,
        store.save_screened(&key("ann", "w"), &many).await,
        store.save_screened(&key("ann", "w"), &[long]).await,
        store.save_screen_run(&run("ann", "w", "")).await,
        store.list_screen_runs("ann", None, 0).await.map(drop),
    ] {
        assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
    }
    // As many as a screen may have, in one call.
    let all: Vec<ScreenedCandidate> =
        (0..MAX_SCREENED).map(|number| candidate(&format!("A{number}"), "quick", "reject")).collect();
    store.save_screened(&key("ann", "w"), &all).await.unwrap();
    assert_eq!(store.screened(&key("ann", "w")).await.unwrap().len(), MAX_SCREENED);
}

pub(crate) async fn old_screens_are_removed(bench: &Bench) {
    let store = bench.store().await;
    store.save_screen_run(&run("ann", "w1", "morning")).await.unwrap();
    store.save_screened(&key("ann", "w1"), &[candidate("F", "quick", "select")]).await.unwrap();
    let micros = TimeDelta::days(40).num_microseconds().unwrap();
    let sql = format!(
        "UPDATE screener_runs SET created_at = created_at - {micros}; \
         UPDATE screener_results SET created_at = created_at - {micros}"
    );
    bench.tamper(AssertSqlSafe(sql)).await.close().await;
    store.save_screen_run(&run("ann", "w2", "morning")).await.unwrap();
    let retention = Retention { analyses_days: Some(30), turns_days: None, alerts_days: None };
    let removed = store.remove_old(retention, Utc::now()).await.unwrap();
    assert_eq!(removed, RemovedRows { screens: 1, screened: 1, ..RemovedRows::default() });
    assert_eq!(store.list_screen_runs("ann", None, 10).await.unwrap().len(), 1);
}
