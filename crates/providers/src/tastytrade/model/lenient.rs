//! Reads the values whose form the service varies: numbers as strings or as numbers, instants as text or as milliseconds.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::Deserializer;
use serde::de::{Error, Visitor};

/// A decimal written as `"1.50"`, `1.5` or `150`; `null`, `""` and `"NaN"` are none.
pub(crate) fn decimal<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Decimal>, D::Error> {
    source.deserialize_any(DecimalVisitor)
}

/// A decimal that must be there.
pub(crate) fn required_decimal<'de, D: Deserializer<'de>>(source: D) -> Result<Decimal, D::Error> {
    decimal(source)?.ok_or_else(|| D::Error::custom("a number is missing"))
}

/// An identifier written as `"1068086"` or `1068086`.
pub(crate) fn identifier<'de, D: Deserializer<'de>>(source: D) -> Result<String, D::Error> {
    optional_identifier(source)?.ok_or_else(|| D::Error::custom("an identifier is missing"))
}

/// As [`identifier`], where `null` is none.
pub(crate) fn optional_identifier<'de, D: Deserializer<'de>>(source: D) -> Result<Option<String>, D::Error> {
    source.deserialize_any(IdentifierVisitor)
}

/// An instant written as RFC 3339 or as milliseconds since 1970; `null`, `""` and 0 or less are none.
pub(crate) fn instant<'de, D: Deserializer<'de>>(source: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    source.deserialize_any(InstantVisitor)
}

/// A date written as `2026-08-24` or as an instant that begins so; `null` and `""` are none.
pub(crate) fn date<'de, D: Deserializer<'de>>(source: D) -> Result<Option<NaiveDate>, D::Error> {
    source.deserialize_any(DateVisitor)
}

/// A date that must be there.
pub(crate) fn required_date<'de, D: Deserializer<'de>>(source: D) -> Result<NaiveDate, D::Error> {
    date(source)?.ok_or_else(|| D::Error::custom("a date is missing"))
}

struct DecimalVisitor;

impl Visitor<'_> for DecimalVisitor {
    type Value = Option<Decimal>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, as such or as a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let text = text.trim();
        if text.is_empty() || text.eq_ignore_ascii_case("nan") {
            return Ok(None);
        }
        let number = Decimal::from_str_exact(text)
            .or_else(|_| text.parse::<Decimal>())
            .or_else(|_| Decimal::from_scientific(text))
            .map_err(|_| {
                E::custom(format!("'{}' is no number", text.chars().take(40).collect::<String>()))
            })?;
        Ok(Some(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(number.into()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        // The shortest text that names this float is what the service wrote.
        self.visit_str(&number.to_string())
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

struct IdentifierVisitor;

impl Visitor<'_> for IdentifierVisitor {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an identifier, as a number or a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(text.to_owned()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

struct InstantVisitor;

impl Visitor<'_> for InstantVisitor {
    type Value = Option<DateTime<Utc>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an instant, as RFC 3339 or as milliseconds since 1970")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        if let Ok(milliseconds) = text.parse::<i64>() {
            return self.visit_i64(milliseconds);
        }
        let instant = DateTime::parse_from_rfc3339(text).map_err(|_| {
            E::custom(format!("'{}' is no instant", text.chars().take(40).collect::<String>()))
        })?;
        Ok(Some(instant.to_utc()))
    }

    fn visit_i64<E: Error>(self, milliseconds: i64) -> Result<Self::Value, E> {
        if milliseconds <= 0 {
            return Ok(None);
        }
        let instant = DateTime::from_timestamp_millis(milliseconds);
        instant.map(Some).ok_or_else(|| E::custom(format!("{milliseconds} ms is no instant")))
    }

    fn visit_u64<E: Error>(self, milliseconds: u64) -> Result<Self::Value, E> {
        let signed =
            i64::try_from(milliseconds).map_err(|_| E::custom(format!("{milliseconds} ms is no instant")))?;
        self.visit_i64(signed)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

struct DateVisitor;

impl Visitor<'_> for DateVisitor {
    type Value = Option<NaiveDate>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a date such as 2026-08-24")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let day = text.get(..10).unwrap_or(text);
        let date: NaiveDate = day
            .parse()
            .map_err(|_| E::custom(format!("'{}' is no date", text.chars().take(40).collect::<String>())))?;
        Ok(Some(date))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Row {
        #[serde(default, deserialize_with = "decimal")]
        price: Option<Decimal>,
        #[serde(default, deserialize_with = "optional_identifier")]
        id: Option<String>,
        #[serde(default, deserialize_with = "instant")]
        at: Option<DateTime<Utc>>,
        #[serde(default, deserialize_with = "date")]
        day: Option<NaiveDate>,
    }

    fn row(text: &str) -> Row {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn numbers_come_as_strings_and_as_numbers() {
        for (text, wanted) in [
            (r#"{"price": "1.50"}"#, Some("1.50")),
            (r#"{"price": 184.525}"#, Some("184.525")),
            (r#"{"price": 4514709583000}"#, Some("4514709583000")),
            (r#"{"price": "1.37E7"}"#, Some("13700000")),
            (r#"{"price": "-7.36"}"#, Some("-7.36")),
            (r#"{"price": "NaN"}"#, None),
            (r#"{"price": null}"#, None),
            ("{}", None),
        ] {
            assert_eq!(row(text).price.map(|price| price.to_string()).as_deref(), wanted, "{text}");
        }
        assert!(serde_json::from_str::<Row>(r#"{"price": "a lot"}"#).is_err());
        assert!(serde_json::from_str::<Row>(r#"{"price": [1]}"#).is_err());
    }

    #[test]
    fn identifiers_instants_and_dates_come_in_both_forms() {
        assert_eq!(row(r#"{"id": 1068086}"#).id, row(r#"{"id": "1068086"}"#).id);
        let milliseconds = row(r#"{"at": 1781292804301}"#).at.unwrap();
        assert_eq!(row(r#"{"at": "2026-06-12T19:33:24.301+00:00"}"#).at, Some(milliseconds));
        assert_eq!(row(r#"{"at": 0}"#).at, None);
        assert_eq!(row(r#"{"at": -1}"#).at, None);
        assert!(serde_json::from_str::<Row>(r#"{"at": 18446744073709551615}"#).is_err());
        assert_eq!(
            row(r#"{"day": "2026-04-17T00:00:00.000+00:00"}"#).day,
            row(r#"{"day": "2026-04-17"}"#).day
        );
        assert!(serde_json::from_str::<Row>(r#"{"day": "ünlikely!"}"#).is_err());
    }
}
