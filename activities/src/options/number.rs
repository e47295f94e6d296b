//! Between exact dollars and the floats of results.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// The decimal that a float prints as (0.1 is exactly 0.1); none where it is not finite or beyond any market.
pub(super) fn exact(value: f64) -> Option<Decimal> {
    if !value.is_finite() {
        return None;
    }
    value.to_string().parse().ok().or_else(|| Decimal::from_f64_retain(value))
}

/// The nearest float.
pub(super) fn float(value: Decimal) -> f64 {
    value.to_f64().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_become_what_they_print_as() {
        assert_eq!(exact(648.43), Some(Decimal::new(64843, 2)));
        assert_eq!(exact(f64::NAN), None);
        assert_eq!(float(Decimal::new(505, 2)), 5.05);
    }
}
