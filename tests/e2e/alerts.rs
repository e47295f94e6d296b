//! Price alerts in front of a real server: the original designs' messages as they stand, malformed ones of each kind, and what
//! outlives a run.

use anyhow::bail;
use serde_json::{Value, json};
use temporalio_client::errors::WorkflowUpdateError;
use temporalio_client::{
    Client, UntypedQuery, UntypedSignal, UntypedUpdate, UntypedWorkflow, WorkflowExecuteUpdateOptions,
    WorkflowHandle, WorkflowQueryOptions, WorkflowSignalOptions,
};
use temporalio_common::data_converters::RawValue;
use temporalio_protos::temporal::api::common::v1::Payload;
use ttai_contract::{AlertAnswers, AlertDefinition, PriceAlertStatus};

use crate::lab::{Lab, eventually, within};

const ROUTER: &str = "price-alerts";
const SHARD: &str = "price-alerts/shard-0";

fn payload(value: &Value) -> Payload {
    let metadata = [("encoding".to_owned(), b"json/plain".to_vec())].into();
    Payload { metadata, data: value.to_string().into_bytes(), ..Default::default() }
}

fn arguments(values: &[Value]) -> RawValue {
    RawValue::new(values.iter().map(payload).collect())
}

/// A workflow as another SDK sees it.
struct Entity(WorkflowHandle<Client, UntypedWorkflow>);

impl Entity {
    fn of(lab: &Lab, id: &str) -> Self {
        Self(lab.client.temporal().get_workflow_handle::<UntypedWorkflow>(id))
    }

    async fn signal(&self, name: &str, values: &[Value]) -> anyhow::Result<()> {
        let signal =
            self.0.signal(UntypedSignal::new(name), arguments(values), WorkflowSignalOptions::default());
        Ok(within("a signal", signal).await??)
    }

    async fn query<T: serde::de::DeserializeOwned>(&self, name: &str) -> anyhow::Result<T> {
        let query =
            self.0.query(UntypedQuery::new(name), RawValue::default(), WorkflowQueryOptions::default());
        read(&within("a query", query).await??)
    }

    /// What an update answers, or what it says of its failure.
    async fn update(&self, name: &str, values: &[Value]) -> anyhow::Result<Result<AlertAnswers, String>> {
        let options = WorkflowExecuteUpdateOptions::default();
        let update = self.0.execute_update(UntypedUpdate::new(name), arguments(values), options);
        match within("an update", update).await? {
            Ok(raw) => Ok(Ok(read(&raw)?)),
            Err(WorkflowUpdateError::Failed(failure)) => Ok(Err(failure.message)),
            Err(error) => Err(error.into()),
        }
    }

    async fn status_until(
        &self,
        holds: impl Fn(&PriceAlertStatus) -> bool,
    ) -> anyhow::Result<PriceAlertStatus> {
        eventually("a status of the router", async || {
            Ok(Some(self.query::<PriceAlertStatus>("status").await?).filter(|status| holds(status)))
        })
        .await
    }
}

fn read<T: serde::de::DeserializeOwned>(raw: &RawValue) -> anyhow::Result<T> {
    let data = raw.payloads.first().map(|payload| payload.data.as_slice()).unwrap_or_default();
    Ok(serde_json::from_slice(data)?)
}

fn below(id: &str, level: f64) -> Value {
    json!({"id": id, "symbol": "AAPL", "condition": "below", "target_price": level})
}

#[tokio::test]
async fn the_original_designs_messages_are_taken_as_they_stand() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let start = json!({"initial_alerts": [below("first", 1.0)], "check_interval_seconds": 30});
    lab.start_raw("PriceAlertWorkflow", ROUTER, &[start]).await?;
    let router = Entity::of(&lab, ROUTER);
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
    let status = router.status_until(|status| status.listed == 4).await?;
    assert_eq!((status.router.total, status.truncated), (4, false), "{status:?}");
    router.signal("remove_alert", &[json!("second")]).await?;
    router.status_until(|status| status.listed == 3).await?;
    let listed: Vec<AlertDefinition> = router.query("get_alerts").await?;
    let ids: Vec<&str> = listed.iter().map(|alert| alert.id.as_str()).collect();
    assert_eq!(ids, ["fourth", "third", "first"]);

    // A second user's are another router's.
    lab.start_raw("PriceAlertWorkflow", "price-alerts/ann", &[json!({"userId": "ann"})]).await?;
    let anns = Entity::of(&lab, "price-alerts/ann");
    assert_eq!(anns.update("list", &[json!({})]).await?.map(|answers| answers.alerts.len()), Ok(0));
    Ok(())
}

#[tokio::test]
async fn what_is_wrong_with_a_message_is_said_and_freezes_nothing() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    lab.start_raw("PriceAlertWorkflow", ROUTER, &[]).await?;
    let router = Entity::of(&lab, ROUTER);
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
            match router.update(update, values).await? {
                Err(message) => assert!(!message.is_empty() && message.len() < 1_000, "{update}: {message}"),
                Ok(answers) => bail!("{update} takes {values:?}: {answers:?}"),
            }
        }
    }
    let status = router.status_until(|status| status.entity.rejected_total == rejected).await?;
    assert!(status.entity.rejected.iter().all(|message| !message.reason.is_empty()), "{status:?}");

    let added = router.update("add", &[json!({"alerts": [below("a", 1.0), below("b", -1.0)]})]).await?;
    let added = added.map_err(|message| anyhow::anyhow!(message))?;
    let accepted: Vec<bool> = added.alerts.iter().map(|answer| answer.accepted).collect();
    assert_eq!(accepted, [true, false], "{added:?}");
    let unknown = json!({"id": "u", "symbol": "NOSUCH", "condition": "below", "target_price": 5});
    let refused = router.update("add", &[unknown]).await?.map_err(|message| anyhow::anyhow!(message))?;
    assert!(
        refused.alerts[0].reason.as_deref().is_some_and(|reason| reason.contains("NOSUCH")),
        "{refused:?}"
    );

    let shard = Entity::of(&lab, SHARD);
    for values in [&[json!([1])][..], &[json!({}), json!({})], &[json!({"unheard": 1})]] {
        shard.signal("reload", values).await?;
    }
    eventually("the shard's rejections", async || {
        let status: Value = shard.query("status").await?;
        Ok((status["entity"]["rejected_total"] == json!(3)).then_some(()))
    })
    .await?;
    assert_eq!(router.update("list", &[json!({})]).await?.map(|answers| answers.alerts.len()), Ok(1));
    Ok(())
}
