//! Bollinger bands.

use super::batch::{check_length, check_values, over_values};
use super::error::check_period;
use super::ohlcv::is_usable;
use super::window::Window;
use super::{Indicator, IndicatorError};

/// The three bands, in the price's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BollingerBands {
    /// Middle plus the width times the standard deviation.
    pub upper: f64,
    /// Simple moving average.
    pub middle: f64,
    /// Middle minus the width times the standard deviation.
    pub lower: f64,
}

/// John Bollinger's bands: the mean of the last `period` closes and `width` population standard deviations (denominator `n`,
/// as in TA-Lib) around it. First value at index `period` − 1.
///
/// Kept as running sums of distances from an anchor near the mean. The anchor is set afresh once in every `period` values, and
/// whenever the spread has shrunk so much that rounding could be seen in it; so a flat stretch after a wild one has
/// a width of 0.
#[derive(Clone, Debug)]
pub struct Bollinger {
    window: Window,
    period: usize,
    width: f64,
    per_value: f64,
    anchor: f64,
    /// Sum of distances from the anchor.
    sum: f64,
    /// Sum of squared distances from the anchor.
    squares: f64,
    /// The largest `squares` since the anchor was set, which bounds its rounding error.
    peak: f64,
}

/// The sums are built afresh when the squares around the mean fall under this share of their peak.
const SHRUNK: f64 = 1e-3;

impl Bollinger {
    /// Bands over `period` closes (2 to 100,000; 20 as a rule), `width` standard deviations wide (2 as a rule).
    ///
    /// # Errors
    /// [`IndicatorError::Period`] and [`IndicatorError::Width`].
    pub fn new(period: usize, width: f64) -> Result<Self, IndicatorError> {
        let period = check_period("band period", period, 2)?;
        if !(width > 0.0 && width <= 1e6) {
            return Err(IndicatorError::Width(width));
        }
        Ok(Self {
            window: Window::new(period),
            period,
            width,
            per_value: 1.0 / period as f64,
            anchor: 0.0,
            sum: 0.0,
            squares: 0.0,
            peak: 0.0,
        })
    }

    /// Moves the sums from the value that left to the one that came.
    #[inline]
    fn replace(&mut self, left: f64, came: f64) {
        let (left, came) = (left - self.anchor, came - self.anchor);
        self.sum += came - left;
        self.squares += came * came - left * left;
        self.peak = self.peak.max(self.squares);
    }

    /// Sum of squared distances from the mean.
    #[inline]
    fn squares_around_mean(&self) -> f64 {
        self.squares - self.sum * self.sum * self.per_value
    }

    #[cold]
    fn build_sums(&mut self) {
        self.anchor = self.window.mean();
        self.sum = 0.0;
        self.squares = 0.0;
        for value in self.window.iter() {
            let distance = value - self.anchor;
            self.sum += distance;
            self.squares += distance * distance;
        }
        self.peak = self.squares;
    }
}

impl Indicator for Bollinger {
    type Input = f64;
    type Output = BollingerBands;

    #[inline]
    fn update(&mut self, input: f64) -> Option<BollingerBands> {
        if !is_usable(input) {
            return None;
        }
        let left = self.window.push(input);
        if self.window.begins_a_lap() {
            self.build_sums();
        } else {
            self.replace(left?, input);
            if self.squares_around_mean() < SHRUNK * self.peak {
                self.build_sums();
            }
        }
        let middle = self.anchor + self.sum * self.per_value;
        let deviation = (self.squares_around_mean().max(0.0) * self.per_value).sqrt();
        let distance = self.width * deviation;
        Some(BollingerBands { upper: middle + distance, middle, lower: middle - distance })
    }

    fn warm_up(&self) -> usize {
        self.period - 1
    }
}

/// [`Bollinger`] over a slice of closes, one answer for each.
///
/// # Errors
/// [`IndicatorError::Period`], [`IndicatorError::Width`], and [`IndicatorError::Value`] for a value that is no price.
pub fn bollinger(
    closes: &[f64],
    period: usize,
    width: f64,
) -> Result<Vec<Option<BollingerBands>>, IndicatorError> {
    over_values(Bollinger::new(period, width)?, closes)
}

/// Where [`bollinger_into`] writes; each buffer as long as the closes.
#[derive(Debug)]
pub struct BollingerBuffers<'a> {
    /// Receives the upper band.
    pub upper: &'a mut [f64],
    /// Receives the mean.
    pub middle: &'a mut [f64],
    /// Receives the lower band.
    pub lower: &'a mut [f64],
}

/// Bands over a slice of closes into buffers of the same length, `NaN` for the warm-up.
///
/// # Errors
/// As [`bollinger`], and [`IndicatorError::Length`].
pub fn bollinger_into(
    mut bands: Bollinger,
    closes: &[f64],
    out: BollingerBuffers<'_>,
) -> Result<(), IndicatorError> {
    check_values(closes)?;
    for buffer in [&*out.upper, &*out.middle, &*out.lower] {
        check_length(closes.len(), buffer)?;
    }
    let slots = out.upper.iter_mut().zip(out.middle).zip(out.lower);
    for (((upper, middle), lower), close) in slots.zip(closes) {
        let nothing = BollingerBands { upper: f64::NAN, middle: f64::NAN, lower: f64::NAN };
        let value = bands.update(*close).unwrap_or(nothing);
        (*upper, *middle, *lower) = (value.upper, value.middle, value.lower);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deviation_is_the_population_one() {
        let found = bollinger(&[1.0, 3.0, 5.0], 2, 2.0).unwrap();
        assert_eq!(found[0], None);
        assert_eq!(found[1], Some(BollingerBands { upper: 4.0, middle: 2.0, lower: 0.0 }));
        assert_eq!(found[2], Some(BollingerBands { upper: 6.0, middle: 4.0, lower: 2.0 }));
    }

    #[test]
    fn a_flat_stretch_after_a_wild_one_has_no_width() {
        let mut closes: Vec<f64> = (0..33).map(|day| 600.0 + 50.0 * f64::from(day % 7)).collect();
        closes.extend([93.7; 25]);
        let last = bollinger(&closes, 20, 2.0).unwrap().last().copied().flatten().unwrap();
        assert_eq!(last, BollingerBands { upper: 93.7, middle: 93.7, lower: 93.7 });
    }

    #[test]
    fn widths_that_mean_nothing_are_refused() {
        for width in [0.0, -2.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(Bollinger::new(20, width), Err(IndicatorError::Width(_))));
        }
    }
}
