//! Splits, earnings and dividends: under their candle, at their date while the suggested trade runs, or listed right of
//! the candles.

use chrono::NaiveDate;

use super::Canvas;
use super::ahead::Ahead;
use crate::font::Weight;
use crate::format;
use crate::input::{Mark, MarkKind};
use crate::label::{Draft, LabelRole};
use crate::number::hundredth;
use crate::scene::{HiddenReason, LabelState, MarkPlace, Rect, Regions, SceneCandle, SceneMark};
use crate::style::{Color, Palette};

/// Diameter of a mark.
const DIAMETER: f64 = 15.0;
/// Text size of the letter.
const LETTER: f64 = 10.0;
/// Text size of what stands beside it.
const BESIDE: f64 = 10.5;

/// Colour of a kind of mark.
pub(crate) fn color(kind: MarkKind, palette: &Palette) -> Color {
    match kind {
        MarkKind::Split => palette.split,
        MarkKind::Earnings => palette.earnings,
        MarkKind::Dividend => palette.dividend,
    }
}

fn letter(kind: MarkKind) -> &'static str {
    match kind {
        MarkKind::Split => "S",
        MarkKind::Earnings => "E",
        MarkKind::Dividend => "D",
    }
}

/// Places all marks: splits before earnings before dividends, texts where the marks have left room.
pub(super) fn lay_out(
    marks: &[Mark],
    canvas: &mut Canvas<'_>,
    regions: &Regions,
    candles: &[SceneCandle],
    ahead: Option<&Ahead<'_>>,
) -> Vec<SceneMark> {
    let Some(strip) = regions.marks else { return Vec::new() };
    let mut sorted: Vec<&Mark> = marks.iter().collect();
    sorted.sort_by(|a, b| (a.kind, a.date, &a.text).cmp(&(b.kind, b.date, &b.text)));
    let (past, upcoming): (Vec<&Mark>, Vec<&Mark>) =
        sorted.into_iter().partition(|mark| candles.last().is_some_and(|last| mark.date <= last.end));
    let mut scene = on_bars(&past, canvas, &strip, candles);
    let (near, later): (Vec<&Mark>, Vec<&Mark>) =
        upcoming.into_iter().partition(|mark| ahead.is_some_and(|ahead| ahead.x(mark.date).is_some()));
    for mark in near {
        let Some(x) = ahead.and_then(|ahead| ahead.x(mark.date)) else { continue };
        let label = dot(mark, canvas, x, strip.middle());
        scene.push(scene_mark(mark, MarkPlace::Ahead, x, label, canvas));
    }
    let listed = to_come(later, canvas, &strip, regions);
    for mark in scene.iter().filter(|mark| matches!(mark.label, LabelState::Shown { .. })) {
        beside(mark, canvas, &strip);
    }
    scene.extend(listed);
    scene.sort_by_key(|mark| (mark.date, mark.kind));
    scene
}

fn on_bars(
    marks: &[&Mark],
    canvas: &mut Canvas<'_>,
    strip: &Rect,
    candles: &[SceneCandle],
) -> Vec<SceneMark> {
    let first = candles.first().map(|c| c.date);
    let mut scene = Vec::new();
    for mark in marks {
        if first.is_some_and(|first| mark.date < first) {
            canvas.labels.hide(describe(mark, canvas), HiddenReason::BeforeFirstBar);
            continue;
        }
        let Some(candle) = candles.iter().find(|c| c.end >= mark.date) else { continue };
        let x = candle.x.max(strip.x + DIAMETER / 2.0);
        let label = dot(mark, canvas, x, strip.middle());
        scene.push(scene_mark(mark, MarkPlace::OnBar, x, label, canvas));
    }
    scene
}

