//! American options on a share that pays cash dividends, in the spot model.
//!
//! The share follows a lognormal path of the given volatility between ex-dates and drops by the cash at each ("spot"
//! or piecewise lognormal model; the escrowed model, in which only the share less the dividends' present value moves,
//! gives other prices). Exercise is possible at any time, just before an ex-date too. Solved by finite differences
//! (Crandall and Douglas' compact scheme; exercise by M. Brennan, E. Schwartz, "The Valuation of American Put
//! Options", 1977); error under 2e-4 per 100 of spot. Over σ√T = 4 the escrowed model stands in. Without a dividend
//! the answer is [`super::american`]'s.

use super::finite_difference::{self, Exercise, Solution};
use super::option::relevant_dividends;
use super::{Dividend, Greeks, PricingError, VanillaOption, american};

/// Under this σ√T finite differences have no distribution to resolve.
const LEAST_DEVIATION: f64 = 1e-5;

/// Price in the currency of the spot; the model, its source and its error stand at the top of this module.
///
/// # Errors
/// [`PricingError::Dividend`] where a dividend's amount is outside 0 to 1e9 or its time is not finite.
pub fn price(option: &VanillaOption, dividends: &[Dividend]) -> Result<f64, PricingError> {
    let relevant = relevant_dividends(dividends, option.years)?;
    if relevant.is_empty() {
        return Ok(american::price(option));
    }
    Ok(finite_difference::solve_one(&solvable(option), &relevant, exercise(option)).price)
}

/// Price and Greeks; units at [`Greeks`], the model and its source at the top of this module. Error in price
/// as there, in delta under 1e-3, in gamma under 0.2 %, in vega under 0.5 %. Rho is one-sided where [`rho_is_one_sided`] says so.
///
/// # Errors
/// [`PricingError::Dividend`] where a dividend's amount is outside 0 to 1e9 or its time is not finite.
pub fn greeks(option: &VanillaOption, dividends: &[Dividend]) -> Result<Greeks, PricingError> {
    let relevant = relevant_dividends(dividends, option.years)?;
    if relevant.is_empty() {
        return Ok(american::greeks(option));
    }
    Ok(greeks_finely(&solvable(option), &relevant, exercise(option)))
}

/// Price and Greeks by differences of solutions; `dividends` are sorted and inside the option's life, which [`solvable`] made solvable.
pub(crate) fn greeks_finely(option: &VanillaOption, dividends: &[Dividend], exercise: Exercise) -> Greeks {
    let by_volatility = volatility_bump(option);
    let rates = RateStep::of(option, exercise);
    let bumped = [
        *option,
        VanillaOption { volatility: option.volatility + by_volatility, ..*option },
        VanillaOption { volatility: option.volatility - by_volatility, ..*option },
        VanillaOption { rate: rates.high, ..*option },
        VanillaOption { rate: rates.low, ..*option },
        VanillaOption { dividend_yield: option.dividend_yield + RATE_BUMP, ..*option },
        VanillaOption { dividend_yield: option.dividend_yield - RATE_BUMP, ..*option },
    ];
    let s = finite_difference::solve_many_finely(&bumped, dividends, exercise);
    let floor = if exercise == Exercise::AtExpiration { 0.0 } else { option.intrinsic() };
    let at = Solution { price: s[0].price.max(floor), ..s[0] };
    assemble(option, exercise, at, [s[1], s[2]], [s[3], s[4]], [s[5], s[6]])
}

/// Difference of rates over which rho is measured, to either side.
const RATE_BUMP: f64 = 1e-3;

/// The rates between which rho is measured: to either side of the option's own, or to one side where a rate of 0 lies near, at which early
/// exercise changes its kind and the price has a kink.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct RateStep {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl RateStep {
    pub(crate) fn of(option: &VanillaOption, exercise: Exercise) -> Self {
        let rate = option.rate;
        let one_sided = exercise != Exercise::AtExpiration && rho_is_one_sided(option);
        match (one_sided, rate < 0.0) {
            (false, _) => Self { low: rate - RATE_BUMP, high: rate + RATE_BUMP },
            (true, false) => Self { low: rate, high: rate + 0.5 * RATE_BUMP },
            (true, true) => Self { low: rate - 0.5 * RATE_BUMP, high: rate },
        }
    }

    fn width(self) -> f64 {
        self.high - self.low
    }
}

