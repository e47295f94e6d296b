//! Alerts and their feed; firings and who may record them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use ttai_ports::{
    AlertChange, AlertFilter, AlertRecord, AlertState, Alerts, ArmedShard, ChangedAlert, Deliveries,
    DeliveryFilter, FiringFilter, Firings, LeaseGrant, Leases, MAX_SAVED_ALERTS, Messages, NewAlert,
    NewFiring, RecordedFiring, SET_SHARDS, SavedAlert, StoreError,
};
use ttai_store::Database;

use super::{Bench, claim_all, message, sent};

pub(crate) const SPAN: Duration = Duration::from_secs(60);

pub(crate) fn alert(id: &str) -> NewAlert {
    NewAlert {
        user_id: "ann".into(),
        id: id.into(),
        shard: 0,
        symbol: "AAPL".into(),
        state: AlertState::Armed,
        definition: json!({"symbol": "AAPL", "below": "90"}),
        client_key: format!("key/{id}"),
    }
}

fn firing(alert: &AlertRecord, next_state: AlertState) -> NewFiring {
    let id = format!("firing/{}/{}", alert.id, alert.arming);
    NewFiring {
        user_id: alert.user_id.clone(),
        alert_id: alert.id.clone(),
        arming: alert.arming,
        version: alert.version,
        market_time: Some("2014-06-06T14:42:00Z".parse().unwrap()),
        evidence: json!({"price": "89.97"}),
        next_state,
        message: message(&id, &["desk", "log"]),
    }
}

async fn lease(store: &Database, holder: &str) -> LeaseGrant {
    store.acquire_lease("alerts/0", holder, SPAN).await.unwrap().unwrap()
}

async fn created(store: &Database, new: NewAlert) -> AlertRecord {
    let saved = store.save_alerts(&[new]).await.unwrap().remove(0);
    is_created(saved).unwrap()
}

/// The row of an alert that is new.
fn is_created(saved: SavedAlert) -> Option<AlertRecord> {
    match saved {
        SavedAlert::Created(record) => Some(record),
        _ => None,
    }
}

async fn read(store: &Database, id: &str) -> AlertRecord {
    store.alert("ann", id).await.unwrap().unwrap()
}

pub(crate) async fn an_alert_is_saved_once_under_its_key(bench: &Bench) {
    let store = bench.store().await;
    let first = created(&store, alert("a")).await;
    assert_eq!((first.arming, first.version, first.state), (1, 1, AlertState::Armed));
    // A random id of the second try makes no second alert.
    let again = NewAlert { id: "b".into(), ..alert("a") };
    let other = NewAlert { definition: json!({"below": 80}), ..alert("a") };
    let foreign = NewAlert { client_key: "another".into(), ..alert("a") };
    let bobs = NewAlert { user_id: "bob".into(), ..alert("a") };
    let saved = store.save_alerts(&[alert("a"), again, other, foreign, bobs, alert("c"), alert("c")]).await;
    let saved = saved.unwrap();
    assert_eq!(saved[0], SavedAlert::Existing(first.clone()));
    assert_eq!(saved[1], SavedAlert::Existing(first.clone()));
    assert_eq!(saved[2], SavedAlert::KeyUsed("a".into()));
    assert_eq!(saved[3], SavedAlert::IdUsed);
    assert!(matches!(&saved[4], SavedAlert::Created(record) if record.user_id == "bob"), "{saved:?}");
    assert!(matches!(&saved[5], SavedAlert::Created(record) if record.id == "c"), "{saved:?}");
    assert!(matches!(&saved[6], SavedAlert::Existing(record) if record.id == "c"), "{saved:?}");
    // A repeat is known by what was first asked for, whatever became of it.
    let change = AlertChange { definition: Some(json!({"below": 70})), ..AlertChange::default() };
    store.change_alert("ann", "a", &change).await.unwrap();
    let repeat = store.save_alerts(&[alert("a")]).await.unwrap().remove(0);
    assert!(matches!(repeat, SavedAlert::Existing(record) if record.definition == json!({"below": 70})));
    assert_eq!((store.count_alerts("ann").await, store.count_alerts("eve").await), (Ok(2), Ok(0)));
    // What is paused needs nobody who watches it; what is silent for a while does.
    let armed = |user_id: &str, alerts| ArmedShard { user_id: user_id.to_owned(), shard: 0, alerts };
    assert_eq!(store.armed_shards().await, Ok(vec![armed("ann", 2), armed("bob", 1)]));
    for (user, state) in [("ann", AlertState::Snoozed), ("bob", AlertState::Paused)] {
        let change = AlertChange { state: Some(state), ..AlertChange::default() };
        store.change_alert(user, "a", &change).await.unwrap();
    }
    assert_eq!(store.armed_shards().await, Ok(vec![armed("ann", 2)]));
    // An alert over a set is watched by its members.
    created(&store, NewAlert { shard: SET_SHARDS, ..alert("set") }).await;
    assert_eq!(store.armed_shards().await, Ok(vec![armed("ann", 2)]));
}

