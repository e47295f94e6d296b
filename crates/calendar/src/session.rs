//! Sessions: which days have one, when they open and close, and which comes before and after.

use std::sync::LazyLock;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::SessionPart;

use crate::clock::resolve;
use crate::early_close::early_close_hour;
use crate::holiday::is_weekend;
use crate::{CalendarError, FIRST_DATE, check_covered, covers, holiday, new_york_date};

/// One regular session of the New York Stock Exchange, with scheduled hours: halts and delayed opens do not move them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Session {
    /// The date in New York.
    pub date: NaiveDate,
    /// The opening auction, 09:30 in New York.
    pub open: DateTime<Utc>,
    /// The closing auction, 16:00 in New York, or earlier on a shortened day.
    pub close: DateTime<Utc>,
    /// Whether the session ends before 16:00.
    pub early_close: bool,
}

impl Session {
    /// Length of the regular session in minutes: 390, or 210 (1990–1992: 270) on an early close.
    #[must_use]
    pub fn minutes(&self) -> i64 {
        (self.close - self.open).num_minutes()
    }

    /// When the pre-market begins: 04:00 in New York (NYSE Arca Rule 7.34-E, early trading session).
    #[must_use]
    pub fn pre_market_open(&self) -> DateTime<Utc> {
        self.open - chrono::Duration::minutes(330)
    }

    /// When the post-market ends: 20:00 in New York, 17:00 on an early close (also where the close was at
    /// 14:00). NYSE Arca Rule 7.34-E, late trading session.
    #[must_use]
    pub fn post_market_close(&self) -> DateTime<Utc> {
        let minutes_after_open = if self.early_close { 450 } else { 630 };
        self.open + chrono::Duration::minutes(minutes_after_open)
    }

    /// Whether the regular session is on: open ≤ instant < close.
    #[must_use]
    pub fn is_open_at(&self, instant: DateTime<Utc>) -> bool {
        self.open <= instant && instant < self.close
    }

    /// Pre-market, regular session or post-market, or `None` outside them. Each part includes its first instant and
    /// excludes its last.
    #[must_use]
    pub fn part_at(&self, instant: DateTime<Utc>) -> Option<SessionPart> {
        if instant < self.pre_market_open() || instant >= self.post_market_close() {
            None
        } else if instant < self.open {
            Some(SessionPart::Pre)
        } else if instant < self.close {
            Some(SessionPart::Regular)
        } else {
            Some(SessionPart::Post)
        }
    }
}

/// The session of a New York date, or `None` where the exchange is closed.
///
/// Exact for 1990 to 2030 and by today's rules afterwards. `None` as well outside
/// [`FIRST_DATE`](crate::FIRST_DATE)..=[`LAST_DATE`](crate::LAST_DATE): use [`check_covered`] where "closed" and
/// "unknown" must be told apart.
#[must_use]
pub fn session(date: NaiveDate) -> Option<Session> {
    if !is_session(date) {
        return None;
    }
    let early_hour = early_close_hour(date);
    let open = NaiveTime::from_hms_opt(9, 30, 0)?;
    let close = NaiveTime::from_hms_opt(early_hour.unwrap_or(16), 0, 0)?;
    Some(Session {
        date,
        open: resolve(date, open)?,
        close: resolve(date, close)?,
        early_close: early_hour.is_some(),
    })
}

/// Whether the exchange holds a session on a New York date: a weekday without a
/// [`holiday`](crate::holiday()); false outside the covered years, as in [`session`].
#[must_use]
pub fn is_session(date: NaiveDate) -> bool {
    let day = usize::try_from((date - FIRST_DATE).num_days()).ok();
    day.and_then(|day| SESSIONS.get(day)).copied().unwrap_or(false)
}

/// Of each date that the calendar knows, whether it has a session: a history alone asks thousands of times.
static SESSIONS: LazyLock<Vec<bool>> = LazyLock::new(|| {
    let known = FIRST_DATE.iter_days().take_while(|date| covers(*date));
    known.map(|date| !is_weekend(date) && holiday(date).is_none()).collect()
});

/// The first session strictly after a date.
///
/// # Errors
/// [`CalendarError::OutOfRange`] where the date or the answer lies outside the covered years.
pub fn next_session(date: NaiveDate) -> Result<Session, CalendarError> {
    step(date, NaiveDate::succ_opt)
}

