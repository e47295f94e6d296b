//! Values of events, written as dxFeed's server writes them: doubles as Java prints them (`100.0`, `1.3743299E7`), those that
//! are no numbers as texts.

use std::fmt::Write;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// The value of one field.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Double(f64),
    Long(i64),
    Text(String),
    Flag(bool),
}

/// By what is written, so that NaN equals NaN.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Double(a), Self::Double(b)) => a.to_bits() == b.to_bits(),
            (Self::Long(a), Self::Long(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Flag(a), Self::Flag(b)) => a == b,
            _ => false,
        }
    }
}

impl Value {
    /// A price; NaN where there is none.
    pub(super) fn price(price: Option<Decimal>) -> Self {
        Self::Double(price.and_then(|price| price.to_f64()).unwrap_or(f64::NAN))
    }

    /// A number; NaN where there is none.
    pub(super) fn number(number: Option<f64>) -> Self {
        Self::Double(number.unwrap_or(f64::NAN))
    }

    /// A text.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Writes it as JSON.
    pub(super) fn write(&self, json: &mut String) {
        // Writing into a text cannot fail.
        let _ = match self {
            Self::Double(number) => {
                write_double(*number, json);
                Ok(())
            }
            Self::Long(number) => write!(json, "{number}"),
            Self::Text(text) => {
                json.push_str(&quoted(text));
                Ok(())
            }
            Self::Flag(flag) => write!(json, "{flag}"),
        };
    }
}

/// A JSON string.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// As java.lang.Double.toString: plain from 10⁻³ to 10⁷, else with an exponent.
fn write_double(number: f64, json: &mut String) {
    let _ = if number.is_nan() {
        write!(json, "\"NaN\"")
    } else if number.is_infinite() {
        write!(json, "\"{}Infinity\"", if number < 0.0 { "-" } else { "" })
    } else if number == 0.0 || (1e-3..1e7).contains(&number.abs()) {
        write!(json, "{number:?}")
    } else {
        let text = format!("{number:E}");
        match text.split_once('E') {
            Some((digits, power)) if !digits.contains('.') => write!(json, "{digits}.0E{power}"),
            _ => write!(json, "{text}"),
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_written_as_java_writes_them() {
        for (number, text) in [
            (100.0, "100.0"),
            (559.36, "559.36"),
            (13_743_299.0, "1.3743299E7"),
            (1e7, "1.0E7"),
            (9_999_999.0, "9999999.0"),
            (0.001, "0.001"),
            (0.0001, "1.0E-4"),
            (-0.05, "-0.05"),
            (0.0, "0.0"),
            (f64::NAN, "\"NaN\""),
            (f64::NEG_INFINITY, "\"-Infinity\""),
        ] {
            let mut json = String::new();
            Value::Double(number).write(&mut json);
            assert_eq!(json, text);
        }
    }
}
