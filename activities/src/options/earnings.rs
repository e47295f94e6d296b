//! When a company reports, as a window of instants, and what an unknown date means.
//!
//! | Known | Window of the report |
//! |---|---|
//! | before the market | that day's open |
//! | after the market | that day's close |
//! | time unknown | the whole day in New York |
//! | date estimated | the same, from seven days earlier to seven days later |
//!
//! An expiration is out when the window reaches beyond `as_of` and begins no later than 17:30 New York time of its last day.
//! A fund or an index reports nothing, and that is no unknown date. An unknown date is the user's policy: `exclude` takes every expiration out, `warn` goes on and says so, `allow` goes on.

use chrono::{DateTime, Days, NaiveDate, Utc};
use ttai_calendar::{new_york_instant, session};
use ttai_contract::EarningsPolicy;
use ttai_core::{Symbol, is_fund};
use ttai_ports::{EarningsBasis, EarningsDate, EarningsTime, Fact, SymbolMetrics, Unknown};
use ttai_quant::margin::UnderlyingClass;
use ttai_quant::strategy::EventWindow;

/// How far an estimated date may be off, either way.
const ESTIMATE_DAYS: u64 = 7;

/// What is known about the next report.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Earnings {
    /// Its date.
    Known(EarningsDate),
    /// A fund or an index reports none.
    Never,
    /// No date, for this reason. An outage is not said as an absence.
    Unknown(String),
}

impl Earnings {
    /// From what the symbol is and the providers keep, or why that is not known.
    pub(crate) fn of(symbol: &Symbol, metrics: &SymbolMetrics) -> Self {
        let listed = metrics.known(Fact::Earnings, metrics.next_earnings.as_ref());
        if never_reports(symbol) && !matches!(listed, Ok(Some(_))) {
            return Self::Never;
        }
        match listed {
            Ok(Some(date)) => Self::Known(date.clone()),
            Ok(None) => Self::Unknown("no upcoming earnings date is listed".to_owned()),
            Err(Unknown::NotProvided) => Self::Unknown("no provider has earnings dates".to_owned()),
            Err(Unknown::Unreachable(error)) => {
                Self::Unknown(format!("the earnings date could not be read: {}", error.summary()))
            }
        }
    }

    /// Whether there is a date, or none to come.
    pub(crate) fn is_known(&self) -> bool {
        !matches!(self, Self::Unknown(_))
    }

    /// The next report, where known.
    pub(crate) fn report(&self) -> Option<&EarningsDate> {
        match self {
            Self::Known(report) => Some(report),
            Self::Never | Self::Unknown(_) => None,
        }
    }

    /// The window of the report, where known.
    pub(crate) fn window(&self) -> Option<EventWindow> {
        self.report().and_then(window)
    }

    /// The windows that take expirations out.
    pub(super) fn excluded(&self, exclude: bool, unknown: EarningsPolicy) -> Vec<EventWindow> {
        match self {
            Self::Known(date) if exclude => window(date).into_iter().collect(),
            Self::Unknown(reason) if exclude && unknown == EarningsPolicy::Exclude => {
                let (from, to) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
                vec![EventWindow { label: reason.clone(), from, to }]
            }
            _ => Vec::new(),
        }
    }
}

/// Whether a symbol is an index or a known fund.
pub(crate) fn never_reports(symbol: &Symbol) -> bool {
    let ticker = symbol.as_str();
    is_fund(ticker) || ticker.starts_with(['^', '$']) || UnderlyingClass::of_ticker(ticker).is_index()
}

/// The instants between which a report may come; none outside the calendar's years.
fn window(report: &EarningsDate) -> Option<EventWindow> {
    let slack = Days::new(if report.confirmed { 0 } else { ESTIMATE_DAYS });
    let (first, last) = (report.date.checked_sub_days(slack)?, report.date.checked_add_days(slack)?);
    let (from, to) = match report.time {
        EarningsTime::BeforeMarket => (open(first)?, open(last)?),
        EarningsTime::AfterMarket => (close(first)?, close(last)?),
        EarningsTime::Unknown => (midnight(first)?, midnight(last.succ_opt()?)?),
    };
    Some(EventWindow { label: describe(report), from, to })
}

