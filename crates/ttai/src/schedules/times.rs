//! When a schedule runs: times of day on days, as rules for the server and as moments. The exchange's calendar decides: what a rule
//! over days of the week gets wrong is put right by a rule for each date.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Timelike, Utc, Weekday};
use chrono_tz::Tz;
use ttai_calendar::{NEW_YORK, holiday, is_session, next_session, session};
use ttai_client::{CalendarRule, RuleDays};
use ttai_config::sections::DayName;
use ttai_config::{duration, time_of_day};

/// A time of day as it is written: by the clock, or from the session's open or close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScheduleTime {
    At(NaiveTime),
    Open(TimeDelta),
    Close(TimeDelta),
}

impl ScheduleTime {
    /// Reads `09:35`, `open`, `close+15m`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no time; write 09:35, open, close or close+15m");
        let text: String = text.split_whitespace().collect();
        let (from, offset) = match text.find(['+', '-']) {
            None => (text.as_str(), TimeDelta::zero()),
            Some(place) => {
                let (from, offset) = text.split_at(place);
                let span = duration(&offset[1..]).ok().filter(|span| span.as_secs().is_multiple_of(60));
                let span = span.and_then(|span| TimeDelta::from_std(span).ok()).ok_or_else(wrong)?;
                (from, if offset.starts_with('-') { -span } else { span })
            }
        };
        match from {
            "open" => Ok(Self::Open(offset)),
            "close" => Ok(Self::Close(offset)),
            clock if offset.is_zero() => time_of_day(clock).map(Self::At).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }

    pub(crate) const fn follows_the_session(self) -> bool {
        matches!(self, Self::Open(_) | Self::Close(_))
    }

    /// On a day whose session has these hours; none where it would be another day.
    fn on(self, hours: SessionHours) -> Option<NaiveTime> {
        let (from, offset) = match self {
            Self::At(time) => return Some(time),
            Self::Open(offset) => (hours.open, offset),
            Self::Close(offset) => (hours.close, offset),
        };
        let (time, other_days) = from.overflowing_add_signed(offset);
        (other_days == 0).then_some(time)
    }
}

/// The session's hours in New York.
#[derive(Clone, Copy, Debug)]
struct SessionHours {
    open: NaiveTime,
    close: NaiveTime,
}

impl SessionHours {
    /// Of a date; where it has no session, those of a whole day.
    fn of(date: NaiveDate) -> Self {
        let new_york = |moment: DateTime<Utc>| moment.with_timezone(&NEW_YORK).time();
        session(date).map_or_else(Self::whole_day, |session| Self {
            open: new_york(session.open),
            close: new_york(session.close),
        })
    }

    fn whole_day() -> Self {
        let clock = |hour, minute| NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default();
        Self { open: clock(9, 30), close: clock(16, 0) }
    }
}

/// The times of a day: one, or from one until another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DailyTimes {
    pub(crate) first: ScheduleTime,
    /// The last one at most, and how often until then.
    pub(crate) until: Option<(ScheduleTime, Duration)>,
}

impl DailyTimes {
    fn on(&self, hours: SessionHours) -> Vec<NaiveTime> {
        let Some(first) = self.first.on(hours) else { return Vec::new() };
        let Some((until, every)) = self.until else { return vec![first] };
        let Some(until) = until.on(hours) else { return Vec::new() };
        let step = TimeDelta::from_std(every).unwrap_or(TimeDelta::days(1)).max(TimeDelta::minutes(1));
        let mut times = Vec::new();
        let (mut time, mut other_days) = (first, 0);
        while other_days == 0 && time <= until {
            times.push(time);
            (time, other_days) = time.overflowing_add_signed(step);
        }
        times
    }

    fn on_date(&self, date: NaiveDate) -> Vec<NaiveTime> {
        self.on(SessionHours::of(date))
    }
}

/// On which days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ScheduleDays {
    Sessions,
    LastSession,
    All,
    /// Without the exchange's holidays.
    Weekdays(Vec<Weekday>),
}

const WORKDAYS: [Weekday; 5] = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
/// In the server's order.
const WEEK: [Weekday; 7] =
    [Weekday::Sun, Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat];

/// None for a set of days.
const fn weekday(name: DayName) -> Option<Weekday> {
    Some(match name {
        DayName::Mon => Weekday::Mon,
        DayName::Tue => Weekday::Tue,
        DayName::Wed => Weekday::Wed,
        DayName::Thu => Weekday::Thu,
        DayName::Fri => Weekday::Fri,
        DayName::Sat => Weekday::Sat,
        DayName::Sun => Weekday::Sun,
        DayName::Sessions | DayName::LastSession | DayName::All => return None,
    })
}

impl ScheduleDays {
    /// One set of days, or days of the week.
    pub(crate) fn of(names: &[DayName]) -> Result<Self, String> {
        match names {
            [] => Err("no day is named".to_owned()),
            [DayName::Sessions] => Ok(Self::Sessions),
            [DayName::LastSession] => Ok(Self::LastSession),
            [DayName::All] => Ok(Self::All),
            names => {
                names.iter().map(|name| weekday(*name)).collect::<Option<_>>().map(Self::Weekdays).ok_or_else(
                    || {
                        "sessions, last-session and all stand alone; name one of them, or days of the week"
                            .to_owned()
                    },
                )
            }
        }
    }

