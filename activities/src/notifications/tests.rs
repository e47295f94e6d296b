//! Both activities over channels that end as their names say.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use chrono::NaiveDate;
use serde_json::json;
use sha2::{Digest, Sha256};
use ttai_contract::{ChannelFailure, FailureType, MessageArtifact};
use ttai_ports::{Artifact, Attachment, Notifier, PortError};

use super::*;
use crate::supervise::Progress;
use crate::testing::{FakeMarket, MemoryStore, ports, wavy_bars};

/// What a channel was asked to send: its name, the message, its files.
type Sent = (String, Message, Vec<Attachment>);

struct Named {
    channels: Vec<String>,
    sent: Mutex<Vec<Sent>>,
    /// While it is set, `down` and `lost` fail.
    outage: AtomicBool,
}

#[async_trait]
impl Notifier for Named {
    fn channels(&self) -> Vec<String> {
        self.channels.clone()
    }

    async fn send(&self, channel: &str, message: &Message, files: &[Attachment]) -> Result<(), PortError> {
        self.sent.lock().unwrap().push((channel.to_owned(), message.clone(), files.to_vec()));
        let (provider, detail) = (channel.to_owned(), "as asked".to_owned());
        let outage = self.outage.load(Ordering::SeqCst);
        match channel {
            "gone" => Err(PortError::Authentication { provider, detail }),
            "picky" if message.title.contains("BAD") => Err(PortError::Invalid { provider, detail }),
            "down" if outage => {
                let retry_after = Some(Duration::from_secs(7));
                Err(PortError::Unavailable { provider, detail, retry_after })
            }
            "refusing" if outage => Err(PortError::Unavailable { provider, detail, retry_after: None }),
            "lost" if outage => Err(PortError::OutcomeUnknown { provider, detail }),
            "silent" => std::future::pending().await,
            "slow" => {
                tokio::time::sleep(Duration::from_secs(8)).await;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// The channels and a store, and the attempts at one call.
struct Desk {
    named: Arc<Named>,
    ports: Ports,
    store: Arc<MemoryStore>,
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_402_081_200 + seconds, 0).unwrap()
}

impl Desk {
    fn with(channels: &[&str]) -> Self {
        let named = Arc::new(Named {
            channels: channels.iter().copied().map(str::to_owned).collect(),
            sent: Mutex::default(),
            outage: AtomicBool::new(true),
        });
        let day = NaiveDate::from_ymd_opt(2014, 6, 6).unwrap();
        let (ports, store) = ports(FakeMarket::of("XYZ", wavy_bars(day, 5, 0.0)));
        let ports = Ports { notifier: Arc::clone(&named) as Arc<dyn Notifier>, ..ports };
        Self { named, ports, store }
    }

    fn attempt(number: u32) -> Attempt {
        Attempt::new(number, "watch/run/3".to_owned(), at(0), Duration::from_secs(30))
    }

    async fn send(&self, params: NotificationParams, number: u32, seconds: i64) -> NotificationReceipt {
        let attempt = Self::attempt(number);
        let sender = Sender { ports: &self.ports, until: attempt.until };
        send::send(&sender, params, &attempt, at(seconds), &Progress::default()).await
    }

    /// One attempt at routing, and the details that the next one finds.
    async fn route(
        &self,
        alerts: Value,
        number: u32,
        details: Option<Value>,
        seconds: i64,
    ) -> (Result<(), AnalystError>, Option<Value>) {
        let attempt = Self::attempt(number);
        let sender = Sender { ports: &self.ports, until: attempt.until };
        let alerts = messages(serde_json::from_value(alerts).unwrap(), &attempt).unwrap();
        let ledger = Ledger::for_attempt(number, details.as_ref());
        let route = Route::new(sender, alerts, &attempt, ledger, Progress::default());
        let outcome = route.run(|| at(seconds)).await;
        let details = json!(route.ledger().to_string());
        (outcome, Some(details))
    }

    /// Channel, title and mark of what was sent since the last look.
    fn sent(&self) -> Vec<(String, String, bool)> {
        let sent = self.named.sent.lock().unwrap().drain(..).collect::<Vec<_>>();
        sent.into_iter().map(|(channel, message, _)| (channel, message.title, message.may_repeat)).collect()
    }
}

fn to(channels: &[&str], message: Message) -> NotificationParams {
    NotificationParams { channels: channels.iter().copied().map(str::to_owned).collect(), message }
}

fn entry(channel: &str, title: &str, may_repeat: bool) -> (String, String, bool) {
    (channel.to_owned(), title.to_owned(), may_repeat)
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_fails_holds_no_other_up() {
    let desk = Desk::with(&["good", "gone", "down", "lost", "silent"]);
    let receipt = desk.send(to(&[], Message::of_text("a")), 1, 0).await;
    assert_eq!((receipt.delivered, desk.sent().len()), (vec!["good".to_owned()], 5));
    let failed: Vec<(&str, bool, bool, Option<u64>)> = receipt
        .failed
        .iter()
        .map(|failed| {
            let ChannelFailure { retryable, may_have_arrived, retry_after_ms, .. } = *failed;
            (failed.channel.as_str(), retryable, may_have_arrived, retry_after_ms)
        })
        .collect();
    let expected = [
        ("gone", false, false, None),
        ("down", true, false, Some(7_000)),
        ("lost", true, true, None),
        ("silent", true, true, None),
    ];
    assert_eq!(failed, expected);
}

#[tokio::test]
async fn each_channel_is_asked_once_and_told_of_a_repeat() {
    let desk = Desk::with(&["good"]);
    let message = Message { may_repeat: true, ..Message::default() };
    let receipt = desk.send(to(&["good", "pigeon", "good"], message), 1, 0).await;
    assert_eq!(desk.sent(), [entry("good", "", true)]);
    assert_eq!(receipt.unknown, ["pigeon"]);
    // A second attempt follows only one that was lost, and may be a repeat whatever the caller knows.
    desk.send(to(&[], Message::default()), 2, 0).await;
    assert_eq!(desk.sent(), [entry("good", "", true)]);
}

#[tokio::test]
async fn a_message_without_an_id_gets_one_of_its_call() {
    let desk = Desk::with(&["good"]);
    for (message, id) in [
        (Message::of_text("a"), "watch/run/3"),
        (Message { delivery_id: "firing-7".to_owned(), ..Message::default() }, "firing-7"),
    ] {
        desk.send(to(&[], message), 1, 0).await;
        let sent = desk.named.sent.lock().unwrap().drain(..).collect::<Vec<_>>();
        assert_eq!(sent[0].1.delivery_id, id);
    }
}

#[tokio::test]
async fn a_message_past_its_expiry_is_not_sent_and_says_so() {
    let desk = Desk::with(&["good", "down"]);
    let day = 86_400;
    let receipt = desk.send(to(&["good", "pigeon"], Message::of_text("a")), 1, day).await;
    assert_eq!((receipt.expired, receipt.unknown), (vec!["good".to_owned()], vec!["pigeon".to_owned()]));
    assert!(receipt.delivered.is_empty() && receipt.failed.is_empty() && desk.sent().is_empty());
    let receipt = desk.send(to(&["good"], Message::of_text("a")), 1, day - 1).await;
    assert_eq!((receipt.delivered.len(), receipt.expires_at), (1, Some(at(day))));
    let said = Message { expires_at: Some(at(5)), ..Message::default() };
    assert_eq!(desk.send(to(&[], said), 1, 5).await.expired, ["good", "down"]);
}

#[tokio::test]
async fn files_come_from_the_store_and_a_missing_one_is_named() {
    let desk = Desk::with(&["good"]);
    let stored = Artifact { media_type: "image/png".to_owned(), bytes: b"png".to_vec() };
    let there = desk.ports.artifacts.put(&stored).await.unwrap().sha256;
    assert!(desk.store.bytes(&there).is_some());
    let gone: String = Sha256::digest(b"gone").iter().map(|byte| format!("{byte:02x}")).collect();
    let file = |sha256: &str, name: &str| MessageArtifact {
        sha256: sha256.to_owned(),
        file_name: name.to_owned(),
        media_type: "image/png".to_owned(),
    };
    let artifacts = vec![file(&there, "aapl.png"), file(&gone, "spy.png")];
    let receipt = desk.send(to(&[], Message { artifacts, ..Message::of_text("two charts") }), 1, 0).await;
    assert_eq!(receipt.delivered, ["good"]);
    let (_, message, files) = desk.named.sent.lock().unwrap().remove(0);
    assert_eq!(
        (files.len(), files[0].file_name.as_str(), files[0].bytes.as_slice()),
        (1, "aapl.png", &b"png"[..])
    );
    assert_eq!(message.text, "two charts\n\nspy.png is missing: the store does not have it");
}

/// 000, verbatim: the dicts of check_news_activity and of PortfolioMonitorWorkflow.
fn seeds_alerts() -> Value {
    json!([
        {"type": "news", "symbol": "AAPL", "title": "Apple recalls a phone", "url": "https://news.example.org/1", "significance": 0.85},
        {"type": "pnl_warning", "message": "Daily P&L: -2.5%", "severity": "warning"},
        {"type": "margin_warning", "message": "Margin utilization: 85%", "severity": "warning"},
    ])
}

#[tokio::test]
async fn the_seeds_alerts_reach_every_channel_in_their_order_each_with_its_id() {
    let desk = Desk::with(&["good", "picky"]);
    let (outcome, _) = desk.route(seeds_alerts(), 1, None, 0).await;
    outcome.unwrap();
    let sent = desk.named.sent.lock().unwrap().clone();
    for channel in ["good", "picky"] {
        let of_channel: Vec<(&str, &str)> = sent
            .iter()
            .filter(|(own, ..)| own == channel)
            .map(|(_, message, _)| (message.title.as_str(), message.delivery_id.as_str()))
            .collect();
        let expected = [
            ("AAPL: Apple recalls a phone", "watch/run/3/alert-0"),
            ("P&L warning", "watch/run/3/alert-1"),
            ("Margin warning", "watch/run/3/alert-2"),
        ];
        assert_eq!(of_channel, expected);
    }
    assert!(sent.iter().all(|(_, message, _)| message.expires_at == Some(at(86_400)) && !message.may_repeat));
}

#[tokio::test]
async fn an_outage_of_an_hour_is_sat_out_and_nothing_is_sent_twice() {
    let desk = Desk::with(&["good", "refusing"]);
    let (mut details, mut seconds, mut number) = (None, 0, 1);
    while seconds < 3_600 {
        let (outcome, next) = desk.route(seeds_alerts(), number, details, seconds).await;
        let error = outcome.unwrap_err();
        assert!(error.failure_type().is_retryable(), "{error}");
        let wait = i64::try_from(error.retry_after().unwrap().as_secs()).unwrap();
        assert!((1..=900).contains(&wait), "{wait}");
        (details, seconds, number) = (next, seconds + wait, number + 1);
    }
    assert!(number < 20, "{number} attempts");
    let during = desk.sent();
    assert_eq!(during.iter().filter(|(channel, ..)| channel == "good").count(), 3);
    desk.named.outage.store(false, Ordering::SeqCst);
    desk.route(seeds_alerts(), number, details, seconds).await.0.unwrap();
    let titles = ["AAPL: Apple recalls a phone", "P&L warning", "Margin warning"];
    assert_eq!(desk.sent(), titles.map(|title| entry("refusing", title, false)));
}

#[tokio::test]
async fn a_channel_is_not_asked_before_the_time_that_it_named() {
    let desk = Desk::with(&["down", "lost"]);
    let alert = json!([{"title": "a"}]);
    let (outcome, details) = desk.route(alert.clone(), 1, None, 0).await;
    assert_eq!(outcome.unwrap_err().retry_after(), Some(Duration::from_secs(1)), "the first of both");
    assert_eq!(desk.sent().len(), 2);
    // What may have arrived is marked; the other is not even asked.
    let (outcome, details) = desk.route(alert.clone(), 2, details, 1).await;
    assert_eq!(desk.sent(), [entry("lost", "a", true)]);
    assert_eq!(outcome.unwrap_err().retry_after(), Some(Duration::from_secs(2)));
    desk.named.outage.store(false, Ordering::SeqCst);
    desk.route(alert, 3, details, 7).await.0.unwrap();
    assert_eq!(desk.sent(), [entry("down", "a", false), entry("lost", "a", true)]);
}

#[tokio::test]
async fn after_a_lost_attempt_what_is_open_is_marked() {
    let desk = Desk::with(&["good"]);
    desk.route(json!([{"title": "a"}]), 2, None, 0).await.0.unwrap();
    assert_eq!(desk.sent(), [entry("good", "a", true)]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_channel_goes_on_where_it_stopped() {
    let desk = Desk::with(&["slow"]);
    let alerts = Value::Array((0..5).map(|number| json!({"title": number.to_string()})).collect());
    let (outcome, details) = desk.route(alerts.clone(), 1, None, 0).await;
    let error = outcome.unwrap_err();
    assert!(error.to_string().contains("2 of 5 alerts still to send over 'slow' (out of time)"), "{error}");
    desk.route(alerts, 2, details, 30).await.0.unwrap();
    let expected: Vec<_> = (0..5).map(|number| entry("slow", &number.to_string(), false)).collect();
    assert_eq!(desk.sent(), expected);
}

#[tokio::test]
async fn what_reaches_somebody_is_no_failure_and_what_reaches_nobody_is_one() {
    let some = json!([{"title": "BAD"}, {"title": "fine"}]);
    let desk = Desk::with(&["good", "picky", "gone"]);
    desk.route(some.clone(), 1, None, 0).await.0.unwrap();
    assert_eq!(
        desk.sent().iter().filter(|(channel, ..)| channel == "gone").count(),
        1,
        "a dead channel is asked once"
    );
    for (channels, expected) in [
        (&["picky", "gone"][..], "1 of 2 alerts reached nobody"),
        (&["gone"], "2 of 2 alerts reached nobody"),
        (&[], "no channel is configured"),
    ] {
        let error = Desk::with(channels).route(some.clone(), 1, None, 0).await.0.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(error.failure_type(), FailureType::ValidationError);
    }
}

#[tokio::test]
async fn at_the_expiry_the_attempts_end() {
    let desk = Desk::with(&["refusing"]);
    let alerts = json!([{"title": "a"}, {"title": "b"}]);
    let (_, details) = desk.route(alerts.clone(), 1, None, 0).await;
    let error = desk.route(alerts, 2, details, 86_400).await.0.unwrap_err();
    assert_eq!(desk.sent().len(), 1);
    assert!(!error.failure_type().is_retryable());
    let said = error.to_string();
    assert!(said.contains("'refusing': expired: refusing is unavailable: as asked"), "{said}");
}

#[tokio::test]
async fn no_wait_is_longer_than_the_expiry() {
    let desk = Desk::with(&["down"]);
    let alert = json!([{"title": "a"}]);
    let (outcome, details) = desk.route(alert.clone(), 1, None, 86_395).await;
    assert_eq!(
        outcome.unwrap_err().retry_after(),
        Some(Duration::from_secs(5)),
        "not the 7 s that it asked for"
    );
    let error = desk.route(alert, 2, details, 86_400).await.0.unwrap_err();
    assert!(error.to_string().contains("expired"), "{error}");
}

#[test]
fn what_is_out_of_bounds_is_refused_at_the_door_with_its_place() {
    let long = || "x".repeat(65_537);
    let error =
        messages(serde_json::from_value(json!([{}, {"message": long()}])).unwrap(), &Desk::attempt(1));
    assert_eq!(
        error.unwrap_err().to_string(),
        "alerts[1].text: 65537 characters exceed the maximum of 65536"
    );
    let error = accept(Lenient::Read(to(&[], Message::of_text(long())))).unwrap_err();
    assert_eq!(error.to_string(), "message.text: 65537 characters exceed the maximum of 65536");
    let malformed: Lenient<NotificationParams> =
        ttai_contract::lenient::read(Vec::new()).map_or_else(Lenient::Malformed, Lenient::Read);
    let error = accept(malformed).unwrap_err().to_string();
    assert!(error.starts_with("argument: no argument was sent"), "{error}");
}
