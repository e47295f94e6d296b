//! Option expirations: monthly and weekly, moved off holidays, AM and PM settled.

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc, Weekday};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::SettlementTime;

use crate::date_rules::nth_weekday;
use crate::{CalendarError, check_covered, previous_session, session, session_on_or_before};

/// Which cycle an expiration belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExpirationCycle {
    /// The standard expiration of the third Friday.
    Monthly,
    /// Any other Friday.
    Weekly,
}

/// One expiration of PM-settled and of physically settled options.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct OptionExpiration {
    /// The date in the contract's name. Monthlies were listed on the Saturday after the third Friday until January 2015.
    pub listed: NaiveDate,
    /// The last session in which the contract trades.
    pub last_trade_date: NaiveDate,
    /// Monthly or weekly.
    pub cycle: ExpirationCycle,
}

/// The first month whose standard options are dated Friday instead of Saturday (OCC rule change SR-OCC-2013-04).
const FIRST_FRIDAY_MONTH: (i32, u32) = (2015, 2);

/// The standard expiration of a month (1 to 12): its third Friday, or the session before where that is a holiday.
///
/// Until January 2015 the listed date is the Saturday after the third Friday, whether or not the Friday is a
/// session (OCC rule change SR-OCC-2013-04).
///
/// # Errors
/// [`CalendarError::Month`] for a month that does not exist or lies outside the covered years.
pub fn monthly_expiration(year: i32, month: u32) -> Result<OptionExpiration, CalendarError> {
    let no_month = || CalendarError::Month { year, month };
    let friday = nth_weekday(year, month, Weekday::Fri, 3).ok_or_else(no_month)?;
    let last_trade_date = session_on_or_before(friday).map_err(|_| no_month())?.date;
    let listed = if (year, month) < FIRST_FRIDAY_MONTH {
        friday.succ_opt().ok_or_else(no_month)?
    } else {
        last_trade_date
    };
    Ok(OptionExpiration { listed, last_trade_date, cycle: ExpirationCycle::Monthly })
}

/// The Friday expirations other than the monthly ones whose listed date lies in `from`..=`to`, in order;
/// empty where `to` is before `from`.
///
/// A Friday without a session moves to the session before. Weeklies have been listed since 2005 on indices and since
/// 2010 on stocks; for earlier dates this says when they would have expired. Expirations on other weekdays, where a
/// class has them, are sessions: see [`sessions_between`](crate::sessions_between).
///
/// # Errors
/// [`CalendarError::OutOfRange`] where either date lies outside the covered years.
pub fn weekly_expirations(from: NaiveDate, to: NaiveDate) -> Result<Vec<OptionExpiration>, CalendarError> {
    let all = expirations_between(from, to)?;
    Ok(all.into_iter().filter(|expiration| expiration.cycle == ExpirationCycle::Weekly).collect())
}

/// The monthly ([`monthly_expiration`]) and weekly ([`weekly_expirations`]) expirations whose listed date lies in
/// `from`..=`to`, in order; empty where `to` is before `from`.
///
/// # Errors
/// [`CalendarError::OutOfRange`] where either date lies outside the covered years.
pub fn expirations_between(from: NaiveDate, to: NaiveDate) -> Result<Vec<OptionExpiration>, CalendarError> {
    check_covered(from)?;
    check_covered(to)?;
    // A listed date is at most a Saturday after its Friday, or some days before it where the Friday is closed.
    let first = from.checked_sub_days(Days::new(1)).unwrap_or(from);
    let last = to.checked_add_days(Days::new(7)).unwrap_or(to);
    let fridays =
        first.iter_days().take_while(|day| *day <= last).filter(|day| day.weekday() == Weekday::Fri);
    Ok(fridays
        .filter_map(expiration_of_friday)
        .filter(|expiration| from <= expiration.listed && expiration.listed <= to)
        .collect())
}

/// The last session in which a contract listed with this expiration date trades.
///
/// A date without a session (a Saturday until 2015, a holiday) leads to the session before it: that is the answer for
/// PM-settled and physically settled contracts. AM-settled index contracts settle at that session's opening and trade for
/// the last time in the session before it (Cboe's contract specifications).
///
/// # Errors
/// [`CalendarError::OutOfRange`] where the date or the answer lies outside the covered years.
pub fn last_trade_date(listed: NaiveDate, settlement: SettlementTime) -> Result<NaiveDate, CalendarError> {
    let settles = session_on_or_before(listed)?.date;
    match settlement {
        SettlementTime::Pm => Ok(settles),
        SettlementTime::Am => Ok(previous_session(settles)?.date),
    }
}

