//! When a filing became public. The files write its acceptance with a `Z`, and for most filers it is universal time; for
//! others, a fifth of the large companies, it is New York's clock all the same. The habit belongs to the filer, and
//! EDGAR's hours show it: nothing is accepted between 22:00 and 06:00 in New York.

use chrono::{DateTime, LocalResult, NaiveDateTime, NaiveTime, TimeZone, Timelike, Utc};
use ttai_calendar::NEW_YORK;

use super::model::Filing;

/// What a filer's acceptance times are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Habit {
    Universal,
    NewYork,
}

impl Habit {
    /// The habit that most of a filer's filings fit only under. Where none decides it is New York's clock, the later
    /// reading: a story is rather told late than before it was public.
    pub(super) fn of(filings: &[Filing]) -> Self {
        let votes: i64 = filings.iter().filter_map(|filing| filing.accepted).map(vote).sum();
        if votes > 0 { Self::Universal } else { Self::NewYork }
    }

    /// When a filing was accepted: none earlier than the moment it can have been, none later than `now`.
    pub(super) fn published(self, filing: &Filing, now: DateTime<Utc>) -> DateTime<Utc> {
        // Without a time it was public at the end of its day at the latest.
        let Some(written) = filing.accepted.or_else(|| filing.filing_date.and_hms_opt(22, 0, 0)) else {
            return now;
        };
        let universal = written.and_utc();
        let read = match self {
            Self::Universal if filing.accepted.is_some() => universal,
            _ => new_york(written)
                .filter(|time| *time <= now || filing.accepted.is_none())
                .unwrap_or(universal),
        };
        read.min(now)
    }
}

fn new_york(written: NaiveDateTime) -> Option<DateTime<Utc>> {
    match NEW_YORK.from_local_datetime(&written) {
        LocalResult::Single(time) | LocalResult::Ambiguous(_, time) => Some(time.to_utc()),
        LocalResult::None => None,
    }
}

/// +1 where only universal time fits EDGAR's hours, −1 where only New York's clock does.
fn vote(written: NaiveDateTime) -> i64 {
    let as_universal = written.and_utc().with_timezone(&NEW_YORK).time();
    match (is_open(as_universal), is_open(written.time())) {
        (true, false) => 1,
        (false, true) => -1,
        _ => 0,
    }
}

/// EDGAR accepts filings from 06:00 to 22:00 (EDGAR Filer Manual); some minutes for what was on its way.
fn is_open(time: NaiveTime) -> bool {
    let minutes = time.hour() * 60 + time.minute();
    (6 * 60..=22 * 60 + 10).contains(&minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filing(accepted: &str) -> Filing {
        Filing {
            accession: String::new(),
            filing_date: "2026-10-29".parse().unwrap(),
            report_date: None,
            accepted: accepted.parse().ok(),
            form: "8-K".to_owned(),
            items: Vec::new(),
            document: String::new(),
        }
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_filers_habit_shows_in_its_hours() {
        // 00:30 cannot be New York's clock, 07:30 cannot be universal time.
        let evening =
            [filing("2026-10-29T16:30:00"), filing("2026-10-30T00:30:00"), filing("2026-10-28T20:30:00")];
        assert_eq!(Habit::of(&evening), Habit::Universal);
        let morning = [filing("2026-10-29T16:30:00"), filing("2026-10-29T07:30:00")];
        assert_eq!(Habit::of(&morning), Habit::NewYork);
        assert_eq!(Habit::of(&[filing("2026-10-29T16:30:00")]), Habit::NewYork);
    }

    #[test]
    fn a_filing_is_public_when_it_was_accepted_and_never_in_the_future() {
        let now = at("2026-11-20T12:00:00Z");
        let results = filing("2026-10-29T16:30:00");
        assert_eq!(Habit::Universal.published(&results, now), at("2026-10-29T16:30:00Z"));
        assert_eq!(Habit::NewYork.published(&results, now), at("2026-10-29T20:30:00Z"));
        // The later reading lies ahead, so it is the earlier one.
        let soon = at("2026-10-29T16:31:00Z");
        assert_eq!(Habit::NewYork.published(&results, soon), at("2026-10-29T16:30:00Z"));
        assert_eq!(
            Habit::NewYork.published(&results, at("2026-10-29T10:00:00Z")),
            at("2026-10-29T10:00:00Z")
        );
        assert_eq!(Habit::Universal.published(&filing(""), now), at("2026-10-30T02:00:00Z"));
    }
}
