//! Accounts in the store: positions and balances as they were last seen, and what a watch over them remembers.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::store::StoreError;

/// Whether a position is still held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PositionStatus {
    /// It was there when the account was last read.
    Open,
    /// It was not there any more.
    Closed,
}

/// A position of an account. A closed one stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredPosition {
    /// The broker's symbol, unique in the account.
    pub symbol: String,
    /// `shares`, `option`, or the broker's word for another kind.
    pub kind: String,
    /// Shares or contracts, negative when short; of a closed one what was held last.
    pub quantity: Decimal,
    /// Dollars a share at which it was opened.
    pub average_open_price: Decimal,
    /// Dollars a share that it was worth.
    pub mark: Option<Decimal>,
    /// Whether it is still held.
    pub status: PositionStatus,
    /// When it was first seen; what a caller puts here counts only for a position that is new.
    pub opened_at: DateTime<Utc>,
    /// When it was last seen, or seen to be gone.
    pub updated_at: DateTime<Utc>,
}

/// An account's balances, in dollars.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredBalances {
    /// Cash.
    pub cash: Decimal,
    /// Worth of everything.
    pub net_liquidation: Decimal,
    /// For options.
    pub option_buying_power: Decimal,
    /// For shares.
    pub stock_buying_power: Decimal,
    /// Maintenance requirement, where the broker says it.
    pub maintenance_requirement: Option<Decimal>,
    /// When the broker computed them.
    pub as_of: DateTime<Utc>,
}

/// What a watch remembers.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredWatch {
    /// How often it has looked: a state that has looked more often is never replaced by one that has looked less.
    pub checks: u64,
    /// The state.
    pub state: Value,
}

/// Accounts of users, each under the broker's number.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Writes what an account holds: what is listed is open, everything else of the account is closed from `at` on. Where options
    /// came, went or changed, the user's alerts over sets come again in their feed.
    async fn sync_positions(
        &self,
        user_id: &str,
        account: &str,
        positions: &[StoredPosition],
        at: DateTime<Utc>,
    ) -> Result<(), StoreError>;
    /// The positions of a user that are open, of all accounts, by account and symbol.
    async fn open_positions(&self, user_id: &str) -> Result<Vec<StoredPosition>, StoreError>;
    /// The positions of an account, open ones first, then by symbol.
    async fn positions(&self, user_id: &str, account: &str) -> Result<Vec<StoredPosition>, StoreError>;
    /// The numbers of a user's accounts: of all of which positions or balances were ever written.
    async fn accounts_of(&self, user_id: &str) -> Result<Vec<String>, StoreError>;
    /// The users after `after` that have positions, in order, at most `limit`: open ones, or any.
    async fn users_with_positions(
        &self,
        open_only: bool,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<String>, StoreError>;
    /// Writes an account's balances.
    async fn sync_balances(
        &self,
        user_id: &str,
        account: &str,
        balances: &StoredBalances,
    ) -> Result<(), StoreError>;
    /// An account's balances as they were last written.
    async fn balances(&self, user_id: &str, account: &str) -> Result<Option<StoredBalances>, StoreError>;
    /// Writes what a watch remembers, unless the store has a state that has looked more often.
    async fn save_watch(&self, user_id: &str, account: &str, watch: &StoredWatch) -> Result<(), StoreError>;
    /// What a watch remembers.
    async fn watch(&self, user_id: &str, account: &str) -> Result<Option<StoredWatch>, StoreError>;
}
