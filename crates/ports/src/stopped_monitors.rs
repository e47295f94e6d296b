//! Which monitors were shut down. The server says so for as long as its retention lasts; the store, until somebody starts them again.

use async_trait::async_trait;

use crate::StoreError;

/// Monitors that were shut down, each by its workflow id among the user's.
#[async_trait]
pub trait StoppedMonitors: Send + Sync {
    /// Records that a monitor was shut down, or that it runs again. It may be repeated.
    async fn set_stopped(&self, user_id: &str, monitor: &str, is_stopped: bool) -> Result<(), StoreError>;
    /// Whether it was shut down and not started since.
    async fn is_stopped(&self, user_id: &str, monitor: &str) -> Result<bool, StoreError>;
}
