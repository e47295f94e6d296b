//! American options under a continuous dividend yield.
//!
//! Prices come from Kim's integral of the early-exercise premium over a boundary found by spectral collocation (L. Andersen, M. Lake, D. Offengenden,
//! "High-performance American option pricing", Journal of Computational Finance 20(1), 2016); calls by put-call symmetry (R. McDonald, M. Schroder,
//! 1998). Where rate and yield are both negative so that two boundaries exist, finite differences answer.

mod boundary;
mod scheme;

use ttai_core::OptionRight;

use self::boundary::{Boundary, World};
use self::scheme::{ACCURATE, FAST, MOST_PRICE_POINTS, Scheme, combine};
use super::finite_difference::{self, Exercise};
use super::normal::{INV_SQRT_2PI, cdf_with_kernel, exp};
use super::{Greeks, VanillaOption, european};

/// Under this σ√T the path is deterministic.
const POINT_DEVIATION: f64 = 1e-8;

/// Price in the currency of the spot; error under 1e-5·K.
#[must_use]
pub fn price(option: &VanillaOption) -> f64 {
    price_with(option, &ACCURATE)
}

/// Price in the currency of the spot by a coarser scheme; error under 1e-4·K, and more than twice as fast as [`price`].
#[must_use]
pub fn price_fast(option: &VanillaOption) -> f64 {
    price_with(option, &FAST)
}

/// Price and Greeks; units at [`Greeks`].
///
/// Delta and gamma are those of the premium's integral, theta follows from the Black–Scholes equation, vega, rho and dividend rho are central
/// differences of the price: small ones as a rule, over ±20 basis points where a rate or yield near 0 changes whether early exercise pays, and vega over ±2
/// volatility points where a lower volatility would make exercise optimal (the local slope is up to a tenth more there). In the exercise region the price is the exercise value, delta ±1 and the rest 0.
#[must_use]
pub fn greeks(option: &VanillaOption) -> Greeks {
    let greeks = match Regime::of(option) {
        Regime::European => with_kinked_rhos(option, european::greeks(option)),
        Regime::Deterministic => differenced(option, deterministic_price),
        Regime::TwoBoundaries => differenced(option, |o| price_with(o, &ACCURATE)),
        Regime::OneBoundary => collocation_greeks(option),
    };
    let intrinsic = option.intrinsic();
    if intrinsic > 0.0 && greeks.price <= intrinsic + EXERCISED * option.strike {
        return Greeks { price: intrinsic, delta: option.right.sign(), ..Greeks::default() };
    }
    greeks
}

/// The Greeks with wide differences for rho and dividend rho where early exercise changes its kind near by.
fn with_kinked_rhos(option: &VanillaOption, greeks: Greeks) -> Greeks {
    if !near_another_regime(option) {
        return greeks;
    }
    let at = |rate: f64, dividend_yield: f64| {
        price_with(&VanillaOption { rate, dividend_yield, ..*option }, &ACCURATE)
    };
    let VanillaOption { rate, dividend_yield, .. } = *option;
    Greeks {
        rho: four_point_slope(WIDE_RATE_STEP, |h| at(rate + h, dividend_yield)),
        dividend_rho: four_point_slope(WIDE_RATE_STEP, |h| at(rate, dividend_yield + h)),
        ..greeks
    }
}

/// Move of ln B at which the iteration for Greeks stops: differences of prices need a boundary without noise.
const GREEKS_TOLERANCE: f64 = 1e-6;
/// A price is the exercise value where it exceeds it by no more than this share of the strike: the spot is then within about 1e-4 of the boundary.
const EXERCISED: f64 = 1e-9;
/// Step of the rate where a change of its sign changes the nature of early exercise.
const WIDE_RATE_STEP: f64 = 1e-3;

