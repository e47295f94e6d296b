//! Stochastic oscillator.

use super::batch::over_bars;
use super::error::check_period;
use super::window::RollingRange;
use super::{Indicator, IndicatorError, Ohlcv, PriceBar, Sma};

/// Both lines of a slow stochastic, 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StochasticValue {
    /// The close's place in the range, smoothed.
    pub k: f64,
    /// Moving average of `k`.
    pub d: f64,
}

/// George Lane's slow stochastic as TA-Lib's STOCH has it: the close's place in the range of the last `period` bars, averaged
/// over `slowing` bars (%K) and again over `signal` bars (%D). Both first at index `period` + `slowing` + `signal` − 3 (17
/// for 14, 3, 3). A range of nothing counts as 0.
#[derive(Clone, Debug)]
pub struct Stochastic {
    range: RollingRange,
    slow_k: Sma,
    slow_d: Sma,
    warm_up: usize,
}

impl Stochastic {
    /// Periods of the range, of %K's and of %D's average, 14, 3 and 3 as a rule, each 1 to 100,000.
    ///
    /// # Errors
    /// [`IndicatorError::Period`] for any other period.
    pub fn new(period: usize, slowing: usize, signal: usize) -> Result<Self, IndicatorError> {
        let period = check_period("stochastic period", period, 1)?;
        let slow_k = Sma::new(slowing)?;
        let slow_d = Sma::new(signal)?;
        let warm_up = period - 1 + slow_k.warm_up() + slow_d.warm_up();
        Ok(Self { range: RollingRange::new(period), slow_k, slow_d, warm_up })
    }
}

impl Indicator for Stochastic {
    type Input = Ohlcv;
    type Output = StochasticValue;

    fn update(&mut self, bar: Ohlcv) -> Option<StochasticValue> {
        let (highest, lowest) = self.range.push(bar.high(), bar.low())?;
        let range = highest - lowest;
        let place = if range > 0.0 { 100.0 * ((bar.close() - lowest) / range) } else { 0.0 };
        // Averages of numbers in 0..=100 may leave it by a rounding error.
        let k = self.slow_k.update(place)?.clamp(0.0, 100.0);
        let d = self.slow_d.update(k)?.clamp(0.0, 100.0);
        Some(StochasticValue { k, d })
    }

    fn warm_up(&self) -> usize {
        self.warm_up
    }
}

/// [`Stochastic`] (TA-Lib STOCH) over a slice of bars, one answer for each, 0 to 100; each period is 1 to 100,000.
///
/// # Errors
/// [`IndicatorError::Period`], and [`IndicatorError::Bar`] for an impossible bar.
pub fn stochastic<B: PriceBar>(
    bars: &[B],
    period: usize,
    slowing: usize,
    signal: usize,
) -> Result<Vec<Option<StochasticValue>>, IndicatorError> {
    over_bars(Stochastic::new(period, slowing, signal)?, bars)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_close_is_placed_in_the_range_and_smoothed() {
        let bars = [(8.0, 4.0, 8.0), (9.0, 5.0, 5.0), (9.0, 6.0, 9.0)]
            .map(|(high, low, close)| Ohlcv::new(close, high, low, close, 1.0).unwrap());
        // Places in the ranges of two bars: (5 − 4)/(9 − 4) = 20 %, (9 − 5)/(9 − 5) = 100 %.
        let found = stochastic(&bars, 2, 2, 1).unwrap();
        assert_eq!(found, [None, None, Some(StochasticValue { k: 60.0, d: 60.0 })]);
    }

    #[test]
    fn a_range_of_nothing_is_zero() {
        let still = Ohlcv::new(5.0, 5.0, 5.0, 5.0, 1.0).unwrap();
        let last = stochastic(&[still; 20], 14, 3, 3).unwrap()[17];
        assert_eq!(last, Some(StochasticValue { k: 0.0, d: 0.0 }));
    }
}
