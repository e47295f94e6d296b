//! Rate limits of provider accounts, shared by all processes that use the store.
//!
//! The generic cell rate algorithm (ITU-T I.371): an account's state is one instant, at which it would be unused again.
//! A call moves it on by the time that one call takes of the rate, and is allowed where it then lies no further ahead than
//! a whole burst. One statement decides and takes, so no two processes take the same turn; the database's clock counts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::{PgPool, SqlitePool};
use ttai_ports::{AccountLimits, PortError, RateLimit, StoreError};

use crate::deadline::within;
use crate::error::from_sqlx;
use crate::url::{StoreUrl, Target};
use crate::{StoreOptions, postgres, sqlite};

/// Whoever would wait longer than this is told to come back instead.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
const MINUTE_MICROS: i64 = 60_000_000;
/// A day is the longest pause that is taken from a provider; with some slack for clocks that differ.
const LONGEST_PAUSE_MICROS: i64 = 25 * 60 * MINUTE_MICROS;

/// Takes a turn where there is one: `free_at` moves on. Parameters: account, now, micros a call, micros a burst.
const TAKE_SQLITE: &str = "INSERT INTO account_limits (account, free_at, paused_until) VALUES (?1, ?2 + ?3, 0) \
     ON CONFLICT (account) DO UPDATE SET free_at = max(free_at, ?2) + ?3 \
     WHERE paused_until <= ?2 AND max(free_at, ?2) + ?3 - ?2 <= ?4 RETURNING free_at";
const LOOK_SQLITE: &str = "SELECT free_at, paused_until, ?2 FROM account_limits WHERE account = ?1";
const PAUSE_SQLITE: &str = "INSERT INTO account_limits (account, free_at, paused_until) VALUES (?1, 0, ?2) \
     ON CONFLICT (account) DO UPDATE SET paused_until = max(paused_until, ?2)";

/// Brings a state back that no present rate and clock can have made: further ahead than a burst, or paused for longer than
/// any provider asks. A clock that was wrong for a while, or a rate that was another, must not close an account for
/// years. Parameters: account, now, micros a burst, micros of the longest pause.
const MEND_SQLITE: &str = "UPDATE account_limits SET free_at = min(free_at, ?2 + ?3), \
     paused_until = CASE WHEN paused_until > ?2 + ?4 THEN 0 ELSE paused_until END WHERE account = ?1";
/// Parameters: account, micros a burst, micros of the longest pause.
const MEND_POSTGRES: &str = "WITH clock AS (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now) \
     UPDATE account_limits SET free_at = least(free_at, now + $2), \
     paused_until = CASE WHEN paused_until > now + $3 THEN 0 ELSE paused_until END FROM clock WHERE account = $1";

/// Parameters: account, micros a call, micros a burst.
const TAKE_POSTGRES: &str = "WITH clock AS (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now) \
     INSERT INTO account_limits AS held (account, free_at, paused_until) SELECT $1, now + $2, 0 FROM clock \
     ON CONFLICT (account) DO UPDATE SET free_at = greatest(held.free_at, excluded.free_at - $2) + $2 \
     WHERE held.paused_until <= excluded.free_at - $2 \
     AND greatest(held.free_at, excluded.free_at - $2) + $2 - (excluded.free_at - $2) <= $3 RETURNING held.free_at";
const LOOK_POSTGRES: &str = "SELECT free_at, paused_until, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint \
     FROM account_limits WHERE account = $1";
/// The pause is a span, because the caller's clock is another one.
const PAUSE_POSTGRES: &str = "INSERT INTO account_limits AS held (account, free_at, paused_until) \
     VALUES ($1, 0, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + $2) \
     ON CONFLICT (account) DO UPDATE SET paused_until = greatest(held.paused_until, excluded.paused_until)";

/// Opens the shared limits of a store, migrating it where needed.
///
/// # Errors
/// Those of [`crate::open`].
pub async fn open_limits(url: &StoreUrl) -> Result<Arc<dyn AccountLimits>, StoreError> {
    let options = StoreOptions { max_connections: 2, ..StoreOptions::default() };
    let database = match url.target() {
        Target::Sqlite(path) => Database::Sqlite(sqlite::SqliteStore::open(path, options).await?),
        Target::Postgres(connect) => {
            Database::Postgres(postgres::PostgresStore::open(connect, options).await?)
        }
    };
    Ok(Arc::new(StoreLimits { database, deadline: options.deadline, queues: Mutex::default() }))
}

enum Database {
    Sqlite(sqlite::SqliteStore),
    Postgres(postgres::PostgresStore),
}

/// An account's state: when it is free, until when it is paused, and the database's now; microseconds.
type Held = (i64, i64, i64);

impl Database {
    async fn take(&self, account: &str, call: i64, burst: i64) -> Result<bool, sqlx::Error> {
        let taken = match self {
            Self::Sqlite(store) => take_sqlite(store.writer(), account, call, burst).await?,
            Self::Postgres(store) => take_postgres(store.pool(), account, call, burst).await?,
        };
        Ok(taken.is_some())
    }