/// Whether early exercise is of another kind at a rate or yield within two wide steps, or the boundary's limit min(1, r/q) changes its branch within two
/// narrow ones: its discretisation error differs between the branches.
fn near_another_regime(option: &VanillaOption) -> bool {
    let here = Regime::of(option);
    (option.rate - option.dividend_yield).abs() <= 2.0 * RATE_STEP
        || [-2.0 * WIDE_RATE_STEP, 2.0 * WIDE_RATE_STEP].iter().any(|step| {
            Regime::of(&VanillaOption { rate: option.rate + step, ..*option }) != here
                || Regime::of(&VanillaOption { dividend_yield: option.dividend_yield + step, ..*option })
                    != here
        })
}

/// Step of the volatility where a lower one would make exercise optimal.
const WIDE_VOLATILITY_STEP: f64 = 1e-2;

/// Fourth-order central difference over ±h and ±2h. Where the price has a kink in between (a rate of 0, the exercise region), this is the mean of
/// its sides that differencing any American pricer gives, the reference tables among them.
fn four_point_slope(h: f64, price: impl Fn(f64) -> f64) -> f64 {
    (8.0 * (price(h) - price(-h)) - (price(2.0 * h) - price(-2.0 * h))) / (12.0 * h)
}

/// Whether early exercise never pays at any volatility, so that the option is worth its European counterpart.
pub(crate) fn is_european(option: &VanillaOption) -> bool {
    Regime::of(option) == Regime::European
}

/// How an option's early exercise looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Regime {
    /// Exercise before expiration never pays.
    European,
    /// No randomness.
    Deterministic,
    OneBoundary,
    TwoBoundaries,
}

impl Regime {
    fn of(option: &VanillaOption) -> Self {
        // A call is a put with rate and yield swapped.
        let (rate, dividend_yield) = match option.right {
            OptionRight::Put => (option.rate, option.dividend_yield),
            OptionRight::Call => (option.dividend_yield, option.rate),
        };
        if option.years <= 0.0 || (rate <= 0.0 && dividend_yield >= rate) {
            Self::European
        } else if option.deviation() < POINT_DEVIATION {
            Self::Deterministic
        } else if rate < 0.0 {
            Self::TwoBoundaries
        } else {
            Self::OneBoundary
        }
    }
}

/// An option as a put of strike 1.
struct UnitPut {
    log_spot: f64,
    scale: f64,
    world: World,
}

impl UnitPut {
    fn of(option: &VanillaOption) -> Self {
        let VanillaOption { spot, strike, years, rate, dividend_yield, volatility, .. } = *option;
        match option.right {
            OptionRight::Put => Self {
                log_spot: (spot / strike).ln(),
                scale: strike,
                world: World { years, rate, dividend_yield, volatility },
            },
            OptionRight::Call => Self {
                log_spot: (strike / spot).ln(),
                scale: spot,
                world: World { years, rate: dividend_yield, dividend_yield: rate, volatility },
            },
        }
    }
}

fn price_with(option: &VanillaOption, scheme: &Scheme) -> f64 {
    match Regime::of(option) {
        Regime::European => european::price(option),
        Regime::Deterministic => deterministic_price(option),
        Regime::TwoBoundaries => {
            let solved = finite_difference::solve_one(option, &[], Exercise::TwoSided);
            solved.price.max(european::price(option))
        }
        Regime::OneBoundary => {
            let put = UnitPut::of(option);
            let (boundary, _) = Boundary::solve(&put.world, scheme, scheme.tolerance);
            value(option, &put, &boundary, scheme)
        }
    }
}

/// European price plus premium, never under the exercise value.
fn value(option: &VanillaOption, put: &UnitPut, boundary: &Boundary, scheme: &Scheme) -> f64 {
    let intrinsic = option.intrinsic();
    if put.log_spot <= boundary.log_now() {
        return intrinsic;
    }
    (european::price(option) + put.scale * premium(put, boundary, scheme).value.max(0.0)).max(intrinsic)
}

/// The early-exercise premium of a put of strike 1 and its derivatives by the unit spot.
struct Premium {
    value: f64,
    delta: f64,
    gamma: f64,
}

