//! All levels of a chart in one pass.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::{DailyBar, LevelSide};

use super::extremes::extremes;
use super::fibonacci::{NamedPrice, confluence, confluence_candidates, dominant_swing, fibonacci};
use super::gaps::gaps;
use super::landscape::Landscape;
use super::swings::{SwingKind, ZigZag, zig_zag};
use super::trend_lines::trend_lines;
use super::zones::{LevelContext, extreme_levels, levels};
use super::{
    Confluence, DominantSwing, Extremes, Gap, Level, LevelSettings, Strength, Swing, TrendLine, exceeds,
};
use crate::indicators::{IndicatorError, atr, sma};

/// Fewer bars than this give no levels: the ATR needs 15, and a swing some bars to each side.
pub const MINIMUM_BARS: usize = 30;
/// A turn that makes a level is confirmed by a move of this many ATR.
const SWING_ATR: f64 = 1.5;
/// A turn that only counts towards the density of turns is confirmed by a move of this many ATR.
const FINE_SWING_ATR: f64 = 1.0;
/// A level within this many ATR of the close is being tested: it is neither support nor resistance yet.
const TESTED_ATR: f64 = 0.5;
/// Levels closer than this many ATR cannot be told apart: only the better is returned.
const APART_ATR: f64 = 0.5;
/// A level loses this many points an ATR of distance when the best are chosen.
const DISTANCE_POINTS: f64 = 0.05;
/// Where no level of at least moderate strength lies within this many ATR, the latest swing's level is added.
const NEAR_ATR: f64 = 3.0;
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
    /// An indicator refuses a number.
    #[error(transparent)]
    Indicator(#[from] IndicatorError),
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
    /// The best levels at least 0.5 ATR below the close, with the extremes of the year and of the history, the nearest first.
    pub supports: Vec<Level>,
    /// The best levels at least 0.5 ATR above the close, with the extremes of the year and of the history, the nearest first.
    pub resistances: Vec<Level>,
    /// Levels within 0.5 ATR of the close, which price is testing now, the nearest first.
    pub tested: Vec<Level>,
    /// Swings of the last 126 bars, oldest first.
    pub swings: Vec<Swing>,
    /// Fibonacci levels of the dominant swing; None while the chart has not turned by 4 ATR within a year of bars.
    pub fibonacci: Option<DominantSwing>,
    /// Where Fibonacci levels coincide with others, the highest first.
    pub confluence: Vec<Confluence>,
    /// Open gaps and those filled lately, oldest first.
    pub gaps: Vec<Gap>,
    /// At most one line under the price and one over it.
    pub trend_lines: Vec<TrendLine>,
    /// Highs and lows of the year and of the whole history.
    pub extremes: Extremes,
}

/// Finds the levels of split-adjusted `bars`, oldest first; the last bar may be a session still running.
/// Prices are in the bars' unit, distances in ATR ([`crate::levels`]); the rules are ttai's own, measured by [`super::validation`].
///
/// # Errors
/// [`LevelsError`] when the bars are fewer than [`MINIMUM_BARS`], impossible, out of order or without any
/// range (an ATR of at most 1e-9 of the close).
pub fn find_levels(bars: &[DailyBar], settings: &LevelSettings) -> Result<LevelMap, LevelsError> {
    check(bars)?;
    let ranges = atr(bars, 14)?;
    let (Some(last), Some(extremes)) = (bars.last(), extremes(bars)) else {
        return Err(LevelsError::TooFewBars { need: MINIMUM_BARS, have: bars.len() });
    };
    let atr = ranges.last().copied().flatten().filter(|a| *a > 1e-9 * last.close);
    let atr = atr.ok_or(LevelsError::NoRange { as_of: last.date })?;

    let minor = zig_zag(bars, &ranges, SWING_ATR);
    let averages = averages(bars)?;
    let sma200 = averages.iter().find(|a| a.name == "SMA200").map(|a| a.price);
    let turns = zig_zag(bars, &ranges, FINE_SWING_ATR).swings;
    let landscape = Landscape::new(bars, &turns, atr, sma200, settings.lookback);
    let oldest = bars.len().saturating_sub(settings.lookback);
    let frame = LevelContext { bars, close: last.close, atr, oldest, landscape: &landscape };
    let side = Side { close: last.close, atr, swings: &minor.swings, maximum: settings.maximum_levels };
    let Sides { supports, resistances, tested } =
        side.sorted(levels(&frame, &minor.swings, &ranges), extreme_levels(&frame, &extremes));
    let gaps = gaps(bars, &ranges, settings.lookback);
    let swings = recent(&minor.swings, bars.len());
    let dominant = dominant_swing(&major(bars, &ranges), bars.len().saturating_sub(DOMINANT_LOOKBACK));
    let fibonacci = dominant.map(|leg| fibonacci(leg, last.close));
    let confluence = fibonacci.as_ref().map_or_else(Vec::new, |fib| {
        let near: Vec<Level> = supports.iter().chain(&resistances).copied().collect();
        confluence(fib, &confluence_candidates(&swings, &near, &gaps, &averages, fib), atr)
    });
    Ok(LevelMap {
        as_of: last.date,
        close: last.close,
        atr,
        trend_lines: trend_lines(bars, &swings, atr),
        supports,
        resistances,
        tested,
        swings,
        fibonacci,
        confluence,
        gaps,
        extremes,
    })
}

