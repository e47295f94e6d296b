//! Greeks from the value at the first ex-date: one integral over the lognormal density up to it, whose weights differentiate the density.
//!
//! Where nothing is exercised before that ex-date, price, delta and gamma are integrals of the same values against the density and its
//! derivatives (likelihood ratios: M. Broadie, P. Glasserman, "Estimating Security Price Derivatives Using Simulation", Management Science
//! 1996), so that gamma is as smooth as the price however near the spot lies to where exercise begins. Time stepping from a kink to a near
//! ex-date leaves oscillations that the price hides and gamma shows.

use std::sync::LazyLock;

use super::VanillaOption;
use super::finite_difference::{Exercise, Solution};
use super::normal::{INV_SQRT_2PI, exp};
use super::quadrature::gauss_legendre;

/// Standard deviations that the integral covers on either side.
const REACH: f64 = 8.0;
/// Points of the integral: errors under 1e-9 of the strike.
const POINTS: usize = 40;
/// Bisections of the deviation at which exercise begins.
const HALVINGS: usize = 24;

static RULE: LazyLock<(Vec<f64>, Vec<f64>)> = LazyLock::new(|| gauss_legendre(POINTS));

/// Whether the option cannot be worth exercising before the first ex-date: one that is exercised at expiration only, or a call that pays no yield while
/// waiting and earns interest on the strike.
pub(super) fn is_held(option: &VanillaOption, exercise: Exercise) -> bool {
    exercise == Exercise::AtExpiration
        || (option.right.sign() > 0.0 && option.rate >= 0.0 && option.dividend_yield <= 0.0)
}

/// Price, delta and gamma of an option that [`is_held`] for `years` > 0, when it becomes worth `held` of the spot or, where `may_exercise`, its
/// exercise value. Only a call may be exercised.
pub(super) fn integrate(
    option: &VanillaOption,
    years: f64,
    may_exercise: bool,
    held: impl Fn(f64) -> f64,
) -> Solution {
    let VanillaOption { spot, strike, rate, dividend_yield, volatility, .. } = *option;
    let deviation = volatility * years.sqrt();
    let drift = (rate - dividend_yield - 0.5 * volatility * volatility) * years;
    let sign = option.right.sign();
    // What is left of the value when the forward is taken off, whose Greeks are exact: little, and nothing where the call is exercised.
    let excess = |z: f64| {
        let then = spot * exp(drift + deviation * z);
        held(then) - sign * (then - strike)
    };
    let end = if may_exercise { first_not_positive(&excess) } else { REACH };
    let (nodes, weights) = &*RULE;
    let half = 0.5 * (end + REACH);
    let mut sums = [0.0; 3];
    for (node, weight) in nodes.iter().zip(weights) {
        let z = half * (1.0 + node) - REACH;
        let value = weight * exp(-0.5 * z * z) * excess(z);
        sums[0] += value;
        sums[1] += value * z;
        sums[2] += value * (z * z - 1.0 - z * deviation);
    }
    let discount = exp(-rate * years);
    let scale = discount * half * INV_SQRT_2PI;
    let carried = exp(-dividend_yield * years);
    Solution {
        price: (sign * (spot * carried - strike * discount) + scale * sums[0]).max(0.0),
        delta: sign * carried + scale * sums[1] / (spot * deviation),
        gamma: scale * sums[2] / (spot * deviation).powi(2),
    }
}

/// Where a falling function of the deviation stops being positive, within [`REACH`].
fn first_not_positive(excess: &impl Fn(f64) -> f64) -> f64 {
    if excess(REACH) > 0.0 {
        return REACH;
    }
    let (mut low, mut high) = (-REACH, REACH);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if excess(middle) > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}
