//! Analyses: one row a run, the latest run on top.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::Value;
use ttai_ports::{Analyses, AnalysisFilter, AnalysisRecord, Saved, StoreError};

use crate::Database;
use crate::artifacts::touch;
use crate::checks::{check_id, check_page, check_text, check_workflow_id, json_text, storable_instant};
use crate::deadline::within;
use crate::statement::{Statement, instant, row, sql};

const MAX_RECOMMENDATION_BYTES: usize = 64 * 1024;
const MAX_NOTIFIED_BYTES: usize = 64 * 1024;

/// `$12` is when the save was asked for, none for now. A row that was saved since stays as it is.
const SAVE: &str = "INSERT INTO analyses (workflow_id, run_id, user_id, symbol, analysis_type, strategy, \
     recommendation, as_of, completed_at, notified, result, created_at, saved_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, {now}, coalesce($12, {now})) \
     ON CONFLICT (workflow_id, run_id) DO UPDATE SET user_id = excluded.user_id, symbol = excluded.symbol, \
     analysis_type = excluded.analysis_type, strategy = excluded.strategy, \
     recommendation = excluded.recommendation, as_of = excluded.as_of, completed_at = excluded.completed_at, \
     notified = excluded.notified, result = excluded.result, saved_at = excluded.saved_at \
     WHERE analyses.saved_at <= coalesce($12, analyses.saved_at)";

row! {
    struct Stored {
        workflow_id: String,
        run_id: String,
        user_id: String,
        symbol: String,
        analysis_type: String,
        strategy: Option<String>,
        recommendation: String,
        as_of: i64,
        created_at: i64,
        completed_at: Option<i64>,
        notified: String,
        result: String,
    }
}

impl Stored {
    fn into_record(self) -> Result<AnalysisRecord, StoreError> {
        let corrupt = |what: &str, error: serde_json::Error| {
            StoreError::Corrupt(format!("the {what} of analysis {:?} is no JSON: {error}", self.workflow_id))
        };
        Ok(AnalysisRecord {
            result: serde_json::from_str(&self.result).map_err(|error| corrupt("result", error))?,
            notified: serde_json::from_str(&self.notified)
                .map_err(|error| corrupt("notified list", error))?,
            as_of: instant("as_of", self.as_of)?,
            created_at: instant("created_at", self.created_at)?,
            completed_at: self.completed_at.map(|micros| instant("completed_at", micros)).transpose()?,
            workflow_id: self.workflow_id,
            run_id: self.run_id,
            user_id: self.user_id,
            symbol: self.symbol,
            analysis_type: self.analysis_type,
            strategy: self.strategy,
            recommendation: self.recommendation,
        })
    }
}

/// The statement that saves a record, or why no store could keep it.
fn save(
    record: &AnalysisRecord,
    asked: Option<DateTime<Utc>>,
    max_bytes: usize,
) -> Result<Statement<'_>, StoreError> {
    check_workflow_id(&record.workflow_id)?;
    check_id("run_id", &record.run_id)?;
    check_id("user_id", &record.user_id)?;
    check_id("symbol", &record.symbol)?;
    check_id("analysis_type", &record.analysis_type)?;
    check_id("strategy", record.strategy.as_deref().unwrap_or_default())?;
    check_text("recommendation", &record.recommendation, MAX_RECOMMENDATION_BYTES)?;
    let completed_at = record.completed_at.map(|at| storable_instant("completed_at", at)).transpose()?;
    let what = |part: &str| format!("the {part} of {:?}", record.workflow_id);
    let notified = Value::from(record.notified.as_slice());
    Ok(sql(SAVE)
        .bind(&record.workflow_id)
        .bind(&record.run_id)
        .bind(&record.user_id)
        .bind(&record.symbol)
        .bind(&record.analysis_type)
        .bind(&record.strategy)
        .bind(&record.recommendation)
        .bind(storable_instant("as_of", record.as_of)?)
        .bind(completed_at.map(|at| at.timestamp_micros()))
        .bind(json_text(&what("list of notified channels"), &notified, MAX_NOTIFIED_BYTES)?)
        .bind(json_text(&what("result"), &record.result, max_bytes)?)
        .bind(asked.map(|at| at.timestamp_micros())))
}

/// What to select where [`Database::records`] reads.
pub(crate) const RECORD: &str = Stored::COLUMNS;

impl Database {
    /// The records that a statement over [`RECORD`] selects.
    pub(crate) async fn records(
        &self,
        what: &str,
        query: Statement<'_>,
    ) -> Result<Vec<AnalysisRecord>, StoreError> {
        let found: Vec<Stored> = self.all(what, query).await?;
        found.into_iter().map(Stored::into_record).collect()
    }

    /// Whether the record is one that could be saved.
    pub(crate) fn check_analysis(&self, record: &AnalysisRecord) -> Result<(), StoreError> {
        save(record, None, self.options.max_bytes).map(drop)
    }

    /// Saves a record; one that was asked for at an earlier instant replaces none that was saved since.
    pub(crate) async fn save_asked(
        &self,
        record: &AnalysisRecord,
        asked: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        let statement = save(record, asked, self.options.max_bytes)?;
        let call = async {
            let mut work = self.begin().await?;
            work.execute(statement).await?;
            for sha256 in artifacts_of(&record.result) {
                work.execute(touch(sha256)).await?;
            }
            work.commit().await
        };
        self.within("saving the analysis", call).await
    }
}

#[async_trait]
impl Analyses for Database {
    async fn save(&self, record: &AnalysisRecord) -> Result<(), StoreError> {
        self.save_asked(record, None).await
    }

    async fn save_or_spool(&self, record: &AnalysisRecord, patience: Duration) -> Result<Saved, StoreError> {
        within(patience, "saving the analysis", self.save(record)).await.map(|()| Saved::InStore)
    }