    /// The days of the week on which it runs by rule.
    fn by_rule(&self) -> Vec<Weekday> {
        match self {
            Self::Sessions => WORKDAYS.to_vec(),
            Self::LastSession => vec![Weekday::Fri],
            Self::All => WEEK.to_vec(),
            Self::Weekdays(days) => days.clone(),
        }
    }

    /// Whether it runs on a date.
    fn has(&self, date: NaiveDate) -> bool {
        match self {
            Self::Sessions => is_session(date),
            Self::LastSession => {
                let week = |date: NaiveDate| date.iso_week();
                is_session(date) && next_session(date).is_ok_and(|next| week(next.date) != week(date))
            }
            Self::All => true,
            Self::Weekdays(days) => days.contains(&date.weekday()) && holiday(date).is_none(),
        }
    }
}

impl fmt::Display for ScheduleDays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sessions => f.write_str("sessions"),
            Self::LastSession => f.write_str("last session of the week"),
            Self::All => f.write_str("every day"),
            Self::Weekdays(days) => {
                f.write_str(&days.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
            }
        }
    }
}

/// When a schedule runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Timing {
    /// At times of the day.
    Daily(DailyTimes),
    /// Around the clock.
    Every(Duration),
}

/// Rules for the server, and what they leave out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) rules: Vec<CalendarRule>,
    pub(crate) exceptions: Vec<CalendarRule>,
}

impl Timing {
    /// The rules, exact for the dates of `horizon`; beyond them holidays and half days are not known to the server yet.
    pub(crate) fn rules(&self, days: &ScheduleDays, horizon: RangeInclusive<NaiveDate>) -> Rules {
        let by_rule = days.by_rule();
        let (from, to) = horizon.into_inner();
        let dates = from.iter_days().take_while(|date| *date <= to);
        let mut rules = Rules::default();
        let Self::Daily(daily) = self else {
            let others = Self::weekdays(|day| !by_rule.contains(&day));
            rules.exceptions.extend((!others.is_empty()).then(|| whole(RuleDays::Weekdays(others), "")));
            let left_out = dates.filter(|date| by_rule.contains(&date.weekday()) && !days.has(*date));
            rules.exceptions.extend(left_out.map(|date| whole(RuleDays::Date(date), reason(date))));
            return rules;
        };
        let usual = daily.on(SessionHours::whole_day());
        rules.rules = at(&usual, &RuleDays::Weekdays(Self::weekdays(|day| by_rule.contains(&day))), "");
        for date in dates {
            let has = if by_rule.contains(&date.weekday()) { usual.clone() } else { Vec::new() };
            let wanted = if days.has(date) { daily.on_date(date) } else { Vec::new() };
            let lacks: Vec<NaiveTime> = wanted.iter().filter(|time| !has.contains(time)).copied().collect();
            let wrong: Vec<NaiveTime> = has.iter().filter(|time| !wanted.contains(time)).copied().collect();
            rules.rules.extend(at(&lacks, &RuleDays::Date(date), reason(date)));
            match wanted.is_empty() && !wrong.is_empty() {
                true => rules.exceptions.push(whole(RuleDays::Date(date), reason(date))),
                false => rules.exceptions.extend(at(&wrong, &RuleDays::Date(date), reason(date))),
            }
        }
        rules
    }

    /// Days of the week in the server's numbers.
    fn weekdays(which: impl Fn(Weekday) -> bool) -> Vec<u32> {
        let these = WEEK.into_iter().filter(|day| which(*day));
        these.map(|day| day.num_days_from_sunday()).collect()
    }

    /// The next `count` moments after `from`, within two years; none around the clock, where the server alone counts.
    pub(crate) fn next(
        &self,
        days: &ScheduleDays,
        zone: Tz,
        from: DateTime<Utc>,
        count: usize,
    ) -> Vec<DateTime<Utc>> {
        let Self::Daily(daily) = self else { return Vec::new() };
        let today = from.with_timezone(&zone).date_naive();
        let dates = today.iter_days().take(2 * 366).filter(|date| days.has(*date));
        let moments = dates.flat_map(|date| {
            let times = daily.on_date(date).into_iter();
            times.filter_map(move |time| date.and_time(time).and_local_timezone(zone).earliest())
        });
        moments.map(|moment| moment.with_timezone(&Utc)).filter(|moment| *moment > from).take(count).collect()
    }
}

/// Why a date is not like the others.
fn reason(date: NaiveDate) -> &'static str {
    match (holiday(date), session(date)) {
        (Some(holiday), _) => holiday.name,
        (None, Some(session)) if session.early_close => "early close",
        _ => "last session of its week",
    }
}

fn whole(days: RuleDays, comment: &str) -> CalendarRule {
    CalendarRule { days, times: None, comment: comment.to_owned() }
}

