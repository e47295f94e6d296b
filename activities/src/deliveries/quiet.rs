//! Quiet hours: a user's nights, by the clock on the wall.

use chrono::{DateTime, Days, MappedLocalTime, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// A stretch of each day, over midnight where it ends earlier than it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    /// The user's time zone.
    pub zone: Tz,
    /// When it begins.
    pub from: NaiveTime,
    /// When it ends; at the same time as it begins for never quiet.
    pub until: NaiveTime,
}

impl QuietHours {
    /// When the quiet hours that `now` lies in end; none where it lies in none.
    #[must_use]
    pub fn end(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let local = now.with_timezone(&self.zone).naive_local();
        let (time, over_midnight) = (local.time(), self.until < self.from);
        let (begun, ended) = (time >= self.from, time >= self.until);
        let quiet = if over_midnight { begun || !ended } else { begun && !ended };
        let days = u64::from(over_midnight && begun);
        let day = local.date().checked_add_days(Days::new(days)).filter(|_| quiet)?;
        Some(self.instant(day.and_time(self.until), now))
    }

    /// The instant of a time on the wall: the next of two in autumn, and in spring, where it is skipped, an hour later.
    fn instant(&self, local: NaiveDateTime, now: DateTime<Utc>) -> DateTime<Utc> {
        let instant = match self.zone.from_local_datetime(&local) {
            MappedLocalTime::Single(instant) => instant.to_utc(),
            MappedLocalTime::Ambiguous(first, second) => {
                let first = first.to_utc();
                if first > now { first } else { second.to_utc() }
            }
            MappedLocalTime::None => {
                let later = self.zone.from_local_datetime(&(local + TimeDelta::hours(1))).earliest();
                later.map_or(now, |later| later.to_utc())
            }
        };
        // The clock was set back within the quiet hours: never into the past.
        instant.max(now + TimeDelta::seconds(1))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn time(text: &str) -> NaiveTime {
        format!("{text}:00").parse().unwrap()
    }

    fn quiet(zone: Tz, from: &str, until: &str) -> QuietHours {
        QuietHours { zone, from: time(from), until: time(until) }
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_night_ends_in_the_morning_of_the_users_own_clock() {
        let new_york = quiet(chrono_tz::America::New_York, "22:00", "07:00");
        for (now, end) in [
            // 21:59, 22:00 and 06:59 in summer.
            ("2026-07-01T01:59:00Z", None),
            ("2026-07-01T02:00:00Z", Some("2026-07-01T11:00:00Z")),
            ("2026-07-01T10:59:59Z", Some("2026-07-01T11:00:00Z")),
            ("2026-07-01T11:00:00Z", None),
            // The nights in which the clock is set forward and back.
            ("2026-03-08T03:30:00Z", Some("2026-03-08T11:00:00Z")),
            ("2026-11-01T02:30:00Z", Some("2026-11-01T12:00:00Z")),
            // The last night of a year.
            ("2027-01-01T04:00:00Z", Some("2027-01-01T12:00:00Z")),
        ] {
            assert_eq!(new_york.end(at(now)), end.map(at), "{now}");
        }
        let kolkata = quiet(chrono_tz::Asia::Kolkata, "13:00", "14:30");
        assert_eq!(kolkata.end(at("2026-07-01T08:00:00Z")), Some(at("2026-07-01T09:00:00Z")));
        assert_eq!(kolkata.end(at("2026-07-01T09:00:00Z")), None);
        assert_eq!(quiet(chrono_tz::UTC, "07:00", "07:00").end(at("2026-07-01T07:00:00Z")), None);
    }

    #[test]
    fn an_end_that_the_clock_skips_or_has_twice_is_found() {
        // 02:30 does not exist: 03:30 EDT.
        let spring = quiet(chrono_tz::America::New_York, "22:00", "02:30");
        assert_eq!(spring.end(at("2026-03-08T04:00:00Z")), Some(at("2026-03-08T07:30:00Z")));
        // 01:30 comes twice.
        let autumn = quiet(chrono_tz::America::New_York, "22:00", "01:30");
        assert_eq!(autumn.end(at("2026-11-01T04:00:00Z")), Some(at("2026-11-01T05:30:00Z")));
        // 01:10 again, an hour later.
        assert_eq!(autumn.end(at("2026-11-01T06:10:00Z")), Some(at("2026-11-01T06:30:00Z")));
    }

    proptest! {
        #[test]
        fn an_end_is_ahead_and_within_a_day_and_an_hour(
            seconds in 0_i64..2_000_000_000, from in 0_u32..1_440, until in 0_u32..1_440,
        ) {
            let clock = |minutes: u32| NaiveTime::from_hms_opt(minutes / 60, minutes % 60, 0).unwrap();
            for zone in [chrono_tz::America::New_York, chrono_tz::Europe::Berlin, chrono_tz::Australia::Lord_Howe] {
                let quiet = QuietHours { zone, from: clock(from), until: clock(until) };
                let now = DateTime::from_timestamp(seconds, 0).unwrap();
                if let Some(end) = quiet.end(now) {
                    prop_assert!(end > now && end - now <= TimeDelta::hours(25), "{now} to {end}");
                }
            }
        }
    }
}
