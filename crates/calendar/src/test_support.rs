//! Dates and instants from text, for tests.

use chrono::{DateTime, NaiveDate, Utc};

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(crate) fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}
