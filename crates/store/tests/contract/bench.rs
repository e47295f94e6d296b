//! A store to test, and a way past its API.

use std::sync::Arc;

use sqlx::{Connection, PgConnection, SqlSafeStr, SqliteConnection};
use ttai_store::{Database, StoreUrl};

/// A store that only the test knows, and a way past its API.
pub(crate) enum Bench {
    Sqlite { url: StoreUrl, file: String },
    Postgres { url: StoreUrl, connect: String },
}

impl Bench {
    pub(crate) fn url(&self) -> &StoreUrl {
        match self {
            Self::Sqlite { url, .. } | Self::Postgres { url, .. } => url,
        }
    }

    /// The URL with its password, for a child process.
    pub(crate) fn address(&self) -> &str {
        match self {
            Self::Sqlite { file, .. } => file,
            Self::Postgres { connect, .. } => connect,
        }
    }

    pub(crate) async fn store(&self) -> Arc<Database> {
        Arc::new(Database::open(self.url()).await.unwrap())
    }

    /// The one number that SQL answers, behind the store's back.
    pub(crate) async fn count(&self, sql: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite { file, .. } => {
                let mut connection = SqliteConnection::connect(&format!("sqlite://{file}")).await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
            }
            Self::Postgres { connect, .. } => {
                let mut connection = PgConnection::connect(connect).await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
            }
        }
    }

    /// Runs SQL behind the store's back; what is opened stays open until the answer is dropped.
    pub(crate) async fn tamper(&self, sql: impl SqlSafeStr + Send) -> Tampering {
        let sql = sql.into_sql_str();
        match self {
            Self::Sqlite { file, .. } => {
                let mut connection = SqliteConnection::connect(&format!("sqlite://{file}")).await.unwrap();
                sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
                Tampering { sqlite: Some(connection), postgres: None }
            }
            Self::Postgres { connect, .. } => {
                let mut connection = PgConnection::connect(connect).await.unwrap();
                sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
                Tampering { sqlite: None, postgres: Some(connection) }
            }
        }
    }
}

pub(crate) struct Tampering {
    sqlite: Option<SqliteConnection>,
    postgres: Option<PgConnection>,
}

impl Tampering {
    /// Ends the transaction that was begun.
    pub(crate) async fn commit(mut self) {
        if let Some(connection) = &mut self.sqlite {
            sqlx::raw_sql("COMMIT").execute(connection).await.unwrap();
        }
        if let Some(connection) = &mut self.postgres {
            sqlx::raw_sql("COMMIT").execute(connection).await.unwrap();
        }
        self.close().await;
    }

    pub(crate) async fn close(self) {
        if let Some(connection) = self.sqlite {
            connection.close().await.unwrap();
        }
        if let Some(connection) = self.postgres {
            connection.close().await.unwrap();
        }
    }
}
