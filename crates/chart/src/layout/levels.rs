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
/// Labels in all: more hide the picture that they explain.
const MOST_LABELS: usize = 7;
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

    /// Dollars from `price` to the line or to the nearer edge of the zone.
    fn distance(&self, price: f64) -> f64 {
        if self.is_line() {
            (self.price - price).abs()
        } else {
            (self.low - price).max(price - self.high).max(0.0)
        }
    }

    /// Drawn also where it has no label: its price can be read from the axis.
    const fn speaks_for_itself(&self) -> bool {
        matches!(
            self.kind,
            LevelKind::Support | LevelKind::Resistance | LevelKind::Strike | LevelKind::Breakeven
        )
    }
}

/// All levels of the input: the trade's, then supports and resistances.
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
            since: level.since,
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
    trade(input, canvas).into_iter().chain(levels).chain(fibonacci).chain(confluence).chain(gaps).collect()
}

/// Strikes and breakeven, each with its distance from the price.
fn trade(input: &ChartInput<'_>, canvas: &Canvas<'_>) -> Vec<LevelDraft> {
    let Some(trade) = &input.trade else { return Vec::new() };
    let line = |kind, name: &str, price: f64| LevelDraft {
        kind,
        price,
        low: price,
        high: price,
        since: None,
        touches: None,
        strength: None,
        ratio: None,
        name: format!("{} {}", canvas.fonts.clean(name), format::price(price)),
        detail: format::change((price / input.current_price() - 1.0) * 100.0),
    };
    let strikes = trade.strikes.iter().map(|strike| line(LevelKind::Strike, &strike.name, strike.price));
    strikes.chain([line(LevelKind::Breakeven, "Breakeven", trade.breakeven)]).collect()
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

impl Choice {
    /// Width that the labels ask for, bounded by their share of the image; 0 without any.
    pub(super) fn column_width(&self, drafts: &[LevelDraft], canvas: &Canvas<'_>, image_width: f64) -> f64 {
        let width = |kept: &Candidate| {
            label(&drafts[kept.index], canvas, kept.side, self.last_price).width(canvas.fonts)
        };
        let most = (image_width * COLUMN).floor().max(150.0);
        self.kept.iter().map(width).fold(0.0, f64::max).min(most)
    }
}

/// Colour of a kind of level.
pub(crate) fn color(kind: LevelKind, palette: &Palette) -> Color {
    match kind {
        LevelKind::Support => palette.support,
        LevelKind::Resistance => palette.resistance,
        LevelKind::Fibonacci => palette.fibonacci,
        LevelKind::Confluence => palette.confluence,
        LevelKind::Gap => palette.gap,
        LevelKind::Strike | LevelKind::Breakeven => palette.trade,
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

/// Draws what has a label, and supports and resistances also without: a Fibonacci line that nothing names would only be a
/// riddle.
pub(super) fn lay_out(
    drafts: &[LevelDraft],
    choice: &Choice,
    canvas: &mut Canvas<'_>,
    regions: &Regions,
    scale: &PriceScale,
    candles: &[SceneCandle],
) -> Levels {
    let states = place_labels(drafts, choice, canvas, regions);
    let mut levels = Levels { on_scale: Vec::new(), off_scale: Vec::new() };
    for (draft, label) in drafts.iter().zip(states) {
        match draft.side(scale) {
            Some(side) => {
                levels.off_scale.push(OffScale { kind: draft.kind, price: draft.price, side, label });
            }
            None if draft.speaks_for_itself() || matches!(label, LabelState::Shown { .. }) => {
                levels.on_scale.push(line(draft, canvas.palette, regions, scale, candles, label));
            }
            None => {}
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
            _ if draft.kind == LevelKind::Strike => 2,
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

/// Which levels get a label, from the top, and why the others get none.
pub(super) struct Choice {
    kept: Vec<Candidate>,
    hidden: Vec<(Candidate, HiddenReason)>,
    last_price: f64,
}

/// The trade's and the nearest levels, seven at most.
pub(super) fn choose(drafts: &[LevelDraft], scale: &PriceScale, last_price: f64) -> Choice {
    let candidate = |(index, draft): (usize, &LevelDraft)| Candidate {
        index,
        side: draft.side(scale),
        y: anchor(draft, scale),
        distance: draft.distance(last_price),
    };
    let mut candidates: Vec<Candidate> = drafts.iter().enumerate().map(candidate).collect();
    candidates.sort_by(|a, b| importance(a, b, drafts));
    let room = whole((scale.bottom_y - scale.top_y - HEIGHT) / PITCH) + 1;
    let mut choice = Choice { kept: Vec::new(), hidden: Vec::new(), last_price };
    for candidate in candidates {
        let at_edge = choice.kept.iter().filter(|other| other.side == candidate.side).count();
        let reason = if in_zone(&drafts[candidate.index], drafts) {
            HiddenReason::InZone
        } else if choice.kept.len() >= MOST_LABELS {
            HiddenReason::Farther
        } else if choice.kept.len() >= room {
            HiddenReason::NoRoom
        } else if candidate.side.is_some() && at_edge >= OFF_SCALE_SHOWN {
            HiddenReason::FartherOffScale
        } else {
            choice.kept.push(candidate);
            continue;
        };
        choice.hidden.push((candidate, reason));
    }
    choice.kept.sort_by(|a, b| from_the_top(a, b, drafts));
    choice
}

fn place_labels(
    drafts: &[LevelDraft],
    choice: &Choice,
    canvas: &mut Canvas<'_>,
    regions: &Regions,
) -> Vec<LabelState> {
    let mut states = vec![LabelState::Hidden { reason: HiddenReason::NoRoom }; drafts.len()];
    for (candidate, reason) in &choice.hidden {
        let text = label(&drafts[candidate.index], canvas, candidate.side, choice.last_price).text();
        states[candidate.index] = canvas.labels.hide(text, *reason);
    }
    stack(&choice.kept, drafts, canvas, regions, choice.last_price, &mut states);
    states
}

/// True for a Fibonacci level that a confluence zone contains.
fn in_zone(draft: &LevelDraft, drafts: &[LevelDraft]) -> bool {
    let around = |zone: &LevelDraft| {
        zone.kind == LevelKind::Confluence && zone.low <= draft.price && draft.price <= zone.high
    };
    draft.kind == LevelKind::Fibonacci && drafts.iter().any(around)
}

/// The trade first, then the nearest to the price; at one distance supports and resistances before zones, gaps and
/// Fibonacci levels.
fn importance(a: &Candidate, b: &Candidate, drafts: &[LevelDraft]) -> Ordering {
    let of_trade = |c: &Candidate| matches!(drafts[c.index].kind, LevelKind::Strike | LevelKind::Breakeven);
    let rank = |c: &Candidate| match drafts[c.index].kind {
        LevelKind::Strike | LevelKind::Breakeven => 0,
        LevelKind::Support | LevelKind::Resistance => 1,
        LevelKind::Confluence => 2,
        LevelKind::Gap => 3,
        LevelKind::Fibonacci => 4,
    };
    of_trade(b)
        .cmp(&of_trade(a))
        .then(a.distance.total_cmp(&b.distance))
        .then(rank(a).cmp(&rank(b)))
        .then(a.index.cmp(&b.index))
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
