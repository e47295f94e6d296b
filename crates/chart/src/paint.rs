//! From the scene to a list of plain shapes in painting order, which both image formats draw alike.

use crate::font::Weight;
use crate::label::Label;
use crate::layout::mark_color;
use crate::scene::{
    Direction, LabelState, LevelKind, OverlayLine, Point, Rect, RsiPane, ScaleEdge, Scene, SceneCandle,
    SceneLevel, SceneTrade,
};
use crate::style::Color;

/// A shape without a meaning.
pub(crate) enum Primitive<'s> {
    /// A filled rectangle. Sharp edges lie between pixels.
    Fill { rect: Rect, radius: f64, color: Color, alpha: f64 },
    /// The outline of a rectangle, one pixel wide, inside it.
    Outline { rect: Rect, radius: f64, color: Color },
    /// A line through points.
    Line { points: Vec<Point>, color: Color, width: f64, alpha: f64, dash: Option<[f64; 2]> },
    /// A filled polygon.
    Polygon { points: Vec<Point>, color: Color, alpha: f64 },
    /// One run of text.
    Text {
        text: &'s str,
        x: f64,
        baseline: f64,
        width: f64,
        size: f64,
        weight: Weight,
        color: Color,
        alpha: f64,
    },
}

/// All shapes of the scene, from the back to the front.
pub(crate) fn shapes(scene: &Scene) -> Vec<Primitive<'_>> {
    let mut shapes = Vec::new();
    background(scene, &mut shapes);
    grid(scene, &mut shapes);
    if let Some(watermark) = &scene.watermark {
        texts(watermark, 0.13, &mut shapes);
    }
    scene.levels.iter().for_each(|level| zone(level, &mut shapes));
    scene.trade.iter().for_each(|trade| expectation(scene, trade, &mut shapes));
    mark_lines(scene, &mut shapes);
    scene.levels.iter().for_each(|level| level_line(level, &mut shapes));
    swing(scene, &mut shapes);
    scene.candles.iter().for_each(|candle| volume(scene, candle, &mut shapes));
    scene.candles.iter().for_each(|candle| candle_shapes(scene, candle, &mut shapes));
    scene.overlays.iter().for_each(|line| overlay(line, &mut shapes));
    if let Some((index, pane)) = scene.rsi.as_ref().zip(rsi_pane(scene)) {
        rsi(index, &pane, &mut shapes);
    }
    current_price(scene, &mut shapes);
    borders(scene, &mut shapes);
    scene.labels.iter().for_each(|label| label_shapes(label, &mut shapes));
    shapes
}

fn background<'s>(scene: &'s Scene, shapes: &mut Vec<Primitive<'s>>) {
    let image = Rect::between(0.0, 0.0, f64::from(scene.width), f64::from(scene.height));
    shapes.push(Primitive::Fill { rect: image, radius: 0.0, color: scene.palette.background, alpha: 1.0 });
    shapes.extend(panes(scene).into_iter().flatten().map(|rect| Primitive::Fill {
        rect,
        radius: 0.0,
        color: scene.palette.pane,
        alpha: 1.0,
    }));
}

/// The candle pane reaches under the level labels up to the axis.
fn candle_pane(scene: &Scene) -> Rect {
    let Rect { x, y, height, .. } = scene.regions.candles;
    Rect { x, y, width: scene.regions.axis.x - x, height }
}

fn volume_pane(scene: &Scene) -> Option<Rect> {
    scene.regions.volume.map(|pane| Rect { width: scene.regions.axis.x - pane.x, ..pane })
}

fn rsi_pane(scene: &Scene) -> Option<Rect> {
    scene.regions.rsi.map(|pane| Rect { width: scene.regions.axis.x - pane.x, ..pane })
}

fn panes(scene: &Scene) -> [Option<Rect>; 3] {
    [Some(candle_pane(scene)), volume_pane(scene), rsi_pane(scene)]
}

/// A horizontal line of whole pixels that covers the pixel row of `y`.
fn row(left: f64, right: f64, y: f64, width: f64) -> Rect {
    let top = if width > 1.0 { (y - width / 2.0).round() } else { y.floor() };
    Rect::between(left, top, right, top + width)
}

fn solid<'s>(rect: Rect, color: Color) -> Primitive<'s> {
    Primitive::Fill { rect, radius: 0.0, color, alpha: 1.0 }
}

fn grid<'s>(scene: &'s Scene, shapes: &mut Vec<Primitive<'s>>) {
    let color = scene.palette.grid;
    let pane = candle_pane(scene);
    let rows =
        scene.price_ticks.iter().map(|tick| tick.y).chain(scene.volume_ticks.iter().map(|tick| tick.y));
    shapes.extend(rows.map(|y| solid(row(pane.x, pane.right(), y, 1.0), color)));
    for tick in &scene.date_ticks {
        let x = tick.x.floor();
        for pane in panes(scene).into_iter().flatten() {
            shapes.push(solid(Rect::between(x, pane.y, x + 1.0, pane.bottom()), color));
        }
    }
}

