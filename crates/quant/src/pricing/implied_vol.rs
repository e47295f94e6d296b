//! Implied volatility: the volatility at which a model gives a price, or the reason why none does.
//!
//! European prices are inverted by P. Jäckel's "Let's Be Rational" (2015, in the `implied-vol` crate); American ones
//! by a bracketed secant on the American price, to 1e-7 or to the precision that the price leaves. Prices are for one
//! share in the currency of the spot, answers are volatilities as fractions a year.

use implied_vol::{DefaultSpecialFn, ImpliedBlackVolatilityNormalised};
use serde::{Deserialize, Serialize};
use ttai_core::OptionRight;

use super::finite_difference::{self, Exercise};
use super::normal::{exp, ln};
use super::option::relevant_dividends;
use super::{Dividend, PricingError, VanillaOption, american, american_dividends};

/// Highest volatility looked for by the American solvers (5000 %).
pub const MAX_VOLATILITY: f64 = 50.0;

/// Why no volatility gives a price.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
pub enum NoImpliedVol {
    /// The price is not a positive finite number.
    #[error("a price of {price} implies no volatility; an option with one costs more than nothing")]
    NotPositive {
        /// The price.
        price: f64,
    },
    /// The option has expired.
    #[error("an option with {years} years to run has no implied volatility")]
    Expired {
        /// Time to expiration in years of 365 days.
        years: f64,
    },
    /// American: at or under the exercise value, which every low volatility gives.
    #[error(
        "the price {price} is not above the exercise value {intrinsic}, which is the price at every low volatility"
    )]
    BelowIntrinsic {
        /// The price.
        price: f64,
        /// The exercise value.
        intrinsic: f64,
    },
    /// At or under the price that remains as the volatility goes to zero.
    #[error("the price {price} is not above {bound}, the price without any volatility")]
    BelowBound {
        /// The price.
        price: f64,
        /// The limit at zero volatility.
        bound: f64,
    },
    /// At or above what no volatility reaches.
    #[error("the price {price} is not below {bound}, which no volatility reaches")]
    AboveBound {
        /// The price.
        price: f64,
        /// The limit.
        bound: f64,
    },
    /// An input is out of range.
    #[error(transparent)]
    Input(#[from] InvalidInput),
}

/// An input that no price exists for, as text so that it can be stored.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("spot, strike, rate, yield or a dividend is out of range")]
pub struct InvalidInput;

impl From<PricingError> for NoImpliedVol {
    fn from(_: PricingError) -> Self {
        Self::Input(InvalidInput)
    }
}

/// Black–Scholes–Merton implied volatility, a fraction a year, of a European price in the currency of the
/// spot, to 1e-8 or to the precision that the price leaves. P. Jäckel, "Let's Be Rational" (2015).
///
/// The option's own volatility is ignored.
///
/// # Errors
/// [`NoImpliedVol`] for a price that is not positive and finite, an option without time to run, or where the
/// price is at or outside the bounds max(±(Se^(−qT) − Ke^(−rT)), 0) and Se^(−qT) (call) or Ke^(−rT) (put).
pub fn european(option: &VanillaOption, price: f64) -> Result<f64, NoImpliedVol> {
    check(option, price)?;
    let spot_now = option.spot * exp(-option.dividend_yield * option.years);
    let strike_now = option.strike * exp(-option.rate * option.years);
    let (lower, upper) = match option.right {
        OptionRight::Call => ((spot_now - strike_now).max(0.0), spot_now),
        OptionRight::Put => ((strike_now - spot_now).max(0.0), strike_now),
    };
    if price <= lower {
        return Err(NoImpliedVol::BelowBound { price, bound: lower });
    }
    if price >= upper {
        return Err(NoImpliedVol::AboveBound { price, bound: upper });
    }
    // Log-moneyness and time value are given as they are, instead of forwards whose logarithm and difference the solver takes again.
    ImpliedBlackVolatilityNormalised::builder()
        .log_moneyness(ln(option.spot / option.strike) + (option.rate - option.dividend_yield) * option.years)
        .normalised_price((price - lower) / (spot_now * strike_now).sqrt())
        .build()
        .and_then(|solver| solver.calculate::<DefaultSpecialFn>())
        .map(|deviation| deviation / option.years.sqrt())
        .filter(|volatility| volatility.is_finite() && *volatility > 0.0)
        .ok_or(NoImpliedVol::BelowBound { price, bound: lower })
}

/// Implied volatility, a fraction a year, of an American price ([`american::price`]) in the currency of the
/// spot, under a continuous yield, to 1e-7; that of [`european()`] where exercise never pays. The option's
/// own volatility is ignored.
///
/// # Errors
/// [`NoImpliedVol`] for a price that is not positive and finite, an option without time to run, where the
/// price is at or under the exercise value or the price without volatility, not under S·max(e^(−qT), 1)
/// (call) or K·max(e^(−rT), 1) (put), or over what [`MAX_VOLATILITY`] gives.
pub fn american(option: &VanillaOption, price: f64) -> Result<f64, NoImpliedVol> {
    check(option, price)?;
    check_american(option, price)?;
    if american::is_european(option) {
        return european(option, price);
    }
    search(option, price, |volatility| american::price(&VanillaOption { volatility, ..*option }))
}

