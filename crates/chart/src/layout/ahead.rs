//! The time to come: the suggested trade's sessions right of the last candle, and the cone of its expected move.

use chrono::NaiveDate;

use super::Canvas;
use super::scale::PriceScale;
use crate::input::{ChartInput, ExpectedRange};
use crate::number::{count, hundredth};
use crate::scene::{Point, Rect, SceneCandle, SceneCone, SceneTrade};

/// Pixels that a session to come gets at most.
const MOST_PITCH: f64 = 26.0;
/// Pixels of the time to come, at least.
const LEAST_WIDTH: f64 = 40.0;
/// Share of the candle pane, at most: a trade of years would squash the candles.
const MOST_SHARE: f64 = 0.28;
/// Points of a cone's edge; the curve is steepest at its beginning.
const POINTS: u32 = 32;

/// The sessions to come and the pixels that they share.
pub(super) struct Ahead<'i> {
    sessions: &'i [NaiveDate],
    area: Rect,
}

impl<'i> Ahead<'i> {
    /// The right part of the pane of candles; None without a session to come.
    pub(super) fn new(input: &'i ChartInput<'_>, candles: &Rect) -> Option<Self> {
        let sessions =
            input.trade.as_ref().map(|trade| trade.sessions.as_slice()).filter(|s| !s.is_empty())?;
        let (past, ahead) = (count(input.bars.len()), count(sessions.len()));
        let fair = (candles.width * ahead / (past + ahead)).min(ahead * MOST_PITCH);
        let width = fair.max(LEAST_WIDTH).min(candles.width * MOST_SHARE).floor();
        let area = Rect { x: candles.right() - width, width, ..*candles };
        Some(Self { sessions, area })
    }

    pub(super) const fn width(&self) -> f64 {
        self.area.width
    }

    /// Centre of the first session from `date` on, in the middle of a pixel; None after the last.
    pub(super) fn x(&self, date: NaiveDate) -> Option<f64> {
        let index = self.sessions.iter().position(|session| *session >= date)?;
        let pitch = self.area.width / count(self.sessions.len());
        Some((self.area.x + (count(index) + 0.5) * pitch).floor() + 0.5)
    }

    /// The trade's end and its cone from the last candle on.
    pub(super) fn trade(
        &self,
        input: &ChartInput<'_>,
        canvas: &Canvas<'_>,
        scale: &PriceScale,
        candles: &[SceneCandle],
    ) -> Option<SceneTrade> {
        let expiration = *self.sessions.last()?;
        let x = self.x(expiration)?;
        let from = candles.last().map_or(self.area.x, |candle| candle.x);
        let expected = input.trade.as_ref().and_then(|trade| trade.expected);
        let cone = expected.map(|expected| cone(&expected, (from, x), scale, canvas.palette.trade));
        Some(SceneTrade { expiration, x, cone })
    }
}

fn cone(
    expected: &ExpectedRange,
    (left, right): (f64, f64),
    scale: &PriceScale,
    color: crate::style::Color,
) -> SceneCone {
    let edge = |side: f64| -> Vec<Point> {
        let point = |step: u32| {
            let time = f64::from(step) / f64::from(POINTS);
            let y = scale.y(expected.from + side * expected.one_sd * time.sqrt());
            let y = y.clamp(scale.top_y, scale.bottom_y);
            Point { x: hundredth(left + time * (right - left)), y: hundredth(y) }
        };
        (0..=POINTS).map(point).collect()
    };
    SceneCone {
        low: expected.from - expected.one_sd,
        high: expected.from + expected.one_sd,
        lower: edge(-1.0),
        upper: edge(1.0),
        color,
    }
}
