//! The sessions that end early, at 13:00 New York time since 1993 and at 14:00 before.

use chrono::{Datelike, Days, NaiveDate, Weekday};

use crate::date_rules::nth_weekday;

/// The first year with 13:00 as the early close; before it was 14:00.
const FIRST_YEAR_CLOSING_AT_13: i32 = 1993;
/// The first year in which the Friday after Thanksgiving ended early.
const FIRST_EARLY_FRIDAY_AFTER_THANKSGIVING: i32 = 1992;
/// The first year with an early close beside Independence Day.
const FIRST_EARLY_CLOSE_AT_INDEPENDENCE_DAY: i32 = 1995;
/// Since this year a Thursday 4 July shortens the Wednesday before; until then it shortened the Friday after.
const FIRST_EARLY_WEDNESDAY_BEFORE_INDEPENDENCE_DAY: i32 = 2013;
/// Early closes that follow no rule: the Fridays after Christmas of 1997 and 2003, and the eve of 2000.
///
/// Sources disagree on 1999-12-31 (some have a close at 16:00); the exchange's calendar as kept by exchange_calendars
/// has 13:00 and is followed here.
const ONE_OFF_EARLY_CLOSES: [(i32, u32, u32); 3] = [(1997, 12, 26), (1999, 12, 31), (2003, 12, 26)];

/// The New York hour at which a shortened session ends, or `None` for a full one. Asks only for sessions; it does not
/// know the holidays.
pub(crate) fn early_close_hour(date: NaiveDate) -> Option<u32> {
    let early = match date.month() {
        7 => is_beside_independence_day(date),
        11 => is_friday_after_thanksgiving(date),
        12 => is_christmas_eve(date) || is_one_off(date),
        _ => false,
    };
    early.then_some(if date.year() >= FIRST_YEAR_CLOSING_AT_13 { 13 } else { 14 })
}

/// The eve of a Christmas that falls on Tuesday to Friday. (On a Friday the 24th is the observed holiday itself.)
fn is_christmas_eve(date: NaiveDate) -> bool {
    date.day() == 24 && matches!(date.weekday(), Weekday::Mon | Weekday::Tue | Weekday::Wed | Weekday::Thu)
}

fn is_friday_after_thanksgiving(date: NaiveDate) -> bool {
    let year = date.year();
    let thanksgiving = nth_weekday(year, 11, Weekday::Thu, 4);
    year >= FIRST_EARLY_FRIDAY_AFTER_THANKSGIVING
        && thanksgiving.and_then(|day| day.checked_add_days(Days::new(1))) == Some(date)
}

fn is_beside_independence_day(date: NaiveDate) -> bool {
    let year = date.year();
    if year < FIRST_EARLY_CLOSE_AT_INDEPENDENCE_DAY {
        return false;
    }
    match (date.day(), date.weekday()) {
        (3, Weekday::Mon | Weekday::Tue | Weekday::Thu) => true,
        (3, Weekday::Wed) => year >= FIRST_EARLY_WEDNESDAY_BEFORE_INDEPENDENCE_DAY,
        (5, Weekday::Fri) => year < FIRST_EARLY_WEDNESDAY_BEFORE_INDEPENDENCE_DAY,
        _ => false,
    }
}

fn is_one_off(date: NaiveDate) -> bool {
    ONE_OFF_EARLY_CLOSES.contains(&(date.year(), date.month(), date.day()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::day;

    #[test]
    fn the_hour_moved_from_14_to_13_in_1993() {
        assert_eq!(early_close_hour(day("1992-11-27")), Some(14));
        assert_eq!(early_close_hour(day("1993-11-26")), Some(13));
        assert_eq!(early_close_hour(day("1991-11-29")), None);
    }

    #[test]
    fn a_thursday_independence_day_shortens_one_side_of_it() {
        assert_eq!(early_close_hour(day("2002-07-03")), None);
        assert_eq!(early_close_hour(day("2002-07-05")), Some(13));
        assert_eq!(early_close_hour(day("2013-07-03")), Some(13));
        assert_eq!(early_close_hour(day("2013-07-05")), None);
    }
}
