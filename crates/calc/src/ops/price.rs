//! `european` and `american`: price and Greeks of one option.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::OptionRight;
use ttai_quant::pricing::{Dividend, Greeks, VanillaOption, american_dividends, european};

use crate::CalcError;
use crate::input::{Number, optional, parse_number};

/// Most cash dividends of one option.
const MAX_DIVIDENDS: usize = 400;

/// An option and its market. Price the reference files' rows as they stand: their column names are accepted beside these.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct PriceRequest {
    /// `call` or `put`. Also `type`, `C`, `P`.
    #[serde(alias = "type")]
    pub right: OptionRight,
    /// Price of the underlying, 1e-6 to 1e9. Also `S`.
    #[serde(alias = "S", alias = "underlying_price")]
    pub spot: Number,
    /// Strike, 1e-6 to 1e9. Also `K`.
    #[serde(alias = "K")]
    pub strike: Number,
    /// Years of 365 days to expiration, 0 to 100. Also `T`. Or give `days`.
    #[serde(default, alias = "T", deserialize_with = "optional")]
    pub years: Option<Number>,
    /// Calendar days to expiration, in place of `years`. Also `T_days`.
    #[serde(default, alias = "T_days", deserialize_with = "optional")]
    pub days: Option<Number>,
    /// Continuously compounded rate, a fraction a year, -1 to 1. Also `r`.
    #[serde(alias = "r")]
    pub rate: Number,
    /// Continuously compounded dividend yield, a fraction a year, -1 to 1; 0 unless given. Also `q`.
    #[serde(default, rename = "yield", alias = "q", alias = "dividend_yield", deserialize_with = "optional")]
    pub dividend_yield: Option<Number>,
    /// Volatility, a fraction a year, 0 to 50. Also `sigma`.
    #[serde(alias = "sigma")]
    pub volatility: Number,
    /// Cash dividends: `"day:cash;day:cash"` or a list of `{"day": …, "cash": …}`, days from now to the ex-date.
    #[serde(default, deserialize_with = "optional")]
    pub dividends: Option<CashDividends>,
}

/// Cash dividends by calendar days from now.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum CashDividends {
    /// `"47:3.0;138:3.0"`: days to the ex-date and cash a share.
    Text(String),
    /// The same as a list.
    List(Vec<DatedCash>),
}

/// One cash dividend.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub struct DatedCash {
    /// Calendar days from now to the ex-date. Also `days`.
    #[serde(alias = "days")]
    pub day: Number,
    /// Cash a share. Also `amount`.
    #[serde(alias = "amount")]
    pub cash: Number,
}

impl CashDividends {
    /// The dividends as the pricers take them.
    pub(crate) fn read(&self) -> Result<Vec<Dividend>, CalcError> {
        let dividend = |day: f64, cash: f64| Dividend { years: day / 365.0, amount: cash };
        let found: Vec<Dividend> = match self {
            Self::List(list) => list.iter().map(|item| dividend(item.day.0, item.cash.0)).collect(),
            Self::Text(text) => {
                let parts = text.split(';').filter(|part| !part.trim().is_empty());
                let pair = |part: &str| {
                    let (day, cash) = part.split_once(':')?;
                    Some(dividend(parse_number(day)?, parse_number(cash)?))
                };
                let bad = |part: &str| {
                    let part: String = part.chars().take(40).collect();
                    CalcError::question(format!(
                        "dividends: '{part}' is no dividend; write day:cash;day:cash, such as 47:3.0;138:3.0"
                    ))
                };
                parts.map(|part| pair(part).ok_or_else(|| bad(part))).collect::<Result<_, _>>()?
            }
        };
        if found.len() > MAX_DIVIDENDS {
            return Err(CalcError::question(format!(
                "dividends: {} are more than {MAX_DIVIDENDS}",
                found.len()
            )));
        }
        Ok(found)
    }
}

