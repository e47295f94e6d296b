//! Price gaps: zones between two sessions in which nothing traded, and what is left of them.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::DailyBar;

use super::exceeds;

/// A gap smaller than this many ATR is noise.
const MINIMUM_SIZE_ATR: f64 = 0.5;
/// A filled gap is still told for this many bars.
const FILLED_MEMORY: usize = 60;

/// Which way price jumped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GapDirection {
    /// The low is above the previous high.
    Up,
    /// The high is below the previous low.
    Down,
}

/// A gap of at least 0.5 ATR.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Gap {
    /// Up or down.
    pub direction: GapDirection,
    /// First session behind the gap.
    pub date: NaiveDate,
    /// Lower edge of what nobody has traded in since, dollars; of the whole gap once it is filled.
    pub low: f64,
    /// Upper edge of what nobody has traded in since, dollars; of the whole gap once it is filled.
    pub high: f64,
    /// Lower edge of the gap on its day, dollars.
    pub original_low: f64,
    /// Upper edge of the gap on its day, dollars.
    pub original_high: f64,
    /// Size on its day in ATR of the session before, at least 0.5.
    pub size_atr: f64,
    /// The session whose range closed the gap; None while it is open.
    pub filled_on: Option<NaiveDate>,
    /// Whether price has traded through the whole zone since.
    pub filled: bool,
}

/// The gaps among the last `lookback` bars: every open one, and those filled whose day is one of the last 60 bars.
/// Oldest first.
pub(crate) fn gaps(bars: &[DailyBar], atr: &[Option<f64>], lookback: usize) -> Vec<Gap> {
    let start = bars.len().saturating_sub(lookback).max(1);
    let recent = bars.len().saturating_sub(FILLED_MEMORY);
    (start..bars.len())
        .filter_map(|i| Some((i, gap_at(bars, i, (*atr.get(i - 1)?)?)?)))
        .filter(|(i, gap)| !gap.filled || *i >= recent)
        .map(|(_, gap)| gap)
        .collect()
}

/// The gap between bar `i` and the one before, narrowed by the bars since.
fn gap_at(bars: &[DailyBar], i: usize, atr: f64) -> Option<Gap> {
    let (before, bar) = (&bars[i - 1], &bars[i]);
    let (direction, low, high) = if bar.low > before.high {
        (GapDirection::Up, before.high, bar.low)
    } else if bar.high < before.low {
        (GapDirection::Down, bar.high, before.low)
    } else {
        return None;
    };
    if !exceeds(high - low, MINIMUM_SIZE_ATR * atr) {
        return None;
    }
    let whole = Gap {
        direction,
        date: bar.date,
        low,
        high,
        original_low: low,
        original_high: high,
        size_atr: (high - low) / atr,
        filled_on: None,
        filled: false,
    };
    Some(bars[i + 1..].iter().fold(whole, narrowed))
}

/// The gap after one more bar.
fn narrowed(gap: Gap, bar: &DailyBar) -> Gap {
    if gap.filled {
        return gap;
    }
    let (low, high) = match gap.direction {
        GapDirection::Up => (gap.low, gap.high.min(bar.low)),
        GapDirection::Down => (gap.low.max(bar.high), gap.high),
    };
    if high > low {
        return Gap { low, high, ..gap };
    }
    Gap { low: gap.original_low, high: gap.original_high, filled: true, filled_on: Some(bar.date), ..gap }
}
