//! `session`: whether the exchange opens on a date, when, and what comes before and after.

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_calendar::{
    HolidayKind, Session, check_covered, holiday, minutes_to_close, new_york_date, next_session, part_of_day,
    previous_session,
};
use ttai_core::{NEW_YORK, SessionPart};

use crate::CalcError;
use crate::input::{Day, Moment, optional};

/// A date, or a moment.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct SessionRequest {
    /// The date in New York, 1990-01-01 to 2099-12-31.
    #[serde(default, deserialize_with = "optional")]
    pub date: Option<Day>,
    /// A moment, in place of or beside `date`: says in which part of the day it lies.
    #[serde(default, deserialize_with = "optional")]
    pub at: Option<Moment>,
}

/// The date's session, or why there is none.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SessionAnswer {
    /// The date in New York.
    pub date: NaiveDate,
    /// `Mon` to `Sun`.
    pub weekday: String,
    /// Whether the exchange holds no session.
    pub closed: bool,
    /// Closed: the holiday's or the occasion's name, or `weekend`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'static str>,
    /// Closed: a rule (`regular`) or a one-off closure (`adhoc`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<HolidayKind>,
    /// The session's hours.
    #[serde(flatten)]
    pub hours: Option<Hours>,
    /// The last session before the date.
    pub previous: Option<NaiveDate>,
    /// The first session after the date.
    pub next: Option<NaiveDate>,
    /// The moment asked about: in which part of the day it lies, null outside all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part_of_day: Option<SessionPart>,
    /// The moment asked about: whole minutes to the close while the regular session is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minutes_to_close: Option<i64>,
}

/// When a session opens and closes.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Hours {
    /// The opening, UTC.
    pub open_utc: String,
    /// The close, UTC; the options on stocks close with it.
    pub close_utc: String,
    /// The opening on New York's clock, HH:MM.
    pub open_ny: String,
    /// The close on New York's clock, HH:MM.
    pub close_ny: String,
    /// New York's offset at the opening, such as -0400.
    pub utc_offset_open: String,
    /// 1 where the session ends before 16:00, else 0.
    pub is_early_close: u8,
    /// Length in minutes.
    pub minutes: i64,
    /// When the pre-market begins, UTC.
    pub pre_market_open_utc: String,
    /// When the post-market ends, UTC.
    pub post_market_close_utc: String,
}

fn utc(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}

impl Hours {
    fn of(session: &Session) -> Self {
        let (open, close) = (session.open.with_timezone(&NEW_YORK), session.close.with_timezone(&NEW_YORK));
        Self {
            open_utc: utc(session.open),
            close_utc: utc(session.close),
            open_ny: open.format("%H:%M").to_string(),
            close_ny: close.format("%H:%M").to_string(),
            utc_offset_open: open.format("%z").to_string(),
            is_early_close: u8::from(session.early_close),
            minutes: session.minutes(),
            pre_market_open_utc: utc(session.pre_market_open()),
            post_market_close_utc: utc(session.post_market_close()),
        }
    }
}

/// The session of a date.
///
/// # Errors
/// [`CalcError`] where neither date nor moment is given, or outside the calendar's years.
pub fn session(request: &SessionRequest) -> Result<SessionAnswer, CalcError> {
    let at = request.at.map(|moment| moment.0);
    let date = match (request.date, at) {
        (Some(date), _) => date.0,
        (None, Some(at)) => new_york_date(at),
        (None, None) => {
            return Err(CalcError::question(
                "session: give a 'date' such as 2014-07-03, or a moment as 'at'",
            ));
        }
    };
    check_covered(date)?;
    let session = ttai_calendar::session(date);
    let closure = holiday(date);
    let asked = at.filter(|at| new_york_date(*at) == date);
    Ok(SessionAnswer {
        date,
        weekday: date.weekday().to_string(),
        closed: session.is_none(),
        name: session.is_none().then(|| closure.map_or("weekend", |closure| closure.name)),
        kind: closure.map(|closure| closure.kind),
        hours: session.as_ref().map(Hours::of),
        previous: previous_session(date).ok().map(|session| session.date),
        next: next_session(date).ok().map(|session| session.date),
        part_of_day: asked.and_then(part_of_day),
        minutes_to_close: asked.and_then(minutes_to_close),
    })
}
