//! What is asked of a user's alerts, over a real store.

use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use serde_json::{Value, json};
use ttai_contract::{
    AlertAnswer, AlertDefinition, AlertRequest, ListAlerts, PauseAlerts, SaveAlertsParams, SnoozePriceAlert,
};
use ttai_core::{DailyBar, Message};
use ttai_ports::{
    AlertState, Deliveries, DeliveryFilter, DeliveryState, Firings, Leases, MessageRecord, MessageRoute,
    NewFiring, NewMessage, RecordedFiring,
};
use ttai_store::{Database, StoreUrl};

use super::save;
use crate::ports::Ports;
use crate::testing::{FakeMarket, ports};

struct Bench {
    ports: Ports,
    store: Arc<Database>,
    _folder: tempfile::TempDir,
}

/// A store, and a market in which AAPL closed at 645 a minute ago, after 650.
async fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let url: StoreUrl = folder.path().join("ttai.db").to_str().unwrap().parse().unwrap();
    let store = Arc::new(Database::open(&url).await.unwrap());
    let day = |day, close| {
        let date = NaiveDate::from_ymd_opt(2014, 6, day).unwrap();
        DailyBar::new(date, close, close + 1.0, close - 1.0, close, 390_000.0).unwrap()
    };
    let market = FakeMarket::of("AAPL", vec![day(4, 649.0), day(5, 650.0), day(6, 645.0)]);
    let (mut ports, _) = ports(market);
    ports.alerts = Arc::clone(&store) as _;
    ports.firings = Arc::clone(&store) as _;
    ports.leases = Arc::clone(&store) as _;
    ports.deliverer.deliveries = Arc::clone(&store) as _;
    Bench { ports, store, _folder: folder }
}

impl Bench {
    async fn ask(&self, request: AlertRequest) -> Vec<AlertAnswer> {
        let params = SaveAlertsParams { user_id: "ann".parse().unwrap(), request };
        save::save(&self.ports, params).await.unwrap().alerts
    }

    async fn one(&self, request: AlertRequest) -> AlertAnswer {
        self.ask(request).await.remove(0)
    }

    async fn add(&self, alert: Value) -> AlertAnswer {
        self.one(AlertRequest::Add(vec![definition(alert)])).await
    }
}

fn definition(alert: Value) -> AlertDefinition {
    serde_json::from_value(alert).unwrap()
}

fn price(id: &str, when: &str, level: &str) -> Value {
    of_symbol(id, "AAPL", when, level)
}

fn of_symbol(id: &str, symbol: &str, when: &str, level: &str) -> Value {
    json!({
        "id": id, "subject": {"kind": "symbol", "symbol": symbol},
        "when": {"kind": "price", "when": when, "level": level},
    })
}

#[tokio::test]
async fn the_same_alert_twice_is_one_and_another_of_its_id_is_refused() {
    let bench = bench().await;
    let first = bench.add(price("", "below", "640")).await;
    assert!(first.accepted && first.id.len() == 10, "{first:?}");
    assert_eq!(bench.add(price("", "below", "640")).await, first);
    let other = bench.add(price(&first.id, "below", "630")).await;
    assert!(!other.accepted && other.reason.unwrap().contains("another alert has this id"));
    let removed = bench.one(AlertRequest::Remove(vec![first.id.clone()])).await;
    assert_eq!((removed.accepted, removed.state.as_str()), (true, "removed"));
    assert!(
        bench.add(price(&first.id, "below", "630")).await.accepted,
        "an id that was removed can come again"
    );
}

#[tokio::test]
async fn what_cannot_be_watched_is_refused_with_its_reason() {
    let bench = bench().await;
    let refusals = bench
        .ask(AlertRequest::Add(vec![
            definition(of_symbol("a", "NOPE", "below", "640")),
            definition(price("b", "below", "-1")),
            definition(json!({
                "id": "c", "subject": {"kind": "symbol", "symbol": "AAPL"}, "expires_at": "2014-06-01T00:00:00Z",
                "when": {"kind": "price", "when": "below", "level": "640"},
            })),
            definition(price("d", "below", "640")),
        ]))
        .await;
    let accepted: Vec<bool> = refusals.iter().map(|answer| answer.accepted).collect();
    assert_eq!(accepted, [false, false, false, true], "one that is refused takes no other with it");
    assert!(refusals[..3].iter().all(|answer| answer.reason.is_some()), "{refusals:?}");
    let unknown = [
        AlertRequest::Remove(vec!["x".into()]),
        AlertRequest::Acknowledge(vec!["x".into()]),
        AlertRequest::Change(Box::new(definition(price("x", "below", "640")))),
        AlertRequest::Pause(PauseAlerts { ids: vec!["x".into()], paused: true }),
        AlertRequest::Snooze(SnoozePriceAlert { id: "x".into(), until: None }),
    ];
    for request in unknown {
        let answer = bench.one(request).await;
        assert!(!answer.accepted && answer.reason.is_some(), "{answer:?}");
    }
    let many = vec![definition(price("", "below", "640")); 501];
    let params = SaveAlertsParams { user_id: "ann".parse().unwrap(), request: AlertRequest::Add(many) };
    assert!(save::save(&bench.ports, params).await.is_err());
}

