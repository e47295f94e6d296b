//! Candles, volume bars and overlay lines; sessions are joined into weeks or months where they would be too thin.

use chrono::{Datelike, NaiveDate};
use ttai_core::DailyBar;

use super::scale::PriceScale;
use crate::error::ChartError;
use crate::input::Overlay;
use crate::number::{count, hundredth, whole};
use crate::scene::{BarInterval, Direction, OverlayLine, Point, Rect, SceneCandle};
use crate::style::Color;

/// Pixels that a candle needs, its gap included.
const LEAST_PITCH: f64 = 2.5;
/// Pixels that a candle gets at most.
const MOST_PITCH: f64 = 26.0;
/// Body width as a fraction of the pitch, at most.
const BODY: f64 = 0.8;
/// Pixels between bodies, at least.
const BODY_GAP: f64 = 1.5;
/// Headroom of the volume pane for its caption.
const CAPTION: f64 = 18.0;

/// Sessions that share a candle.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// Index of the last session, for the overlays' values.
    pub(super) last: usize,
    date: NaiveDate,
    end: NaiveDate,
    open: f64,
    high: f64,
    low: f64,
    close: f64,
    volume: f64,
}

/// The finest interval whose candles fit into `width` pixels, and the sessions of each candle.
pub(super) fn group(
    bars: &[DailyBar],
    width: f64,
    image_width: u32,
) -> Result<(BarInterval, Vec<Group>), ChartError> {
    let room = whole(width / LEAST_PITCH);
    for interval in [BarInterval::Daily, BarInterval::Weekly, BarInterval::Monthly] {
        let groups = join(bars, interval);
        if groups.len() <= room {
            return Ok((interval, groups));
        }
    }
    // 21 sessions a month; a limit that is certain to fit.
    Err(ChartError::TooManyBars { bars: bars.len(), limit: room.saturating_sub(1) * 19, width: image_width })
}

fn join(bars: &[DailyBar], interval: BarInterval) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (i, bar) in bars.iter().enumerate() {
        match groups.last_mut().filter(|group| same(group.date, bar.date, interval)) {
            Some(group) => group.add(i, bar),
            None => groups.push(Group::of(i, bar)),
        }
    }
    groups
}

fn same(a: NaiveDate, b: NaiveDate, interval: BarInterval) -> bool {
    match interval {
        BarInterval::Daily => a == b,
        BarInterval::Weekly => a.iso_week() == b.iso_week(),
        BarInterval::Monthly => (a.year(), a.month()) == (b.year(), b.month()),
    }
}

impl Group {
    fn of(index: usize, bar: &DailyBar) -> Self {
        let DailyBar { date, open, high, low, close, volume } = *bar;
        Self { last: index, date, end: date, open, high, low, close, volume }
    }

    fn add(&mut self, index: usize, bar: &DailyBar) {
        self.last = index;
        self.end = bar.date;
        self.high = self.high.max(bar.high);
        self.low = self.low.min(bar.low);
        self.close = bar.close;
        self.volume += bar.volume;
    }
}

/// Where candles stand: right-aligned in `area`, each centred on a pixel.
pub(super) struct Columns {
    right: f64,
    pitch: f64,
    len: usize,
}

impl Columns {
    pub(super) fn new(area: &Rect, len: usize) -> Self {
        let pitch = (area.width / count(len.max(1))).min(MOST_PITCH);
        Self { right: area.right(), pitch, len }
    }

    /// Centre of the candle, in the middle of a pixel.
    pub(super) fn x(&self, index: usize) -> f64 {
        (self.right - (count(self.len - index.min(self.len)) - 0.5) * self.pitch).floor() + 0.5
    }

    /// Width of a body: a whole odd number of pixels.
    fn body(&self) -> f64 {
        let width = (self.pitch * BODY).min(self.pitch - BODY_GAP).floor().max(1.0);
        if width % 2.0 == 0.0 { width - 1.0 } else { width }
    }
}

/// The candles of `groups`, with volume bars where there is a pane for them.
pub(super) fn candles(
    groups: &[Group],
    columns: &Columns,
    scale: &PriceScale,
    volume: Option<(&Rect, f64)>,
    partial: bool,
) -> Vec<SceneCandle> {
    let y = |price| hundredth(scale.y(price));
    let candle = |(i, g): (usize, &Group)| SceneCandle {
        date: g.date,
        end: g.end,
        open: g.open,
        high: g.high,
        low: g.low,
        close: g.close,
        volume: g.volume,
        direction: if g.close >= g.open { Direction::Up } else { Direction::Down },
        partial: partial && i + 1 == groups.len(),
        x: columns.x(i),
        body_width: columns.body(),
        y_open: y(g.open),
        y_high: y(g.high),
        y_low: y(g.low),
        y_close: y(g.close),
        y_volume: volume.map(|(pane, most)| hundredth(volume_y(pane, most, g.volume))),
    };
    groups.iter().enumerate().map(candle).collect()
}