/// `earnings after the close of 2014-07-22`.
pub(crate) fn describe(report: &EarningsDate) -> String {
    let time = match report.time {
        EarningsTime::BeforeMarket => "before the open of",
        EarningsTime::AfterMarket => "after the close of",
        EarningsTime::Unknown => "on",
    };
    let sure = match (report.confirmed, report.basis) {
        (true, _) => "",
        (false, EarningsBasis::Calendar) => " (estimated: it may be a week off)",
        (false, EarningsBasis::PastFilings) => {
            " (estimated, give or take seven days, from the dates of its past SEC filings)"
        }
    };
    format!("earnings {time} {}{sure}", report.date.format("%Y-%m-%d"))
}

fn open(date: NaiveDate) -> Option<DateTime<Utc>> {
    session(date).map(|hours| hours.open).or_else(|| new_york_instant(date, 9, 30).ok())
}

fn close(date: NaiveDate) -> Option<DateTime<Utc>> {
    session(date).map(|hours| hours.close).or_else(|| new_york_instant(date, 16, 0).ok())
}

fn midnight(date: NaiveDate) -> Option<DateTime<Utc>> {
    new_york_instant(date, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use ttai_ports::PortError;

    use super::*;
    use crate::testing::symbol;

    fn report(time: EarningsTime, confirmed: bool) -> EarningsDate {
        EarningsDate {
            date: NaiveDate::from_ymd_opt(2014, 7, 22).unwrap(),
            time,
            confirmed,
            basis: EarningsBasis::Calendar,
        }
    }

    #[rstest]
    #[case::before(EarningsTime::BeforeMarket, true, "2014-07-22T13:30:00Z", "2014-07-22T13:30:00Z")]
    #[case::after(EarningsTime::AfterMarket, true, "2014-07-22T20:00:00Z", "2014-07-22T20:00:00Z")]
    #[case::unknown(EarningsTime::Unknown, true, "2014-07-22T04:00:00Z", "2014-07-23T04:00:00Z")]
    #[case::estimated(EarningsTime::AfterMarket, false, "2014-07-15T20:00:00Z", "2014-07-29T20:00:00Z")]
    fn windows(
        #[case] time: EarningsTime,
        #[case] confirmed: bool,
        #[case] from: DateTime<Utc>,
        #[case] to: DateTime<Utc>,
    ) {
        let window = window(&report(time, confirmed)).unwrap();
        assert_eq!((window.from, window.to), (from, to));
    }

    #[test]
    fn an_estimate_says_what_it_is_and_takes_out_all_that_its_window_touches() {
        let estimate =
            EarningsDate { basis: EarningsBasis::PastFilings, ..report(EarningsTime::AfterMarket, false) };
        assert_eq!(
            describe(&estimate),
            "earnings after the close of 2014-07-22 (estimated, give or take seven days, from the dates of its past SEC filings)"
        );
        let windows = Earnings::Known(estimate).excluded(true, EarningsPolicy::Warn);
        assert_eq!(windows[0].from, "2014-07-15T20:00:00Z".parse::<DateTime<Utc>>().unwrap());
        assert_eq!(windows[0].to, "2014-07-29T20:00:00Z".parse::<DateTime<Utc>>().unwrap());
    }

    #[test]
    fn no_date_and_no_record_and_an_outage_are_three_things() {
        let outage = PortError::Unavailable {
            provider: "one".to_owned(),
            detail: "answered 503".to_owned(),
            retry_after: None,
        };
        for (record, reason) in [
            (SymbolMetrics::default(), "no upcoming earnings date is listed"),
            (SymbolMetrics::without(&Unknown::NotProvided), "no provider has earnings dates"),
            (
                SymbolMetrics::without(&Unknown::Unreachable(outage)),
                "the earnings date could not be read: one is unavailable",
            ),
        ] {
            assert_eq!(Earnings::of(&symbol("AAPL"), &record), Earnings::Unknown(reason.to_owned()));
            for fund in ["SPY", "SPX", "^VIX"] {
                assert_eq!(Earnings::of(&symbol(fund), &record), Earnings::Never, "{fund}");
            }
        }
    }

    #[test]
    fn unknown_dates_follow_the_policy() {
        let unknown = Earnings::of(&symbol("AAPL"), &SymbolMetrics::without(&Unknown::NotProvided));
        assert!(!unknown.is_known());
        assert_eq!(unknown.excluded(true, EarningsPolicy::Exclude).len(), 1);
        assert!(unknown.excluded(true, EarningsPolicy::Warn).is_empty());
        assert!(unknown.excluded(false, EarningsPolicy::Exclude).is_empty());
        let known = Earnings::Known(report(EarningsTime::Unknown, true));
        assert_eq!(known.excluded(true, EarningsPolicy::Allow).len(), 1);
        assert!(known.excluded(false, EarningsPolicy::Warn).is_empty());
    }
}