    async fn latest(&self, workflow_id: &str) -> Result<Option<AnalysisRecord>, StoreError> {
        check_workflow_id(workflow_id)?;
        let text = format!(
            "SELECT {} FROM analyses WHERE workflow_id = $1 ORDER BY created_at DESC, run_id DESC LIMIT 1",
            Stored::COLUMNS
        );
        let found = self.first("reading the analysis", sql(text).bind(workflow_id)).await?;
        found.map(Stored::into_record).transpose()
    }

    async fn run(&self, workflow_id: &str, run_id: &str) -> Result<Option<AnalysisRecord>, StoreError> {
        check_workflow_id(workflow_id)?;
        check_id("run_id", run_id)?;
        let text = format!("SELECT {} FROM analyses WHERE workflow_id = $1 AND run_id = $2", Stored::COLUMNS);
        let found = self.first("reading the analysis", sql(text).bind(workflow_id).bind(run_id)).await?;
        found.map(Stored::into_record).transpose()
    }

    async fn list(&self, filter: &AnalysisFilter) -> Result<Vec<AnalysisRecord>, StoreError> {
        let limit = check_filter(filter)?;
        let select = format!("SELECT {} FROM analyses", Stored::COLUMNS);
        let found = self.all("listing the analyses", listing(select, filter, limit)).await?;
        found.into_iter().map(Stored::into_record).collect()
    }
}

/// Appends the filter, the order and the limit to `select`.
fn listing(select: String, filter: &AnalysisFilter, limit: i64) -> Statement<'_> {
    let mut query = sql(select);
    query.push_text(" WHERE true");
    if let Some(workflow_id) = &filter.workflow_id {
        query.push(" AND workflow_id = ", workflow_id);
    }
    if let Some(user_id) = &filter.user_id {
        query.push(" AND user_id = ", user_id);
    }
    if let Some(symbol) = &filter.symbol {
        query.push(" AND symbol = ", symbol);
    }
    if let Some(before) = filter.before {
        query.push(" AND created_at < ", before);
    }
    if let Some(cursor) = &filter.after {
        query.push(" AND (created_at, workflow_id, run_id) < (", cursor.created_at);
        query.push(", ", &cursor.workflow_id);
        query.push(", ", &cursor.run_id);
        query.push_text(")");
    }
    query.push(" ORDER BY created_at DESC, workflow_id DESC, run_id DESC LIMIT ", limit);
    query
}

/// A filter's limit, 50 when it has none.
fn check_filter(filter: &AnalysisFilter) -> Result<i64, StoreError> {
    filter.workflow_id.as_deref().map(check_workflow_id).transpose()?;
    check_id("user_id", filter.user_id.as_deref().unwrap_or_default())?;
    check_id("symbol", filter.symbol.as_deref().unwrap_or_default())?;
    if let Some(before) = filter.before {
        storable_instant("before", before)?;
    }
    if let Some(cursor) = &filter.after {
        check_workflow_id(&cursor.workflow_id)?;
        check_id("the cursor's run_id", &cursor.run_id)?;
        storable_instant("the cursor's created_at", cursor.created_at)?;
    }
    check_page(filter.limit)
}

/// The artefacts that a result refers to: its fields named `sha256`, at any depth.
fn artifacts_of(result: &Value) -> Vec<&str> {
    match result {
        Value::Array(items) => items.iter().flat_map(artifacts_of).collect(),
        Value::Object(fields) => {
            let own = fields.get("sha256").and_then(Value::as_str);
            own.into_iter().chain(fields.values().flat_map(artifacts_of)).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use ttai_ports::AnalysisCursor;

    use super::*;
    use crate::StoreUrl;
    use crate::statement::Dialect;

    #[test]
    fn limits_out_of_range_are_refused() {
        let with = |limit| AnalysisFilter { limit, ..AnalysisFilter::default() };
        assert_eq!(check_filter(&with(None)), Ok(50));
        assert_eq!(check_filter(&with(Some(1_000))), Ok(1_000));
        assert!(matches!(check_filter(&with(Some(0))), Err(StoreError::Invalid(_))));
        assert!(matches!(check_filter(&with(Some(1_001))), Err(StoreError::Invalid(_))));
    }

    #[test]
    fn a_results_artefacts_are_found_at_any_depth() {
        let result = json!({"a": [{"sha256": "x"}, 1], "b": {"c": {"sha256": "y", "d": {"sha256": "z"}}}});
        assert_eq!(artifacts_of(&result), ["x", "y", "z"]);
    }

    #[tokio::test]
    async fn listings_walk_an_index_and_sort_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let url = StoreUrl::sqlite(folder.path().join("ttai.db")).unwrap();
        let store = Database::open(&url).await.unwrap();
        let (_, readers) = store.sqlite_pools().unwrap();
        let cursor = AnalysisCursor { created_at: Utc::now(), workflow_id: "w".into(), run_id: "r".into() };
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
                let explain = format!("EXPLAIN QUERY PLAN SELECT {} FROM analyses", Stored::COLUMNS);
                let (text, _) = listing(explain, &filter, 50).render(Dialect::Sqlite);
                // Unbound values are NULL, which changes no plan.
                let plan: Vec<(i64, i64, i64, String)> =
                    sqlx::query_as(sqlx::AssertSqlSafe(text)).fetch_all(readers).await.unwrap();
                let plan: Vec<String> = plan.into_iter().map(|row| row.3).collect();
                let plan = plan.join("; ");
                assert!(plan.contains(&format!("USING INDEX {index}")), "{filter:?}: {plan}");
                assert!(!plan.contains("TEMP B-TREE"), "{filter:?}: {plan}");
            }
        }
    }
}
