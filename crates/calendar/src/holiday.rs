//! The weekdays on which the New York Stock Exchange does not open: its rules and its one-off closures.

use chrono::{Datelike, NaiveDate, Weekday};
use schemars::JsonSchema;
use serde::Serialize;

use crate::covers;
use crate::date_rules::{good_friday, last_monday_of_may, nth_weekday, observed};

/// Why the exchange is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HolidayKind {
    /// A holiday by the exchange's rules.
    Regular,
    /// A one-off closure: mourning, attack, storm.
    Adhoc,
}

/// A weekday without a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Holiday {
    /// The day on which the exchange is closed; for a holiday on a weekend the day on which it is observed.
    pub date: NaiveDate,
    /// The holiday's or the occasion's name.
    pub name: &'static str,
    /// By rule or one-off.
    pub kind: HolidayKind,
}

/// Every unscheduled full-day closure since 1990 as (year, month, day, occasion). Source: the exchange's notices.
const ONE_OFF_CLOSURES: [(i32, u32, u32, &str); 11] = [
    (1994, 4, 27, "Funeral of Richard Nixon"),
    (2001, 9, 11, "September 11 attacks"),
    (2001, 9, 12, "September 11 attacks"),
    (2001, 9, 13, "September 11 attacks"),
    (2001, 9, 14, "September 11 attacks"),
    (2004, 6, 11, "Funeral of Ronald Reagan"),
    (2007, 1, 2, "Mourning for Gerald Ford"),
    (2012, 10, 29, "Hurricane Sandy"),
    (2012, 10, 30, "Hurricane Sandy"),
    (2018, 12, 5, "Mourning for George H. W. Bush"),
    (2025, 1, 9, "Mourning for Jimmy Carter"),
];

/// The first year in which the exchange closed for Martin Luther King Jr. Day.
const FIRST_MARTIN_LUTHER_KING_DAY: i32 = 1998;
/// The first year in which the exchange closed for Juneteenth; in 2021 it was a federal holiday already, and a session.
const FIRST_JUNETEENTH: i32 = 2022;

/// The holiday on which the exchange is closed on this weekday, or `None`: a session, a weekend, or a date outside
/// [`FIRST_DATE`](crate::FIRST_DATE)..=[`LAST_DATE`](crate::LAST_DATE).
///
/// Rules: NYSE Rule 7.2. A holiday on a Saturday is observed on Friday and one on a Sunday on Monday, except that no
/// session is lost when 1 January is a Saturday (the Friday ends a yearly accounting period).
#[must_use]
pub fn holiday(date: NaiveDate) -> Option<Holiday> {
    if !covers(date) || is_weekend(date) {
        return None;
    }
    let found = |kind| move |name| Holiday { date, name, kind };
    regular_holiday(date)
        .map(found(HolidayKind::Regular))
        .or_else(|| one_off_closure(date).map(found(HolidayKind::Adhoc)))
}

/// Saturday or Sunday, when the exchange has not opened since 1952.
pub(crate) fn is_weekend(date: NaiveDate) -> bool {
    matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

fn one_off_closure(date: NaiveDate) -> Option<&'static str> {
    let day = (date.year(), date.month(), date.day());
    ONE_OFF_CLOSURES.iter().find(|closure| (closure.0, closure.1, closure.2) == day).map(|closure| closure.3)
}

/// The regular holiday of a weekday. Only the rules of the date's own month are evaluated.
fn regular_holiday(date: NaiveDate) -> Option<&'static str> {
    let year = date.year();
    let is = |day: Option<NaiveDate>| day == Some(date);
    match date.month() {
        1 if is_new_years_day(date) => Some("New Year's Day"),
        1 if year >= FIRST_MARTIN_LUTHER_KING_DAY && is(nth_weekday(year, 1, Weekday::Mon, 3)) => {
            Some("Dr. Martin Luther King Jr. Day")
        }
        2 if is(nth_weekday(year, 2, Weekday::Mon, 3)) => Some("President's Day"),
        3 | 4 if date.weekday() == Weekday::Fri && is(good_friday(year)) => Some("Good Friday"),
        5 if is(last_monday_of_may(year)) => Some("Memorial Day"),
        6 if year >= FIRST_JUNETEENTH && is(observed(year, 6, 19)) => {
            Some("Juneteenth National Independence Day")
        }
        7 if is(observed(year, 7, 4)) => Some("July 4th"),
        9 if is(nth_weekday(year, 9, Weekday::Mon, 1)) => Some("Labor Day"),
        11 if is(nth_weekday(year, 11, Weekday::Thu, 4)) => Some("Thanksgiving"),
        12 if is(observed(year, 12, 25)) => Some("Christmas"),
        _ => None,
    }
}

/// 1 January on a weekday, or Monday the 2nd after a Sunday.
fn is_new_years_day(date: NaiveDate) -> bool {
    date.day() == 1 || (date.day() == 2 && date.weekday() == Weekday::Mon)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::day;

    #[test]
    fn no_closure_when_the_year_begins_on_a_saturday() {
        for text in ["1993-12-31", "1999-12-31", "2010-12-31", "2021-12-31", "2027-12-31"] {
            assert_eq!(holiday(day(text)), None, "{text}");
        }
        assert_eq!(holiday(day("2023-01-02")).map(|h| h.name), Some("New Year's Day"));
    }

    #[test]
    fn new_holidays_begin_with_their_first_year() {
        assert_eq!(holiday(day("1997-01-20")), None);
        assert!(holiday(day("1998-01-19")).is_some());
        assert_eq!(holiday(day("2021-06-18")), None);
        assert!(holiday(day("2022-06-20")).is_some());
        assert!(holiday(day("2027-06-18")).is_some());
    }

    #[test]
    fn one_off_closures_are_marked_as_such() {
        let closed = holiday(day("2025-01-09")).unwrap();
        assert_eq!((closed.name, closed.kind), ("Mourning for Jimmy Carter", HolidayKind::Adhoc));
        assert_eq!(serde_json::to_value(closed).unwrap()["kind"], "adhoc");
    }

    #[test]
    fn weekends_and_unknown_years_have_no_holiday() {
        for text in ["2022-12-25", "2021-12-25", "1989-12-25", "2150-12-25"] {
            assert_eq!(holiday(day(text)), None, "{text}");
        }
    }
}