pub(crate) async fn alerts_out_of_bounds_are_refused(bench: &Bench) {
    let store = bench.store().await;
    let refused = [
        NewAlert { id: String::new(), ..alert("a") },
        NewAlert { user_id: "a\u{0}".into(), ..alert("a") },
        NewAlert { client_key: "k".repeat(257), ..alert("a") },
        NewAlert { symbol: "x".repeat(257), ..alert("a") },
        NewAlert { state: AlertState::Fired, ..alert("a") },
        NewAlert { definition: json!("x".repeat(70_000)), ..alert("a") },
    ];
    for new in refused {
        let answer = store.save_alerts(&[alert("fine"), new]).await;
        assert!(matches!(answer, Err(StoreError::Invalid(_))), "{answer:?}");
    }
    let many: Vec<NewAlert> = (0..=MAX_SAVED_ALERTS).map(|number| alert(&number.to_string())).collect();
    assert!(matches!(store.save_alerts(&many).await, Err(StoreError::Invalid(_))));
    assert_eq!(store.count_alerts("ann").await, Ok(0), "none of a batch that was refused");
    let firing = AlertChange { state: Some(AlertState::Firing), ..AlertChange::default() };
    assert!(matches!(store.change_alert("ann", "a", &firing).await, Err(StoreError::Invalid(_))));
    let page = AlertFilter { limit: Some(1_001), ..AlertFilter::default() };
    assert!(matches!(store.list_alerts(&page).await, Err(StoreError::Invalid(_))));
    let hostile = alert("'; DROP TABLE alerts; -- %_\\ 🚀");
    let saved = created(&store, hostile.clone()).await;
    assert_eq!((saved.id, saved.client_key), (hostile.id, hostile.client_key));
}

pub(crate) async fn an_alert_changes_pauses_and_is_removed(bench: &Bench) {
    let store = bench.store().await;
    let first = created(&store, alert("a")).await;
    let change = AlertChange {
        version: Some(1),
        definition: Some(json!({"below": "85"})),
        symbol: Some("MSFT".into()),
        state: Some(AlertState::Paused),
    };
    let answer = store.change_alert("ann", "a", &change).await.unwrap();
    let changed = read(&store, "a").await;
    assert_eq!(answer, ChangedAlert::Changed(changed.clone()));
    assert_eq!((changed.version, changed.state, changed.symbol.as_str()), (2, AlertState::Paused, "MSFT"));
    assert!(changed.revision > first.revision);
    let anew = store.change_alert("ann", "a", &change).await.unwrap();
    assert_eq!(anew, ChangedAlert::Superseded(changed.clone()));
    let repeat = AlertChange { version: None, ..change };
    assert_eq!(store.change_alert("ann", "a", &repeat).await, Ok(ChangedAlert::Changed(changed)));
    assert_eq!(store.change_alert("ann", "x", &repeat).await, Ok(ChangedAlert::Absent));

    let removed = store.remove_alert("ann", "a").await.unwrap().unwrap();
    assert_eq!(removed.state, AlertState::Removed);
    assert_eq!(store.remove_alert("ann", "a").await, Ok(Some(removed.clone())));
    assert_eq!(store.remove_alert("ann", "x").await, Ok(None));
    assert_eq!(store.change_alert("ann", "a", &repeat).await, Ok(ChangedAlert::Absent));
    assert_eq!(store.save_alerts(&[alert("a")]).await.unwrap(), [SavedAlert::Existing(removed.clone())]);
    // With a new key the id is free again, and goes on counting.
    let anew = NewAlert { client_key: "key/anew".into(), ..alert("a") };
    let anew = created(&store, anew).await;
    assert!(anew.revision > removed.revision && anew.arming > removed.arming, "{anew:?}");
    assert_eq!(anew.state, AlertState::Armed);
}

