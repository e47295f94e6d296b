//! Numbers and times as a report prints them, each with its unit.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::{Decimal, RoundingStrategy};
use ttai_core::NEW_YORK;

use super::document::{ReportCell, ReportFact, ValueTone};
pub(crate) use crate::narrator::counted;
use crate::narrator::thousands;

/// Rounded for people; half a cent away from zero.
fn rounded(amount: Decimal, places: u32) -> Decimal {
    amount.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}

/// The digits with thousands separated, without a sign.
fn grouped(amount: Decimal, places: u32) -> String {
    let text = format!("{:.*}", places as usize, rounded(amount, places).abs());
    match text.split_once('.') {
        Some((whole, cents)) => format!("{}.{cents}", thousands(whole)),
        None => thousands(&text),
    }
}

/// `$12,345.67`, `-$5.00`.
pub(crate) fn dollars(amount: Decimal) -> String {
    let sign = if rounded(amount, 2) < Decimal::ZERO { "-" } else { "" };
    format!("{sign}${}", grouped(amount, 2))
}

/// `+$12.00`, `-$5.00`, `$0.00`.
pub(crate) fn signed_dollars(amount: Decimal) -> String {
    let sign = if rounded(amount, 2) > Decimal::ZERO { "+" } else { "" };
    format!("{sign}{}", dollars(amount))
}

/// `+0.12 %`, `0.00 %`.
pub(crate) fn signed_percent(percent: f64, digits: usize) -> String {
    let text = format!("{percent:+.digits$}");
    let is_zero = text.chars().all(|c| "+-0.".contains(c));
    format!("{} %", if is_zero { text.trim_start_matches(['+', '-']) } else { &text })
}

/// `12.3 %`.
pub(crate) fn percent(percent: f64, digits: usize) -> String {
    format!("{percent:.digits$} %")
}

/// Green where it won, red where it lost.
pub(crate) fn tone(amount: Decimal) -> ValueTone {
    match rounded(amount, 2) {
        amount if amount > Decimal::ZERO => ValueTone::Good,
        amount if amount < Decimal::ZERO => ValueTone::Bad,
        _ => ValueTone::Plain,
    }
}

/// A profit or a loss.
pub(crate) fn pnl(amount: Option<Decimal>) -> ReportCell {
    amount.map_or_else(ReportCell::unknown, |amount| ReportCell::toned(signed_dollars(amount), tone(amount)))
}

/// A profit or a loss with its name.
pub(crate) fn pnl_fact(name: &str, amount: Decimal) -> ReportFact {
    ReportFact::new(name, signed_dollars(amount)).toned(tone(amount))
}

/// A price a share, with as many digits as it has, two at least and four at most.
pub(crate) fn price(price: Decimal) -> String {
    let places = rounded(price, 4).normalize().scale().clamp(2, 4);
    format!("{:.*}", places as usize, rounded(price, places))
}

/// A count or a quantity without needless zeros.
pub(crate) fn quantity(quantity: Decimal) -> String {
    quantity.normalize().to_string()
}

/// `2026-11-27 13:00 ET`.
pub(crate) fn moment(at: DateTime<Utc>) -> String {
    at.with_timezone(&NEW_YORK).format("%Y-%m-%d %H:%M ET").to_string()
}

/// `Fri 13:00`, in New York.
pub(crate) fn clock(at: DateTime<Utc>) -> String {
    at.with_timezone(&NEW_YORK).format("%a %H:%M").to_string()
}

/// `Fri Nov 27`.
pub(crate) fn short_day(day: NaiveDate) -> String {
    day.format("%a %b %-d").to_string()
}

/// `Fri Nov 27, 2026`.
pub(crate) fn long_day(day: NaiveDate) -> String {
    day.format("%a %b %-d, %Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn amounts_have_signs_thousands_and_cents() {
        assert_eq!(dollars(decimal("1234567.891")), "$1,234,567.89");
        assert_eq!(dollars(decimal("-999.995")), "-$1,000.00");
        assert_eq!(signed_dollars(decimal("0.004")), "$0.00");
        assert_eq!(signed_dollars(decimal("-0.004")), "$0.00");
        assert_eq!(signed_dollars(decimal("12")), "+$12.00");
        assert_eq!((signed_percent(-0.004, 2), signed_percent(0.125, 1)), ("0.00 %".into(), "+0.1 %".into()));
        assert_eq!((price(decimal("1.5")), price(decimal("0.0125"))), ("1.50".into(), "0.0125".into()));
        assert_eq!(quantity(decimal("-2.00")), "-2");
    }

    #[test]
    fn a_rounded_zero_has_no_colour() {
        assert_eq!(tone(decimal("0.001")), ValueTone::Plain);
        assert_eq!((tone(decimal("1")), tone(decimal("-1"))), (ValueTone::Good, ValueTone::Bad));
    }
}
