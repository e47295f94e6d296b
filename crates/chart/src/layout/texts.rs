//! Header, legend, footer and axis texts.

use super::Canvas;
use super::frame::MARGIN;
use crate::font::Weight;
use crate::format;
use crate::input::ChartInput;
use crate::label::{Draft, Label, LabelRole};
use crate::scene::{
    BarInterval, HiddenReason, OverlayLine, PriceTag, Rect, Regions, ScaleEdge, SceneCandle, SceneTrade,
};
use crate::style::Color;

/// Vertical middles of the header's three rows.
const ROWS: [f64; 3] = [24.0, 50.0, 70.0];
/// Room between texts of a row.
const SPACE: f64 = 14.0;
/// Size of axis texts.
pub(super) const AXIS: f64 = 11.5;
/// Size of ordinary header texts.
const SMALL: f64 = 12.5;
/// Height of the tag of the current price.
const TAG: f64 = 20.0;

/// A row that is filled from the left while something else may hold its right end.
struct Row {
    left: f64,
    right: f64,
    middle: f64,
}

impl Row {
    fn push_right(&mut self, canvas: &mut Canvas<'_>, draft: &Draft) {
        let room = self.right - self.left;
        let width = draft.width(canvas.fonts).min(room);
        canvas.labels.admit(draft.place(canvas.fonts, self.right - width, self.middle, width));
        self.right -= width + SPACE;
    }

    fn push_left(&mut self, canvas: &mut Canvas<'_>, draft: &Draft) {
        let label = draft.place(canvas.fonts, self.left, self.middle, self.right - self.left);
        if label.runs.is_empty() {
            canvas.labels.hide(draft.text(), HiddenReason::NoRoom);
            return;
        }
        self.left = label.rect.right() + SPACE;
        canvas.labels.admit(label);
    }
}

/// Symbol, company, strategy, badge, as-of time and the last bar.
pub(super) fn header(
    input: &ChartInput<'_>,
    canvas: &mut Canvas<'_>,
    regions: &Regions,
    interval: BarInterval,
    candles: &[SceneCandle],
) {
    let palette = canvas.palette;
    let row = |i: usize| Row { left: regions.header.x, right: regions.header.right(), middle: ROWS[i] };
    let mut title = row(0);
    if input.simulated {
        let badge = Draft::new(LabelRole::Badge, 12.5)
            .boxed(22.0, palette.simulated, None, 4.0)
            .padding(9.0)
            .run("SIMULATED MARKET", Weight::Medium, palette.on_fill);
        title.push_right(canvas, &badge);
    }
    let symbol = canvas.fonts.elide(&canvas.fonts.clean(&input.symbol), Weight::Medium, 24.0, 260.0);
    title.push_left(canvas, &Draft::new(LabelRole::Title, 24.0).run(symbol, Weight::Medium, palette.text));
    let strategy = input.strategy.as_deref().map(|s| canvas.fonts.clean(s)).filter(|s| !s.is_empty());
    let company = input.company.as_deref().map(|s| canvas.fonts.clean(s)).filter(|s| !s.is_empty());
    if let Some(strategy) = strategy {
        let text = canvas.fonts.elide(&strategy.replace('_', " "), Weight::Medium, SMALL, 160.0);
        let chip = Draft::new(LabelRole::Title, SMALL)
            .boxed(20.0, palette.pane, Some(palette.muted), 10.0)
            .padding(9.0)
            .run(text, Weight::Medium, palette.muted);
        title.push_left(canvas, &chip);
    }
    if let Some(company) = company {
        title.push_left(
            canvas,
            &Draft::new(LabelRole::Title, 15.0).run(company, Weight::Regular, palette.muted),
        );
    }
    let mut prices = row(1);
    let as_of = Draft::new(LabelRole::AsOf, SMALL).run("as of ", Weight::Regular, palette.muted).run(
        format::eastern(input.as_of),
        Weight::Medium,
        palette.text,
    );
    prices.push_right(canvas, &as_of);
    last_candle(canvas, &mut prices, interval, candles);
}

