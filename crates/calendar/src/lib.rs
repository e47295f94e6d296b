//! The New York Stock Exchange's calendar (XNYS): sessions, holidays, early closes, New York clock times, option hours and
//! expirations. Pure functions of a date or an instant; there is no clock in here.
//!
//! Exact for 1990 to 2030 (scheduled hours; a halt or a delayed open does not move them), by today's rules to
//! [`LAST_DATE`]. Before [`FIRST_DATE`] and after [`LAST_DATE`] nothing is known: lookups that answer with an `Option` or a
//! `bool` find no session there, everything else returns [`CalendarError`], and [`check_covered`] tells closed from unknown.
//!
//! Sources: NYSE Rule 7.2 (holidays); the exchange's notices (one-off closures, early closes), as
//! exchange_calendars keeps them for XNYS and as they are tested against it; the IANA time zone database (New
//! York's clocks); Cboe Rule 5.1(b) (option hours). Dates are New York calendar dates, instants are UTC.
//!
//! No other crate decides by a weekday whether there is a session.

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests read files and clocks")
)]

mod clock;
mod date_rules;
mod early_close;
mod error;
mod expiration;
mod holiday;
mod option_hours;
mod session;

use chrono::NaiveDate;

pub use clock::{new_york_date, new_york_instant};
pub use error::CalendarError;
pub use expiration::{
    ExpirationCycle, OptionExpiration, expiration_close, expirations_between, last_trade_date,
    monthly_expiration, pm_expiration_close, weekly_expirations,
};
pub use holiday::{Holiday, HolidayKind, holiday};
pub use option_hours::{OptionHours, OptionHoursClass, option_hours};
pub use session::{
    Session, is_open, is_session, minutes_to_close, next_session, next_to_open, part_of_day,
    previous_session, session, session_of, session_on_or_after, session_on_or_before, sessions_between,
    trading_days_between,
};
pub use ttai_core::{NEW_YORK, SessionPart, SettlementTime};

/// The first date that the calendar knows, 1 January 1990.
pub const FIRST_DATE: NaiveDate = date_or(1990, 1, 1, NaiveDate::MIN);
/// The last date that the calendar knows, 31 December 2099: daylight saving is tabulated no further.
pub const LAST_DATE: NaiveDate = date_or(2099, 12, 31, NaiveDate::MAX);

/// Whether a date lies in the years that the calendar knows, [`FIRST_DATE`]..=[`LAST_DATE`].
#[must_use]
pub fn covers(date: NaiveDate) -> bool {
    FIRST_DATE <= date && date <= LAST_DATE
}

/// Refuses dates outside the years that the calendar knows, so that an unknown date is not taken for a holiday.
///
/// # Errors
/// [`CalendarError::OutOfRange`] names the date and the range.
pub fn check_covered(date: NaiveDate) -> Result<(), CalendarError> {
    if covers(date) { Ok(()) } else { Err(CalendarError::OutOfRange(date)) }
}

const fn date_or(year: i32, month: u32, day: u32, otherwise: NaiveDate) -> NaiveDate {
    match NaiveDate::from_ymd_opt(year, month, day) {
        Some(date) => date,
        None => otherwise,
    }
}

#[cfg(test)]
mod reference_tests;
#[cfg(test)]
mod test_support;
