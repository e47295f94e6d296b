//! Which part of the trading day an instant lies in, and where its bars end.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use ttai_calendar::{SessionPart, is_session, new_york_date, new_york_instant, session};
use ttai_core::alert::{AlertSession, BarLength};

/// The part of the trading day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TradingPart {
    /// 20:00 of the evening before a session to 04:00.
    Overnight,
    /// 04:00 to the open.
    Pre,
    /// The regular session.
    Regular,
    /// The close to 20:00 (17:00 on an early close).
    Post,
}

impl TradingPart {
    /// The hours of alerts that take it, as positions in [`SCOPES`].
    pub(crate) fn scopes(self) -> std::ops::Range<usize> {
        match self {
            Self::Regular => 0..3,
            Self::Pre | Self::Post => 1..3,
            Self::Overnight => 2..3,
        }
    }

    /// Whether an alert of these hours takes it.
    pub(crate) fn is_in(self, hours: AlertSession) -> bool {
        self.scopes().contains(&scope(hours))
    }
}

/// StretchCache of alerts, narrowest first.
pub(crate) const SCOPES: usize = 3;

/// The position of an alert's hours.
pub(crate) const fn scope(hours: AlertSession) -> usize {
    match hours {
        AlertSession::Regular => 0,
        AlertSession::Extended => 1,
        AlertSession::Overnight => 2,
    }
}

/// A stretch of one part of one session, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stretch {
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// The part, and the session that it belongs to.
    pub(crate) part: TradingPart,
    pub(crate) date: NaiveDate,
}

/// The stretches that were asked for last: events come in nearly the same order as time.
#[derive(Clone, Debug, Default)]
pub(crate) struct StretchCache {
    last: Option<Stretch>,
}

impl StretchCache {
    /// Where an instant lies; none while nobody trades.
    pub(crate) fn at(&mut self, micros: i64) -> Option<Stretch> {
        if let Some(known) = self.last.filter(|known| known.start <= micros && micros < known.end) {
            return Some(known);
        }
        let found = stretch_at(micros)?;
        self.last = Some(found);
        Some(found)
    }
}

/// An instant of microseconds since 1970.
pub(crate) fn instant(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::UNIX_EPOCH)
}

fn stretch_at(micros: i64) -> Option<Stretch> {
    let at = instant(micros);
    let date = new_york_date(at);
    let stretch = |part, date, start: DateTime<Utc>, end: DateTime<Utc>| {
        let (start, end) = (start.timestamp_micros(), end.timestamp_micros());
        Some(Stretch { start, end, part, date })
    };
    let evening = new_york_instant(date, 20, 0).ok()?;
    if at >= evening {
        let next = date.succ_opt().filter(|next| is_session(*next))?;
        return stretch(TradingPart::Overnight, next, evening, session(next)?.pre_market_open());
    }
    let day = session(date)?;
    match day.part_at(at) {
        Some(SessionPart::Pre) => stretch(TradingPart::Pre, date, day.pre_market_open(), day.open),
        Some(SessionPart::Regular) => stretch(TradingPart::Regular, date, day.open, day.close),
        Some(SessionPart::Post) => stretch(TradingPart::Post, date, day.close, day.post_market_close()),
        None if at < day.pre_market_open() => {
            let before = day.pre_market_open() - Duration::hours(8);
            stretch(TradingPart::Overnight, date, before, day.pre_market_open())
        }
        None => None,
    }
}

const MINUTE: i64 = 60_000_000;

/// The end of the bar that an instant of a stretch lies in. Minutes count from the stretch's start, so that none spans the
/// open or the close; a session's bar ends at its close, later prices belong to none.
pub(crate) fn bar_end(stretch: &Stretch, micros: i64, length: BarLength) -> Option<i64> {
    match length.minutes() {
        Some(minutes) => {
            let length = minutes * MINUTE;
            let whole = (micros - stretch.start).div_euclid(length) + 1;
            Some((stretch.start + whole * length).min(stretch.end))
        }
        None => session(stretch.date).map(|day| day.close.timestamp_micros()).filter(|close| micros < *close),
    }
}

/// The regular open of the first session on or after a date.
pub(crate) fn open_on_or_after(date: NaiveDate) -> Option<i64> {
    ttai_calendar::session_on_or_after(date).ok().map(|day| day.open.timestamp_micros())
}

/// When the session after the one of a date begins for alerts of these hours.
pub(crate) fn next_day_start(date: NaiveDate, hours: AlertSession) -> Option<i64> {
    let next = ttai_calendar::next_session(date).ok()?;
    let start = match hours {
        AlertSession::Regular => next.open,
        AlertSession::Extended => next.pre_market_open(),
        AlertSession::Overnight => next.pre_market_open() - Duration::hours(8),
    };
    Some(start.timestamp_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> i64 {
        text.parse::<DateTime<Utc>>().unwrap().timestamp_micros()
    }

    #[test]
    fn each_instant_has_its_part_and_session() {
        let mut hours = StretchCache::default();
        for (at, expected) in [
            ("2014-06-06T07:59:59Z", Some((TradingPart::Overnight, "2014-06-06"))),
            ("2014-06-06T08:00:00Z", Some((TradingPart::Pre, "2014-06-06"))),
            ("2014-06-06T13:30:00Z", Some((TradingPart::Regular, "2014-06-06"))),
            ("2014-06-06T20:00:00Z", Some((TradingPart::Post, "2014-06-06"))),
            ("2014-06-07T00:30:00Z", None),
            ("2014-06-07T15:00:00Z", None),
            ("2014-06-09T00:00:00Z", Some((TradingPart::Overnight, "2014-06-09"))),
            ("2015-12-24T18:00:00Z", Some((TradingPart::Post, "2015-12-24"))),
            ("2015-12-24T22:00:00Z", None),
        ] {
            let found = hours.at(micros(at)).map(|found| (found.part, found.date.to_string()));
            assert_eq!(found, expected.map(|(part, date)| (part, date.to_owned())), "{at}");
        }
    }

    #[test]
    fn bars_end_within_their_stretch() {
        let open = stretch_at(micros("2014-06-06T13:30:00Z")).unwrap();
        let end = |at: &str, length| bar_end(&open, micros(at), length).map(|end| instant(end).to_rfc3339());
        assert_eq!(end("2014-06-06T13:34:59Z", BarLength::Five).unwrap(), "2014-06-06T13:35:00+00:00");
        assert_eq!(end("2014-06-06T19:31:00Z", BarLength::Sixty).unwrap(), "2014-06-06T20:00:00+00:00");
        assert_eq!(end("2014-06-06T14:00:00Z", BarLength::Day).unwrap(), "2014-06-06T20:00:00+00:00");
    }
}
