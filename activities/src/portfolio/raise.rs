//! How an alert of the watch reaches people.

use async_trait::async_trait;
use ttai_contract::PendingAlert;
use ttai_core::{Message, MessageField, MessageKind};
use ttai_ports::{Notifier, PortError};

/// Sends what a watch raises.
#[async_trait]
pub(super) trait Raise: Send + Sync {
    /// The channels that a new alert is for.
    fn channels(&self) -> Vec<String>;
    /// Sends an alert to its channels and leaves those that have yet to take it.
    async fn raise(&self, account: &str, pending: &mut PendingAlert);
}

/// Sends at once, channel by channel.
pub(super) struct Direct<'a> {
    pub(super) notifier: &'a dyn Notifier,
    /// The channels that are wanted; all configured ones when empty.
    pub(super) wanted: Vec<String>,
}

#[async_trait]
impl Raise for Direct<'_> {
    fn channels(&self) -> Vec<String> {
        if self.wanted.is_empty() { self.notifier.channels() } else { self.wanted.clone() }
    }

    async fn raise(&self, account: &str, pending: &mut PendingAlert) {
        let message = message(account, pending);
        let mut left = Vec::new();
        for channel in std::mem::take(&mut pending.channels) {
            match self.notifier.send(&channel, &message, &[]).await {
                Ok(()) => {}
                Err(error @ (PortError::Invalid { .. } | PortError::Authentication { .. })) => {
                    tracing::error!(channel, "an alert is not delivered: {error}");
                }
                Err(error) => {
                    pending.may_repeat |= matches!(error, PortError::OutcomeUnknown { .. });
                    tracing::warn!(channel, "an alert waits: {error}");
                    left.push(channel);
                }
            }
        }
        pending.channels = left;
    }
}

fn message(account: &str, pending: &PendingAlert) -> Message {
    let alert = &pending.alert;
    let about = alert.symbol.as_ref().map(|symbol| format!("{symbol}: ")).unwrap_or_default();
    let kind = alert.kind.name().replace('_', " ");
    let title = if alert.cleared { format!("{about}{kind} is over") } else { format!("{about}{kind}") };
    Message {
        kind: MessageKind::PositionAlert,
        title,
        text: alert.message.clone(),
        severity: alert.severity,
        fields: vec![MessageField::new("Account", account), MessageField::new("Alert", alert.key.clone())],
        delivery_id: format!("{account}/{}/{}", alert.key, alert.timestamp.timestamp_millis()),
        may_repeat: pending.may_repeat,
        ..Message::default()
    }
}
