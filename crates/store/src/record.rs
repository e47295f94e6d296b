//! What an analysis must be to be stored, and how a row becomes an analysis again.

use chrono::{DateTime, Datelike, SubsecRound, Utc};
use serde_json::Value;
use sqlx::Row;
use ttai_ports::{AnalysisFilter, AnalysisRecord, StoreError};

/// A workflow id of Temporal has at most 1,000 bytes; with the ids below it has to fit PostgreSQL's index rows (2,704 bytes).
const MAX_WORKFLOW_ID_BYTES: usize = 1_000;
const MAX_ID_BYTES: usize = 256;
const MAX_RECOMMENDATION_BYTES: usize = 64 * 1024;
/// `serde_json` reads 127 levels; what is deeper could be written and never read.
const MAX_JSON_DEPTH: usize = 127;
const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 1_000;

/// The columns of a checked analysis that are not stored as they are.
pub(crate) struct NewAnalysis {
    pub(crate) as_of: DateTime<Utc>,
    pub(crate) result: String,
}

impl NewAnalysis {
    /// Refuses what could not be stored, listed or read back.
    pub(crate) fn check(record: &AnalysisRecord, max_bytes: usize) -> Result<Self, StoreError> {
        check_workflow_id(&record.workflow_id)?;
        check_text("run_id", &record.run_id, MAX_ID_BYTES)?;
        check_text("user_id", &record.user_id, MAX_ID_BYTES)?;
        check_text("symbol", &record.symbol, MAX_ID_BYTES)?;
        check_text("analysis_type", &record.analysis_type, MAX_ID_BYTES)?;
        check_text("strategy", record.strategy.as_deref().unwrap_or_default(), MAX_ID_BYTES)?;
        check_text("recommendation", &record.recommendation, MAX_RECOMMENDATION_BYTES)?;
        let as_of = storable_instant("as_of", record.as_of)?;
        let result = result_text(record, max_bytes)?;
        Ok(Self { as_of, result })
    }
}

/// The columns of a stored analysis, instants already read.
pub(crate) struct StoredAnalysis {
    pub(crate) workflow_id: String,
    pub(crate) run_id: String,
    pub(crate) user_id: String,
    pub(crate) symbol: String,
    pub(crate) analysis_type: String,
    pub(crate) strategy: Option<String>,
    pub(crate) recommendation: String,
    pub(crate) as_of: DateTime<Utc>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) result: String,
}

impl StoredAnalysis {
    /// Everything but the instants, which the databases keep in different forms.
    pub(crate) fn read<'r, R>(
        row: &'r R,
        as_of: DateTime<Utc>,
        created_at: DateTime<Utc>,
    ) -> Result<Self, sqlx::Error>
    where
        R: Row,
        &'static str: sqlx::ColumnIndex<R>,
        String: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    {
        Ok(Self {
            workflow_id: row.try_get("workflow_id")?,
            run_id: row.try_get("run_id")?,
            user_id: row.try_get("user_id")?,
            symbol: row.try_get("symbol")?,
            analysis_type: row.try_get("analysis_type")?,
            strategy: row.try_get("strategy")?,
            recommendation: row.try_get("recommendation")?,
            as_of,
            created_at,
            result: row.try_get("result")?,
        })
    }

    pub(crate) fn into_record(self) -> Result<AnalysisRecord, StoreError> {
        let result = serde_json::from_str(&self.result).map_err(|error| {
            StoreError::Corrupt(format!("the result of analysis {:?} is no JSON: {error}", self.workflow_id))
        })?;
        Ok(AnalysisRecord {
            workflow_id: self.workflow_id,
            run_id: self.run_id,
            user_id: self.user_id,
            symbol: self.symbol,
            analysis_type: self.analysis_type,
            strategy: self.strategy,
            recommendation: self.recommendation,
            as_of: self.as_of,
            result,
            created_at: self.created_at,
        })
    }
}

/// A filter's limit, 50 when it has none.
pub(crate) fn check_filter(filter: &AnalysisFilter) -> Result<u32, StoreError> {
    check_text("user_id", filter.user_id.as_deref().unwrap_or_default(), MAX_ID_BYTES)?;
    check_text("symbol", filter.symbol.as_deref().unwrap_or_default(), MAX_ID_BYTES)?;
    if let Some(before) = filter.before {
        storable_instant("before", before)?;
    }
    if let Some(cursor) = &filter.after {
        check_workflow_id(&cursor.workflow_id)?;
        storable_instant("the cursor's created_at", cursor.created_at)?;
    }
    match filter.limit {
        None => Ok(DEFAULT_LIMIT),
        Some(limit @ 1..=MAX_LIMIT) => Ok(limit),
        Some(limit) => Err(StoreError::Invalid(format!(
            "limit is {limit}; ask for 1 to {MAX_LIMIT} and page with `after`"
        ))),
    }
}

