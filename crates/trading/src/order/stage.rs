//! Our side of an order: the steps that we take, and which may follow which.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::OrderPhase;
use crate::intent::NetPrice;

/// How far we went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStage {
    /// A row.
    Intended,
    /// Refused here.
    Refused {
        /// Why, for the user.
        reason: String,
    },
    /// Waits for leave.
    AwaitingApproval {
        /// Until when it may be given: the session's close at the latest.
        until: DateTime<Utc>,
    },
    /// May be claimed.
    Approved {
        /// Who gave leave.
        by: String,
        /// When the leave ends.
        until: DateTime<Utc>,
    },
    /// The user said no.
    RejectedByUser {
        /// Who.
        by: String,
    },
    /// The leave was not given, or not used, in time.
    ApprovalExpired,
    /// One holder may submit it.
    Claimed {
        /// The holder's fencing number.
        fence: u64,
    },
    /// Written before the request leaves.
    Submitting {
        /// When.
        at: DateTime<Utc>,
    },
    /// Whoever submitted it cannot tell what became of it.
    Unknown {
        /// When the request was last under way.
        since: DateTime<Utc>,
    },
    /// Found at the broker, not sent by us.
    Adopted,
}

/// A step of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStep {
    /// The gate, the check at approval, or the claim says no.
    Refuse {
        /// Why, for the user.
        reason: String,
    },
    /// The gate says yes.
    AskApproval {
        /// Until when leave may be given.
        until: DateTime<Utc>,
    },
    /// Leave is given, by a person or by a rule of the configuration.
    Approve {
        /// Who.
        by: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// A person says no; also after leave was given, until it is claimed.
    Reject {
        /// Who.
        by: String,
    },
    /// The time for leave, or for using it, is over.
    ExpireApproval {
        /// When.
        at: DateTime<Utc>,
    },
    /// One holder takes the right to submit, in the transaction that reads the kill switch. A later holder with a
    /// larger number takes over from one that died before it submitted.
    Claim {
        /// The holder's fencing number.
        fence: u64,
        /// When.
        at: DateTime<Utc>,
    },
    /// The request leaves now. Once in an order's life.
    Submit {
        /// The fencing number of the claim.
        fence: u64,
        /// When.
        at: DateTime<Utc>,
    },
    /// The answer is lost, late, cut, a 5xx or cannot be read; or the holder died after it began to submit.
    LoseAnswer {
        /// When the request was last under way.
        at: DateTime<Utc>,
    },
    /// The broker was asked to change the limit.
    AskReplace {
        /// To what.
        limit: NetPrice,
        /// When.
        at: DateTime<Utc>,
    },
}

impl OrderStep {
    /// What it does, after "cannot".
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Refuse { .. } => "be refused here",
            Self::AskApproval { .. } => "ask for approval",
            Self::Approve { .. } => "be approved",
            Self::Reject { .. } => "be rejected by the user",
            Self::ExpireApproval { .. } => "lose its approval",
            Self::Claim { .. } => "be claimed",
            Self::Submit { .. } => "be submitted",
            Self::LoseAnswer { .. } => "lose its answer",
            Self::AskReplace { .. } => "be replaced",
        }
    }
}

impl OrderStage {
    /// The stage after a step; none where the step is not possible.
    pub(super) fn after(&self, step: &OrderStep) -> Option<Self> {
        use OrderStep as Step;
        Some(match (self, step) {
            (
                Self::Intended | Self::AwaitingApproval { .. } | Self::Approved { .. } | Self::Claimed { .. },
                Step::Refuse { reason },
            ) => Self::Refused { reason: reason.clone() },
            (Self::Intended, Step::AskApproval { until }) => Self::AwaitingApproval { until: *until },
            (Self::AwaitingApproval { until }, Step::Approve { by, at }) if at < until => {
                Self::Approved { by: by.clone(), until: *until }
            }
            (Self::AwaitingApproval { .. } | Self::Approved { .. }, Step::Reject { by }) => {
                Self::RejectedByUser { by: by.clone() }
            }
            (
                Self::AwaitingApproval { until } | Self::Approved { until, .. },
                Step::ExpireApproval { at },
            ) if at >= until => Self::ApprovalExpired,
            (Self::Approved { until, .. }, Step::Claim { fence, at }) if at < until => {
                Self::Claimed { fence: *fence }
            }
            (Self::Claimed { fence: held }, Step::Claim { fence, .. }) if fence > held => {
                Self::Claimed { fence: *fence }
            }
            (Self::Claimed { fence: held }, Step::Submit { fence, at }) if fence == held => {
                Self::Submitting { at: *at }
            }
            (Self::Submitting { .. }, Step::LoseAnswer { at }) => Self::Unknown { since: *at },
            _ => return None,
        })
    }

    /// Whether the broker may know of the order.
    pub(super) fn may_be_known(&self) -> bool {
        matches!(self, Self::Claimed { .. } | Self::Submitting { .. } | Self::Unknown { .. } | Self::Adopted)
    }

    /// The phase, as long as the broker said nothing.
    pub(super) fn phase(&self) -> OrderPhase {
        match self {
            Self::Intended => OrderPhase::Intended,
            Self::Refused { .. } => OrderPhase::Refused,
            Self::AwaitingApproval { .. } => OrderPhase::AwaitingApproval,
            Self::Approved { .. } => OrderPhase::Approved,
            Self::RejectedByUser { .. } => OrderPhase::RejectedByUser,
            Self::ApprovalExpired => OrderPhase::ApprovalExpired,
            Self::Claimed { .. } => OrderPhase::Claimed,
            Self::Submitting { .. } => OrderPhase::Submitting,
            Self::Unknown { .. } => OrderPhase::Unknown,
            Self::Adopted => OrderPhase::Working,
        }
    }
}