/// A level without a label is there for whoever looks for it.
fn presence(level: &SceneLevel) -> f64 {
    if matches!(level.label, LabelState::Shown { .. }) { 1.0 } else { 0.4 }
}

fn zone<'s>(level: &'s SceneLevel, shapes: &mut Vec<Primitive<'s>>) {
    let Some(zone) = level.zone else { return };
    let alpha = presence(level)
        * match level.kind {
            LevelKind::Gap => 0.16,
            LevelKind::Confluence => 0.13,
            _ => 0.10,
        };
    let (left, right) = (level.x_start, level.x_end);
    let top = zone.rect.y.floor();
    let bottom = zone.rect.bottom().ceil().max(top + 2.0);
    shapes.push(Primitive::Fill {
        rect: Rect::between(left, top, right, bottom),
        radius: 0.0,
        color: level.color,
        alpha,
    });
    if level.line_width == 0 {
        for y in [top + 0.5, bottom - 0.5] {
            shapes.push(dashed(left, right, y, level.color, [2.0, 3.0], 0.7));
        }
    }
}

fn dashed<'s>(left: f64, right: f64, y: f64, color: Color, dash: [f64; 2], alpha: f64) -> Primitive<'s> {
    let points = vec![Point { x: left, y }, Point { x: right, y }];
    Primitive::Line { points, color, width: 1.0, alpha, dash: Some(dash) }
}

fn level_line<'s>(level: &'s SceneLevel, shapes: &mut Vec<Primitive<'s>>) {
    let (left, right) = (level.x_start, level.x_end);
    match (level.kind, level.line_width) {
        (_, 0) => {}
        (LevelKind::Fibonacci | LevelKind::Breakeven, _) => {
            shapes.push(dashed(left, right, level.y.floor() + 0.5, level.color, [6.0, 4.0], 1.0));
        }
        (_, width) => shapes.push(Primitive::Fill {
            rect: row(left, right, level.y, f64::from(width)),
            radius: 0.0,
            color: level.color,
            alpha: presence(level),
        }),
    }
}

/// The cone of the expected move, and the trade's last session.
fn expectation<'s>(scene: &'s Scene, trade: &'s SceneTrade, shapes: &mut Vec<Primitive<'s>>) {
    if let Some(cone) = &trade.cone {
        let points = cone.upper.iter().chain(cone.lower.iter().rev()).copied().collect();
        shapes.push(Primitive::Polygon { points, color: cone.color, alpha: 0.10 });
        shapes.extend([&cone.upper, &cone.lower].map(|edge| Primitive::Line {
            points: edge.clone(),
            color: cone.color,
            width: 1.0,
            alpha: 0.7,
            dash: None,
        }));
    }
    let pane = scene.regions.candles;
    let x = trade.x.floor() + 0.5;
    shapes.push(Primitive::Line {
        points: vec![Point { x, y: pane.y }, Point { x, y: pane.bottom() }],
        color: scene.palette.trade,
        width: 1.0,
        alpha: 0.6,
        dash: Some([2.0, 3.0]),
    });
}

fn overlay<'s>(line: &'s OverlayLine, shapes: &mut Vec<Primitive<'s>>) {
    shapes.extend(line.runs.iter().filter(|run| run.len() > 1).map(|run| Primitive::Line {
        points: run.clone(),
        color: line.color,
        width: 1.5,
        alpha: 1.0,
        dash: None,
    }));
}

/// The index between its bounds.
fn rsi<'s>(index: &'s RsiPane, pane: &Rect, shapes: &mut Vec<Primitive<'s>>) {
    let [low, high] = index.ticks;
    let band = Rect::between(pane.x, high.y.floor(), pane.right(), low.y.floor());
    shapes.push(Primitive::Fill { rect: band, radius: 0.0, color: index.line.color, alpha: 0.05 });
    for tick in index.ticks {
        shapes.push(dashed(pane.x, pane.right(), tick.y.floor() + 0.5, index.line.color, [4.0, 4.0], 0.6));
    }
    overlay(&index.line, shapes);
}

/// A faint upright line through both panes for splits and earnings, which change what the bars mean.
fn mark_lines<'s>(scene: &'s Scene, shapes: &mut Vec<Primitive<'s>>) {
    use crate::input::MarkKind;
    use crate::scene::MarkPlace;
    let drawn = |mark: &&crate::scene::SceneMark| {
        mark.place != MarkPlace::Upcoming
            && mark.kind != MarkKind::Dividend
            && matches!(mark.label, LabelState::Shown { .. })
    };
    for mark in scene.marks.iter().filter(drawn) {
        let x = mark.x.floor() + 0.5;
        let pane = scene.regions.candles;
        shapes.push(Primitive::Line {
            points: vec![Point { x, y: pane.y }, Point { x, y: pane.bottom() }],
            color: mark_color(mark.kind, &scene.palette),
            width: 1.0,
            alpha: 0.45,
            dash: Some([2.0, 4.0]),
        });
    }
}