    async fn look(&self, account: &str) -> Result<Option<Held>, sqlx::Error> {
        match self {
            Self::Sqlite(store) => {
                let query = sqlx::query_as(LOOK_SQLITE).bind(account.to_owned()).bind(now());
                query.fetch_optional(store.writer()).await
            }
            Self::Postgres(store) => {
                sqlx::query_as(LOOK_POSTGRES).bind(account.to_owned()).fetch_optional(store.pool()).await
            }
        }
    }

    async fn mend(&self, account: &str, burst: i64) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(store) => {
                let query = sqlx::query(MEND_SQLITE).bind(account.to_owned()).bind(now());
                query.bind(burst).bind(LONGEST_PAUSE_MICROS).execute(store.writer()).await.map(drop)
            }
            Self::Postgres(store) => {
                let query = sqlx::query(MEND_POSTGRES).bind(account.to_owned()).bind(burst);
                query.bind(LONGEST_PAUSE_MICROS).execute(store.pool()).await.map(drop)
            }
        }
    }

    async fn pause(&self, account: &str, until: DateTime<Utc>) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(store) => {
                let query = sqlx::query(PAUSE_SQLITE).bind(account.to_owned()).bind(until.timestamp_micros());
                query.execute(store.writer()).await.map(drop)
            }
            Self::Postgres(store) => {
                let left = until.timestamp_micros().saturating_sub(now()).max(0);
                let query = sqlx::query(PAUSE_POSTGRES).bind(account.to_owned()).bind(left);
                query.execute(store.pool()).await.map(drop)
            }
        }
    }
}

async fn take_sqlite(
    pool: &SqlitePool,
    account: &str,
    call: i64,
    burst: i64,
) -> Result<Option<i64>, sqlx::Error> {
    let query = sqlx::query_scalar(TAKE_SQLITE).bind(account.to_owned()).bind(now()).bind(call).bind(burst);
    query.fetch_optional(pool).await
}

async fn take_postgres(
    pool: &PgPool,
    account: &str,
    call: i64,
    burst: i64,
) -> Result<Option<i64>, sqlx::Error> {
    let query = sqlx::query_scalar(TAKE_POSTGRES).bind(account.to_owned()).bind(call).bind(burst);
    query.fetch_optional(pool).await
}

/// The clock of this host, which is that of every process on a SQLite file.
fn now() -> i64 {
    Utc::now().timestamp_micros()
}

/// The limits of all accounts.
struct StoreLimits {
    database: Database,
    deadline: Duration,
    /// Within a process callers of an account queue in order, and one of them at a time asks the database.
    queues: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

impl StoreLimits {
    fn queue(&self, account: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(queues.entry(account.to_owned()).or_default())
    }

    /// Asks until there is a turn, or says how far away it is.
    async fn wait(&self, account: &str, rate: RateLimit) -> Result<(), PortError> {
        let call = MINUTE_MICROS / i64::from(rate.per_minute.max(1));
        let burst = call.saturating_mul(i64::from(rate.burst.max(1)));
        loop {
            if self.asked(account, self.database.take(account, call, burst)).await? {
                return Ok(());
            }
            let Some((free_at, paused_until, now)) = self.asked(account, self.database.look(account)).await?
            else {
                continue;
            };
            if free_at - now > burst || paused_until - now > LONGEST_PAUSE_MICROS {
                tracing::warn!(
                    account,
                    "its rate limit was kept by another clock or at another rate; it begins anew"
                );
                self.asked(account, self.database.mend(account, burst)).await?;
                continue;
            }
            let left = micros((free_at + call - burst).max(paused_until) - now);
            if left > LONGEST_WAIT {
                return Err(too_long(account, left));
            }
            // A millisecond more than nothing: another process may have been first.
            tokio::time::sleep(left.max(Duration::from_millis(1))).await;
        }
    }

    async fn asked<T>(
        &self,
        account: &str,
        call: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, PortError> {
        let what = "asking for the rate limit";
        let answer =
            within(self.deadline, what, async { call.await.map_err(|error| from_sqlx(what, error)) });
        answer.await.map_err(|error| PortError::Unavailable {
            provider: account.to_owned(),
            detail: error.to_string(),
            retry_after: None,
        })
    }
}

fn micros(span: i64) -> Duration {
    Duration::from_micros(u64::try_from(span).unwrap_or(0))
}

fn too_long(account: &str, left: Duration) -> PortError {
    PortError::Unavailable {
        provider: account.to_owned(),
        detail: format!("its rate limit is used up for another {} s", left.as_secs().max(1)),
        retry_after: Some(left),
    }
}

#[async_trait]
impl AccountLimits for StoreLimits {
    async fn acquire(&self, account: &str, rate: RateLimit) -> Result<(), PortError> {
        let queue = self.queue(account);
        let turn = async {
            let _first = queue.lock().await;
            self.wait(account, rate).await
        };
        tokio::time::timeout(LONGEST_WAIT, turn).await.map_err(|_| too_long(account, LONGEST_WAIT))?
    }

    async fn pause(&self, account: &str, until: DateTime<Utc>) {
        let noted = self.asked(account, self.database.pause(account, until)).await;
        if let Err(error) = noted {
            // The next call is told to stop by the provider itself.
            tracing::warn!(account, "a pause could not be noted for the other processes: {error}");
        }
    }
}