fn major(bars: &[DailyBar], ranges: &[Option<f64>]) -> ZigZag {
    zig_zag(bars, ranges, MAJOR_SWING_ATR)
}

fn recent(swings: &[Swing], bars: usize) -> Vec<Swing> {
    swings.iter().filter(|s| s.index + SWING_MEMORY >= bars).copied().collect()
}

/// The moving averages that traders watch, where the history allows them.
fn averages(bars: &[DailyBar]) -> Result<Vec<NamedPrice>, IndicatorError> {
    let closes: Vec<f64> = bars.iter().map(|b| b.close).collect();
    let mut averages = Vec::new();
    for length in [20, 50, 200] {
        if let Some(price) = sma(&closes, length)?.last().copied().flatten() {
            averages.push(NamedPrice { name: format!("SMA{length}"), price });
        }
    }
    Ok(averages)
}

/// Levels by where they lie.
struct Sides {
    supports: Vec<Level>,
    resistances: Vec<Level>,
    tested: Vec<Level>,
}

/// What decides which levels are returned.
struct Side<'a> {
    close: f64,
    atr: f64,
    swings: &'a [Swing],
    maximum: usize,
}

impl Side<'_> {
    fn sorted(&self, levels: Vec<Level>, extremes: Vec<Level>) -> Sides {
        let (tested, supports, resistances) = self.by_side(levels);
        let (tested_extremes, lows, highs) = self.by_side(extremes);
        let supports = self.one_side(supports, lows, SwingKind::Low);
        let resistances = self.one_side(resistances, highs, SwingKind::High);
        let mut tested = self.with_extremes(self.best(tested), tested_extremes);
        tested.retain(|level| supports.iter().chain(&resistances).all(|other| self.apart(level, other)));
        Sides { supports, resistances, tested }
    }

    /// Levels that price is testing, those below it and those above it.
    fn by_side(&self, levels: Vec<Level>) -> (Vec<Level>, Vec<Level>, Vec<Level>) {
        let is_tested = |l: &Level| exceeds(TESTED_ATR * self.atr, (l.price - self.close).abs());
        let (tested, away): (Vec<Level>, Vec<Level>) = levels.into_iter().partition(is_tested);
        let (supports, resistances) = away.into_iter().partition(|l| l.kind == LevelSide::Support);
        (tested, supports, resistances)
    }

    /// The extremes of the year and of the history are levels however weak; one that is not apart from a chosen level is one with it, at the price of
    /// the better.
    fn with_extremes(&self, mut chosen: Vec<Level>, extremes: Vec<Level>) -> Vec<Level> {
        if self.maximum == 0 {
            return chosen;
        }
        for extreme in extremes {
            let (same, mut apart): (Vec<Level>, Vec<Level>) =
                chosen.into_iter().partition(|level| !self.apart(level, &extreme));
            apart.push(same.iter().fold(extreme, Level::merged));
            chosen = apart;
        }
        chosen.sort_by(|a, b| a.distance_atr.total_cmp(&b.distance_atr));
        chosen
    }

    /// The best levels and the extremes, and where none of them is near the price also the level of the latest swing, however weak: a chart without a
    /// level nearby still has the last turn to watch.
    fn one_side(&self, levels: Vec<Level>, extremes: Vec<Level>, kind: SwingKind) -> Vec<Level> {
        let latest = self.latest(&levels, kind);
        let mut chosen = self.with_extremes(self.best(levels), extremes);
        let near = chosen.first().is_some_and(|l| !exceeds(l.distance_atr, NEAR_ATR));
        let is_missing = |latest: &Level| !near && chosen.iter().all(|other| self.apart(latest, other));
        if let Some(latest) = latest.filter(is_missing) {
            chosen.push(latest);
            chosen.sort_by(|a, b| a.distance_atr.total_cmp(&b.distance_atr));
        }
        chosen
    }

    /// The best levels of at least moderate strength, none closer to a better one than 0.5 ATR, the nearest first.
    fn best(&self, mut levels: Vec<Level>) -> Vec<Level> {
        let merit = |l: &Level| l.evidence.points() - DISTANCE_POINTS * l.distance_atr;
        levels.retain(|l| l.strength > Strength::Weak);
        levels.sort_by(|a, b| merit(b).total_cmp(&merit(a)));
        let mut chosen: Vec<Level> = Vec::new();
        for level in levels {
            if chosen.len() < self.maximum && chosen.iter().all(|other| self.apart(other, &level)) {
                chosen.push(level);
            }
        }
        chosen.sort_by(|a, b| a.distance_atr.total_cmp(&b.distance_atr));
        chosen
    }

    fn apart(&self, one: &Level, other: &Level) -> bool {
        !exceeds(APART_ATR * self.atr, (one.price - other.price).abs())
    }

    /// The level that the latest swing of this kind on its side of the price belongs to.
    fn latest(&self, levels: &[Level], kind: SwingKind) -> Option<Level> {
        let own = |s: &Swing| levels.iter().find(|l| !exceeds((l.price - s.price).abs(), 0.0));
        self.swings.iter().rev().filter(|s| s.kind == kind).find_map(own).copied()
    }
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
