//! Backups: a SQLite store with what belongs to it as one file, and back.
//!
//! A backup is a plain tar archive. Its first file is `manifest.json` ([`BackupManifest`]), which names every other file with its size
//! and its SHA-256, in their order: `store.db` (the store as it stood at one moment), perhaps `ttai.toml`, and
//! `spool/artifacts/HASH` and `spool/analyses/HASH` for what had not reached the store. It is not compressed, so that no file in it can be
//! larger than the archive itself.

mod automatic;
mod files;
mod manifest;
mod read;
mod restore;
mod snapshot;
mod write;

use std::fmt;

use ttai_ports::StoreError;

pub(crate) use automatic::{before_migration, newest_for};
pub use manifest::{BackupFile, BackupManifest};
pub use restore::{RestoreReport, RestoreTarget, restore};
pub use write::{BackupExtras, BackupReport, back_up, default_backup_name};

/// Under which target the line about a backup that ttai made by itself is logged.
pub const BACKUP_LOG: &str = "ttai::backup";

/// Why there is no backup, or nothing was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackupError {
    /// The caller has to do something else first; the text says what.
    Refused(String),
    /// A file or folder that cannot be read or written.
    Unavailable(String),
    /// The store itself.
    Store(StoreError),
}

impl fmt::Display for BackupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(text) | Self::Unavailable(text) => f.write_str(text),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for BackupError {}

impl From<StoreError> for BackupError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
