//! When a story was published, however its feed writes it. What cannot be read is no date: a story without one is undated, not of now.

use chrono::{DateTime, Days, Duration, NaiveDate, TimeZone, Utc};
use ttai_calendar::NEW_YORK;

/// Longer texts are no dates.
const LONGEST: usize = 60;

/// The beginnings of months' names: English ones, and where they differ Spanish, German and French ones.
const MONTHS: [(&str, u32); 27] = [
    ("jan", 1),
    ("ene", 1),
    ("feb", 2),
    ("fév", 2),
    ("fev", 2),
    ("mar", 3),
    ("mär", 3),
    ("mrz", 3),
    ("apr", 4),
    ("abr", 4),
    ("avr", 4),
    ("may", 5),
    ("mai", 5),
    ("juin", 6),
    ("jun", 6),
    ("juil", 7),
    ("jul", 7),
    ("aug", 8),
    ("ago", 8),
    ("aoû", 8),
    ("sep", 9),
    ("oct", 10),
    ("okt", 10),
    ("nov", 11),
    ("dec", 12),
    ("dic", 12),
    ("dez", 12),
];

/// Zones by name, in minutes east of universal time.
const ZONES: [(&str, i64); 18] = [
    ("z", 0),
    ("ut", 0),
    ("utc", 0),
    ("gmt", 0),
    ("wet", 0),
    ("bst", 60),
    ("cet", 60),
    ("cest", 120),
    ("eet", 120),
    ("jst", 540),
    ("est", -300),
    ("edt", -240),
    ("cst", -360),
    ("cdt", -300),
    ("mst", -420),
    ("mdt", -360),
    ("pst", -480),
    ("pdt", -420),
];

