//! Keeping results and telling people, as activities.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use futures::future::join_all;
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio::time::timeout;
use ttai_contract::{ChannelFailure, NotificationParams, NotificationReceipt, SaveAnalysisParams, policy};
use ttai_ports::{AnalysisRecord, Message, PortError};

use crate::failure::AnalystError;
use crate::ports::Ports;
use crate::supervise::{Progress, Shutdown, supervised};

/// Store and channels over one set of ports.
pub struct OutputActivities {
    ports: Ports,
    shutdown: Shutdown,
}

impl OutputActivities {
    /// Outputs that go through `ports` and stop on `shutdown`.
    #[must_use]
    pub fn new(ports: Ports, shutdown: Shutdown) -> Self {
        Self { ports, shutdown }
    }
}

#[activities]
impl OutputActivities {
    #[activity(definition = ttai_contract::SaveAnalysis)]
    pub async fn save_analysis(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: SaveAnalysisParams,
    ) -> Result<(), ActivityError> {
        let record = record(&ctx, params);
        supervised(&ctx, &self.shutdown, |progress| self.save(record, progress)).await.map(|_| ())
    }

    #[activity(definition = ttai_contract::SendNotifications)]
    pub async fn send_notifications(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: NotificationParams,
    ) -> Result<NotificationReceipt, ActivityError> {
        supervised(&ctx, &self.shutdown, |progress| self.send(params, progress))
            .await
            .map(|timed| timed.result)
    }
}

impl OutputActivities {
    async fn save(&self, record: AnalysisRecord, progress: Progress) -> Result<(), AnalystError> {
        progress.step("saving");
        Ok(self.ports.analyses.save(&record).await?)
    }

    /// Sends to all channels at once, so that none waits for another, and says what became of each.
    async fn send(
        &self,
        params: NotificationParams,
        progress: Progress,
    ) -> Result<NotificationReceipt, AnalystError> {
        let NotificationParams { channels, message: text, idempotency_key, may_repeat } = params;
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
        completed_at: None,
        notified: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use chrono::NaiveDate;
    use ttai_ports::Notifier;

    use super::*;
    use crate::testing::{FakeMarket, ports, wavy_bars};

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

    async fn receipt(channels: &[&str], may_repeat: bool) -> (NotificationReceipt, Vec<(String, bool)>) {
        let named = Arc::new(Named::default());
        let day = NaiveDate::from_ymd_opt(2014, 6, 6).unwrap();
        let (ports, _) = ports(FakeMarket::of("XYZ", wavy_bars(day, 5, 0.0)));
        let ports = Ports { notifier: Arc::clone(&named) as Arc<dyn Notifier>, ..ports };
        let activities = OutputActivities::new(ports, Shutdown::default());
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
