//! Values as people and files write them: numbers as text, dates with or without a time, empty text for nothing.

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error, Visitor};
use serde_json::Value;
use ttai_core::NEW_YORK;

/// Largest amount that is taken for money or a quantity: keeps decimal sums and products far from overflow.
const MAX_AMOUNT: i64 = 1_000_000_000_000;
/// Characters of a bad value that a message repeats.
const SHOWN: usize = 40;

/// A finite number, as a JSON number or as text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number(pub f64);

/// An exact decimal amount of at most ±1e12, as a JSON number or as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money(pub Decimal);

/// A whole number, as a JSON number (`14` or `14.0`) or as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole(pub i64);

/// A date such as `2014-06-06`; a time after it is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day(pub NaiveDate);

/// A moment: with an offset as it stands (`2014-06-06T19:00:00Z`), without one as New York's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub DateTime<Utc>);

fn shown(text: &str) -> String {
    if text.chars().count() > SHOWN {
        format!("{}…", text.chars().take(SHOWN).collect::<String>())
    } else {
        text.to_owned()
    }
}

/// Reads a finite number.
#[must_use]
pub fn parse_number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// Reads an amount of at most ±1e12.
#[must_use]
pub fn parse_money(text: &str) -> Option<Decimal> {
    let text = text.trim();
    let exact = text.parse().or_else(|_| Decimal::from_scientific(text)).ok();
    let amount = exact.or_else(|| decimal(parse_number(text)?))?;
    (amount.abs() <= Decimal::from(MAX_AMOUNT)).then(|| amount.normalize())
}

/// The decimal that a number prints as, where it is an amount; numbers too small to matter are nothing.
fn decimal(number: f64) -> Option<Decimal> {
    if !number.is_finite() || number.abs() > 1e12 {
        return None;
    }
    if number.abs() < 1e-18 { Some(Decimal::ZERO) } else { number.to_string().parse().ok() }
}

/// Reads a date in the form 2014-06-06 or 20140606, ignoring a time after it.
#[must_use]
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    let day = text.split(['T', ' ']).next().unwrap_or(text);
    let plausible = day.len() == 10 || day.len() == 8;
    let form = if day.len() == 8 { "%Y%m%d" } else { "%Y-%m-%d" };
    NaiveDate::parse_from_str(day, form).ok().filter(|_| plausible && day.is_ascii())
}

/// Reads a moment: with an offset as it stands, without one as New York's clock (the first of two where it occurs twice).
#[must_use]
pub fn parse_moment(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment.with_timezone(&Utc));
    }
    ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"].iter().find_map(|form| {
        let local = NaiveDateTime::parse_from_str(text, form).ok()?;
        Some(local.and_local_timezone(NEW_YORK).earliest()?.with_timezone(&Utc))
    })
}

/// A JSON number or a text, before it is read.
struct Scalar<'a>(Cow<'a, str>, Option<f64>);

struct ScalarVisitor(&'static str);

impl Visitor<'_> for ScalarVisitor {
    type Value = Scalar<'static>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Scalar(Cow::Owned(value.to_string()), Some(value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Scalar(Cow::Owned(value.to_string()), None))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Scalar(Cow::Owned(value.to_string()), None))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Scalar(Cow::Owned(value.to_owned()), None))
    }
}

/// Reads a scalar through `parse`; `expected` completes "expected …".
fn read<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    expected: &'static str,
    parse: impl Fn(&str, Option<f64>) -> Option<T>,
) -> Result<T, D::Error> {
    let Scalar(text, number) = deserializer.deserialize_any(ScalarVisitor(expected))?;
    parse(&text, number).ok_or_else(|| D::Error::custom(format!("'{}' is not {expected}", shown(&text))))
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer, "a finite number", |text, number| number.or_else(|| parse_number(text))).map(Self)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer, "an amount between -1e12 and 1e12", |text, _| parse_money(text)).map(Self)
    }
}

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let whole = |text: &str| {
            let amount = parse_money(text)?;
            amount.is_integer().then(|| amount.to_i64()).flatten()
        };
        read(deserializer, "a whole number", |text, _| whole(text)).map(Self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer, "a date such as 2014-06-06", |text, _| parse_date(text)).map(Self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a time such as 2014-06-06T19:00:00Z or 2014-06-06T15:00 (New York)";
        read(deserializer, expected, |text, _| parse_moment(text)).map(Self)
    }
}

macro_rules! schema_of {
    ($name:ident, $schema:expr) => {
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

schema_of!(
    Number,
    json_schema!({"type": ["number", "string"], "description": "A finite number, or text that is one."})
);
schema_of!(
    Money,
    json_schema!({"type": ["number", "string"], "description": "An exact decimal amount, at most 1e12 either way."})
);
schema_of!(Whole, json_schema!({"type": ["integer", "string"], "description": "A whole number."}));
schema_of!(Day, json_schema!({"type": "string", "description": "A date such as 2014-06-06."}));
schema_of!(
    Moment,
    json_schema!({"type": "string", "description": "A time such as 2014-06-06T19:00:00Z, or New York's clock without an offset."})
);

/// Reads a field that may be null or, as in a CSV row, empty text.
///
/// # Errors
/// Whatever is wrong with a value that is there.
pub(crate) fn optional<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(text) if text.trim().is_empty() => Ok(None),
        value => serde_json::from_value(value).map(Some).map_err(D::Error::custom),
    }
}

/// The nearest float of an amount.
pub(crate) fn to_f64(amount: Decimal) -> f64 {
    amount.to_f64().unwrap_or(0.0)
}
