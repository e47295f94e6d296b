//! The scene: everything that is drawn and where, as data. It has no behaviour but geometry.
//!
//! Pixels count from the image's upper left corner, x to the right and y downwards, rounded to 1/100.
//! Prices are the input's, unrounded.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::input::{ChartInput, MarkKind};
use crate::label::Label;
use crate::layout::PriceScale;
use crate::style::{ChartStyle, Color, Palette};

/// A laid-out chart: what [`crate::render_png`] and [`crate::render_svg`] draw and what tests check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scene {
    /// Ticker of the underlying.
    pub symbol: String,
    /// The moment whose knowledge the chart shows.
    pub as_of: DateTime<Utc>,
    /// Where the bars come from.
    pub source: String,
    /// True where the market is simulated; then `watermark` and a badge say so.
    pub simulated: bool,
    /// Image width in pixels.
    pub width: u32,
    /// Image height in pixels.
    pub height: u32,
    /// Colours.
    pub palette: Palette,
    /// The parts of the image.
    pub regions: Regions,
    /// How prices become pixels.
    pub price_scale: PriceScale,
    /// How many sessions one candle stands for.
    pub bar_interval: BarInterval,
    /// Daily bars that the candles stand for.
    pub bars_shown: usize,
    /// Horizontal grid lines.
    pub price_ticks: Vec<PriceTick>,
    /// Grid lines of the volume pane.
    pub volume_ticks: Vec<VolumeTick>,
    /// Vertical grid lines.
    pub date_ticks: Vec<DateTick>,
    /// Candles with their volume bars, oldest first.
    pub candles: Vec<SceneCandle>,
    /// Lines over the candles.
    pub overlays: Vec<OverlayLine>,
    /// The relative strength index below the volume.
    pub rsi: Option<RsiPane>,
    /// Strikes and breakeven, supports and resistances that are on the scale, then the Fibonacci levels, confluence zones
    /// and gaps on it that have a label.
    pub levels: Vec<SceneLevel>,
    /// The Fibonacci swing from its beginning to its end, where both dates are shown.
    pub fibonacci_swing: Option<[Point; 2]>,
    /// Levels too far away to be drawn without squashing the candles.
    pub off_scale: Vec<OffScale>,
    /// Splits, earnings and dividends.
    pub marks: Vec<SceneMark>,
    /// The time until the suggested trade ends.
    pub trade: Option<SceneTrade>,
    /// The current price.
    pub price_tag: PriceTag,
    /// Every text on the image with its box. No two boxes intersect, all lie inside the image.
    pub labels: Vec<Label>,
    /// Texts that found no room, and why.
    pub hidden: Vec<HiddenLabel>,
    /// The faint text behind the candles of a simulated market.
    pub watermark: Option<Label>,
    /// What was laid out, bars that are not shown left out.
    pub input: ChartInput<'static>,
    /// How.
    pub style: ChartStyle,
}

/// A point in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
}

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rect {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width, not negative.
    pub width: f64,
    /// Height, not negative.
    pub height: f64,
}

impl Rect {
    /// The rectangle between two corners.
    #[must_use]
    pub fn between(left: f64, top: f64, right: f64, bottom: f64) -> Self {
        Self { x: left, y: top, width: (right - left).max(0.0), height: (bottom - top).max(0.0) }
    }

    /// Right edge.
    #[must_use]
    pub fn right(&self) -> f64 {
        self.x + self.width
    }

    /// Lower edge.
    #[must_use]
    pub fn bottom(&self) -> f64 {
        self.y + self.height
    }

    /// Vertical middle.
    #[must_use]
    pub fn middle(&self) -> f64 {
        self.y + self.height / 2.0
    }

    /// True where the two share an area; touching edges do not count.
    #[must_use]
    pub fn intersects(&self, other: &Self) -> bool {
        self.x < other.right() && other.x < self.right() && self.y < other.bottom() && other.y < self.bottom()
    }

