//! Small texts that several modules need.

use std::fmt::Write;

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;
use ttai_core::Instrument;

/// An instrument as a trader says it: `AAPL`, `AAPL 2014-06-21 630 put`.
#[must_use]
pub fn named(instrument: &Instrument) -> String {
    instrument.contract().map_or_else(
        || instrument.to_string(),
        |contract| {
            let (root, strike) = (&contract.root, contract.strike.normalize());
            format!("{root} {} {strike} {}", contract.expiration, contract.right)
        },
    )
}

/// A day as a trader says it: `Jun 20`, with its year where that is not today's.
pub(crate) fn day(date: NaiveDate, today: NaiveDate) -> String {
    date.format(if date.year() == today.year() { "%b %-d" } else { "%b %-d %Y" }).to_string()
}

/// A price exactly, with cents at least: `5.10`, `5.085`. Rounded, a price that misses its limit could look as if it met it.
pub(crate) fn price(amount: Decimal) -> String {
    let amount = amount.normalize();
    if amount.scale() < 2 { format!("{amount:.2}") } else { amount.to_string() }
}

/// `1 put`, `2 puts`.
pub(crate) fn count(number: impl Into<i64>, what: &str) -> String {
    let number = number.into();
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // A String never refuses.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// `$1,234,567`, with cents where there are some.
pub(crate) fn dollars(amount: Decimal) -> String {
    let rounded = amount.round_dp(2);
    let whole = rounded.trunc().abs().normalize().to_string();
    let grouped =
        whole.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect::<Vec<_>>().join(",");
    let sign = if rounded.is_sign_negative() { "-" } else { "" };
    let cents = (rounded.fract().abs() * Decimal::ONE_HUNDRED).normalize();
    if cents.is_zero() { format!("{sign}${grouped}") } else { format!("{sign}${grouped}.{cents:0>2}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_exact_and_days_have_their_year_where_it_is_another() {
        for (amount, text) in
            [("5.1", "5.10"), ("5.0850", "5.085"), ("630", "630.00"), ("0.999", "0.999"), ("0", "0.00")]
        {
            assert_eq!(price(amount.parse().unwrap()), text);
        }
        let date = |text: &str| text.parse().unwrap();
        assert_eq!(day(date("2014-06-20"), date("2014-06-06")), "Jun 20");
        assert_eq!(day(date("2015-01-02"), date("2014-12-30")), "Jan 2 2015");
        assert_eq!((count(1, "put"), count(0, "put")), ("1 put".to_owned(), "0 puts".to_owned()));
    }

    #[test]
    fn dollars_are_grouped_and_whole_where_they_can_be() {
        for (amount, text) in
            [("0", "$0"), ("999.50", "$999.50"), ("13710.004", "$13,710"), ("-1234567.05", "-$1,234,567.05")]
        {
            assert_eq!(dollars(amount.parse().unwrap()), text);
        }
    }
}
