//! ntfy's topics.

use serde_json::json;
use ttai_notify::Channels;
use ttai_ports::{Notifier, PortError};
use ttai_sim::server::RunningSim;
use ttai_sim::server::faults::FaultAction;

use crate::support::{alert, arm, channel, chart, charts, huge, sim};

fn ntfy(sim: &RunningSim, topic: &str) -> Channels {
    channel(json!({"type": "ntfy", "url": format!("{}/{topic}", sim.endpoints.ntfy), "token": "tk_test"}))
}

#[tokio::test]
async fn an_alert_arrives_with_its_chart() {
    let sim = sim().await;
    ntfy(&sim, "alerts").send("test", &alert(), &chart()).await.unwrap();
    let message = &sim.state.inbox.read(Some("ntfy"))[0];
    assert_eq!(message.target, "alerts");
    assert_eq!(message.body["title"], "Warning: AAPL touched 200");
    let text = message.body["message"].as_str().unwrap();
    assert!(
        text.starts_with("touched 200.00 at 10:42 ET, now 199.80 & falling @everyone\n\nNow: 199.80\n"),
        "{text}"
    );
    assert_eq!(message.body["priority"], 4);
    assert_eq!(message.body["tags"], json!(["warning", "price_alert_triggered"]));
    assert_eq!(message.body["click"], "https://example.org/alerts/7");
    assert_eq!((message.files[0].file_name.as_str(), message.files[0].size), ("chart.png", 8));
}

#[tokio::test]
async fn a_huge_message_arrives_as_text() {
    let sim = sim().await;
    ntfy(&sim, "alerts").send("test", &huge(), &[]).await.unwrap();
    ntfy(&sim, "alerts").send("test", &huge(), &charts()).await.unwrap();
    for message in sim.state.inbox.read(Some("ntfy")) {
        let text = message.body["message"].as_str().unwrap();
        assert!(text.len() > 3_000 && text.contains("Shortened: the text has"), "{text}");
    }
}

#[tokio::test]
async fn a_server_without_files_takes_the_text() {
    let sim = sim().await;
    for topic in ["no-files", "small-files"] {
        ntfy(&sim, topic).send("test", &alert(), &chart()).await.unwrap();
        let messages = sim.state.inbox.read(Some("ntfy"));
        let text = messages[0].body["message"].as_str().unwrap();
        assert!(text.contains("left out: chart.png (the server takes no such file)"), "{text}");
        assert_eq!((messages.len(), messages[0].files.len()), (1, 0), "{topic}");
        sim.state.inbox.clear(None);
    }
}

#[tokio::test]
async fn a_refusal_says_who_can_act() {
    let sim = sim().await;
    for (topic, wanted) in [
        ("unauthorized", "check the token"),
        ("forbidden", "who may write to the topic"),
        ("quota", "daily message quota reached"),
    ] {
        let error = ntfy(&sim, topic).send("test", &alert(), &[]).await.unwrap_err();
        assert!(error.to_string().contains(wanted), "{error}");
        assert_eq!(matches!(error, PortError::Unavailable { .. }), topic == "quota", "{error}");
    }
}

#[tokio::test]
async fn each_fault_has_its_meaning() {
    let sim = sim().await;
    let status =
        |status, retry_after, body: &str| FaultAction::Status { status, retry_after, body: body.to_owned() };
    for (fault, wanted, delivered) in [
        (status(429, Some(7), "slow down"), "unavailable", 0),
        (status(400, None, r#"{"code":40009,"error":"topic invalid"}"#), "refuses the request", 0),
        (status(401, None, ""), "credentials", 0),
        (status(500, None, r#"{"code":50001,"error":"internal"}"#), "unknown", 0),
        (status(200, None, "<html>welcome to the hotel</html>"), "not the message that ntfy shows", 0),
        (FaultAction::Reset, "unknown", 0),
        (FaultAction::LostReply, "unknown", 1),
        (FaultAction::CutBody { after_bytes: 1 }, "unknown", 1),
    ] {
        sim.state.inbox.clear(None);
        let shown = format!("{fault:?}");
        arm(&sim, "ntfy", fault);
        let error = ntfy(&sim, "alerts").send("test", &alert(), &[]).await.unwrap_err();
        assert!(error.to_string().contains(wanted), "{shown}: {error}");
        if let PortError::Unavailable { retry_after, .. } = error {
            assert_eq!(retry_after.map(|wait| wait.as_secs()), Some(7));
        }
        assert_eq!(sim.state.inbox.read(None).len(), delivered, "{shown}");
    }
}
