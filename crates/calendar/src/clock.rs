//! New York clock times as instants, and instants as New York dates, right across daylight saving changes.

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Offset, TimeZone, Utc};
use ttai_core::NEW_YORK;

use crate::CalendarError;

/// The calendar date that a clock in New York shows at an instant (IANA time zone database,
/// `America/New_York`). Any instant is allowed; at the very first ones that a [`DateTime`] can hold, where
/// New York's date is out of its range, this is the date in UTC.
#[must_use]
pub fn new_york_date(instant: DateTime<Utc>) -> NaiveDate {
    let utc = instant.naive_utc();
    let offset = NEW_YORK.offset_from_utc_datetime(&utc).fix();
    utc.checked_add_offset(offset).unwrap_or(utc).date()
}

/// The instant at which clocks in New York show `hour`:`minute` (24-hour clock, 0 to 23 and 0 to 59) on
/// `date` (IANA time zone database, `America/New_York`).
///
/// A time that occurs twice (01:30 on the night in autumn) is the first of the two; a time that clocks skip (02:30 on
/// the night in spring) is the instant that the clock would have shown without the change, 03:30 daylight time.
///
/// # Errors
/// [`CalendarError::TimeOfDay`] for an hour above 23 or a minute above 59; [`CalendarError::OutOfRange`] for a date
/// outside [`FIRST_DATE`](crate::FIRST_DATE)..=[`LAST_DATE`](crate::LAST_DATE), for which daylight saving is not known.
pub fn new_york_instant(date: NaiveDate, hour: u32, minute: u32) -> Result<DateTime<Utc>, CalendarError> {
    let time = NaiveTime::from_hms_opt(hour, minute, 0).ok_or(CalendarError::TimeOfDay { hour, minute })?;
    crate::check_covered(date)?;
    resolve(date, time).ok_or(CalendarError::OutOfRange(date))
}

/// As [`new_york_instant`], for clock times that are constants of this crate.
pub(crate) fn resolve(date: NaiveDate, time: NaiveTime) -> Option<DateTime<Utc>> {
    let local = date.and_time(time);
    let zoned = local.and_local_timezone(NEW_YORK).earliest().or_else(|| {
        let after_the_gap = local.checked_add_signed(Duration::hours(1))?;
        after_the_gap.and_local_timezone(NEW_YORK).earliest()
    })?;
    Some(zoned.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LAST_DATE;
    use crate::test_support::{day, instant};

    #[test]
    fn clock_times_follow_daylight_saving() {
        for (date, hour, minute, utc) in [
            ("2024-01-16", 9, 30, "2024-01-16T14:30:00Z"),
            ("2024-07-16", 9, 30, "2024-07-16T13:30:00Z"),
            ("2024-03-10", 2, 30, "2024-03-10T07:30:00Z"),
            ("2024-11-03", 1, 30, "2024-11-03T05:30:00Z"),
            // Until 2006 daylight saving began on the first Sunday of April.
            ("2006-03-20", 16, 0, "2006-03-20T21:00:00Z"),
            ("2007-03-20", 16, 0, "2007-03-20T20:00:00Z"),
        ] {
            assert_eq!(new_york_instant(day(date), hour, minute), Ok(instant(utc)), "{date}");
        }
    }

    #[test]
    fn daylight_saving_is_known_to_the_last_year() {
        let july = NaiveDate::from_ymd_opt(chrono::Datelike::year(&LAST_DATE), 7, 1).unwrap();
        assert_eq!(new_york_instant(july, 12, 0).unwrap().time(), NaiveTime::from_hms_opt(16, 0, 0).unwrap());
    }

    #[test]
    fn impossible_times_and_unknown_dates_are_refused() {
        let date = day("2024-01-16");
        assert_eq!(new_york_instant(date, 24, 0), Err(CalendarError::TimeOfDay { hour: 24, minute: 0 }));
        assert_eq!(new_york_instant(date, 9, 60), Err(CalendarError::TimeOfDay { hour: 9, minute: 60 }));
        assert_eq!(new_york_instant(NaiveDate::MAX, 9, 0), Err(CalendarError::OutOfRange(NaiveDate::MAX)));
    }

    #[test]
    fn an_evening_in_new_york_is_the_next_day_in_utc() {
        assert_eq!(new_york_date(instant("2024-01-17T01:00:00Z")), day("2024-01-16"));
        assert_eq!(new_york_date(instant("2024-01-17T05:00:00Z")), day("2024-01-17"));
    }
}
