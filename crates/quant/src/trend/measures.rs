//! The indicator values that the chart's verdicts are made of, for every bar.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::DailyBar;

use crate::indicators::volatility::close_to_close;
use crate::indicators::{DirectionalMovement, IndicatorError, adx, atr, rsi, sma};

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
/// What the volatility indicator annualises with.
const SESSIONS_PER_YEAR: f64 = 252.0;

/// One entry a bar; None while an indicator warms up or where price has no range.
///
/// # Errors
/// [`IndicatorError`] names a bar that is impossible.
pub(crate) fn measure(
    bars: &[DailyBar],
    bars_per_year: f64,
) -> Result<Vec<Option<Measures>>, IndicatorError> {
    let closes: Vec<f64> = bars.iter().map(|b| b.close).collect();
    let volumes: Vec<f64> = bars.iter().map(|b| b.volume).collect();
    let per_bar = (bars_per_year / SESSIONS_PER_YEAR).sqrt();
    let hv: Vec<Option<f64>> =
        close_to_close(&closes, 20)?.into_iter().map(|v| v.map(|v| v * per_bar)).collect();
    let usual_hv = rolling_median(&hv, YEAR);
    let source = Source {
        sma20: sma(&closes, 20)?,
        sma50: sma(&closes, 50)?,
        sma200: sma(&closes, 200)?,
        movement: adx(bars, 14)?,
        rsi: rsi(&closes, 14)?,
        atr: atr(bars, 14)?,
        volume: sma(&volumes, 20)?,
        highest_close: rolling_maximum(&closes, YEAR),
        hv,
        usual_hv,
        closes,
        volumes,
    };
    Ok((0..bars.len()).map(|i| source.at(i)).collect())
}

/// Every series that a bar's measures are taken from.
struct Source {
    closes: Vec<f64>,
    volumes: Vec<f64>,
    sma20: Vec<Option<f64>>,
    sma50: Vec<Option<f64>>,
    sma200: Vec<Option<f64>>,
    movement: Vec<Option<DirectionalMovement>>,
    rsi: Vec<Option<f64>>,
    atr: Vec<Option<f64>>,
    hv: Vec<Option<f64>>,
    usual_hv: Vec<Option<f64>>,
    volume: Vec<Option<f64>>,
    highest_close: Vec<f64>,
}

impl Source {
    fn at(&self, i: usize) -> Option<Measures> {
        let earlier = i.checked_sub(SLOPE_BARS)?;
        let close = self.closes[i];
        // A range that is nothing beside the price is no measure of distance.
        let atr14 = self.atr[i].filter(|a| *a > 1e-9 * close)?;
        let slope = |s: &[Option<f64>]| Some((s[i]? - s[earlier]?) / atr14);
        let movement = self.movement[i]?;
        let (sma20, hv20) = (self.sma20[i]?, self.hv[i]?);
        let usual_volume = self.volume[i - 1].filter(|v| *v > 0.0);
        Some(Measures {
            close,
            sma20,
            sma50: self.sma50[i]?,
            sma200: self.sma200[i],
            sma20_slope_atr: slope(&self.sma20)?,
            sma50_slope_atr: slope(&self.sma50)?,
            sma200_slope_atr: slope(&self.sma200),
            adx14: movement.adx?,
            plus_di14: movement.plus_di,
            minus_di14: movement.minus_di,
            rsi14: self.rsi[i]?,
            atr14,
            atr_percent: 100.0 * atr14 / close,
            distance_to_sma20_atr: (close - sma20) / atr14,
            hv20,
            hv20_ratio: self.usual_hv[i].filter(|usual| *usual > 0.0).map_or(1.0, |usual| hv20 / usual),
            drawdown: 1.0 - close / self.highest_close[i],
            volume_ratio: usual_volume.map(|usual| self.volumes[i] / usual),
        })
    }
}

/// The highest of the last `window` values.
fn rolling_maximum(values: &[f64], window: usize) -> Vec<f64> {
    (0..values.len())
        .map(|i| values[(i + 1).saturating_sub(window)..=i].iter().copied().fold(f64::NEG_INFINITY, f64::max))
        .collect()
}

/// The upper median of the values among the last `window`; None where there is none.
fn rolling_median(values: &[Option<f64>], window: usize) -> Vec<Option<f64>> {
    let mut sorted: Vec<f64> = Vec::with_capacity(window + 1);
    let position = |sorted: &[f64], v: f64| sorted.partition_point(|x| *x < v);
    let mut medians = Vec::with_capacity(values.len());
    for (i, value) in values.iter().enumerate() {
        if let Some(left) = i.checked_sub(window).and_then(|j| values[j]) {
            sorted.remove(position(&sorted, left));
        }
        if let Some(value) = value {
            sorted.insert(position(&sorted, *value), *value);
        }
        medians.push(sorted.get(sorted.len() / 2).copied());
    }
    medians
}
