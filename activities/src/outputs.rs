//! Keeping results and telling people, as activities.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::DateTime;
use futures::future::join_all;
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio::time::timeout;
use ttai_contract::policy::{self, SAVE_BUDGET};
use ttai_contract::{
    ChannelFailure, NotificationParams, NotificationReceipt, SaveAnalysisParams, SaveReceipt,
};
use ttai_ports::{AnalysisRecord, Message, PortError, Saved, StoreError};

use crate::failure::AnalystError;
use crate::ports::Ports;
use crate::supervise::{Progress, Supervisor};

/// Store and channels over one set of ports.
pub struct OutputActivities {
    ports: Ports,
    supervisor: Supervisor,
}

impl OutputActivities {
    /// Outputs that go through `ports` and are watched by `supervisor`.
    #[must_use]
    pub fn new(ports: Ports, supervisor: Supervisor) -> Self {
        Self { ports, supervisor }
    }
}

#[activities]
impl OutputActivities {
    #[activity(definition = ttai_contract::SaveAnalysis)]
    pub async fn save_analysis(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: SaveAnalysisParams,
    ) -> Result<SaveReceipt, ActivityError> {
        let record = record(&ctx, params);
        let run = self.supervisor.run(&ctx, |progress| self.save(record, progress));
        run.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::SendNotifications)]
    pub async fn send_notifications(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: NotificationParams,
    ) -> Result<NotificationReceipt, ActivityError> {
        let run = self.supervisor.run(&ctx, |progress| self.send(params, progress));
        run.await.map(|timed| timed.result)
    }
}

impl OutputActivities {
    async fn save(&self, record: AnalysisRecord, progress: Progress) -> Result<SaveReceipt, AnalystError> {
        progress.step("saving");
        self.save_or_leave(&record, progress.worked_before()).await
    }

