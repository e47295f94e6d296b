//! All the layout: from the input to the scene, in whole steps, without drawing anything.

mod ahead;
mod bars;
mod frame;
mod levels;
mod marks;
mod rsi;
mod scale;
mod texts;
mod ticks;

use std::borrow::Cow;

use chrono::Datelike;
use ttai_core::NEW_YORK;

pub use scale::{PriceScale, ScaleKind};

use crate::error::ChartError;
use crate::font::{Fonts, Weight};
use crate::input::{ChartInput, Overlay, TradeOverlay};
use crate::label::{LabelRole, LabelSet};
use crate::number::hundredth;
use crate::scene::{
    BarInterval, DateTick, OverlayLine, Point, PriceTag, PriceTick, Rect, Regions, ScaleEdge, Scene,
    SceneCandle, VolumeTick,
};
use crate::style::{ChartStyle, Palette};
use ahead::Ahead;
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
    /// The price scale spans what was traded, the current price and, within 35 % of that range above and below, the
    /// suggested trade; levels beyond it are listed as `off_scale`.
    ///
    /// # Errors
    /// [`ChartError`] for input that cannot be drawn: no symbol, no bars or too many, impossible or unordered bars,
    /// numbers that are not finite, zones the wrong way round, sessions of a trade before the last bar's, an image size out
    /// of range.
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

    /// The same chart with a trade in it, laid out anew.
    ///
    /// # Errors
    /// As [`Scene::build`].
    pub fn with_trade(&self, trade: TradeOverlay) -> Result<Self, ChartError> {
        Self::build(&ChartInput { trade: Some(trade), ..self.input.clone() }, &self.style)
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
    match &mut window.bars {
        Cow::Borrowed(bars) => *bars = bars.get(skip..).unwrap_or_default(),
        Cow::Owned(bars) => drop(bars.drain(..skip)),
    }
    for overlay in window.overlays.iter_mut().chain(&mut window.rsi) {
        overlay.values.drain(..skip);
    }
    Cow::Owned(window)
}

