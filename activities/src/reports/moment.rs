//! What a report is about: its day, the moment after which nothing is read, and since when things are new to it.

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};
use ttai_calendar::{
    CalendarError, Session, new_york_date, new_york_instant, next_session, previous_session, session,
    session_on_or_before,
};
use ttai_contract::{ReportName, ValidationError};

use crate::clock::market_now;
use crate::failure::AnalystError;
use crate::ports::Ports;

/// What a report is about.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ReportMoment {
    pub(crate) name: ReportName,
    /// The day in New York.
    pub(crate) day: NaiveDate,
    /// Nothing after it is read.
    pub(crate) as_of: DateTime<Utc>,
    /// Whether the day is over: what is only known of now is not asked.
    pub(crate) past: bool,
    /// The end of the session before: what came later is new.
    pub(crate) since: DateTime<Utc>,
    /// The first session of what the report covers: of a review its week's, else its own day's.
    pub(crate) from: NaiveDate,
    /// The session after the day.
    pub(crate) next: Option<Session>,
}

/// The day that is wanted, and the market's now.
pub(crate) fn of(
    name: ReportName,
    wanted: Option<NaiveDate>,
    due_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<ReportMoment, ValidationError> {
    let today = new_york_date(now);
    let day = wanted.or_else(|| late(due_at, today)).unwrap_or(today);
    if day > today {
        let message = format!("{day} is still to come; the market's day is {today}");
        return Err(ValidationError::new("date", message));
    }
    let beyond = |error: CalendarError| ValidationError::new("date", error.to_string());
    let past = day < today;
    let as_of = if past { end_of(name, day).map_err(beyond)?.min(now) } else { now };
    let from = first_day(name, day);
    let since = previous_session(from).map_err(beyond)?.close;
    Ok(ReportMoment { name, day, as_of, past, since, from, next: next_session(day).ok() })
}

/// A schedule's run that is so late that its day is over is about that day.
pub(crate) fn late(due_at: Option<DateTime<Utc>>, today: NaiveDate) -> Option<NaiveDate> {
    due_at.map(new_york_date).filter(|due| *due < today)
}

/// A past briefing is as it was before the open; everything else as it was when the day ended.
fn end_of(name: ReportName, day: NaiveDate) -> Result<DateTime<Utc>, CalendarError> {
    if name == ReportName::MorningBriefing {
        return new_york_instant(day, 9, 30);
    }
    let midnight = new_york_instant(day.checked_add_days(Days::new(1)).unwrap_or(day), 0, 0)?;
    Ok(midnight - TimeDelta::microseconds(1))
}

/// A review covers the week of its day, or on a weekend the week before; the others their day.
fn first_day(name: ReportName, day: NaiveDate) -> NaiveDate {
    if name != ReportName::WeeklyReview {
        return day;
    }
    let last = session_on_or_before(day).map_or(day, |session| session.date);
    last.checked_sub_days(Days::new(u64::from(last.weekday().num_days_from_monday()))).unwrap_or(last)
}

impl ReportMoment {
    /// Whether it lies in what the report covers.
    pub(crate) fn covers(&self, at: DateTime<Utc>) -> bool {
        self.since < at && at <= self.as_of
    }

    /// The session of the day; none where the exchange is closed.
    pub(crate) fn session(&self) -> Option<Session> {
        session(self.day)
    }

    /// The last day that its outlook reaches: the next session's, of a review a week later, of a briefing its own.
    pub(crate) fn horizon(&self) -> NaiveDate {
        let ahead = |days: u64| self.day.checked_add_days(Days::new(days)).unwrap_or(self.day);
        match self.name {
            ReportName::WeeklyReview => ahead(7),
            ReportName::MorningBriefing if self.session().is_some() => self.day,
            _ => self.next.map_or_else(|| ahead(1), |next| next.date),
        }
    }
}

/// What a report is about, by the market's clock.
pub(crate) async fn read(
    ports: &Ports,
    name: ReportName,
    wanted: Option<NaiveDate>,
    due_at: Option<DateTime<Utc>>,
) -> Result<(ReportMoment, Option<String>), AnalystError> {
    let (now, problem) = market_now(ports).await;
    Ok((of(name, wanted, due_at, now)?, problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn todays_report_is_as_of_now_and_a_past_ones_of_its_days_end() {
        let now = at("2026-11-27T18:00:00Z");
        let today = of(ReportName::EodSummary, None, None, now).unwrap();
        assert_eq!((today.day, today.as_of, today.past), (day("2026-11-27"), now, false));
        // Since Wednesday's close: Thursday is Thanksgiving.
        assert_eq!(today.since, at("2026-11-25T21:00:00Z"));
        assert_eq!(today.horizon(), day("2026-11-30"));
        let past = of(ReportName::EodSummary, Some(day("2026-11-25")), None, now).unwrap();
        assert_eq!((past.as_of, past.past), (at("2026-11-26T04:59:59.999999Z"), true));
        let briefing = of(ReportName::MorningBriefing, Some(day("2026-11-25")), None, now).unwrap();
        assert_eq!((briefing.as_of, briefing.horizon()), (at("2026-11-25T14:30:00Z"), day("2026-11-25")));
        assert!(of(ReportName::EodSummary, Some(day("2026-11-28")), None, now).is_err());
    }

    #[test]
    fn a_review_covers_its_week() {
        for (now, from, since) in [
            ("2026-11-27T22:00:00Z", "2026-11-23", "2026-11-20T21:00:00Z"),
            ("2026-11-29T22:00:00Z", "2026-11-23", "2026-11-20T21:00:00Z"),
            ("2026-11-30T22:00:00Z", "2026-11-30", "2026-11-27T18:00:00Z"),
        ] {
            let review = of(ReportName::WeeklyReview, None, None, at(now)).unwrap();
            assert_eq!((review.from, review.since), (day(from), at(since)), "{now}");
        }
    }

    #[test]
    fn a_late_schedule_is_about_the_day_on_which_it_was_due() {
        let now = at("2026-11-25T09:00:00Z");
        let due = Some(at("2026-11-24T21:00:00Z"));
        let late = of(ReportName::EodSummary, None, due, now).unwrap();
        assert_eq!((late.day, late.past), (day("2026-11-24"), true));
        // A practice session's time is before the server's.
        let practice = of(ReportName::EodSummary, None, Some(at("2026-11-28T21:00:00Z")), now).unwrap();
        assert!(!practice.past);
    }
}
