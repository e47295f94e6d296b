//! Durable memory beside the workflow histories: analyses, and large artefacts by content hash, in SQLite or PostgreSQL.
//!
//! SQLite is the default and belongs to one host; several processes of that host may share it. PostgreSQL is for more
//! than one host. Both keep the same promises, which one set of tests runs against each:
//!
//! - what a `save` or `put` returned `Ok` for survives a crash of the process and of the machine;
//! - every call is idempotent, and ends within the deadline of [`StoreOptions`];
//! - an artefact that no longer matches its hash is reported, never returned;
//! - no error and no description contains a password.
//!
//! ```no_run
//! # async fn example() -> Result<(), ttai_ports::StoreError> {
//! let url: ttai_store::StoreUrl = "sqlite:///var/lib/ttai/ttai.db".parse()?;
//! let store = ttai_store::open(&url).await?;
//! println!("{}", store.describe().await?);
//! # Ok(())
//! # }
//! ```

mod artifact;
mod deadline;
mod error;
mod host;
mod listing;
mod postgres;
mod record;
mod schema;
mod sqlite;
mod url;

use std::sync::Arc;
use std::time::Duration;

use postgres::PostgresStore;
use sqlite::SqliteStore;
use ttai_ports::{Store, StoreError};

pub use artifact::sha256_hex;
pub use schema::{SchemaState, SchemaStatus, schema_status};
pub use url::StoreUrl;

/// How long a call may take and how large what it stores may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// A call that is not answered by then ends in [`StoreError::Unavailable`]; 10 s by default. Opening and migrating
    /// have six times as long.
    pub deadline: Duration,
    /// The largest artefact and the largest analysis result, in bytes; 32 MiB by default.
    pub max_bytes: usize,
    /// Connections that may be open at once; 8 by default. SQLite uses one of them for all writing.
    pub max_connections: u32,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(10), max_bytes: 32 * 1024 * 1024, max_connections: 8 }
    }
}

impl StoreOptions {
    pub(crate) fn opening_deadline(&self) -> Duration {
        self.deadline.saturating_mul(6)
    }
}

/// Opens the store, creating what is absent and migrating the schema, with the default [`StoreOptions`].
///
/// # Errors
/// [`StoreError::Unavailable`] where it cannot be reached or created, [`StoreError::Schema`] where its schema is newer
/// than this program or is not ttai's, [`StoreError::Invalid`] where a SQLite file belongs to another host.
pub async fn open(url: &StoreUrl) -> Result<Arc<dyn Store>, StoreError> {
    open_with(url, StoreOptions::default()).await
}

/// As [`open`], with limits of the caller's.
///
/// # Errors
/// Those of [`open`].
pub async fn open_with(url: &StoreUrl, options: StoreOptions) -> Result<Arc<dyn Store>, StoreError> {
    match url.target() {
        url::Target::Sqlite(path) => Ok(Arc::new(SqliteStore::open(path, options).await?)),
        url::Target::Postgres(connect) => Ok(Arc::new(PostgresStore::open(connect, options).await?)),
    }
}
