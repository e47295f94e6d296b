//! What was pulled out of sources: rows, and how far each resource was read.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use ttai_ports::{MAX_SYNCED_ROWS, SavedRows, StoreError, SyncState, SyncedResource, SyncedRow, SyncedRows};

use crate::Database;
use crate::checks::{check_named, check_text, json_text, storable_instant};
use crate::statement::{Statement, count, instant, row, sql};

/// Longest cursor, in bytes.
const LONGEST_CURSOR: usize = 1_000;
/// Longest problem, in bytes; the rest is cut.
const LONGEST_PROBLEM: usize = 1_000;

/// Nothing happens to a row that is there as it is.
const UPSERT: &str = "INSERT INTO synced_rows (owner, source, resource, row_key, at, content, changed_at) \
     VALUES ($1, $2, $3, $4, $5, $6, {now}) ON CONFLICT (owner, source, resource, row_key) DO UPDATE SET \
     at = excluded.at, content = excluded.content, changed_at = excluded.changed_at \
     WHERE synced_rows.content <> excluded.content OR synced_rows.at <> excluded.at";

const READ: &str = "INSERT INTO sync_state (owner, source, resource, position, synced_at) \
     VALUES ($1, $2, $3, $4, {now}) ON CONFLICT (owner, source, resource) DO UPDATE SET \
     position = coalesce(excluded.position, sync_state.position), synced_at = excluded.synced_at, \
     problem = NULL, failed_at = NULL";

const FAILED: &str = "INSERT INTO sync_state (owner, source, resource, problem, failed_at) \
     VALUES ($1, $2, $3, $4, {now}) ON CONFLICT (owner, source, resource) DO UPDATE SET \
     problem = excluded.problem, failed_at = excluded.failed_at";

const STATES: &str = "SELECT s.source, s.resource, s.position, s.synced_at, s.problem, s.failed_at, \
     (SELECT count(*) FROM synced_rows r WHERE r.owner = s.owner AND r.source = s.source \
     AND r.resource = s.resource) AS rows FROM sync_state s WHERE s.owner = $1";

row! {
    struct StoredState {
        source: String,
        resource: String,
        position: Option<String>,
        synced_at: Option<i64>,
        problem: Option<String>,
        failed_at: Option<i64>,
        rows: i64,
    }
}

row! {
    struct StoredRow {
        row_key: String,
        at: i64,
        content: String,
    }
}

impl StoredState {
    fn into_state(self) -> Result<(String, String, SyncState), StoreError> {
        let moment = |column, micros: Option<i64>| micros.map(|micros| instant(column, micros)).transpose();
        let state = SyncState {
            cursor: self.position,
            rows: count("rows", self.rows)?,
            synced_at: moment("synced_at", self.synced_at)?,
            problem: self.problem,
            failed_at: moment("failed_at", self.failed_at)?,
        };
        Ok((self.source, self.resource, state))
    }
}

impl StoredRow {
    fn into_row(self) -> Result<SyncedRow, StoreError> {
        let row = serde_json::from_str(&self.content)
            .map_err(|error| StoreError::Corrupt(format!("row {:?} is no JSON: {error}", self.row_key)))?;
        Ok(SyncedRow { at: instant("at", self.at)?, row, key: self.row_key })
    }
}

fn check(of: &SyncedResource) -> Result<(), StoreError> {
    check_named("the owner", &of.owner)?;
    check_named("the source", &of.source)?;
    check_named("the resource", &of.resource)
}

fn of_resource<'a>(text: &'static str, of: &'a SyncedResource) -> Statement<'a> {
    sql(text).bind(&of.owner).bind(&of.source).bind(&of.resource)
}

impl Database {
    fn upsert_row<'a>(
        &self,
        of: &'a SyncedResource,
        row: &'a SyncedRow,
    ) -> Result<Statement<'a>, StoreError> {
        check_named("the row's key", &row.key)?;
        let at = storable_instant("at", row.at)?;
        let content = json_text("the row", &row.row, self.options.max_bytes)?;
        Ok(of_resource(UPSERT, of).bind(&row.key).bind(at).bind(content))
    }
}

#[async_trait]
impl SyncedRows for Database {
    async fn save_synced(
        &self,
        of: &SyncedResource,
        rows: &[SyncedRow],
        cursor: Option<&str>,
    ) -> Result<SavedRows, StoreError> {
        check(of)?;
        if rows.len() > MAX_SYNCED_ROWS {
            let message = format!("{} rows are more than {MAX_SYNCED_ROWS}", rows.len());
            return Err(StoreError::Invalid(message));
        }
        check_text("the cursor", cursor.unwrap_or_default(), LONGEST_CURSOR)?;
        let statements: Vec<Statement<'_>> =
            rows.iter().map(|row| self.upsert_row(of, row)).collect::<Result<_, _>>()?;
        let cursor = crate::statement::Bind::Text(cursor.map(Into::into));
        let call = async {
            let mut work = self.begin().await?;
            let mut written = 0;
            for statement in statements {
                written += work.execute(statement).await?;
            }
            work.execute(of_resource(READ, of).bind(cursor)).await?;
            work.commit().await?;
            Ok(written)
        };
        let written = self.within("saving a source's rows", call).await?;
        let all = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        Ok(SavedRows { written, unchanged: all.saturating_sub(written) })
    }

    async fn note_sync_problem(&self, of: &SyncedResource, problem: &str) -> Result<(), StoreError> {
        check(of)?;
        let mut end = problem.len().min(LONGEST_PROBLEM);
        while !problem.is_char_boundary(end) {
            end -= 1;
        }
        let problem = problem[..end].replace('\0', " ");
        self.execute("noting a sync's problem", of_resource(FAILED, of).bind(problem)).await.map(drop)
    }

    async fn sync_state(&self, of: &SyncedResource) -> Result<SyncState, StoreError> {
        check(of)?;
        let text = format!("{STATES} AND s.source = $2 AND s.resource = $3");
        let query = sql(text).bind(&of.owner).bind(&of.source).bind(&of.resource);
        let found: Option<StoredState> = self.first("reading a sync's state", query).await?;
        Ok(found.map(StoredState::into_state).transpose()?.map(|(.., state)| state).unwrap_or_default())
    }

    async fn sync_states(&self, owner: &str) -> Result<Vec<(SyncedResource, SyncState)>, StoreError> {
        check_named("the owner", owner)?;
        let query = sql(format!("{STATES} ORDER BY s.source, s.resource")).bind(owner);
        let found: Vec<StoredState> = self.all("reading the syncs' states", query).await?;
        let named =
            |(source, resource, state)| (SyncedResource { owner: owner.to_owned(), source, resource }, state);
        found.into_iter().map(|state| state.into_state().map(named)).collect()
    }

    async fn synced_rows(
        &self,
        of: &SyncedResource,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<SyncedRow>, StoreError> {
        check(of)?;
        let text = format!(
            "SELECT {} FROM synced_rows WHERE owner = $1 AND source = $2 AND resource = $3 AND at < $4 \
             ORDER BY at DESC, row_key DESC LIMIT $5",
            StoredRow::COLUMNS
        );
        let query = sql(text).bind(&of.owner).bind(&of.source).bind(&of.resource).bind(until);
        let found: Vec<StoredRow> = self.all("reading a source's rows", query.bind(i64::from(limit))).await?;
        found.into_iter().rev().map(StoredRow::into_row).collect()
    }
}