#[tokio::test]
async fn an_alert_is_paused_snoozed_and_changed() {
    let bench = bench().await;
    bench.add(price("a", "below", "640")).await;
    let pause = |paused| AlertRequest::Pause(PauseAlerts { ids: vec!["a".into()], paused });
    assert_eq!(bench.one(pause(true)).await.state, "paused");
    assert_eq!(bench.one(pause(false)).await.state, "armed");
    let until = Some("2014-06-09T14:00:00Z".parse().unwrap());
    let snoozed = bench.one(AlertRequest::Snooze(SnoozePriceAlert { id: "a".into(), until })).await;
    assert_eq!((snoozed.state.as_str(), snoozed.alert.unwrap().snoozed_until), ("snoozed", until));
    let changed = bench.one(AlertRequest::Change(Box::new(definition(price("a", "below", "630"))))).await;
    assert_eq!(changed.state, "armed");
    let listed = bench.ask(AlertRequest::List(ListAlerts::default())).await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].alert.as_ref().unwrap().snoozed_until, None);
}

#[tokio::test]
async fn a_test_says_what_is_already_true_and_arms_nothing() {
    let bench = bench().await;
    let down = |percent: u32| {
        json!({
            "subject": {"kind": "symbol", "symbol": "AAPL"},
            "when": {"kind": "percent_move", "direction": "down", "percent": percent},
        })
    };
    let alerts = [
        price("", "below", "646"),
        price("", "below", "640"),
        price("", "crosses", "640"),
        down(1),
        down(0),
        of_symbol("", "NOPE", "below", "646"),
    ];
    let answers = bench.ask(AlertRequest::Test(alerts.map(definition).to_vec())).await;
    let said: Vec<Option<&str>> = answers.iter().map(|answer| answer.already_true.as_deref()).collect();
    assert_eq!(
        said,
        [Some("AAPL below 646.00: 645.00 at 15:59 ET"), None, None, None, None, None],
        "{answers:?}"
    );
    let accepted: Vec<bool> = answers.iter().map(|answer| answer.accepted).collect();
    assert_eq!(accepted, [true, true, true, true, false, false]);
    assert_eq!(bench.ask(AlertRequest::List(ListAlerts::default())).await, []);
}

#[tokio::test]
async fn what_somebody_has_seen_is_not_sent_any_more() {
    let bench = bench().await;
    bench.add(price("a", "below", "640")).await;
    let fresh = bench.one(AlertRequest::Acknowledge(vec!["a".into()])).await;
    assert_eq!(fresh.reason.as_deref(), Some("it has fired nothing"));
    fire(&bench).await;
    let seen = bench.one(AlertRequest::Acknowledge(vec!["a".into()])).await;
    assert_eq!((seen.accepted, seen.state.as_str()), (true, "fired"), "nothing is on its way");
    let filter = DeliveryFilter { user_id: "ann".into(), ..DeliveryFilter::default() };
    let found = bench.store.list_deliveries(&filter).await.unwrap();
    let states: Vec<_> =
        found.iter().map(|one| (one.delivery.state, one.delivery.problem.as_deref())).collect();
    assert_eq!(states, [(DeliveryState::GivenUp, Some("acknowledged"))]);
}

/// The alert `a` fires; nothing is sent.
async fn fire(bench: &Bench) {
    let record = bench.ports.alerts.alert("ann", "a").await.unwrap().unwrap();
    let now = chrono::Utc::now();
    let message = NewMessage {
        record: MessageRecord {
            id: "m".into(),
            user_id: "ann".into(),
            message: Message { title: "AAPL below 640".into(), ..Message::default() },
            market: None,
            created_at: now,
            expires_at: now + chrono::TimeDelta::hours(1),
        },
        routes: vec![MessageRoute { channel: "desk".into(), held_until: None }],
    };
    let firing = NewFiring {
        user_id: "ann".into(),
        alert_id: "a".into(),
        arming: record.arming,
        version: record.version,
        market_time: Some(now),
        evidence: json!({}),
        next_state: AlertState::Fired,
        message,
    };
    let lease = bench.store.acquire_lease("l", "w", Duration::from_secs(60)).await.unwrap().unwrap();
    let recorded = bench.store.record_firings(&lease, record.shard, &[firing]).await.unwrap();
    assert!(matches!(recorded[..], [RecordedFiring::Recorded { .. }]), "{recorded:?}");
    assert_eq!(bench.ports.alerts.alert("ann", "a").await.unwrap().unwrap().state, AlertState::Firing);
}