fn swing<'s>(scene: &'s Scene, shapes: &mut Vec<Primitive<'s>>) {
    shapes.extend(scene.fibonacci_swing.map(|[from, to]| Primitive::Line {
        points: vec![from, to],
        color: scene.palette.fibonacci,
        width: 1.0,
        alpha: 0.7,
        dash: Some([3.0, 4.0]),
    }));
}

fn candle_color(scene: &Scene, candle: &SceneCandle) -> Color {
    match candle.direction {
        Direction::Up => scene.palette.up,
        Direction::Down => scene.palette.down,
    }
}

fn body_columns(candle: &SceneCandle) -> (f64, f64) {
    let left = candle.x - candle.body_width / 2.0;
    (left, left + candle.body_width)
}

fn volume<'s>(scene: &'s Scene, candle: &SceneCandle, shapes: &mut Vec<Primitive<'s>>) {
    let (Some(top), Some(pane)) = (candle.y_volume, scene.regions.volume) else { return };
    let (left, right) = body_columns(candle);
    let alpha = if candle.partial { 0.3 } else { 0.55 };
    let rect = Rect::between(left, top.round(), right, pane.bottom());
    shapes.push(Primitive::Fill { rect, radius: 0.0, color: candle_color(scene, candle), alpha });
}

fn candle_shapes<'s>(scene: &'s Scene, candle: &SceneCandle, shapes: &mut Vec<Primitive<'s>>) {
    let color = candle_color(scene, candle);
    let wick =
        Rect::between(candle.x - 0.5, candle.y_high.floor(), candle.x + 0.5, candle.y_low.floor() + 1.0);
    shapes.push(solid(wick, color));
    let (left, right) = body_columns(candle);
    let top = candle.y_open.min(candle.y_close).floor();
    let bottom = candle.y_open.max(candle.y_close).floor() + 1.0;
    let body = Rect::between(left, top, right, bottom);
    shapes.push(solid(body, color));
    if candle.partial && body.width > 2.0 && body.height > 2.0 {
        let inside = Rect::between(left + 1.0, top + 1.0, right - 1.0, bottom - 1.0);
        shapes.push(solid(inside, scene.palette.pane));
    }
}

fn current_price<'s>(scene: &'s Scene, shapes: &mut Vec<Primitive<'s>>) {
    let tag = scene.price_tag;
    if tag.off_scale.is_none() {
        let pane = candle_pane(scene);
        shapes.push(dashed(pane.x, pane.right(), tag.y.floor() + 0.5, tag.color, [1.0, 3.0], 1.0));
    }
}

fn borders<'s>(scene: &'s Scene, shapes: &mut Vec<Primitive<'s>>) {
    let color = scene.palette.border;
    for pane in panes(scene).into_iter().flatten() {
        shapes.push(Primitive::Outline { rect: pane, radius: 0.0, color });
    }
}

fn label_shapes<'s>(label: &'s Label, shapes: &mut Vec<Primitive<'s>>) {
    let ink = label.runs.first().map(|run| run.color);
    if let (Some(color), false) = (ink, label.leader.is_empty()) {
        let points = label.leader.iter().map(|p| Point { x: p.x, y: p.y.floor() + 0.5 }).collect();
        shapes.push(Primitive::Line { points, color, width: 1.0, alpha: 0.8, dash: None });
    }
    if let Some(color) = label.fill {
        shapes.push(Primitive::Fill { rect: label.rect, radius: label.radius, color, alpha: 1.0 });
    }
    if let Some(color) = label.border {
        shapes.push(Primitive::Outline { rect: label.rect, radius: label.radius, color });
    }
    if let (Some(side), Some(color), Some(run)) = (label.pointer, ink, label.runs.first()) {
        shapes.push(pointer(side, label, color, run.x));
    }
    texts(label, 1.0, shapes);
}

/// A triangle the height of a capital, before the text.
fn pointer<'s>(side: ScaleEdge, label: &Label, color: Color, text_x: f64) -> Primitive<'s> {
    let (left, right) = (text_x - 0.95 * label.size, text_x - 0.3 * label.size);
    let (low, high) = (label.baseline - 0.05 * label.size, label.baseline - 0.62 * label.size);
    let (base, tip) = match side {
        ScaleEdge::Above => (low, high),
        ScaleEdge::Below => (high, low),
    };
    let tip = Point { x: (left + right) / 2.0, y: tip };
    let points = vec![Point { x: left, y: base }, Point { x: right, y: base }, tip];
    Primitive::Polygon { points, color, alpha: 1.0 }
}

fn texts<'s>(label: &'s Label, alpha: f64, shapes: &mut Vec<Primitive<'s>>) {
    shapes.extend(label.runs.iter().map(|run| Primitive::Text {
        text: &run.text,
        x: run.x,
        baseline: label.baseline,
        width: run.width,
        size: label.size,
        weight: run.weight,
        color: run.color,
        alpha,
    }));
}
