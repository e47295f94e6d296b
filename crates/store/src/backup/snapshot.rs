//! A SQLite store as it stands at one moment, in a file of its own, while others write.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use ttai_ports::StoreError;

use crate::error::from_sqlx;
use crate::{StoreOptions, schema};

/// Copies the store into a file that is there and empty, and says which schema it has. `VACUUM INTO` reads within one transaction,
/// which keeps no writer from writing.
pub(super) async fn take(store: &Path, into: &Path) -> Result<i64, StoreError> {
    let what = "copying the store";
    let failed = |error| from_sqlx(what, error);
    let place = into.to_str().ok_or_else(|| {
        StoreError::Invalid(format!("the path {} is not UTF-8; give another one", into.display()))
    })?;
    let mut connection = open(store).await?;
    sqlx::query("VACUUM INTO $1").bind(place).execute(&mut connection).await.map_err(failed)?;
    connection.close().await.map_err(failed)?;
    check(into).await
}

/// The schema of a whole store.
///
/// # Errors
/// [`StoreError::Corrupt`] where its pages do not fit together, [`StoreError::Schema`] where it is no store of ttai's.
pub(super) async fn check(store: &Path) -> Result<i64, StoreError> {
    let failed = |error| from_sqlx("checking the copy of the store", error);
    let mut connection = open(store).await?;
    let verdict: Vec<String> =
        sqlx::query_scalar("PRAGMA quick_check(1)").fetch_all(&mut connection).await.map_err(failed)?;
    if verdict != ["ok"] {
        return Err(StoreError::Corrupt(format!("the copy of the store is damaged: {}", verdict.join("; "))));
    }
    let schema = schema::sqlite_version(&mut connection).await?;
    connection.close().await.map_err(failed)?;
    schema.ok_or_else(|| StoreError::Schema("it is empty: no ttai has opened it yet".to_owned()))
}

/// For reading alone: what is looked at is not changed.
async fn open(store: &Path) -> Result<SqliteConnection, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(store)
        .read_only(true)
        .busy_timeout(StoreOptions::default().deadline);
    options.connect().await.map_err(|error| from_sqlx("opening the store", error))
}