pub(crate) async fn alerts_are_listed_by_page_symbol_and_state(bench: &Bench) {
    let store = bench.store().await;
    for batch in 0..3 {
        let new: Vec<NewAlert> = (0..5)
            .map(|number| NewAlert {
                symbol: if number % 2 == 0 { "AAPL".into() } else { "SPY".into() },
                ..alert(&format!("{batch}-{number}"))
            })
            .collect();
        store.save_alerts(&new).await.unwrap();
    }
    store.remove_alert("ann", "0-0").await.unwrap();
    let pause = AlertChange { state: Some(AlertState::Paused), ..AlertChange::default() };
    store.change_alert("ann", "1-1", &pause).await.unwrap();
    let of = |symbol: Option<&str>, states: &[AlertState]| AlertFilter {
        user_id: "ann".into(),
        symbol: symbol.map(Into::into),
        states: states.to_vec(),
        ..AlertFilter::default()
    };
    let count = async |filter: AlertFilter| store.list_alerts(&filter).await.unwrap().len();
    assert_eq!(count(of(None, &[])).await, 14);
    assert_eq!(count(of(Some("AAPL"), &[])).await, 8);
    assert_eq!(count(of(Some("SPY"), &[AlertState::Paused])).await, 1);
    assert_eq!(count(of(None, &[AlertState::Removed, AlertState::Paused])).await, 2);
    assert_eq!(count(AlertFilter { user_id: "bob".into(), ..AlertFilter::default() }).await, 0);
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let filter = AlertFilter { limit: Some(4), after, ..of(None, &[]) };
        let page = store.list_alerts(&filter).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.cursor());
        seen.extend(page.into_iter().map(|alert| alert.id));
    }
    assert_eq!(seen.len(), 14);
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 14);
    assert_eq!((seen[0].as_str(), seen[13].as_str()), ("2-4", "0-1"));
}

/// Two pools write at once, and the reader never sees a revision before a lower one.
pub(crate) async fn the_feed_misses_no_change(bench: &Bench) {
    const WRITERS: usize = 4;
    const EACH: usize = 25;
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let store = bench.store().await;
        writers.push(tokio::spawn(async move {
            for number in 0..EACH {
                let id = format!("{writer}-{number}");
                created(&store, alert(&id)).await;
                if number % 5 == 0 {
                    store.remove_alert("ann", &id).await.unwrap();
                }
            }
        }));
    }
    let store = bench.store().await;
    let (mut cursor, mut seen) = (0, BTreeSet::new());
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let finished = writers.iter().all(tokio::task::JoinHandle::is_finished);
        let changes = store.changes_since(0, cursor, 7).await.unwrap();
        for change in &changes {
            assert!(change.revision > cursor);
            cursor = change.revision;
            seen.insert(change.id.clone());
        }
        if finished && changes.is_empty() {
            break;
        }
        assert!(Instant::now() < deadline, "the writers do not end");
        tokio::task::yield_now().await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(seen.len(), WRITERS * EACH);
    let all = store.changes_since(0, 0, 1_000).await.unwrap();
    let removed = all.iter().filter(|alert| alert.state == AlertState::Removed).count();
    assert_eq!((all.len(), removed), (WRITERS * EACH, WRITERS * EACH / 5));
    assert!(all.windows(2).all(|pair| pair[0].revision < pair[1].revision));
    assert_eq!(store.changes_since(7, 0, 10).await, Ok(vec![]));
}

