//! True range and average true range.

use super::batch::{check_length, checked, over_bars};
use super::error::check_period;
use super::wilder::WilderAverage;
use super::{Indicator, IndicatorError, Ohlcv, PriceBar};

/// The true range of a bar in the price's unit: the largest of high − low, |high − previous close| and
/// |low − previous close| (Wilder 1978, as at [`Atr`]). 0 or more; a previous close that is `NaN` counts as none.
#[must_use]
pub fn true_range(bar: &Ohlcv, previous_close: f64) -> f64 {
    bar.high().max(previous_close) - bar.low().min(previous_close)
}

/// Wilder's average true range in the price's unit, 0 or more (J. Welles Wilder, "New Concepts in Technical Trading
/// Systems", 1978; TA-Lib ATR). The first bar has no true range; the average begins with the mean of the
/// next `period`. First value at index `period`.
#[derive(Clone, Debug)]
pub struct Atr {
    period: usize,
    previous_close: Option<f64>,
    average: WilderAverage,
}

impl Atr {
    /// An average over `period` bars, 1 to 100,000; 14 as a rule.
    ///
    /// # Errors
    /// [`IndicatorError::Period`] for any other period.
    pub fn new(period: usize) -> Result<Self, IndicatorError> {
        let period = check_period("true range period", period, 1)?;
        Ok(Self { period, previous_close: None, average: WilderAverage::new(period) })
    }
}

impl Indicator for Atr {
    type Input = Ohlcv;
    type Output = f64;

    #[inline]
    fn update(&mut self, bar: Ohlcv) -> Option<f64> {
        let previous_close = self.previous_close.replace(bar.close())?;
        self.average.update(true_range(&bar, previous_close))
    }

    fn warm_up(&self) -> usize {
        self.period
    }
}

/// [`Atr`] (Wilder 1978) over a slice of bars, one answer for each, in the price's unit; `period` is 1 to 100,000.
///
/// # Errors
/// [`IndicatorError::Period`], and [`IndicatorError::Bar`] for an impossible bar.
pub fn atr<B: PriceBar>(bars: &[B], period: usize) -> Result<Vec<Option<f64>>, IndicatorError> {
    over_bars(Atr::new(period)?, bars)
}

/// [`Atr`] (Wilder 1978) over a slice of bars into a buffer of the same length, in the price's unit, `NaN`
/// for the warm-up; `period` is 1 to 100,000.
///
/// # Errors
/// As [`atr`], and [`IndicatorError::Length`].
pub fn atr_into<B: PriceBar>(bars: &[B], period: usize, out: &mut [f64]) -> Result<(), IndicatorError> {
    check_length(bars.len(), out)?;
    let mut atr = Atr::new(period)?;
    for (index, (slot, bar)) in out.iter_mut().zip(bars).enumerate() {
        *slot = atr.update(checked(index, bar)?).unwrap_or(f64::NAN);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_belongs_to_the_true_range() {
        let bars = [(10.0, 11.0, 9.0, 10.0), (13.0, 14.0, 12.0, 13.0), (13.0, 15.0, 13.0, 14.0)]
            .map(|(open, high, low, close)| Ohlcv::new(open, high, low, close, 1.0).unwrap());
        assert_eq!(atr(&bars, 2).unwrap(), [None, None, Some(3.0)]);
        let mut out = [0.0; 3];
        atr_into(&bars, 2, &mut out).unwrap();
        assert!(out[1].is_nan() && out[2] == 3.0);
    }
}
