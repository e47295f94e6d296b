//! A moment of the market as people write it.

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::NEW_YORK;

/// The moment that a text names: RFC 3339 with an offset, or New York clock time.
///
/// # Errors
/// What is wrong with the text, and what fits.
pub fn market_time(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Ok(moment.with_timezone(&Utc));
    }
    let local = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .ok_or_else(|| {
            format!(
                "'{text}' is not a valid time; use 2014-06-06T15:00 (New York) or RFC 3339 with an offset"
            )
        })?;
    local
        .and_local_timezone(NEW_YORK)
        .earliest()
        .map(|moment| moment.with_timezone(&Utc))
        .ok_or_else(|| format!("{text} does not exist in New York: the clocks go forward there"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_times_are_new_york_times() {
        let expected: DateTime<Utc> = "2014-06-06T19:00:00Z".parse().unwrap();
        assert_eq!(market_time("2014-06-06T15:00").unwrap(), expected);
        assert_eq!(market_time("2014-06-06T15:00:00-04:00").unwrap(), expected);
        assert!(market_time("2014-03-09T02:30").unwrap_err().contains("clocks go forward"));
        assert!(market_time("yesterday").is_err());
    }
}
