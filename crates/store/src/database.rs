//! One handle on either database, and the only place that knows which one it is.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow, PgPool, Postgres, Sqlite, SqlitePool, Transaction};
use ttai_ports::StoreError;

use crate::deadline::within;
use crate::error::from_sqlx;
use crate::host::HostClaim;
use crate::statement::{Bind, Dialect, Statement};
use crate::url::{StoreUrl, Target, postgres_place, sqlite_place};
use crate::{StoreOptions, postgres, schema, sqlite};

/// A store's database: each kind of row is a trait of it.
pub struct Database {
    pub(crate) options: StoreOptions,
    place: String,
    pools: Pools,
}

enum Pools {
    Sqlite {
        /// One connection: SQLite has one writer at a time, and within a process it is fairer to queue than to poll.
        writer: SqlitePool,
        readers: SqlitePool,
        _claim: HostClaim,
    },
    Postgres(PgPool),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

/// What a row can become, from either database.
pub(crate) trait FromEither:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}
impl<T> FromEither for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

/// A driver's query with the statement's values; the drivers' types differ, so it is no function.
macro_rules! prepared {
    ($statement:expr, $dialect:expr, $query:expr) => {{
        let (text, clock) = $statement.render($dialect);
        // Text is this crate's alone: every value is bound.
        let mut query = $query(AssertSqlSafe(text));
        for bind in &$statement.binds {
            query = match bind {
                Bind::Text(text) => query.bind(text.as_deref()),
                Bind::Integer(integer) => query.bind(*integer),
                Bind::Bytes(bytes) => query.bind(*bytes),
            };
        }
        match clock {
            Some(clock) => query.bind(clock),
            None => query,
        }
    }};
}

/// Several statements, all or none.
pub(crate) enum Work {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Work {
    /// Runs a statement and counts the rows that it changed.
    pub(crate) async fn execute(&mut self, statement: Statement<'_>) -> Result<u64, sqlx::Error> {
        Ok(match self {
            Self::Sqlite(work) => {
                let query = prepared!(statement, Dialect::Sqlite, sqlx::query);
                query.execute(&mut **work).await?.rows_affected()
            }
            Self::Postgres(work) => {
                let query = prepared!(statement, Dialect::Postgres, sqlx::query);
                query.execute(&mut **work).await?.rows_affected()
            }
        })
    }

    /// The one row of a statement.
    pub(crate) async fn one<T: FromEither>(&mut self, statement: Statement<'_>) -> Result<T, sqlx::Error> {
        match self {
            Self::Sqlite(work) => {
                prepared!(statement, Dialect::Sqlite, sqlx::query_as).fetch_one(&mut **work).await
            }
            Self::Postgres(work) => {
                prepared!(statement, Dialect::Postgres, sqlx::query_as).fetch_one(&mut **work).await
            }
        }
    }

    /// All rows of a statement.
    pub(crate) async fn all<T: FromEither>(
        &mut self,
        statement: Statement<'_>,
    ) -> Result<Vec<T>, sqlx::Error> {
        match self {
            Self::Sqlite(work) => {
                prepared!(statement, Dialect::Sqlite, sqlx::query_as).fetch_all(&mut **work).await
            }
            Self::Postgres(work) => {
                prepared!(statement, Dialect::Postgres, sqlx::query_as).fetch_all(&mut **work).await
            }
        }
    }

    /// The first row of a statement, if any.
    pub(crate) async fn first<T: FromEither>(
        &mut self,
        statement: Statement<'_>,
    ) -> Result<Option<T>, sqlx::Error> {
        Ok(self.all(statement).await?.into_iter().next())
    }

    /// Makes it last.
    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(work) => work.commit().await,
            Self::Postgres(work) => work.commit().await,
        }
    }
}

impl Database {
    /// Opens the database, creating what is absent and migrating the schema, with the default [`StoreOptions`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where it cannot be reached or created, [`StoreError::Schema`] where its schema is newer
    /// than this program or is not ttai's, [`StoreError::Corrupt`] where the file is no database, [`StoreError::Invalid`]
    /// where a SQLite file belongs to another host.
    pub async fn open(url: &StoreUrl) -> Result<Self, StoreError> {
        Self::open_with(url, StoreOptions::default()).await
    }

    /// As [`Database::open`], with limits of the caller's.
    ///
    /// # Errors
    /// Those of [`Database::open`], and [`StoreError::Invalid`] for options out of their range.
    pub async fn open_with(url: &StoreUrl, options: StoreOptions) -> Result<Self, StoreError> {
        options.check()?;
        let opening = async {
            match url.target() {
                Target::Sqlite(path) => Self::open_sqlite(path, options).await,
                Target::Postgres(connect) => Self::open_postgres(connect, options).await,
            }
        };
        within(options.opening_deadline() + time_to_back_up(url), "opening the store", opening).await
    }