pub(crate) fn check_workflow_id(workflow_id: &str) -> Result<(), StoreError> {
    if workflow_id.is_empty() {
        return Err(StoreError::Invalid("workflow_id is empty; it names the analysis".into()));
    }
    check_text("workflow_id", workflow_id, MAX_WORKFLOW_ID_BYTES)
}

/// PostgreSQL's text has no NUL, so neither store takes one.
fn check_text(field: &str, text: &str, max_bytes: usize) -> Result<(), StoreError> {
    if text.len() > max_bytes {
        return Err(StoreError::Invalid(format!(
            "{field} has {} bytes, {max_bytes} are allowed",
            text.len()
        )));
    }
    match text.find('\0') {
        None => Ok(()),
        Some(at) => Err(StoreError::Invalid(format!("{field} has a NUL character at byte {at}; remove it"))),
    }
}

/// Both databases keep microseconds, and years 1 to 9999 are what both, and every client, can show.
pub(crate) fn storable_instant(field: &str, instant: DateTime<Utc>) -> Result<DateTime<Utc>, StoreError> {
    if (1..=9999).contains(&instant.year()) {
        return Ok(instant.trunc_subsecs(6));
    }
    Err(StoreError::Invalid(format!(
        "{field} lies in the year {}; years 1 to 9999 can be stored",
        instant.year()
    )))
}

/// An identity of ours: a run, a user, a symbol.
pub(crate) fn check_id(field: &str, text: &str) -> Result<(), StoreError> {
    check_text(field, text, MAX_ID_BYTES)
}

fn result_text(record: &AnalysisRecord, max_bytes: usize) -> Result<String, StoreError> {
    json_text(&format!("the result of {:?}", record.workflow_id), &record.result, max_bytes)
}

/// JSON that can be read back; `what` names it in errors.
pub(crate) fn json_text(what: &str, value: &Value, max_bytes: usize) -> Result<String, StoreError> {
    if is_deeper_than(value, MAX_JSON_DEPTH) {
        return Err(StoreError::Invalid(format!(
            "{what} is nested deeper than {MAX_JSON_DEPTH} levels; flatten it"
        )));
    }
    let text = serde_json::to_string(value)
        .map_err(|error| StoreError::Invalid(format!("{what} cannot be written as JSON: {error}")))?;
    if text.len() > max_bytes {
        return Err(StoreError::Invalid(format!(
            "{what} has {} bytes of JSON, {max_bytes} are allowed; keep its large parts as artefacts",
            text.len()
        )));
    }
    Ok(text)
}

fn is_deeper_than(value: &Value, levels: usize) -> bool {
    let below = |child: &Value| levels.checked_sub(1).is_none_or(|left| is_deeper_than(child, left));
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(below),
        Value::Object(fields) => levels == 0 || fields.values().any(below),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(levels: usize) -> Value {
        (0..levels).fold(Value::Null, |inner, _| Value::Array(vec![inner]))
    }

    #[test]
    fn the_deepest_result_that_is_taken_can_be_read() {
        assert!(!is_deeper_than(&nested(MAX_JSON_DEPTH), MAX_JSON_DEPTH));
        assert!(is_deeper_than(&nested(MAX_JSON_DEPTH + 1), MAX_JSON_DEPTH));
        let text = nested(MAX_JSON_DEPTH).to_string();
        assert!(serde_json::from_str::<Value>(&text).is_ok());
        assert!(serde_json::from_str::<Value>(&nested(MAX_JSON_DEPTH + 1).to_string()).is_err());
    }

    #[test]
    fn limits_out_of_range_are_refused() {
        let with = |limit| AnalysisFilter { limit, ..AnalysisFilter::default() };
        assert_eq!(check_filter(&with(None)), Ok(50));
        assert_eq!(check_filter(&with(Some(1_000))), Ok(1_000));
        assert!(matches!(check_filter(&with(Some(0))), Err(StoreError::Invalid(_))));
        assert!(matches!(check_filter(&with(Some(1_001))), Err(StoreError::Invalid(_))));
    }

    #[test]
    fn instants_are_cut_to_microseconds_and_to_four_digit_years() {
        let nanoseconds = DateTime::from_timestamp(1_402_066_800, 123_456_789).unwrap();
        assert_eq!(storable_instant("as_of", nanoseconds).unwrap().timestamp_subsec_nanos(), 123_456_000);
        assert!(matches!(storable_instant("as_of", DateTime::<Utc>::MAX_UTC), Err(StoreError::Invalid(_))));
        assert!(matches!(storable_instant("as_of", DateTime::<Utc>::MIN_UTC), Err(StoreError::Invalid(_))));
    }
}
