//! Preferences and saved screeners: each user's own.

use chrono::NaiveTime;
use rust_decimal::Decimal;
use serde_json::json;
use ttai_ports::{
    MAX_AUTO_RUN_SCREENERS, MAX_SAVED_SCREENERS, NewScreener, Preferences, PreferencesChange, QuietSpan,
    SavedScreeners, ScreenerCursor, StoreError, UserPreferences,
};

use super::Bench;

fn set(set: UserPreferences) -> PreferencesChange {
    PreferencesChange { set, ..PreferencesChange::default() }
}

fn unset(names: &[&str]) -> PreferencesChange {
    PreferencesChange {
        unset: names.iter().copied().map(str::to_owned).collect(),
        ..PreferencesChange::default()
    }
}

pub(crate) async fn preferences_change_by_name_and_are_their_users_own(bench: &Bench) {
    let store = bench.store().await;
    assert_eq!(store.preferences("ann").await.unwrap(), UserPreferences::default());
    let time = |hour| NaiveTime::from_hms_opt(hour, 30, 0).unwrap();
    let all = UserPreferences {
        morning_alert: Some(true),
        channels: Some(vec!["desk".into(), "mail \"two\"".into()]),
        quiet_hours: Some(QuietSpan { from: time(22), until: time(7) }),
        time_zone: Some("Europe/Berlin".into()),
        account_type: serde_json::from_str("\"margin\"").unwrap(),
        capital: Some("20000.50".parse::<Decimal>().unwrap()),
        max_symbol_pct: Some(25.0),
        strategies: Some(vec!["csp".into(), "spread".into()]),
        max_delta: Some(0.1 + 0.2),
        dte_min: Some(7),
        dte_max: Some(30),
        min_roc_weekly: Some(0.6),
    };
    assert_eq!(store.save_preferences("ann", &set(all.clone())).await.unwrap(), all);
    assert_eq!(store.save_preferences("ann", &set(all.clone())).await.unwrap(), all, "again");
    let one = set(UserPreferences { dte_max: Some(20), ..UserPreferences::default() });
    let after = UserPreferences { dte_max: Some(20), ..all.clone() };
    assert_eq!(store.save_preferences("ann", &one).await.unwrap(), after, "the rest stays");
    let mut gone = unset(&["capital", "quiet_hours", "capital"]);
    gone.set.morning_alert = Some(false);
    let after = UserPreferences { capital: None, quiet_hours: None, morning_alert: Some(false), ..after };
    assert_eq!(store.save_preferences("ann", &gone).await.unwrap(), after);
    assert_eq!(store.preferences("ann").await.unwrap(), after);
    assert_eq!(store.preferences("bob").await.unwrap(), UserPreferences::default());
    assert_eq!(store.preferences("ANN").await.unwrap(), UserPreferences::default());
}

