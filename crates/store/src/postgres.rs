//! The store in a PostgreSQL database, for workers on more than one host.

use async_trait::async_trait;
use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{ConnectOptions, Connection, FromRow, PgPool, Row};
use ttai_ports::{
    AnalysisFilter, AnalysisRecord, Artifact, ArtifactRef, LlmDay, LlmTurn, LlmUsage, Store, StoreError,
};

use crate::StoreOptions;
use crate::artifact::{check_hash, check_new, sha256_hex, verify};
use crate::deadline::within;
use crate::error::from_sqlx;
use crate::listing::{listing, single};
use crate::llm::{NewTurn, StoredTurn, Sums, check_days, day};
use crate::record::{NewAnalysis, StoredAnalysis, check_filter, check_workflow_id};
use crate::schema;
use crate::url::postgres_place;

const SELECT: &str = "SELECT workflow_id, run_id, user_id, symbol, analysis_type, strategy, recommendation, as_of, \
     created_at, result::text AS result FROM analyses";

/// The server's clock, not this host's: the rows of several hosts are listed in one order.
const SAVE: &str = "INSERT INTO analyses (workflow_id, run_id, user_id, symbol, analysis_type, strategy, \
     recommendation, as_of, created_at, result) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp(), $9::text::json) \
     ON CONFLICT (workflow_id) DO UPDATE SET run_id = excluded.run_id, user_id = excluded.user_id, \
     symbol = excluded.symbol, analysis_type = excluded.analysis_type, strategy = excluded.strategy, \
     recommendation = excluded.recommendation, as_of = excluded.as_of, result = excluded.result";

/// Bytes that no longer match their name are put right by storing them again; bytes that do are left alone.
const PUT: &str = "INSERT INTO artifacts (sha256, media_type, created_at, bytes) VALUES ($1, $2, clock_timestamp(), $3) \
     ON CONFLICT (sha256) DO UPDATE SET bytes = excluded.bytes WHERE artifacts.bytes <> excluded.bytes";

/// The first answer of a key stays.
const KEEP_TURN: &str = "INSERT INTO llm_turns (workflow_id, run_id, activity, turn, prompt_hash, user_id, model, \
     input_tokens, output_tokens, cost_nanos, request, answer, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::text::json, $12::text::json, clock_timestamp()) \
     ON CONFLICT DO NOTHING";

const COUNT_TURN: &str = "INSERT INTO llm_usage (day, user_id, model, turns, input_tokens, output_tokens, cost_nanos, \
     unpriced_turns) VALUES ((clock_timestamp() AT TIME ZONE 'UTC')::date, $1, $2, 1, $3, $4, $5, $6) \
     ON CONFLICT (day, user_id, model) DO UPDATE SET turns = llm_usage.turns + 1, \
     input_tokens = llm_usage.input_tokens + excluded.input_tokens, \
     output_tokens = llm_usage.output_tokens + excluded.output_tokens, \
     cost_nanos = llm_usage.cost_nanos + excluded.cost_nanos, \
     unpriced_turns = llm_usage.unpriced_turns + excluded.unpriced_turns";

const TURNS: &str = "SELECT workflow_id, run_id, activity, turn, prompt_hash, user_id, model, input_tokens, output_tokens, \
     cost_nanos, created_at, request::text AS request, answer::text AS answer FROM llm_turns \
     WHERE workflow_id = $1 AND run_id = $2 AND activity = $3 ORDER BY turn, created_at, prompt_hash";

const USAGE_OF_RUN: &str = "SELECT count(*) AS turns, coalesce(sum(input_tokens), 0)::bigint AS input_tokens, \
     coalesce(sum(output_tokens), 0)::bigint AS output_tokens, coalesce(sum(cost_nanos), 0)::bigint AS cost_nanos, \
     count(*) - count(cost_nanos) AS unpriced_turns FROM llm_turns WHERE workflow_id = $1 AND run_id = $2";

const USAGE: &str = "SELECT day, user_id, model, turns, input_tokens, output_tokens, cost_nanos, unpriced_turns \
     FROM llm_usage WHERE day > (clock_timestamp() AT TIME ZONE 'UTC')::date - $1::int ORDER BY day DESC, user_id, model";

/// Analyses and artefacts in a PostgreSQL database.
#[derive(Debug)]
pub(crate) struct PostgresStore {
    place: String,
    options: StoreOptions,
    pool: PgPool,
}

impl PostgresStore {
    /// Connects and migrates the schema; of several programs that start at once, one migrates and the others wait.
    pub(crate) async fn open(connect: &PgConnectOptions, options: StoreOptions) -> Result<Self, StoreError> {
        let place = postgres_place(connect);
        let call = async {
            let what = format!("connecting to {place}");
            // A connection of its own: closing it, or dropping it at the deadline, gives up the migration's lock.
            let mut connection = connect.connect().await.map_err(|error| from_sqlx(&what, error))?;
            schema::migrate_postgres(&mut connection).await?;
            connection.close().await.map_err(|error| from_sqlx(&what, error))
        };
        within(options.opening_deadline(), "opening the store", call).await?;
        let pool = pool(connect, options);
        Ok(Self { place, options, pool })
    }

