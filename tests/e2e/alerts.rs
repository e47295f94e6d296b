//! Price alerts in front of a real server: the original designs' messages as they stand, malformed ones of each kind, and what
//! outlives a run.

use anyhow::bail;
use serde_json::{Value, json};
use ttai_contract::{AlertAnswers, AlertDefinition, PriceAlertStatus};

use crate::foreign::ForeignHandle;
use crate::lab::Lab;

const ROUTER: &str = "price-alerts";
const SHARD: &str = "price-alerts/shard-0";

fn below(id: &str, level: f64) -> Value {
    json!({"id": id, "symbol": "AAPL", "condition": "below", "target_price": level})
}

#[tokio::test]
async fn the_original_designs_messages_are_taken_as_they_stand() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let start = json!({"initial_alerts": [below("first", 1.0)], "check_interval_seconds": 30});
    lab.start_raw("PriceAlertWorkflow", ROUTER, &[start]).await?;
    let router = ForeignHandle::of(&lab, ROUTER);
    router.signal("add_alert", &[below("second", 1.5)]).await?;
    router
        .signal(
            "add_alert",
            &[json!({"id": "third", "symbol": "AAPL", "condition": "above", "threshold": 90000})],
        )
        .await?;
    let delta = json!({
        "id": "fourth", "symbol": "AAPL261218P00100000", "alert_type": "delta", "condition": "above", "threshold": 0.5,
    });
    router.signal("add_alert", &[delta]).await?;
    let status = router.status_until(|status: &PriceAlertStatus| status.listed == 4).await?;
    assert_eq!((status.router.total, status.truncated), (4, false), "{status:?}");
    router.signal("remove_alert", &[json!("second")]).await?;
    router.status_until(|status: &PriceAlertStatus| status.listed == 3).await?;
    let listed: Vec<AlertDefinition> = router.query("get_alerts").await?;
    let ids: Vec<&str> = listed.iter().map(|alert| alert.id.as_str()).collect();
    assert_eq!(ids, ["fourth", "third", "first"]);

    // A second user's are another router's.
    lab.start_raw("PriceAlertWorkflow", "price-alerts/ann", &[json!({"userId": "ann"})]).await?;
    let anns = ForeignHandle::of(&lab, "price-alerts/ann");
    assert_eq!(
        anns.update::<AlertAnswers>("list", &[json!({})]).await?.map(|answers| answers.alerts.len()),
        Ok(0)
    );
    Ok(())
}

#[tokio::test]
async fn what_is_wrong_with_a_message_is_said_and_freezes_nothing() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    lab.start_raw("PriceAlertWorkflow", ROUTER, &[]).await?;
    let router = ForeignHandle::of(&lab, ROUTER);
    let malformed: [&[Value]; 4] = [
        &[json!([1])],
        &[json!({"ids": "a", "symbol": 7, "until": "x", "limit": "y"})],
        &[],
        &[json!({}), json!({})],
    ];
    let mut rejected = 0;
    for values in malformed {
        for signal in ["add_alert", "remove_alert"] {
            router.signal(signal, values).await?;
            rejected += 1;
        }
        for update in ["add", "test", "change", "remove", "acknowledge", "pause", "snooze"] {
            match router.update::<AlertAnswers>(update, values).await? {
                Err(message) => assert!(!message.is_empty() && message.len() < 1_000, "{update}: {message}"),
                Ok(answers) => bail!("{update} takes {values:?}: {answers:?}"),
            }
        }
    }
    let status =
        router.status_until(|status: &PriceAlertStatus| status.entity.rejected_total == rejected).await?;
    assert!(status.entity.rejected.iter().all(|message| !message.reason.is_empty()), "{status:?}");

    let added = router
        .update::<AlertAnswers>("add", &[json!({"alerts": [below("a", 1.0), below("b", -1.0)]})])
        .await?;
    let added = added.map_err(|message| anyhow::anyhow!(message))?;
    let accepted: Vec<bool> = added.alerts.iter().map(|answer| answer.accepted).collect();
    assert_eq!(accepted, [true, false], "{added:?}");
    let unknown = json!({"id": "u", "symbol": "NOSUCH", "condition": "below", "target_price": 5});
    let refused = router
        .update::<AlertAnswers>("add", &[unknown])
        .await?
        .map_err(|message| anyhow::anyhow!(message))?;
    assert!(
        refused.alerts[0].reason.as_deref().is_some_and(|reason| reason.contains("NOSUCH")),
        "{refused:?}"
    );

    let shard = ForeignHandle::of(&lab, SHARD);
    for values in [&[json!([1])][..], &[json!({}), json!({})], &[json!({"unheard": 1})]] {
        shard.signal("reload", values).await?;
    }
    shard.status_until(|status: &Value| status["entity"]["rejected_total"] == json!(3)).await?;
    assert_eq!(
        router.update::<AlertAnswers>("list", &[json!({})]).await?.map(|answers| answers.alerts.len()),
        Ok(1)
    );
    Ok(())
}
