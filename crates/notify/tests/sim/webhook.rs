//! The signed webhook.

use serde_json::json;
use ttai_notify::Channels;
use ttai_ports::{Message, Notifier, PortError};
use ttai_sim::server::RunningSim;
use ttai_sim::server::faults::FaultAction;
use ttai_sim::server::webhook::WEBHOOK_SIGNING_KEY;

use crate::support::{alert, arm, channel, chart, charts, huge, sim};

fn webhook(sim: &RunningSim, path: &str) -> Channels {
    channel(
        json!({"type": "webhook", "url": format!("{}/{path}", sim.endpoints.webhook), "secret": WEBHOOK_SIGNING_KEY}),
    )
}

#[tokio::test]
async fn an_alert_arrives_signed() {
    let sim = sim().await;
    webhook(&sim, "hook?key=a%20b").send("test", &alert(), &chart()).await.unwrap();
    let message = &sim.state.inbox.read(Some("webhook"))[0];
    assert_eq!(message.body["title"], "AAPL touched 200");
    assert_eq!(message.body["kind"], "price_alert_triggered");
    assert_eq!(message.body["severity"], "warning");
    assert_eq!(message.body["id"], "firing-7");
    assert!(message.headers.contains(&("idempotency-key".to_owned(), "firing-7".to_owned())));
    assert_eq!((message.files[0].file_name.as_str(), message.files[0].size), ("chart.png", 8));
}

#[tokio::test]
async fn a_repeat_is_taken_once() {
    let sim = sim().await;
    let channel = webhook(&sim, "hook");
    arm(&sim, "webhook", FaultAction::LostReply);
    let error = channel.send("test", &alert(), &chart()).await.unwrap_err();
    assert!(matches!(error, PortError::OutcomeUnknown { .. }), "{error}");
    channel.send("test", &Message { may_repeat: true, ..alert() }, &chart()).await.unwrap();
    assert_eq!(sim.state.inbox.read(None).len(), 1);
}

#[tokio::test]
async fn a_huge_message_arrives() {
    let sim = sim().await;
    webhook(&sim, "hook").send("test", &huge(), &charts()).await.unwrap();
    assert_eq!(sim.state.inbox.read(None)[0].files.len(), 15);
}

#[tokio::test]
async fn another_secret_is_not_believed_and_the_previous_one_is() {
    let sim = sim().await;
    let url = format!("{}/hook", sim.endpoints.webhook);
    let wrong = channel(json!({"type": "webhook", "url": url, "secret": "another-secret-of-mine"}));
    assert!(matches!(wrong.send("test", &alert(), &chart()).await, Err(PortError::Authentication { .. })));
    let settings = json!({"type": "webhook", "url": url, "secret": "another-secret-of-mine", "previous_secret": WEBHOOK_SIGNING_KEY});
    channel(settings).send("test", &alert(), &chart()).await.unwrap();
}

#[tokio::test]
async fn each_answer_has_its_meaning() {
    let sim = sim().await;
    let status = |status| FaultAction::Status { status, retry_after: None, body: String::new() };
    for (path, fault, wanted) in [
        ("gone", None, "gone for good"),
        ("moved", None, "redirects are not followed"),
        ("hook", Some(status(429)), "unavailable"),
        ("hook", Some(status(401)), "credentials"),
        ("hook", Some(status(404)), "refuses the request"),
        ("hook", Some(status(503)), "unknown"),
        ("hook", Some(FaultAction::Reset), "unknown"),
    ] {
        let shown = format!("{path} {fault:?}");
        if let Some(fault) = fault {
            arm(&sim, "webhook", fault);
        }
        let error = webhook(&sim, path).send("test", &alert(), &chart()).await.unwrap_err();
        assert!(error.to_string().contains(wanted), "{shown}: {error}");
    }
    assert!(sim.state.inbox.read(None).is_empty());
}
