//! Money flow index.

use super::batch::over_bars;
use super::error::check_period;
use super::window::Window;
use super::{Indicator, IndicatorError, Ohlcv, PriceBar};

/// Two typical prices are the same price when they differ by less than this share. Far under any tick (0.0001 at a price of a
/// million is 1e-10), far over the rounding of a sum of three prices, so it is the comparison of whole ticks that
/// prices call for, and it also holds for prices divided by a split.
const TIE: f64 = 1e-12;

/// Money flow under which TA-Lib takes the index for 0, in dollars.
const NO_FLOW: f64 = 1.0;

/// Money flow index, 0 to 100: the share of the dollars traded on a rising typical price among those of the last
/// `period` bars whose typical price rose or fell (Gene Quong and Avrum Soudack, 1989). A bar with an unchanged
/// typical price counts as neither, and where less than a dollar was traded on either it is 0, as in TA-Lib's MFI.
/// First value at index `period`.
#[derive(Clone, Debug)]
pub struct Mfi {
    period: usize,
    previous: Option<f64>,
    rising: Window,
    falling: Window,
}

impl Mfi {
    /// An index over `period` bars, 2 to 100,000; 14 as a rule.
    ///
    /// # Errors
    /// [`IndicatorError::Period`] for any other period.
    pub fn new(period: usize) -> Result<Self, IndicatorError> {
        let period = check_period("money flow period", period, 2)?;
        let window = Window::new(period);
        Ok(Self { period, previous: None, rising: window.clone(), falling: window })
    }
}

impl Indicator for Mfi {
    type Input = Ohlcv;
    type Output = f64;

    fn update(&mut self, bar: Ohlcv) -> Option<f64> {
        let typical = bar.typical_price();
        let change = typical - self.previous.replace(typical)?;
        let flow = if change.abs() <= TIE * typical { 0.0 } else { typical * bar.volume() };
        self.rising.push(if change > 0.0 { flow } else { 0.0 });
        self.falling.push(if change < 0.0 { flow } else { 0.0 });
        if !self.rising.is_full() {
            return None;
        }
        let rising = self.rising.sum();
        let total = rising + self.falling.sum();
        Some(if total < NO_FLOW { 0.0 } else { 100.0 * (rising / total) })
    }

    fn warm_up(&self) -> usize {
        self.period
    }
}

/// [`Mfi`] (Quong and Soudack 1989) over a slice of bars, one answer for each, 0 to 100; `period` is 2 to 100,000.
///
/// # Errors
/// [`IndicatorError::Period`], and [`IndicatorError::Bar`] for an impossible bar.
pub fn mfi<B: PriceBar>(bars: &[B], period: usize) -> Result<Vec<Option<f64>>, IndicatorError> {
    over_bars(Mfi::new(period)?, bars)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unchanged_typical_price_is_neither_up_nor_down() {
        // SPY on 2015-11-10 and 2015-11-11: both sum to 624.35, but not in doubles.
        let bars =
            [(207.0, 208.0, 206.0, 207.0), (207.54, 208.6, 207.19, 208.56), (208.9, 208.94, 207.67, 207.74)]
                .map(|(open, high, low, close)| Ohlcv::new(open, high, low, close, 1e6).unwrap());
        assert!(bars[1].typical_price() != bars[2].typical_price());
        let mut tie_falls = bars;
        tie_falls.swap(1, 2);
        let after = Ohlcv::new(200.0, 200.0, 200.0, 200.0, 1e6).unwrap();
        for [first, second, third] in [bars, tie_falls] {
            // Up, tie, down: the tie's flow is in neither sum.
            let found = mfi(&[first, second, third, after], 3).unwrap()[3].unwrap();
            let (up, down) = (second.typical_price(), after.typical_price());
            assert!((found - 100.0 * up / (up + down)).abs() < 1e-9);
        }
    }

    #[test]
    fn no_volume_is_no_flow() {
        let bars = [5.0, 6.0, 7.0].map(|close| Ohlcv::new(close, close, close, close, 0.0).unwrap());
        assert_eq!(mfi(&bars, 2).unwrap()[2], Some(0.0));
    }
}
