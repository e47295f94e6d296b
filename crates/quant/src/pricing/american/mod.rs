//! American options under a continuous dividend yield.
//!
//! Prices come from Kim's integral of the early-exercise premium over a boundary found by spectral collocation (L.
//! Andersen, M. Lake, D. Offengenden, "High-performance American option pricing", Journal of Computational Finance
//! 20(1), 2016); calls by put-call symmetry (R. McDonald, M. Schroder, 1998). Where rate and yield are both negative
//! so that two boundaries exist, finite differences answer; there, over σ√T = 4, the European price or the exercise
//! value stands in, whichever is greater.

mod boundary;
mod scheme;

use ttai_core::OptionRight;

use self::boundary::{Boundary, Slopes, World};
use self::scheme::{ACCURATE, FAST, MOST_NODES, MOST_PRICE_POINTS, NEAR, Scheme, combine};
use super::finite_difference::{self, Exercise};
use super::normal::{INV_SQRT_2PI, cdf_with_kernel, exp};
use super::{Greeks, VanillaOption, european};

/// Under this σ√T the path is deterministic.
const POINT_DEVIATION: f64 = 1e-8;

/// Price in the currency of the spot; error under 1e-5·K (measured 4e-7·K). Andersen, Lake and Offengenden, "High
/// Performance American Option Pricing" (2016).
#[must_use]
pub fn price(option: &VanillaOption) -> f64 {
    price_with(option, &ACCURATE)
}

/// Price in the currency of the spot by a coarser scheme; error under 1e-4·K, and more than twice as fast as [`price`]. The
/// same source.
#[must_use]
pub fn price_fast(option: &VanillaOption) -> f64 {
    price_with(option, &FAST)
}

/// Price and Greeks; units at [`Greeks`]. Error in price as at [`price`], in delta under 1e-4, in gamma,
/// vega, theta and rho under 0.1 % (vega and rho: plus 1e-4·K), away from kinks. Andersen, Lake and
/// Offengenden (2016).
///
/// Delta, gamma, vega, rho and dividend rho are derivatives of the premium's integral and of the boundary's equation, theta follows from the
/// Black–Scholes equation. Two are differences of the price: rho and dividend rho over ±20 basis points where a rate or yield near 0 changes whether early
/// exercise pays, and vega over ±2 volatility points where a lower volatility would make exercise optimal (the local slope is up to a tenth more there).
/// In the exercise region the price is the exercise value, delta ±1 and the rest 0.
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
            let boundary = Boundary::solve(&put.world, scheme);
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
    (european::price(option) + put.scale * premium(put, boundary, scheme).max(0.0)).max(intrinsic)
}

/// The early-exercise premium's integrand at one time from now, times its weight; the spot is that of a put of strike 1.
struct Integrand {
    /// Time from now in years, and σ√t.
    time: f64,
    span: f64,
    /// d₋ and d₊ at the spot over the boundary.
    minus: f64,
    plus: f64,
    /// e^(−rt)·Φ(−d₋) and x·e^(−qt)·Φ(−d₊): interest and dividends while exercised, for a rate and a yield of 1.
    strike_leg: f64,
    spot_leg: f64,
    /// r·e^(−rt)·φ(d₋)/(σ√t) and q·x·e^(−qt)·φ(d₊)/(σ√t).
    strike_density: f64,
    spot_density: f64,
}

/// The premium's quadrature over the times from now.
struct Premium<'a> {
    world: World,
    spot: f64,
    /// ln(x/X).
    moneyness: f64,
    drift: f64,
    deviation: f64,
    sines: &'a [f64],
    weights: &'a [f64],
}

impl<'a> Premium<'a> {
    fn new(put: &UnitPut, boundary: &Boundary, scheme: &'a Scheme) -> Self {
        let World { years, rate, dividend_yield, volatility } = put.world;
        Self {
            world: put.world,
            spot: put.log_spot.exp(),
            moneyness: put.log_spot - boundary.log_limit,
            drift: rate - dividend_yield - 0.5 * volatility * volatility,
            deviation: volatility * years.sqrt(),
            sines: &scheme.price_sines,
            weights: &scheme.price_weights,
        }
    }

