//! All the layout: from the input to the scene, in whole steps, without drawing anything.

mod bars;
mod frame;
mod levels;
mod marks;
mod scale;
mod texts;
mod ticks;

use std::borrow::Cow;

use chrono::Datelike;
use ttai_core::NEW_YORK;

pub use scale::{PriceScale, ScaleKind};

use crate::error::ChartError;
use crate::font::{Fonts, Weight};
use crate::input::{ChartInput, Overlay};
use crate::label::{LabelRole, LabelSet};
use crate::number::hundredth;
use crate::scene::{
    BarInterval, DateTick, OverlayLine, Point, PriceTag, PriceTick, Regions, ScaleEdge, Scene, SceneCandle,
    VolumeTick,
};
use crate::style::{ChartStyle, Palette};
use texts::AxisPlace;

pub(crate) use marks::color as mark_color;

/// What every step of the layout writes texts with.
struct Canvas<'f> {
    fonts: &'f Fonts,
    palette: &'f Palette,
    labels: LabelSet,
    /// Year of the as-of time in New York: dates in it are written without it.
    year: i32,
    /// True where there is no room for words that can be guessed.
    narrow: bool,
}

impl Scene {
    /// Lays the chart out. Pure and deterministic: the same input and style give the same scene.
    ///
    /// Sessions are joined into weekly, then monthly candles where daily ones would be narrower than 2.5 px.
    /// Levels within 35 % of the bars' range above or below widen the price scale; those farther away are listed
    /// as `off_scale`.
    ///
    /// # Errors
    /// [`ChartError`] for input that cannot be drawn: no symbol, no bars or too many, impossible or unordered bars,
    /// numbers that are not finite, zones the wrong way round, an image size out of range.
    pub fn build(input: &ChartInput<'_>, style: &ChartStyle) -> Result<Self, ChartError> {
        style.check()?;
        input.check()?;
        let window = window(input, style.visible_bars);
        let fonts = Fonts::load()?;
        let palette = Palette::of(style.theme);
        let (width, height) = (f64::from(style.width), f64::from(style.height));
        let mut canvas = Canvas {
            fonts: &fonts,
            palette: &palette,
            labels: LabelSet::new(width, height),
            year: input.as_of.with_timezone(&NEW_YORK).year(),
            narrow: style.width < 1000,
        };
        let plan = Plan::new(&window, style, &canvas, (width, height))?;
        plan.draw(&window, style, &mut canvas).map(|scene| scene.with_labels(canvas.labels))
    }

    fn with_labels(mut self, labels: LabelSet) -> Self {
        (self.labels, self.hidden) = labels.into_parts();
        self
    }
}

/// The newest `visible` bars with the overlays' values for them.
fn window<'i, 'a>(input: &'i ChartInput<'a>, visible: Option<usize>) -> Cow<'i, ChartInput<'a>> {
    let skip = visible.map_or(0, |n| input.bars.len().saturating_sub(n.max(1)));
    if skip == 0 {
        return Cow::Borrowed(input);
    }
    let mut window = input.clone();
    window.bars = input.bars.get(skip..).unwrap_or(input.bars);
    for overlay in &mut window.overlays {
        overlay.values.drain(..skip);
    }
    Cow::Owned(window)
}

/// Everything that is decided before the first text gets its place.
struct Plan {
    drafts: Vec<levels::LevelDraft>,
    scale: PriceScale,
    ticks: Vec<(f64, String)>,
    tag: PriceTag,
    regions: Regions,
    interval: BarInterval,
    groups: Vec<bars::Group>,
}

impl Plan {
    fn new(
        input: &ChartInput<'_>,
        style: &ChartStyle,
        canvas: &Canvas<'_>,
        (width, height): (f64, f64),
    ) -> Result<Self, ChartError> {
        let drafts = levels::drafts(input, canvas);
        let has_volume = input.bars.iter().any(|bar| bar.volume > 0.0);
        let rows = frame::Rows::new(width, height, !input.marks.is_empty(), has_volume);
        let scale = fit_scale(input, style, &drafts, &rows);
        let ticks = ticks::prices(&scale);
        let tag = price_tag(input, canvas.palette, &scale);
        let tick_width = |text: &String| canvas.fonts.width(text, Weight::Regular, texts::AXIS) + 12.0;
        let tag_width = texts::price_tag_text(&tag, canvas).width(canvas.fonts) + 4.0;
        let axis = ticks.iter().map(|(_, text)| tick_width(text)).fold(tag_width.max(48.0), f64::max).ceil();
        let regions = rows.regions(axis, levels::column_width(&drafts, canvas, width), drafts.len());
        let (interval, groups) = bars::group(input.bars, regions.candles.width, style.width)?;
        Ok(Self { drafts, scale, ticks, tag, regions, interval, groups })
    }

