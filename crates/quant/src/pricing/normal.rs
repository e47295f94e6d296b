//! The normal distribution, exponential and logarithm as branch-free arithmetic that a compiler can vectorise over slices.

/// 1/√(2π).
pub(crate) const INV_SQRT_2PI: f64 = 0.398_942_280_401_432_7;

/// Adding and subtracting this rounds a small double to an integer and leaves the integer in its low bits.
const ROUND_MAGIC: f64 = 6_755_399_441_055_744.0;
const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// Cumulative standard normal distribution for any x, 0 to 1, absolute error under 1e-15; NaN for NaN.
///
/// Hart's rational approximation 5666 as given by G. West, "Better approximations to cumulative normal functions", Wilmott 2005.
#[must_use]
pub fn normal_cdf(x: f64) -> f64 {
    cdf_with_kernel(x, exp(-0.5 * x * x))
}

/// Standard normal density, exp(−x²/2)/√(2π), for any x, to rounding; 1.3e-308 instead of less beyond |x| =
/// 37.6, NaN for NaN.
#[must_use]
pub fn normal_pdf(x: f64) -> f64 {
    INV_SQRT_2PI * exp(-0.5 * x * x)
}

/// Φ(x) where `kernel` = e^(−x²/2) is known already.
#[inline(always)]
pub(crate) fn cdf_with_kernel(x: f64, kernel: f64) -> f64 {
    // Beyond 40 the kernel is zero to any precision, and the polynomials of a huge number would overflow.
    let z = x.abs().min(40.0);
    let numerator = 3.526_249_659_989_11e-2 * z + 0.700_383_064_443_688;
    let numerator = numerator * z + 6.373_962_203_531_65;
    let numerator = numerator * z + 33.912_866_078_383;
    let numerator = numerator * z + 112.079_291_497_871;
    let numerator = numerator * z + 221.213_596_169_931;
    let numerator = numerator * z + 220.206_867_912_376;
    let denominator = 8.838_834_764_831_84e-2 * z + 1.755_667_163_182_64;
    let denominator = denominator * z + 16.064_177_579_207;
    let denominator = denominator * z + 86.780_732_202_946_1;
    let denominator = denominator * z + 296.564_248_779_674;
    let denominator = denominator * z + 637.333_633_378_831;
    let denominator = denominator * z + 793.826_512_519_948;
    let denominator = denominator * z + 440.413_735_824_752;
    let tail = kernel * numerator / denominator;
    if x > 0.0 { 1.0 - tail } else { tail }
}

/// eˣ with relative error under 3e-16; flushes to e^−708 below −708 and saturates above 709.
#[inline(always)]
pub(crate) fn exp(x: f64) -> f64 {
    let x = x.clamp(-708.0, 709.0);
    let shifted = x * std::f64::consts::LOG2_E + ROUND_MAGIC;
    let whole = shifted - ROUND_MAGIC;
    let r = x - whole * LN_2_HIGH - whole * LN_2_LOW;
    let p = 1.0 / 479_001_600.0;
    let p = p * r + 1.0 / 39_916_800.0;
    let p = p * r + 1.0 / 3_628_800.0;
    let p = p * r + 1.0 / 362_880.0;
    let p = p * r + 1.0 / 40_320.0;
    let p = p * r + 1.0 / 5_040.0;
    let p = p * r + 1.0 / 720.0;
    let p = p * r + 1.0 / 120.0;
    let p = p * r + 1.0 / 24.0;
    let p = p * r + 1.0 / 6.0;
    let p = p * r + 0.5;
    let p = p * r * r + r + 1.0;
    p * f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52)
}

/// ln x for normal positive doubles, absolute error under 3e-16·max(1, |ln x|).
#[inline(always)]
pub(crate) fn ln(x: f64) -> f64 {
    // The mantissa is taken from [√½, √2) so that the series runs in |s| < 0.172.
    const OFFSET: u64 = 0x3fe6_a09e_667f_3bcd;
    const BIAS: u64 = 2_048;
    let moved = x.to_bits().wrapping_sub(OFFSET).wrapping_add(BIAS << 52);
    let exponent = moved >> 52;
    let mantissa = f64::from_bits(x.to_bits().wrapping_sub(exponent.wrapping_sub(BIAS) << 52));
    let k = f64::from_bits(0x4330_0000_0000_0000 | exponent) - 4_503_599_627_370_496.0 - 2_048.0;
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let z = s * s;
    let p = 1.0 / 23.0;
    let p = p * z + 1.0 / 21.0;
    let p = p * z + 1.0 / 19.0;
    let p = p * z + 1.0 / 17.0;
    let p = p * z + 1.0 / 15.0;
    let p = p * z + 1.0 / 13.0;
    let p = p * z + 1.0 / 11.0;
    let p = p * z + 1.0 / 9.0;
    let p = p * z + 1.0 / 7.0;
    let p = p * z + 1.0 / 5.0;
    let p = p * z + 1.0 / 3.0;
    let tail = 2.0 * s * z * p + k * LN_2_LOW;
    k * LN_2_HIGH + (2.0 * s + tail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cdf_matches_published_values() {
        for (x, want) in [
            (0.0, 0.5),
            (1.0, 0.841_344_746_068_542_9),
            (-2.0, 0.022_750_131_948_179_2),
            (-5.0, 2.866_515_718_791_94e-7),
            (3.5, 0.999_767_370_920_964_5),
        ] {
            assert!((normal_cdf(x) - want).abs() < 1e-15, "{x}: {}", normal_cdf(x));
        }
    }

    #[test]
    fn tails_stay_finite() {
        for x in [-1e300, -40.0, 40.0, 1e300] {
            assert!((0.0..=1.0).contains(&normal_cdf(x)) && normal_pdf(x).is_finite());
        }
    }

    proptest! {
        #[test]
        fn exp_and_ln_agree_with_the_standard_library(x in -700.0..700.0f64) {
            prop_assert!((exp(x) / x.exp() - 1.0).abs() < 4e-16);
            let y = x.exp();
            prop_assert!((ln(y) - y.ln()).abs() <= 3e-16 * y.ln().abs().max(1.0));
        }
    }
}