    /// True where `inner` does not reach out of this rectangle.
    #[must_use]
    pub fn contains(&self, inner: &Self) -> bool {
        inner.x >= self.x
            && inner.y >= self.y
            && inner.right() <= self.right()
            && inner.bottom() <= self.bottom()
    }
}

/// The parts of the image.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Regions {
    /// Title, last bar and legend.
    pub header: Rect,
    /// Candles and level lines, and at the right the time until the suggested trade ends.
    pub candles: Rect,
    /// Level labels, right of the candles; between the two run the leader lines.
    pub labels: Rect,
    /// Price axis.
    pub axis: Rect,
    /// Event marks under the candles; the part right of the candles holds upcoming events.
    pub marks: Option<Rect>,
    /// Volume bars; `None` where no bar has volume.
    pub volume: Option<Rect>,
    /// Relative strength index; `None` where it has no value.
    pub rsi: Option<Rect>,
    /// Date axis.
    pub dates: Rect,
    /// Source and number of sessions.
    pub footer: Rect,
}

/// How many sessions a candle stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BarInterval {
    /// One session.
    Daily,
    /// The sessions of one calendar week.
    Weekly,
    /// The sessions of one calendar month.
    Monthly,
}

/// A round price.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PriceTick {
    /// Dollars.
    pub price: f64,
    /// Its height in the image.
    pub y: f64,
}

/// A round volume.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct VolumeTick {
    /// Shares a candle.
    pub volume: f64,
    /// Its height in the image.
    pub y: f64,
}

/// The first candle of a month (or week, or year).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DateTick {
    /// First session of that candle.
    pub date: NaiveDate,
    /// Centre of the candle.
    pub x: f64,
}

/// Up or down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Close at or above the open.
    Up,
    /// Close below the open.
    Down,
}

/// A candle and its volume bar.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SceneCandle {
    /// First session.
    pub date: NaiveDate,
    /// Last session; the same as `date` for daily candles.
    pub end: NaiveDate,
    /// First trade.
    pub open: f64,
    /// Highest trade.
    pub high: f64,
    /// Lowest trade.
    pub low: f64,
    /// Last trade.
    pub close: f64,
    /// Shares traded.
    pub volume: f64,
    /// Up or down.
    pub direction: Direction,
    /// True where the session is still running; drawn hollow.
    pub partial: bool,
    /// Centre.
    pub x: f64,
    /// Width of the body, a whole odd number of pixels.
    pub body_width: f64,
    /// Pixel of the open.
    pub y_open: f64,
    /// Pixel of the high.
    pub y_high: f64,
    /// Pixel of the low.
    pub y_low: f64,
    /// Pixel of the close.
    pub y_close: f64,
    /// Upper edge of the volume bar; `None` without a volume pane.
    pub y_volume: Option<f64>,
}

/// A line over the candles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OverlayLine {
    /// Name in the legend.
    pub name: String,
    /// Line colour.
    pub color: Color,
    /// The newest value.
    pub last: Option<f64>,
    /// The parts of the line that are on the scale, each a run of at least one point.
    pub runs: Vec<Vec<Point>>,
}

/// The relative strength index and the lines that it is read by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RsiPane {
    /// The index.
    pub line: OverlayLine,
    /// 30 and 70.
    pub ticks: [RsiTick; 2],
}

/// A value of the relative strength index.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RsiTick {
    /// 0 to 100.
    pub value: f64,
    /// Its height in the image.
    pub y: f64,
}

/// The time from the last candle to the end of the suggested trade.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SceneTrade {
    /// The trade's last session.
    pub expiration: NaiveDate,
    /// Where it stands on the date axis.
    pub x: f64,
    /// The expected move.
    pub cone: Option<SceneCone>,
}

/// One standard deviation to each side, from the last candle to the trade's last session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SceneCone {
    /// Its lower end at the last session, dollars.
    pub low: f64,
    /// Its upper end, dollars.
    pub high: f64,
    /// The lower edge from left to right, kept on the scale.
    pub lower: Vec<Point>,
    /// The upper edge.
    pub upper: Vec<Point>,
    /// Colour of area and edges.
    pub color: Color,
}

