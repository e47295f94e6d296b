//! Option prices, Greeks and implied volatilities; every model says its paper, its error and its range.
//!
//! Rates and yields are continuously compounded fractions a year, volatility is a fraction a year, time is years of
//! 365 days. Prices are for one share, in the currency of the spot. What a pricer takes is checked once, by
//! [`VanillaOption::new`].

pub mod american;
pub mod american_dividends;
pub mod european;
pub mod implied_vol;

pub(crate) mod finite_difference;
mod first_stage;
mod greeks;
#[cfg(test)]
mod nested_quadrature;
mod normal;
pub(crate) mod option;
mod quadrature;

#[cfg(test)]
pub(crate) mod oracle;

pub use greeks::Greeks;
pub(crate) use normal::{INV_SQRT_2PI, cdf_with_kernel};
pub use normal::{normal_cdf, normal_pdf};
pub use option::{Dividend, PricingError, VanillaOption};