    fn draw(
        &self,
        input: &ChartInput<'_>,
        style: &ChartStyle,
        canvas: &mut Canvas<'_>,
    ) -> Result<Scene, ChartError> {
        let regions = &self.regions;
        let columns = bars::Columns::new(&regions.candles, self.groups.len());
        let volume = regions.volume.as_ref().zip(bars::most_volume(&self.groups));
        let candles = bars::candles(&self.groups, &columns, &self.scale, volume, input.last_bar_partial);
        texts::header(input, canvas, regions, &candles);
        let overlays = self.overlays(input, canvas, &columns);
        texts::legend(canvas, regions, &overlays);
        texts::footer(input, canvas, regions, self.interval);
        texts::price_tag(&self.tag, canvas, regions);
        let price_ticks = self.price_ticks(canvas);
        let levels = levels::lay_out(&self.drafts, canvas, regions, &self.scale, &candles, self.tag.price);
        let marks = marks::lay_out(&input.marks, canvas, regions, &candles);
        let volume_ticks =
            volume_ticks(canvas, regions, &candles, bars::most_volume(&self.groups), self.interval);
        let date_ticks = self.date_ticks(canvas, &candles);
        Ok(Scene {
            symbol: canvas.fonts.clean(&input.symbol),
            as_of: input.as_of,
            source: canvas.fonts.clean(&input.source),
            simulated: input.simulated,
            width: style.width,
            height: style.height,
            palette: canvas.palette.clone(),
            regions: *regions,
            price_scale: self.scale,
            bar_interval: self.interval,
            bars_shown: input.bars.len(),
            price_ticks,
            volume_ticks,
            date_ticks,
            overlays,
            levels: levels.on_scale,
            off_scale: levels.off_scale,
            fibonacci_swing: swing(input, &candles, &self.scale),
            candles,
            marks,
            price_tag: self.tag,
            labels: Vec::new(),
            hidden: Vec::new(),
            watermark: input.simulated.then(|| texts::watermark(canvas, regions, canvas.palette.simulated)),
        })
    }

    fn overlays(
        &self,
        input: &ChartInput<'_>,
        canvas: &Canvas<'_>,
        columns: &bars::Columns,
    ) -> Vec<OverlayLine> {
        let colors = canvas.palette.overlays.iter().cycle();
        let line = |(overlay, color): (&Overlay, _)| {
            let name = canvas.fonts.clean(&overlay.name);
            bars::overlay(overlay, name, color, &self.groups, columns, &self.scale)
        };
        input.overlays.iter().zip(colors.copied()).map(line).collect()
    }

    fn price_ticks(&self, canvas: &mut Canvas<'_>) -> Vec<PriceTick> {
        let mut ticks = Vec::new();
        for (price, text) in &self.ticks {
            let y = hundredth(self.scale.y(*price));
            let place = AxisPlace::RightOf { x: self.regions.axis.x + 6.0, middle: y };
            texts::axis_text(canvas, LabelRole::PriceTick, text, place);
            ticks.push(PriceTick { price: *price, y });
        }
        ticks
    }

    fn date_ticks(&self, canvas: &mut Canvas<'_>, candles: &[SceneCandle]) -> Vec<DateTick> {
        let mut ticks = Vec::new();
        for (i, text) in ticks::dates(candles, self.interval, self.regions.candles.width) {
            let Some(candle) = candles.get(i) else { continue };
            let place = AxisPlace::Centred { x: candle.x, row: self.regions.dates };
            texts::axis_text(canvas, LabelRole::DateTick, &text, place);
            ticks.push(DateTick { date: candle.date, x: candle.x });
        }
        ticks
    }
}

fn fit_scale(
    input: &ChartInput<'_>,
    style: &ChartStyle,
    drafts: &[levels::LevelDraft],
    rows: &frame::Rows,
) -> PriceScale {
    let low = input.bars.iter().map(|bar| bar.low).fold(f64::INFINITY, f64::min);
    let high = input.bars.iter().map(|bar| bar.high).fold(0.0, f64::max);
    let mut wishes = levels::wishes(drafts);
    wishes.extend(input.last_price);
    // An average's newest value matters; where it came from may lie below the picture.
    wishes.extend(input.overlays.iter().filter_map(bars::newest));
    PriceScale::fit(style.scale, low, high, &wishes, rows.candles_top, rows.candles_bottom)
}

fn price_tag(input: &ChartInput<'_>, palette: &Palette, scale: &PriceScale) -> PriceTag {
    let close =
        |back: usize| input.bars.len().checked_sub(back).and_then(|i| input.bars.get(i)).map(|b| b.close);
    let last = close(1).unwrap_or(0.0);
    let price = input.last_price.unwrap_or(last);
    // The change that the colour shows: against the session before the running or last one.
    let before = close(2).unwrap_or(last);
    PriceTag {
        price,
        y: hundredth(scale.y(price).clamp(scale.top_y, scale.bottom_y)),
        off_scale: match price {
            p if p > scale.top_price => Some(ScaleEdge::Above),
            p if p < scale.bottom_price => Some(ScaleEdge::Below),
            _ => None,
        },
        color: if price < before { palette.resistance } else { palette.support },
    }
}

fn volume_ticks(
    canvas: &mut Canvas<'_>,
    regions: &Regions,
    candles: &[SceneCandle],
    most: Option<f64>,
    interval: BarInterval,
) -> Vec<VolumeTick> {
    let (Some(pane), Some(most)) = (regions.volume, most) else { return Vec::new() };
    texts::volume_caption(canvas, &pane, candles, interval);
    let mut ticks = Vec::new();
    for (volume, _) in ticks::linear(0.0, most, 4.0).into_iter().filter(|(volume, _)| *volume > 0.0) {
        let y = hundredth(bars::volume_y(&pane, most, volume));
        let place = AxisPlace::RightOf { x: regions.axis.x + 6.0, middle: y };
        texts::axis_text(canvas, LabelRole::Volume, &crate::format::volume(volume), place);
        ticks.push(VolumeTick { volume, y });
    }
    ticks
}

/// The Fibonacci swing as a line, where both ends are shown.
fn swing(input: &ChartInput<'_>, candles: &[SceneCandle], scale: &PriceScale) -> Option<[Point; 2]> {
    let fibonacci = input.fibonacci.as_ref()?;
    let end = |date: Option<chrono::NaiveDate>, price: f64| {
        let candle = candles.iter().find(|c| date.is_some_and(|date| c.date <= date && date <= c.end))?;
        scale.contains(price).then(|| Point { x: candle.x, y: hundredth(scale.y(price)) })
    };
    Some([end(fibonacci.from_date, fibonacci.from)?, end(fibonacci.to_date, fibonacci.to)?])
}
