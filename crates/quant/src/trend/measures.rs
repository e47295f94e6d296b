//! The indicator values that the chart's verdicts are made of, for every bar.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::DailyBar;

use super::series;

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
    /// ATR in percent of the close.
    pub atr_percent: f64,
    /// Close less SMA20, in ATR; negative below.
    pub distance_to_sma20_atr: f64,
    /// Standard deviation of the last 20 close-to-close log returns, annualised, as a fraction.
    pub hv20: f64,
    /// `hv20` over its own median of the last 252 bars (of those there are).
    pub hv20_ratio: f64,
    /// Fall of the close from the highest close of the last 252 bars, as a fraction: 0 at the high, 0.4 at 40 % under it.
    pub drawdown: f64,
    /// Volume over the mean of the 20 bars before; None where they had no volume.
    pub volume_ratio: Option<f64>,
}

/// One entry a bar; None while an indicator warms up or where price has no range.
pub(crate) fn measure(bars: &[DailyBar], bars_per_year: f64) -> Vec<Option<Measures>> {
    let closes: Vec<f64> = bars.iter().map(|b| b.close).collect();
    let volumes: Vec<f64> = bars.iter().map(|b| b.volume).collect();
    let source = Source {
        sma20: series::sma(&closes, 20),
        sma50: series::sma(&closes, 50),
        sma200: series::sma(&closes, 200),
        adx: series::adx(bars, 14),
        rsi: series::rsi(&closes, 14),
        atr: series::atr(bars, 14),
        hv: series::hv(&closes, 20, bars_per_year),
        volume: series::sma(&volumes, 20),
        highest_close: rolling_maximum(&closes, YEAR),
        closes,
        volumes,
    };
    let median = rolling_median(&source.hv, YEAR);
    (0..bars.len()).map(|i| source.at(i, median[i])).collect()
}

/// Bars of the window for drawdown and the usual volatility.
const YEAR: usize = 252;

struct Source {
    closes: Vec<f64>,
    volumes: Vec<f64>,
    sma20: Vec<f64>,
    sma50: Vec<f64>,
    sma200: Vec<f64>,
    adx: (Vec<f64>, Vec<f64>, Vec<f64>),
    rsi: Vec<f64>,
    atr: Vec<f64>,
    hv: Vec<f64>,
    volume: Vec<f64>,
    highest_close: Vec<f64>,
}

impl Source {
    fn at(&self, i: usize, usual_hv: f64) -> Option<Measures> {
        let earlier = i.checked_sub(SLOPE_BARS)?;
        let atr = Some(self.atr[i]).filter(|a| a.is_finite() && *a > 1e-9 * self.closes[i])?;
        let slope = |s: &[f64]| (s[i] - s[earlier]) / atr;
        let finite = |v: f64| Some(v).filter(|v| v.is_finite());
        let close = self.closes[i];
        Some(Measures {
            close,
            sma20: finite(self.sma20[i])?,
            sma50: finite(self.sma50[i])?,
            sma200: finite(self.sma200[i]),
            sma20_slope_atr: finite(slope(&self.sma20))?,
            sma50_slope_atr: finite(slope(&self.sma50))?,
            sma200_slope_atr: finite(slope(&self.sma200)),
            adx14: finite(self.adx.0[i])?,
            plus_di14: self.adx.1[i],
            minus_di14: self.adx.2[i],
            rsi14: finite(self.rsi[i])?,
            atr14: atr,
            atr_percent: 100.0 * atr / close,
            distance_to_sma20_atr: (close - self.sma20[i]) / atr,
            hv20: finite(self.hv[i])?,
            hv20_ratio: finite(self.hv[i] / usual_hv).unwrap_or(1.0),
            drawdown: 1.0 - close / self.highest_close[i],
            volume_ratio: finite(self.volumes[i] / self.volume[i - 1]),
        })
    }
}

/// The highest of the last `window` values.
fn rolling_maximum(values: &[f64], window: usize) -> Vec<f64> {
    (0..values.len())
        .map(|i| values[(i + 1).saturating_sub(window)..=i].iter().copied().fold(f64::NEG_INFINITY, f64::max))
        .collect()
}

/// The median of the finite values among the last `window`; NaN where there is none.
fn rolling_median(values: &[f64], window: usize) -> Vec<f64> {
    let mut sorted: Vec<f64> = Vec::with_capacity(window);
    let position = |sorted: &[f64], v: f64| sorted.partition_point(|x| *x < v);
    values
        .iter()
        .enumerate()
        .map(|(i, value)| {
            if let Some(old) = i.checked_sub(window).map(|j| values[j]).filter(|v| v.is_finite()) {
                let at = position(&sorted, old);
                if at < sorted.len() {
                    sorted.remove(at);
                }
            }
            if value.is_finite() {
                let at = position(&sorted, *value);
                sorted.insert(at, *value);
            }
            sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
        })
        .collect()
}
