//! At which moments an invented market stands. Its option chains are of every fifth minute of a session. Its clock is the wall's
//! while the exchange trades; else the last session plays again and again at real speed, for practice. Both are functions of the
//! wall clock alone, so that every process stands at the same moment.

use chrono::{DateTime, DurationRound, NaiveDate, TimeDelta, Utc};
use ttai_calendar::{CalendarError, Session, new_york_date, previous_session, session_on_or_before};

/// Between two option chains.
const STEP: TimeDelta = TimeDelta::minutes(5);
/// From the open to the first option chain, when there is something to see.
const FIRST: TimeDelta = TimeDelta::minutes(15);
/// From the last option chain to the close.
const LAST: TimeDelta = TimeDelta::minutes(5);

/// The newest moment by `at` of which an invented market has an option chain.
///
/// # Errors
/// [`CalendarError`] outside the exchange calendar.
pub fn newest_snapshot(at: DateTime<Utc>) -> Result<DateTime<Utc>, CalendarError> {
    let session = session_with_snapshot(at)?;
    let by = at.min(session.close - LAST);
    // Sessions open and close on whole steps.
    Ok(by.duration_trunc(STEP).unwrap_or(by))
}

/// Where an invented market that follows the wall clock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PresentMoment {
    /// Market time to the second; always within a session.
    pub at: DateTime<Utc>,
    /// Whether the exchange is closed, and its last session plays again.
    pub is_practice: bool,
}

/// Where the market stands when the wall clock shows `wall`: there too while the exchange trades, else in a practice session.
/// Time goes back where a practice session begins, and nowhere else.
///
/// # Errors
/// [`CalendarError`] outside the exchange calendar.
pub fn present_at(wall: DateTime<Utc>) -> Result<PresentMoment, CalendarError> {
    let session = session_with_snapshot(wall)?;
    let wall = wall.duration_trunc(TimeDelta::seconds(1)).unwrap_or(wall);
    if wall < session.close {
        return Ok(PresentMoment { at: wall, is_practice: false });
    }
    let first = session.open + FIRST;
    let length = (session.close - first).num_seconds().max(1);
    let passed = (wall - session.close).num_seconds().rem_euclid(length);
    Ok(PresentMoment { at: first + TimeDelta::seconds(passed), is_practice: true })
}

/// Market time of the present.
#[must_use]
pub fn present() -> DateTime<Utc> {
    let now = Utc::now();
    present_at(now).map_or(now, |moment| moment.at)
}

/// An hour before the close of a day's session, or of the last one before the day: time to watch the market move.
///
/// # Errors
/// [`CalendarError`] outside the exchange calendar.
pub fn hour_before_close(date: NaiveDate) -> Result<DateTime<Utc>, CalendarError> {
    Ok(session_on_or_before(date)?.close - TimeDelta::hours(1))
}

/// The session and the whole minute at which a market of `at` stands: outside trading hours the newest snapshot before.
pub(super) fn in_session(at: DateTime<Utc>) -> Result<(Session, DateTime<Utc>), CalendarError> {
    let session = session_with_snapshot(at)?;
    if at < session.close {
        return Ok((session, at.duration_trunc(TimeDelta::minutes(1)).unwrap_or(at)));
    }
    Ok((session, newest_snapshot(at)?))
}

fn session_with_snapshot(at: DateTime<Utc>) -> Result<Session, CalendarError> {
    let session = session_on_or_before(new_york_date(at))?;
    if at < session.open + FIRST { previous_session(session.date) } else { Ok(session) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_market_stands_at_the_moment_or_at_the_last_one_before() {
        for (now, expected) in [
            ("2026-09-18T18:07:31Z", "2026-09-18T18:05:00Z"),
            ("2026-09-18T13:45:00Z", "2026-09-18T13:45:00Z"),
            // Before there is a chain, after the close, on Sunday.
            ("2026-09-18T13:44:59Z", "2026-09-17T19:55:00Z"),
            ("2026-09-18T20:00:00Z", "2026-09-18T19:55:00Z"),
            ("2026-09-20T12:00:00Z", "2026-09-18T19:55:00Z"),
            // The half day after Thanksgiving, and the Monday morning after it.
            ("2026-11-27T22:00:00Z", "2026-11-27T17:55:00Z"),
            ("2026-11-30T14:00:00Z", "2026-11-27T17:55:00Z"),
        ] {
            assert_eq!(newest_snapshot(at(now)).unwrap(), at(expected), "{now}");
        }
        assert!(newest_snapshot(DateTime::<Utc>::MAX_UTC).is_err());
    }

    #[test]
    fn while_the_exchange_is_closed_its_last_session_plays_again() {
        for (wall, market, is_practice) in [
            ("2026-09-18T18:07:31.5Z", "2026-09-18T18:07:31Z", false),
            // From the close on, once through, and once more; on Sunday, and on Monday until there is a chain.
            ("2026-09-18T20:00:00Z", "2026-09-18T13:45:00Z", true),
            ("2026-09-19T02:14:59Z", "2026-09-18T19:59:59Z", true),
            ("2026-09-19T02:15:00Z", "2026-09-18T13:45:00Z", true),
            ("2026-09-20T16:15:10Z", "2026-09-18T14:15:10Z", true),
            ("2026-09-21T13:44:59Z", "2026-09-18T16:59:59Z", true),
            ("2026-09-21T13:45:00Z", "2026-09-21T13:45:00Z", false),
            // A half day is shorter.
            ("2026-11-27T18:00:01Z", "2026-11-27T14:45:01Z", true),
            ("2026-11-27T21:15:00Z", "2026-11-27T14:45:00Z", true),
        ] {
            let expected = PresentMoment { at: at(market), is_practice };
            assert_eq!(present_at(at(wall)).unwrap(), expected, "{wall}");
        }
    }

    #[test]
    fn the_present_lies_in_a_session_and_runs_at_real_speed() {
        let start = at("2026-11-25T12:00:07Z");
        let moments: Vec<DateTime<Utc>> = (0..6 * 24 * 60)
            .map(|minute| present_at(start + TimeDelta::minutes(minute)).unwrap().at)
            .collect();
        assert!(moments.iter().all(|moment| ttai_calendar::is_open(*moment)));
        let steady = |pair: &&[DateTime<Utc>]| pair[1] - pair[0] == TimeDelta::minutes(1);
        let jumps = moments.windows(2).filter(|pair| !steady(pair)).count();
        // Six days hold two sessions and some thirty that are played again.
        assert!(jumps < 40, "{jumps}");
        assert!(moments.iter().all(|moment| newest_snapshot(*moment).unwrap() + STEP > *moment));
    }

    #[test]
    fn time_never_goes_back() {
        let start = at("2026-11-25T00:00:00Z");
        let moments =
            (0..6 * 24 * 60).map(|minute| newest_snapshot(start + TimeDelta::minutes(minute)).unwrap());
        assert!(moments.collect::<Vec<_>>().is_sorted());
    }

    #[test]
    fn a_chosen_moment_of_a_session_is_kept_to_the_minute() {
        let (session, moment) = in_session(at("2026-09-18T15:07:31Z")).unwrap();
        assert_eq!((session.date.to_string().as_str(), moment), ("2026-09-18", at("2026-09-18T15:07:00Z")));
        let (session, moment) = in_session(at("2026-09-20T15:07:31Z")).unwrap();
        assert_eq!((session.date.to_string().as_str(), moment), ("2026-09-18", at("2026-09-18T19:55:00Z")));
        assert_eq!(hour_before_close("2026-11-29".parse().unwrap()).unwrap(), at("2026-11-27T17:00:00Z"));
    }
}
