//! Discord's webhook.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::json;
use ttai_http::LocalLimits;
use ttai_notify::Channels;
use ttai_ports::{AccountLimits, Message, Notifier, PortError, RateLimit};
use ttai_sim::server::RunningSim;
use ttai_sim::server::faults::FaultAction;

use crate::support::{alert, arm, channel, channel_with, chart, charts, huge, sim};

fn settings(sim: &RunningSim, token: &str) -> serde_json::Value {
    json!({"type": "discord", "url": format!("{}/api/webhooks/123/{token}", sim.endpoints.discord)})
}

fn discord(sim: &RunningSim, token: &str) -> Channels {
    channel(settings(sim, token))
}

#[tokio::test]
async fn an_alert_arrives_with_its_chart() {
    let sim = sim().await;
    discord(&sim, "t").send("test", &alert(), &chart()).await.unwrap();
    let [message] = &sim.state.inbox.read(Some("discord"))[..] else { panic!("not one message") };
    let embed = &message.body["embeds"][0];
    assert_eq!(embed["author"]["name"], "Price alert");
    assert_eq!(embed["title"], "Warning: AAPL touched 200");
    assert_eq!(embed["image"]["url"], "attachment://chart.png");
    assert_eq!(embed["fields"][1]["value"], "-0.31");
    assert_eq!(message.body["allowed_mentions"], json!({"parse": []}));
    let file = &message.files[0];
    assert_eq!((file.file_name.as_str(), file.media_type.as_str(), file.size), ("chart.png", "image/png", 8));
    assert_eq!(file.sha256, "4c4b6a3be1314ab86138bef4314dde022e600960d8689a2c8f8631802d20dab6");
}

#[tokio::test]
async fn a_huge_message_arrives_in_one_piece() {
    let sim = sim().await;
    discord(&sim, "t").send("test", &huge(), &charts()).await.unwrap();
    let messages = sim.state.inbox.read(Some("discord"));
    assert_eq!((messages.len(), messages[0].files.len()), (1, 10));
    assert!(messages[0].files.iter().any(|file| file.file_name == "message.txt" && file.size > 500_000));
}

#[tokio::test]
async fn without_files_it_is_json() {
    let sim = sim().await;
    let message = Message { may_repeat: true, ..alert() };
    discord(&sim, "t").send("test", &message, &[]).await.unwrap();
    let message = &sim.state.inbox.read(None)[0];
    assert!(message.headers.contains(&("content-type".to_owned(), "application/json".to_owned())));
    let footer = message.body["embeds"][0]["footer"]["text"].as_str().unwrap().to_owned();
    assert!(footer.starts_with("May repeat"), "{footer}");
}

#[tokio::test]
async fn a_dead_webhook_is_not_asked_again() {
    let sim = sim().await;
    for token in ["deleted", "wrong"] {
        let channel = discord(&sim, token);
        for _ in 0..3 {
            let error = channel.send("test", &alert(), &chart()).await.unwrap_err();
            assert!(matches!(&error, PortError::Authentication { .. }), "{error}");
            assert!(error.to_string().contains("create a new one"), "{error}");
        }
    }
    // Had it been asked each time, the sixth question would be answered 429.
    let error = discord(&sim, "deleted").send("test", &alert(), &chart()).await.unwrap_err();
    assert!(matches!(error, PortError::Authentication { .. }), "{error}");
}

#[tokio::test]
async fn each_fault_has_its_meaning() {
    let sim = sim().await;
    let after =
        |seconds| FaultAction::Status { status: 429, retry_after: Some(seconds), body: String::new() };
    let limited = r#"{"message":"You are being rate limited.","retry_after":0.05,"global":false,"code":0}"#;
    let limited = FaultAction::Status { status: 429, retry_after: Some(1), body: limited.to_owned() };
    let status = |status| FaultAction::Status { status, retry_after: None, body: String::new() };
    for (fault, wanted, delivered) in [
        (limited, "unavailable", 0),
        (after(0), "unavailable", 0),
        (status(401), "credentials", 0),
        (status(503), "unknown", 0),
        (FaultAction::Reset, "unknown", 0),
        (FaultAction::LostReply, "unknown", 1),
        (FaultAction::CutBody { after_bytes: 20 }, "unknown", 1),
    ] {
        sim.state.inbox.clear(None);
        let shown = format!("{fault:?}");
        arm(&sim, "discord", fault);
        let error =
            discord(&sim, &format!("t{}", shown.len())).send("test", &alert(), &chart()).await.unwrap_err();
        assert!(error.to_string().contains(wanted), "{shown}: {error}");
        assert_eq!(sim.state.inbox.read(None).len(), delivered, "{shown}");
    }
}

#[tokio::test]
async fn a_late_answer_is_waited_for() {
    let sim = sim().await;
    arm(&sim, "discord", FaultAction::Latency { milliseconds: 50 });
    discord(&sim, "t").send("test", &alert(), &chart()).await.unwrap();
}

/// Notes the pauses instead of waiting for them.
#[derive(Default)]
struct Noted {
    inner: LocalLimits,
    pauses: std::sync::Mutex<Vec<(String, chrono::Duration)>>,
}

#[async_trait]
impl AccountLimits for Noted {
    async fn acquire(&self, account: &str, rate: RateLimit) -> Result<(), PortError> {
        self.inner.acquire(account, rate).await
    }
    async fn pause(&self, account: &str, until: DateTime<Utc>) {
        self.pauses.lock().unwrap().push((account.to_owned(), until - Utc::now()));
    }
}

#[tokio::test]
async fn the_allowance_in_the_headers_is_followed() {
    let sim = sim().await;
    let noted = Arc::new(Noted::default());
    let limits: Arc<dyn AccountLimits> = noted.clone();
    let channel = channel_with(settings(&sim, "t"), &limits);
    for _ in 0..5 {
        channel.send("test", &alert(), &chart()).await.unwrap();
    }
    let pauses = noted.pauses.lock().unwrap().clone();
    let [(account, wait)] = &pauses[..] else { panic!("{pauses:?}") };
    assert_eq!(account, "discord/test");
    assert!((0..=2_000).contains(&wait.num_milliseconds()), "{wait}");
}

#[tokio::test]
async fn a_global_limit_holds_up_every_webhook() {
    let sim = sim().await;
    let noted = Arc::new(Noted::default());
    let limits: Arc<dyn AccountLimits> = noted.clone();
    let body = r#"{"message":"You are being rate limited.","retry_after":64.57,"global":true,"code":0}"#;
    arm(&sim, "discord", FaultAction::Status { status: 429, retry_after: Some(65), body: body.to_owned() });
    let error =
        channel_with(settings(&sim, "t"), &limits).send("test", &alert(), &chart()).await.unwrap_err();
    assert!(
        matches!(&error, PortError::Unavailable { retry_after: Some(wait), .. } if *wait == Duration::from_secs_f64(64.57)),
        "{error:?}"
    );
    let accounts: Vec<String> =
        noted.pauses.lock().unwrap().iter().map(|(account, _)| account.clone()).collect();
    assert!(accounts.contains(&"discord (every webhook)".to_owned()), "{accounts:?}");
}
