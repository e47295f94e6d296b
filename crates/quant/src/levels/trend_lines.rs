//! Trend lines: the straight line under the lows, or over the highs, that most swings respect.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::{DailyBar, LevelSide};

use super::exceeds;
use super::swings::{Swing, SwingKind};

/// Swings older than this many bars carry no line.
const LOOKBACK: usize = 126;
/// A line needs at least this many bars between its anchors.
const MINIMUM_SPAN: usize = 10;
/// A swing within this many ATR of the line touches it.
const TOUCH_ATR: f64 = 0.5;
/// A close this many ATR beyond the line breaks it.
const BREAK_ATR: f64 = 0.5;

/// A line through two swings that no close has broken by more than 0.5 ATR since the first.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrendLine {
    /// Support runs under lows, resistance over highs.
    pub kind: LevelSide,
    /// Session of the first anchor.
    pub from_date: NaiveDate,
    /// Price of the first anchor, dollars.
    pub from_price: f64,
    /// Session of the second anchor.
    pub to_date: NaiveDate,
    /// Price of the second anchor, dollars.
    pub to_price: f64,
    /// Dollars a bar; negative where the line falls.
    pub slope_per_bar: f64,
    /// Where the line stands at the last bar, dollars; always positive.
    pub price_now: f64,
    /// Swings within 0.5 ATR of the line, the anchors included.
    pub touches: usize,
}

/// At most one line under the price and one over it: the one with most touches, then the longest.
pub(crate) fn trend_lines(bars: &[DailyBar], swings: &[Swing], atr: f64) -> Vec<TrendLine> {
    [(SwingKind::Low, LevelSide::Support), (SwingKind::High, LevelSide::Resistance)]
        .into_iter()
        .filter_map(|(swing_kind, kind)| best_line(bars, swings, swing_kind, kind, atr))
        .collect()
}

fn best_line(
    bars: &[DailyBar],
    swings: &[Swing],
    swing_kind: SwingKind,
    kind: LevelSide,
    atr: f64,
) -> Option<TrendLine> {
    let oldest = bars.len().saturating_sub(LOOKBACK);
    let anchors: Vec<&Swing> = swings.iter().filter(|s| s.kind == swing_kind && s.index >= oldest).collect();
    let mut best: Option<(TrendLine, usize)> = None;
    for (position, first) in anchors.iter().enumerate() {
        for second in &anchors[position + 1..] {
            let Some(candidate) = line(bars, &anchors, first, second, kind, atr) else { continue };
            let span = second.index - first.index;
            if best.is_none_or(|(b, s)| (candidate.touches, span) > (b.touches, s)) {
                best = Some((candidate, span));
            }
        }
    }
    best.map(|(line, _)| line)
}

/// The line through two swings, unless they are too close together, a close broke it or it has fallen below zero.
fn line(
    bars: &[DailyBar],
    anchors: &[&Swing],
    first: &Swing,
    second: &Swing,
    kind: LevelSide,
    atr: f64,
) -> Option<TrendLine> {
    if second.index < first.index + MINIMUM_SPAN {
        return None;
    }
    let slope = (second.price - first.price) / bar_count(second.index - first.index);
    let at = |index: usize| first.price + slope * bar_count(index.saturating_sub(first.index));
    let beyond = |index: usize, price: f64| match kind {
        LevelSide::Support => at(index) - price,
        LevelSide::Resistance => price - at(index),
    };
    let broken = (first.index..bars.len()).any(|i| exceeds(beyond(i, bars[i].close), BREAK_ATR * atr));
    let price_now = at(bars.len() - 1);
    if broken || price_now <= 0.0 {
        return None;
    }
    let touches =
        |s: &&&Swing| s.index >= first.index && !exceeds((s.price - at(s.index)).abs(), TOUCH_ATR * atr);
    Some(TrendLine {
        kind,
        from_date: first.date,
        from_price: first.price,
        to_date: second.date,
        to_price: second.price,
        slope_per_bar: slope,
        price_now,
        touches: anchors.iter().filter(touches).count(),
    })
}

/// A number of bars as a float; exact far beyond any history.
fn bar_count(bars: usize) -> f64 {
    u32::try_from(bars).map_or(f64::from(u32::MAX), f64::from)
}
