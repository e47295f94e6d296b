//! What a pricer is asked: one vanilla option on one underlying, checked once.

use serde::{Deserialize, Serialize};
use ttai_core::OptionRight;

/// A vanilla option and its market. Every value that exists is one that the pricers can price.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VanillaOption {
    pub(crate) right: OptionRight,
    pub(crate) spot: f64,
    pub(crate) strike: f64,
    pub(crate) years: f64,
    pub(crate) rate: f64,
    pub(crate) dividend_yield: f64,
    pub(crate) volatility: f64,
}

/// A cash dividend as the pricers take it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dividend {
    /// Years from now to the ex-date; dividends at or before 0 and at or after expiration are ignored.
    pub years: f64,
    /// Cash a share, in the currency of the spot, 0 to 1e9.
    pub amount: f64,
}

/// Which input no price exists for.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum PricingError {
    /// Spot or strike, outside 1e-6 to 1e9.
    #[error("{name} is {value}; give a price between 1e-6 and 1e9")]
    Price {
        /// `spot` or `strike`.
        name: &'static str,
        /// What was given.
        value: f64,
    },
    /// Time to expiration, outside 0 to 100 years.
    #[error("the time to expiration is {0} years; give 0 to 100")]
    Years(f64),
    /// Rate or dividend yield, outside ±1 a year.
    #[error("{name} is {value}; give a continuous fraction a year between -1 and 1, such as 0.05 for 5 %")]
    Rate {
        /// `rate` or `dividend_yield`.
        name: &'static str,
        /// What was given.
        value: f64,
    },
    /// Volatility, outside 0 to 50 a year.
    #[error("the volatility is {0}; give a fraction a year between 0 and 50, such as 0.25 for 25 %")]
    Volatility(f64),
    /// A dividend's amount, outside 0 to 1e9, or its time, not finite.
    #[error(
        "the dividend of {amount} in {years} years is impossible; give an amount from 0 and a finite time"
    )]
    Dividend {
        /// Cash a share.
        amount: f64,
        /// Years to the ex-date.
        years: f64,
    },
}

impl VanillaOption {
    /// An option on a spot between 1e-6 and 1e9 with up to 100 years to run, rate and yield within ±100 % and volatility from 0 to 5000 %.
    ///
    /// `spot` and `strike` (1e-6 to 1e9 too) are in one currency a share, `years` are of 365 days, `rate` and
    /// `dividend_yield` are continuous fractions a year, `volatility` is a fraction a year. NaN is out of
    /// every range.
    ///
    /// # Errors
    /// [`PricingError`] names the input that is out of range.
    pub fn new(
        right: OptionRight,
        spot: f64,
        strike: f64,
        years: f64,
        rate: f64,
        dividend_yield: f64,
        volatility: f64,
    ) -> Result<Self, PricingError> {
        for (name, value) in [("spot", spot), ("strike", strike)] {
            if !(1e-6..=1e9).contains(&value) {
                return Err(PricingError::Price { name, value });
            }
        }
        for (name, value) in [("rate", rate), ("dividend_yield", dividend_yield)] {
            if !(-1.0..=1.0).contains(&value) {
                return Err(PricingError::Rate { name, value });
            }
        }
        if !(0.0..=100.0).contains(&years) {
            return Err(PricingError::Years(years));
        }
        if !(0.0..=50.0).contains(&volatility) {
            return Err(PricingError::Volatility(volatility));
        }
        Ok(Self { right, spot, strike, years, rate, dividend_yield, volatility })
    }

    /// The same option under another volatility, a fraction a year.
    ///
    /// # Errors
    /// [`PricingError::Volatility`] outside 0 to 50.
    pub fn with_volatility(self, volatility: f64) -> Result<Self, PricingError> {
        Self::new(self.right, self.spot, self.strike, self.years, self.rate, self.dividend_yield, volatility)
    }

    /// Call or put.
    #[must_use]
    pub fn right(&self) -> OptionRight {
        self.right
    }

    /// Price of the underlying, 1e-6 to 1e9, in the currency that every price here is in.
    #[must_use]
    pub fn spot(&self) -> f64 {
        self.spot
    }

    /// Strike, 1e-6 to 1e9, in the currency of the spot.
    #[must_use]
    pub fn strike(&self) -> f64 {
        self.strike
    }

    /// Years of 365 days to expiration, 0 to 100.
    #[must_use]
    pub fn years(&self) -> f64 {
        self.years
    }

    /// Continuously compounded interest rate as a fraction a year (0.04 is 4 %), −1 to 1.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// Continuously compounded dividend yield as a fraction a year, −1 to 1.
    #[must_use]
    pub fn dividend_yield(&self) -> f64 {
        self.dividend_yield
    }

    /// Volatility as a fraction a year (0.2 is 20 %), 0 to 50.
    #[must_use]
    pub fn volatility(&self) -> f64 {
        self.volatility
    }

    /// Value if exercised now, max(S − K, 0) for a call and max(K − S, 0) for a put, in the currency of the spot.
    #[must_use]
    pub fn intrinsic(&self) -> f64 {
        self.right.intrinsic(self.spot, self.strike)
    }

    /// σ√T.
    pub(crate) fn deviation(&self) -> f64 {
        self.volatility * self.years.sqrt()
    }
}

/// The dividends that matter to an option of `years` to run, by time.
///
/// # Errors
/// [`PricingError::Dividend`] where an amount is negative or a number is not finite.
pub(crate) fn relevant_dividends(dividends: &[Dividend], years: f64) -> Result<Vec<Dividend>, PricingError> {
    if let Some(bad) = dividends.iter().find(|d| !(0.0..=1e9).contains(&d.amount) || !d.years.is_finite()) {
        return Err(PricingError::Dividend { amount: bad.amount, years: bad.years });
    }
    let mut relevant: Vec<Dividend> =
        dividends.iter().copied().filter(|d| d.amount > 0.0 && d.years > 0.0 && d.years < years).collect();
    relevant.sort_by(|a, b| a.years.total_cmp(&b.years));
    Ok(relevant)
}
