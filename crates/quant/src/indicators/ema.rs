//! Exponential moving average.

use super::batch::{fill_warm_up, over_values};
use super::error::check_period;
use super::ohlcv::is_usable;
use super::{Indicator, IndicatorError};

/// Exponential moving average with weight 2/(`period` + 1), which begins with the mean of the first `period` values (TA-Lib
/// EMA, classic), in the values' unit. First value at index `period` − 1.
#[derive(Clone, Debug)]
pub struct Ema {
    period: usize,
    count: usize,
    weight: f64,
    average: f64,
}

impl Ema {
    /// An average over `period` values, 1 to 100,000.
    ///
    /// # Errors
    /// [`IndicatorError::Period`] for any other period.
    pub fn new(period: usize) -> Result<Self, IndicatorError> {
        let period = check_period("exponential moving average", period, 1)?;
        Ok(Self { period, count: 0, weight: 2.0 / (period as f64 + 1.0), average: 0.0 })
    }

    /// The next average once the warm-up is over and the input is known to be usable.
    #[inline]
    pub(super) fn advance(&mut self, input: f64) -> f64 {
        self.average = self.average * (1.0 - self.weight) + input * self.weight;
        self.average
    }
}

impl Indicator for Ema {
    type Input = f64;
    type Output = f64;

    #[inline]
    fn update(&mut self, input: f64) -> Option<f64> {
        if !is_usable(input) {
            return None;
        }
        if self.count == self.period {
            return Some(self.advance(input));
        }
        self.average += input;
        self.count += 1;
        if self.count < self.period {
            return None;
        }
        self.average /= self.period as f64;
        Some(self.average)
    }

    fn warm_up(&self) -> usize {
        self.period - 1
    }
}

/// [`Ema`] (TA-Lib EMA) over a slice, one answer for each value, in the values' unit; `period` is 1 to 100,000.
///
/// # Errors
/// [`IndicatorError::Period`], and [`IndicatorError::Value`] for a value that is no price.
pub fn ema(values: &[f64], period: usize) -> Result<Vec<Option<f64>>, IndicatorError> {
    over_values(Ema::new(period)?, values)
}

/// [`Ema`] (TA-Lib EMA) over a slice into a buffer of the same length, in the values' unit, `NaN` for the
/// warm-up; `period` is 1 to 100,000.
///
/// # Errors
/// As [`ema`], and [`IndicatorError::Length`].
pub fn ema_into(values: &[f64], period: usize, out: &mut [f64]) -> Result<(), IndicatorError> {
    let mut ema = Ema::new(period)?;
    let rest = fill_warm_up(&mut ema, values, out)?;
    for (slot, value) in out[rest..].iter_mut().zip(&values[rest..]) {
        *slot = ema.advance(*value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_with_the_mean_and_moves_by_its_weight() {
        let found = ema(&[1.0, 2.0, 6.0, 5.0, 3.0], 3).unwrap();
        assert_eq!(found, [None, None, Some(3.0), Some(4.0), Some(3.5)]);
    }
}