/// What kind of level this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LevelKind {
    /// A support.
    Support,
    /// A resistance.
    Resistance,
    /// A Fibonacci level.
    Fibonacci,
    /// A zone where several methods agree.
    Confluence,
    /// An unfilled gap.
    Gap,
    /// A strike of the suggested trade.
    Strike,
    /// The price at which the suggested trade loses nothing at expiration.
    Breakeven,
}

/// The shaded part of a level.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Zone {
    /// Lower edge in dollars.
    pub low: f64,
    /// Upper edge in dollars.
    pub high: f64,
    /// The part of it that is on the scale.
    pub rect: Rect,
}

/// What became of a level's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelState {
    /// It is `labels[index]` of the scene.
    Shown {
        /// Index in the scene's labels.
        index: usize,
    },
    /// It is among the hidden ones, for this reason.
    Hidden {
        /// Why.
        reason: HiddenReason,
    },
}

/// A level that is on the scale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SceneLevel {
    /// What it is.
    pub kind: LevelKind,
    /// The level's price; the middle of a gap or confluence zone.
    pub price: f64,
    /// Pixel of the price; for a zone that is partly off the scale, the middle of the part that is on it.
    pub y: f64,
    /// Left end of the line.
    pub x_start: f64,
    /// Right end of the line.
    pub x_end: f64,
    /// The shaded zone.
    pub zone: Option<Zone>,
    /// Touches of a support or resistance.
    pub touches: Option<u32>,
    /// Strength of a support or resistance, 0 to 1.
    pub strength: Option<f64>,
    /// Ratio of a Fibonacci level.
    pub ratio: Option<f64>,
    /// Colour of line and label.
    pub color: Color,
    /// Thickness of the line in whole pixels; 0 where only the zone is drawn.
    pub line_width: u8,
    /// Its label.
    pub label: LabelState,
}

/// Above or below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScaleEdge {
    /// Higher prices.
    Above,
    /// Lower prices.
    Below,
}

/// A level outside the price scale: only its text is shown, at the edge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OffScale {
    /// What it is.
    pub kind: LevelKind,
    /// The level's price; of a zone, its middle.
    pub price: f64,
    /// Which edge.
    pub side: ScaleEdge,
    /// Its label.
    pub label: LabelState,
}

/// Where an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkPlace {
    /// Under the candle of its date.
    OnBar,
    /// At its date between the last candle and the end of the suggested trade.
    Ahead,
    /// Listed right of the candles.
    Upcoming,
}

/// A split, earnings or dividend mark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SceneMark {
    /// Date in New York.
    pub date: NaiveDate,
    /// What it is.
    pub kind: MarkKind,
    /// The input's text.
    pub text: String,
    /// Under a candle, or still to come.
    pub place: MarkPlace,
    /// Centre of the mark.
    pub x: f64,
    /// The mark itself.
    pub label: LabelState,
}

/// The current price on the axis.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PriceTag {
    /// Dollars.
    pub price: f64,
    /// Its pixel, or the nearer edge of the scale.
    pub y: f64,
    /// The edge that it is beyond, where it is off the scale.
    pub off_scale: Option<ScaleEdge>,
    /// Colour of the tag and its line.
    pub color: Color,
}

/// Why a text is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HiddenReason {
    /// The column beside the candles is full; nearer levels went first.
    NoRoom,
    /// Seven nearer levels have their labels.
    Farther,
    /// A Fibonacci level that the label of a confluence zone around it names.
    InZone,
    /// It would cover a text that came first.
    Overlap,
    /// Three nearer levels are already named at this edge.
    FartherOffScale,
    /// The date is before the first bar.
    BeforeFirstBar,
    /// It would reach out of the image.
    OutsideImage,
}

/// A text that is not on the image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HiddenLabel {
    /// The text.
    pub text: String,
    /// Why it is not shown.
    pub reason: HiddenReason,
}
