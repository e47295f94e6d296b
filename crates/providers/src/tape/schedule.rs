//! Continues a dividend schedule from the payments made so far, and from nothing else.

use chrono::{Days, NaiveDate};
use ttai_calendar::session_on_or_after;
use ttai_core::{CashDividend, DividendStatus};

/// Days between ex-dates of the usual schedules: whole weeks, so that the weekday stays.
const CADENCES: [u16; 4] = [28, 91, 182, 364];

/// How far ahead a schedule is continued, in days.
const HORIZON: u64 = 365;

/// The dividends that would follow after `today` if the last payment repeated at its usual distance, for a year.
///
/// Empty where the last two distances are not both near one usual schedule, or where a payment is overdue by half a
/// period, which means that the payer stopped.
pub(crate) fn project(paid: &[CashDividend], today: NaiveDate) -> Vec<CashDividend> {
    let (Some(last), Some(cadence)) = (paid.last(), cadence(paid)) else { return Vec::new() };
    let overdue = (today - last.ex_date).num_days() > i64::from(cadence) * 3 / 2;
    let Some(horizon) = today.checked_add_days(Days::new(HORIZON)).filter(|_| !overdue) else {
        return Vec::new();
    };
    (1..)
        .map_while(|count| last.ex_date.checked_add_days(Days::new(u64::from(cadence) * count)))
        .take_while(|date| *date <= horizon)
        .filter_map(|date| session_on_or_after(date).ok())
        .filter(|session| session.date > today && session.date <= horizon)
        .map(|session| CashDividend {
            ex_date: session.date,
            amount: last.amount,
            status: DividendStatus::Projected,
        })
        .collect()
}

fn cadence(paid: &[CashDividend]) -> Option<u16> {
    let mut distances = paid.windows(2).rev().map(|pair| (pair[1].ex_date - pair[0].ex_date).num_days());
    let usual = |days: i64| {
        CADENCES.into_iter().find(|cadence| {
            let tolerance = i64::from(*cadence) / 5;
            (days - i64::from(*cadence)).abs() <= tolerance
        })
    };
    let newest = usual(distances.next()?)?;
    let before = distances.next().map_or(Some(newest), usual)?;
    (newest == before).then_some(newest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paid(dates: &[&str]) -> Vec<CashDividend> {
        let dividend = |date: &&str| CashDividend {
            ex_date: date.parse().unwrap(),
            amount: 0.5,
            status: DividendStatus::Paid,
        };
        dates.iter().map(dividend).collect()
    }

    fn dates(dividends: &[&str], today: &str) -> Vec<String> {
        let projected = project(&paid(dividends), today.parse().unwrap());
        projected.iter().map(|dividend| dividend.ex_date.to_string()).collect()
    }

    #[test]
    fn a_quarterly_payer_goes_on_for_a_year() {
        let found = dates(&["2013-11-06", "2014-02-06", "2014-05-08"], "2014-06-06");
        assert_eq!(found, ["2014-08-07", "2014-11-06", "2015-02-05", "2015-05-07"]);
    }

    #[test]
    fn holidays_move_to_the_next_session() {
        // 91 days after Thursday, 2014-08-28 is Thanksgiving.
        assert_eq!(dates(&["2014-05-29", "2014-08-28"], "2014-09-01")[0], "2014-11-28");
    }

    #[test]
    fn irregular_and_stopped_payers_are_not_continued() {
        assert!(dates(&["2014-05-08"], "2014-06-06").is_empty());
        assert!(dates(&["2008-09-03", "2011-01-20", "2013-09-10"], "2013-10-01").is_empty());
        assert!(dates(&["2011-01-20", "2013-09-10", "2013-12-03"], "2014-01-01").is_empty());
        assert!(dates(&["2008-06-04", "2008-09-03"], "2009-03-01").is_empty());
    }

    #[test]
    fn a_payment_a_little_late_stays_expected() {
        assert_eq!(dates(&["2014-02-06", "2014-05-08"], "2014-08-20")[0], "2014-11-06");
    }
}