/// Reads a date as feeds write it: RFC 3339, RFC 2822 and what comes near them, seconds since 1970. A time without a zone is
/// universal time; a date without a time is that day in New York.
pub(super) fn parse(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if text.len() > LONGEST {
        return None;
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    epoch(text).or_else(|| Parts::of(text)?.instant())
}

/// Ten digits of seconds, or thirteen of milliseconds.
fn epoch(text: &str) -> Option<DateTime<Utc>> {
    let number: i64 =
        Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()?;
    match text.len() {
        10 => DateTime::from_timestamp(number, 0),
        13 => DateTime::from_timestamp_millis(number),
        _ => None,
    }
}

/// What the words of a date say.
#[derive(Default)]
struct Parts {
    year: Option<i32>,
    month: Option<u32>,
    day: Option<u32>,
    /// Seconds since midnight; a day and more for 24:00.
    seconds: Option<i64>,
    afternoon: Option<bool>,
    /// Minutes east of universal time.
    zone: Option<i64>,
}

impl Parts {
    fn of(text: &str) -> Option<Self> {
        let mut parts = Self::default();
        // Only behind an ISO date a T is no letter of a name.
        let words = if is_iso(text) { text.replace(['T', 't'], " ") } else { text.to_owned() };
        for (place, word) in words.split_whitespace().enumerate() {
            // What stands before a comma at the beginning is a weekday, in whatever language.
            if place == 0 && word.ends_with(',') && word.chars().next().is_some_and(char::is_alphabetic) {
                continue;
            }
            parts.word(word.trim_matches(','))?;
        }
        Some(parts)
    }

    /// Takes in one word; none where it contradicts what is known.
    fn word(&mut self, word: &str) -> Option<()> {
        let lower = word.to_lowercase();
        if lower.is_empty() {
            return Some(());
        }
        if let Some((year, month, day)) = iso_date(&lower) {
            (self.year, self.month, self.day) = (Some(year), Some(month), Some(day));
            return Some(());
        }
        if lower.contains(':') && lower.starts_with(|c: char| c.is_ascii_digit()) {
            return self.clock(&lower);
        }
        match lower.as_str() {
            "am" | "a.m." => self.afternoon = Some(false),
            "pm" | "p.m." => self.afternoon = Some(true),
            _ if lower.bytes().all(|byte| byte.is_ascii_digit()) => return self.number(&lower),
            _ if zone(&lower).is_some() => self.zone = zone(&lower),
            _ => {
                if let Some(month) = month(&lower) {
                    self.month = Some(month);
                }
            }
        }
        Some(())
    }

    /// `10:30`, `20:0:0`, `12:15pm`, `10:00:00.5-04:00`.
    fn clock(&mut self, word: &str) -> Option<()> {
        let end = word.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.')).unwrap_or(word.len());
        let (clock, rest) = word.split_at(end);
        match rest {
            "" => {}
            "am" => self.afternoon = Some(false),
            "pm" => self.afternoon = Some(true),
            rest => self.zone = Some(zone(rest)?),
        }
        let mut fields =
            clock.split(':').map(|field| field.split('.').next().unwrap_or_default().parse::<i64>().ok());
        let (hours, minutes) = (fields.next()??, fields.next()??);
        let seconds = fields.next().unwrap_or(Some(0))?;
        // A day may end at 24:00, and a minute with a leap second.
        let fits = (0..=24).contains(&hours) && (0..60).contains(&minutes) && (0..=60).contains(&seconds);
        self.seconds = fits.then_some(hours * 3600 + minutes * 60 + seconds);
        self.seconds.map(drop)
    }

    /// A day, then a year.
    fn number(&mut self, digits: &str) -> Option<()> {
        let number: i32 = digits.parse().ok()?;
        match digits.len() {
            4 => self.year = Some(number),
            1 | 2 if self.day.is_none() => self.day = u32::try_from(number).ok(),
            // 2000 to 2068, else the century before, by the custom of POSIX.
            2 if self.year.is_none() => self.year = Some(number + if number < 69 { 2000 } else { 1900 }),
            _ => return None,
        }
        Some(())
    }

    fn instant(self) -> Option<DateTime<Utc>> {
        let date = NaiveDate::from_ymd_opt(self.year?, self.month?, self.day?)?;
        let Some(seconds) = self.seconds else {
            return NEW_YORK
                .from_local_datetime(&date.and_hms_opt(12, 0, 0)?)
                .earliest()
                .map(|noon| noon.to_utc());
        };
        let hours = seconds / 3600;
        let seconds = match self.afternoon {
            Some(true) if hours < 12 => seconds + 12 * 3600,
            Some(false) if hours == 12 => seconds - 12 * 3600,
            _ => seconds,
        };
        let whole_days = u64::try_from(seconds / 86_400).ok()?;
        let midnight = date.checked_add_days(Days::new(whole_days))?.and_hms_opt(0, 0, 0)?.and_utc();
        midnight
            .checked_add_signed(Duration::seconds(seconds % 86_400))?
            .checked_sub_signed(Duration::minutes(self.zone.unwrap_or(0)))
    }
}

fn is_iso(text: &str) -> bool {
    text.get(..10).is_some_and(|date| iso_date(date).is_some())
}

/// `2026-09-15`
fn iso_date(text: &str) -> Option<(i32, u32, u32)> {
    let mut fields = text.split('-');
    let (year, month, day) = (fields.next()?, fields.next()?, fields.next()?);
    let is_date = year.len() == 4 && fields.next().is_none();
    is_date.then_some((year.parse().ok()?, month.parse().ok()?, day.parse().ok()?))
}

fn month(word: &str) -> Option<u32> {
    MONTHS.iter().find(|(begin, _)| word.starts_with(begin)).map(|(_, month)| *month)
}

/// `est`, `+0200`, `-05:00`, `gmt-5`, `utc+0200`; minutes east of universal time.
fn zone(word: &str) -> Option<i64> {
    if let Some((_, minutes)) = ZONES.iter().find(|(name, _)| *name == word) {
        return Some(*minutes);
    }
    let offset = ["utc", "gmt"].iter().find_map(|name| word.strip_prefix(name)).unwrap_or(word);
    let sign = match offset.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let digits = offset[1..].replace(':', "");
    if digits.is_empty() || digits.len() > 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i64 = digits.parse().ok()?;
    let (hours, minutes) = if digits.len() <= 2 { (number, 0) } else { (number / 100, number % 100) };
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Sun, 15 Dec 2024 12:15 PM", "2024-12-15T12:15:00Z")]
    #[case("Sun, 15 Dec 2024 12:15am EST", "2024-12-15T05:15:00Z")]
    #[case("Thu, 02 Sep 2021 20:0:0 Z", "2021-09-02T20:00:00Z")]
    #[case("Tue, Jan 23 2018 02:54:55 MST", "2018-01-23T09:54:55Z")]
    #[case("2026-09-15 14:00:00", "2026-09-15T14:00:00Z")]
    #[case("2026-09-15T14:00:00.250-04:00", "2026-09-15T18:00:00.250Z")]
    #[case("2026-09-15T14:00:00-0400", "2026-09-15T18:00:00Z")]
    #[case("2026-09-15T14:00Z", "2026-09-15T14:00:00Z")]
    #[case("2026-09-15", "2026-09-15T16:00:00Z")]
    #[case("1757944800", "2025-09-15T14:00:00Z")]
    #[case("1757944800000", "2025-09-15T14:00:00Z")]
    #[case("Sep 15, 2026 10:00 AM EST", "2026-09-15T15:00:00Z")]
    #[case("Tuesday, 15 September 2026 10:00:00 EDT", "2026-09-15T14:00:00Z")]
    #[case("Tue, 15 Sep 26 10:00:00 GMT", "2026-09-15T10:00:00Z")]
    #[case("Tue, 15 Sept 2026 10:00:00 GMT", "2026-09-15T10:00:00Z")]
    #[case::another_weekday("Mon, 15 Sep 2026 10:00:00 GMT", "2026-09-15T10:00:00Z")]
    #[case("15 Sep 2026 10:00 GMT", "2026-09-15T10:00:00Z")]
    #[case("Tue, 15 Sep 2026 10:00:00 UTC+0200", "2026-09-15T08:00:00Z")]
    #[case("Tue, 15 Sep 2026 10:00:00 GMT-5", "2026-09-15T15:00:00Z")]
    #[case::spanish("mar, 15 sep 2026 10:00:00 GMT", "2026-09-15T10:00:00Z")]
    #[case::the_days_end("Tue, 15 Sep 2026 24:00:00 GMT", "2026-09-16T00:00:00Z")]
    #[case::a_leap_second("Tue, 15 Sep 2026 10:59:60 GMT", "2026-09-15T11:00:00Z")]
    fn dates_are_read_as_they_are_meant(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(parse(text), Some(expected.parse().unwrap()));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "soon",
            "10:00",
            "Tue, 31 Feb 2026 10:00:00 GMT",
            "15 Sep",
            "2026",
            "0000-00-00",
            "25:00 15 Sep 2026",
            "1 2 3 4",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,60}", like in "[A-Za-z]{0,4},? ?[0-9]{1,4} [A-Zé]{0,4} [0-9]{2,4} [0-9:]{1,8} [+A-Z0-9-]{0,6}") {
            let _ = (parse(&text), parse(&like));
        }
    }
}
