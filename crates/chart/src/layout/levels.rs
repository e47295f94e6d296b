//! Level lines, their zones, and the column of labels beside the candles.

use std::cmp::Ordering;

use chrono::NaiveDate;
use ttai_core::LevelSide;

use super::Canvas;
use super::scale::PriceScale;
use crate::font::Weight;
use crate::format;
use crate::input::ChartInput;
use crate::label::{Draft, LabelRole, spread};
use crate::number::{hundredth, whole};
use crate::scene::{
    HiddenReason, LabelState, LevelKind, OffScale, Point, Rect, Regions, ScaleEdge, SceneCandle, SceneLevel,
    Zone,
};
use crate::style::{Color, Palette};

/// Text size of level labels.
const SIZE: f64 = 11.5;
/// Height of a label's box.
const HEIGHT: f64 = 18.0;
/// Distance of neighbouring boxes' centres.
const PITCH: f64 = 20.0;
/// Levels named at each edge of the scale.
const OFF_SCALE_SHOWN: usize = 3;
/// Strength from which a line is two pixels thick.
const STRONG: f64 = 0.5;
/// The label column's share of the image width, at most.
const COLUMN: f64 = 0.19;

/// A level before it has a place.
pub(super) struct LevelDraft {
    kind: LevelKind,
    price: f64,
    low: f64,
    high: f64,
    since: Option<NaiveDate>,
    touches: Option<u32>,
    strength: Option<f64>,
    ratio: Option<f64>,
    name: String,
    detail: String,
}

impl LevelDraft {
    /// A line that is off the scale, or a zone that is wholly off it, is beyond an edge.
    fn side(&self, scale: &PriceScale) -> Option<ScaleEdge> {
        let (low, high) = if self.is_line() { (self.price, self.price) } else { (self.low, self.high) };
        if low > scale.top_price {
            Some(ScaleEdge::Above)
        } else if high < scale.bottom_price {
            Some(ScaleEdge::Below)
        } else {
            None
        }
    }

    fn is_line(&self) -> bool {
        !matches!(self.kind, LevelKind::Confluence | LevelKind::Gap)
    }
}

/// All levels of the input, supports and resistances first.
pub(super) fn drafts(input: &ChartInput<'_>, canvas: &Canvas<'_>) -> Vec<LevelDraft> {
    let levels = input.levels.iter().map(|level| {
        let (kind, letter) = match level.kind {
            LevelSide::Support => (LevelKind::Support, "S"),
            LevelSide::Resistance => (LevelKind::Resistance, "R"),
        };
        LevelDraft {
            kind,
            price: level.price,
            low: level.zone_low,
            high: level.zone_high,
            since: None,
            touches: Some(level.touches),
            strength: level.strength,
            ratio: None,
            name: format!("{letter} {}", format::price(level.price)),
            detail: evidence(level.touches, level.strength, canvas.narrow),
        }
    });
    let fibonacci = input.fibonacci.iter().flat_map(|fib| {
        fib.levels.iter().map(|level| LevelDraft {
            kind: LevelKind::Fibonacci,
            price: level.price,
            low: level.price,
            high: level.price,
            since: fib.from_date,
            touches: None,
            strength: None,
            ratio: Some(level.ratio),
            name: format!("Fib {}", format::price(level.price)),
            detail: format!("{}%", trimmed(level.ratio * 100.0)),
        })
    });
    let confluence = input.confluence.iter().map(|zone| {
        let sources = canvas.fonts.clean(&zone.sources.join(" + "));
        zone_draft(LevelKind::Confluence, (zone.low, zone.high), "Zone", None, sources)
    });
    let gaps = input.gaps.iter().map(|gap| {
        let since = format!("since {}", format::day(gap.date, canvas.year));
        zone_draft(LevelKind::Gap, (gap.low, gap.high), "Gap", Some(gap.date), since)
    });
    levels.chain(fibonacci).chain(confluence).chain(gaps).collect()
}

fn zone_draft(
    kind: LevelKind,
    (low, high): (f64, f64),
    name: &str,
    since: Option<NaiveDate>,
    detail: String,
) -> LevelDraft {
    LevelDraft {
        kind,
        price: low + (high - low) / 2.0,
        low,
        high,
        since,
        touches: None,
        strength: None,
        ratio: None,
        name: format!("{name} {}–{}", format::price(low), format::price(high)),
        detail,
    }
}

