//! On-balance volume.

use super::batch::over_bars;
use super::{Indicator, IndicatorError, Ohlcv, PriceBar};

/// Joseph Granville's on-balance volume ("New Key to Stock Market Profits", 1963; TA-Lib OBV) in shares, of
/// any sign: the running sum of volume, added on a higher close, taken off on a lower one. Begins at the
/// first bar's volume, as in TA-Lib; there is no warm-up.
#[derive(Clone, Debug, Default)]
pub struct Obv {
    previous_close: Option<f64>,
    volume: f64,
}

impl Obv {
    /// An empty sum.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Indicator for Obv {
    type Input = Ohlcv;
    type Output = f64;

    fn update(&mut self, bar: Ohlcv) -> Option<f64> {
        match self.previous_close.replace(bar.close()) {
            Some(previous) if bar.close() < previous => self.volume -= bar.volume(),
            Some(previous) if bar.close() == previous => {}
            _ => self.volume += bar.volume(),
        }
        Some(self.volume)
    }

    fn warm_up(&self) -> usize {
        0
    }
}

/// [`Obv`] (Granville 1963) over a slice of bars, one answer for each, in the volume's unit, without a warm-up.
///
/// # Errors
/// [`IndicatorError::Bar`] for an impossible bar.
pub fn obv<B: PriceBar>(bars: &[B]) -> Result<Vec<Option<f64>>, IndicatorError> {
    over_bars(Obv::new(), bars)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volume_follows_the_close() {
        let bars = [(5.0, 100.0), (6.0, 10.0), (6.0, 20.0), (4.0, 40.0)]
            .map(|(close, volume)| Ohlcv::new(close, close, close, close, volume).unwrap());
        assert_eq!(obv(&bars).unwrap(), [100.0, 110.0, 110.0, 70.0].map(Some));
    }
}
