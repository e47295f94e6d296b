//! The indicator values that the chart's verdicts are made of, bar by bar.

use std::collections::VecDeque;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::windows::{HighestSince, RollingMedian};
use crate::indicators::volatility::{CloseToClose, SESSIONS_PER_YEAR};
use crate::indicators::{Adx, Atr, Indicator, IndicatorError, Ohlcv, Rsi, Sma};

/// Bars over which the slope of an average is taken.
pub(crate) const SLOPE_BARS: usize = 10;

/// The measures of one bar. Distances and slopes are in ATR, so they do not depend on the price's scale.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Measures {
    /// Last close, dollars.
    pub close: f64,
    /// Mean of the last 20 closes, dollars.
    pub sma20: f64,
    /// Mean of the last 50 closes, dollars.
    pub sma50: f64,
    /// Mean of the last 200 closes, dollars; None while the history is shorter.
    pub sma200: Option<f64>,
    /// Change of SMA20 over 10 bars, in ATR.
    pub sma20_slope_atr: f64,
    /// Change of SMA50 over 10 bars, in ATR.
    pub sma50_slope_atr: f64,
    /// Change of SMA200 over 10 bars, in ATR; None while the history is shorter.
    pub sma200_slope_atr: Option<f64>,
    /// Average directional index of 14 bars, 0 to 100.
    pub adx14: f64,
    /// Plus directional indicator of 14 bars, 0 to 100.
    pub plus_di14: f64,
    /// Minus directional indicator of 14 bars, 0 to 100.
    pub minus_di14: f64,
    /// Wilder's relative strength index of 14 bars, 0 to 100.
    pub rsi14: f64,
    /// Wilder's average true range of 14 bars, dollars.
    pub atr14: f64,
    /// ATR in percent of the close, above 0.
    pub atr_percent: f64,
    /// Close less SMA20, in ATR; negative below.
    pub distance_to_sma20_atr: f64,
    /// Standard deviation of the last 20 close-to-close log returns, annualised, a fraction a year.
    pub hv20: f64,
    /// `hv20` over its own median of the last 252 bars (of those there are); 1 where that is 0.
    pub hv20_ratio: f64,
    /// Fall of the close from the highest close of the last 252 bars, as a fraction: 0 at the high, 0.4 at 40 % under it.
    pub drawdown: f64,
    /// Volume over the mean of the 20 bars before, a ratio; None where they had no volume.
    pub volume_ratio: Option<f64>,
}

/// Bars of the window for drawdown and the usual volatility.
const YEAR: usize = 252;

/// The indicators of a chart, fed one bar at a time.
#[derive(Clone, Debug)]
pub(crate) struct Gauges {
    /// What scales the volatility to the bars' own year.
    per_bar: f64,
    sma20: Sma,
    sma50: Sma,
    sma200: Sma,
    /// The three averages of the last [`SLOPE_BARS`] bars, oldest first.
    earlier: VecDeque<[Option<f64>; 3]>,
    movement: Adx,
    rsi: Rsi,
    atr: Atr,
    volatility: CloseToClose,
    usual_volatility: RollingMedian,
    highest_close: HighestSince,
    volume: Sma,
    /// Mean volume of the 20 bars before the next one.
    usual_volume: Option<f64>,
}

impl Gauges {
    /// Gauges before the first of `bars_per_year` bars a year.
    ///
    /// # Errors
    /// None in practice: the periods are constants in range.
    pub(crate) fn new(bars_per_year: f64) -> Result<Self, IndicatorError> {
        Ok(Self {
            per_bar: (bars_per_year / SESSIONS_PER_YEAR).sqrt(),
            sma20: Sma::new(20)?,
            sma50: Sma::new(50)?,
            sma200: Sma::new(200)?,
            earlier: VecDeque::with_capacity(SLOPE_BARS + 1),
            movement: Adx::new(14)?,
            rsi: Rsi::new(14)?,
            atr: Atr::new(14)?,
            volatility: CloseToClose::new(20)?,
            usual_volatility: RollingMedian::new(YEAR),
            highest_close: HighestSince::new(YEAR),
            volume: Sma::new(20)?,
            usual_volume: None,
        })
    }

    /// The measures of the next bar; None while an indicator warms up or where price has no range.
    pub(crate) fn next(&mut self, bar: Ohlcv) -> Option<Measures> {
        let close = bar.close();
        let averages = [self.sma20.update(close), self.sma50.update(close), self.sma200.update(close)];
        let earlier = if self.earlier.len() == SLOPE_BARS { self.earlier.pop_front() } else { None }
            .unwrap_or_default();
        self.earlier.push_back(averages);
        let movement = self.movement.update(bar);
        let rsi = self.rsi.update(close);
        let atr = self.atr.update(bar);
        let volatility = self.volatility.update(close).map(|yearly| yearly * self.per_bar);
        let usual_volatility = self.usual_volatility.push(volatility);
        let highest_close = self.highest_close.push(close);
        let usual_volume = std::mem::replace(&mut self.usual_volume, self.volume.update(bar.volume()));
        // A range that is nothing beside the price is no measure of distance.
        let atr14 = atr.filter(|a| *a > 1e-9 * close)?;
        let [by_20, by_50, by_200] =
            std::array::from_fn(|i| averages[i].zip(earlier[i]).map(|(now, then)| (now - then) / atr14));
        let [sma20, sma50, sma200] = averages;
        let (movement, sma20, hv20) = (movement?, sma20?, volatility?);
        Some(Measures {
            close,
            sma20,
            sma50: sma50?,
            sma200,
            sma20_slope_atr: by_20?,
            sma50_slope_atr: by_50?,
            sma200_slope_atr: by_200,
            adx14: movement.adx?,
            plus_di14: movement.plus_di,
            minus_di14: movement.minus_di,
            rsi14: rsi?,
            atr14,
            atr_percent: 100.0 * atr14 / close,
            distance_to_sma20_atr: (close - sma20) / atr14,
            hv20,
            hv20_ratio: usual_volatility.filter(|usual| *usual > 0.0).map_or(1.0, |usual| hv20 / usual),
            drawdown: 1.0 - close / highest_close,
            volume_ratio: usual_volume.filter(|usual| *usual > 0.0).map(|usual| bar.volume() / usual),
        })
    }
}
