//! Numbers as the engine compares them: whole multiples of a hundred-millionth, exact for every price, percent, ratio and
//! day count that a definition may hold.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

const PLACES: u32 = 8;
/// One.
pub(crate) const ONE: i64 = 100_000_000;
/// A hundred, what percents are parts of.
pub(crate) const HUNDRED: i64 = 100 * ONE;

/// A decimal; none where it is too large.
pub(crate) fn scaled(value: Decimal) -> Option<i64> {
    let (mantissa, scale) = (value.mantissa(), value.scale());
    if scale <= PLACES {
        let factor = 10_i128.pow(PLACES - scale);
        return mantissa.checked_mul(factor).and_then(|whole| i64::try_from(whole).ok());
    }
    let divisor = 10_i128.checked_pow(scale - PLACES)?;
    let half = divisor / 2 * mantissa.signum();
    i64::try_from((mantissa + half) / divisor).ok()
}

/// A float; none where it is none or too large.
pub(crate) fn scaled_float(value: f64) -> Option<i64> {
    (value * ONE as f64).round().to_i64()
}

/// The decimal of a number.
pub(crate) fn decimal(value: i64) -> Decimal {
    Decimal::new(value, PLACES).normalize()
}

/// `value · part / whole`, rounded to the nearest.
pub(crate) fn portion(value: i64, part: i64, whole: i64) -> Option<i64> {
    let product = i128::from(value) * i128::from(part);
    let whole = i128::from(whole);
    if whole == 0 {
        return None;
    }
    let half = whole.abs() / 2 * product.signum() * whole.signum();
    i64::try_from((product + half) / whole).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_come_back_and_thirds_are_rounded() {
        for text in ["0.000001", "9999999.999999", "93.2", "-3.05"] {
            let value: Decimal = text.parse().unwrap();
            assert_eq!(decimal(scaled(value).unwrap()), value);
        }
        assert_eq!(scaled("0.123456785".parse().unwrap()), Some(12_345_679));
        assert_eq!(scaled(Decimal::MAX), None);
        assert_eq!(scaled_float(f64::NAN), None);
        assert_eq!(portion(652 * ONE + ONE * 2 / 5, ONE, 7 * ONE), Some(93 * ONE + ONE / 5));
        assert_eq!(portion(1, 1, 0), None);
    }
}
