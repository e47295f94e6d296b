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

/// John Bollinger's bands ("Bollinger on Bollinger Bands", 2001), in the price's unit: the mean of the last
/// `period` closes and `width` population standard deviations (denominator `n`, as in TA-Lib) around it.
/// First value at index `period` − 1.
///
/// Kept as running sums of distances from an anchor near the mean. They are built afresh now and then, and whenever the spread
/// has shrunk so much that rounding could be seen in it; so a flat stretch after a wild one has a width of 0.
#[derive(Clone, Debug)]
pub struct Bollinger {
    window: Window,
    sums: Sums,
    period: usize,
    width: f64,
}

impl Bollinger {
    /// Bands over `period` closes (2 to 100,000; 20 as a rule), `width` standard deviations to each side
    /// (above 0, at most 1e6; 2 as a rule).
    ///
    /// # Errors
    /// [`IndicatorError::Period`] and [`IndicatorError::Width`] outside those ranges.
    pub fn new(period: usize, width: f64) -> Result<Self, IndicatorError> {
        let period = check_period("band period", period, 2)?;
        if !(width > 0.0 && width <= 1e6) {
            return Err(IndicatorError::Width(width));
        }
        Ok(Self { window: Window::new(period), sums: Sums::new(period), period, width })
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
        if !self.window.is_full() {
            return None;
        }
        if left.is_none_or(|left| self.sums.slide(left, input)) {
            self.sums.build(self.window.iter());
        }
        Some(self.sums.bands(self.width))
    }

    fn warm_up(&self) -> usize {
        self.period - 1
    }
}

/// The sums are built afresh when the squares around the mean fall under this share of their peak.
const SHRUNK: f64 = 1e-3;
/// The sums are built afresh after so many values, or after a whole window where that is longer.
const LIFETIME: usize = 256;

/// Sums over a window, from which its mean and its spread follow.
#[derive(Clone, Debug)]
struct Sums {
    per_value: f64,
    lifetime: usize,
    /// Values since the sums were built.
    age: usize,
    anchor: f64,
    /// Sum of distances from the anchor.
    distances: f64,
    /// Sum of squared distances from the anchor.
    squares: f64,
    /// The largest `squares` since the sums were built, which bounds their rounding error.
    peak: f64,
}

impl Sums {
    fn new(period: usize) -> Self {
        let (per_value, lifetime) = (1.0 / period as f64, period.max(LIFETIME));
        Self { per_value, lifetime, age: 0, anchor: 0.0, distances: 0.0, squares: 0.0, peak: 0.0 }
    }

    /// Moves on from the value that left to the one that came; true when the sums have to be built afresh.
    #[inline]
    fn slide(&mut self, left: f64, came: f64) -> bool {
        let (left, came) = (left - self.anchor, came - self.anchor);
        self.distances += came - left;
        self.squares += came * came - left * left;
        self.peak = if self.squares > self.peak { self.squares } else { self.peak };
        self.age += 1;
        self.age >= self.lifetime || self.squares_around_mean() < SHRUNK * self.peak
    }

    /// Adds up a window, given oldest value first.
    #[cold]
    fn build(&mut self, values: impl Iterator<Item = f64> + Clone) {
        // Measured from one of them, equal values have exactly their own mean.
        let first = values.clone().next().unwrap_or(0.0);
        self.anchor = first + values.clone().map(|value| value - first).sum::<f64>() * self.per_value;
        (self.distances, self.squares) = values.fold((0.0, 0.0), |(distances, squares), value| {
            let distance = value - self.anchor;
            (distances + distance, squares + distance * distance)
        });
        self.peak = self.squares;
        self.age = 0;
    }

    #[inline]
    fn squares_around_mean(&self) -> f64 {
        self.squares - self.distances * self.distances * self.per_value
    }

    #[inline]
    fn bands(&self, width: f64) -> BollingerBands {
        let squares = self.squares_around_mean();
        let variance = if squares > 0.0 { squares * self.per_value } else { 0.0 };
        let middle = self.anchor + self.distances * self.per_value;
        let distance = width * variance.sqrt();
        BollingerBands { upper: middle + distance, middle, lower: middle - distance }
    }
}

/// [`Bollinger`] over a slice of closes, one answer for each, in the price's unit; `period` is 2 to 100,000
/// and `width` above 0 to 1e6 standard deviations.
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

/// [`Bollinger`] bands over a slice of closes into buffers of the same length, in the price's unit, `NaN` for
/// the warm-up.
///
/// # Errors
/// [`IndicatorError::Value`] for a value that is no price, and [`IndicatorError::Length`].
pub fn bollinger_into(
    mut bands: Bollinger,
    closes: &[f64],
    out: BollingerBuffers<'_>,
) -> Result<(), IndicatorError> {
    check_values(closes)?;
    for buffer in [&*out.upper, &*out.middle, &*out.lower] {
        check_length(closes.len(), buffer)?;
    }
    let mut slots = out.upper.iter_mut().zip(out.middle).zip(out.lower).zip(closes);
    for (((upper, middle), lower), close) in slots.by_ref().take(bands.period) {
        let nothing = BollingerBands { upper: f64::NAN, middle: f64::NAN, lower: f64::NAN };
        let value = bands.update(*close).unwrap_or(nothing);
        (*upper, *middle, *lower) = (value.upper, value.middle, value.lower);
    }
    // From here on the window is a part of the slice, whose first value leaves when the next one comes.
    let (sums, width) = (&mut bands.sums, bands.width);
    for ((((upper, middle), lower), came), window) in slots.zip(closes.windows(bands.period)) {
        if sums.slide(window[0], *came) {
            let kept = window[1..].iter().chain(std::iter::once(came));
            sums.build(kept.copied());
        }
        let value = sums.bands(width);
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