    async fn open_sqlite(path: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        let (writer, readers, claim) = sqlite::open(path, options).await?;
        Ok(Self {
            options,
            place: sqlite_place(path),
            pools: Pools::Sqlite { writer, readers, _claim: claim },
        })
    }

    async fn open_postgres(connect: &PgConnectOptions, options: StoreOptions) -> Result<Self, StoreError> {
        let pool = postgres::open(connect, options).await?;
        Ok(Self { options, place: postgres_place(connect), pools: Pools::Postgres(pool) })
    }

    /// One line for a person: "sqlite at /…/ttai.db, schema 5".
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where the database does not answer.
    pub async fn describe(&self) -> Result<String, StoreError> {
        let what = "describing the store";
        let failed = |error| from_sqlx(what, error);
        let call = async {
            match &self.pools {
                Pools::Sqlite { readers, .. } => {
                    schema::sqlite_version(&mut *readers.acquire().await.map_err(failed)?).await
                }
                Pools::Postgres(pool) => {
                    schema::postgres_version(&mut *pool.acquire().await.map_err(failed)?).await
                }
            }
        };
        let version = within(self.options.deadline, what, call).await?;
        Ok(schema::describe(&self.place, version))
    }

    /// Awaits `call` for the store's deadline; `what` ("saving the analysis") opens the message where it fails.
    pub(crate) async fn within<T>(
        &self,
        what: &str,
        call: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, StoreError> {
        within(self.options.deadline, what, async { call.await.map_err(|error| from_sqlx(what, error)) })
            .await
    }

    /// Begins several statements that write. Dropped before its end, nothing of it happened.
    pub(crate) async fn begin(&self) -> Result<Work, sqlx::Error> {
        Ok(match &self.pools {
            // Immediate: a transaction that reads first could not be made to wait for another writer.
            Pools::Sqlite { writer, .. } => Work::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Pools::Postgres(pool) => Work::Postgres(pool.begin().await?),
        })
    }

    /// Runs a statement that writes and counts the rows that it changed.
    pub(crate) async fn execute(&self, what: &str, statement: Statement<'_>) -> Result<u64, StoreError> {
        let call = async {
            Ok(match &self.pools {
                Pools::Sqlite { writer, .. } => {
                    prepared!(statement, Dialect::Sqlite, sqlx::query).execute(writer).await?.rows_affected()
                }
                Pools::Postgres(pool) => {
                    prepared!(statement, Dialect::Postgres, sqlx::query).execute(pool).await?.rows_affected()
                }
            })
        };
        self.within(what, call).await
    }

    /// Runs a statement that writes; the first row that it returns, if any.
    pub(crate) async fn returned<T: FromEither>(
        &self,
        what: &str,
        statement: Statement<'_>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.fetch(what, statement, Access::Write).await?.into_iter().next())
    }

    /// The rows of a statement that reads.
    pub(crate) async fn all<T: FromEither>(
        &self,
        what: &str,
        statement: Statement<'_>,
    ) -> Result<Vec<T>, StoreError> {
        self.fetch(what, statement, Access::Read).await
    }

    /// All rows of a statement: what it wrote lasts once it has run to its end.
    async fn fetch<T: FromEither>(
        &self,
        what: &str,
        statement: Statement<'_>,
        access: Access,
    ) -> Result<Vec<T>, StoreError> {
        let call = async {
            match &self.pools {
                Pools::Sqlite { writer, readers, .. } => {
                    let pool = if access == Access::Write { writer } else { readers };
                    prepared!(statement, Dialect::Sqlite, sqlx::query_as).fetch_all(pool).await
                }
                Pools::Postgres(pool) => {
                    prepared!(statement, Dialect::Postgres, sqlx::query_as).fetch_all(pool).await
                }
            }
        };
        self.within(what, call).await
    }

    /// The first row of a statement that reads, if any.
    pub(crate) async fn first<T: FromEither>(
        &self,
        what: &str,
        statement: Statement<'_>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.all(what, statement).await?.into_iter().next())
    }
}

/// What a backup before a migration may take besides: a slow disk writes some megabytes a second.
fn time_to_back_up(url: &StoreUrl) -> Duration {
    let bytes = match url.target() {
        Target::Sqlite(path) => std::fs::metadata(path).map_or(0, |file| file.len()),
        Target::Postgres(_) => 0,
    };
    Duration::from_secs(bytes / 5_000_000)
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("place", &self.place).finish_non_exhaustive()
    }
}

#[cfg(test)]
impl Database {
    /// SQLite's connections, writer first, for tests of its files.
    pub(crate) fn sqlite_pools(&self) -> Option<(&SqlitePool, &SqlitePool)> {
        match &self.pools {
            Pools::Sqlite { writer, readers, .. } => Some((writer, readers)),
            Pools::Postgres(_) => None,
        }
    }
}
