//! All levels of a chart in one pass.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::DailyBar;

use super::extremes::extremes;
use super::fibonacci::{NamedPrice, confluence, confluence_candidates, dominant_swing, fibonacci};
use super::gaps::gaps;
use super::swings::{ZigZag, zig_zag};
use super::trend_lines::trend_lines;
use super::zones::levels;
use super::{
    ConfluenceZone, Extremes, FibonacciSwing, Gap, Level, LevelKind, LevelSettings, Swing, TrendLine, exceeds,
};
use crate::trend::series;

/// Fewer bars than this give no levels: the ATR needs 15, and a swing some bars to each side.
pub const MINIMUM_BARS: usize = 30;
/// A turn that makes a level is confirmed by a move of this many ATR.
const SWING_ATR: f64 = 2.0;
/// A turn that may end the dominant swing is confirmed by a move of this many ATR.
const MAJOR_SWING_ATR: f64 = 4.0;
/// The dominant swing starts within this many of the last bars.
const DOMINANT_LOOKBACK: usize = 252;
/// Swings of this many of the last bars are returned and may take part in a confluence.
const SWING_MEMORY: usize = 126;

/// Why there are no levels.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LevelsError {
    /// The history is too short.
    #[error("levels need {need} bars and only {have} are given: ask for a longer history")]
    TooFewBars {
        /// Bars needed.
        need: usize,
        /// Bars given.
        have: usize,
    },
    /// A bar is impossible: a price that is not positive, or an open or close outside low to high.
    #[error(
        "the bar of {date} is impossible (open {open}, high {high}, low {low}, close {close}): correct or remove it"
    )]
    ImpossibleBar {
        /// Its session.
        date: NaiveDate,
        /// Its open.
        open: f64,
        /// Its high.
        high: f64,
        /// Its low.
        low: f64,
        /// Its close.
        close: f64,
    },
    /// The bars do not run forward in time.
    #[error("the bar of {date} follows one of {previous}: sort the bars by time")]
    NotInOrder {
        /// Session of the bar.
        date: NaiveDate,
        /// Session of the bar before it.
        previous: NaiveDate,
    },
    /// Price does not move, so nothing can be measured in its range.
    #[error("the price does not move in the last bars up to {as_of}: levels need a range")]
    NoRange {
        /// Session of the last bar.
        as_of: NaiveDate,
    },
}

/// The levels of a chart as of its last bar.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LevelMap {
    /// Session of the last bar.
    pub as_of: NaiveDate,
    /// Last close, dollars.
    pub close: f64,
    /// ATR of 14 bars at the last bar, dollars.
    pub atr: f64,
    /// At or below the close, the nearest first.
    pub supports: Vec<Level>,
    /// Above the close, the nearest first.
    pub resistances: Vec<Level>,
    /// Swings of the last 126 bars, oldest first.
    pub swings: Vec<Swing>,
    /// Fibonacci levels of the dominant swing; None while the chart has not turned by 4 ATR within a year of bars.
    pub fibonacci: Option<FibonacciSwing>,
    /// Where Fibonacci levels coincide with others, the highest first.
    pub confluence: Vec<ConfluenceZone>,
    /// Open gaps and those filled lately, oldest first.
    pub gaps: Vec<Gap>,
    /// At most one line under the price and one over it.
    pub trend_lines: Vec<TrendLine>,
    /// Highs and lows of the year and of the whole history.
    pub extremes: Extremes,
}

