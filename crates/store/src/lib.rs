//! Durable memory beside the workflow histories: analyses, large artefacts by content hash, alerts and what they fired, and
//! what people were told, in SQLite or PostgreSQL.
//!
//! SQLite is the default and belongs to one host; several processes of that host may share it. PostgreSQL is for more
//! than one host. Both keep the same promises, which one set of tests runs against each:
//!
//! - what a `save` or `put` returned `Ok` for survives a crash of the process and of the machine;
//! - every call is idempotent, and ends within the deadline of [`StoreOptions`];
//! - nothing of a user's trading changes without its entry in the user's audit trail, and no order is claimed after a halt;
//! - an artefact that no longer matches its hash is reported, never returned;
//! - no error and no description contains a password.
//!
//! A [`Database`] is one handle; each kind of row is a trait of it in a file of its own, with one SQL text for both
//! databases. [`Spooled`] stands before it for what must not wait for it. [`back_up`] and [`restore`] carry a SQLite store into one file
//! and back; a migration begins with a backup.
//!
//! ```no_run
//! # async fn example() -> Result<(), ttai_ports::StoreError> {
//! let url: ttai_store::StoreUrl = "sqlite:///var/lib/ttai/ttai.db".parse()?;
//! let store = ttai_store::Database::open(&url).await?;
//! println!("{}", store.describe().await?);
//! # Ok(())
//! # }
//! ```

mod accounts;
mod alerts;
mod analyses;
mod artifacts;
mod audit_trail;
mod backup;
mod checks;
mod database;
mod deadline;
mod deliveries;
mod differences;
mod error;
mod firings;
mod halts;
mod host;
mod journal;
mod kept_accounts;
mod lease;
mod leases;
mod limits;
mod messages;
mod news_seen;
mod order_claims;
mod orders;
mod postgres;
mod preferences;
mod recalls;
mod reports;
mod retention;
mod saved_screeners;
mod schema;
mod screener_results;
mod spool;
mod spooled;
mod sqlite;
mod statement;
mod stopped_monitors;
mod synced;
mod trade_journal;
mod trade_log;
mod url;
mod watchlists;

use std::time::Duration;

use ttai_ports::StoreError;

pub use artifacts::sha256_hex;
pub use backup::{
    BACKUP_LOG, BackupError, BackupExtras, BackupFile, BackupManifest, BackupReport, RestoreReport,
    RestoreTarget, back_up, default_backup_name, restore,
};
pub use database::Database;
pub use limits::{limits, open_limits};
pub use retention::{RetainingDatabase, Retention};
pub use schema::{SchemaState, SchemaStatus, schema_status};
pub use spool::SpoolStatus;
pub use spooled::{Spooled, waiting_analyses};
pub use url::StoreUrl;

/// How long a call may take and how large what it stores may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// A call that is not answered by then ends in [`StoreError::Unavailable`]; 10 ms to 1 h, 10 s by default. Opening
    /// and migrating have six times as long.
    pub deadline: Duration,
    /// The largest artefact and the largest analysis result, in bytes; up to 512 MiB, 32 MiB by default.
    pub max_bytes: usize,
    /// Connections that may be open at once; 2 to 1,000, 8 by default. SQLite uses one of them for all writing.
    pub max_connections: u32,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(10), max_bytes: 32 * 1024 * 1024, max_connections: 8 }
    }
}

impl StoreOptions {
    /// Refuses what the databases could not keep to: their time limits are 32-bit, and their values end at 1 GB.
    fn check(&self) -> Result<(), StoreError> {
        let refuse = |what: String| Err(StoreError::Invalid(what));
        if !(Duration::from_millis(10)..=Duration::from_secs(3_600)).contains(&self.deadline) {
            return refuse(format!("the store's deadline is {:?}; give 10 ms to 1 h", self.deadline));
        }
        if !(1..=512 * 1024 * 1024).contains(&self.max_bytes) {
            return refuse(format!(
                "the store's largest value is {} bytes; give up to 512 MiB",
                self.max_bytes
            ));
        }
        if !(2..=1_000).contains(&self.max_connections) {
            return refuse(format!(
                "the store may have {} connections; give 2 to 1,000",
                self.max_connections
            ));
        }
        Ok(())
    }

    pub(crate) fn opening_deadline(&self) -> Duration {
        self.deadline * 6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn options_out_of_range_are_refused_before_anything_is_created() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ttai.db");
        let url = StoreUrl::sqlite(&file).unwrap();
        let fitting = StoreOptions::default();
        for options in [
            StoreOptions { deadline: Duration::ZERO, ..fitting },
            StoreOptions { deadline: Duration::MAX, ..fitting },
            StoreOptions { max_bytes: 0, ..fitting },
            StoreOptions { max_bytes: usize::MAX, ..fitting },
            StoreOptions { max_connections: 1, ..fitting },
            StoreOptions { max_connections: u32::MAX, ..fitting },
        ] {
            assert!(
                matches!(Database::open_with(&url, options).await, Err(StoreError::Invalid(_))),
                "{options:?}"
            );
        }
        assert!(!file.exists());
    }
}
