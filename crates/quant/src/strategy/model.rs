//! Model values of legs before expiration: profit and loss by price and date, and the prices at which a plan acts.
//!
//! [`VanillaModel`] prices by [`crate::pricing`], where papers, ranges and errors stand; another
//! [`OptionModel`] answers for its own.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::OptionRight;

use super::legs::{Leg, LegInstrument};
use super::number::to_f64;
use crate::pricing::{Dividend, PricingError, VanillaOption, american, american_dividends, european};

/// One share's worth of an option as a model sees it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelValue {
    /// Dollars a share.
    pub price: f64,
    /// Dollars per dollar of the underlying; negative for puts.
    pub delta: f64,
}

/// An option at a moment that a model is asked about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ModelQuestion {
    /// Call or put.
    pub right: OptionRight,
    /// Price of the underlying then, in dollars.
    pub spot: f64,
    /// Strike in dollars.
    pub strike: f64,
    /// Years of 365 days from now to that moment.
    pub elapsed: f64,
    /// Years of 365 days from that moment to expiration.
    pub years: f64,
    /// Volatility as a fraction a year.
    pub volatility: f64,
}

/// Something that values options; a closure from a [`ModelQuestion`] to a value is one.
pub trait OptionModel {
    /// The value at that moment.
    ///
    /// # Errors
    /// [`PricingError`] names the input that no price exists for.
    fn value(&self, question: &ModelQuestion) -> Result<ModelValue, PricingError>;
}

impl<F: Fn(&ModelQuestion) -> Result<ModelValue, PricingError>> OptionModel for F {
    fn value(&self, question: &ModelQuestion) -> Result<ModelValue, PricingError> {
        self(question)
    }
}

/// American or European options on a flat rate, with cash dividends to come.
#[derive(Clone, Debug, PartialEq)]
pub struct VanillaModel {
    /// Continuously compounded rate as a fraction a year, −1 to 1.
    pub rate: f64,
    /// Cash dividends in dollars a share, years of 365 days from now.
    pub dividends: Vec<Dividend>,
    /// Whether the holder may exercise early.
    pub american: bool,
}

impl OptionModel for VanillaModel {
    fn value(&self, question: &ModelQuestion) -> Result<ModelValue, PricingError> {
        let ModelQuestion { right, spot, strike, elapsed, years, volatility } = *question;
        let option = VanillaOption::new(right, spot, strike, years, self.rate, 0.0, volatility)?;
        let still_to_come =
            |dividend: &&Dividend| dividend.years > elapsed && dividend.years < elapsed + years;
        let dividends: Vec<Dividend> = self
            .dividends
            .iter()
            .filter(still_to_come)
            .map(|dividend| Dividend { years: dividend.years - elapsed, ..*dividend })
            .collect();
        let greeks = match (self.american, dividends.is_empty()) {
            (true, true) => american::greeks(&option),
            (true, false) => american_dividends::greeks(&option, &dividends)?,
            (false, true) => european::greeks(&option),
            (false, false) => {
                let price = european::price_with_dividends(&option, &dividends)?;
                return Ok(ModelValue { price, delta: differenced_delta(&option, &dividends)? });
            }
        };
        Ok(ModelValue { price: greeks.price, delta: greeks.delta })
    }
}

/// Central difference of the price over a thousandth of the spot either way.
fn differenced_delta(option: &VanillaOption, dividends: &[Dividend]) -> Result<f64, PricingError> {
    let step = 1e-3 * option.spot();
    let price = |spot: f64| {
        let (right, strike, years) = (option.right(), option.strike(), option.years());
        let moved = VanillaOption::new(right, spot, strike, years, option.rate(), 0.0, option.volatility())?;
        european::price_with_dividends(&moved, dividends)
    };
    Ok((price(option.spot() + step)? - price(option.spot() - step)?) / (2.0 * step))
}

