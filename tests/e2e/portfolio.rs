//! The portfolio watch in front of a real server: it takes messages while it watches, malformed ones freeze nothing, and it ends
//! with a farewell. An account that cannot be watched is said, and the watch goes on.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use temporalio_client::{
    Client, UntypedQuery, UntypedSignal, UntypedUpdate, UntypedWorkflow, WorkflowExecuteUpdateOptions,
    WorkflowHandle, WorkflowQueryOptions, WorkflowSignalOptions,
};
use temporalio_common::data_converters::RawValue;
use temporalio_protos::temporal::api::common::v1::Payload;
use ttai_contract::PortfolioMonitorStatus;

use crate::lab::{DEADLINE, Lab, eventually, within};

const ID: &str = "portfolio-monitor-A1";

fn payload(value: &Value) -> RawValue {
    let metadata = [("encoding".to_owned(), b"json/plain".to_vec())].into();
    RawValue::new(vec![Payload { metadata, data: value.to_string().into_bytes(), ..Default::default() }])
}

struct Watch {
    handle: WorkflowHandle<Client, UntypedWorkflow>,
}

impl Watch {
    async fn signal(&self, name: &str, argument: Value) -> anyhow::Result<()> {
        let signal = self.handle.signal(
            UntypedSignal::new(name),
            payload(&argument),
            WorkflowSignalOptions::default(),
        );
        Ok(within("a signal", signal).await??)
    }

    async fn status(&self) -> anyhow::Result<PortfolioMonitorStatus> {
        let query = UntypedQuery::new("status");
        let answer = self.handle.query(query, RawValue::default(), WorkflowQueryOptions::default());
        let raw: RawValue = within("the watch's status", answer).await??;
        let data = raw.payloads.first().map(|payload| payload.data.as_slice()).unwrap_or_default();
        Ok(serde_json::from_slice(data)?)
    }

    async fn until(
        &self,
        holds: impl Fn(&PortfolioMonitorStatus) -> bool,
    ) -> anyhow::Result<PortfolioMonitorStatus> {
        eventually("a status of the watch", async || {
            Ok(Some(self.status().await?).filter(|status| holds(status)))
        })
        .await
    }
}

#[tokio::test]
async fn a_watch_takes_messages_and_says_what_it_cannot_watch() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    lab.start_raw("PortfolioMonitorWorkflow", ID, &[json!({"account_id": "A1"})]).await?;
    let watch = Watch { handle: lab.client.temporal().get_workflow_handle::<UntypedWorkflow>(ID) };
    let status = watch.until(|status| !status.problems.is_empty()).await?;
    assert!(status.active && status.problems[0].contains("no account \"A1\""), "{status:?}");

    watch.signal("update_config", json!({"pnl_alert_threshold": 5, "margin_alert_threshold": null})).await?;
    watch.signal("update_config", json!({"pnl_alert_threshold": "much"})).await?;
    watch.signal("acknowledge", json!("delta_breach/AAPL/0.5")).await?;
    watch.signal("snooze", json!(7)).await?;
    let status = watch.until(|status| status.entity.rejected_total == 2).await?;
    let status = if status.config.pnl_alert_threshold == Some(5.0) {
        status
    } else {
        watch.until(|status| status.config.pnl_alert_threshold == Some(5.0)).await?
    };
    assert_eq!(status.config.margin_alert_threshold, None);

    let update = watch.handle.execute_update(
        UntypedUpdate::new("update_config"),
        payload(&json!({"alert_rules": [{"type": "delta_breach", "threshold": 0.4}]})),
        WorkflowExecuteUpdateOptions::default(),
    );
    within("the update's answer", update).await??;
    watch.until(|status| status.config.alert_rules.len() == 1).await?;

    watch.signal("pause", json!(null)).await?;
    watch.until(|status| !status.active).await?;
    watch.signal("shutdown", json!(null)).await?;
    let farewell = lab.client.any_run(ID).answer(Some(DEADLINE)).await?;
    assert_eq!(farewell["active"], false);
    Ok(())
}

/// How soon a message is heard: far sooner than a heartbeat, of which there is one in some minutes.
const HEARD: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_watch_hears_messages_at_once_and_keeps_what_it_told() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    lab.start_raw("PortfolioMonitorWorkflow", ID, &[json!({"accountId": "5WT00001"})]).await?;
    let watch = Watch { handle: lab.client.temporal().get_workflow_handle::<UntypedWorkflow>(ID) };
    // A message recalls the watch, and its answer says what it has seen; one before its first read only starts it again.
    let mut first = watch.status().await?;
    while first.last_check.is_none() {
        let accepted = first.entity.accepted;
        watch.signal("snooze", json!({"what": "ZZZZ", "until": "2099-01-01T00:00:00Z"})).await?;
        first = watch.until(|status| status.entity.accepted > accepted && status.entity.waiting == 0).await?;
    }
    assert!(!first.recent_alerts.is_empty() && !first.active_alerts.is_empty(), "{first:?}");
    let sent = Instant::now();
    watch.signal("acknowledge", json!(first.active_alerts[0])).await?;
    watch
        .until(|status| status.entity.accepted > first.entity.accepted && status.entity.waiting == 0)
        .await?;
    watch.signal("pause", json!(null)).await?;
    let second = watch.until(|status| !status.active).await?;
    assert_eq!(second.recent_alerts, first.recent_alerts, "nothing is told twice");
    watch.signal("shutdown", json!(null)).await?;
    let farewell = lab.client.any_run(ID).answer(Some(DEADLINE)).await?;
    assert_eq!(farewell["recent_alerts"], json!(first.recent_alerts));
    assert!(sent.elapsed() < HEARD, "an acknowledgement, a pause and a shutdown took {:?}", sent.elapsed());
    Ok(())
}
