//! Rate limits of one account at a provider, shared by everybody who calls with it.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::error::PortError;

/// How often an account may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimit {
    /// Calls a minute, at least 1.
    pub per_minute: u32,
    /// Calls that may come at once, at least 1.
    pub burst: u32,
}

/// How patiently an account is called; none for the adapter's own choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Patience {
    /// Longest wait for one whole answer.
    pub timeout: Option<Duration>,
    /// How often a call that may be repeated is tried, at least 1.
    pub attempts: Option<u32>,
}

/// Shares an account's calls among tasks and processes.
#[async_trait]
pub trait AccountLimits: Send + Sync {
    /// Waits for the account's turn; cancellation-safe: a caller that gives up takes nothing.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] when the turn cannot come within a minute; its `retry_after` says when to come back.
    async fn acquire(&self, account: &str, rate: RateLimit) -> Result<(), PortError>;
    /// Stops everybody on the account until `until` (wall clock), because the provider said so: this process at once,
    /// others within a second.
    async fn pause(&self, account: &str, until: DateTime<Utc>);
    /// How patiently the user wants the account to be called.
    fn patience(&self, _account: &str) -> Patience {
        Patience::default()
    }
}