/// A leg with what a model needs to value it later.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelLeg {
    /// The leg.
    pub leg: Leg,
    /// Its volatility as a fraction a year, held constant; not needed for stock.
    pub volatility: Option<f64>,
    /// Years of 365 days from now to its expiration; not needed for stock.
    pub years: f64,
}

/// Why a leg has no model value.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum ModelError {
    /// An option without a volatility.
    #[error("leg {0} has no implied volatility, so no model values it; leave it out or give one")]
    NoVolatility(usize),
    /// The model refuses an input.
    #[error("leg {leg}: {source}")]
    Pricing {
        /// Its place, from 1.
        leg: usize,
        /// What is wrong.
        source: PricingError,
    },
}

/// Profit in dollars with the underlying at `spot` dollars `elapsed` years (of 365 days) from now, from the legs' entry prices.
///
/// Options at or past their expiration count at their exercise value at `spot`; volatilities stay as they are
/// today. Source and error are the model's.
///
/// # Errors
/// [`ModelError`] names the leg that cannot be valued: it has no volatility, or the model refuses an input.
pub fn model_profit(
    legs: &[ModelLeg],
    spot: f64,
    elapsed: f64,
    model: &impl OptionModel,
) -> Result<f64, ModelError> {
    let mut profit = 0.0;
    for (place, leg) in legs.iter().enumerate() {
        let value = leg_value(leg, place + 1, spot, elapsed, model)?;
        profit += to_f64(leg.leg.shares()) * (value.price - to_f64(leg.leg.entry));
    }
    Ok(profit)
}

/// Profit in dollars at every pair of `spots` in dollars (columns) and `elapsed` years of 365 days from now
/// (rows), each as [`model_profit`].
///
/// # Errors
/// As [`model_profit`].
pub fn profit_grid(
    legs: &[ModelLeg],
    spots: &[f64],
    elapsed: &[f64],
    model: &impl OptionModel,
) -> Result<Vec<Vec<f64>>, ModelError> {
    let row = |&years: &f64| spots.iter().map(|&spot| model_profit(legs, spot, years, model)).collect();
    elapsed.iter().map(row).collect()
}

/// Dollars a share and delta of one leg.
fn leg_value(
    leg: &ModelLeg,
    place: usize,
    spot: f64,
    elapsed: f64,
    model: &impl OptionModel,
) -> Result<ModelValue, ModelError> {
    let LegInstrument::Option { right, strike, .. } = leg.leg.instrument else {
        return Ok(ModelValue { price: spot, delta: 1.0 });
    };
    let (strike, years) = (to_f64(strike), leg.years - elapsed);
    if years <= 0.0 {
        let price = right.intrinsic(spot, strike);
        return Ok(ModelValue { price, delta: if price > 0.0 { right.sign() } else { 0.0 } });
    }
    let volatility = leg.volatility.ok_or(ModelError::NoVolatility(place))?;
    let question = ModelQuestion { right, spot, strike, elapsed, years, volatility };
    model.value(&question).map_err(|source| ModelError::Pricing { leg: place, source })
}

/// What closing all legs costs (negative: brings) in dollars a share of the underlying, `contract_size` shares a unit.
///
/// # Errors
/// As [`model_profit`].
pub(crate) fn closing_cost(
    legs: &[ModelLeg],
    contract_size: Decimal,
    spot: f64,
    elapsed: f64,
    model: &impl OptionModel,
) -> Result<f64, ModelError> {
    let mut cost = 0.0;
    for (place, leg) in legs.iter().enumerate() {
        let value = leg_value(leg, place + 1, spot, elapsed, model)?;
        cost -= to_f64(leg.leg.shares()) * value.price;
    }
    Ok(cost / to_f64(contract_size))
}

/// Delta of one leg's share, for the price at which a plan calls it tested.
///
/// # Errors
/// As [`model_profit`].
pub(crate) fn leg_delta(
    leg: &ModelLeg,
    spot: f64,
    elapsed: f64,
    model: &impl OptionModel,
) -> Result<f64, ModelError> {
    Ok(leg_value(leg, 1, spot, elapsed, model)?.delta)
}
