//! Accounts that people keep by hand, because their broker is none that ttai speaks. They are read like any other and never traded.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::Instrument;

use crate::StoreError;

/// What the number of every such account begins with, and no broker's does.
pub const KEPT_PREFIX: &str = "hand-";
/// Most positions of one account.
pub const MAX_KEPT_POSITIONS: usize = 2_000;

/// Whether a number is that of an account kept by hand, whether there is one or not.
#[must_use]
pub fn is_kept_account(number: &str) -> bool {
    number.starts_with(KEPT_PREFIX)
}

/// Something held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeptPosition {
    /// A ticker, or an option's OCC symbol.
    #[serde(rename = "symbol")]
    pub instrument: Instrument,
    /// Shares or contracts, negative when short, never 0.
    pub quantity: Decimal,
    /// Dollars a share paid or received.
    pub price: Decimal,
    /// The day on which it was opened, where that is known.
    pub opened: Option<NaiveDate>,
    /// The user's own words; may be empty.
    pub note: String,
}

/// An account as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeptAccount {
    /// Its number, which begins with `hand-`.
    pub account: String,
    /// Dollars of cash, what secures short puts included; none where nobody stated them.
    pub cash: Option<Decimal>,
    /// What it holds, each instrument once, by symbol.
    pub positions: Vec<KeptPosition>,
    /// How often it was changed, its creation included.
    pub revision: u64,
    /// When it last was, by the store's clock.
    pub changed_at: DateTime<Utc>,
}

/// A change of an account. It may be repeated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptChange {
    /// The account's number.
    pub account: String,
    /// What it holds from now on, in the place of what it held of the same instruments.
    pub put: Vec<KeptPosition>,
    /// What it holds no longer.
    pub remove: Vec<Instrument>,
    /// Whether what is not put goes, too.
    pub replace: bool,
    /// Its cash from now on, or that nobody states it any more; as before when none.
    pub cash: Option<Option<Decimal>>,
}

impl KeptChange {
    /// Whether it makes an account that is not there.
    #[must_use]
    pub fn creates(&self) -> bool {
        !self.put.is_empty() || self.cash.flatten().is_some()
    }

    /// The positions after the change.
    #[must_use]
    pub fn applied(&self, before: &[KeptPosition]) -> Vec<KeptPosition> {
        let is_put = |held: &KeptPosition| self.put.iter().any(|put| put.instrument == held.instrument);
        let stays =
            |held: &&KeptPosition| !self.replace && !is_put(held) && !self.remove.contains(&held.instrument);
        let mut after: Vec<KeptPosition> = before.iter().filter(stays).chain(&self.put).cloned().collect();
        after.sort_by(|one, other| one.instrument.cmp(&other.instrument));
        after
    }
}

/// Accounts kept by hand, each its user's own.
#[async_trait]
pub trait KeptAccounts: Send + Sync {
    /// Makes all of the changes or none; the accounts as they are then. What changes nothing leaves the account's time as it is.
    async fn change_kept_accounts(
        &self,
        user_id: &str,
        changes: &[KeptChange],
    ) -> Result<Vec<KeptAccount>, StoreError>;
    /// Deletes an account with all that the store has of it today; false where there is none. Its past days stay.
    async fn delete_kept_account(&self, user_id: &str, account: &str) -> Result<bool, StoreError>;
    /// A user's accounts, by number.
    async fn kept_accounts(&self, user_id: &str) -> Result<Vec<KeptAccount>, StoreError>;
    /// Every account of everybody: the user and the number.
    async fn everybodys_kept_accounts(&self) -> Result<Vec<(String, String)>, StoreError>;
}
