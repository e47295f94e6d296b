//! The delivery ledger: what became of each message over each channel. It is the truth; whoever sends goes by it.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{MessageRecord, NewMessage, StoreError};

/// A delivery: a message over a channel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryKey {
    /// The message.
    pub message_id: String,
    /// The channel.
    pub channel: String,
}

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Waits for its first try.
    Queued,
    /// Somebody sends it, or did when their process died.
    Sending,
    /// The channel acknowledged.
    Sent,
    /// The channel did not, and is asked again.
    Failed,
    /// It is not tried any more.
    GivenUp,
    /// Its line is in another message, whose delivery over the channel stands for it.
    Digested,
}

impl DeliveryState {
    /// All of them, in the order of a delivery's life.
    pub const ALL: [Self; 6] =
        [Self::Queued, Self::Sending, Self::Sent, Self::Failed, Self::GivenUp, Self::Digested];

    /// The name on the wire and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::GivenUp => "given_up",
            Self::Digested => "digested",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether something is still to be done.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Sending | Self::Failed)
    }
}

/// A delivery as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryRecord {
    /// Which.
    #[serde(flatten)]
    pub key: DeliveryKey,
    /// Whose.
    pub user_id: String,
    /// How far it is.
    pub state: DeliveryState,
    /// When it is next due, of one that is open. Of one that is being sent: when its claim ends, by the store's clock.
    pub due_at: Option<DateTime<Utc>>,
    /// Whether it waits for a digest.
    pub held: bool,
    /// The number of its last claim: each claim has a higher one, and only the last may say what became of it.
    pub claim: u64,
    /// Who claimed it last.
    pub claimed_by: Option<String>,
    /// When, by the store's clock.
    pub claimed_at: Option<DateTime<Utc>>,
    /// Failed answers of the channel.
    pub answers: u32,
    /// Whether a try whose outcome is unknown came before: sent again, it is marked.
    pub may_have_arrived: bool,
    /// What its last failure was, or why it was given up.
    pub problem: Option<String>,
    /// When the channel acknowledged, by the sender's clock.
    pub sent_at: Option<DateTime<Utc>>,
    /// Under which id the channel has it.
    pub receipt: Option<String>,
    /// The message that its line is in.
    pub digest_id: Option<String>,
}

/// A delivery with its message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageDelivery {
    /// How far it is.
    pub delivery: DeliveryRecord,
    /// What it delivers.
    pub message: MessageRecord,
}

impl MessageDelivery {
    /// The position of this delivery in a listing, to ask for the page that follows it.
    #[must_use]
    pub fn cursor(&self) -> DeliveryCursor {
        DeliveryCursor { created_at: self.message.created_at, key: self.delivery.key.clone() }
    }
}

/// A delivery that the claimant alone may send until its claim is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryClaim {
    /// Which.
    pub key: DeliveryKey,
    /// The number of the claim.
    pub number: u64,
    /// Whether a try whose outcome is unknown came before.
    pub may_have_arrived: bool,
}

/// What became of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The channel acknowledged.
    Sent {
        /// When.
        at: DateTime<Utc>,
        /// Under which id the channel has it.
        receipt: String,
    },
    /// It did not, and is to be asked again.
    Failed {
        /// When.
        next_at: DateTime<Utc>,
        /// Why.
        problem: String,
        /// Whether the message may have arrived all the same.
        may_have_arrived: bool,
    },
    /// It is not tried any more.
    GivenUp {
        /// Why.
        problem: String,
    },
    /// Nothing was sent: it is due again at this time.
    Released {
        /// When.
        due_at: DateTime<Utc>,
        /// Whether it then goes into a digest.
        held: bool,
    },
}

/// What a claim came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettledDelivery {
    /// The claim.
    pub claim: DeliveryClaim,
    /// What became of it.
    pub outcome: DeliveryOutcome,
}

/// Which deliveries of a user to list, newest message first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeliveryFilter {
    /// Whose.
    pub user_id: String,
    /// Only those that are open.
    pub open: bool,
    /// Of this message only.
    pub message_id: Option<String>,
    /// Those of messages after this position.
    pub after: Option<DeliveryCursor>,
    /// At most this many, 1 to 1,000; 50 when none.
    pub limit: Option<u32>,
}

/// Where a page of deliveries ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryCursor {
    /// When the message of the last delivery seen was written.
    pub created_at: DateTime<Utc>,
    /// Which delivery it was.
    pub key: DeliveryKey,
}

/// How much waits to be delivered, for whoever watches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryBacklog {
    /// Open deliveries that do not wait for a digest.
    pub open: u64,
    /// Deliveries that wait for a digest.
    pub held: u64,
    /// When the oldest message among the open was written.
    pub oldest: Option<DateTime<Utc>>,
    /// When the first of the open is or was due; a claim is due at its end.
    pub due: Option<DateTime<Utc>>,
}

/// A digest and the claims that end in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDigest {
    /// The digest, with its own delivery.
    pub message: NewMessage,
    /// The deliveries whose lines it has.
    pub of: Vec<DeliveryClaim>,
}

/// The delivery ledger. An instant `now` is the caller's clock; claims end by the store's.
#[async_trait]
pub trait Deliveries: Send + Sync {
    /// Open deliveries of a user that are due by `now`, or whose claim is over, oldest message first, at most `limit` (1 to
    /// 10,000); of these messages only, where any are named.
    async fn due_deliveries(
        &self,
        user_id: &str,
        messages: &[String],
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<MessageDelivery>, StoreError>;
    /// Claims those of `keys` that are due by `now` or whose claim is over, for `patience`; the others are somebody else's or
    /// not due any more. One whose claim was over may have been sent, and is marked.
    async fn claim_deliveries(
        &self,
        claimant: &str,
        keys: &[DeliveryKey],
        now: DateTime<Utc>,
        patience: Duration,
    ) -> Result<Vec<DeliveryClaim>, StoreError>;
    /// Records what became of claims, in one transaction. A claim that was taken over records nothing; answers how many did.
    async fn settle_deliveries(&self, settled: &[SettledDelivery]) -> Result<usize, StoreError>;
    /// Puts claimed deliveries into digests, in one transaction: each digest is saved, and the deliveries that it stands for
    /// end in it. False, and nothing done, where one of the claims was taken over.
    async fn digest_deliveries(&self, digests: &[NewDigest]) -> Result<bool, StoreError>;
    /// When something of the user is next due; none where nothing is open.
    async fn next_due(&self, user_id: &str) -> Result<Option<DateTime<Utc>>, StoreError>;
    /// How many messages of all users a channel acknowledged since an instant.
    async fn sent_since(&self, channel: &str, since: DateTime<Utc>) -> Result<u64, StoreError>;
    /// The users of whom something is due by `now`.
    async fn users_due(&self, now: DateTime<Utc>) -> Result<Vec<String>, StoreError>;
    /// What is open, of all users.
    async fn delivery_backlog(&self) -> Result<DeliveryBacklog, StoreError>;
    /// A user's deliveries, newest message first.
    async fn list_deliveries(&self, filter: &DeliveryFilter) -> Result<Vec<MessageDelivery>, StoreError>;
    /// A person has seen the message: what is open of it and not being sent right now is given up. Answers how many.
    async fn acknowledge_deliveries(&self, user_id: &str, message_id: &str) -> Result<u64, StoreError>;
    /// A person wants them now: what waits is due at `now`, and what was given up waits again, a day longer where it had
    /// expired. Of one message, or of all that is open. Answers how many.
    async fn retry_deliveries(
        &self,
        user_id: &str,
        message_id: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError>;
}