/// Prices of the last session, week or month with its change against the one before.
fn last_candle(canvas: &mut Canvas<'_>, row: &mut Row, interval: BarInterval, candles: &[SceneCandle]) {
    let Some(candle) = candles.last() else { return };
    let palette = canvas.palette;
    let end = format::day(candle.end, canvas.year);
    let (date, period) = match interval {
        BarInterval::Daily => (end, "session"),
        BarInterval::Weekly => (format!("Week to {end}"), "week"),
        BarInterval::Monthly => (format!("Month to {end}"), "month"),
    };
    let mut draft =
        Draft::new(LabelRole::LastBar, SMALL).run(format!("{date}  "), Weight::Medium, palette.text);
    for (name, price) in [("O", candle.open), ("H", candle.high), ("L", candle.low), ("C", candle.close)] {
        draft = draft.run(format!(" {name} "), Weight::Regular, palette.muted).run(
            format::price(price),
            Weight::Regular,
            palette.text,
        );
    }
    if let Some(before) = candles.iter().rev().nth(1) {
        let percent = (candle.close / before.close - 1.0) * 100.0;
        let color = if percent < 0.0 { palette.resistance } else { palette.support };
        draft = draft.run(format!("  {}", format::change(percent)), Weight::Medium, color);
    }
    if candle.partial {
        draft = draft.run(format!("   {period} in progress"), Weight::Medium, palette.simulated);
    }
    row.push_left(canvas, &draft);
}

/// One entry per overlay, a dash in its colour, its name, its newest value; and one for the expected move.
pub(super) fn legend(
    canvas: &mut Canvas<'_>,
    regions: &Regions,
    overlays: &[OverlayLine],
    trade: Option<&SceneTrade>,
) {
    let mut row = Row { left: regions.header.x, right: regions.header.right(), middle: ROWS[2] };
    for line in overlays {
        let value = match (line.last, line.runs.is_empty()) {
            (None, _) => "not enough bars".to_owned(),
            (Some(last), true) => format!("{} (off scale)", format::price(last)),
            (Some(last), false) => format::price(last),
        };
        let draft = Draft::new(LabelRole::Legend, SMALL)
            .run("— ", Weight::Medium, line.color)
            .run(format!("{} ", line.name), Weight::Regular, canvas.palette.muted)
            .run(value, Weight::Medium, line.color);
        row.push_left(canvas, &draft);
    }
    if let Some((trade, cone)) = trade.and_then(|trade| Some((trade, trade.cone.as_ref()?))) {
        let day = format::day(trade.expiration, canvas.year);
        let draft = Draft::new(LabelRole::Legend, SMALL)
            .run("— ", Weight::Medium, cone.color)
            .run(format!("expected by {day} (±1 SD) "), Weight::Regular, canvas.palette.muted)
            .run(
                format!("{}–{}", format::price(cone.low.max(0.0)), format::price(cone.high)),
                Weight::Medium,
                cone.color,
            );
        row.push_left(canvas, &draft);
    }
}

/// The trade's last session on the date axis.
pub(super) fn expiration(canvas: &mut Canvas<'_>, regions: &Regions, trade: Option<&SceneTrade>) {
    let Some(trade) = trade else { return };
    let text = format::day(trade.expiration, canvas.year);
    axis_text(canvas, LabelRole::DateTick, &text, AxisPlace::Centred { x: trade.x, row: regions.dates });
}

/// Source at the left, sessions at the right.
pub(super) fn footer(
    input: &ChartInput<'_>,
    canvas: &mut Canvas<'_>,
    regions: &Regions,
    interval: BarInterval,
) {
    let (Some(first), Some(last)) = (input.bars.first(), input.bars.last()) else { return };
    let mut row =
        Row { left: regions.footer.x, right: regions.footer.right(), middle: regions.footer.middle() };
    let muted = canvas.palette.muted;
    let candles = match interval {
        BarInterval::Daily => "daily",
        BarInterval::Weekly => "weekly candles",
        BarInterval::Monthly => "monthly candles",
    };
    let sessions = input.bars.len();
    let plural = if sessions == 1 { "session" } else { "sessions" };
    let text = format!(
        "{candles} · {sessions} {plural} · {} – {}",
        first.date.format("%b %-d %Y"),
        last.date.format("%b %-d %Y")
    );
    row.push_right(canvas, &Draft::new(LabelRole::Sessions, AXIS).run(text, Weight::Regular, muted));
    let source = canvas.fonts.clean(&input.source);
    if !source.is_empty() {
        let draft =
            Draft::new(LabelRole::Source, AXIS).run(format!("Source: {source}"), Weight::Regular, muted);
        row.push_left(canvas, &draft);
    }
}

