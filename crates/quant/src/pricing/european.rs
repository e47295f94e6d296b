//! European options: Black–Scholes–Merton with a continuous dividend yield, one at a time or over slices, and with cash dividends.
//!
//! F. Black, M. Scholes, "The Pricing of Options and Corporate Liabilities", 1973; R. Merton, "Theory of Rational Option Pricing", 1973.
//! Error under 1e-12·max(S, K) in price and 1e-9 (scaled) in every Greek.

use ttai_core::OptionRight;

use super::finite_difference::{self, Exercise};
use super::normal::{INV_SQRT_2PI, cdf_with_kernel, exp, ln};
use super::option::relevant_dividends;
use super::{Dividend, Greeks, PricingError, VanillaOption, american_dividends};

/// Under this σ√T the distribution is a point: the value is that of the forward.
const POINT_DEVIATION: f64 = 1e-10;

/// Price in the currency of the spot, to rounding. Black and Scholes (1973), with
/// Merton's dividend yield (1973).
#[must_use]
pub fn price(option: &VanillaOption) -> f64 {
    greeks(option).price
}

/// Price and Greeks; units at [`Greeks`], source and error at the top of this module.
///
/// At σ√T = 0 (under 1e-10) the value is that of the deterministic forward, delta at its kink is the mean of
/// both sides, gamma and vega are 0.
#[must_use]
pub fn greeks(option: &VanillaOption) -> Greeks {
    if option.deviation() < POINT_DEVIATION {
        return deterministic(option);
    }
    evaluate(
        option.right.sign(),
        option.spot,
        option.strike,
        option.years,
        option.rate,
        option.dividend_yield,
        option.volatility,
    )
}

/// Price under cash dividends at known dates, in the spot model: the share follows a lognormal path between ex-dates
/// and drops by the cash at each; an option's `dividend_yield` applies beside them. In the currency of the spot,
/// error under 1e-4·max(S, K)/100; the scheme, and what stands in over σ√T = 4, are those of [`american_dividends`].
///
/// # Errors
/// [`PricingError::Dividend`] where a dividend's amount is outside 0 to 1e9 or its time is not finite.
pub fn price_with_dividends(option: &VanillaOption, dividends: &[Dividend]) -> Result<f64, PricingError> {
    let relevant = relevant_dividends(dividends, option.years)?;
    if relevant.is_empty() || option.deviation() < POINT_DEVIATION {
        let paid: f64 = relevant
            .iter()
            .map(|d| d.amount * (-(option.rate - option.dividend_yield) * d.years).exp())
            .sum();
        let spot = (option.spot - paid).max(1e-6);
        return Ok(price(&VanillaOption { spot, ..*option }));
    }
    Ok(finite_difference::solve_one(option, &relevant, Exercise::AtExpiration).price)
}

/// Price and Greeks under cash dividends at known dates, in the spot model of [`price_with_dividends`]; units at [`Greeks`]. Where no dividend
/// falls into the option's life the answer is that of [`greeks`].
///
/// # Errors
/// [`PricingError::Dividend`] where a dividend's amount is outside 0 to 1e9 or its time is not finite.
pub fn greeks_with_dividends(option: &VanillaOption, dividends: &[Dividend]) -> Result<Greeks, PricingError> {
    let relevant = relevant_dividends(dividends, option.years)?;
    if relevant.is_empty() {
        return Ok(greeks(option));
    }
    let option = american_dividends::solvable(option);
    Ok(american_dividends::greeks_finely(&option, &relevant, Exercise::AtExpiration))
}

/// The arithmetic of one option with σ√T > 0; free of branches so that loops over it vectorise.
#[inline(always)]
fn evaluate(
    sign: f64,
    spot: f64,
    strike: f64,
    years: f64,
    rate: f64,
    dividend_yield: f64,
    volatility: f64,
) -> Greeks {
    let root = years.sqrt();
    let deviation = volatility * root;
    let d1 = (ln(spot / strike) + (rate - dividend_yield) * years) / deviation + 0.5 * deviation;
    let d2 = d1 - deviation;
    let strike_now = strike * exp(-rate * years);
    let spot_now = spot * exp(-dividend_yield * years);
    let kernel1 = exp(-0.5 * d1 * d1);
    let kernel2 = exp(-0.5 * d2 * d2);
    let n1 = cdf_with_kernel(sign * d1, kernel1);
    let n2 = cdf_with_kernel(sign * d2, kernel2);
    let density = INV_SQRT_2PI * kernel1;
    let spot_leg = sign * spot_now * n1;
    let strike_leg = sign * strike_now * n2;
    let vega = spot_now * density * root;
    Greeks {
        price: (spot_leg - strike_leg).max(0.0),
        delta: spot_leg / spot,
        gamma: vega / (spot * spot * deviation * root),
        vega,
        theta_year: dividend_yield * spot_leg - rate * strike_leg - 0.5 * vega * volatility / years,
        rho: years * strike_leg,
        dividend_rho: -years * spot_leg,
    }
}

