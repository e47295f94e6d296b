//! Donchian channel.

use super::batch::over_bars;
use super::error::check_period;
use super::window::RollingRange;
use super::{Indicator, IndicatorError, Ohlcv, PriceBar};

/// The channel, in the price's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DonchianChannel {
    /// Highest high.
    pub upper: f64,
    /// Lowest low.
    pub lower: f64,
    /// Halfway between them.
    pub middle: f64,
}

/// Richard Donchian's channel: highest high and lowest low of the last `period` bars, the current one included. First value at
/// index `period` − 1.
#[derive(Clone, Debug)]
pub struct Donchian {
    period: usize,
    range: RollingRange,
}

impl Donchian {
    /// A channel over `period` bars, 1 to 100,000; 20 as a rule.
    ///
    /// # Errors
    /// [`IndicatorError::Period`] for any other period.
    pub fn new(period: usize) -> Result<Self, IndicatorError> {
        let period = check_period("channel period", period, 1)?;
        Ok(Self { period, range: RollingRange::new(period) })
    }
}

impl Indicator for Donchian {
    type Input = Ohlcv;
    type Output = DonchianChannel;

    fn update(&mut self, bar: Ohlcv) -> Option<DonchianChannel> {
        let (upper, lower) = self.range.push(bar.high(), bar.low())?;
        Some(DonchianChannel { upper, lower, middle: (upper + lower) / 2.0 })
    }

    fn warm_up(&self) -> usize {
        self.period - 1
    }
}

/// [`Donchian`]'s channel over a slice of bars, one answer for each, in the price's unit; `period` is 1 to 100,000.
///
/// # Errors
/// [`IndicatorError::Period`], and [`IndicatorError::Bar`] for an impossible bar.
pub fn donchian<B: PriceBar>(
    bars: &[B],
    period: usize,
) -> Result<Vec<Option<DonchianChannel>>, IndicatorError> {
    over_bars(Donchian::new(period)?, bars)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_current_bar_is_part_of_the_channel() {
        let bars = [(8.0, 4.0), (9.0, 5.0), (7.0, 6.0)]
            .map(|(high, low)| Ohlcv::new(low, high, low, high, 1.0).unwrap());
        let found = donchian(&bars, 2).unwrap();
        assert_eq!(found[0], None);
        assert_eq!(found[1], Some(DonchianChannel { upper: 9.0, lower: 4.0, middle: 6.5 }));
        assert_eq!(found[2], Some(DonchianChannel { upper: 9.0, lower: 5.0, middle: 7.0 }));
    }
}