/// The instant at which a contract's last session ends: 16:00 in New York, 13:00 on an early close (14:00
/// before 1993). `None` where the date has no session or is not covered.
#[must_use]
pub fn expiration_close(last_trade_date: NaiveDate) -> Option<DateTime<Utc>> {
    session(last_trade_date).map(|session| session.close)
}

/// The same by the expiration date that a contract is listed with, for what settles at the close or physically.
#[must_use]
pub fn pm_expiration_close(listed: NaiveDate) -> Option<DateTime<Utc>> {
    expiration_close(last_trade_date(listed, SettlementTime::Pm).ok()?)
}

fn expiration_of_friday(friday: NaiveDate) -> Option<OptionExpiration> {
    if nth_weekday(friday.year(), friday.month(), Weekday::Fri, 3) == Some(friday) {
        return monthly_expiration(friday.year(), friday.month()).ok();
    }
    let date = session_on_or_before(friday).ok()?.date;
    Some(OptionExpiration { listed: date, last_trade_date: date, cycle: ExpirationCycle::Weekly })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{day, instant};

    fn monthly(year: i32, month: u32) -> (NaiveDate, NaiveDate) {
        let expiration = monthly_expiration(year, month).unwrap();
        (expiration.listed, expiration.last_trade_date)
    }

    #[test]
    fn monthlies_are_dated_saturday_until_january_2015() {
        assert_eq!(monthly(2014, 6), (day("2014-06-21"), day("2014-06-20")));
        assert_eq!(monthly(2015, 1), (day("2015-01-17"), day("2015-01-16")));
        assert_eq!(monthly(2015, 2), (day("2015-02-20"), day("2015-02-20")));
    }

    #[test]
    fn a_holiday_moves_the_monthly_to_the_thursday() {
        // Good Friday in both eras, and Juneteenth.
        assert_eq!(monthly(2014, 4), (day("2014-04-19"), day("2014-04-17")));
        assert_eq!(monthly(2019, 4), (day("2019-04-18"), day("2019-04-18")));
        assert_eq!(monthly(2026, 6), (day("2026-06-18"), day("2026-06-18")));
    }

    #[test]
    fn months_that_do_not_exist_are_refused() {
        for (year, month) in [(2024, 0), (2024, 13), (1989, 6), (i32::MAX, 1), (i32::MIN, 12)] {
            assert_eq!(monthly_expiration(year, month), Err(CalendarError::Month { year, month }));
        }
    }

    #[test]
    fn weeklies_skip_the_monthly_and_move_off_holidays() {
        let listed = |from, to| -> Vec<_> {
            weekly_expirations(day(from), day(to)).unwrap().iter().map(|e| e.listed.to_string()).collect()
        };
        assert_eq!(
            listed("2014-06-01", "2014-07-06"),
            ["2014-06-06", "2014-06-13", "2014-06-27", "2014-07-03"]
        );
        // The listed date decides: Thursday 2024-03-28 stands for Good Friday the 29th.
        assert_eq!(listed("2024-03-25", "2024-03-28"), ["2024-03-28"]);
        assert!(listed("2024-03-29", "2024-04-01").is_empty());
    }

    #[test]
    fn both_cycles_come_in_order() {
        let all = expirations_between(day("2014-12-20"), day("2015-02-28")).unwrap();
        assert!(all.is_sorted_by_key(|e| e.listed));
        let monthlies: Vec<_> =
            all.iter().filter(|e| e.cycle == ExpirationCycle::Monthly).map(|e| e.listed).collect();
        assert_eq!(monthlies, [day("2014-12-20"), day("2015-01-17"), day("2015-02-20")]);
    }

    #[test]
    fn am_settled_contracts_trade_until_the_session_before() {
        for (listed, am, pm) in [
            ("2014-06-21", "2014-06-19", "2014-06-20"),
            ("2019-04-18", "2019-04-17", "2019-04-18"),
            ("2026-12-18", "2026-12-17", "2026-12-18"),
        ] {
            assert_eq!(last_trade_date(day(listed), SettlementTime::Am), Ok(day(am)));
            assert_eq!(last_trade_date(day(listed), SettlementTime::Pm), Ok(day(pm)));
        }
    }

    #[test]
    fn the_last_session_ends_at_its_actual_close() {
        assert_eq!(expiration_close(day("2014-06-20")), Some(instant("2014-06-20T20:00:00Z")));
        assert_eq!(expiration_close(day("2024-11-29")), Some(instant("2024-11-29T18:00:00Z")));
        assert_eq!(expiration_close(day("2014-06-21")), None);
    }
}