/// The last session strictly before a date.
///
/// # Errors
/// [`CalendarError::OutOfRange`] where the date or the answer lies outside the covered years.
pub fn previous_session(date: NaiveDate) -> Result<Session, CalendarError> {
    step(date, NaiveDate::pred_opt)
}

/// The session of a date, or the last one before it.
///
/// # Errors
/// [`CalendarError::OutOfRange`] where the date or the answer lies outside the covered years.
pub fn session_on_or_before(date: NaiveDate) -> Result<Session, CalendarError> {
    session(date).map_or_else(|| previous_session(date), Ok)
}

/// The session of a date, or the first one after it.
///
/// # Errors
/// [`CalendarError::OutOfRange`] where the date or the answer lies outside the covered years.
pub fn session_on_or_after(date: NaiveDate) -> Result<Session, CalendarError> {
    session(date).map_or_else(|| next_session(date), Ok)
}

/// The first session that opens after an instant: today's until it has begun.
///
/// # Errors
/// [`CalendarError::OutOfRange`] where the instant or the answer lies outside the covered years.
pub fn next_to_open(instant: DateTime<Utc>) -> Result<Session, CalendarError> {
    let today = new_york_date(instant);
    session(today).filter(|todays| instant < todays.open).map_or_else(|| next_session(today), Ok)
}

/// All sessions from `from` to `to`, both included, in order; empty where `to` is before `from`.
///
/// # Errors
/// [`CalendarError::OutOfRange`] where either date lies outside the covered years.
pub fn sessions_between(from: NaiveDate, to: NaiveDate) -> Result<Vec<Session>, CalendarError> {
    check_covered(from)?;
    check_covered(to)?;
    Ok(from.iter_days().take_while(|day| *day <= to).filter_map(session).collect())
}

/// The number of sessions after `from` up to and including `to`: 0 for the same day and 1 for neighbouring sessions.
/// Negative where `to` is before `from`: the sessions after `to` up to and including `from`.
///
/// # Errors
/// [`CalendarError::OutOfRange`] where either date lies outside the covered years.
pub fn trading_days_between(from: NaiveDate, to: NaiveDate) -> Result<i64, CalendarError> {
    check_covered(from)?;
    check_covered(to)?;
    let (first, last, sign) = if from <= to { (from, to, 1) } else { (to, from, -1) };
    let days = first.iter_days().skip(1).take_while(|day| *day <= last);
    Ok(sign * days.fold(0, |count, day| count + i64::from(is_session(day))))
}

/// The session of the New York date of an instant, whether or not it is open then; `None` on a day without
/// one or outside the covered years.
#[must_use]
pub fn session_of(instant: DateTime<Utc>) -> Option<Session> {
    session(new_york_date(instant))
}

/// Whether the regular session is on at an instant: open ≤ instant < close; false outside the covered years.
#[must_use]
pub fn is_open(instant: DateTime<Utc>) -> bool {
    session_of(instant).is_some_and(|session| session.is_open_at(instant))
}

/// Whole minutes (rounded down, 0 to 390) to the close of the regular session that is on; `None` while the
/// exchange is closed and outside the covered years.
#[must_use]
pub fn minutes_to_close(instant: DateTime<Utc>) -> Option<i64> {
    let session = session_of(instant)?;
    session.is_open_at(instant).then(|| (session.close - instant).num_minutes())
}

/// Pre-market (from 04:00 in New York), regular session or post-market (to 20:00, on an early close to 17:00), or `None`
/// outside them and outside the covered years. The extended hours are today's (NYSE Arca Rule 7.34-E), for all years.
#[must_use]
pub fn part_of_day(instant: DateTime<Utc>) -> Option<SessionPart> {
    session_of(instant)?.part_at(instant)
}

/// Walks day by day to the next session in one direction; closures end within days, the covered years end the walk.
fn step(date: NaiveDate, next: fn(&NaiveDate) -> Option<NaiveDate>) -> Result<Session, CalendarError> {
    check_covered(date)?;
    let mut day = date;
    loop {
        day = next(&day).ok_or(CalendarError::OutOfRange(day))?;
        check_covered(day)?;
        if let Some(found) = session(day) {
            return Ok(found);
        }
    }
}
