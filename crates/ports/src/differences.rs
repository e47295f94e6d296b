//! What reconciliations found, with both sides. An account pauses until each difference that pauses it was acknowledged.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::Instrument;
use ttai_trading::reconcile::Difference;

use crate::audit_trail::AuditNote;
use crate::orders::TradingStoreError;
use crate::store::StoreError;

/// A difference in the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DifferenceRecord {
    /// Its id among the user's.
    pub id: String,
    /// Whose.
    pub user_id: String,
    /// The broker's account.
    pub account: String,
    /// Both sides.
    pub difference: Difference,
    /// When it was first found.
    pub found_at: DateTime<Utc>,
    /// Whether the last reconciliation found it, too.
    pub is_present: bool,
    /// Who acknowledged it, when and with which words.
    pub acknowledged: Option<Acknowledgement>,
}

impl DifferenceRecord {
    /// Whether the account pauses because of it.
    #[must_use]
    pub fn pauses(&self) -> bool {
        self.acknowledged.is_none() && self.difference.kind.pauses_trading()
    }
}

/// That somebody knows of a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Acknowledgement {
    /// Who.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// What they wrote.
    pub note: String,
}

/// An account as the last reconciliation left it: all that it found is in the differences.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReconciledAccount {
    /// Shares and contracts, negative when short, that the account holds beside what the fills of the user's orders come to.
    pub beside_orders: BTreeMap<Instrument, Decimal>,
    /// When it was.
    pub at: DateTime<Utc>,
}

/// Differences. Every call may be repeated.
#[async_trait]
pub trait Differences: Send + Sync {
    /// Saves all that a reconciliation of an account found, none included; answers those that are new. One that was there and was
    /// acknowledged is not new until a reconciliation has found it gone.
    async fn save_differences(
        &self,
        user_id: &str,
        account: &str,
        differences: &[Difference],
        note: &AuditNote,
    ) -> Result<Vec<DifferenceRecord>, TradingStoreError>;

    /// The account as the last reconciliation left it; none where there was none.
    async fn reconciled(&self, user_id: &str, account: &str)
    -> Result<Option<ReconciledAccount>, StoreError>;

    /// Saves how a reconciliation leaves the account, in the place of the one before.
    async fn save_reconciled(
        &self,
        user_id: &str,
        account: &str,
        left: &ReconciledAccount,
    ) -> Result<(), StoreError>;

    /// The differences of a user that nobody acknowledged, or all, newest first, at most 1,000; of one account, or all.
    async fn differences(
        &self,
        user_id: &str,
        account: Option<&str>,
        open: bool,
    ) -> Result<Vec<DifferenceRecord>, StoreError>;

    /// Acknowledges a difference as the note's actor; the first acknowledgement stands.
    ///
    /// # Errors
    /// [`TradingStoreError::Absent`] where the user has no such difference.
    async fn acknowledge_difference(
        &self,
        user_id: &str,
        id: &str,
        words: &str,
        note: &AuditNote,
    ) -> Result<DifferenceRecord, TradingStoreError>;
}
