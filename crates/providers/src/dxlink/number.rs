//! JSON numbers read once, as decimal digits, so that a price keeps every digit that was sent and a float is exactly rounded.

use rust_decimal::Decimal;

/// Powers of ten that a float holds exactly.
const EXACT_POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];
/// Integers up to here are exact as floats: 2⁵³.
const EXACT_MANTISSA: u64 = 1 << 53;
/// Most decimal places of a [`Decimal`].
const DECIMAL_PLACES: u32 = 28;
/// Digits that always fit the mantissa.
const MANTISSA_DIGITS: usize = 19;
/// Exponents are clamped here: beyond it every number is zero or infinite.
const EXPONENT_LIMIT: i32 = 100_000;

/// mantissa × 10^exponent, and the text it was read from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number<'a> {
    text: &'a str,
    negative: bool,
    mantissa: u64,
    exponent: i32,
    /// Whether the mantissa holds all digits.
    exact: bool,
}

impl<'a> Number<'a> {
    /// Reads the number that `text` begins with, and how many bytes it takes.
    #[inline]
    pub(super) fn read(text: &'a str) -> Option<(Self, usize)> {
        let bytes = text.as_bytes();
        let negative = bytes.first() == Some(&b'-');
        let start = usize::from(negative);
        let mut digits = Digits::default();
        let mut at = digits.read(bytes, start);
        if at == start {
            return None;
        }
        let mut exponent = 0;
        if bytes.get(at) == Some(&b'.') {
            let end = digits.read(bytes, at + 1);
            let places = end - at - 1;
            if places == 0 {
                return None;
            }
            exponent = -i32::try_from(places).ok()?;
            at = end;
        }
        if matches!(bytes.get(at), Some(b'e' | b'E')) {
            let (power, end) = read_power(bytes, at + 1)?;
            exponent = exponent.saturating_add(power);
            at = end;
        }
        let text = text.get(..at)?;
        let exact = digits.count <= MANTISSA_DIGITS;
        Some((Self { text, negative, mantissa: digits.value, exponent, exact }, at))
    }

    /// The nearest float.
    #[inline]
    pub(super) fn to_f64(self) -> f64 {
        let power = EXACT_POWERS.get(usize::try_from(self.exponent.unsigned_abs()).unwrap_or(usize::MAX));
        match power {
            // Both are exact, so one operation rounds once (Clinger 1990).
            Some(power) if self.exact && self.mantissa <= EXACT_MANTISSA => {
                let mantissa = self.mantissa as f64;
                let size = if self.exponent < 0 { mantissa / power } else { mantissa * power };
                if self.negative { -size } else { size }
            }
            _ => self.text.parse().unwrap_or(f64::NAN),
        }
    }

    /// The decimal with the same digits; none where it does not fit one. Digits beyond 28 places are left out.
    #[inline]
    pub(super) fn to_decimal(self) -> Option<Decimal> {
        if !self.exact {
            return self.text.parse().ok().or_else(|| Decimal::from_scientific(self.text).ok());
        }
        let (mut mantissa, mut exponent) = (self.mantissa, self.exponent);
        while exponent < 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            exponent += 1;
            if mantissa == 0 {
                return Some(Decimal::ZERO);
            }
        }
        if exponent > 0 {
            let power = 10_u64.checked_pow(exponent.unsigned_abs())?;
            (mantissa, exponent) = (mantissa.checked_mul(power)?, 0);
        }
        let mut scale = exponent.unsigned_abs();
        while scale > DECIMAL_PLACES {
            (mantissa, scale) = (mantissa / 10, scale - 1);
            if mantissa == 0 {
                return Some(Decimal::ZERO);
            }
        }
        let [low, middle] = [mantissa & 0xffff_ffff, mantissa >> 32].map(|half| half as u32);
        Some(Decimal::from_parts(low, middle, 0, self.negative, scale))
    }

    /// The whole part; saturating.
    #[inline]
    pub(super) fn to_i64(self) -> i64 {
        let whole = i64::try_from(self.mantissa).ok().filter(|_| self.exact && self.exponent == 0);
        match whole {
            Some(whole) if self.negative => -whole,
            Some(whole) => whole,
            // The cast saturates.
            None => self.to_f64() as i64,
        }
    }
}

#[derive(Default)]
struct Digits {
    value: u64,
    /// Digits since the first that is not zero.
    count: usize,
}

impl Digits {
    /// Reads digits from `start` on and returns where they end.
    #[inline]
    fn read(&mut self, bytes: &[u8], start: usize) -> usize {
        let mut at = start;
        while let Some(digit) = bytes.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10)
        {
            self.value = self.value.wrapping_mul(10).wrapping_add(u64::from(digit));
            self.count += usize::from(self.value != 0);
            at += 1;
        }
        at
    }
}

fn read_power(bytes: &[u8], start: usize) -> Option<(i32, usize)> {
    let negative = bytes.get(start) == Some(&b'-');
    let start = start + usize::from(matches!(bytes.get(start), Some(b'-' | b'+')));
    let (mut power, mut at) = (0_i32, start);
    while let Some(digit) = bytes.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
        power = (power * 10 + i32::from(digit)).min(EXPONENT_LIMIT);
        at += 1;
    }
    (at > start).then_some((if negative { -power } else { power }, at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(text: &str) -> Number<'_> {
        let (number, length) = Number::read(text).unwrap();
        assert_eq!(length, text.len(), "{text}");
        number
    }

    #[test]
    fn prices_keep_their_digits() {
        for (text, decimal) in [
            ("559.36", "559.36"),
            ("100.0", "100"),
            ("1.3743299E7", "13743299"),
            ("1.0E-4", "0.0001"),
            ("-0.05", "-0.05"),
            ("0.0", "0"),
            ("0.1234567890123456789", "0.1234567890123456789"),
            ("123456789012345678901", "123456789012345678901"),
        ] {
            assert_eq!(number(text).to_decimal(), Some(decimal.parse().unwrap()), "{text}");
        }
        assert_eq!(number("1e400").to_decimal(), None);
        assert_eq!(number("1e-30").to_decimal(), Some(Decimal::ZERO));
    }

    #[test]
    fn whole_numbers_are_read_in_any_spelling() {
        assert_eq!(number("1691402400000").to_i64(), 1_691_402_400_000);
        assert_eq!(number("1.6914024E12").to_i64(), 1_691_402_400_000);
        assert_eq!(number("-7").to_i64(), -7);
        assert_eq!(number("9223372036854775808").to_i64(), i64::MAX);
        assert_eq!(number("7.9").to_i64(), 7);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "-", ".5", "1.", "1e", "1e+", "x", "NaN", "1.e5"] {
            let read = Number::read(text);
            assert!(read.is_none_or(|(_, length)| length < text.len()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn floats_are_exactly_rounded(text in "-?[0-9]{1,25}(\\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?") {
            let ours = number(&text).to_f64();
            prop_assert_eq!(ours.to_bits(), text.parse::<f64>().unwrap().to_bits(), "{}", text);
        }

        #[test]
        fn decimals_are_what_was_sent(value in -1_000_000_000_i64..1_000_000_000, places in 0_u32..9) {
            let sent = Decimal::new(value, places);
            prop_assert_eq!(number(&sent.to_string()).to_decimal(), Some(sent));
        }

        #[test]
        fn any_float_as_java_prints_it_is_read_back(value in proptest::num::f64::NORMAL) {
            let text = format!("{value:E}");
            prop_assert_eq!(number(&text).to_f64().to_bits(), value.to_bits());
        }
    }
}
