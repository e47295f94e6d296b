//! Opening a PostgreSQL database, for workers on more than one host.

use sqlx::pool::PoolOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgPool};
use ttai_ports::StoreError;

use crate::StoreOptions;
use crate::error::from_sqlx;
use crate::schema;
use crate::url::postgres_place;

/// Connects and migrates the schema; of several programs that start at once, one migrates and the others wait.
///
/// # Errors
/// [`StoreError::Unavailable`] where it cannot be reached, [`StoreError::Schema`] where a newer program wrote it.
pub(crate) async fn open(connect: &PgConnectOptions, options: StoreOptions) -> Result<PgPool, StoreError> {
    let what = format!("connecting to {}", postgres_place(connect));
    // A connection of its own: closing it, or dropping it at the deadline, gives up the migration's lock.
    let mut connection = connect.connect().await.map_err(|error| from_sqlx(&what, error))?;
    schema::migrate_postgres(&mut connection).await?;
    connection.close().await.map_err(|error| from_sqlx(&what, error))?;
    Ok(pool(connect, options))
}

/// The server's own time limit ends a statement before its caller gives up, so that a write that was reported as not
/// answered does not come after the one that repeats it. A transaction whose program is gone ends then, too, and with it its
/// locks: others would wait for it until the network gives up.
fn pool(connect: &PgConnectOptions, options: StoreOptions) -> PgPool {
    let milliseconds = (options.deadline * 9 / 10).as_millis().to_string();
    PoolOptions::new()
        .max_connections(options.max_connections)
        .acquire_timeout(options.deadline)
        .after_connect(move |connection, _| {
            let milliseconds = milliseconds.clone();
            Box::pin(async move {
                let limits = "SELECT set_config('statement_timeout', $1, false), \
                     set_config('idle_in_transaction_session_timeout', $1, false)";
                sqlx::query(limits).bind(milliseconds).execute(connection).await.map(drop)
            })
        })
        .connect_lazy_with(connect.clone())
}
