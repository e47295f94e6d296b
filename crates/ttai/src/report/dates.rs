//! Dates as people say them: `2014-06-20` is Jun 20 to a reader in that year, and Jun 20 2014 to any other.

use chrono::{Datelike, NaiveDate};

/// Length of `2014-06-20`.
const LENGTH: usize = 10;

/// The text with its dates in words; the year stands where it is not `year`.
pub(super) fn spoken(text: &str, year: Option<i32>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(place);
        out.push_str(before);
        let run = from.find(|c: char| !(c.is_ascii_digit() || c == '-')).unwrap_or(from.len());
        let (token, after) = from.split_at(run);
        let starts = !before.ends_with(|c: char| c.is_alphanumeric() || c == '-' || c == '.');
        let ends = !after.starts_with(|c: char| c.is_alphanumeric());
        let date = Some(token).filter(|token| token.len() == LENGTH && starts && ends);
        match date.and_then(|token| NaiveDate::parse_from_str(token, "%Y-%m-%d").ok()) {
            Some(date) => out.push_str(&day(date, year)),
            None => out.push_str(token),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// `Jun 20`, with the year where it is not `year`.
pub(super) fn day(date: NaiveDate, year: Option<i32>) -> String {
    let form = if Some(date.year()) == year { "%b %-d" } else { "%b %-d %Y" };
    date.format(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_spoken_and_nothing_else_is() {
        let spoken = |text| spoken(text, Some(2014));
        assert_eq!(
            spoken("sell the 2014-06-21 630 put (by 2015-01-02)."),
            "sell the Jun 21 630 put (by Jan 2 2015)."
        );
        for same in [
            "analysis-AAPL-2014-06-20",
            "2014-06-20T19:00:00Z",
            "2014-13-40",
            "5.05 2014-06",
            "seed 7",
            "é 1",
        ] {
            assert_eq!(spoken(same), same);
        }
    }
}
