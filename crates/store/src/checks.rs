//! What a value must be to be stored, listed and read back.

use chrono::{DateTime, Datelike, SubsecRound, Utc};
use serde_json::Value;
use ttai_ports::StoreError;

/// A workflow id of Temporal has at most 1,000 bytes; with the ids below it has to fit PostgreSQL's index rows (2,704 bytes).
const MAX_WORKFLOW_ID_BYTES: usize = 1_000;
const MAX_ID_BYTES: usize = 256;
/// `serde_json` reads 127 levels; what is deeper could be written and never read.
const MAX_JSON_DEPTH: usize = 127;

pub(crate) fn check_workflow_id(workflow_id: &str) -> Result<(), StoreError> {
    if workflow_id.is_empty() {
        return Err(StoreError::Invalid("workflow_id is empty; it names the analysis".into()));
    }
    check_text("workflow_id", workflow_id, MAX_WORKFLOW_ID_BYTES)
}

/// PostgreSQL's text has no NUL, so neither store takes one.
pub(crate) fn check_text(field: &str, text: &str, max_bytes: usize) -> Result<(), StoreError> {
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

/// An identity of ours that must be there.
pub(crate) fn check_named(field: &str, text: &str) -> Result<(), StoreError> {
    if text.is_empty() {
        return Err(StoreError::Invalid(format!("{field} is empty")));
    }
    check_id(field, text)
}

/// A page's length where a listing has one of its own: 50 when none, up to 1,000.
pub(crate) fn check_page(limit: Option<u32>) -> Result<i64, StoreError> {
    check_limit(limit.unwrap_or(50), 1_000)
}

/// A page's length: 1 to `most`.
pub(crate) fn check_limit(limit: u32, most: u32) -> Result<i64, StoreError> {
    if (1..=most).contains(&limit) {
        return Ok(i64::from(limit));
    }
    Err(StoreError::Invalid(format!("limit is {limit}; ask for 1 to {most} and page with `after`")))
}

/// Most values of one call.
pub(crate) fn check_count(what: &str, count: usize, most: usize) -> Result<(), StoreError> {
    if count <= most {
        return Ok(());
    }
    Err(StoreError::Invalid(format!("{count} {what} at once; send at most {most}")))
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

/// A value of ours as JSON; `what` names it in errors.
pub(crate) fn stored_json(
    what: &str,
    value: &impl serde::Serialize,
    max_bytes: usize,
) -> Result<String, StoreError> {
    let text = serde_json::to_string(value)
        .map_err(|error| StoreError::Invalid(format!("{what} cannot be written as JSON: {error}")))?;
    check_text(what, &text, max_bytes).map(|()| text)
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
    fn instants_are_cut_to_microseconds_and_to_four_digit_years() {
        let nanoseconds = DateTime::from_timestamp(1_402_066_800, 123_456_789).unwrap();
        assert_eq!(storable_instant("as_of", nanoseconds).unwrap().timestamp_subsec_nanos(), 123_456_000);
        assert!(matches!(storable_instant("as_of", DateTime::<Utc>::MAX_UTC), Err(StoreError::Invalid(_))));
        assert!(matches!(storable_instant("as_of", DateTime::<Utc>::MIN_UTC), Err(StoreError::Invalid(_))));
    }
}
