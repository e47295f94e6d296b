//! Relative strength index.

use super::batch::{fill_warm_up, over_values};
use super::error::check_period;
use super::ohlcv::is_usable;
use super::wilder::WilderAverage;
use super::{Indicator, IndicatorError, TA_LIB_ZERO};

/// Wilder's relative strength index, 0 to 100 (J. Welles Wilder, "New Concepts in Technical Trading Systems",
/// 1978; TA-Lib RSI): the share of the average gain in average gain plus average loss, both smoothed in
/// Wilder's way from the mean of the first `period` changes. First value at index `period`.
///
/// Where nothing moved it is 0, as in TA-Lib.
#[derive(Clone, Debug)]
pub struct Rsi {
    period: usize,
    previous: Option<f64>,
    gain: WilderAverage,
    loss: WilderAverage,
}

impl Rsi {
    /// An index over `period` changes, 2 to 100,000; 14 as a rule.
    ///
    /// # Errors
    /// [`IndicatorError::Period`] for any other period.
    pub fn new(period: usize) -> Result<Self, IndicatorError> {
        let period = check_period("relative strength period", period, 2)?;
        let average = WilderAverage::new(period);
        Ok(Self { period, previous: None, gain: average.clone(), loss: average })
    }
}

impl Indicator for Rsi {
    type Input = f64;
    type Output = f64;

    #[inline]
    fn update(&mut self, input: f64) -> Option<f64> {
        if !is_usable(input) {
            return None;
        }
        let change = input - self.previous.replace(input)?;
        let (gain, loss) = gain_and_loss(change);
        let (gain, loss) = (self.gain.update(gain), self.loss.update(loss));
        Some(index(gain?, loss?))
    }

    fn warm_up(&self) -> usize {
        self.period
    }
}

/// A change as a gain and a loss, neither negative.
#[inline]
fn gain_and_loss(change: f64) -> (f64, f64) {
    if change > 0.0 { (change, 0.0) } else { (0.0, -change) }
}

/// The share of the gain in gain and loss, in percent.
#[inline]
fn index(gain: f64, loss: f64) -> f64 {
    let movement = gain + loss;
    if movement < TA_LIB_ZERO { 0.0 } else { 100.0 * (gain / movement) }
}

/// [`Rsi`] (Wilder 1978) over a slice of closes, one answer for each, 0 to 100; `period` is 2 to 100,000.
///
/// # Errors
/// [`IndicatorError::Period`], and [`IndicatorError::Value`] for a value that is no price.
pub fn rsi(closes: &[f64], period: usize) -> Result<Vec<Option<f64>>, IndicatorError> {
    over_values(Rsi::new(period)?, closes)
}

/// [`Rsi`] (Wilder 1978) over a slice of closes into a buffer of the same length, 0 to 100, `NaN` for the
/// warm-up; `period` is 2 to 100,000.
///
/// # Errors
/// As [`rsi`], and [`IndicatorError::Length`].
pub fn rsi_into(closes: &[f64], period: usize, out: &mut [f64]) -> Result<(), IndicatorError> {
    let mut rsi = Rsi::new(period)?;
    let rest = fill_warm_up(&mut rsi, closes, out)?;
    // The averages exist from here on: the same arithmetic as in `update`, without its questions.
    let Some(mut previous) = rsi.previous else { return Ok(()) };
    for (slot, close) in out[rest..].iter_mut().zip(&closes[rest..]) {
        let (gain, loss) = gain_and_loss(close - previous);
        previous = *close;
        *slot = index(rsi.gain.advance(gain), rsi.loss.advance(loss));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_gains_only_losses_and_nothing() {
        let last = |closes: &[f64]| rsi(closes, 2).unwrap().last().copied().flatten();
        assert_eq!(last(&[1.0, 2.0, 3.0]), Some(100.0));
        assert_eq!(last(&[3.0, 2.0, 1.0]), Some(0.0));
        assert_eq!(last(&[2.0, 2.0, 2.0]), Some(0.0));
        assert_eq!(last(&[2.0, 5.0, 4.0]), Some(75.0));
        assert_eq!(last(&[2.0, 5.0]), None);
    }
}
