//! Dates and numbers of OFX.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use rust_decimal::Decimal;

/// A number: a point or a comma before the decimals, no thousands.
pub(crate) fn decimal(text: &str) -> Option<Decimal> {
    let text = text.replace(',', ".");
    text.strip_prefix('+').unwrap_or(&text).parse::<Decimal>().ok().map(|number| number.normalize())
}

/// `20261102`, `20261102093000`, `20261102093000.000[-5:EST]`: Greenwich's time where it names no zone; a day alone is its midnight.
pub(crate) fn moment(text: &str) -> Option<DateTime<Utc>> {
    let (clock, zone) = match text.split_once('[') {
        Some((clock, zone)) => (clock, Some(zone.trim_end_matches(']'))),
        None => (text, None),
    };
    let clock = clock.split('.').next().unwrap_or_default().trim();
    if !clock.is_ascii() || !clock.bytes().all(|letter| letter.is_ascii_digit()) {
        return None;
    }
    let number = |from: usize, to: usize| clock.get(from..to).and_then(|digits| digits.parse::<u32>().ok());
    let year = i32::try_from(number(0, 4)?).ok().filter(|year| (1900..=2199).contains(year))?;
    let day = NaiveDate::from_ymd_opt(year, number(4, 6)?, number(6, 8)?)?;
    let time = match clock.len() {
        8 => return Some(day.and_time(NaiveTime::MIN).and_utc()),
        12 => NaiveTime::from_hms_opt(number(8, 10)?, number(10, 12)?, 0)?,
        14 => NaiveTime::from_hms_opt(number(8, 10)?, number(10, 12)?, number(12, 14)?)?,
        _ => return None,
    };
    let offset = zone.map_or(Some(TimeDelta::zero()), offset)?;
    day.and_time(time).and_utc().checked_sub_signed(offset)
}

/// The offset of `-5:EST`, `5.30:IST` or `+1`, in hours: digits behind the point are minutes where they are two, else tenths.
fn offset(zone: &str) -> Option<TimeDelta> {
    let hours = zone.split(':').next().unwrap_or_default().trim();
    let hours = decimal(hours).filter(|hours| hours.abs() <= Decimal::from(14))?;
    let (whole, part) = (hours.trunc(), hours.fract());
    let minutes = if hours.scale() == 2 || part.abs() == Decimal::new(3, 1) {
        part * Decimal::ONE_HUNDRED
    } else {
        part * Decimal::from(60)
    };
    let minutes = whole * Decimal::from(60) + minutes;
    i64::try_from(minutes.trunc()).ok().map(TimeDelta::minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_zones_or_are_greenwichs() {
        for (text, expected) in [
            ("20261102", "2026-11-02T00:00:00Z"),
            ("20261102093000", "2026-11-02T09:30:00Z"),
            ("20261102093000.123[-5:EST]", "2026-11-02T14:30:00Z"),
            ("20261102093000[-5]", "2026-11-02T14:30:00Z"),
            ("20261102093000[5.30:IST]", "2026-11-02T04:00:00Z"),
            ("20261102093000[+1:CET]", "2026-11-02T08:30:00Z"),
            ("202611020930", "2026-11-02T09:30:00Z"),
        ] {
            assert_eq!(moment(text), Some(expected.parse().unwrap()), "{text}");
        }
        for bad in [
            "",
            "2026",
            "20261302",
            "20261102250000",
            "00010101",
            "2026-11-02",
            "20261102093000[99:X]",
            "２０２６１１０２",
        ] {
            assert_eq!(moment(bad), None, "{bad}");
        }
    }

    #[test]
    fn numbers_have_points_or_commas() {
        for (text, expected) in [("-12.50", "-12.5"), ("+1", "1"), ("3,25", "3.25"), (".5", "0.5")] {
            assert_eq!(decimal(text), Some(expected.parse().unwrap()), "{text}");
        }
        for bad in ["", "1,234.50", "1e5x", "NaN", "$5", "--1"] {
            assert_eq!(decimal(bad), None, "{bad}");
        }
    }
}