/// Everything that is decided before the first text gets its place.
struct Plan {
    drafts: Vec<levels::LevelDraft>,
    choice: levels::Choice,
    scale: PriceScale,
    ticks: Vec<(f64, String)>,
    tag: PriceTag,
    regions: Regions,
    /// The candle pane less the time to come.
    past: Rect,
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
        let parts = frame::Parts {
            marks: !input.marks.is_empty(),
            volume: input.bars.iter().any(|bar| bar.volume > 0.0),
            rsi: input.rsi.iter().any(|rsi| rsi.values.iter().any(Option::is_some)),
        };
        let rows = frame::Rows::new(width, height, &parts);
        let scale = fit_scale(input, style, &rows);
        let ticks = ticks::prices(&scale);
        let tag = price_tag(input, canvas.palette, &scale);
        let tick_width = |text: &String| canvas.fonts.width(text, Weight::Regular, texts::AXIS) + 12.0;
        let tag_width = texts::price_tag_text(&tag, canvas).width(canvas.fonts) + 4.0;
        let axis = ticks.iter().map(|(_, text)| tick_width(text)).fold(tag_width.max(48.0), f64::max).ceil();
        let choice = levels::choose(&drafts, &scale, input.current_price());
        let regions = rows.regions(axis, choice.column_width(&drafts, canvas, width));
        let ahead = Ahead::new(input, &regions.candles).map_or(0.0, |ahead| ahead.width());
        let past = Rect { width: regions.candles.width - ahead, ..regions.candles };
        let (interval, groups) = bars::group(&input.bars, past.width, style.width)?;
        Ok(Self { drafts, choice, scale, ticks, tag, regions, past, interval, groups })
    }

    fn draw(
        &self,
        input: &ChartInput<'_>,
        style: &ChartStyle,
        canvas: &mut Canvas<'_>,
    ) -> Result<Scene, ChartError> {
        let regions = &self.regions;
        let columns = bars::Columns::new(&self.past, self.groups.len());
        let volume = regions.volume.as_ref().zip(bars::most_volume(&self.groups));
        let candles = bars::candles(&self.groups, &columns, &self.scale, volume, input.last_bar_partial);
        let ahead = Ahead::new(input, &regions.candles);
        let trade = ahead.as_ref().and_then(|ahead| ahead.trade(input, canvas, &self.scale, &candles));
        let price_tag = self.tag.colored(&candles, canvas.palette);
        texts::header(input, canvas, regions, self.interval, &candles);
        let overlays = self.overlays(input, canvas, &columns);
        texts::legend(canvas, regions, &overlays, trade.as_ref());
        texts::footer(input, canvas, regions, self.interval);
        texts::price_tag(&price_tag, canvas, regions);
        let price_ticks = self.price_ticks(canvas);
        let levels = levels::lay_out(&self.drafts, &self.choice, canvas, regions, &self.scale, &candles);
        let marks = marks::lay_out(&input.marks, canvas, regions, &candles, ahead.as_ref());
        let volume_ticks =
            volume_ticks(canvas, regions, &candles, bars::most_volume(&self.groups), self.interval);
        let rsi = rsi::lay_out(input, canvas, regions, &self.groups, &columns);
        texts::expiration(canvas, regions, trade.as_ref());
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
            rsi,
            levels: levels.on_scale,
            off_scale: levels.off_scale,
            fibonacci_swing: swing(input, &candles, &self.scale),
            candles,
            marks,
            trade,
            price_tag,
            labels: Vec::new(),
            hidden: Vec::new(),
            watermark: input.simulated.then(|| texts::watermark(canvas, regions, canvas.palette.simulated)),
            input: ChartInput { bars: Cow::Owned(input.bars.to_vec()), ..input.clone() },
            style: style.clone(),
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
        for (i, text) in ticks::dates(candles, self.interval, self.past.width) {
            let Some(candle) = candles.get(i) else { continue };
            let place = AxisPlace::Centred { x: candle.x, row: self.regions.dates };
            texts::axis_text(canvas, LabelRole::DateTick, &text, place);
            ticks.push(DateTick { date: candle.date, x: candle.x });
        }
        ticks
    }
}

fn fit_scale(input: &ChartInput<'_>, style: &ChartStyle, rows: &frame::Rows) -> PriceScale {
    let low = input.bars.iter().map(|bar| bar.low).fold(f64::INFINITY, f64::min);
    let high = input.bars.iter().map(|bar| bar.high).fold(0.0, f64::max);
    let mut wishes: Vec<f64> = input.last_price.into_iter().collect();
    if let Some(trade) = &input.trade {
        let price = input.current_price();
        wishes.extend(trade.strikes.iter().map(|strike| strike.price));
        wishes.extend(trade.expected.iter().flat_map(|e| [e.from - e.one_sd, e.from + e.one_sd]));
        // The breakeven of shares bought long ago is nowhere near: it is named at the edge.
        let farthest = wishes.iter().map(|wish| (wish - price).abs()).fold(0.0, f64::max);
        wishes.extend(Some(trade.breakeven).filter(|wish| (wish - price).abs() <= 2.0 * farthest));
    }
    PriceScale::fit(style.scale, low, high, &wishes, rows.candles_top, rows.candles_bottom)
}

fn price_tag(input: &ChartInput<'_>, palette: &Palette, scale: &PriceScale) -> PriceTag {
    let price = input.current_price();
    PriceTag {
        price,
        y: hundredth(scale.y(price).clamp(scale.top_y, scale.bottom_y)),
        off_scale: match price {
            p if p > scale.top_price => Some(ScaleEdge::Above),
            p if p < scale.bottom_price => Some(ScaleEdge::Below),
            _ => None,
        },
        color: palette.support,
    }
}

impl PriceTag {
    /// In the colour of the change against the candle before the running or last one.
    fn colored(self, candles: &[SceneCandle], palette: &Palette) -> Self {
        let before = candles.iter().rev().nth(1).or(candles.last()).map_or(self.price, |candle| candle.close);
        Self { color: if self.price < before { palette.resistance } else { palette.support }, ..self }
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
