//! Small texts that several modules need.

use std::fmt::Write;

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
    fn dollars_are_grouped_and_whole_where_they_can_be() {
        for (amount, text) in
            [("0", "$0"), ("999.50", "$999.50"), ("13710.004", "$13,710"), ("-1234567.05", "-$1,234,567.05")]
        {
            assert_eq!(dollars(amount.parse().unwrap()), text);
        }
    }
}