/// `4 touches · strength 58%`, in a narrow image `4 touches · 58%`.
fn evidence(touches: u32, strength: Option<f64>, narrow: bool) -> String {
    let touches = match touches {
        0 => String::new(),
        1 => "1 touch".to_owned(),
        n => format!("{n} touches"),
    };
    let word = if narrow { "" } else { "strength " };
    let strength = strength.map(|s| format!("{word}{:.0}%", s * 100.0)).unwrap_or_default();
    [touches, strength].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// A number with at most one decimal and no trailing zero.
fn trimmed(value: f64) -> String {
    let text = format::fixed(value, 1);
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

/// Prices that the scale should show where they are near enough.
pub(super) fn wishes(drafts: &[LevelDraft]) -> Vec<f64> {
    drafts
        .iter()
        .flat_map(|draft| if draft.is_line() { [draft.price; 2] } else { [draft.low, draft.high] })
        .collect()
}

/// Width that the labels ask for, bounded by their share of the image; 0 without levels.
pub(super) fn column_width(drafts: &[LevelDraft], canvas: &Canvas<'_>, image_width: f64) -> f64 {
    let widths = drafts.iter().map(|draft| label(draft, canvas, None, 0.0).width(canvas.fonts));
    widths.fold(0.0, f64::max).min((image_width * COLUMN).floor().max(150.0))
}

/// Colour of a kind of level.
pub(crate) fn color(kind: LevelKind, palette: &Palette) -> Color {
    match kind {
        LevelKind::Support => palette.support,
        LevelKind::Resistance => palette.resistance,
        LevelKind::Fibonacci => palette.fibonacci,
        LevelKind::Confluence => palette.confluence,
        LevelKind::Gap => palette.gap,
    }
}

fn label(draft: &LevelDraft, canvas: &Canvas<'_>, side: Option<ScaleEdge>, last_price: f64) -> Draft {
    let color = color(draft.kind, canvas.palette);
    let role = if side.is_some() { LabelRole::OffScale } else { LabelRole::Level };
    let base = Draft::new(role, SIZE).boxed(HEIGHT, canvas.palette.pane, Some(color), 3.0).run(
        draft.name.clone(),
        Weight::Medium,
        color,
    );
    let detail = match side {
        Some(_) => format::change((draft.price / last_price - 1.0) * 100.0),
        None => draft.detail.clone(),
    };
    let base = if detail.is_empty() {
        base
    } else {
        base.run(format!("  {detail}"), Weight::Regular, canvas.palette.text)
    };
    side.map_or_else(|| base.clone(), |side| base.clone().pointer(side))
}

/// What the layout of levels yields.
pub(super) struct Levels {
    pub(super) on_scale: Vec<SceneLevel>,
    pub(super) off_scale: Vec<OffScale>,
}

/// Draws every level at its price and gives as many labels a place as fit, the nearest supports and resistances first.
pub(super) fn lay_out(
    drafts: &[LevelDraft],
    canvas: &mut Canvas<'_>,
    regions: &Regions,
    scale: &PriceScale,
    candles: &[SceneCandle],
    last_price: f64,
) -> Levels {
    let states = place_labels(drafts, canvas, regions, scale, last_price);
    let mut levels = Levels { on_scale: Vec::new(), off_scale: Vec::new() };
    for (draft, label) in drafts.iter().zip(states) {
        match draft.side(scale) {
            Some(side) => {
                levels.off_scale.push(OffScale { kind: draft.kind, price: draft.price, side, label });
            }
            None => levels.on_scale.push(line(draft, canvas.palette, regions, scale, candles, label)),
        }
    }
    levels
}

fn line(
    draft: &LevelDraft,
    palette: &Palette,
    regions: &Regions,
    scale: &PriceScale,
    candles: &[SceneCandle],
    label: LabelState,
) -> SceneLevel {
    let area = regions.candles;
    let first = draft.since.and_then(|since| candles.iter().find(|c| c.end >= since));
    let x_start = first.map_or(area.x, |c| c.x).max(area.x);
    let top = scale.y(draft.high).clamp(scale.top_y, scale.bottom_y);
    let bottom = scale.y(draft.low).clamp(scale.top_y, scale.bottom_y);
    let rect = Rect::between(hundredth(x_start), hundredth(top), hundredth(area.right()), hundredth(bottom));
    SceneLevel {
        kind: draft.kind,
        price: draft.price,
        y: hundredth(anchor(draft, scale)),
        x_start: hundredth(x_start),
        x_end: hundredth(area.right()),
        zone: (draft.high > draft.low).then_some(Zone { low: draft.low, high: draft.high, rect }),
        touches: draft.touches,
        strength: draft.strength,
        ratio: draft.ratio,
        color: color(draft.kind, palette),
        line_width: match draft.strength {
            _ if !draft.is_line() => 0,
            Some(strength) if strength >= STRONG => 2,
            _ => 1,
        },
        label,
    }
}

/// Pixel of a level: its price, or the middle of what is visible of its zone.
fn anchor(draft: &LevelDraft, scale: &PriceScale) -> f64 {
    let clamped = |price| scale.y(price).clamp(scale.top_y, scale.bottom_y);
    if draft.is_line() { clamped(draft.price) } else { (clamped(draft.low) + clamped(draft.high)) / 2.0 }
}

/// A label that wants a place: which draft, where, and how far from the current price.
struct Candidate {
    index: usize,
    side: Option<ScaleEdge>,
    y: f64,
    distance: f64,
}

fn place_labels(
    drafts: &[LevelDraft],
    canvas: &mut Canvas<'_>,
    regions: &Regions,
    scale: &PriceScale,
    last_price: f64,
) -> Vec<LabelState> {
    let mut states = vec![LabelState::Hidden { reason: HiddenReason::NoRoom }; drafts.len()];
    let mut candidates: Vec<Candidate> = drafts
        .iter()
        .enumerate()
        .map(|(index, draft)| Candidate {
            index,
            side: draft.side(scale),
            y: anchor(draft, scale),
            distance: (draft.price - last_price).abs(),
        })
        .collect();
    candidates.sort_by(|a, b| importance(a, b, drafts));
    let room = whole((regions.labels.height - HEIGHT) / PITCH) + 1;
    let mut at_edge = [0_usize; 2];
    let mut kept = Vec::new();
    for candidate in candidates {
        let farther = candidate.side.is_some_and(|side| {
            let named = &mut at_edge[usize::from(side == ScaleEdge::Below)];
            *named += 1;
            *named > OFF_SCALE_SHOWN
        });
        let reason = match (farther, kept.len() < room) {
            (true, _) => HiddenReason::FartherOffScale,
            (false, false) => HiddenReason::NoRoom,
            (false, true) => {
                kept.push(candidate);
                continue;
            }
        };
        let draft = &drafts[candidate.index];
        let text = label(draft, canvas, candidate.side, last_price).text();
        states[candidate.index] = canvas.labels.hide(text, reason);
    }
    kept.sort_by(|a, b| from_the_top(a, b, drafts));
    stack(&kept, drafts, canvas, regions, last_price, &mut states);
    states
}

/// Supports and resistances before zones, gaps and Fibonacci levels, what is off the scale last; the nearest first.
fn importance(a: &Candidate, b: &Candidate, drafts: &[LevelDraft]) -> Ordering {
    let rank = |c: &Candidate| match (c.side, drafts[c.index].kind) {
        (Some(_), _) => 4,
        (None, LevelKind::Support | LevelKind::Resistance) => 0,
        (None, LevelKind::Confluence) => 1,
        (None, LevelKind::Gap) => 2,
        (None, LevelKind::Fibonacci) => 3,
    };
    rank(a).cmp(&rank(b)).then(a.distance.total_cmp(&b.distance)).then(a.index.cmp(&b.index))
}

/// By height, higher prices first where the heights are equal, so that no two leaders cross.
fn from_the_top(a: &Candidate, b: &Candidate, drafts: &[LevelDraft]) -> Ordering {
    let price = |c: &Candidate| drafts[c.index].price;
    a.y.total_cmp(&b.y).then(price(b).total_cmp(&price(a))).then(a.index.cmp(&b.index))
}

fn stack(
    kept: &[Candidate],
    drafts: &[LevelDraft],
    canvas: &mut Canvas<'_>,
    regions: &Regions,
    last_price: f64,
    states: &mut [LabelState],
) {
    let column = regions.labels;
    let wanted: Vec<f64> = kept.iter().map(|c| c.y.round()).collect();
    let middles = spread(&wanted, PITCH, column.y + HEIGHT / 2.0, column.bottom() - HEIGHT / 2.0);
    // Whole pixels from the top: rounding each would let neighbours come a pixel too close.
    let mut floor = f64::NEG_INFINITY;
    for (candidate, middle) in kept.iter().zip(middles) {
        let middle = middle.floor().max(floor);
        floor = middle + PITCH;
        let draft = label(&drafts[candidate.index], canvas, candidate.side, last_price);
        let mut label = draft.place(canvas.fonts, column.x, middle, column.width);
        if candidate.side.is_none() {
            label.leader = leader(regions, candidate.y, middle);
        }
        states[candidate.index] = canvas.labels.admit(label);
    }
}

/// From the line's end to the label's left edge, with a short level piece at both ends.
fn leader(regions: &Regions, from: f64, to: f64) -> Vec<Point> {
    let (left, right) = (regions.candles.right(), regions.labels.x);
    let point = |x, y| Point { x: hundredth(x), y: hundredth(y) };
    if (from - to).abs() <= HEIGHT / 3.0 {
        return vec![point(left, from), point(right, from)];
    }
    vec![point(left, from), point(left + 4.0, from), point(right - 4.0, to), point(right, to)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_reads_well() {
        assert_eq!(evidence(0, None, false), "");
        assert_eq!(evidence(1, Some(0.5), false), "1 touch · strength 50%");
        assert_eq!(evidence(1, Some(0.5), true), "1 touch · 50%");
        assert_eq!(evidence(4, None, false), "4 touches");
        assert_eq!(trimmed(61.8), "61.8");
        assert_eq!(trimmed(50.0), "50");
    }
}
