//! Delivers messages by the ledger: whoever wrote one sends it first, and what is then open is delivered user by user.
//!
//! Nothing is sent without a claim, and what a claim came to is recorded before the next one: a process that dies in between
//! leaves its claim, and whoever finds it after its end sends again, marked.

mod activity;
mod digest;
mod incidents;
mod plan;
mod quiet;
mod round;
mod rules;
mod stated;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::future::join_all;
use tokio_util::sync::CancellationToken;
use ttai_ports::{Artifacts, Deliveries, MAX_SAVED_MESSAGES, Messages, NewMessage, Notifier, StoreError};

pub use activity::DeliveryActivities;
pub use incidents::{Incident, Incidents};
pub use quiet::QuietHours;
use round::Round;
pub use rules::{ChannelRule, DeliveryRules, RouteRule, UserRule};
pub use stated::StatedRules;

/// The ledger, the channels, and the rules between them.
#[derive(Clone)]
pub struct Deliverer {
    /// The messages.
    pub messages: Arc<dyn Messages>,
    /// What became of them.
    pub deliveries: Arc<dyn Deliveries>,
    /// The channels.
    pub notifier: Arc<dyn Notifier>,
    /// The files that go with messages.
    pub artifacts: Arc<dyn Artifacts>,
    /// Where messages go, and when.
    pub rules: Arc<DeliveryRules>,
    /// Who sends: unique among processes.
    pub claimant: String,
    /// The longest wait for a channel's answer; then its outcome is unknown. A claim holds three times as long, which is also
    /// how much the clocks of hosts may differ.
    pub longest_send: Duration,
    /// Who has driven what stays open after its first send; where none is, it waits for whoever looks for what is overdue.
    pub driver: Option<Arc<dyn DeliveryDriver>>,
}

/// Has a user's open deliveries sent until none is left.
#[async_trait]
pub trait DeliveryDriver: Send + Sync {
    /// Begins it, where it is not under way. What cannot be begun is logged: it is overdue soon, and found.
    async fn drive(&self, open: &StillOpen);
}

/// [`Deliverer::longest_send`] but in exercises: longer than any channel's own timeout.
pub const LONGEST_SEND: Duration = Duration::from_secs(45);

/// What came of a round.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryRound {
    /// Messages that channels took, digests included.
    pub sent: u32,
    /// Tries that failed and are repeated.
    pub failed: u32,
    /// Deliveries that are not tried any more.
    pub given_up: u32,
    /// Messages that went into a digest.
    pub digested: u32,
    /// Deliveries that wait: for the end of quiet hours, a digest, or a channel that is down.
    pub waiting: u32,
    /// The last failure, with its channel.
    pub problem: Option<String>,
    /// When something is due again; none where nothing is open, or nobody looked.
    pub next_due: Option<DateTime<Utc>>,
}

/// A user of whom something is still to be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StillOpen {
    /// Who.
    pub user_id: String,
    /// When the first of it is due.
    pub due_at: DateTime<Utc>,
}

impl DeliveryRound {
    /// Whether something of the round is still to be delivered.
    #[must_use]
    pub const fn leaves_open(&self) -> bool {
        self.failed > 0 || self.waiting > 0
    }
}

impl Deliverer {
    /// Saves messages that nothing else is saved with, and sends them first. Repeated after an error, it saves and sends none
    /// twice.
    ///
    /// # Errors
    /// A store that is away: what was saved is delivered later.
    pub async fn write(
        &self,
        messages: &[NewMessage],
        now: DateTime<Utc>,
    ) -> Result<Vec<StillOpen>, StoreError> {
        for chunk in messages.chunks(MAX_SAVED_MESSAGES) {
            self.messages.save_messages(chunk).await?;
        }
        self.first_send(messages, now).await
    }

    /// Sends messages that this process has just saved, and has driven what is left of them: that, user by user.
    ///
    /// # Errors
    /// A store that is away: what was sent and could not be recorded is sent again, marked.
    pub async fn first_send(
        &self,
        messages: &[NewMessage],
        now: DateTime<Utc>,
    ) -> Result<Vec<StillOpen>, StoreError> {
        let mut by_user: BTreeMap<&str, Vec<&NewMessage>> = BTreeMap::new();
        for message in messages {
            by_user.entry(&message.record.user_id).or_default().push(message);
        }
        let mut open = Vec::new();
        for (user, messages) in by_user {
            let is_held =
                |message: &&NewMessage| message.routes.iter().any(|route| route.held_until.is_some());
            let mut leaves_open = messages.iter().any(is_held);
            let ids: Vec<String> = messages.into_iter().map(|message| message.record.id.clone()).collect();
            for ids in ids.chunks(MAX_SAVED_MESSAGES) {
                leaves_open |= Round::of(self, user, now).among(ids).run().await?.leaves_open();
            }
            if !leaves_open {
                continue;
            }
            let due_at = self.deliveries.next_due(user).await?;
            open.extend(due_at.map(|due_at| StillOpen { user_id: user.to_owned(), due_at }));
        }
        if let Some(driver) = &self.driver {
            join_all(open.iter().map(|open| driver.drive(open))).await;
        }
        Ok(open)
    }

    /// Delivers what of a user's is due, beginning no send once `stop` is cancelled, and says when something is due again.
    ///
    /// # Errors
    /// As [`Deliverer::first_send`].
    pub async fn deliver_open(
        &self,
        user_id: &str,
        now: DateTime<Utc>,
        stop: CancellationToken,
    ) -> Result<DeliveryRound, StoreError> {
        let round = Round::of(self, user_id, now).until(stop).run().await?;
        Ok(DeliveryRound { next_due: self.deliveries.next_due(user_id).await?, ..round })
    }

    /// Delivers what a person has asked for, one message or all that is due, in quiet hours, too.
    ///
    /// # Errors
    /// As [`Deliverer::first_send`].
    pub async fn deliver_asked(
        &self,
        user_id: &str,
        message_id: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<DeliveryRound, StoreError> {
        let ids: Vec<String> = message_id.into_iter().map(str::to_owned).collect();
        Round::of(self, user_id, now).among(&ids).asked().run().await
    }
}