/// ∫ [r·e^(−rt)·Φ(−d₋) − q·x·e^(−qt)·Φ(−d₊)] dt over the time t from now, d± at x/B(T − t).
fn premium(put: &UnitPut, boundary: &Boundary, scheme: &Scheme) -> Premium {
    let World { years, rate, dividend_yield, volatility } = put.world;
    let count = scheme.price_sines.len();
    let mut later = [0.0; MOST_PRICE_POINTS];
    let later = &mut later[..count];
    combine(&scheme.price_interpolation, &boundary.squares()[..scheme.root_times.len()], later);
    let (sines, weights) = (&scheme.price_sines[..count], &scheme.price_weights[..count]);
    let spot = put.log_spot.exp();
    let drift = rate - dividend_yield - 0.5 * volatility * volatility;
    let deviation = volatility * years.sqrt();
    let moneyness = put.log_spot - boundary.log_limit;
    let mut parts = [[0.0; MOST_PRICE_POINTS]; 3];
    let [value, delta, gamma] = &mut parts;
    let (value, delta, gamma) = (&mut value[..count], &mut delta[..count], &mut gamma[..count]);
    // Without sums, so that the loop vectorises.
    for k in 0..count {
        let time = years * sines[k] * sines[k];
        let span = deviation * sines[k];
        let per_span = 1.0 / span;
        let minus = (moneyness + later[k].max(0.0).sqrt() + drift * time) * per_span;
        let plus = minus + span;
        let kernel_minus = exp(-0.5 * minus * minus);
        let kernel_plus = exp(-0.5 * plus * plus);
        let weight = 2.0 * years * weights[k] * sines[k];
        let strike_leg = weight * rate * exp(-rate * time);
        let spot_leg = weight * dividend_yield * exp(-dividend_yield * time) * spot;
        let inside = cdf_with_kernel(-plus, kernel_plus);
        let density_minus = strike_leg * INV_SQRT_2PI * kernel_minus * per_span;
        let density_plus = spot_leg * INV_SQRT_2PI * kernel_plus * per_span;
        value[k] = strike_leg * cdf_with_kernel(-minus, kernel_minus) - spot_leg * inside;
        delta[k] = density_plus - spot_leg * inside - density_minus;
        gamma[k] = density_minus * (1.0 + minus * per_span) + density_plus * (1.0 - plus * per_span);
    }
    Premium {
        value: value.iter().sum(),
        delta: delta.iter().sum::<f64>() / spot,
        gamma: gamma.iter().sum::<f64>() / (spot * spot),
    }
}

fn collocation_greeks(option: &VanillaOption) -> Greeks {
    let scheme = &*ACCURATE;
    let put = UnitPut::of(option);
    let (boundary, linearisation) = Boundary::solve(&put.world, scheme, GREEKS_TOLERANCE);
    let sign = option.right.sign();
    if put.log_spot <= boundary.log_now() {
        return Greeks { price: option.intrinsic(), delta: sign, ..Greeks::default() };
    }
    let european = european::greeks(option);
    let premium = premium(&put, &boundary, scheme);
    let price = (european.price + put.scale * premium.value.max(0.0)).max(option.intrinsic());
    let (delta, gamma) = match option.right {
        OptionRight::Put => (european.delta + premium.delta, european.gamma + premium.gamma / option.strike),
        // A call is S·p(K/S): its derivatives by S follow from those of p.
        OptionRight::Call => {
            let ratio = option.strike / option.spot;
            (
                european.delta + premium.value - ratio * premium.delta,
                european.gamma + ratio * ratio * premium.gamma / option.spot,
            )
        }
    };
    let near = |bumped: VanillaOption| {
        if Regime::of(&bumped) != Regime::OneBoundary {
            return price_with(&bumped, scheme);
        }
        let put = UnitPut::of(&bumped);
        let boundary = boundary.near(&put.world, scheme, &linearisation);
        value(&bumped, &put, &boundary, scheme)
    };
    let vega = if exercised_at_less_volatility(&put, &boundary) {
        let at = |h: f64| price_with(&VanillaOption { volatility: option.volatility + h, ..*option }, scheme);
        four_point_slope(WIDE_VOLATILITY_STEP, at)
    } else {
        vega_by_difference(option, &near)
    };
    let theta_year = theta(option, price, delta, gamma);
    let greeks = Greeks { price, delta, gamma, vega, theta_year, ..Greeks::default() };
    if near_another_regime(option) {
        return with_kinked_rhos(option, greeks);
    }
    let (rho, dividend_rho) = rhos_by_difference(option, &near);
    Greeks { rho, dividend_rho, ..greeks }
}