    /// The connections.
    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
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

/// The server's own time limit ends a statement before its caller gives up, so that a write that was reported as not
/// answered does not come after the one that repeats it.
fn pool(connect: &PgConnectOptions, options: StoreOptions) -> PgPool {
    let milliseconds = (options.deadline * 9 / 10).as_millis().to_string();
    PoolOptions::new()
        .max_connections(options.max_connections)
        .acquire_timeout(options.deadline)
        .after_connect(move |connection, _| {
            let milliseconds = milliseconds.clone();
            Box::pin(async move {
                sqlx::query("SELECT set_config('statement_timeout', $1, false)")
                    .bind(milliseconds)
                    .execute(connection)
                    .await
                    .map(drop)
            })
        })
        .connect_lazy_with(connect.clone())
}

#[async_trait]
impl Store for PostgresStore {
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
            .bind(new.as_of)
            .bind(new.result);
        self.within("saving the analysis", query.execute(&self.pool)).await.map(drop)
    }

    async fn analysis(&self, workflow_id: &str) -> Result<Option<AnalysisRecord>, StoreError> {
        check_workflow_id(workflow_id)?;
        let mut query = single(SELECT, workflow_id);
        let query = query.build_query_as::<StoredAnalysis>();
        let found = self.within("reading the analysis", query.fetch_optional(&self.pool)).await?;
        found.map(StoredAnalysis::into_record).transpose()
    }

    async fn analyses(&self, filter: &AnalysisFilter) -> Result<Vec<AnalysisRecord>, StoreError> {
        let limit = check_filter(filter)?;
        let mut query = listing(SELECT, filter, limit, |instant| instant);
        let query = query.build_query_as::<StoredAnalysis>();
        let found = self.within("listing the analyses", query.fetch_all(&self.pool)).await?;
        found.into_iter().map(StoredAnalysis::into_record).collect()
    }

    async fn put_artifact(&self, artifact: &Artifact) -> Result<ArtifactRef, StoreError> {
        check_new(artifact, self.options.max_bytes)?;
        let sha256 = sha256_hex(&artifact.bytes);
        let call = async {
            sqlx::query(PUT)
                .bind(&sha256)
                .bind(&artifact.media_type)
                .bind(&artifact.bytes)
                .execute(&self.pool)
                .await?;
            sqlx::query_scalar("SELECT media_type FROM artifacts WHERE sha256 = $1")
                .bind(&sha256)
                .fetch_one(&self.pool)
                .await
        };
        let media_type = self.within("storing the artefact", call).await?;
        Ok(ArtifactRef { media_type, size: artifact.bytes.len() as u64, sha256 })
    }

    async fn artifact(&self, sha256: &str) -> Result<Option<Artifact>, StoreError> {
        check_hash(sha256)?;
        let query = sqlx::query_as::<_, (String, Vec<u8>)>(
            "SELECT media_type, bytes FROM artifacts WHERE sha256 = $1",
        )
        .bind(sha256);
        let found = self.within("reading the artefact", query.fetch_optional(&self.pool)).await?;
        found.map(|(media_type, bytes)| verify(sha256, media_type, bytes)).transpose()
    }

    async fn save_llm_turn(&self, turn: &LlmTurn) -> Result<(), StoreError> {
        let new = NewTurn::check(turn, self.options.max_bytes)?;
        let call = async {
            let mut transaction = self.pool.begin().await?;
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
                .execute(&mut *transaction)
                .await?;
            if kept.rows_affected() > 0 {
                sqlx::query(COUNT_TURN)
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
        let found = self.within("reading the model's turns", query.fetch_all(&self.pool)).await?;
        found.into_iter().map(StoredTurn::into_turn).collect()
    }

    async fn llm_usage_of_run(&self, workflow_id: &str, run_id: &str) -> Result<LlmUsage, StoreError> {
        check_workflow_id(workflow_id)?;
        let query = sqlx::query_as::<_, Sums>(USAGE_OF_RUN).bind(workflow_id).bind(run_id);
        let sums = self.within("adding up the run's turns", query.fetch_one(&self.pool)).await?;
        Ok(sums.into_usage())
    }

    async fn llm_usage(&self, days: u32) -> Result<Vec<LlmDay>, StoreError> {
        let query = sqlx::query(USAGE).bind(check_days(days)?);
        let rows = self.within("adding up the days' turns", query.fetch_all(&self.pool)).await?;
        let read = |row: &PgRow| -> Result<LlmDay, sqlx::Error> {
            Ok(day(row.try_get("day")?, row.try_get("user_id")?, row.try_get("model")?, Sums::from_row(row)?))
        };
        let found: Result<Vec<LlmDay>, sqlx::Error> = rows.iter().map(read).collect();
        found.map_err(|error| from_sqlx("adding up the days' turns", error))
    }

    async fn describe(&self) -> Result<String, StoreError> {
        let what = "describing the store";
        let call = async {
            let mut connection = self.pool.acquire().await.map_err(|error| from_sqlx(what, error))?;
            schema::postgres_version(&mut connection).await
        };
        let version = within(self.options.deadline, what, call).await?;
        Ok(schema::describe(&self.place, version))
    }
}

impl FromRow<'_, PgRow> for StoredAnalysis {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Self::read(row, row.try_get("as_of")?, row.try_get("created_at")?)
    }
}

impl FromRow<'_, PgRow> for StoredTurn {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Self::read(row, row.try_get("created_at")?)
    }
}
