//! The store in a SQLite file: one writing connection, several reading ones, write-ahead log, every commit synced.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use sqlx::pool::PoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, FromRow, Row, SqlitePool};
use ttai_ports::{
    AnalysisFilter, AnalysisRecord, Artifact, ArtifactRef, LlmDay, LlmTurn, LlmUsage, Store, StoreError,
};

use crate::StoreOptions;
use crate::artifact::{check_hash, check_new, sha256_hex, verify};
use crate::deadline::within;
use crate::error::from_sqlx;
use crate::host::{HostClaim, HostIdentity};
use crate::listing::{listing, single};
use crate::llm::{NewTurn, StoredTurn, Sums, check_days, day};
use crate::record::{NewAnalysis, StoredAnalysis, check_filter, check_workflow_id};
use crate::schema;
use crate::url::sqlite_place;

const SELECT: &str = "SELECT workflow_id, run_id, user_id, symbol, analysis_type, strategy, recommendation, as_of, \
     created_at, result FROM analyses";

const SAVE: &str = "INSERT INTO analyses (workflow_id, run_id, user_id, symbol, analysis_type, strategy, \
     recommendation, as_of, created_at, result) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) \
     ON CONFLICT (workflow_id) DO UPDATE SET run_id = excluded.run_id, user_id = excluded.user_id, \
     symbol = excluded.symbol, analysis_type = excluded.analysis_type, strategy = excluded.strategy, \
     recommendation = excluded.recommendation, as_of = excluded.as_of, result = excluded.result";

/// Bytes that no longer match their name are put right by storing them again; bytes that do are left alone.
const PUT: &str = "INSERT INTO artifacts (sha256, media_type, created_at, bytes) VALUES (?1, ?2, ?3, ?4) \
     ON CONFLICT (sha256) DO UPDATE SET bytes = excluded.bytes WHERE artifacts.bytes <> excluded.bytes";

/// The first answer of a key stays.
const KEEP_TURN: &str = "INSERT INTO llm_turns (workflow_id, run_id, activity, turn, prompt_hash, user_id, model, \
     input_tokens, output_tokens, cost_nanos, request, answer, created_at) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) \
     ON CONFLICT DO NOTHING";

const COUNT_TURN: &str = "INSERT INTO llm_usage (day, user_id, model, turns, input_tokens, output_tokens, cost_nanos, \
     unpriced_turns) VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7) \
     ON CONFLICT (day, user_id, model) DO UPDATE SET turns = llm_usage.turns + 1, \
     input_tokens = llm_usage.input_tokens + excluded.input_tokens, \
     output_tokens = llm_usage.output_tokens + excluded.output_tokens, \
     cost_nanos = llm_usage.cost_nanos + excluded.cost_nanos, \
     unpriced_turns = llm_usage.unpriced_turns + excluded.unpriced_turns";

const TURNS: &str = "SELECT workflow_id, run_id, activity, turn, prompt_hash, user_id, model, input_tokens, output_tokens, \
     cost_nanos, created_at, request, answer FROM llm_turns WHERE workflow_id = ?1 AND run_id = ?2 AND activity = ?3 \
     ORDER BY turn, created_at, rowid";

const USAGE_OF_RUN: &str = "SELECT count(*) AS turns, coalesce(sum(input_tokens), 0) AS input_tokens, \
     coalesce(sum(output_tokens), 0) AS output_tokens, coalesce(sum(cost_nanos), 0) AS cost_nanos, \
     count(*) - count(cost_nanos) AS unpriced_turns FROM llm_turns WHERE workflow_id = ?1 AND run_id = ?2";

const USAGE: &str = "SELECT day, user_id, model, turns, input_tokens, output_tokens, cost_nanos, unpriced_turns \
     FROM llm_usage WHERE day > ?1 ORDER BY day DESC, user_id, model";

/// Analyses and artefacts in a SQLite file, for the processes of one host.
#[derive(Debug)]
pub(crate) struct SqliteStore {
    path: PathBuf,
    options: StoreOptions,
    /// One connection: SQLite has one writer at a time, and within a process it is fairer to queue than to poll.
    writer: SqlitePool,
    readers: SqlitePool,
    _claim: HostClaim,
}

impl SqliteStore {
    /// Opens the file, creating it (readable by its owner only) and its folders where they are absent, and migrates it.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] where another host has it, [`StoreError::Schema`] where a newer program or another one
    /// wrote it, [`StoreError::Corrupt`] where it is no database, [`StoreError::Unavailable`] where it cannot be opened.
    pub(crate) async fn open(path: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        let call = async {
            let claim = claim_file(path.to_owned()).await?;
            migrate_when_free(path, options).await?;
            let connect = connect_options(path, options);
            Ok(Self {
                path: path.to_owned(),
                options,
                writer: pool(1, options, connect.clone()),
                readers: pool(options.max_connections - 1, options, connect.pragma("query_only", "ON")),
                _claim: claim,
            })
        };
        within(options.opening_deadline(), "opening the store", call).await
    }

