//! Numbers that are strings in Alpaca's specification and numbers in some of its answers.

use std::fmt;

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

/// A decimal from a JSON string or number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LooseNumber(pub Decimal);

/// A decimal from digits, with or without an exponent.
fn parse(text: &str) -> Option<Decimal> {
    let text = text.trim();
    text.parse().ok().or_else(|| Decimal::from_scientific(text).ok())
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = LooseNumber;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, or a string with one")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<LooseNumber, E> {
        let shown: String = text.chars().take(40).collect();
        parse(text).map(LooseNumber).ok_or_else(|| E::custom(format!("'{shown}' is no number")))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<LooseNumber, E> {
        Ok(LooseNumber(number.into()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<LooseNumber, E> {
        Ok(LooseNumber(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<LooseNumber, E> {
        // The shortest text of the float is what was sent: 187.1, not 187.099999….
        let exact = parse(&number.to_string()).or_else(|| Decimal::from_f64(number));
        exact.map(LooseNumber).ok_or_else(|| E::custom(format!("{number} is out of range")))
    }
}

impl<'de> Deserialize<'de> for LooseNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

/// `None` also for the empty string, which some absent fields are.
pub(super) fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Field {
        Number(LooseNumber),
        Text(String),
        Nothing(()),
    }
    match Field::deserialize(deserializer)? {
        Field::Number(number) => Ok(Some(number.0)),
        Field::Nothing(()) => Ok(None),
        Field::Text(text) if text.is_empty() => Ok(None),
        Field::Text(text) => {
            let shown: String = text.chars().take(40).collect();
            Err(D::Error::custom(format!("'{shown}' is no number")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Row {
        #[serde(default, deserialize_with = "optional")]
        price: Option<Decimal>,
    }

    #[test]
    fn strings_and_numbers_are_the_same() {
        for (text, wanted) in [
            (r#"{"price":"187.10"}"#, Some("187.10")),
            (r#"{"price":187.1}"#, Some("187.1")),
            (r#"{"price":3}"#, Some("3")),
            (r#"{"price":1.5e-7}"#, Some("0.00000015")),
            (r#"{"price":""}"#, None),
            (r#"{"price":null}"#, None),
            ("{}", None),
        ] {
            let row: Row = serde_json::from_str(text).unwrap();
            assert_eq!(row.price, wanted.map(|wanted| wanted.parse().unwrap()), "{text}");
        }
        for bad in [r#"{"price":"x"}"#, r#"{"price":1e300}"#, r#"{"price":[]}"#] {
            assert!(serde_json::from_str::<Row>(bad).is_err(), "{bad}");
        }
    }
}
