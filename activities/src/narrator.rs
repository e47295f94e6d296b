//! Text whose every number is on record: a number enters a sentence only through the narrator, which keeps it as evidence.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use ttai_contract::Evidence;
use ttai_core::NEW_YORK;

/// Collects the numbers of one text.
#[derive(Debug, Default)]
pub(crate) struct Narrator {
    evidence: Vec<Evidence>,
}

impl Narrator {
    /// A price: two digits; under a dollar up to four, as many as it has.
    pub(crate) fn price(&mut self, name: &str, value: f64, source: &str) -> String {
        let most = if value.abs() < 1.0 { 4 } else { 2 };
        self.number(name, value, fewest_digits(value, 2, most), source)
    }

    /// A price held as a decimal.
    pub(crate) fn decimal(&mut self, name: &str, value: Decimal, source: &str) -> String {
        self.price(name, value.to_f64().unwrap_or(f64::NAN), source)
    }

    /// A number with `digits` digits after the point.
    pub(crate) fn number(&mut self, name: &str, value: f64, digits: usize, source: &str) -> String {
        self.record(name, value, rounded(value, digits), source)
    }

    /// A number beside the limit that it is compared with: with as many digits more as it takes to tell the two apart.
    pub(crate) fn beside(
        &mut self,
        name: &str,
        value: f64,
        limit: f64,
        digits: usize,
        source: &str,
    ) -> String {
        let differs = |digits: &usize| rounded(value, *digits) != rounded(limit, *digits);
        let digits = (digits..=digits + 4).find(differs).unwrap_or(digits);
        self.number(name, value, digits, source)
    }

    /// A fraction as a percentage: 0.224 is `22.4 %`.
    pub(crate) fn percent(&mut self, name: &str, fraction: f64, digits: usize, source: &str) -> String {
        let value = fraction * 100.0;
        format!("{} %", self.record(name, value, rounded(value, digits), source))
    }

    /// Whole dollars with thousands separated.
    pub(crate) fn dollars(&mut self, name: &str, value: f64, source: &str) -> String {
        let text = grouped(value);
        format!("${}", self.record(name, value, text, source))
    }

    /// A count.
    pub(crate) fn count(&mut self, name: &str, value: impl Into<i64>, source: &str) -> String {
        let value = value.into();
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
        self.record(name, value as f64, value.to_string(), source)
    }

    /// A moment in New York, `2014-06-06 15:00 ET`; its value is in Unix seconds.
    pub(crate) fn moment(&mut self, name: &str, at: DateTime<Utc>, source: &str) -> String {
        let local = at.with_timezone(&NEW_YORK);
        #[expect(clippy::cast_precision_loss, reason = "seconds of this age are far below 2^53")]
        let seconds = at.timestamp() as f64;
        let clock = self.record(name, seconds, local.format("%H:%M").to_string(), source);
        format!("{} {clock} ET", Self::date(local.date_naive()))
    }

    /// A date; it needs no evidence beyond itself.
    pub(crate) fn date(date: NaiveDate) -> String {
        date.format("%Y-%m-%d").to_string()
    }

    /// The record.
    pub(crate) fn into_evidence(self) -> Vec<Evidence> {
        self.evidence
    }

    fn record(&mut self, name: &str, value: f64, text: String, source: &str) -> String {
        let known = self.evidence.iter().any(|entry| entry.name == name && entry.text == text);
        if !known {
            let (name, source) = (name.to_owned(), source.to_owned());
            self.evidence.push(Evidence { name, value: ten_digits(value), text: text.clone(), source });
        }
        text
    }
}

/// A number with its first ten digits: the rest is noise of binary fractions that every history would carry several times.
pub(crate) fn ten_digits(value: f64) -> f64 {
    format!("{value:.9e}").parse().unwrap_or(value)
}

/// Digits after the point that print the value as it is, from `least` to `most`.
pub(crate) fn fewest_digits(value: f64, least: usize, most: usize) -> usize {
    let fits = |digits: &usize| {
        let text = format!("{value:.digits$}");
        text.parse::<f64>().is_ok_and(|printed| (printed - value).abs() < 1e-9)
    };
    (least..most).find(fits).unwrap_or(most)
}

/// A zero has no sign.
fn rounded(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    match text.strip_prefix('-') {
        Some(zero) if zero.chars().all(|c| c == '0' || c == '.') => zero.to_owned(),
        _ => text,
    }
}

/// `1234567.8` as `1,234,568`.
pub(crate) fn grouped(value: f64) -> String {
    let text = thousands(&format!("{:.0}", value.abs()));
    if value < 0.0 { format!("-{text}") } else { text }
}

/// Digits with their thousands separated.
pub(crate) fn thousands(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 alert`, `3 alerts`.
pub(crate) fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// The numbers of `text` that no evidence carries; dates and the words in `allowed` are left out.
#[cfg(test)]
pub(crate) fn ungrounded(text: &str, evidence: &[Evidence], allowed: &[&str]) -> Vec<String> {
    let mut text = text.to_owned();
    for phrase in allowed {
        text = text.replace(phrase, " ");
    }
    let is_part = |c: char| c.is_ascii_digit() || ".,:-".contains(c);
    text.split(|c: char| !(is_part(c) || c.is_ascii_alphabetic()))
        .map(|token| {
            token
                .trim_matches(|c: char| !c.is_ascii_digit() && c != '-')
                .trim_end_matches(['.', ',', '-', ':'])
        })
        .filter(|token| token.chars().next().is_some_and(|c| c.is_ascii_digit() || c == '-'))
        .filter(|token| token.chars().any(|c| c.is_ascii_digit()))
        .filter(|token| NaiveDate::parse_from_str(token, "%Y-%m-%d").is_err())
        .filter(|token| {
            let bare = token.trim_start_matches('-');
            !evidence.iter().any(|entry| entry.text == **token || entry.text.trim_start_matches('-') == bare)
        })
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_printed_and_kept() {
        let mut narrator = Narrator::default();
        let text = format!(
            "Sell the {} put for {}; {} binds, on 2014-06-20.",
            narrator.price("strike", 630.0, "option chain"),
            narrator.price("bid", 0.0512, "option chain"),
            narrator.dollars("collateral", 63_000.0, "computed")
        );
        assert_eq!(text, "Sell the 630.00 put for 0.0512; $63,000 binds, on 2014-06-20.");
        let evidence = narrator.into_evidence();
        assert!(ungrounded(&text, &evidence, &[]).is_empty());
        assert_eq!(ungrounded("and 42 more", &evidence, &[]), ["42"]);
    }

    #[test]
    fn numbers_are_rounded_but_never_onto_their_limit() {
        let mut narrator = Narrator::default();
        let mut beside = |value, limit| narrator.beside("x", value, limit, 2, "chain");
        assert_eq!(beside(0.4008, 0.5), "0.40");
        assert_eq!(beside(0.4996, 0.5), "0.4996");
        assert_eq!(beside(0.3049, 0.30), "0.305");
        assert_eq!(beside(0.30, 0.30), "0.30");
        assert_eq!(narrator.number("zero", -0.04, 1, "chain"), "0.0");
        let prices = [0.76, 0.0512, 0.0, 5.125].map(|price| narrator.price("price", price, "chain"));
        assert_eq!(prices, ["0.76", "0.0512", "0.00", "5.12"]);
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(grouped(1_234_567.8), "1,234,568");
        assert_eq!(grouped(-999.0), "-999");
        assert_eq!(grouped(0.0), "0");
    }
}
