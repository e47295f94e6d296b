//! Who does what only one process may do at a time: leases with fencing numbers.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// A lease that was granted. Its number is higher than that of every holder before: what a stale holder writes under its own
/// number is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseGrant {
    /// What is leased.
    pub name: String,
    /// Who has it.
    pub holder: String,
    /// The fencing number.
    pub number: u64,
    /// When it ends unless it is renewed, by the store's clock.
    pub expires_at: DateTime<Utc>,
}

/// A lease as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseRecord {
    /// What is leased.
    pub name: String,
    /// Who had it last; none where it was released.
    pub holder: Option<String>,
    /// The last fencing number.
    pub number: u64,
    /// When it ended or will end, by the store's clock.
    pub expires_at: DateTime<Utc>,
    /// Whether it can be acquired, by the store's clock.
    pub is_free: bool,
}

/// Longest checkpoint: that of a hundred thousand alerts takes some 30 MB.
pub const MAX_CHECKPOINT_BYTES: usize = 128 * 1024 * 1024;

/// Leases by the store's clock.
#[async_trait]
pub trait Leases: Send + Sync {
    /// Takes the lease for `span` where nobody has it, it was released, or its time is over; none where another holder has
    /// it. Whoever has it already keeps its number, so that a lost answer may be asked for again. Holders are unique among
    /// processes.
    async fn acquire_lease(
        &self,
        name: &str,
        holder: &str,
        span: Duration,
    ) -> Result<Option<LeaseGrant>, StoreError>;
    /// Keeps the lease for `span` from now on, also where its time is over and nobody took it; none where somebody did.
    async fn renew_lease(&self, grant: &LeaseGrant, span: Duration)
    -> Result<Option<LeaseGrant>, StoreError>;
    /// Gives it up at once; false where it had been taken over.
    async fn release_lease(&self, grant: &LeaseGrant) -> Result<bool, StoreError>;
    /// Saves what the holder knows, at most [`MAX_CHECKPOINT_BYTES`], in place of what was saved before; false where
    /// somebody else has the lease.
    async fn save_checkpoint(&self, grant: &LeaseGrant, state: &str) -> Result<bool, StoreError>;
    /// What a holder of the lease saved last.
    async fn checkpoint(&self, name: &str) -> Result<Option<String>, StoreError>;
    /// The lease, if anybody ever had it.
    async fn lease(&self, name: &str) -> Result<Option<LeaseRecord>, StoreError>;
}