    /// The connection that writes.
    pub(crate) fn writer(&self) -> &SqlitePool {
        &self.writer
    }

    async fn within<T>(
        &self,
        what: &str,
        call: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, StoreError> {
        within(self.options.deadline, what, async { call.await.map_err(|error| from_sqlx(what, error)) })
            .await
    }
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
                schema::migrate_sqlite(&mut connection).await?;
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
        .connect_lazy_with(connect)
}

#[async_trait]
impl Store for SqliteStore {
    async fn save_analysis(&self, record: &AnalysisRecord) -> Result<(), StoreError> {
        let new = NewAnalysis::check(record, self.options.max_bytes)?;
        let query = sqlx::query(SAVE)
            .bind(&record.workflow_id)
            .bind(&record.run_id)
            .bind(&record.user_id)
            .bind(&record.symbol)
            .bind(&record.analysis_type)
            .bind(&record.strategy)
            .bind(&record.recommendation)
            .bind(new.as_of.timestamp_micros())
            .bind(Utc::now().timestamp_micros())
            .bind(new.result);
        self.within("saving the analysis", query.execute(&self.writer)).await.map(drop)
    }

    async fn analysis(&self, workflow_id: &str) -> Result<Option<AnalysisRecord>, StoreError> {
        check_workflow_id(workflow_id)?;
        let mut query = single(SELECT, workflow_id);
        let query = query.build_query_as::<StoredAnalysis>();
        let found = self.within("reading the analysis", query.fetch_optional(&self.readers)).await?;
        found.map(StoredAnalysis::into_record).transpose()
    }

    async fn analyses(&self, filter: &AnalysisFilter) -> Result<Vec<AnalysisRecord>, StoreError> {
        let limit = check_filter(filter)?;
        let mut query = listing(SELECT, filter, limit, |instant| instant.timestamp_micros());
        let query = query.build_query_as::<StoredAnalysis>();
        let found = self.within("listing the analyses", query.fetch_all(&self.readers)).await?;
        found.into_iter().map(StoredAnalysis::into_record).collect()
    }

    async fn put_artifact(&self, artifact: &Artifact) -> Result<ArtifactRef, StoreError> {
        check_new(artifact, self.options.max_bytes)?;
        let sha256 = sha256_hex(&artifact.bytes);
        let call = async {
            sqlx::query(PUT)
                .bind(&sha256)
                .bind(&artifact.media_type)
                .bind(Utc::now().timestamp_micros())
                .bind(&artifact.bytes)
                .execute(&self.writer)
                .await?;
            sqlx::query_scalar("SELECT media_type FROM artifacts WHERE sha256 = ?1")
                .bind(&sha256)
                .fetch_one(&self.readers)
                .await
        };
        let media_type = self.within("storing the artefact", call).await?;
        Ok(ArtifactRef { media_type, size: artifact.bytes.len() as u64, sha256 })
    }

    async fn artifact(&self, sha256: &str) -> Result<Option<Artifact>, StoreError> {
        check_hash(sha256)?;
        let query = sqlx::query_as::<_, (String, Vec<u8>)>(
            "SELECT media_type, bytes FROM artifacts WHERE sha256 = ?1",
        )
        .bind(sha256);
        let found = self.within("reading the artefact", query.fetch_optional(&self.readers)).await?;
        found.map(|(media_type, bytes)| verify(sha256, media_type, bytes)).transpose()
    }