/// Whether a volatility two points lower would make exercise optimal now. The boundary's ln(X/B) is nearly proportional to the volatility.
fn exercised_at_less_volatility(put: &UnitPut, boundary: &Boundary) -> bool {
    let volatility = put.world.volatility;
    let distance = boundary.log_limit - boundary.log_now();
    let rise = distance * 1.1 * 2.0 * WIDE_VOLATILITY_STEP / volatility;
    volatility > 3.0 * WIDE_VOLATILITY_STEP && put.log_spot <= boundary.log_now() + rise
}

/// Theta from the Black–Scholes equation.
fn theta(option: &VanillaOption, price: f64, delta: f64, gamma: f64) -> f64 {
    let VanillaOption { spot, rate, dividend_yield, volatility, .. } = *option;
    rate * price - (rate - dividend_yield) * spot * delta - 0.5 * (volatility * spot).powi(2) * gamma
}

/// Central difference by volatility.
fn vega_by_difference(option: &VanillaOption, price: &impl Fn(VanillaOption) -> f64) -> f64 {
    let step = 1e-3 * option.volatility.max(0.05);
    let (up, down) = (option.volatility + step, (option.volatility - step).max(0.0));
    let at = |volatility: f64| price(VanillaOption { volatility, ..*option });
    (at(up) - at(down)) / (up - down)
}

/// Step of the rate and of the yield for their central differences.
const RATE_STEP: f64 = 1e-4;

/// Central differences by rate and by dividend yield.
fn rhos_by_difference(option: &VanillaOption, price: &impl Fn(VanillaOption) -> f64) -> (f64, f64) {
    let by_rate = |step: f64| price(VanillaOption { rate: option.rate + step, ..*option });
    let by_yield =
        |step: f64| price(VanillaOption { dividend_yield: option.dividend_yield + step, ..*option });
    let slope = |up: f64, down: f64| (up - down) / (2.0 * RATE_STEP);
    (slope(by_rate(RATE_STEP), by_rate(-RATE_STEP)), slope(by_yield(RATE_STEP), by_yield(-RATE_STEP)))
}

/// All Greeks by central differences of a price.
fn differenced(option: &VanillaOption, price: impl Fn(&VanillaOption) -> f64) -> Greeks {
    let priced = |o: VanillaOption| price(&o);
    let vega = vega_by_difference(option, &priced);
    let (rho, dividend_rho) = rhos_by_difference(option, &priced);
    let now = price(option);
    let step = 2e-3 * option.spot * option.deviation().clamp(1e-4, 1.0);
    let at = |spot: f64| price(&VanillaOption { spot, ..*option });
    let (up, down) = (at(option.spot + step), at(option.spot - step));
    let delta = (up - down) / (2.0 * step);
    let gamma = (up - 2.0 * now + down) / (step * step);
    let theta_year = theta(option, now, delta, gamma);
    Greeks { price: now, delta, gamma, vega, theta_year, rho, dividend_rho }
}

/// The most that exercising along the forward path is worth now.
fn deterministic_price(option: &VanillaOption) -> f64 {
    let VanillaOption { spot, strike, years, rate, dividend_yield, .. } = *option;
    let at = |t: f64| option.right.sign() * (spot * (-dividend_yield * t).exp() - strike * (-rate * t).exp());
    let turning = (rate * strike / (dividend_yield * spot)).ln() / (rate - dividend_yield);
    let inside = if turning > 0.0 && turning < years { at(turning) } else { 0.0 };
    at(0.0).max(at(years)).max(inside).max(0.0)
}