/// Finds the levels of split-adjusted `bars`, oldest first; the last bar may be a session still running.
///
/// # Errors
/// [`LevelsError`] when the bars are too few, impossible, out of order or without any range.
pub fn find_levels(bars: &[DailyBar], settings: &LevelSettings) -> Result<LevelMap, LevelsError> {
    check(bars)?;
    let ranges = series::atr(bars, 14);
    let (Some(last), Some(extremes)) = (bars.last(), extremes(bars)) else {
        return Err(LevelsError::TooFewBars { need: MINIMUM_BARS, have: bars.len() });
    };
    let atr = ranges.last().copied().filter(|a| a.is_finite() && *a > 1e-9 * last.close);
    let atr = atr.ok_or(LevelsError::NoRange { as_of: last.date })?;

    let minor = zig_zag(bars, &ranges, SWING_ATR);
    let (supports, resistances) =
        by_side(levels(bars, &minor.swings, &ranges, settings.lookback), settings.maximum_levels);
    let gaps = gaps(bars, &ranges, settings.lookback);
    let swings = recent(&minor.swings, bars.len());
    let dominant = dominant_swing(&major(bars, &ranges), bars.len().saturating_sub(DOMINANT_LOOKBACK));
    let fibonacci = dominant.map(|leg| fibonacci(leg, last.close));
    let confluence = fibonacci.as_ref().map_or_else(Vec::new, |fib| {
        let near: Vec<Level> = supports.iter().chain(&resistances).copied().collect();
        confluence(fib, &confluence_candidates(&swings, &near, &gaps, &averages(bars), fib), atr)
    });
    Ok(LevelMap {
        as_of: last.date,
        close: last.close,
        atr,
        trend_lines: trend_lines(bars, &swings, atr),
        supports,
        resistances,
        swings,
        fibonacci,
        confluence,
        gaps,
        extremes,
    })
}

fn major(bars: &[DailyBar], ranges: &[f64]) -> ZigZag {
    zig_zag(bars, ranges, MAJOR_SWING_ATR)
}

fn recent(swings: &[Swing], bars: usize) -> Vec<Swing> {
    swings.iter().filter(|s| s.index + SWING_MEMORY >= bars).copied().collect()
}

/// The moving averages that traders watch, where the history allows them.
fn averages(bars: &[DailyBar]) -> Vec<NamedPrice> {
    let closes: Vec<f64> = bars.iter().map(|b| b.close).collect();
    [20, 50, 200]
        .into_iter()
        .filter_map(|length| {
            let price = series::sma(&closes, length).last().copied().filter(|v| v.is_finite())?;
            Some(NamedPrice { name: format!("SMA{length}"), price })
        })
        .collect()
}

/// Supports and resistances, the nearest first, at most `maximum` each; the strongest is always among them.
fn by_side(levels: Vec<Level>, maximum: usize) -> (Vec<Level>, Vec<Level>) {
    let (supports, resistances) = levels.into_iter().partition(|l: &Level| l.kind == LevelKind::Support);
    (nearest(supports, maximum), nearest(resistances, maximum))
}

fn nearest(mut levels: Vec<Level>, maximum: usize) -> Vec<Level> {
    levels.sort_by(|a, b| a.distance_atr.total_cmp(&b.distance_atr));
    let beyond = levels.split_off(levels.len().min(maximum));
    let strongest = beyond.into_iter().reduce(|best, l| if exceeds(l.score, best.score) { l } else { best });
    if let (Some(strongest), Some(farthest)) = (strongest, levels.last_mut())
        && exceeds(strongest.score, farthest.score)
    {
        *farthest = strongest;
    }
    levels
}

fn check(bars: &[DailyBar]) -> Result<(), LevelsError> {
    if bars.len() < MINIMUM_BARS {
        return Err(LevelsError::TooFewBars { need: MINIMUM_BARS, have: bars.len() });
    }
    for bar in bars {
        if DailyBar::new(bar.date, bar.open, bar.high, bar.low, bar.close, bar.volume).is_err() {
            let DailyBar { date, open, high, low, close, .. } = *bar;
            return Err(LevelsError::ImpossibleBar { date, open, high, low, close });
        }
    }
    for pair in bars.windows(2) {
        if pair[1].date < pair[0].date {
            return Err(LevelsError::NotInOrder { date: pair[1].date, previous: pair[0].date });
        }
    }
    Ok(())
}