/// The letter in its disc.
fn dot(mark: &Mark, canvas: &mut Canvas<'_>, x: f64, middle: f64) -> LabelState {
    let palette = canvas.palette;
    let draft = Draft::new(LabelRole::Mark, LETTER)
        .boxed(DIAMETER, color(mark.kind, palette), None, DIAMETER / 2.0)
        .run(letter(mark.kind), Weight::Medium, palette.on_fill);
    let padding = (DIAMETER - canvas.fonts.width(letter(mark.kind), Weight::Medium, LETTER)) / 2.0;
    let mut label = draft.padding(padding).place(canvas.fonts, x - DIAMETER / 2.0, middle, DIAMETER + 1.0);
    label.rect.width = DIAMETER;
    if canvas.labels.is_free(&label.rect) {
        canvas.labels.admit(label)
    } else {
        canvas.labels.hide(describe(mark, canvas), HiddenReason::Overlap)
    }
}

/// The mark's text, right of the disc, else left of it, else hidden; what is still to come has its date too.
fn beside(mark: &SceneMark, canvas: &mut Canvas<'_>, strip: &Rect) {
    let text = match mark.place {
        MarkPlace::OnBar => mark.text.clone(),
        MarkPlace::Ahead | MarkPlace::Upcoming => dated(mark.date, &mark.text, canvas),
    };
    if text.is_empty() {
        return;
    }
    let draft = Draft::new(LabelRole::MarkText, BESIDE).run(text, Weight::Regular, canvas.palette.muted);
    let width = draft.width(canvas.fonts);
    let (right, left) = (mark.x + DIAMETER / 2.0 + 3.0, mark.x - DIAMETER / 2.0 - 3.0 - width);
    let places = [right, left].map(|x| draft.place(canvas.fonts, x, strip.middle(), width + 1.0));
    match places.into_iter().find(|label| strip.x <= label.rect.x && canvas.labels.is_free(&label.rect)) {
        Some(label) => canvas.labels.admit(label),
        None => canvas.labels.hide(draft.text(), HiddenReason::Overlap),
    };
}

/// Upcoming events in a row right of the candles: disc, date, text.
fn to_come(
    mut marks: Vec<&Mark>,
    canvas: &mut Canvas<'_>,
    strip: &Rect,
    regions: &Regions,
) -> Vec<SceneMark> {
    marks.sort_by_key(|mark| mark.date);
    let mut left = regions.candles.right() + 6.0;
    let mut scene = Vec::new();
    for mark in marks {
        let text = dated(mark.date, &canvas.fonts.clean(&mark.text), canvas);
        let draft = Draft::new(LabelRole::MarkText, BESIDE).run(text, Weight::Regular, canvas.palette.text);
        let width = draft.width(canvas.fonts);
        let x = left + DIAMETER / 2.0;
        if left + DIAMETER + 3.0 + width > strip.right() {
            let label = canvas.labels.hide(describe(mark, canvas), HiddenReason::NoRoom);
            scene.push(scene_mark(mark, MarkPlace::Upcoming, x, label, canvas));
            continue;
        }
        let label = dot(mark, canvas, x, strip.middle());
        canvas.labels.admit(draft.place(canvas.fonts, left + DIAMETER + 3.0, strip.middle(), width + 1.0));
        scene.push(scene_mark(mark, MarkPlace::Upcoming, x, label, canvas));
        left += DIAMETER + 3.0 + width + 10.0;
    }
    scene
}

/// `Jul 22 earnings (est.)`.
fn dated(date: NaiveDate, text: &str, canvas: &Canvas<'_>) -> String {
    format!("{} {text}", format::day(date, canvas.year)).trim().to_owned()
}

fn scene_mark(mark: &Mark, place: MarkPlace, x: f64, label: LabelState, canvas: &Canvas<'_>) -> SceneMark {
    let text = canvas.fonts.clean(&mark.text);
    SceneMark { date: mark.date, kind: mark.kind, text, place, x: hundredth(x), label }
}

fn describe(mark: &Mark, canvas: &Canvas<'_>) -> String {
    let text = canvas.fonts.clean(&mark.text);
    format!("{} {} {text}", letter(mark.kind), mark.date).trim().to_owned()
}
