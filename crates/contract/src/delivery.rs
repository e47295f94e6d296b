//! Driving deliveries: what is open in the ledger is delivered user by user, and an entity a user wakes when something is due.

use std::time::Duration;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::entity::{Carried, EntityStatus, Keyed};
use crate::ids;
use crate::lenient::Arguments;
use crate::policy::DRILL_TASK_TIMEOUT;
use crate::queue::TaskQueue;
use crate::subject::UserId;
use crate::validate::{Validate, ValidationError};
use crate::workflows::{Labels, WorkflowParams};

/// The well-known id of the default user's deliveries.
pub const DELIVERIES: &str = "deliveries";
/// The signal that says that something is open; with a start, so that the entity is there.
pub const DELIVER: &str = "deliver";

/// Whose open deliveries to drive.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliveryParams {
    /// The user.
    #[serde(default, alias = "userId")]
    pub user_id: UserId,
    /// The drill profile: a worker's death is noticed within 3 s.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drill: bool,
    /// What the last run handed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-internal" = true))]
    pub carried: Option<Carried<DeliveryMessage, DeliveryTotals>>,
}

/// The same request, whatever its runs carried since.
impl PartialEq for DeliveryParams {
    fn eq(&self, other: &Self) -> bool {
        (&self.user_id, self.drill) == (&other.user_id, other.drill)
    }
}

impl Arguments for DeliveryParams {}

impl Validate for DeliveryParams {
    fn validate(&self) -> Result<(), ValidationError> {
        Ok(())
    }
}

impl WorkflowParams for DeliveryParams {
    const WORKFLOW: &'static str = "DeliveryWorkflow";
    const QUEUE: TaskQueue = TaskQueue::Background;
    type Answer = DeliveryStatus;
    type Status = DeliveryStatus;
    const EXECUTION_TIMEOUT: Option<Duration> = None;

    fn id(&self, _key: &str) -> String {
        ids::for_user(DELIVERIES, &self.user_id)
    }

    fn labels(&self) -> Labels {
        Labels { user: self.user_id.clone(), symbol: None, strategy: None }
    }

    fn summary(&self) -> String {
        format!("deliveries · {}", self.user_id)
    }

    fn task_timeout(&self) -> Option<Duration> {
        self.drill.then_some(DRILL_TASK_TIMEOUT)
    }
}

/// The argument of the signal `deliver`: nothing, or an empty object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliverSignal {}

impl Arguments for DeliverSignal {}

/// What the entity takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryMessage {
    /// Something is open.
    Deliver(DeliverSignal),
}

impl Keyed for DeliveryMessage {
    fn key(&self) -> Option<String> {
        None
    }
}

/// What became of a user's deliveries so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DeliveryTotals {
    /// Messages that channels took, digests included.
    pub sent: u64,
    /// Tries that failed and were to be repeated.
    pub failed: u64,
    /// Deliveries that are not tried any more.
    pub given_up: u64,
    /// Messages that went into a digest.
    pub digested: u64,
    /// The last failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl DeliveryTotals {
    /// Adds what came of a round. A round without a failure leaves none to tell of.
    pub fn add(&mut self, receipt: &DeliverMessagesReceipt) {
        self.sent += u64::from(receipt.sent);
        self.failed += u64::from(receipt.failed);
        self.given_up += u64::from(receipt.given_up);
        self.digested += u64::from(receipt.digested);
        self.problem.clone_from(&receipt.problem);
    }
}

/// The answer of the query `status`, and the farewell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryStatus {
    /// What every entity says.
    pub entity: EntityStatus,
    /// What became of the deliveries.
    pub totals: DeliveryTotals,
}

/// Whose open deliveries to make now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeliverMessagesParams {
    /// The user.
    #[serde(default, alias = "userId")]
    pub user_id: UserId,
}

/// What came of a round of deliveries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DeliverMessagesReceipt {
    /// Messages that channels took, digests included.
    pub sent: u32,
    /// Tries that failed and are repeated.
    pub failed: u32,
    /// Deliveries that are not tried any more.
    pub given_up: u32,
    /// Messages that went into a digest.
    pub digested: u32,
    /// When something is due again; none where nothing is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_due: Option<DateTime<Utc>>,
    /// The last failure, with its channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::workflows::workflow;

    #[test]
    fn each_user_has_one_whatever_the_key_and_whatever_it_carried() {
        let of = |user: &str| DeliveryParams { user_id: user.parse().unwrap(), ..DeliveryParams::default() };
        assert_eq!(of("default").id("k"), "deliveries");
        assert_eq!(of("ann").id("k"), "deliveries/ann");
        let entry = workflow(DeliveryParams::WORKFLOW).unwrap();
        assert!((entry.same_request)(&json!({"userId": "ann"}), &json!({"user_id": "ann", "drill": false})));
        assert!(!(entry.same_request)(&json!({"user_id": "ann"}), &json!({})));
        assert!((entry.prepare)(vec![json!({"user": "ann"})], "k").is_err());
    }
}
