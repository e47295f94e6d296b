//! Which stretches of watching somebody wants to end. A stretch is an activity that runs for hours; the store is how a message
//! reaches it without waiting for a heartbeat.

use async_trait::async_trait;

use crate::StoreError;

/// Recalls of watches, each under its name among the user's.
#[async_trait]
pub trait Recalls: Send + Sync {
    /// Asks a stretch of a watch to end, by its name.
    async fn recall(&self, user_id: &str, watch: &str, stretch: &str) -> Result<(), StoreError>;
    /// The stretch that was last asked to end.
    async fn recalled(&self, user_id: &str, watch: &str) -> Result<Option<String>, StoreError>;
}
