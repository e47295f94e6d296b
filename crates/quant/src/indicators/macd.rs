//! Moving average convergence and divergence.

use super::batch::{check_length, check_values, over_values};
use super::error::check_period;
use super::ohlcv::is_usable;
use super::{Ema, Indicator, IndicatorError};

/// The three numbers of a MACD, in the price's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MacdValue {
    /// Fast average minus slow average.
    pub line: f64,
    /// Exponential moving average of the line.
    pub signal: f64,
    /// Line minus signal.
    pub histogram: f64,
}

/// Gerald Appel's MACD as TA-Lib has it, in the price's unit: the fast average begins late, with the last `fast` of
/// the first `slow` values, so that both averages start on the same bar, and the line stays hidden until the signal
/// exists. First value at index `slow` + `signal` − 2 (33 for 12, 26, 9).
#[derive(Clone, Debug)]
pub struct Macd {
    fast: Ema,
    slow: Ema,
    signal: Ema,
    /// Values still to pass before the fast average begins.
    fast_waits: usize,
    warm_up: usize,
}

impl Macd {
    /// Periods of the fast, the slow and the signal's average, 12, 26 and 9 as a rule; fast < slow, each 1 to 100,000.
    ///
    /// # Errors
    /// [`IndicatorError::Period`] outside 1 to 100,000 and [`IndicatorError::PeriodOrder`] where fast is not
    /// under slow.
    pub fn new(fast: usize, slow: usize, signal: usize) -> Result<Self, IndicatorError> {
        let fast = check_period("fast period", fast, 1)?;
        let slow = check_period("slow period", slow, 1)?;
        let signal = check_period("signal period", signal, 1)?;
        if fast >= slow {
            return Err(IndicatorError::PeriodOrder { fast, slow });
        }
        Ok(Self {
            fast: Ema::new(fast)?,
            slow: Ema::new(slow)?,
            signal: Ema::new(signal)?,
            fast_waits: slow - fast,
            warm_up: slow + signal - 2,
        })
    }

    /// The next value once the warm-up is over and the input is known to be usable.
    #[inline]
    fn advance(&mut self, input: f64) -> MacdValue {
        let line = self.fast.advance(input) - self.slow.advance(input);
        let signal = self.signal.advance(line);
        MacdValue { line, signal, histogram: line - signal }
    }
}

impl Indicator for Macd {
    type Input = f64;
    type Output = MacdValue;

    #[inline]
    fn update(&mut self, input: f64) -> Option<MacdValue> {
        if !is_usable(input) {
            return None;
        }
        let slow = self.slow.update(input);
        if self.fast_waits > 0 {
            self.fast_waits -= 1;
            return None;
        }
        let line = self.fast.update(input)? - slow?;
        let signal = self.signal.update(line)?;
        Some(MacdValue { line, signal, histogram: line - signal })
    }

    fn warm_up(&self) -> usize {
        self.warm_up
    }
}

/// [`Macd`] (TA-Lib MACD) over a slice of closes, one answer for each, in the price's unit; periods are 1 to
/// 100,000 with `fast` < `slow`.
///
/// # Errors
/// [`IndicatorError::Period`], [`IndicatorError::PeriodOrder`], and [`IndicatorError::Value`] for a value that is no price.
pub fn macd(
    closes: &[f64],
    fast: usize,
    slow: usize,
    signal: usize,
) -> Result<Vec<Option<MacdValue>>, IndicatorError> {
    over_values(Macd::new(fast, slow, signal)?, closes)
}

/// Where [`macd_into`] writes; each buffer as long as the closes.
#[derive(Debug)]
pub struct MacdBuffers<'a> {
    /// Receives the line.
    pub line: &'a mut [f64],
    /// Receives the signal.
    pub signal: &'a mut [f64],
    /// Receives the histogram.
    pub histogram: &'a mut [f64],
}

/// A [`Macd`] (TA-Lib MACD) over a slice of closes into buffers of the same length, in the price's unit,
/// `NaN` for the warm-up.
///
/// # Errors
/// [`IndicatorError::Value`] for a value that is no price, and [`IndicatorError::Length`].
pub fn macd_into(mut macd: Macd, closes: &[f64], out: MacdBuffers<'_>) -> Result<(), IndicatorError> {
    check_values(closes)?;
    for buffer in [&*out.line, &*out.signal, &*out.histogram] {
        check_length(closes.len(), buffer)?;
    }
    let mut slots = out.line.iter_mut().zip(out.signal).zip(out.histogram).zip(closes);
    for (((line, signal), histogram), close) in slots.by_ref().take(macd.warm_up() + 1) {
        let nothing = MacdValue { line: f64::NAN, signal: f64::NAN, histogram: f64::NAN };
        let value = macd.update(*close).unwrap_or(nothing);
        (*line, *signal, *histogram) = (value.line, value.signal, value.histogram);
    }
    for (((line, signal), histogram), close) in slots {
        let value = macd.advance(*close);
        (*line, *signal, *histogram) = (value.line, value.signal, value.histogram);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fast_average_begins_with_the_slow_one() {
        // Fast: mean of (2, 6) = 4, then 4 + 2/3·(9 − 4); slow: mean of (1, 2, 6) = 3, then 3 + 1/2·(9 − 3).
        let found = macd(&[1.0, 2.0, 6.0, 9.0], 2, 3, 1).unwrap();
        assert_eq!(found[1], None);
        assert_eq!(found[2], Some(MacdValue { line: 1.0, signal: 1.0, histogram: 0.0 }));
        assert!((found[3].unwrap().line - (22.0 / 3.0 - 6.0)).abs() < 1e-15);
    }

    #[test]
    fn a_fast_average_that_is_not_faster_is_refused() {
        assert_eq!(Macd::new(26, 12, 9).unwrap_err(), IndicatorError::PeriodOrder { fast: 26, slow: 12 });
        assert!(Macd::new(12, 26, 0).is_err());
        assert_eq!(Macd::new(12, 26, 9).unwrap().warm_up(), 33);
    }
}