    /// Saves a result after `worked`, or leaves it to this worker's spool once no other attempt may have the time.
    async fn save_or_leave(
        &self,
        record: &AnalysisRecord,
        worked: Duration,
    ) -> Result<SaveReceipt, AnalystError> {
        let began = Instant::now();
        match self.ports.analyses.save(record).await {
            Ok(()) => Ok(SaveReceipt { spooled: false }),
            Err(StoreError::Unavailable(_)) if is_last(worked + began.elapsed()) => {
                let saved = self.ports.analyses.save_or_spool(record, LAST_TRY).await?;
                Ok(SaveReceipt { spooled: saved == Saved::InSpool })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Sends to all channels at once, so that none waits for another, and says what became of each.
    async fn send(
        &self,
        params: NotificationParams,
        progress: Progress,
    ) -> Result<NotificationReceipt, AnalystError> {
        let NotificationParams { channels, message: text, idempotency_key, may_repeat } = params;
        // An attempt that was lost may have reached the channels.
        let may_repeat = may_repeat || progress.is_repeat();
        let message = Message { text, idempotency_key, may_repeat, ..Message::default() };
        let configured = self.ports.notifier.channels();
        let wanted = if channels.is_empty() { configured.clone() } else { each_once(channels) };
        let (wanted, unknown): (Vec<String>, Vec<String>) =
            wanted.into_iter().partition(|channel| configured.contains(channel));
        let mut receipt = NotificationReceipt { unknown, ..NotificationReceipt::default() };
        progress.step(&format!("sending to {}", wanted.join(", ")));
        let sends = wanted.into_iter().map(|channel| self.send_to(channel, &message));
        for (channel, outcome) in join_all(sends).await {
            match outcome {
                Ok(()) => receipt.delivered.push(channel),
                Err(error) => receipt.failed.push(failure(channel, error)),
            }
        }
        Ok(receipt)
    }

    /// Sends to one channel, for as long as leaves the attempt time to report the others.
    async fn send_to(&self, channel: String, message: &Message) -> (String, Result<(), PortError>) {
        let late = |_| {
            let detail = format!("no answer within {SEND:?}");
            Err(PortError::OutcomeUnknown { provider: channel.clone(), detail })
        };
        let outcome = timeout(SEND, self.ports.notifier.send(&channel, message)).await.unwrap_or_else(late);
        (channel, outcome)
    }
}

/// How long the store is tried once more before a result goes to the spool.
const LAST_TRY: Duration = Duration::from_secs(1);

/// Whether the budget of a save that worked for so long may not last for another wait and attempt.
fn is_last(worked: Duration) -> bool {
    let another = policy::STORE.maximum_interval + policy::STORAGE.start_to_close;
    SAVE_BUDGET.saturating_sub(worked) <= another
}

/// The longest that one channel is waited for.
const SEND: Duration = Duration::from_secs(policy::NOTIFY.start_to_close.as_secs() - 5);

/// A channel that is named twice gets the message once.
fn each_once(channels: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    channels.into_iter().filter(|channel| seen.insert(channel.clone())).collect()
}

fn failure(channel: String, error: PortError) -> ChannelFailure {
    tracing::warn!(channel, "a notification failed: {error}");
    let may_have_arrived = matches!(error, PortError::OutcomeUnknown { .. });
    let error = AnalystError::Port(error);
    ChannelFailure {
        channel,
        message: error.to_string(),
        retryable: error.failure_type().is_retryable(),
        may_have_arrived,
        retry_after_ms: error.retry_after().map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
    }
}

/// The record under the calling run's ids: a repeat replaces it.
fn record(ctx: &ActivityContext, params: SaveAnalysisParams) -> AnalysisRecord {
    let info = ctx.info();
    AnalysisRecord {
        workflow_id: info.workflow_id.clone().unwrap_or_default(),
        run_id: info.workflow_run_id.clone().unwrap_or_default(),
        user_id: params.user_id,
        symbol: params.symbol,
        analysis_type: params.analysis_type,
        strategy: params.strategy,
        recommendation: params.recommendation,
        as_of: params.as_of,
        result: params.result,
        // The store's clock sets it.
        created_at: DateTime::UNIX_EPOCH,
        completed_at: params.completed_at,
        notified: params.notified,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use chrono::NaiveDate;
    use ttai_ports::{Analyses, AnalysisFilter, Notifier};

    use super::*;
    use crate::testing::{FakeMarket, ports, supervisor, wavy_bars};

    /// Channels that end as their names say, and what they were asked to send.
    #[derive(Default)]
    struct Named(Mutex<Vec<(String, bool)>>);

    #[async_trait]
    impl Notifier for Named {
        fn channels(&self) -> Vec<String> {
            ["good", "gone", "down", "lost", "silent"].map(str::to_owned).to_vec()
        }

        async fn send(&self, channel: &str, message: &Message) -> Result<(), PortError> {
            self.0.lock().unwrap().push((channel.to_owned(), message.may_repeat));
            let (provider, detail) = (channel.to_owned(), String::new());
            match channel {
                "gone" => Err(PortError::Authentication { provider, detail }),
                "down" => {
                    let retry_after = Some(Duration::from_secs(7));
                    Err(PortError::Unavailable { provider, detail, retry_after })
                }
                "lost" => Err(PortError::OutcomeUnknown { provider, detail }),
                "silent" => std::future::pending().await,
                _ => Ok(()),
            }
        }
    }

    /// A store that is away before a spool that is there.
    struct Away;

    #[async_trait]
    impl Analyses for Away {
        async fn save(&self, _: &AnalysisRecord) -> Result<(), StoreError> {
            Err(StoreError::Unavailable("locked".to_owned()))
        }
        async fn save_or_spool(&self, _: &AnalysisRecord, _: Duration) -> Result<Saved, StoreError> {
            Ok(Saved::InSpool)
        }
        async fn latest(&self, _: &str) -> Result<Option<AnalysisRecord>, StoreError> {
            Ok(None)
        }
        async fn run(&self, _: &str, _: &str) -> Result<Option<AnalysisRecord>, StoreError> {
            Ok(None)
        }
        async fn list(&self, _: &AnalysisFilter) -> Result<Vec<AnalysisRecord>, StoreError> {
            Ok(Vec::new())
        }
    }

    #[tokio::test]
    async fn a_save_waits_for_the_store_and_ends_in_the_spool() {
        let day = NaiveDate::from_ymd_opt(2014, 6, 6).unwrap();
        let (ports, _) = ports(FakeMarket::of("XYZ", wavy_bars(day, 5, 0.0)));
        let ports = Ports { analyses: Arc::new(Away), ..ports };
        let activities = OutputActivities::new(ports, supervisor());
        let record = AnalysisRecord {
            workflow_id: "w".to_owned(),
            run_id: "r".to_owned(),
            user_id: "ann".to_owned(),
            symbol: "XYZ".to_owned(),
            analysis_type: "chart_analysis".to_owned(),
            strategy: None,
            recommendation: "bullish".to_owned(),
            as_of: DateTime::UNIX_EPOCH,
            result: serde_json::Value::Null,
            created_at: DateTime::UNIX_EPOCH,
            completed_at: None,
            notified: Vec::new(),
        };
        let waits = activities.save_or_leave(&record, SAVE_BUDGET - Duration::from_secs(100)).await;
        assert!(matches!(waits, Err(AnalystError::Store(StoreError::Unavailable(_)))), "{waits:?}");
        let left = activities.save_or_leave(&record, SAVE_BUDGET - Duration::from_secs(90)).await.unwrap();
        assert_eq!(left, SaveReceipt { spooled: true });
    }

    async fn receipt(channels: &[&str], may_repeat: bool) -> (NotificationReceipt, Vec<(String, bool)>) {
        let named = Arc::new(Named::default());
        let day = NaiveDate::from_ymd_opt(2014, 6, 6).unwrap();
        let (ports, _) = ports(FakeMarket::of("XYZ", wavy_bars(day, 5, 0.0)));
        let ports = Ports { notifier: Arc::clone(&named) as Arc<dyn Notifier>, ..ports };
        let activities = OutputActivities::new(ports, supervisor());
        let params = NotificationParams {
            channels: channels.iter().copied().map(str::to_owned).collect(),
            may_repeat,
            ..NotificationParams::default()
        };
        let receipt = activities.send(params, Progress::default()).await.unwrap();
        let asked = named.0.lock().unwrap().clone();
        (receipt, asked)
    }

    #[tokio::test(start_paused = true)]
    async fn a_channel_that_fails_holds_no_other_up() {
        let (receipt, asked) = receipt(&[], false).await;
        assert_eq!((receipt.delivered, asked.len()), (vec!["good".to_owned()], 5));
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
        let (receipt, asked) = receipt(&["good", "pigeon", "good"], true).await;
        assert_eq!(asked, [("good".to_owned(), true)]);
        assert_eq!(receipt.unknown, ["pigeon"]);
    }
}
