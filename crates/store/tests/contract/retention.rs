//! What is old goes, what is referred to stays.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sqlx::AssertSqlSafe;
use ttai_ports::{Analyses, AnalysisFilter, AnalysisRecord, Artifact, Artifacts, ModelJournal, RemovedRows};
use ttai_store::{Database, Retention};

use super::{Bench, record, turn};

const DAYS: Retention = Retention { analyses_days: Some(30), turns_days: Some(10), alerts_days: Some(20) };

fn artifact(number: u32) -> Artifact {
    Artifact { media_type: "text/plain".into(), bytes: number.to_be_bytes().to_vec() }
}

/// Makes everything in the store as old as if it had been saved, used and bought then.
async fn age(bench: &Bench, days: i64) {
    let micros = TimeDelta::days(days).num_microseconds().unwrap();
    let sql = format!(
        "UPDATE analyses SET created_at = created_at - {micros}, saved_at = saved_at - {micros}; \
         UPDATE artifacts SET created_at = created_at - {micros}, used_at = used_at - {micros}; \
         UPDATE llm_turns SET created_at = created_at - {micros}"
    );
    bench.tamper(AssertSqlSafe(sql)).await.close().await;
}

async fn runs(store: &Database) -> usize {
    let filter = AnalysisFilter { limit: Some(1_000), ..AnalysisFilter::default() };
    store.list(&filter).await.unwrap().len()
}

pub(crate) async fn what_is_old_is_removed_and_what_is_referred_to_stays(bench: &Bench) {
    let store = bench.store().await;
    // More than a statement removes, and an artefact each.
    let mut names = Vec::new();
    for number in 0..230 {
        let name = store.put(&artifact(number)).await.unwrap().sha256;
        let result = json!({"chart_analysis": {"chart_image": {"sha256": name}}});
        store.save(&AnalysisRecord { result, ..record(&format!("old-{number}")) }).await.unwrap();
        names.push(name);
    }
    for number in 1..=3 {
        store.save_turn(&turn(number, "bought")).await.unwrap();
    }
    age(bench, 40).await;
    // The first artefact is stored again, the second one only referred to again.
    store.put(&artifact(0)).await.unwrap();
    let again = AnalysisRecord { result: json!([{"sha256": names[1]}]), ..record("young") };
    store.save(&again).await.unwrap();
    store.save_turn(&turn(4, "bought")).await.unwrap();

    let now = Utc::now();
    assert_eq!(
        store.remove_old(DAYS, now).await.unwrap(),
        RemovedRows { analyses: 230, artifacts: 228, turns: 3, ..RemovedRows::default() }
    );
    assert_eq!(store.remove_old(DAYS, now).await.unwrap(), RemovedRows::default(), "it may be repeated");
    assert_eq!(runs(&store).await, 1);
    for (number, name) in (0..).zip(&names).take(3) {
        assert_eq!(store.get(name).await.unwrap().is_some(), number < 2, "artefact {number}");
    }
    let usage = store.usage(1).await.unwrap();
    assert_eq!(usage.iter().map(|day| day.usage.turns).sum::<u64>(), 4, "what turns cost stays");

    // An artefact outlives the analysis that refers to it.
    let day = |days: i64| now + TimeDelta::days(days);
    assert_eq!(
        store.remove_old(DAYS, day(29)).await.unwrap(),
        RemovedRows { turns: 1, ..RemovedRows::default() }
    );
    assert_eq!(
        store.remove_old(DAYS, day(30) + TimeDelta::hours(1)).await.unwrap(),
        RemovedRows { analyses: 1, ..RemovedRows::default() }
    );
    assert_eq!(
        store.remove_old(DAYS, day(31) + TimeDelta::hours(1)).await.unwrap(),
        RemovedRows { artifacts: 2, ..RemovedRows::default() }
    );
}

pub(crate) async fn nothing_is_removed_without_a_limit(bench: &Bench) {
    let store = bench.store().await;
    store.save(&record("one")).await.unwrap();
    store.put(&artifact(1)).await.unwrap();
    store.save_turn(&turn(1, "bought")).await.unwrap();
    let for_ever = Retention { analyses_days: None, turns_days: None, alerts_days: None };
    let late = Utc::now() + TimeDelta::days(100_000);
    assert_eq!(store.remove_old(for_ever, late).await.unwrap(), RemovedRows::default());
    // What a run under way may need stays whatever is asked.
    let nothing = Retention { analyses_days: Some(0), turns_days: Some(0), alerts_days: Some(0) };
    assert_eq!(store.remove_old(nothing, Utc::now()).await.unwrap(), RemovedRows::default());
    let long_ago: DateTime<Utc> = DateTime::<Utc>::MIN_UTC;
    assert_eq!(store.remove_old(DAYS, long_ago).await.unwrap(), RemovedRows::default());
}