    /// The integrand at quadrature point `k`, where y of the boundary is `later`.
    #[inline(always)]
    fn at(&self, k: usize, later: f64) -> Integrand {
        let World { years, rate, dividend_yield, .. } = self.world;
        let time = years * self.sines[k] * self.sines[k];
        let span = self.deviation * self.sines[k];
        let per_span = 1.0 / span;
        let minus = (self.moneyness + later + self.drift * time) * per_span;
        let plus = minus + span;
        let kernel_minus = exp(-0.5 * minus * minus);
        let kernel_plus = exp(-0.5 * plus * plus);
        let weight = 2.0 * years * self.weights[k] * self.sines[k];
        let strike_weight = weight * exp(-rate * time);
        let spot_weight = weight * exp(-dividend_yield * time) * self.spot;
        Integrand {
            time,
            span,
            minus,
            plus,
            strike_leg: strike_weight * cdf_with_kernel(-minus, kernel_minus),
            spot_leg: spot_weight * cdf_with_kernel(-plus, kernel_plus),
            strike_density: rate * strike_weight * INV_SQRT_2PI * kernel_minus * per_span,
            spot_density: dividend_yield * spot_weight * INV_SQRT_2PI * kernel_plus * per_span,
        }
    }
}

/// ∫ [r·e^(−rt)·Φ(−d₋) − q·x·e^(−qt)·Φ(−d₊)] dt over the time t from now, d± at x/B(T − t).
fn premium(put: &UnitPut, boundary: &Boundary, scheme: &Scheme) -> f64 {
    let World { rate, dividend_yield, .. } = put.world;
    let count = scheme.price_sines.len();
    let mut later = [0.0; MOST_PRICE_POINTS];
    let later = &mut later[..count];
    combine(&scheme.price_interpolation, &boundary.squares()[..scheme.root_times.len()], later);
    let premium = Premium::new(put, boundary, scheme);
    // Without a sum, so that the loop vectorises.
    for (k, later) in later.iter_mut().enumerate() {
        let at = premium.at(k, later.max(0.0).sqrt());
        *later = rate * at.strike_leg - dividend_yield * at.spot_leg;
    }
    later.iter().sum()
}

/// The premium of a put of strike 1 and its derivatives.
struct PremiumGreeks {
    value: f64,
    delta: f64,
    gamma: f64,
    /// By volatility, rate and dividend yield.
    by_world: [f64; 3],
}

fn premium_greeks(put: &UnitPut, boundary: &Boundary, slopes: &Slopes, scheme: &Scheme) -> PremiumGreeks {
    let World { rate, dividend_yield, volatility, .. } = put.world;
    let (count, nodes) = (scheme.price_sines.len(), scheme.root_times.len());
    let interpolated = |values: &[f64; MOST_NODES]| {
        let mut sums = [0.0; MOST_PRICE_POINTS];
        combine(&scheme.price_interpolation, &values[..nodes], &mut sums[..count]);
        sums
    };
    let later = interpolated(&boundary.squares());
    let moved = slopes.half_squares.each_ref().map(interpolated);
    let [_, limit_by_rate, limit_by_yield] = slopes.log_limit;
    let least = (LEAST_SHARE * (boundary.log_limit - boundary.log_now())).max(f64::EPSILON);
    let premium = Premium::new(put, boundary, scheme);
    let mut parts = [[0.0; MOST_PRICE_POINTS]; 6];
    let [value, delta, gamma, by_volatility, by_rate, by_yield] = &mut parts;
    // Without sums, so that the loop vectorises.
    for k in 0..count {
        let later = later[k].max(0.0).sqrt();
        let at = premium.at(k, later);
        let Integrand { time, span, minus, plus, strike_density, spot_density, .. } = at;
        let [moved_by_volatility, moved_by_rate, moved_by_yield] =
            moved.each_ref().map(|moved| moved[k] / later.max(least));
        let density = strike_density - spot_density;
        value[k] = rate * at.strike_leg - dividend_yield * at.spot_leg;
        delta[k] = -density - dividend_yield * at.spot_leg;
        gamma[k] = strike_density * (1.0 + minus / span) + spot_density * (1.0 - plus / span);
        by_volatility[k] = (strike_density * plus - spot_density * minus) * span / volatility
            - density * moved_by_volatility;
        by_rate[k] = (1.0 - rate * time) * at.strike_leg - density * (time - limit_by_rate + moved_by_rate);
        by_yield[k] =
            (dividend_yield * time - 1.0) * at.spot_leg + density * (time + limit_by_yield - moved_by_yield);
    }
    let [value, delta, gamma, by_world @ ..] = parts.map(|part| part.iter().sum::<f64>());
    PremiumGreeks {
        value,
        delta: delta / premium.spot,
        gamma: gamma / (premium.spot * premium.spot),
        by_world,
    }
}

