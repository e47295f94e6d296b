//! The rules that turn measures into words. Every rule remembers the bar before, so that a value that hovers at a
//! threshold does not turn the verdict every day.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::{ExtensionRisk, TrendDirection, TrendQuality};

use super::Measures;

/// The chart's verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Recommendation {
    /// An up trend of at least moderate quality.
    Bullish,
    /// A down trend of at least moderate quality.
    Bearish,
    /// No trend of at least moderate quality.
    Neutral,
    /// No premium should be sold on this chart, whichever way it goes.
    Reject,
}

/// Why a chart is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RejectReason {
    /// Volatility too high in itself.
    ExtremeVolatility,
    /// Volatility far above what this market is used to.
    VolatilityShock,
    /// A fall without a floor.
    FreeFall,
    /// A climax: vertical, overbought.
    BlowOff,
}

/// The words for one bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TrendState {
    pub(crate) direction: TrendDirection,
    /// −4 to 4: see [`points`].
    pub(crate) points: i32,
    pub(crate) quality: TrendQuality,
    pub(crate) extension: ExtensionRisk,
    /// The reason that holds on this bar.
    reject: Option<RejectReason>,
    pub(crate) recommendation: Recommendation,
    /// Why the recommendation is reject, also while it only persists.
    pub(crate) reason: Option<RejectReason>,
    /// What the bar alone would say.
    pub(crate) today: Recommendation,
    /// For how many bars in a row each alone has said so.
    run: usize,
}

/// Bars in a row that must agree before the recommendation turns; a reject turns it at once, and so does a break.
const PERSISTENCE: usize = 3;
/// A close this many ATR past the 20-bar average, against the trend, breaks it.
const BREAK_ATR: f64 = 4.5;

impl TrendState {
    /// The state after a bar with measures `m`; `before` is the state of the bar before it.
    pub(crate) fn next(before: Option<&Self>, m: &Measures) -> Self {
        let points = points(m);
        let direction = direction(before.map(|b| b.direction), points);
        let quality = quality(before.map(|b| b.quality), direction, points, m.adx14);
        let reject = reject(before.and_then(|b| b.reject), m);
        let sound = quality > TrendQuality::Weak;
        let today = if reject.is_some() {
            Recommendation::Reject
        } else {
            match direction {
                TrendDirection::Up if sound && !breaks(Recommendation::Bullish, m) => Recommendation::Bullish,
                TrendDirection::Down if sound && !breaks(Recommendation::Bearish, m) => {
                    Recommendation::Bearish
                }
                _ => Recommendation::Neutral,
            }
        };
        let run = match before {
            Some(b) if b.today == today => b.run + 1,
            _ => 1,
        };
        let recommendation = match before {
            Some(b)
                if today != Recommendation::Reject && run < PERSISTENCE && !breaks(b.recommendation, m) =>
            {
                b.recommendation
            }
            _ => today,
        };
        let rejected = recommendation == Recommendation::Reject;
        let reason = reject.or_else(|| before.and_then(|b| b.reason)).filter(|_| rejected);
        let extension = extension(m);
        Self { direction, points, quality, extension, reject, recommendation, reason, today, run }
    }
}

/// Whether a close has gone so far against a verdict that the verdict does not wait for others to agree.
fn breaks(verdict: Recommendation, m: &Measures) -> bool {
    match verdict {
        Recommendation::Bullish => m.distance_to_sma20_atr <= -BREAK_ATR,
        Recommendation::Bearish => m.distance_to_sma20_atr >= BREAK_ATR,
        Recommendation::Neutral | Recommendation::Reject => false,
    }
}

/// One point each, plus or minus: close against SMA50, SMA20 against SMA50, SMA50 against SMA200 (none without SMA200),
/// and the slope of SMA50 beyond 0.5 ATR in 10 bars.
fn points(m: &Measures) -> i32 {
    let sign = |x: f64, dead: f64| i32::from(x > dead) - i32::from(x < -dead);
    sign(m.close - m.sma50, 0.0)
        + sign(m.sma20 - m.sma50, 0.0)
        + m.sma200.map_or(0, |sma200| sign(m.sma50 - sma200, 0.0))
        + sign(m.sma50_slope_atr, 0.5)
}

fn direction(before: Option<TrendDirection>, points: i32) -> TrendDirection {
    match (before, points) {
        (_, 3..) => TrendDirection::Up,
        (_, ..=-3) => TrendDirection::Down,
        (Some(TrendDirection::Up), 1..) => TrendDirection::Up,
        (Some(TrendDirection::Down), ..=-1) => TrendDirection::Down,
        _ => TrendDirection::Sideways,
    }
}

fn quality(before: Option<TrendQuality>, direction: TrendDirection, points: i32, adx: f64) -> TrendQuality {
    if direction == TrendDirection::Sideways {
        return TrendQuality::Weak;
    }
    let strong_from = if before == Some(TrendQuality::Strong) { 22.0 } else { 25.0 };
    let moderate_from = if before.is_some_and(|q| q > TrendQuality::Weak) { 13.0 } else { 16.0 };
    if points.abs() >= 3 && adx >= strong_from {
        TrendQuality::Strong
    } else if adx >= moderate_from {
        TrendQuality::Moderate
    } else {
        TrendQuality::Weak
    }
}

fn extension(m: &Measures) -> ExtensionRisk {
    let distance = m.distance_to_sma20_atr.abs();
    let rsi = (m.rsi14 - 50.0).abs();
    if distance >= 3.0 || (distance >= 2.0 && rsi >= 25.0) {
        ExtensionRisk::High
    } else if distance >= 2.0 || rsi >= 20.0 {
        ExtensionRisk::Moderate
    } else {
        ExtensionRisk::Low
    }
}

/// The reason to reject: a new one, or yesterday's while it has not calmed down.
fn reject(before: Option<RejectReason>, m: &Measures) -> Option<RejectReason> {
    let all = [
        RejectReason::ExtremeVolatility,
        RejectReason::VolatilityShock,
        RejectReason::FreeFall,
        RejectReason::BlowOff,
    ];
    before.filter(|r| holds(*r, m, true)).or_else(|| all.into_iter().find(|r| holds(*r, m, false)))
}

fn holds(reason: RejectReason, m: &Measures, already: bool) -> bool {
    let pick = |enter: f64, stay: f64| if already { stay } else { enter };
    match reason {
        RejectReason::ExtremeVolatility => m.hv20 >= pick(0.65, 0.52),
        RejectReason::VolatilityShock => m.hv20 >= pick(0.30, 0.25) && m.hv20_ratio >= pick(2.0, 1.6),
        RejectReason::FreeFall => {
            m.drawdown >= pick(0.30, 0.25)
                && m.sma50_slope_atr < 0.0
                && m.distance_to_sma20_atr <= pick(-2.5, -0.5)
        }
        RejectReason::BlowOff => m.distance_to_sma20_atr >= pick(5.0, 3.5) && m.rsi14 >= pick(85.0, 78.0),
    }
}
