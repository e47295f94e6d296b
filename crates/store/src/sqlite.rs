//! Opening a SQLite file: one writing connection, several reading ones, write-ahead log, every commit synced.

use std::path::{Path, PathBuf};

use sqlx::pool::PoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection, SqlitePool};
use ttai_ports::StoreError;

use crate::StoreOptions;
use crate::error::from_sqlx;
use crate::host::{HostClaim, HostIdentity};
use crate::schema;

/// Opens the file, creating it (readable by its owner only) and its folders where they are absent, and migrates it: the
/// connection that writes, those that read, and the host's claim.
///
/// # Errors
/// [`StoreError::Invalid`] where another host has it, [`StoreError::Schema`] where a newer program or another one wrote
/// it, [`StoreError::Corrupt`] where it is no database, [`StoreError::Unavailable`] where it cannot be opened.
pub(crate) async fn open(
    path: &Path,
    options: StoreOptions,
) -> Result<(SqlitePool, SqlitePool, HostClaim), StoreError> {
    let claim = claim_file(path.to_owned()).await?;
    migrate_when_free(path, options).await?;
    let connect = connect_options(path, options);
    let writer = pool(1, options, connect.clone());
    let readers = pool(options.max_connections - 1, options, connect.pragma("query_only", "ON"));
    Ok((writer, readers, claim))
}

/// Files and locks block, so they have a thread of their own.
async fn claim_file(path: PathBuf) -> Result<HostClaim, StoreError> {
    let prepare = move || {
        create_private(&path).map_err(|error| {
            StoreError::Unavailable(format!("{} cannot be created: {error}", path.display()))
        })?;
        HostClaim::take(&path, &HostIdentity::of_this_host())
    };
    tokio::task::spawn_blocking(prepare)
        .await
        .map_err(|error| StoreError::Unavailable(format!("opening the store was interrupted: {error}")))?
}

/// Creates what is absent for its owner only; SQLite gives its log files the rights of the database. What is there
/// keeps its rights.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut folders = std::fs::DirBuilder::new();
    let mut file = std::fs::OpenOptions::new();
    folders.recursive(true);
    file.append(true).create(true);
    #[cfg(unix)]
    {
        std::os::unix::fs::DirBuilderExt::mode(&mut folders, 0o700);
        std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    }
    if let Some(folder) = path.parent() {
        folders.create(folder)?;
    }
    file.open(path).map(drop)
}

/// The step to the write-ahead log does not wait for other processes by itself, so it is repeated while they are busy;
/// the caller's deadline ends that.
async fn migrate_when_free(path: &Path, options: StoreOptions) -> Result<(), StoreError> {
    let connect = connect_options(path, options).journal_mode(SqliteJournalMode::Wal);
    loop {
        match connect.connect().await {
            Ok(mut connection) => {
                schema::migrate_sqlite(&mut connection, Some(path)).await?;
                return connection.close().await.map_err(|error| from_sqlx("opening the store", error));
            }
            Err(error) if is_busy(&error) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            Err(error) => return Err(from_sqlx("opening the store", error)),
        }
    }
}

fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
    matches!(code.map(|code| code & 0xff), Some(5 | 6))
}

fn connect_options(path: &Path, options: StoreOptions) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(options.deadline)
        // FULL and not NORMAL: what was acknowledged has to survive the machine, not only the process.
        .synchronous(SqliteSynchronous::Full)
}

fn pool(connections: u32, options: StoreOptions, connect: SqliteConnectOptions) -> SqlitePool {
    PoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(options.deadline)
        // A full disk ends SQLite's transaction and not the driver's, which could begin none on that connection any more.
        .before_acquire(|connection: &mut SqliteConnection, _| {
            Box::pin(async move { Ok(!connection.is_in_transaction()) })
        })
        .connect_lazy_with(connect)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ttai_ports::Analyses;

    use crate::{Database, StoreOptions, StoreUrl};

    #[tokio::test]
    async fn the_file_is_in_the_modes_that_make_it_durable() {
        let folder = tempfile::tempdir().unwrap();
        let url = StoreUrl::sqlite(folder.path().join("ttai.db")).unwrap();
        let store = Database::open(&url).await.unwrap();
        let (writer, _) = store.sqlite_pools().unwrap();
        let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(writer).await.unwrap();
        let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(writer).await.unwrap();
        let foreign_keys: i64 = sqlx::query_scalar("PRAGMA foreign_keys").fetch_one(writer).await.unwrap();
        assert_eq!((journal.as_str(), synchronous, foreign_keys), ("wal", 2, 1));
    }

    #[tokio::test]
    async fn a_file_that_is_up_to_date_is_opened_and_read_while_another_process_writes() {
        let folder = tempfile::tempdir().unwrap();
        let url = StoreUrl::sqlite(folder.path().join("ttai.db")).unwrap();
        let store = Database::open(&url).await.unwrap();
        let _writing = store.begin().await.unwrap();
        let options = StoreOptions { deadline: Duration::from_secs(1), ..StoreOptions::default() };
        let reader = Database::open_with(&url, options).await.unwrap();
        assert_eq!(reader.latest("nobody").await, Ok(None));
    }
}
