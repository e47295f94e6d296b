//! What Cboe's times mean. Trade times are New York clock time. The file's own `timestamp` has been seen both as New York
//! and as universal time; which it is shows against the answer's own date.

use chrono::{DateTime, Duration, LocalResult, NaiveDateTime, TimeZone, Utc};
use ttai_calendar::{NEW_YORK, new_york_date, previous_session, session};

/// What the quotes lag behind the market.
pub(super) const DELAY: Duration = Duration::minutes(15);
/// A file may be dated this much after the answer that carries it: two clocks never agree.
const TOLERANCE: Duration = Duration::minutes(2);

fn parsed(text: &str) -> Option<NaiveDateTime> {
    let text = text.trim();
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
}

/// A New York clock time. Of an hour that comes twice the first is meant, the one that skips does not exist.
pub(super) fn new_york(text: &str) -> Option<DateTime<Utc>> {
    match NEW_YORK.from_local_datetime(&parsed(text)?) {
        LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => Some(time.to_utc()),
        LocalResult::None => None,
    }
}

/// When a file was made: of the two readings of its `timestamp` the one nearest to, and not after, the answer's date.
/// Without a readable one, the answer's date, before which it was made; nobody knows how long.
pub(super) fn made(timestamp: &str, answered: DateTime<Utc>) -> DateTime<Utc> {
    dated(timestamp, answered).unwrap_or(answered)
}

/// When a file says that it was made; none where it does not say so in a way that can be.
pub(super) fn dated(timestamp: &str, answered: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let readings = [new_york(timestamp), parsed(timestamp).map(|time| time.and_utc())];
    let possible = readings.into_iter().flatten().filter(|time| *time <= answered + TOLERANCE);
    possible.max().map(|made| made.min(answered))
}

/// The moment of the market that a file made at `made` shows: a quarter of an hour before, and outside the regular
/// session the last close.
pub(super) fn shown(made: DateTime<Utc>) -> DateTime<Utc> {
    let moment = made - DELAY;
    let date = new_york_date(moment);
    match session(date) {
        Some(session) if moment >= session.close => session.close,
        Some(session) if moment >= session.open => moment,
        _ => previous_session(date).map_or(moment, |last| last.close),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[rstest]
    #[case::new_york_time("2026-11-20 10:00:00", "2026-11-20T15:00:05Z", "2026-11-20T15:00:00Z")]
    #[case::universal_time("2026-11-20 15:00:00", "2026-11-20T15:00:05Z", "2026-11-20T15:00:00Z")]
    #[case::in_summer("2026-06-12 15:09:24", "2026-06-12T15:10:06Z", "2026-06-12T15:09:24Z")]
    #[case::a_little_ahead("2026-11-20 15:01:00", "2026-11-20T15:00:05Z", "2026-11-20T15:00:05Z")]
    #[case::unreadable("soon", "2026-11-20T15:00:05Z", "2026-11-20T15:00:05Z")]
    fn a_timestamp_is_read_against_the_answers_date(
        #[case] text: &str,
        #[case] answered: &str,
        #[case] made_at: &str,
    ) {
        assert_eq!(made(text, at(answered)), at(made_at));
    }

    #[rstest]
    #[case::in_the_session("2026-11-20T15:00:00Z", "2026-11-20T14:45:00Z")]
    #[case::just_after_the_open("2026-11-20T14:40:00Z", "2026-11-19T21:00:00Z")]
    #[case::in_the_evening("2026-11-20T23:00:00Z", "2026-11-20T21:00:00Z")]
    #[case::on_sunday("2026-11-22T15:00:00Z", "2026-11-20T21:00:00Z")]
    #[case::after_a_half_day("2026-11-27T20:00:00Z", "2026-11-27T18:00:00Z")]
    fn a_file_shows_the_market_a_quarter_of_an_hour_before(#[case] made: &str, #[case] moment: &str) {
        assert_eq!(shown(at(made)), at(moment));
    }

    #[test]
    fn clock_changes_are_survived() {
        assert_eq!(new_york("2026-03-08T02:30:00"), None);
        assert_eq!(new_york("2026-11-01T01:30:00"), Some(at("2026-11-01T05:30:00Z")));
        assert_eq!(new_york("2026-11-20T10:00:00.5"), Some(at("2026-11-20T15:00:00.5Z")));
    }
}
