//! Numbers, instants and directions as the service writes them.

use chrono::{DateTime, SecondsFormat, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use serde_json::{Map, Value, json};

/// A decimal as a string with at least one digit behind the point: `"3.0"`, `"1.02"`.
pub(super) fn number(number: Decimal) -> String {
    let text = number.normalize().to_string();
    if text.contains('.') { text } else { format!("{text}.0") }
}

/// A float as such a string, rounded; none where it is no number.
pub(super) fn float(value: f64, digits: u32) -> Option<String> {
    Decimal::from_f64(value).map(|value| number(value.round_dp(digits)))
}

/// A quantity: a JSON number where it is whole, else a string.
pub(super) fn quantity(quantity: Decimal) -> Value {
    match quantity.to_i64().filter(|_| quantity.fract().is_zero()) {
        Some(whole) => json!(whole),
        None => json!(number(quantity)),
    }
}

/// `2026-06-12T19:33:24.172+00:00`, as orders and instruments have it.
pub(super) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, false)
}

/// `2026-08-24T17:58:51.032Z`, as market data and transactions have it.
pub(super) fn zulu(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// An amount without its sign, and the direction beside it.
pub(super) fn put_amount(object: &mut Map<String, Value>, name: &str, amount: Decimal) {
    object.insert(name.to_owned(), json!(number(amount.abs())));
    object.insert(format!("{name}-effect"), json!(effect(amount)));
}

/// The direction of an amount: positive is into the account.
pub(super) fn effect(amount: Decimal) -> &'static str {
    if amount.is_zero() {
        "None"
    } else if amount.is_sign_negative() {
        "Debit"
    } else {
        "Credit"
    }
}

/// Puts a field where there is a value: the service leaves absent ones out.
pub(super) fn put(object: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object.insert(name.to_owned(), value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_strings_with_a_point() {
        for (text, wanted) in
            [("3", "3.0"), ("1.020", "1.02"), ("100000", "100000.0"), ("0.000166", "0.000166")]
        {
            assert_eq!(number(text.parse().unwrap()), wanted);
        }
        assert_eq!(quantity(Decimal::TEN), json!(10));
        assert_eq!(quantity(Decimal::new(15, 1)), json!("1.5"));
        assert_eq!(float(f64::NAN, 2), None);
    }

    #[test]
    fn instants_have_milliseconds_and_an_offset() {
        let at: DateTime<Utc> = "2026-06-12T19:33:24.172Z".parse().unwrap();
        assert_eq!(instant(at), "2026-06-12T19:33:24.172+00:00");
        assert_eq!(zulu(at), "2026-06-12T19:33:24.172Z");
    }
}
