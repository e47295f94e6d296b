//! The kill switch: who halted trading, where, why and since when. A halt stands until somebody resumes.

use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::NEW_YORK;
use ttai_trading::gate::KillSwitch;

use crate::audit_trail::AuditNote;
use crate::orders::{OrderRecord, TradingStoreError};
use crate::store::StoreError;

/// What a halt stops.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HaltScope {
    /// All trading of all users.
    Everyone,
    /// All accounts of a user.
    User(String),
    /// One account.
    Account {
        /// Whose.
        user_id: String,
        /// The broker's account.
        account: String,
    },
}

/// Why nothing is sent: a halt, or a difference that nobody acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TradingHalt {
    /// Where.
    pub scope: HaltScope,
    /// Who; `reconciliation` where a difference pauses the account.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// The difference to acknowledge; none of a halt, which is resumed.
    pub difference_id: Option<String>,
}

impl From<TradingHalt> for KillSwitch {
    fn from(halt: TradingHalt) -> Self {
        Self::On { by: halt.by, reason: halt.reason, since: halt.since }
    }
}

impl fmt::Display for TradingHalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.since.with_timezone(&NEW_YORK).format("%b %-d %H:%M ET");
        write!(f, "trading is halted since {since} by {}: {}", self.by, self.reason)
    }
}

/// A halt that stands, and what had left before it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HaltedTrading {
    /// The halt; the first one where it was halted before.
    pub halt: TradingHalt,
    /// Whether this call made it.
    pub is_new: bool,
    /// Orders in its scope that were claimed, are being sent, unknown or working: nothing here takes them back.
    pub in_flight: Vec<OrderRecord>,
}

/// Halts. Every call may be repeated.
#[async_trait]
pub trait Halts: Send + Sync {
    /// Halts trading. Who and since when is the note's; where it is halted already, the first halt stands.
    async fn halt(
        &self,
        scope: &HaltScope,
        reason: &str,
        note: &AuditNote,
    ) -> Result<HaltedTrading, TradingStoreError>;

    /// Ends the halt of exactly this scope. Whether there was one.
    async fn resume(&self, scope: &HaltScope, note: &AuditNote) -> Result<bool, TradingStoreError>;

    /// The halts that stop a user: those of the user's, and that of everyone. Of nobody in particular: that of everyone.
    async fn halts(&self, user_id: Option<&str>) -> Result<Vec<TradingHalt>, StoreError>;

    /// What stops an account, the widest first; none where orders may be claimed. It informs: the claim reads it again.
    async fn trading_halt(&self, user_id: &str, account: &str) -> Result<Option<TradingHalt>, StoreError>;
}