pub(crate) async fn a_firing_is_recorded_once_with_its_message(bench: &Bench) {
    let store = bench.store().await;
    let lease = lease(&store, "w1").await;
    let new = created(&store, alert("a")).await;
    let fired = [firing(&new, AlertState::Fired)];
    let recorded = store.record_firings(&lease, 0, &fired).await.unwrap();
    let now = read(&store, "a").await;
    assert_eq!(recorded, [RecordedFiring::Recorded { revision: now.revision }]);
    assert_eq!((now.state, now.arming), (AlertState::Firing, 2));
    assert_eq!(
        store.record_firings(&lease, 0, &fired).await.unwrap(),
        [RecordedFiring::AlreadyThere],
        "after a lost answer"
    );
    assert_eq!(read(&store, "a").await, now);
    let id = "firing/a/1";
    assert_eq!(store.message(id).await.unwrap().unwrap(), fired[0].message.record);
    let history = FiringFilter { user_id: "ann".into(), alert_id: Some("a".into()), ..Default::default() };
    let history = store.list_firings(&history).await.unwrap();
    assert_eq!((history.len(), &history[0].evidence), (1, &json!({"price": "89.97"})));
    assert_eq!(history[0].message_id, id);

    // It fires until every channel has settled it.
    let claims = claim_all(&store, "w1").await;
    assert_eq!(claims.len(), 2);
    for (claim, state) in claims.into_iter().zip([AlertState::Firing, AlertState::Fired]) {
        assert_eq!(store.settle_deliveries(&[sent(claim)]).await, Ok(1));
        assert_eq!(read(&store, "a").await.state, state);
    }
    let firing_now =
        AlertFilter { user_id: "ann".into(), states: vec![AlertState::Firing], ..Default::default() };
    assert_eq!(store.list_alerts(&firing_now).await, Ok(vec![]));
}

pub(crate) async fn only_what_is_armed_fires_and_only_as_it_is(bench: &Bench) {
    let store = bench.store().await;
    let lease = lease(&store, "w1").await;
    let mut alerts = Vec::new();
    for id in ["gone", "paused", "changed", "elsewhere", "repeating"] {
        let shard = u32::from(id == "elsewhere");
        alerts.push(created(&store, NewAlert { shard, ..alert(id) }).await);
    }
    let mut batch: Vec<NewFiring> = alerts.iter().map(|alert| firing(alert, AlertState::Armed)).collect();
    let second = AlertRecord { arming: 2, ..alerts[4].clone() };
    batch.push(firing(&second, AlertState::Armed));
    batch.push(batch[4].clone());
    batch.push(firing(&AlertRecord { arming: 9, ..alerts[4].clone() }, AlertState::Armed));
    store.remove_alert("ann", "gone").await.unwrap();
    let pause = AlertChange { state: Some(AlertState::Paused), ..AlertChange::default() };
    store.change_alert("ann", "paused", &pause).await.unwrap();
    let change = AlertChange { definition: Some(json!({"below": "80"})), ..AlertChange::default() };
    store.change_alert("ann", "changed", &change).await.unwrap();
    let recorded = store.record_firings(&lease, 0, &batch).await.unwrap();
    assert_eq!(recorded[0], RecordedFiring::NotArmed(Some(AlertState::Removed)));
    assert_eq!(recorded[1], RecordedFiring::NotArmed(Some(AlertState::Paused)));
    assert_eq!(recorded[2], RecordedFiring::Superseded);
    assert_eq!(recorded[3], RecordedFiring::NotArmed(None));
    assert!(matches!(recorded[4], RecordedFiring::Recorded { .. }), "{recorded:?}");
    assert!(matches!(recorded[5], RecordedFiring::Recorded { .. }), "{recorded:?}");
    assert_eq!(recorded[6], RecordedFiring::AlreadyThere);
    assert_eq!(recorded[7], RecordedFiring::Superseded);
    assert_eq!(read(&store, "repeating").await.arming, 3);
    let told = DeliveryFilter { user_id: "ann".into(), ..DeliveryFilter::default() };
    assert_eq!(store.list_deliveries(&told).await.unwrap().len(), 4, "two channels each");
    let mut wrong = firing(&read(&store, "repeating").await, AlertState::Firing);
    assert!(matches!(
        store.record_firings(&lease, 0, std::slice::from_ref(&wrong)).await,
        Err(StoreError::Invalid(_))
    ));
    wrong.next_state = AlertState::Armed;
    wrong.message.record.user_id = "bob".into();
    assert!(matches!(store.record_firings(&lease, 0, &[wrong]).await, Err(StoreError::Invalid(_))));
}