    async fn save_llm_turn(&self, turn: &LlmTurn) -> Result<(), StoreError> {
        let new = NewTurn::check(turn, self.options.max_bytes)?;
        let now = Utc::now();
        let call = async {
            let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
            let kept = sqlx::query(KEEP_TURN)
                .bind(&turn.workflow_id)
                .bind(&turn.run_id)
                .bind(&turn.activity)
                .bind(new.turn)
                .bind(&turn.prompt_hash)
                .bind(&turn.user_id)
                .bind(&turn.model)
                .bind(new.input_tokens)
                .bind(new.output_tokens)
                .bind(new.cost_nanos)
                .bind(&new.request)
                .bind(&new.answer)
                .bind(now.timestamp_micros())
                .execute(&mut *transaction)
                .await?;
            if kept.rows_affected() > 0 {
                sqlx::query(COUNT_TURN)
                    .bind(now.date_naive().to_string())
                    .bind(&turn.user_id)
                    .bind(&turn.model)
                    .bind(new.input_tokens)
                    .bind(new.output_tokens)
                    .bind(new.cost_nanos.unwrap_or(0))
                    .bind(new.unpriced())
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await
        };
        self.within("keeping the model's turn", call).await
    }

    async fn llm_turns(
        &self,
        workflow_id: &str,
        run_id: &str,
        activity: &str,
    ) -> Result<Vec<LlmTurn>, StoreError> {
        check_workflow_id(workflow_id)?;
        let query = sqlx::query_as::<_, StoredTurn>(TURNS).bind(workflow_id).bind(run_id).bind(activity);
        let found = self.within("reading the model's turns", query.fetch_all(&self.readers)).await?;
        found.into_iter().map(StoredTurn::into_turn).collect()
    }

    async fn llm_usage_of_run(&self, workflow_id: &str, run_id: &str) -> Result<LlmUsage, StoreError> {
        check_workflow_id(workflow_id)?;
        let query = sqlx::query_as::<_, Sums>(USAGE_OF_RUN).bind(workflow_id).bind(run_id);
        let sums = self.within("adding up the run's turns", query.fetch_one(&self.readers)).await?;
        Ok(sums.into_usage())
    }

    async fn llm_usage(&self, days: u32) -> Result<Vec<LlmDay>, StoreError> {
        let before = Utc::now() - TimeDelta::days(check_days(days)?);
        let query = sqlx::query(USAGE).bind(before.date_naive().to_string());
        let rows = self.within("adding up the days' turns", query.fetch_all(&self.readers)).await?;
        let read = |row: &SqliteRow| -> Result<LlmDay, sqlx::Error> {
            let date: String = row.try_get("day")?;
            let date = date.parse().map_err(|error| sqlx::Error::ColumnDecode {
                index: "day".to_owned(),
                source: format!("{date:?} is no day: {error}").into(),
            })?;
            Ok(day(date, row.try_get("user_id")?, row.try_get("model")?, Sums::from_row(row)?))
        };
        let found: Result<Vec<LlmDay>, sqlx::Error> = rows.iter().map(read).collect();
        found.map_err(|error| from_sqlx("adding up the days' turns", error))
    }

    async fn describe(&self) -> Result<String, StoreError> {
        let what = "describing the store";
        let call = async {
            let mut connection = self.readers.acquire().await.map_err(|error| from_sqlx(what, error))?;
            schema::sqlite_version(&mut connection).await
        };
        let version = within(self.options.deadline, what, call).await?;
        Ok(schema::describe(&sqlite_place(&self.path), version))
    }
}

impl FromRow<'_, SqliteRow> for StoredAnalysis {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Self::read(row, instant(row, "as_of")?, instant(row, "created_at")?)
    }
}

impl FromRow<'_, SqliteRow> for StoredTurn {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Self::read(row, instant(row, "created_at")?)
    }
}

fn instant(row: &SqliteRow, column: &str) -> Result<DateTime<Utc>, sqlx::Error> {
    let micros: i64 = row.try_get(column)?;
    DateTime::from_timestamp_micros(micros).map(|instant| instant.trunc_subsecs(6)).ok_or_else(|| {
        sqlx::Error::ColumnDecode {
            index: column.to_owned(),
            source: format!("{micros} microseconds since 1970 are no instant").into(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ttai_ports::AnalysisCursor;

    #[tokio::test]
    async fn listings_walk_an_index_and_sort_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("ttai.db"), StoreOptions::default()).await.unwrap();
        let cursor = AnalysisCursor { created_at: Utc::now(), workflow_id: "w".into() };
        for (user_id, symbol, index) in [
            (None, None, "analyses_newest"),
            (Some("ann"), None, "analyses_of_user"),
            (None, Some("AAPL"), "analyses_of_symbol"),
            (Some("ann"), Some("AAPL"), "analyses_of_user_symbol"),
        ] {
            for after in [None, Some(cursor.clone())] {
                let filter = AnalysisFilter {
                    user_id: user_id.map(Into::into),
                    symbol: symbol.map(Into::into),
                    after,
                    ..AnalysisFilter::default()
                };
                let explain = format!("EXPLAIN QUERY PLAN {SELECT}");
                let mut query = listing(&explain, &filter, 50, |instant| instant.timestamp_micros());
                let plan = query.build().fetch_all(&store.readers).await.unwrap();
                let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
                let plan = plan.join("; ");
                assert!(plan.contains(&format!("USING INDEX {index}")), "{filter:?}: {plan}");
                assert!(!plan.contains("TEMP B-TREE"), "{filter:?}: {plan}");
            }
        }
    }

    #[tokio::test]
    async fn the_file_is_in_the_modes_that_make_it_durable() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("ttai.db"), StoreOptions::default()).await.unwrap();
        let journal: String =
            sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&store.writer).await.unwrap();
        let synchronous: i64 =
            sqlx::query_scalar("PRAGMA synchronous").fetch_one(&store.writer).await.unwrap();
        let foreign_keys: i64 =
            sqlx::query_scalar("PRAGMA foreign_keys").fetch_one(&store.writer).await.unwrap();
        assert_eq!((journal.as_str(), synchronous, foreign_keys), ("wal", 2, 1));
    }
}
