//! Slack's incoming webhook.

use serde_json::json;
use ttai_notify::Channels;
use ttai_ports::{Notifier, PortError};
use ttai_sim::server::RunningSim;
use ttai_sim::server::faults::FaultAction;

use crate::support::{alert, arm, channel, chart, charts, huge, sim};

fn slack(sim: &RunningSim, token: &str) -> Channels {
    channel(json!({"type": "slack", "url": format!("{}/services/T0/B0/{token}", sim.endpoints.slack)}))
}

#[tokio::test]
async fn an_alert_arrives_escaped() {
    let sim = sim().await;
    slack(&sim, "t").send("test", &alert(), &chart()).await.unwrap();
    let message = &sim.state.inbox.read(Some("slack"))[0];
    assert_eq!(message.target, "T0/B0");
    assert_eq!(message.body["blocks"][0]["text"]["text"], "Warning: AAPL touched 200");
    assert!(message.body["blocks"][1]["text"]["text"].as_str().unwrap().contains("199.80 &amp; falling"));
    assert!(message.body["text"].as_str().unwrap().starts_with("Warning: AAPL touched 200: touched"));
}

#[tokio::test]
async fn a_huge_message_arrives() {
    let sim = sim().await;
    slack(&sim, "t").send("test", &huge(), &charts()).await.unwrap();
    assert_eq!(sim.state.inbox.read(Some("slack")).len(), 1);
}

#[tokio::test]
async fn a_dead_webhook_is_a_persons_work() {
    let sim = sim().await;
    for (token, word) in
        [("revoked", "no_service"), ("archived", "channel_is_archived"), ("prohibited", "action_prohibited")]
    {
        let error = slack(&sim, token).send("test", &alert(), &chart()).await.unwrap_err();
        assert!(matches!(&error, PortError::Authentication { .. }), "{error}");
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[tokio::test]
async fn each_fault_has_its_meaning() {
    let sim = sim().await;
    let status =
        |status, retry_after, body: &str| FaultAction::Status { status, retry_after, body: body.to_owned() };
    for (fault, wanted, delivered) in [
        (status(429, Some(7), "rate_limited"), "unavailable", 0),
        (status(400, None, "invalid_payload"), "refuses the request", 0),
        (status(401, None, ""), "credentials", 0),
        (status(500, None, "rollup_error"), "unknown", 0),
        (status(200, None, "<html>welcome to the hotel</html>"), "not Slack's", 0),
        (FaultAction::Reset, "unknown", 0),
        (FaultAction::LostReply, "unknown", 1),
        (FaultAction::CutBody { after_bytes: 1 }, "unknown", 1),
    ] {
        sim.state.inbox.clear(None);
        let shown = format!("{fault:?}");
        arm(&sim, "slack", fault);
        let error =
            slack(&sim, &format!("t{}", shown.len())).send("test", &alert(), &chart()).await.unwrap_err();
        assert!(error.to_string().contains(wanted), "{shown}: {error}");
        if let PortError::Unavailable { retry_after, .. } = error {
            assert_eq!(retry_after.map(|wait| wait.as_secs()), Some(7));
        }
        assert_eq!(sim.state.inbox.read(None).len(), delivered, "{shown}");
    }
}
