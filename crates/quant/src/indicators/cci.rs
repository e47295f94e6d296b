//! Commodity channel index.

use super::batch::over_bars;
use super::error::check_period;
use super::window::Window;
use super::{Indicator, IndicatorError, Ohlcv, PriceBar};

/// Lambert's constant, which puts most values between −100 and 100.
const LAMBERT: f64 = 0.015;
/// A mean deviation under this share of the price is the rounding of equal prices.
const NO_DEVIATION: f64 = 1e-13;

/// Donald Lambert's commodity channel index ("Commodities" magazine, 1980; TA-Lib CCI): the typical price's
/// distance from its mean over `period` bars, in units of 0.015 mean absolute deviations; mostly −100 to 100,
/// without a bound. First value at index `period` − 1; 0 where the price does not deviate.
#[derive(Clone, Debug)]
pub struct Cci {
    period: usize,
    window: Window,
}

impl Cci {
    /// An index over `period` bars, 2 to 100,000; 20 as a rule.
    ///
    /// # Errors
    /// [`IndicatorError::Period`] for any other period.
    pub fn new(period: usize) -> Result<Self, IndicatorError> {
        let period = check_period("channel index period", period, 2)?;
        Ok(Self { period, window: Window::new(period) })
    }
}

impl Indicator for Cci {
    type Input = Ohlcv;
    type Output = f64;

    fn update(&mut self, bar: Ohlcv) -> Option<f64> {
        let typical = bar.typical_price();
        self.window.push(typical);
        if !self.window.is_full() {
            return None;
        }
        let mean = self.window.mean();
        let deviation = self.window.iter().map(|value| (value - mean).abs()).sum::<f64>() / self.window.len();
        let flat = deviation <= NO_DEVIATION * mean;
        Some(if flat { 0.0 } else { (typical - mean) / (LAMBERT * deviation) })
    }

    fn warm_up(&self) -> usize {
        self.period - 1
    }
}

/// [`Cci`] (Lambert 1980) over a slice of bars, one answer for each, in 0.015 mean deviations; `period` is 2
/// to 100,000.
///
/// # Errors
/// [`IndicatorError::Period`], and [`IndicatorError::Bar`] for an impossible bar.
pub fn cci<B: PriceBar>(bars: &[B], period: usize) -> Result<Vec<Option<f64>>, IndicatorError> {
    over_bars(Cci::new(period)?, bars)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_mean_deviations() {
        let bars = [1.0, 2.0, 6.0].map(|close| Ohlcv::new(close, close, close, close, 1.0).unwrap());
        // Mean 3, mean deviation (2 + 1 + 3)/3 = 2.
        let last = cci(&bars, 3).unwrap()[2].unwrap();
        assert!((last - 100.0).abs() < 1e-12);
    }

    #[test]
    fn equal_prices_do_not_deviate() {
        let still = Ohlcv::new(0.1, 0.1, 0.1, 0.1, 1.0).unwrap();
        assert_eq!(cci(&[still; 20], 20).unwrap()[19], Some(0.0));
    }
}
