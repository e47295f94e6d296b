//! Where an order stands, our own steps and the broker's word together.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where an order stands, both sides together.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderPhase {
    /// A row with its client order id, not yet judged.
    Intended,
    /// Refused by the gate or by the claim.
    Refused,
    /// Waits for the user's leave.
    AwaitingApproval,
    /// May be claimed.
    Approved,
    /// The user said no.
    RejectedByUser,
    /// Nobody gave leave in time.
    ApprovalExpired,
    /// One holder may submit it.
    Claimed,
    /// Being sent.
    Submitting,
    /// Sent, without an answer that says what became of it.
    Unknown,
    /// The broker does not know it after the settling time; only now may it be treated as never sent.
    NotSent,
    /// Known to the broker, nothing filled.
    Working,
    /// Some of it is filled, the rest works.
    PartlyFilled,
    /// All filled.
    Filled,
    /// Taken back by somebody; what was filled stays filled.
    Cancelled,
    /// Its day ended; what was filled stays filled.
    Expired,
    /// Refused by the broker or the exchange, nothing filled.
    RejectedByBroker,
    /// Another order of the broker took its place.
    Replaced {
        /// The broker's id of that order.
        by: String,
    },
}

impl OrderPhase {
    /// Whether nothing is left to do but to listen for late fills.
    #[must_use]
    pub fn is_final(&self) -> bool {
        !self.may_fill()
            && !matches!(
                self,
                Self::Intended | Self::AwaitingApproval | Self::Approved | Self::Claimed | Self::Submitting
            )
    }

    /// Whether an order may still leave or fill after a halt: what the kill switch reports as in flight.
    #[must_use]
    pub fn is_in_flight(&self) -> bool {
        self.may_fill() || *self == Self::Claimed
    }

    /// Its name on the wire and in the store.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Refused => "refused",
            Self::AwaitingApproval => "awaiting_approval",
            Self::Approved => "approved",
            Self::RejectedByUser => "rejected_by_user",
            Self::ApprovalExpired => "approval_expired",
            Self::Claimed => "claimed",
            Self::Submitting => "submitting",
            Self::Unknown => "unknown",
            Self::NotSent => "not_sent",
            Self::Working => "working",
            Self::PartlyFilled => "partly_filled",
            Self::Filled => "filled",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::RejectedByBroker => "rejected_by_broker",
            Self::Replaced { .. } => "replaced",
        }
    }

    /// Whether it stands at the broker or may.
    #[must_use]
    pub fn may_fill(&self) -> bool {
        matches!(self, Self::Submitting | Self::Unknown | Self::Working | Self::PartlyFilled)
    }
}

impl fmt::Display for OrderPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Intended => "intended",
            Self::Refused => "refused",
            Self::AwaitingApproval => "awaiting approval",
            Self::Approved => "approved",
            Self::RejectedByUser => "rejected by the user",
            Self::ApprovalExpired => "expired without approval",
            Self::Claimed => "claimed",
            Self::Submitting => "being sent",
            Self::Unknown => "unknown",
            Self::NotSent => "not sent",
            Self::Working => "working",
            Self::PartlyFilled => "partly filled",
            Self::Filled => "filled",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::RejectedByBroker => "rejected by the broker",
            Self::Replaced { by } => return write!(f, "replaced by order {by}"),
        })
    }
}