/// Price and Greeks of one share's worth of the option.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PriceAnswer {
    /// Value in the currency of the spot.
    pub price: f64,
    /// Change per 1.00 of the spot; negative for puts.
    pub delta: f64,
    /// Change of delta per 1.00 of the spot.
    pub gamma: f64,
    /// Change per 1.00 of volatility; a hundredth of it for a volatility point.
    pub vega: f64,
    /// Change per year that passes.
    pub theta_year: f64,
    /// Change per calendar day: `theta_year` / 365.
    pub theta_day: f64,
    /// Change per 1.00 of the rate; a hundredth of it for a percentage point.
    pub rho: f64,
    /// Change per 1.00 of the dividend yield.
    pub divrho: f64,
    /// American under cash dividends at a rate near 0: `rho` is the slope to one side, towards higher rates from 0 up, towards lower ones
    /// under 0.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub rho_one_sided: bool,
}

impl PriceAnswer {
    fn of(greeks: &Greeks) -> Result<Self, CalcError> {
        let answer = Self {
            price: greeks.price,
            delta: greeks.delta,
            gamma: greeks.gamma,
            vega: greeks.vega,
            theta_year: greeks.theta_year,
            theta_day: greeks.theta_year / 365.0,
            rho: greeks.rho,
            divrho: greeks.dividend_rho,
            rho_one_sided: false,
        };
        answer
            .numbers()
            .iter()
            .all(|(_, number)| number.is_finite())
            .then_some(answer)
            .ok_or(CalcError::NotFinite)
    }

    /// Each number with its name.
    #[must_use]
    pub fn numbers(&self) -> [(&'static str, f64); 8] {
        [
            ("price", self.price),
            ("delta", self.delta),
            ("gamma", self.gamma),
            ("vega", self.vega),
            ("theta_year", self.theta_year),
            ("theta_day", self.theta_day),
            ("rho", self.rho),
            ("divrho", self.divrho),
        ]
    }
}

/// The time to expiration in years, from `years` or `days`.
pub(crate) fn years(years: Option<Number>, days: Option<Number>) -> Result<f64, CalcError> {
    match (years, days) {
        (Some(years), _) => Ok(years.0),
        (None, Some(days)) => Ok(days.0 / 365.0),
        (None, None) => Err(CalcError::question(
            "the time to expiration is missing; give 'years' (or 'T') or 'days' (or 'T_days')",
        )),
    }
}

impl PriceRequest {
    fn option(&self) -> Result<VanillaOption, CalcError> {
        Ok(VanillaOption::new(
            self.right,
            self.spot.0,
            self.strike.0,
            years(self.years, self.days)?,
            self.rate.0,
            self.dividend_yield.map_or(0.0, |number| number.0),
            self.volatility.0,
        )?)
    }

    fn dividends(&self) -> Result<Vec<Dividend>, CalcError> {
        self.dividends.as_ref().map_or_else(|| Ok(Vec::new()), CashDividends::read)
    }
}

/// Black–Scholes–Merton, or under cash dividends the spot model.
///
/// # Errors
/// [`CalcError`] for an option or a dividend that cannot be priced.
pub fn european(request: &PriceRequest) -> Result<PriceAnswer, CalcError> {
    PriceAnswer::of(&european::greeks_with_dividends(&request.option()?, &request.dividends()?)?)
}

/// American, under a continuous yield, or under cash dividends in the spot model.
///
/// # Errors
/// [`CalcError`] for an option or a dividend that cannot be priced.
pub fn american(request: &PriceRequest) -> Result<PriceAnswer, CalcError> {
    let (option, dividends) = (request.option()?, request.dividends()?);
    let answer = PriceAnswer::of(&american_dividends::greeks(&option, &dividends)?)?;
    let pays = |dividend: &Dividend| {
        dividend.amount > 0.0 && dividend.years > 0.0 && dividend.years < option.years()
    };
    let rho_one_sided = dividends.iter().any(pays) && american_dividends::rho_is_one_sided(&option);
    Ok(PriceAnswer { rho_one_sided, ..answer })
}
