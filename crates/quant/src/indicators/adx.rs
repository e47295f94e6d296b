//! Directional movement: +DI, −DI and the average directional index.

use super::batch::over_bars;
use super::error::check_period;
use super::wilder::WilderAverage;
use super::{Indicator, IndicatorError, Ohlcv, PriceBar, TA_LIB_ZERO, true_range};

/// The directional system's numbers, each 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DirectionalMovement {
    /// Upward movement as a percentage of the true range.
    pub plus_di: f64,
    /// Downward movement as a percentage of the true range.
    pub minus_di: f64,
    /// Average directional index, the strength of the trend in either direction; exists `period` − 1 bars later.
    pub adx: Option<f64>,
}

/// Wilder's directional movement (J. Welles Wilder, "New Concepts in Technical Trading Systems", 1978) as
/// TA-Lib's PLUS_DI, MINUS_DI and ADX have it, each 0 to 100: sums over the first `period` − 1 changes, then
/// smoothed. ±DI from index `period`, ADX from 2·`period` − 1 as the mean of the first `period` values of DX.
///
/// Where no true range or no movement exists, DI is 0, DX counts as 0 in that mean and afterwards leaves the ADX where it was.
#[derive(Clone, Debug)]
pub struct Adx {
    period: usize,
    previous: Option<Ohlcv>,
    /// Changes seen, counted up to `period`.
    changes: usize,
    plus: f64,
    minus: f64,
    range: f64,
    average: WilderAverage,
    adx: Option<f64>,
}

impl Adx {
    /// A system over `period` bars, 2 to 100,000; 14 as a rule.
    ///
    /// # Errors
    /// [`IndicatorError::Period`] for any other period.
    pub fn new(period: usize) -> Result<Self, IndicatorError> {
        let period = check_period("directional movement period", period, 2)?;
        Ok(Self {
            period,
            previous: None,
            changes: 0,
            plus: 0.0,
            minus: 0.0,
            range: 0.0,
            average: WilderAverage::new(period),
            adx: None,
        })
    }

    /// Adds a bar's movement and range to the smoothed sums.
    fn add(&mut self, bar: &Ohlcv, previous: &Ohlcv) {
        let (up, down) = (bar.high() - previous.high(), previous.low() - bar.low());
        if self.changes == self.period - 1 {
            let kept = 1.0 - 1.0 / self.period as f64;
            self.plus *= kept;
            self.minus *= kept;
            self.range *= kept;
        } else {
            self.changes += 1;
        }
        if up > 0.0 && up > down {
            self.plus += up;
        }
        if down > 0.0 && down > up {
            self.minus += down;
        }
        self.range += true_range(bar, previous.close());
    }

    /// Both DI, or zeros where there is no range.
    fn indicators(&self) -> (f64, f64) {
        if self.range < TA_LIB_ZERO {
            (0.0, 0.0)
        } else {
            (100.0 * (self.plus / self.range), 100.0 * (self.minus / self.range))
        }
    }

    /// Takes DX into the average, which keeps its value where there is no movement.
    fn average(&mut self, plus_di: f64, minus_di: f64) -> Option<f64> {
        let movement = plus_di + minus_di;
        if movement >= TA_LIB_ZERO {
            self.adx = self.average.update(100.0 * ((plus_di - minus_di).abs() / movement));
        } else if self.adx.is_none() {
            self.adx = self.average.update(0.0);
        }
        self.adx
    }
}

impl Indicator for Adx {
    type Input = Ohlcv;
    type Output = DirectionalMovement;

    fn update(&mut self, bar: Ohlcv) -> Option<DirectionalMovement> {
        let previous = self.previous.replace(bar)?;
        let warming_up = self.changes < self.period - 1;
        self.add(&bar, &previous);
        if warming_up {
            return None;
        }
        let (plus_di, minus_di) = self.indicators();
        let adx = self.average(plus_di, minus_di);
        Some(DirectionalMovement { plus_di, minus_di, adx })
    }

    fn warm_up(&self) -> usize {
        self.period
    }
}

/// [`Adx`] (Wilder 1978) over a slice of bars, one answer for each, 0 to 100; `period` is 2 to 100,000.
///
/// # Errors
/// [`IndicatorError::Period`], and [`IndicatorError::Bar`] for an impossible bar.
pub fn adx<B: PriceBar>(
    bars: &[B],
    period: usize,
) -> Result<Vec<Option<DirectionalMovement>>, IndicatorError> {
    over_bars(Adx::new(period)?, bars)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(closes: impl IntoIterator<Item = f64>) -> Vec<Ohlcv> {
        closes.into_iter().map(|c| Ohlcv::new(c, c + 1.0, c - 1.0, c, 1.0).unwrap()).collect()
    }

    #[test]
    fn a_steady_climb_is_all_trend() {
        let found = adx(&bars((0..40).map(|day| 100.0 + f64::from(day))), 14).unwrap();
        assert!(found[13].is_none() && found[26].unwrap().adx.is_none());
        let last = found[39].unwrap();
        assert_eq!(last.minus_di, 0.0);
        assert!((last.plus_di - 50.0).abs() < 1e-9 && (last.adx.unwrap() - 100.0).abs() < 1e-9);
    }

    #[test]
    fn a_market_that_stands_still_has_no_direction() {
        let still = Ohlcv::new(5.0, 5.0, 5.0, 5.0, 1.0).unwrap();
        let last = adx(&[still; 40], 14).unwrap()[39].unwrap();
        assert_eq!(last, DirectionalMovement { plus_di: 0.0, minus_di: 0.0, adx: Some(0.0) });
    }
}
