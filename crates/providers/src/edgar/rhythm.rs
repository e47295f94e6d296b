//! The next report by the dates of the past ones. Companies keep to the weeks of the year before; whoever has not is not estimated.
//!
//! | Past reports | Estimate |
//! |---|---|
//! | of the same quarter a year ago | 52 weeks later |
//! | less than a year of them, a quarter apart | 13 weeks after the last |
//! | months apart at no usual distance, or off the rule by over a week more than once in four | none |
//!
//! Announcements within five weeks of each other are of one quarter, and the last of them is its report: warnings come before.

use chrono::{Days, NaiveDate};
use ttai_calendar::session_on_or_after;
use ttai_ports::EarningsTime;

/// How far an estimate may be off, either way, in days.
const TOLERANCE: i64 = 7;
/// Announcements this near to each other are of one quarter, in days.
const ONE_QUARTER: i64 = 35;
/// Between the reports of two quarters, in days.
const QUARTER: std::ops::RangeInclusive<i64> = 70..=115;
/// A report is not followed by the next one within this many days.
const SOONEST: i64 = 45;
const YEAR_OF_WEEKS: u64 = 364;
const QUARTER_OF_WEEKS: u64 = 91;
/// Reports that show a rhythm at least.
const FEWEST: usize = 3;

/// An announcement's day in New York, and the part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) date: NaiveDate,
    pub(super) time: EarningsTime,
}

/// The report that follows the past ones (in any order) after `today`, or may still be under way; none where they show no rhythm.
pub(super) fn next(announced: &[Report], today: NaiveDate) -> Option<Report> {
    let reports = quarters(announced);
    if reports.len() < FEWEST || !is_kept(&reports) {
        return None;
    }
    let date = expected_after(&reports)?;
    // Of a report that should have come over a week ago nobody knows when it comes.
    ((date - today).num_days() >= -TOLERANCE).then_some(Report { date, time: usual_time(&reports) })
}

/// One report a quarter, oldest first.
fn quarters(announced: &[Report]) -> Vec<Report> {
    let mut sorted = announced.to_vec();
    sorted.sort_by_key(|report| report.date);
    let mut reports: Vec<Report> = Vec::with_capacity(sorted.len());
    for report in sorted {
        match reports.last_mut().filter(|last| (report.date - last.date).num_days() <= ONE_QUARTER) {
            Some(last) => *last = report,
            None => reports.push(report),
        }
    }
    reports
}

/// The session of the report after these.
fn expected_after(reports: &[Report]) -> Option<NaiveDate> {
    let last = reports.last()?.date;
    let is_next = |date: &NaiveDate| (*date - last).num_days() >= SOONEST;
    let years_later =
        reports.iter().filter_map(|report| report.date.checked_add_days(Days::new(YEAR_OF_WEEKS)));
    // Not known of a company that has reported for less than a year, or did not report in that quarter.
    let of_last_year =
        years_later.filter(is_next).min().filter(|date| QUARTER.contains(&(*date - last).num_days()));
    let date = match of_last_year {
        Some(date) => date,
        None => last.checked_add_days(Days::new(QUARTER_OF_WEEKS))?,
    };
    session_on_or_after(date).ok().map(|session| session.date)
}

/// Whether the rule would have found the past reports, three of four of them at least.
fn is_kept(reports: &[Report]) -> bool {
    let (mut kept, mut missed) = (0, 0);
    for (known, report) in (2..reports.len()).filter_map(|at| Some((reports.get(..at)?, reports.get(at)?))) {
        let near = |date: NaiveDate| (report.date - date).num_days().abs() <= TOLERANCE;
        if expected_after(known).is_some_and(near) { kept += 1 } else { missed += 1 }
    }
    kept > 0 && kept >= 3 * missed
}

/// The part of the day of most of the last four.
fn usual_time(reports: &[Report]) -> EarningsTime {
    let last = &reports[reports.len().saturating_sub(4)..];
    let most = |time: EarningsTime| 2 * last.iter().filter(|report| report.time == time).count() > last.len();
    [EarningsTime::BeforeMarket, EarningsTime::AfterMarket]
        .into_iter()
        .find(|time| most(*time))
        .unwrap_or(EarningsTime::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reports(dates: &[&str]) -> Vec<Report> {
        dates
            .iter()
            .map(|date| Report { date: date.parse().unwrap(), time: EarningsTime::AfterMarket })
            .collect()
    }

    fn next_of(dates: &[&str], today: &str) -> Option<String> {
        next(&reports(dates), today.parse().unwrap()).map(|report| report.date.to_string())
    }

    /// The dates of Apple's 8-Ks with item 2.02, from EDGAR.
    const APPLE: [&str; 9] = [
        "2022-10-27",
        "2023-02-02",
        "2023-05-04",
        "2023-08-03",
        "2023-11-02",
        "2024-02-01",
        "2024-05-02",
        "2024-08-01",
        "2024-10-31",
    ];

    #[test]
    fn a_year_ago_tells_the_next_one() {
        // It came on 2025-01-30.
        assert_eq!(next_of(&APPLE, "2024-12-02").unwrap(), "2025-01-30");
        assert_eq!(next_of(&APPLE[..8], "2024-09-01").unwrap(), "2024-10-31");
        let found = next(&reports(&APPLE), "2024-12-02".parse().unwrap()).unwrap();
        assert_eq!(found.time, EarningsTime::AfterMarket);
    }

    #[test]
    fn a_young_company_goes_on_a_quarter_at_a_time() {
        assert_eq!(next_of(&["2026-02-10", "2026-05-12", "2026-08-11"], "2026-09-01").unwrap(), "2026-11-10");
        assert_eq!(next_of(&["2026-05-12", "2026-08-11"], "2026-09-01"), None, "two show no rhythm");
    }

    #[test]
    fn a_warning_before_a_report_is_of_its_quarter() {
        let mut dates = APPLE.to_vec();
        dates.extend(["2024-01-10", "2024-10-15"]);
        assert_eq!(next_of(&dates, "2024-12-02").unwrap(), "2025-01-30");
    }

    #[test]
    fn without_a_rhythm_there_is_no_estimate() {
        let monthly = [
            "2026-01-08",
            "2026-02-06",
            "2026-03-06",
            "2026-04-08",
            "2026-05-07",
            "2026-06-05",
            "2026-07-08",
        ];
        assert_eq!(next_of(&monthly, "2026-07-20"), None);
        let wild = ["2025-02-01", "2025-05-20", "2025-07-20", "2025-11-30", "2026-01-15", "2026-05-01"];
        assert_eq!(next_of(&wild, "2026-06-01"), None);
        assert_eq!(next_of(&[], "2026-06-01"), None);
    }

    #[test]
    fn a_report_that_is_late_is_expected_for_a_week() {
        assert_eq!(next_of(&APPLE, "2025-02-06").unwrap(), "2025-01-30");
        assert_eq!(next_of(&APPLE, "2025-02-07"), None);
    }
}
