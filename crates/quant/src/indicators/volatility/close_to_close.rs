//! Close-to-close volatility.

use super::annualised;
use crate::indicators::batch::over_values;
use crate::indicators::error::check_period;
use crate::indicators::window::Window;
use crate::indicators::{Indicator, IndicatorError};

/// The sample standard deviation (denominator `n` − 1) of the last `period` logarithmic returns from close to
/// close, annualised: a fraction a year (J. Hull, "Options, Futures, and Other Derivatives", estimating
/// volatility from historical data). First value at index `period`.
///
/// A close that is not positive has no logarithm and is ignored like one that is no number.
#[derive(Clone, Debug)]
pub struct CloseToClose {
    period: usize,
    previous: Option<f64>,
    returns: Window,
}

impl CloseToClose {
    /// Volatility over `period` returns, 2 to 100,000; 20 or 30 as a rule.
    ///
    /// # Errors
    /// [`IndicatorError::Period`] for any other period.
    pub fn new(period: usize) -> Result<Self, IndicatorError> {
        let period = check_period("volatility period", period, 2)?;
        Ok(Self { period, previous: None, returns: Window::new(period) })
    }
}

impl Indicator for CloseToClose {
    type Input = f64;
    type Output = f64;

    fn update(&mut self, close: f64) -> Option<f64> {
        if !(close > 0.0 && close.is_finite()) {
            return None;
        }
        let previous = self.previous.replace(close)?;
        self.returns.push((close / previous).ln());
        self.returns.is_full().then(|| annualised(self.returns.sample_variance()))
    }

    fn warm_up(&self) -> usize {
        self.period
    }
}

/// [`CloseToClose`] volatility (Hull) over a slice of closes, one answer for each, a fraction a year;
/// `period` is 2 to 100,000.
///
/// # Errors
/// [`IndicatorError::Period`], and [`IndicatorError::Value`] for a close that is not positive or no number.
pub fn close_to_close(closes: &[f64], period: usize) -> Result<Vec<Option<f64>>, IndicatorError> {
    let volatility = CloseToClose::new(period)?;
    match closes.iter().enumerate().find(|(_, close)| **close <= 0.0) {
        Some((index, value)) => Err(IndicatorError::Value { index, value: *value }),
        None => over_values(volatility, closes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn returns_of_plus_and_minus_one_percent() {
        let up = 0.01_f64.exp();
        let last = close_to_close(&[100.0, 100.0 * up, 100.0], 2).unwrap()[2].unwrap();
        assert!((last - (2.0 * 0.01_f64.powi(2) * 252.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn a_steady_price_has_no_volatility_and_a_negative_one_no_answer() {
        assert_eq!(close_to_close(&[7.0; 3], 2).unwrap()[2], Some(0.0));
        let refused = close_to_close(&[7.0, -1.0], 2);
        assert_eq!(refused, Err(IndicatorError::Value { index: 1, value: -1.0 }));
    }
}
