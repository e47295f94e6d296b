//! Retention: removing what is old.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::StoreError;

/// How much was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Analyses.
    pub analyses: u64,
    /// Runs of screens.
    pub screens: u64,
    /// Candidates of screens.
    pub screened: u64,
    /// Artefacts.
    pub artifacts: u64,
    /// Models' turns.
    pub turns: u64,
    /// Messages.
    pub messages: u64,
    /// Firings.
    pub firings: u64,
    /// Alerts that somebody had removed.
    pub alerts: u64,
    /// Dated stories that were seen.
    pub stories: u64,
}

/// A store that removes what is older than its configuration allows.
#[async_trait]
pub trait Retain: Send + Sync {
    /// Removes what is too old at `now`. It may be repeated, and run by several processes at once.
    async fn remove_old(&self, now: DateTime<Utc>) -> Result<Removed, StoreError>;
}