/// A rule for each minute of the hour.
fn at(times: &[NaiveTime], days: &RuleDays, comment: &str) -> Vec<CalendarRule> {
    let mut by_minute: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for time in times {
        by_minute.entry(time.minute()).or_default().push(time.hour());
    }
    let rule = |(minute, hours)| CalendarRule {
        days: days.clone(),
        times: Some((hours, minute)),
        comment: comment.to_owned(),
    };
    by_minute.into_iter().map(rule).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A date, and the hours and the minute of its rule; none for the whole day.
    type Dated = (String, Option<(Vec<u32>, u32)>);

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn once(text: &str) -> Timing {
        Timing::Daily(DailyTimes { first: ScheduleTime::parse(text).unwrap(), until: None })
    }

    fn next(timing: &Timing, days: &ScheduleDays, from: &str, count: usize) -> Vec<String> {
        let from = from.parse().unwrap();
        let moments = timing.next(days, NEW_YORK, from, count);
        moments.iter().map(|moment| moment.format("%m-%d %H:%M").to_string()).collect()
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        let minutes = TimeDelta::minutes;
        for (text, expected) in [
            ("09:35", ScheduleTime::At(NaiveTime::from_hms_opt(9, 35, 0).unwrap())),
            ("open", ScheduleTime::Open(minutes(0))),
            ("close + 15m", ScheduleTime::Close(minutes(15))),
            ("close-1h", ScheduleTime::Close(minutes(-60))),
        ] {
            assert_eq!(ScheduleTime::parse(text), Ok(expected), "{text}");
        }
        for wrong in ["", "9", "25:00", "noon", "close+", "close+30s", "close+-5m", "09:35+5m", "+5m"] {
            assert!(ScheduleTime::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_close_is_at_13_on_half_days_and_clocks_change() {
        // Thanksgiving week: Thursday is closed, Friday is a half day.
        assert_eq!(
            next(&once("close"), &ScheduleDays::Sessions, "2026-11-24T22:00:00Z", 3),
            ["11-25 21:00", "11-27 18:00", "11-30 21:00"]
        );
        // The clocks go forward on Sunday, 8 March 2026.
        assert_eq!(
            next(&once("09:35"), &ScheduleDays::Sessions, "2026-03-06T00:00:00Z", 2),
            ["03-06 14:35", "03-09 13:35"]
        );
        // Good Friday 2026 is 3 April: that week's last session is Thursday.
        assert_eq!(
            next(&once("17:00"), &ScheduleDays::LastSession, "2026-03-28T00:00:00Z", 2),
            ["04-02 21:00", "04-10 21:00"]
        );
    }

    #[test]
    fn hours_of_the_session_end_with_it() {
        let hourly = Timing::Daily(DailyTimes {
            first: ScheduleTime::parse("open+30m").unwrap(),
            until: Some((ScheduleTime::parse("close").unwrap(), Duration::from_secs(3_600))),
        });
        let of_day = |day: &str| next(&hourly, &ScheduleDays::Sessions, &format!("{day}T00:00:00Z"), 8);
        assert_eq!(of_day("2026-11-25").iter().filter(|time| time.starts_with("11-25")).count(), 7);
        assert_eq!(of_day("2026-11-27")[..4], ["11-27 15:00", "11-27 16:00", "11-27 17:00", "11-27 18:00"]);
        assert!(of_day("2026-11-27")[4].starts_with("11-30"));
    }

    #[test]
    fn rules_are_put_right_by_date_only_where_they_are_wrong() {
        let horizon = || date("2026-11-23")..=date("2026-12-27");
        let rules = once("close").rules(&ScheduleDays::Sessions, horizon());
        let dated = |rules: &[CalendarRule]| -> Vec<Dated> {
            let of_date = rules.iter().filter_map(|rule| match &rule.days {
                RuleDays::Date(date) => Some((date.to_string(), rule.times.clone())),
                RuleDays::Weekdays(_) => None,
            });
            of_date.collect()
        };
        let half = |day: &str, hour| (day.to_owned(), Some((vec![hour], 0)));
        assert_eq!(dated(&rules.rules), [half("2026-11-27", 13), half("2026-12-24", 13)]);
        let closed = |day: &str| (day.to_owned(), None);
        let expected =
            [closed("2026-11-26"), half("2026-11-27", 16), half("2026-12-24", 16), closed("2026-12-25")];
        assert_eq!(dated(&rules.exceptions), expected);
        let every_day = once("06:00").rules(&ScheduleDays::All, horizon());
        assert_eq!((dated(&every_day.rules).len(), every_day.exceptions.len()), (0, 0));
    }

    #[test]
    fn days_of_the_week_leave_holidays_out() {
        let days = ScheduleDays::of(&[DayName::Thu]).unwrap();
        assert_eq!(next(&once("10:00"), &days, "2026-11-20T00:00:00Z", 1), ["12-03 15:00"]);
        assert!(ScheduleDays::of(&[DayName::All, DayName::Mon]).is_err());
        assert!(ScheduleDays::of(&[]).is_err());
    }
}
