//! Conversions between exact money and model numbers, and the wire form of limits.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// A decimal as the nearest float; NaN never arises, since every `Decimal` is finite.
pub(crate) fn to_f64(value: Decimal) -> f64 {
    value.to_f64().unwrap_or(0.0)
}

/// The decimal that a float prints as (0.1 becomes exactly 0.1); `None` where it is not finite or over 7.9e28.
pub(crate) fn to_decimal(value: f64) -> Option<Decimal> {
    if !value.is_finite() {
        return None;
    }
    if value.abs() < 1e-28 {
        return Some(Decimal::ZERO);
    }
    let text = value.to_string();
    text.parse().ok().or_else(|| Decimal::from_f64_retain(value))
}

/// `100 * part / whole` as a float; `None` where the whole is zero.
pub(crate) fn percent(part: Decimal, whole: Decimal) -> Option<f64> {
    part.checked_mul(Decimal::ONE_HUNDRED).and_then(|part| part.checked_div(whole)).map(to_f64)
}

/// Decimals that travel as plain JSON numbers: limits that a person types, not money that is added up.
pub(crate) mod plain {
    use rust_decimal::Decimal;
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes the nearest float.
    pub(crate) fn serialize<S: Serializer>(value: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(super::to_f64(*value))
    }

    /// Reads a number or a decimal string.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
        <Decimal as Deserialize>::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_become_the_decimal_they_print_as() {
        assert_eq!(to_decimal(0.1).unwrap().to_string(), "0.1");
        assert_eq!(to_decimal(648.43).unwrap().to_string(), "648.43");
        assert_eq!(to_decimal(1e-40), Some(Decimal::ZERO));
        assert_eq!(to_decimal(f64::NAN), None);
        assert_eq!(to_decimal(f64::INFINITY), None);
        assert_eq!(to_decimal(1e300), None);
    }

    #[test]
    fn a_share_of_nothing_is_no_number() {
        assert_eq!(percent(Decimal::ONE, Decimal::ZERO), None);
        assert_eq!(percent(Decimal::ONE, Decimal::from(4)), Some(25.0));
    }
}