fn deterministic(option: &VanillaOption) -> Greeks {
    let sign = option.right.sign();
    let strike_now = option.strike * (-option.rate * option.years).exp();
    let spot_now = option.spot * (-option.dividend_yield * option.years).exp();
    let value = sign * (spot_now - strike_now);
    let weight = if value > 0.0 {
        1.0
    } else if value < 0.0 {
        0.0
    } else {
        0.5
    };
    let spot_leg = weight * sign * spot_now;
    let strike_leg = weight * sign * strike_now;
    Greeks {
        price: value.max(0.0),
        delta: spot_leg / option.spot,
        gamma: 0.0,
        vega: 0.0,
        theta_year: option.dividend_yield * spot_leg - option.rate * strike_leg,
        rho: option.years * strike_leg,
        dividend_rho: -option.years * spot_leg,
    }
}

/// Inputs of many options, one slice an input; all slices have one length. Units and ranges are those of
/// [`VanillaOption::new`].
#[derive(Clone, Copy, Debug)]
pub struct BatchInputs<'a> {
    /// +1 for a call, −1 for a put ([`OptionRight::sign`]).
    pub sign: &'a [f64],
    /// Spot prices, 1e-6 to 1e9.
    pub spot: &'a [f64],
    /// Strikes in the currency of the spot, 1e-6 to 1e9.
    pub strike: &'a [f64],
    /// Years of 365 days to expiration, 0 to 100.
    pub years: &'a [f64],
    /// Continuous rates, fractions a year, −1 to 1.
    pub rate: &'a [f64],
    /// Continuous dividend yields, fractions a year, −1 to 1.
    pub dividend_yield: &'a [f64],
    /// Volatilities, fractions a year, 0 to 50.
    pub volatility: &'a [f64],
}

/// Prices and Greeks of many options, one vector an output; units as in [`Greeks`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BatchGreeks {
    /// Values in the currency of the spot.
    pub price: Vec<f64>,
    /// Deltas per 1.00 of the spot.
    pub delta: Vec<f64>,
    /// Gammas: change of delta per 1.00 of the spot.
    pub gamma: Vec<f64>,
    /// Vegas per 1.00 of volatility.
    pub vega: Vec<f64>,
    /// Thetas a year of 365 days.
    pub theta_year: Vec<f64>,
    /// Rhos per 1.00 of the rate.
    pub rho: Vec<f64>,
}

/// The slices of a batch have different lengths, or an input is outside [`VanillaOption`]'s range.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum BatchError {
    /// Lengths differ.
    #[error("the batch's slices have different lengths; give one value of each input per option")]
    Lengths,
    /// A sign that is neither a call's nor a put's.
    #[error("option {index} of the batch has the sign {value}; give 1 for a call, -1 for a put")]
    Sign {
        /// Its position, from 0.
        index: usize,
        /// What was given.
        value: f64,
    },
    /// One option is impossible.
    #[error("option {index} of the batch: {source}")]
    Option {
        /// Its position, from 0.
        index: usize,
        /// What is wrong with it.
        source: PricingError,
    },
}

/// Options handled at a time: few enough for the first-level cache, enough to fill vector units.
const BLOCK: usize = 64;