/// Implied volatility, a fraction a year, of a European price
/// ([`european::price_with_dividends`](super::european::price_with_dividends)) in the currency of the spot,
/// under cash dividends in the spot model, to 1e-7 of the finite-difference price. The option's own
/// volatility is ignored.
///
/// # Errors
/// [`NoImpliedVol`] for a price that is not positive and finite, an option without time to run, where the
/// price is at or under the price without volatility or no volatility to [`MAX_VOLATILITY`] reaches it, or
/// for an impossible dividend.
pub fn european_dividends(
    option: &VanillaOption,
    dividends: &[Dividend],
    price: f64,
) -> Result<f64, NoImpliedVol> {
    check(option, price)?;
    let relevant = relevant_dividends(dividends, option.years)?;
    if relevant.is_empty() {
        return european(option, price);
    }
    search_grid(option, &relevant, Exercise::AtExpiration, price)
}

/// Implied volatility, a fraction a year, of an American price
/// ([`american_dividends::price`]) in the currency of the spot, under cash
/// dividends in the spot model, to 1e-7 of the finite-difference price. The option's own volatility is
/// ignored.
///
/// # Errors
/// [`NoImpliedVol`] as for [`american()`], or for an impossible dividend.
pub fn american_dividends(
    option: &VanillaOption,
    dividends: &[Dividend],
    price: f64,
) -> Result<f64, NoImpliedVol> {
    check(option, price)?;
    let relevant = relevant_dividends(dividends, option.years)?;
    if relevant.is_empty() {
        return american(option, price);
    }
    check_american(option, price)?;
    search_grid(option, &relevant, american_dividends::exercise(option), price)
}

/// The search over finite-difference prices.
fn search_grid(
    option: &VanillaOption,
    dividends: &[Dividend],
    exercise: Exercise,
    price: f64,
) -> Result<f64, NoImpliedVol> {
    search(option, price, |volatility| {
        let lane = american_dividends::solvable(&VanillaOption { volatility, ..*option });
        finite_difference::solve_one(&lane, dividends, exercise).price
    })
}

fn check(option: &VanillaOption, price: f64) -> Result<(), NoImpliedVol> {
    if !(price > 0.0 && price.is_finite()) {
        return Err(NoImpliedVol::NotPositive { price });
    }
    if option.years <= 0.0 {
        return Err(NoImpliedVol::Expired { years: option.years });
    }
    Ok(())
}

fn check_american(option: &VanillaOption, price: f64) -> Result<(), NoImpliedVol> {
    let intrinsic = option.intrinsic();
    if price <= intrinsic {
        return Err(NoImpliedVol::BelowIntrinsic { price, intrinsic });
    }
    let bound = match option.right {
        OptionRight::Call => option.spot * (-option.dividend_yield * option.years).exp().max(1.0),
        OptionRight::Put => option.strike * (-option.rate * option.years).exp().max(1.0),
    };
    if price >= bound {
        return Err(NoImpliedVol::AboveBound { price, bound });
    }
    Ok(())
}

/// Finds the volatility at which a price that grows with it is `target`.
fn search(option: &VanillaOption, target: f64, price: impl Fn(f64) -> f64) -> Result<f64, NoImpliedVol> {
    let (mut low, mut high) = (1e-6, MAX_VOLATILITY);
    // An American price is not under the European one, so that its volatility is not above the European one.
    let mut guess = european(option, target).unwrap_or(0.3).clamp(1e-3, 20.0);
    let mut low_price = price(low);
    if target <= low_price {
        return Err(NoImpliedVol::BelowBound { price: target, bound: low_price });
    }
    let mut high_price = f64::NAN;
    let mut previous: Option<(f64, f64)> = None;
    for _ in 0..100 {
        let value = price(guess);
        let miss = value - target;
        if miss.abs() <= 1e-15 * target || high - low < 1e-12 {
            return Ok(guess);
        }
        if miss < 0.0 {
            (low, low_price) = (guess, value);
        } else {
            (high, high_price) = (guess, value);
        }
        let slope = match previous {
            Some((other, other_value)) if other != guess => (value - other_value) / (guess - other),
            _ => vega(option, guess),
        };
        previous = Some((guess, value));
        let newton = guess - miss / slope;
        let next = if newton > low && newton < high {
            newton
        } else {
            inside(low, low_price, high, high_price, target)
        };
        if (next - guess).abs() < 1e-9 * guess {
            return Ok(next);
        }
        guess = next;
    }
    if high == MAX_VOLATILITY {
        return Err(NoImpliedVol::AboveBound { price: target, bound: price(MAX_VOLATILITY) });
    }
    Ok(0.5 * (low + high))
}

/// A point inside the bracket: its geometric middle, which copes with volatilities of any size.
fn inside(low: f64, low_price: f64, high: f64, high_price: f64, target: f64) -> f64 {
    let flat = !high_price.is_finite() || high_price - low_price <= 1e-12 * target;
    if flat || high > 4.0 * low { (low * high).sqrt() } else { 0.5 * (low + high) }
}

fn vega(option: &VanillaOption, volatility: f64) -> f64 {
    super::european::greeks(&VanillaOption { volatility, ..*option }).vega.max(1e-12)
}
