//! Prices, volumes, percentages and times as a trader writes them.

use chrono::{DateTime, NaiveDate, Utc};
use ttai_core::NEW_YORK;

/// A price in dollars: two decimals from 1 dollar up, up to four below, thousands separated; scientific where neither fits.
pub(crate) fn price(value: f64) -> String {
    if value.abs() >= 1.0 {
        return fixed(value, 2);
    }
    let text = fixed(value, 4);
    let keep = text.trim_end_matches('0').len().max(text.find('.').map_or(text.len(), |dot| dot + 3));
    text.get(..keep).unwrap_or(&text).to_owned()
}

/// A number with `decimals` decimals and thousands separators; scientific from 10⁹ up and for what would read 0.
pub(crate) fn fixed(value: f64, decimals: usize) -> String {
    let size = value.abs();
    if size >= 1e9 || (size > 0.0 && size < 0.5 * 0.1_f64.powi(i32::try_from(decimals).unwrap_or(i32::MAX))) {
        return format!("{value:.2e}");
    }
    let text = format!("{size:.decimals$}");
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), None), |(w, f)| (w, Some(f)));
    let mut out = String::from(if value < 0.0 { "−" } else { "" });
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// Shares as 950, 9.5K, 87.5M or 1.2B.
pub(crate) fn volume(shares: f64) -> String {
    let (scaled, unit) = match shares {
        v if v >= 999_950_000.0 => (v / 1e9, "B"),
        v if v >= 999_950.0 => (v / 1e6, "M"),
        v if v >= 1_000.0 => (v / 1e3, "K"),
        v => (v, ""),
    };
    if scaled >= 1e6 {
        return format!("{shares:.1e}");
    }
    let text = format!("{scaled:.1}");
    format!("{}{unit}", text.strip_suffix(".0").unwrap_or(&text))
}

/// A change in percent with its sign: +1.2%, −0.3%.
pub(crate) fn change(percent: f64) -> String {
    let sign = if percent < 0.0 { "−" } else { "+" };
    let size = percent.abs();
    if size >= 100_000.0 {
        format!("{sign}{size:.1e}%")
    } else if size >= 100.0 {
        format!("{sign}{size:.0}%")
    } else {
        format!("{sign}{size:.1}%")
    }
}

/// New York time: `Fri Jun 6 2014, 15:00 ET`.
pub(crate) fn eastern(time: DateTime<Utc>) -> String {
    time.with_timezone(&NEW_YORK).format("%a %b %-d %Y, %H:%M ET").to_string()
}

/// `Jun 6`, with the year where it is not `year`.
pub(crate) fn day(date: NaiveDate, year: i32) -> String {
    use chrono::Datelike;
    let pattern = if date.year() == year { "%b %-d" } else { "%b %-d %Y" };
    date.format(pattern).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_read_as_a_trader_writes_them() {
        let cases =
            [(645.57, "645.57"), (1234.5, "1,234.50"), (0.5, "0.50"), (0.1234, "0.1234"), (0.125, "0.125")];
        for (value, text) in cases {
            assert_eq!(price(value), text);
        }
        assert_eq!(price(0.0), "0.00");
        assert_eq!(price(-3.0), "−3.00");
        assert_eq!(price(1_234_567.891), "1,234,567.89");
        assert_eq!(price(2.5e12), "2.50e12");
        assert_eq!(price(1e-7), "1.00e-7");
    }

    #[test]
    fn volumes_and_changes_keep_three_or_four_figures() {
        let cases =
            [(950.0, "950"), (9_500.0, "9.5K"), (87_484_600.0, "87.5M"), (1.2e9, "1.2B"), (999_960.0, "1M")];
        for (value, text) in cases {
            assert_eq!(volume(value), text);
        }
        assert_eq!(change(-0.26), "−0.3%");
        assert_eq!(change(12.34), "+12.3%");
        assert_eq!(change(250.4), "+250%");
    }

    #[test]
    fn times_are_new_york_in_summer_and_winter() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        assert_eq!(eastern(at("2014-06-06T19:00:00Z")), "Fri Jun 6 2014, 15:00 ET");
        assert_eq!(eastern(at("2014-01-06T20:05:00Z")), "Mon Jan 6 2014, 15:05 ET");
    }
}