/// Prices and Greeks of many options, some 20 million a second on one core; the same arithmetic, source and
/// error as [`greeks`].
///
/// `results` is overwritten and its memory reused.
///
/// # Errors
/// [`BatchError`] where lengths differ or an input is out of range; nothing is computed then.
pub fn greeks_batch(inputs: &BatchInputs<'_>, results: &mut BatchGreeks) -> Result<(), BatchError> {
    check(inputs)?;
    let count = inputs.sign.len();
    let BatchGreeks { price, delta, gamma, vega, theta_year, rho } = results;
    for column in [&mut *price, &mut *delta, &mut *gamma, &mut *vega, &mut *theta_year, &mut *rho] {
        column.resize(count, 0.0);
    }
    let mut start = 0;
    while start < count {
        let end = (start + BLOCK).min(count);
        let range = start..end;
        block(
            inputs,
            start,
            [
                &mut price[range.clone()],
                &mut delta[range.clone()],
                &mut gamma[range.clone()],
                &mut vega[range.clone()],
                &mut theta_year[range.clone()],
                &mut rho[range],
            ],
        );
        start = end;
    }
    Ok(())
}

fn block(
    inputs: &BatchInputs<'_>,
    start: usize,
    [price, delta, gamma, vega, theta_year, rho]: [&mut [f64]; 6],
) {
    let count = price.len();
    let range = start..start + count;
    let (sign, spot, strike) =
        (&inputs.sign[range.clone()], &inputs.spot[range.clone()], &inputs.strike[range.clone()]);
    let (years, rate) = (&inputs.years[range.clone()], &inputs.rate[range.clone()]);
    let (dividend_yield, volatility) = (&inputs.dividend_yield[range.clone()], &inputs.volatility[range]);
    let (delta, gamma, vega) = (&mut delta[..count], &mut gamma[..count], &mut vega[..count]);
    let (theta_year, rho) = (&mut theta_year[..count], &mut rho[..count]);
    let mut least_deviation = f64::INFINITY;
    for i in 0..count {
        let result =
            evaluate(sign[i], spot[i], strike[i], years[i], rate[i], dividend_yield[i], volatility[i]);
        least_deviation = least_deviation.min(volatility[i] * volatility[i] * years[i]);
        price[i] = result.price;
        delta[i] = result.delta;
        gamma[i] = result.gamma;
        vega[i] = result.vega;
        theta_year[i] = result.theta_year;
        rho[i] = result.rho;
    }
    if least_deviation >= POINT_DEVIATION * POINT_DEVIATION {
        return;
    }
    for i in (0..count).filter(|&i| volatility[i] * years[i].sqrt() < POINT_DEVIATION) {
        let option = VanillaOption {
            right: if sign[i] > 0.0 { OptionRight::Call } else { OptionRight::Put },
            spot: spot[i],
            strike: strike[i],
            years: years[i],
            rate: rate[i],
            dividend_yield: dividend_yield[i],
            volatility: volatility[i],
        };
        let result = deterministic(&option);
        (price[i], delta[i], gamma[i]) = (result.price, result.delta, result.gamma);
        (vega[i], theta_year[i], rho[i]) = (result.vega, result.theta_year, result.rho);
    }
}

fn check(inputs: &BatchInputs<'_>) -> Result<(), BatchError> {
    let count = inputs.sign.len();
    let columns =
        [inputs.spot, inputs.strike, inputs.years, inputs.rate, inputs.dividend_yield, inputs.volatility];
    if columns.iter().any(|column| column.len() != count) {
        return Err(BatchError::Lengths);
    }
    let outside = |column: &[f64], low: f64, high: f64| {
        // Not short-circuited: the fold vectorises.
        column.iter().fold(false, |bad, x| bad | !((*x >= low) & (*x <= high)))
    };
    let bad = outside(inputs.spot, 1e-6, 1e9)
        | outside(inputs.strike, 1e-6, 1e9)
        | outside(inputs.years, 0.0, 100.0)
        | outside(inputs.rate, -1.0, 1.0)
        | outside(inputs.dividend_yield, -1.0, 1.0)
        | outside(inputs.volatility, 0.0, 50.0)
        | inputs.sign.iter().fold(false, |bad, sign| bad | (sign.abs() != 1.0));
    if !bad {
        return Ok(());
    }
    for i in 0..count {
        let value = inputs.sign[i];
        if value.abs() != 1.0 {
            return Err(BatchError::Sign { index: i, value });
        }
        let right = if inputs.sign[i] > 0.0 { OptionRight::Call } else { OptionRight::Put };
        VanillaOption::new(
            right,
            inputs.spot[i],
            inputs.strike[i],
            inputs.years[i],
            inputs.rate[i],
            inputs.dividend_yield[i],
            inputs.volatility[i],
        )
        .map_err(|source| BatchError::Option { index: i, source })?;
    }
    Ok(())
}
