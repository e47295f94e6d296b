//! Simple moving average.

use super::batch::{fill_from_values, over_values};
use super::error::check_period;
use super::ohlcv::is_usable;
use super::window::Window;
use super::{Indicator, IndicatorError};

/// The mean of the last `period` values, in their unit (TA-Lib SMA). First value at index `period` − 1.
///
/// Kept as a running sum, which is added up afresh once in every `period` values so that rounding errors do not pile up.
#[derive(Clone, Debug)]
pub struct Sma {
    window: Window,
    sum: f64,
    period: usize,
}

impl Sma {
    /// An average over `period` values, 1 to 100,000.
    ///
    /// # Errors
    /// [`IndicatorError::Period`] for any other period.
    pub fn new(period: usize) -> Result<Self, IndicatorError> {
        let period = check_period("moving average", period, 1)?;
        Ok(Self { window: Window::new(period), sum: 0.0, period })
    }
}

impl Indicator for Sma {
    type Input = f64;
    type Output = f64;

    #[inline]
    fn update(&mut self, input: f64) -> Option<f64> {
        if !is_usable(input) {
            return None;
        }
        let left = self.window.push(input).unwrap_or(0.0);
        self.sum += input - left;
        if self.window.begins_a_lap() {
            self.sum = self.window.sum();
        }
        self.window.is_full().then(|| self.sum / self.window.len())
    }

    fn warm_up(&self) -> usize {
        self.period - 1
    }
}

/// [`Sma`] (TA-Lib SMA) over a slice, one answer for each value, in the values' unit; `period` is 1 to 100,000.
///
/// # Errors
/// [`IndicatorError::Period`], and [`IndicatorError::Value`] for a value that is no price.
pub fn sma(values: &[f64], period: usize) -> Result<Vec<Option<f64>>, IndicatorError> {
    over_values(Sma::new(period)?, values)
}

/// [`Sma`] (TA-Lib SMA) over a slice into a buffer of the same length, in the values' unit, `NaN` for the
/// warm-up; `period` is 1 to 100,000.
///
/// # Errors
/// As [`sma`], and [`IndicatorError::Length`].
pub fn sma_into(values: &[f64], period: usize, out: &mut [f64]) -> Result<(), IndicatorError> {
    fill_from_values(Sma::new(period)?, values, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_mean_of_the_last_values() {
        let found = sma(&[1.0, 2.0, 3.0, 4.0, 8.0], 3).unwrap();
        assert_eq!(found, [None, None, Some(2.0), Some(3.0), Some(5.0)]);
        assert_eq!(Sma::new(3).unwrap().warm_up(), 2);
    }

    #[test]
    fn a_large_value_that_left_leaves_no_trace() {
        let mut values = vec![1e15];
        values.extend([0.1; 9]);
        assert_eq!(sma(&values, 3).unwrap().last().copied().flatten(), Some((0.1 + 0.1 + 0.1) / 3.0));
    }

    #[test]
    fn bad_periods_values_and_buffers_are_refused() {
        for period in [0, 100_001, usize::MAX] {
            assert!(matches!(sma(&[1.0], period), Err(IndicatorError::Period { .. })));
        }
        let no_price = sma(&[1.0, f64::INFINITY], 2).unwrap_err();
        assert_eq!(no_price, IndicatorError::Value { index: 1, value: f64::INFINITY });
        let short = sma_into(&[1.0, 2.0], 2, &mut [0.0]);
        assert_eq!(short, Err(IndicatorError::Length { expected: 2, found: 1 }));
    }

    #[test]
    fn a_stream_ignores_what_is_no_price() {
        let mut stream = Sma::new(2).unwrap();
        assert_eq!([1.0, f64::NAN, 3.0].map(|value| stream.update(value)), [None, None, Some(2.0)]);
    }
}
