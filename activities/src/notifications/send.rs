//! Sends one message: its files are fetched once, each channel is waited for as long as the attempt has time, and what
//! became of it over each is reported.

use std::collections::HashSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::join_all;
use tokio::time::{Instant, timeout, timeout_at};
use ttai_contract::call::milliseconds;
use ttai_contract::{ChannelFailure, Message, MessageArtifact, NotificationParams, NotificationReceipt};
use ttai_ports::{Artifacts, Attachment, PortError};

use super::Attempt;
use crate::failure::AnalystError;
use crate::ports::Ports;
use crate::supervise::Progress;

/// The longest that a file is waited for: a message is worth more than its chart.
const FETCH: Duration = Duration::from_secs(5);

/// The channels and the store, until the attempt has to report.
pub(super) struct Sender<'a> {
    pub(super) ports: &'a Ports,
    pub(super) until: Instant,
}

impl Sender<'_> {
    /// The configured channels.
    pub(super) fn channels(&self) -> Vec<String> {
        self.ports.notifier.channels()
    }

    /// Sends to one channel, for as long as leaves the attempt time to report.
    pub(super) async fn send(
        &self,
        channel: &str,
        message: &Message,
        attachments: &[Attachment],
    ) -> Result<(), PortError> {
        let late = |_| {
            let detail = "no answer before the attempt had to report".to_owned();
            Err(PortError::OutcomeUnknown { provider: channel.to_owned(), detail })
        };
        let sending = self.ports.notifier.send(channel, message, attachments);
        timeout_at(self.until, sending).await.unwrap_or_else(late)
    }
}

/// The message with its files. One that cannot be had is named in the text instead.
pub(crate) async fn with_files(
    artifacts: &dyn Artifacts,
    mut message: Message,
) -> (Message, Vec<Attachment>) {
    let fetched = join_all(message.artifacts.iter().map(|artifact| fetch(artifacts, artifact))).await;
    let (mut attachments, mut missing) = (Vec::new(), Vec::new());
    for file in fetched {
        match file {
            Ok(attachment) => attachments.push(attachment),
            Err(line) => missing.push(line),
        }
    }
    if !missing.is_empty() {
        message.text = format!("{}\n\n{}", message.text, missing.join("\n")).trim_start().to_owned();
    }
    (message, attachments)
}

/// One file, or the line that says why it is missing.
async fn fetch(artifacts: &dyn Artifacts, artifact: &MessageArtifact) -> Result<Attachment, String> {
    let MessageArtifact { sha256, file_name, media_type } = artifact;
    match timeout(FETCH, artifacts.get(sha256)).await {
        Ok(Ok(Some(found))) => Ok(Attachment {
            file_name: file_name.clone(),
            media_type: media_type.clone(),
            bytes: found.bytes,
        }),
        Ok(Ok(None)) => Err(format!("{file_name} is missing: the store does not have it")),
        failure => {
            tracing::warn!(sha256, "a file cannot be attached: {failure:?}");
            Err(format!("{file_name} is missing: the store could not be read"))
        }
    }
}

/// Sends to all channels at once, so that none waits for another, and says what became of each.
pub(super) async fn send(
    sender: &Sender<'_>,
    params: NotificationParams,
    attempt: &Attempt,
    now: DateTime<Utc>,
    progress: &Progress,
) -> NotificationReceipt {
    let NotificationParams { channels, mut message } = params;
    if message.delivery_id.is_empty() {
        message.delivery_id.clone_from(&attempt.id);
    }
    // Only an attempt that was lost is followed by another: each failure of a channel is an answer.
    message.may_repeat |= attempt.number > 1;
    let expires_at = message.expiry(attempt.created_at);
    message.expires_at = Some(expires_at);
    let configured = sender.channels();
    let wanted = if channels.is_empty() { configured.clone() } else { each_once(channels) };
    let (wanted, unknown) = wanted.into_iter().partition(|channel| configured.contains(channel));
    let mut receipt =
        NotificationReceipt { unknown, expires_at: Some(expires_at), ..NotificationReceipt::default() };
    if now >= expires_at {
        tracing::warn!(
            delivery_id = message.delivery_id,
            "a message expired at {expires_at} and is not sent"
        );
        receipt.expired = wanted;
        return receipt;
    }
    progress.step(&format!("sending to {}", wanted.join(", ")));
    let (message, attachments) = with_files(sender.ports.artifacts.as_ref(), message).await;
    let outcomes = join_all(wanted.iter().map(|channel| sender.send(channel, &message, &attachments))).await;
    for (channel, outcome) in wanted.into_iter().zip(outcomes) {
        match outcome {
            Ok(()) => receipt.delivered.push(channel),
            Err(error) => receipt.failed.push(failure(channel, error)),
        }
    }
    receipt
}

/// A channel that is named twice gets the message once.
fn each_once(channels: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    channels.into_iter().filter(|channel| seen.insert(channel.clone())).collect()
}

/// Why a channel did not acknowledge, and whether and when to ask it again.
pub(crate) fn failure(channel: String, error: PortError) -> ChannelFailure {
    tracing::warn!(channel, "a notification failed: {error}");
    let may_have_arrived = matches!(error, PortError::OutcomeUnknown { .. });
    let error = AnalystError::Port(error);
    ChannelFailure {
        channel,
        message: error.to_string(),
        retryable: error.failure_type().is_retryable(),
        may_have_arrived,
        retry_after_ms: error.retry_after().map(milliseconds),
    }
}
