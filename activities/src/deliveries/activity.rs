//! Delivering what is open, as an activity.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use std::sync::Arc;
use std::time::Duration;

use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio_util::sync::CancellationToken;
use ttai_contract::{DeliverMessagesParams, DeliverMessagesReceipt};

use super::{Deliverer, DeliveryRound};
use crate::clock::wall_clock;
use crate::failure::AnalystError;
use crate::supervise::{Progress, Supervisor};

/// When an attempt begins no further send: the longest send and its record are over before the attempt is.
const LAST_SEND: Duration = Duration::from_secs(60);

/// Deliveries by one deliverer.
pub struct DeliveryActivities {
    deliverer: Deliverer,
    supervisor: Supervisor,
}

impl DeliveryActivities {
    /// Deliveries by `deliverer`, watched by `supervisor`.
    #[must_use]
    pub fn new(deliverer: Deliverer, supervisor: Supervisor) -> Self {
        Self { deliverer, supervisor }
    }
}

#[activities]
impl DeliveryActivities {
    #[activity(definition = ttai_contract::DeliverMessages)]
    pub async fn deliver_messages(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: DeliverMessagesParams,
    ) -> Result<DeliverMessagesReceipt, ActivityError> {
        let run = self.supervisor.run(&ctx, |progress| self.deliver(params, progress));
        run.await.map(|timed| timed.result)
    }
}

impl DeliveryActivities {
    /// In a task of its own: where the attempt is stopped, what is being sent is still recorded, and nothing more begun.
    async fn deliver(
        &self,
        params: DeliverMessagesParams,
        progress: Progress,
    ) -> Result<DeliverMessagesReceipt, AnalystError> {
        progress.step(&format!("delivering to {}", params.user_id));
        let stop = CancellationToken::new();
        let _stopped_with_the_attempt = stop.clone().drop_guard();
        let (deliverer, user, stopping) = (self.deliverer.clone(), params.user_id, stop.clone());
        let mut round =
            tokio::spawn(async move { deliverer.deliver_open(user.as_str(), wall_clock(), stopping).await });
        let last_send = progress.ends().checked_sub(LAST_SEND).unwrap_or_else(|| progress.ends());
        let round = tokio::select! {
            round = &mut round => round,
            () = tokio::time::sleep_until(last_send) => {
                stop.cancel();
                round.await
            }
        };
        let round = round.map_err(|error| AnalystError::Crashed(error.to_string()))?;
        Ok(receipt(round?))
    }
}

fn receipt(round: DeliveryRound) -> DeliverMessagesReceipt {
    let DeliveryRound { sent, failed, given_up, digested, next_due, problem, .. } = round;
    DeliverMessagesReceipt { sent, failed, given_up, digested, next_due, problem }
}
