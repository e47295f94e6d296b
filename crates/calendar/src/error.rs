//! What the calendar cannot answer.

use chrono::NaiveDate;

use crate::{FIRST_DATE, LAST_DATE};

/// Why a question about the calendar has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The date, or the answer to a question about it, lies outside the years that the calendar knows.
    #[error(
        "{0} lies outside the exchange calendar, which covers {FIRST_DATE} to {LAST_DATE}; ask for a date inside"
    )]
    OutOfRange(NaiveDate),
    /// A year and month that do not exist or lie outside the years that the calendar knows.
    #[error(
        "{year}-{month:02} is no month of the exchange calendar, which covers {FIRST_DATE} to {LAST_DATE}"
    )]
    Month {
        /// The year asked for.
        year: i32,
        /// The month asked for, 1 to 12.
        month: u32,
    },
    /// No such time on a clock.
    #[error("{hour:02}:{minute:02} is no time of day; hours go from 0 to 23 and minutes from 0 to 59")]
    TimeOfDay {
        /// The hour asked for.
        hour: u32,
        /// The minute asked for.
        minute: u32,
    },
}
