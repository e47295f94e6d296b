//! `implied_vol`: the volatility that a price implies, or why there is none.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::{ExerciseStyle, OptionRight};
use ttai_quant::pricing::implied_vol::{self, NoImpliedVol};
use ttai_quant::pricing::{VanillaOption, american_dividends, european};

use super::price::{CashDividends, years};
use crate::CalcError;
use crate::input::{Number, optional};

/// An option, its market and its price.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct ImpliedVolRequest {
    /// `american` or `european`; american unless given.
    #[serde(default, deserialize_with = "optional")]
    pub style: Option<ExerciseStyle>,
    /// `call` or `put`. Also `type`, `C`, `P`.
    #[serde(alias = "type")]
    pub right: OptionRight,
    /// Price of the underlying. Also `S`.
    #[serde(alias = "S", alias = "underlying_price")]
    pub spot: Number,
    /// Strike. Also `K`.
    #[serde(alias = "K")]
    pub strike: Number,
    /// Years of 365 days to expiration. Also `T`. Or give `days`.
    #[serde(default, alias = "T", deserialize_with = "optional")]
    pub years: Option<Number>,
    /// Calendar days to expiration, in place of `years`. Also `T_days`.
    #[serde(default, alias = "T_days", deserialize_with = "optional")]
    pub days: Option<Number>,
    /// Continuously compounded rate, a fraction a year. Also `r`.
    #[serde(alias = "r")]
    pub rate: Number,
    /// Continuously compounded dividend yield, a fraction a year; 0 unless given. Also `q`.
    #[serde(default, rename = "yield", alias = "q", alias = "dividend_yield", deserialize_with = "optional")]
    pub dividend_yield: Option<Number>,
    /// Cash dividends: `"day:cash;day:cash"` or a list of `{"day": …, "cash": …}`, days from now to the ex-date.
    #[serde(default, deserialize_with = "optional")]
    pub dividends: Option<CashDividends>,
    /// The option's price, in the currency of the spot. Also `mid`, `mark`.
    #[serde(alias = "mid", alias = "mark")]
    pub price: Number,
}

/// The volatility, or why none exists.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ImpliedVolAnswer {
    /// Volatility as a fraction a year; null where no volatility gives the price.
    pub iv: Option<f64>,
    /// Change of the price per 1.00 of volatility at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vega: Option<f64>,
    /// Why there is none, in a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<NoVolatility>,
    /// Why there is none, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Why a price implies no volatility.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoVolatility {
    /// The price is zero or less.
    NoneNonpositive,
    /// No time is left.
    NoneExpired,
    /// American: at or under the exercise value.
    NoneBelowIntrinsic,
    /// At or under the price without any volatility.
    NoneBelowBound,
    /// At or above what no volatility reaches.
    NoneAboveBound,
}

impl ImpliedVolAnswer {
    fn none(status: NoVolatility, reason: String) -> Self {
        Self { iv: None, vega: None, status: Some(status), reason: Some(reason) }
    }
}

/// Any volatility: the search ignores it.
const START: f64 = 0.3;

/// Black–Scholes–Merton or American implied volatility, under cash dividends in the spot model.
///
/// # Errors
/// [`CalcError`] for inputs that no price exists for; a price without volatility is an answer.
pub fn implied_vol(request: &ImpliedVolRequest) -> Result<ImpliedVolAnswer, CalcError> {
    let years = years(request.years, request.days)?;
    if years <= 0.0 {
        let reason = NoImpliedVol::Expired { years }.to_string();
        return Ok(ImpliedVolAnswer::none(NoVolatility::NoneExpired, reason));
    }
    let dividend_yield = request.dividend_yield.map_or(0.0, |number| number.0);
    let (spot, strike) = (request.spot.0, request.strike.0);
    let option =
        VanillaOption::new(request.right, spot, strike, years, request.rate.0, dividend_yield, START)?;
    let european_style = request.style == Some(ExerciseStyle::European);
    let dividends = request.dividends.as_ref().map_or_else(|| Ok(Vec::new()), CashDividends::read)?;
    let found = if european_style {
        implied_vol::european_dividends(&option, &dividends, request.price.0)
    } else {
        implied_vol::american_dividends(&option, &dividends, request.price.0)
    };
    let status = match found {
        Ok(iv) => {
            let at = option.with_volatility(iv)?;
            let greeks = if european_style {
                european::greeks_with_dividends(&at, &dividends)?
            } else {
                american_dividends::greeks(&at, &dividends)?
            };
            let vega = greeks.vega;
            let finite = iv.is_finite() && vega.is_finite();
            let answer = ImpliedVolAnswer { iv: Some(iv), vega: Some(vega), status: None, reason: None };
            return finite.then_some(answer).ok_or(CalcError::NotFinite);
        }
        Err(NoImpliedVol::NotPositive { .. }) => NoVolatility::NoneNonpositive,
        Err(NoImpliedVol::Expired { .. }) => NoVolatility::NoneExpired,
        Err(NoImpliedVol::BelowIntrinsic { .. }) => NoVolatility::NoneBelowIntrinsic,
        Err(NoImpliedVol::BelowBound { .. }) => NoVolatility::NoneBelowBound,
        Err(NoImpliedVol::AboveBound { .. }) => NoVolatility::NoneAboveBound,
        Err(NoImpliedVol::Input(error)) => return Err(CalcError::question(error.to_string())),
    };
    let reason = found.err().map_or_else(String::new, |error| error.to_string());
    Ok(ImpliedVolAnswer::none(status, reason))
}