pub(crate) async fn preferences_that_cannot_be_are_refused_and_change_nothing(bench: &Bench) {
    let store = bench.store().await;
    let low =
        set(UserPreferences { dte_min: Some(30), morning_alert: Some(true), ..UserPreferences::default() });
    let before = store.save_preferences("ann", &low).await.unwrap();
    for (change, reason) in [
        (
            set(UserPreferences { dte_max: Some(20), ..UserPreferences::default() }),
            "dte_min (30) exceeds dte_max (20)",
        ),
        (set(UserPreferences { max_delta: Some(30.0), ..UserPreferences::default() }), "not between 0 and 1"),
        (unset(&["morning_alert", "colour"]), "there is no preference \"colour\""),
    ] {
        match store.save_preferences("ann", &change).await {
            Err(StoreError::Invalid(error)) => assert!(error.contains(reason), "{error}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(store.preferences("ann").await.unwrap(), before);
    }
    assert!(matches!(store.preferences("").await, Err(StoreError::Invalid(_))));
}

pub(crate) async fn who_wants_the_briefing_is_listed_once(bench: &Bench) {
    let store = bench.store().await;
    let wants = |wants| set(UserPreferences { morning_alert: Some(wants), ..UserPreferences::default() });
    for (user, wanted) in [("zoe", true), ("ann", true), ("bob", false), ("cy", true), ("ann", true)] {
        store.save_preferences(user, &wants(wanted)).await.unwrap();
    }
    store.save_preferences("cy", &unset(&["morning_alert"])).await.unwrap();
    assert_eq!(store.users_with_morning_alert().await.unwrap(), ["ann", "zoe"]);
}

fn screener(name: &str, auto_run: bool) -> NewScreener {
    NewScreener {
        name: name.to_owned(),
        strategy: "csp".to_owned(),
        criteria: json!({"max_price": 60.0, "symbols": ["F", "O'REILLY"]}),
        auto_run,
        channels: vec!["desk".to_owned()],
    }
}

pub(crate) async fn screeners_are_saved_under_their_users_and_names(bench: &Bench) {
    let store = bench.store().await;
    let saved = store.save_screener("ann", &screener("High IV; puts", false)).await.unwrap();
    assert_eq!((saved.user_id.as_str(), &saved.screener), ("ann", &screener("High IV; puts", false)));
    assert_eq!(store.save_screener("ann", &saved.screener).await.unwrap(), saved, "again");
    let other = NewScreener { channels: Vec::new(), ..screener("High IV; puts", false) };
    store.save_screener("bob", &other).await.unwrap();
    let enabled = store.set_auto_run("ann", "High IV; puts", true).await.unwrap().unwrap();
    assert!(enabled.screener.auto_run && enabled.created_at == saved.created_at);
    assert_eq!(
        store.set_auto_run("ann", "High IV; puts", true).await.unwrap(),
        Some(enabled.clone()),
        "again"
    );
    assert_eq!(store.list_screeners("ann").await.unwrap(), [enabled.clone()]);
    assert_eq!(store.screener("bob", "High IV; puts").await.unwrap().unwrap().screener, other);
    assert_eq!(store.screener("ann", "high iv; puts").await.unwrap(), None);
    assert_eq!(store.set_auto_run("cy", "High IV; puts", true).await.unwrap(), None);
    assert!(!store.delete_screener("cy", "High IV; puts").await.unwrap());
    assert!(store.delete_screener("bob", "High IV; puts").await.unwrap());
    assert!(!store.delete_screener("bob", "High IV; puts").await.unwrap());
    assert_eq!(store.screener("ann", "High IV; puts").await.unwrap(), Some(enabled));
    for bad in ["", "a\0b", &"n".repeat(129)] {
        let refused = store.save_screener("ann", &screener(bad, false)).await;
        assert!(matches!(refused, Err(StoreError::Invalid(_))), "{bad:?}: {refused:?}");
    }
    let large = NewScreener { criteria: json!("x".repeat(40_000)), ..screener("large", false) };
    assert!(matches!(store.save_screener("ann", &large).await, Err(StoreError::Invalid(_))));
}

pub(crate) async fn screeners_that_run_by_themselves_are_listed_by_page_and_bounded(bench: &Bench) {
    let store = bench.store().await;
    for number in 0..MAX_AUTO_RUN_SCREENERS {
        store.save_screener("ann", &screener(&format!("s{number:03}"), true)).await.unwrap();
    }
    for name in ["a", "b"] {
        store.save_screener("bob", &screener(name, name == "b")).await.unwrap();
    }
    let refuses = async |name: &str, auto_run: bool, reason: &str| match store
        .save_screener("ann", &screener(name, auto_run))
        .await
    {
        Err(StoreError::Invalid(error)) => assert!(error.contains(reason), "{error}"),
        other => panic!("{other:?}"),
    };
    refuses("one more", true, "disable one first").await;
    store.save_screener("ann", &screener("one more", false)).await.unwrap();
    let refused = store.set_auto_run("ann", "one more", true).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
    assert!(!store.screener("ann", "one more").await.unwrap().unwrap().screener.auto_run);
    let mut cursor = ScreenerCursor::default();
    let mut seen = Vec::new();
    loop {
        let page = store.auto_run_screeners(&cursor, 7).await.unwrap();
        let Some(last) = page.last() else { break };
        cursor = ScreenerCursor { user_id: last.user_id.clone(), name: last.screener.name.clone() };
        seen.extend(page.into_iter().map(|one| (one.user_id, one.screener.name)));
    }
    assert_eq!(seen.len(), MAX_AUTO_RUN_SCREENERS + 1);
    assert_eq!(seen.last(), Some(&("bob".to_owned(), "b".to_owned())));
    for number in MAX_AUTO_RUN_SCREENERS + 1..MAX_SAVED_SCREENERS {
        store.save_screener("ann", &screener(&format!("t{number:03}"), false)).await.unwrap();
    }
    refuses("too many", false, "delete one first").await;
    assert_eq!(store.list_screeners("ann").await.unwrap().len(), MAX_SAVED_SCREENERS);
}