pub(crate) async fn a_stale_holder_records_nothing(bench: &Bench) {
    let (store, other) = (bench.store().await, bench.store().await);
    let old = lease(&store, "w1").await;
    let new = created(&store, alert("a")).await;
    assert_eq!(other.acquire_lease("alerts/0", "w2", SPAN).await, Ok(None), "it is held");
    assert_eq!(store.acquire_lease("alerts/0", "w1", SPAN).await.unwrap().unwrap().number, old.number);
    bench.tamper("UPDATE leases SET expires_at = 5").await.close().await;
    assert!(store.lease("alerts/0").await.unwrap().unwrap().is_free);
    // Its time is over, but nobody has it: what it writes is still in order.
    let first = store.record_firings(&old, 0, &[firing(&new, AlertState::Armed)]).await.unwrap();
    assert!(matches!(first[..], [RecordedFiring::Recorded { .. }]));
    let taken = other.acquire_lease("alerts/0", "w2", SPAN).await.unwrap().unwrap();
    assert_eq!(taken.number, old.number + 1);
    let second = AlertRecord { arming: 2, ..new };
    let refused = store.record_firings(&old, 0, &[firing(&second, AlertState::Armed)]).await;
    assert_eq!(refused, Err(StoreError::StaleLease { name: "alerts/0".into(), number: old.number }));
    assert_eq!(store.renew_lease(&old, SPAN).await, Ok(None));
    assert_eq!(store.release_lease(&old).await, Ok(false));
    let recorded = other.record_firings(&taken, 0, &[firing(&second, AlertState::Armed)]).await.unwrap();
    assert!(matches!(recorded[..], [RecordedFiring::Recorded { .. }]));

    assert_eq!(other.renew_lease(&taken, SPAN).await.unwrap().unwrap().number, taken.number);
    assert_eq!(other.release_lease(&taken).await, Ok(true));
    assert!(matches!(other.record_firings(&taken, 0, &[]).await, Err(StoreError::StaleLease { .. })));
    let read = store.lease("alerts/0").await.unwrap().unwrap();
    assert_eq!((read.holder, read.is_free, read.number), (None, true, taken.number));
    assert_eq!(store.acquire_lease("alerts/0", "w1", SPAN).await.unwrap().unwrap().number, taken.number + 1);
    assert_eq!(store.lease("none").await, Ok(None));
}

pub(crate) async fn a_checkpoint_is_of_the_last_holder(bench: &Bench) {
    let (store, other) = (bench.store().await, bench.store().await);
    assert_eq!(store.checkpoint("alerts/0").await, Ok(None));
    let old = lease(&store, "w1").await;
    assert_eq!(store.save_checkpoint(&old, "{\"a\":1}").await, Ok(true));
    assert_eq!(store.save_checkpoint(&old, "{\"a\":2}").await, Ok(true));
    bench.tamper("UPDATE leases SET expires_at = 5").await.close().await;
    let taken = other.acquire_lease("alerts/0", "w2", SPAN).await.unwrap().unwrap();
    assert_eq!(other.checkpoint("alerts/0").await.unwrap().as_deref(), Some("{\"a\":2}"));
    assert_eq!(store.save_checkpoint(&old, "late").await, Ok(false), "somebody else has it");
    assert_eq!(other.save_checkpoint(&taken, "{}").await, Ok(true));
    assert_eq!(store.checkpoint("alerts/0").await.unwrap().as_deref(), Some("{}"));
}

/// A lease that many want at once has one holder.
pub(crate) async fn a_lease_has_one_holder(bench: &Bench) {
    let stores = [bench.store().await, bench.store().await];
    let wants = (0..8).map(|number| {
        let store = Arc::clone(&stores[number % 2]);
        tokio::spawn(async move { store.acquire_lease("one", &format!("w{number}"), SPAN).await.unwrap() })
    });
    let mut granted = Vec::new();
    for want in wants.collect::<Vec<_>>() {
        granted.extend(want.await.unwrap());
    }
    assert_eq!(granted.len(), 1, "{granted:?}");
}

/// As many as may fire at an open: within two seconds.
pub(crate) async fn a_thousand_firings_are_recorded_at_once(bench: &Bench) {
    let store = bench.store().await;
    let lease = lease(&store, "w1").await;
    let mut batch = Vec::new();
    for half in 0..2 {
        let new: Vec<NewAlert> = (0..500).map(|number| alert(&format!("{half}-{number}"))).collect();
        for saved in store.save_alerts(&new).await.unwrap() {
            batch.push(firing(&is_created(saved).unwrap(), AlertState::Fired));
        }
    }
    let began = Instant::now();
    let recorded = store.record_firings(&lease, 0, &batch).await.unwrap();
    let took = began.elapsed();
    println!("1,000 firings with 2,000 deliveries recorded in {} ms", took.as_millis());
    assert!(recorded.iter().all(|outcome| matches!(outcome, RecordedFiring::Recorded { .. })));
    assert_eq!(store.delivery_backlog().await.unwrap().open, 2_000);
}