/// The most shares of a candle; `None` where nothing was traded.
pub(super) fn most_volume(groups: &[Group]) -> Option<f64> {
    groups.iter().map(|g| g.volume).filter(|v| *v > 0.0).reduce(f64::max)
}

/// Pixel of a volume in its pane, under the caption's headroom.
pub(super) fn volume_y(pane: &Rect, most: f64, volume: f64) -> f64 {
    pane.bottom() - (pane.height - CAPTION) * (volume / most)
}

/// The overlay's line with what is off the scale cut away exactly at the edge.
pub(super) fn overlay(
    overlay: &Overlay,
    name: String,
    color: Color,
    groups: &[Group],
    columns: &Columns,
    scale: &PriceScale,
) -> OverlayLine {
    let values = groups.iter().map(|g| overlay.values.get(g.last).copied().flatten());
    let mut runs: Vec<Vec<Point>> = Vec::new();
    let mut before: Option<Point> = None;
    for (i, value) in values.enumerate() {
        let here = value.map(|v| Point { x: columns.x(i), y: scale.y(v) });
        let visible = match (before, here) {
            (Some(a), Some(b)) => clip(a, b, scale.top_y, scale.bottom_y),
            (None, Some(b)) if (scale.top_y..=scale.bottom_y).contains(&b.y) => Some([b, b]),
            _ => None,
        };
        if let Some(segment) = visible {
            extend(&mut runs, segment.map(|p| Point { x: hundredth(p.x), y: hundredth(p.y) }));
        }
        before = here;
    }
    OverlayLine { name, color, last: newest(overlay), runs }
}

/// The newest value of an overlay.
pub(super) fn newest(overlay: &Overlay) -> Option<f64> {
    overlay.values.iter().rev().copied().flatten().next()
}

fn extend(runs: &mut Vec<Vec<Point>>, [from, to]: [Point; 2]) {
    match runs.last_mut().filter(|run| run.last() == Some(&from)) {
        Some(run) if from == to => run.dedup(),
        Some(run) => run.push(to),
        None if from == to => runs.push(vec![from]),
        None => runs.push(vec![from, to]),
    }
}

/// The part of the segment between two heights.
fn clip(a: Point, b: Point, top: f64, bottom: f64) -> Option<[Point; 2]> {
    if a.y.max(b.y) < top || a.y.min(b.y) > bottom {
        return None;
    }
    let at = |from: Point, to: Point| {
        let y = from.y.clamp(top, bottom);
        let share = if from.y == to.y { 0.0 } else { (y - from.y) / (to.y - from.y) };
        Point { x: from.x + share * (to.x - from.x), y }
    };
    Some([at(a, b), at(b, a)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(n: u64) -> Vec<DailyBar> {
        let start = NaiveDate::from_ymd_opt(2014, 1, 1).unwrap();
        let weekdays = start.iter_days().filter(|d| d.weekday().num_days_from_monday() < 5);
        weekdays.zip(0..n).map(|(d, _)| DailyBar::new(d, 10.0, 12.0, 9.0, 11.0, 100.0).unwrap()).collect()
    }

    #[test]
    fn sessions_are_joined_into_weeks_and_months_only_where_they_are_too_thin() {
        let of = |n, width| group(&bars(n), width, 1200).map(|(interval, groups)| (interval, groups.len()));
        assert_eq!(of(126, 900.0), Ok((BarInterval::Daily, 126)));
        assert_eq!(of(1000, 900.0), Ok((BarInterval::Weekly, 201)));
        assert_eq!(of(2600, 900.0).unwrap().0, BarInterval::Monthly);
        assert!(matches!(of(8000, 900.0), Err(ChartError::TooManyBars { bars: 8000, limit: 6821, .. })));
    }

    #[test]
    fn a_week_has_the_extremes_and_the_sum_of_its_sessions() {
        let mut week = bars(5);
        week[3].high = 15.0;
        week[1].low = 7.0;
        week[2].close = 8.0;
        let groups = join(&week, BarInterval::Weekly);
        let first = &groups[0];
        assert_eq!(
            (first.high, first.low, first.close, first.volume, first.last),
            (12.0, 7.0, 8.0, 300.0, 2)
        );
    }

    #[test]
    fn a_line_is_cut_at_the_edge_of_the_scale() {
        let cut = clip(Point { x: 0.0, y: -10.0 }, Point { x: 10.0, y: 10.0 }, 0.0, 100.0);
        assert_eq!(cut, Some([Point { x: 5.0, y: 0.0 }, Point { x: 10.0, y: 10.0 }]));
        assert_eq!(clip(Point { x: 0.0, y: -10.0 }, Point { x: 10.0, y: -1.0 }, 0.0, 100.0), None);
    }
}