/// Whether the rate is so near 0 that the rho of an American option under cash dividends is one-sided: towards higher rates from a rate of 0 or more,
/// towards lower ones under 0. Just over 0 it can pay to exercise a put early, under 0 a call; the slopes on the two sides differ.
#[must_use]
pub fn rho_is_one_sided(option: &VanillaOption) -> bool {
    option.rate.abs() < RATE_BUMP
}

/// Difference of volatility over which vega is measured.
pub(crate) fn volatility_bump(option: &VanillaOption) -> f64 {
    0.01 * option.volatility
}

/// A time value under this share of the strike is the rounding of the solver: nothing is gained by waiting, and the option is exercised now.
const ROUNDING: f64 = 1e-12;

/// Greeks from the solutions at the option and at its neighbours above and below. An option that is exercised now has neither gamma, vega nor theta.
pub(crate) fn assemble(
    option: &VanillaOption,
    exercise: Exercise,
    at: Solution,
    volatility: [Solution; 2],
    rate: [Solution; 2],
    dividend_yield: [Solution; 2],
) -> Greeks {
    let slope = |pair: [Solution; 2], width: f64| (pair[0].price - pair[1].price) / width;
    let exercised = exercise != Exercise::AtExpiration
        && at.price <= option.intrinsic() + ROUNDING * option.strike
        && (at.delta.abs() - 1.0).abs() < 1e-6;
    let carry = option.rate - option.dividend_yield;
    let theta = option.rate * at.price
        - carry * option.spot * at.delta
        - 0.5 * (option.volatility * option.spot).powi(2) * at.gamma;
    Greeks {
        price: at.price,
        delta: at.delta,
        gamma: if exercised { 0.0 } else { at.gamma },
        vega: if exercised { 0.0 } else { slope(volatility, 2.0 * volatility_bump(option)) },
        theta_year: if exercised { 0.0 } else { theta },
        rho: slope(rate, RateStep::of(option, exercise).width()),
        dividend_rho: slope(dividend_yield, 2.0 * RATE_BUMP),
    }
}

/// The option with at least the volatility that can be resolved.
pub(crate) fn solvable(option: &VanillaOption) -> VanillaOption {
    let least = LEAST_DEVIATION / option.years.sqrt();
    VanillaOption { volatility: option.volatility.max(least), ..*option }
}

/// Which side the exercise region may have.
pub(crate) fn exercise(option: &VanillaOption) -> Exercise {
    if option.rate < 0.0 && option.dividend_yield < 0.0 { Exercise::TwoSided } else { Exercise::OneSided }
}

#[cfg(test)]
mod tests {
    use ttai_core::OptionRight;

    use super::*;

    #[test]
    fn rho_at_a_rate_of_0_is_the_slope_towards_higher_rates() {
        let put = |rate: f64| VanillaOption::new(OptionRight::Put, 60.0, 100.0, 1.0, rate, 0.0, 0.1).unwrap();
        let dividends = [Dividend { years: 0.05, amount: 1.0 }];
        let value = |rate: f64| price(&put(rate), &dividends).unwrap();
        let (up, down) = ((value(1e-3) - value(0.0)) / 1e-3, (value(0.0) - value(-1e-3)) / 1e-3);
        // Over 0 the put is exercised after the ex-date and loses that much interest on the strike; under 0 it is held for the whole year.
        assert!((up + 0.05 * 100.0).abs() < 0.3, "{up}");
        assert!((down + 100.0).abs() < 1.0, "{down}");
        let rho = |rate: f64| greeks(&put(rate), &dividends).unwrap().rho;
        assert!((rho(0.0) - up).abs() < 0.3, "{} {up}", rho(0.0));
        assert!((rho(-1e-4) - down).abs() < 1.0, "{} {down}", rho(-1e-4));
        assert!(rho_is_one_sided(&put(0.0)) && !rho_is_one_sided(&put(0.0025)));
    }
}