/// Least share of y now by which a derivative of y² is divided. The interpolated y touches 0 near expiration where rate and yield are nearly equal;
/// its true value never comes close.
const LEAST_SHARE: f64 = 4e-3;

/// Distance from the boundary in σ√T under which the premium's integrand is steep.
const NEAR_DEVIATIONS: f64 = 0.5;

fn collocation_greeks(option: &VanillaOption) -> Greeks {
    let scheme = &*ACCURATE;
    let put = UnitPut::of(option);
    let (boundary, slopes) = Boundary::solve_with_slopes(&put.world, scheme);
    if put.log_spot <= boundary.log_now() {
        return Greeks { price: option.intrinsic(), delta: option.right.sign(), ..Greeks::default() };
    }
    let distance = put.log_spot - boundary.log_now();
    let near = if distance < NEAR_DEVIATIONS * option.deviation() { &*NEAR } else { scheme };
    let premium = premium_greeks(&put, &boundary, &slopes, near);
    let mut greeks = with_premium(option, &premium);
    if exercised_at_less_volatility(&put, &boundary) {
        let at = |h: f64| price_with(&VanillaOption { volatility: option.volatility + h, ..*option }, scheme);
        greeks.vega = four_point_slope(WIDE_VOLATILITY_STEP, at);
    }
    if greeks.is_finite() {
        with_kinked_rhos(option, greeks)
    } else {
        // The densities at a boundary far from the spot underflow, and derivatives of the boundary's equation with them.
        differenced(option, |o| price_with(o, scheme))
    }
}

/// European price and Greeks plus the premium's.
fn with_premium(option: &VanillaOption, premium: &PremiumGreeks) -> Greeks {
    let VanillaOption { spot, strike, .. } = *option;
    let european = european::greeks(option);
    let [by_volatility, by_rate, by_yield] = premium.by_world;
    // A call is S·p(K/S) with rate and yield swapped: its derivatives by S follow from those of p.
    let ratio = strike / spot;
    let (scale, delta, gamma, rho, dividend_rho) = match option.right {
        OptionRight::Put => (strike, premium.delta, premium.gamma / strike, by_rate, by_yield),
        OptionRight::Call => (
            spot,
            premium.value - ratio * premium.delta,
            ratio * ratio * premium.gamma / spot,
            by_yield,
            by_rate,
        ),
    };
    let price = (european.price + scale * premium.value.max(0.0)).max(option.intrinsic());
    let (delta, gamma) = (european.delta + delta, european.gamma + gamma);
    Greeks {
        price,
        delta,
        gamma,
        vega: european.vega + scale * by_volatility,
        theta_year: theta(option, price, delta, gamma),
        rho: european.rho + scale * rho,
        dividend_rho: european.dividend_rho + scale * dividend_rho,
    }
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