/// The tag of the current price.
pub(super) fn price_tag_text(tag: &PriceTag, canvas: &Canvas<'_>) -> Draft {
    let draft = Draft::new(LabelRole::PriceTag, AXIS + 0.5).boxed(TAG, tag.color, None, 2.0).run(
        format::price(tag.price),
        Weight::Medium,
        canvas.palette.on_fill,
    );
    tag.off_scale.map_or_else(|| draft.clone(), |side: ScaleEdge| draft.clone().pointer(side))
}

/// Puts the tag on the axis, inside the candle pane's height.
pub(super) fn price_tag(tag: &PriceTag, canvas: &mut Canvas<'_>, regions: &Regions) {
    let axis = regions.axis;
    let middle = tag.y.round().clamp(axis.y + TAG / 2.0, axis.bottom() - TAG / 2.0);
    let draft = price_tag_text(tag, canvas);
    let mut label = draft.place(canvas.fonts, axis.x + 1.0, middle, axis.width - 1.0);
    label.rect.width = label.rect.width.max(axis.width - 4.0).min(axis.width - 1.0);
    canvas.labels.admit(label);
}

/// A text on an axis, or nothing where it would cover another: a tick needs no mention among the hidden.
pub(super) fn axis_text(canvas: &mut Canvas<'_>, role: LabelRole, text: &str, place: AxisPlace) {
    let draft = Draft::new(role, AXIS).run(text, Weight::Regular, canvas.palette.muted);
    let width = draft.width(canvas.fonts);
    let label: Label = match place {
        AxisPlace::RightOf { x, middle } => draft.place(canvas.fonts, x, middle, width + 1.0),
        AxisPlace::Centred { x, row } => {
            let left = (x - width / 2.0).clamp(row.x, (row.right() - width).max(row.x));
            draft.place(canvas.fonts, left, row.middle(), width + 1.0)
        }
    };
    if canvas.labels.is_free(&label.rect) {
        canvas.labels.admit(label);
    }
}

/// Where an axis text stands.
#[derive(Clone, Copy)]
pub(super) enum AxisPlace {
    /// Starts at `x`, centred on `middle`.
    RightOf {
        /// Left end.
        x: f64,
        /// Vertical middle.
        middle: f64,
    },
    /// Centred on `x`, kept inside `row`.
    Centred {
        /// Horizontal middle.
        x: f64,
        /// The axis.
        row: Rect,
    },
}

/// The caption of the volume pane.
pub(super) fn volume_caption(
    canvas: &mut Canvas<'_>,
    pane: &Rect,
    candles: &[SceneCandle],
    interval: BarInterval,
) {
    let Some(candle) = candles.last() else { return };
    let name = match interval {
        BarInterval::Daily => "Volume",
        BarInterval::Weekly => "Volume of the week",
        BarInterval::Monthly => "Volume of the month",
    };
    caption(canvas, LabelRole::Volume, pane, name, format::volume(candle.volume));
}

/// Name and newest value of a pane, in its upper left corner.
pub(super) fn caption(canvas: &mut Canvas<'_>, role: LabelRole, pane: &Rect, name: &str, value: String) {
    let draft = Draft::new(role, AXIS).run(format!("{name} "), Weight::Regular, canvas.palette.muted).run(
        value,
        Weight::Medium,
        canvas.palette.text,
    );
    canvas.labels.admit(draft.place(canvas.fonts, pane.x + 5.0, pane.y + 9.0, pane.width));
}

/// `SIMULATED`, large and faint, behind the candles.
pub(super) fn watermark(canvas: &Canvas<'_>, regions: &Regions, color: Color) -> Label {
    let area = regions.candles;
    let size = (area.width / 7.5).min(area.height / 3.0).min(110.0).floor();
    let draft = Draft::new(LabelRole::Watermark, size).run("SIMULATED", Weight::Medium, color);
    let width = draft.width(canvas.fonts);
    draft.place(canvas.fonts, (area.x + (area.width - width) / 2.0).max(MARGIN), area.middle(), width + 1.0)
}
