//! Dates by rule: Easter, the n-th weekday of a month, a holiday moved off the weekend.

use chrono::{Datelike, Days, NaiveDate, Weekday};

/// The `n`-th (from 1) `weekday` of a month.
pub(crate) fn nth_weekday(year: i32, month: u32, weekday: Weekday, n: u8) -> Option<NaiveDate> {
    NaiveDate::from_weekday_of_month_opt(year, month, weekday, n)
}

/// The last Monday of May, which is the only "last weekday" that the exchange's rules know.
pub(crate) fn last_monday_of_may(year: i32) -> Option<NaiveDate> {
    nth_weekday(year, 5, Weekday::Mon, 5).or_else(|| nth_weekday(year, 5, Weekday::Mon, 4))
}

/// The day on which a fixed holiday is observed: a Saturday's on the Friday before, a Sunday's on the Monday after
/// (NYSE Rule 7.2).
pub(crate) fn observed(year: i32, month: u32, day: u32) -> Option<NaiveDate> {
    let date = NaiveDate::from_ymd_opt(year, month, day)?;
    match date.weekday() {
        Weekday::Sat => date.pred_opt(),
        Weekday::Sun => date.succ_opt(),
        _ => Some(date),
    }
}

/// Good Friday, two days before Easter Sunday.
pub(crate) fn good_friday(year: i32) -> Option<NaiveDate> {
    easter_sunday(year)?.checked_sub_days(Days::new(2))
}

/// Gregorian Easter Sunday by the anonymous algorithm (Nature, 20 April 1876; Meeus, Astronomical Algorithms, ch. 8).
fn easter_sunday(year: i32) -> Option<NaiveDate> {
    let golden = year.rem_euclid(19);
    let (century, in_century) = (year.div_euclid(100), year.rem_euclid(100));
    let moon_correction = (century + 8) / 25;
    let epact =
        (19 * golden + century - century / 4 - (century - moon_correction + 1) / 3 + 15).rem_euclid(30);
    let weekday = (32 + 2 * (century % 4) + 2 * (in_century / 4) - epact - in_century % 4).rem_euclid(7);
    let shift = (golden + 11 * epact + 22 * weekday) / 451;
    let days = epact + weekday - 7 * shift + 114;
    NaiveDate::from_ymd_opt(year, u32::try_from(days / 31).ok()?, u32::try_from(days % 31 + 1).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn easter_falls_where_the_tables_have_it() {
        // Among them the earliest (22 March) and the latest (25 April) dates that are possible.
        for (year, month, day) in
            [(1818, 3, 22), (1943, 4, 25), (1990, 4, 15), (2000, 4, 23), (2024, 3, 31), (2038, 4, 25)]
        {
            assert_eq!(easter_sunday(year), NaiveDate::from_ymd_opt(year, month, day));
        }
    }

    #[test]
    fn memorial_day_is_the_last_monday_whether_the_fourth_or_the_fifth() {
        assert_eq!(last_monday_of_may(2021), NaiveDate::from_ymd_opt(2021, 5, 31));
        assert_eq!(last_monday_of_may(2022), NaiveDate::from_ymd_opt(2022, 5, 30));
        assert_eq!(last_monday_of_may(2025), NaiveDate::from_ymd_opt(2025, 5, 26));
    }
}
