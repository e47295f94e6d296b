//! The sensitivities that every pricer answers with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Price and sensitivities of one share's worth of an option. Never NaN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Greeks {
    /// Value in the currency of the spot, 0 or more.
    pub price: f64,
    /// Change of the value per 1.00 of the spot; negative for puts.
    pub delta: f64,
    /// Change of delta per 1.00 of the spot.
    pub gamma: f64,
    /// Change of the value per 1.00 of volatility (divide by 100 for a volatility point).
    pub vega: f64,
    /// Change of the value per year of 365 days that passes (divide by 365 for a calendar day).
    pub theta_year: f64,
    /// Change of the value per 1.00 of the rate (divide by 100 for a percentage point). One-sided near a rate of 0 for an American option under
    /// cash dividends ([`super::american_dividends::rho_is_one_sided`]); the mean of both sides without them ([`super::american`]).
    pub rho: f64,
    /// Change of the value per 1.00 of the dividend yield.
    pub dividend_rho: f64,
}

impl Greeks {
    /// Whether every number is finite.
    pub(crate) fn is_finite(&self) -> bool {
        let Self { price, delta, gamma, vega, theta_year, rho, dividend_rho } = *self;
        [price, delta, gamma, vega, theta_year, rho, dividend_rho].iter().all(|number| number.is_finite())
    }
}
