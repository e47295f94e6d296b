//! Which part of a history may be trusted, and bars of a longer timeframe.

use chrono::{Datelike, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::DailyBar;

/// An overnight move of more than this fraction of the previous close cannot be trading without a corporate action.
pub const UNEXPLAINED_MOVE: f64 = 0.30;

/// An overnight move that no corporate action explains; the history is used only from there on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryCut {
    /// The session that opened far from the previous close.
    pub date: NaiveDate,
    /// The close before it, dollars (split-adjusted).
    pub previous_close: f64,
    /// Its open, dollars.
    pub open: f64,
    /// Open over previous close, less one: −0.47 is a fall of 47 %.
    pub move_fraction: f64,
    /// Whether the session's close is again within 30 % of the previous close. Then the open is doubtful, and the
    /// session itself is left out as well.
    pub reverted: bool,
}

/// The bars after the last overnight move of more than 30 % (split-adjusted bars: a known split makes no such move),
/// and that move, which may leave none. Without one, all bars. `bars` are in any unit of price above 0, oldest first;
/// the limit is [`UNEXPLAINED_MOVE`], ttai's own.
#[must_use]
pub fn usable_history(bars: &[DailyBar]) -> (&[DailyBar], Option<HistoryCut>) {
    let jump = (1..bars.len()).rev().find(|i| exceeds_limit(bars[i - 1].close, bars[*i].open));
    let Some(index) = jump else { return (bars, None) };
    let (previous_close, bar) = (bars[index - 1].close, bars[index]);
    let reverted = !exceeds_limit(previous_close, bar.close);
    let cut = HistoryCut {
        date: bar.date,
        previous_close,
        open: bar.open,
        move_fraction: bar.open / previous_close - 1.0,
        reverted,
    };
    (&bars[index + usize::from(reverted)..], Some(cut))
}

fn exceeds_limit(previous_close: f64, price: f64) -> bool {
    (price / previous_close - 1.0).abs() > UNEXPLAINED_MOVE
}

/// One bar a calendar week (Monday to Sunday) from daily bars, dated by the week's last session; the last one may be
/// a week still running. First open, highest high, lowest low, last close and the sum of volume, in the bars' units;
/// weeks are those of ISO 8601, `bars` oldest first.
#[must_use]
pub fn weekly_bars(bars: &[DailyBar]) -> Vec<DailyBar> {
    let same_week = |a: &DailyBar, b: &DailyBar| a.date.iso_week() == b.date.iso_week();
    bars.chunk_by(same_week).filter_map(merged).collect()
}

/// One bar over several.
fn merged(week: &[DailyBar]) -> Option<DailyBar> {
    let (first, last) = (week.first()?, week.last()?);
    Some(DailyBar {
        date: last.date,
        open: first.open,
        high: week.iter().map(|b| b.high).fold(first.high, f64::max),
        low: week.iter().map(|b| b.low).fold(first.low, f64::min),
        close: last.close,
        volume: week.iter().map(|b| b.volume).sum(),
    })
}
