//! `ttai backup` and `ttai restore`.

use std::path::PathBuf;

use clap::Args;

/// `ttai backup`.
#[derive(Clone, Debug, Args)]
pub struct BackupArgs {
    /// The new file, or a folder for it [default: ttai-backup-TIME.tar in the current folder].
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `ttai restore`.
#[derive(Clone, Debug, Args)]
pub struct RestoreArgs {
    /// The backup.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Restore into this data directory instead of the configured one.
    #[arg(long, value_name = "DIR")]
    pub into: Option<PathBuf>,
    /// Put a store that is there aside, under a name that is printed.
    #[arg(long)]
    pub replace: bool,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}
