//! Retention: removing what is old.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

pub use ttai_core::RemovedRows;

use crate::StoreError;

/// A store that removes what is older than its configuration allows.
#[async_trait]
pub trait Retain: Send + Sync {
    /// Removes what is too old at `now`. It may be repeated, and run by several processes at once.
    async fn remove_old(&self, now: DateTime<Utc>) -> Result<RemovedRows, StoreError>;
}
