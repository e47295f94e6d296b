//! Parkinson's high-low volatility.

use super::annualised;
use crate::indicators::batch::over_bars;
use crate::indicators::error::check_period;
use crate::indicators::window::Window;
use crate::indicators::{Indicator, IndicatorError, Ohlcv, PriceBar};

/// Volatility, a fraction a year, from the sessions' ranges: √(252 · mean of ln(high/low)² / (4 ln 2)) over the last
/// `period` bars (Michael Parkinson, Journal of Business 53, 1980). Blind to moves between sessions. First value at
/// index `period` − 1.
#[derive(Clone, Debug)]
pub struct Parkinson {
    period: usize,
    squares: Window,
}

impl Parkinson {
    /// Volatility over `period` bars, 1 to 100,000; 20 as a rule.
    ///
    /// # Errors
    /// [`IndicatorError::Period`] for any other period.
    pub fn new(period: usize) -> Result<Self, IndicatorError> {
        let period = check_period("volatility period", period, 1)?;
        Ok(Self { period, squares: Window::new(period) })
    }
}

impl Indicator for Parkinson {
    type Input = Ohlcv;
    type Output = f64;

    fn update(&mut self, bar: Ohlcv) -> Option<f64> {
        self.squares.push((bar.high() / bar.low()).ln().powi(2));
        let daily_variance = || self.squares.mean() / (4.0 * std::f64::consts::LN_2);
        self.squares.is_full().then(|| annualised(daily_variance()))
    }

    fn warm_up(&self) -> usize {
        self.period - 1
    }
}

/// [`Parkinson`]'s volatility (1980) over a slice of bars, one answer for each, a fraction a year; `period`
/// is 1 to 100,000.
///
/// # Errors
/// [`IndicatorError::Period`], and [`IndicatorError::Bar`] for an impossible bar.
pub fn parkinson<B: PriceBar>(bars: &[B], period: usize) -> Result<Vec<Option<f64>>, IndicatorError> {
    over_bars(Parkinson::new(period)?, bars)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_range_of_one_percent() {
        let bar = Ohlcv::new(100.0, 100.0 * 0.01_f64.exp(), 100.0, 100.0, 1.0).unwrap();
        let last = parkinson(&[bar; 3], 3).unwrap()[2].unwrap();
        assert!((last - 0.01 * (252.0 / (4.0 * 2.0_f64.ln())).sqrt()).abs() < 1e-12);
    }
}
