//! The portfolio watch in front of a real server: it takes messages while it watches, malformed ones freeze nothing, and it ends
//! with a farewell. An account that cannot be watched is said, and the watch goes on.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ttai_contract::PortfolioMonitorStatus;

use crate::foreign::ForeignHandle;
use crate::lab::{DEADLINE, Lab};

const ID: &str = "portfolio-monitor-A1";

struct Watch(ForeignHandle);

impl Watch {
    async fn signal(&self, name: &str, argument: Value) -> anyhow::Result<()> {
        self.0.signal(name, &[argument]).await
    }

    async fn until(
        &self,
        holds: impl Fn(&PortfolioMonitorStatus) -> bool,
    ) -> anyhow::Result<PortfolioMonitorStatus> {
        self.0.status_until(holds).await
    }
}

#[tokio::test]
async fn a_watch_takes_messages_and_says_what_it_cannot_watch() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    lab.start_raw("PortfolioMonitorWorkflow", ID, &[json!({"account_id": "A1"})]).await?;
    let watch = Watch(ForeignHandle::of(&lab, ID));
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

    let rules = json!({"alert_rules": [{"type": "delta_breach", "threshold": 0.4}]});
    let update = watch.0.update::<Value>("update_config", &[rules]).await?;
    assert!(update.is_ok(), "{update:?}");
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
    let watch = Watch(ForeignHandle::of(&lab, ID));
    // A message recalls the watch, and its answer says what it has seen; one before its first read only starts it again.
    let mut first: PortfolioMonitorStatus = watch.0.query("status").await?;
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
