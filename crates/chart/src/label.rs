//! Texts with boxes, and the set of them in which no two boxes meet.

use serde::{Deserialize, Serialize};

use crate::font::{ASCENT, CAP_HEIGHT, DESCENT, Fonts, Weight};
use crate::number::hundredth;
use crate::scene::{HiddenLabel, HiddenReason, LabelState, Point, Rect, ScaleEdge};
use crate::style::Color;

/// What a text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelRole {
    /// Symbol, company and strategy.
    Title,
    /// `SIMULATED MARKET`.
    Badge,
    /// As-of time.
    AsOf,
    /// The last bar's prices.
    LastBar,
    /// Name and value of an overlay.
    Legend,
    /// Round price on the axis.
    PriceTick,
    /// Current price on the axis.
    PriceTag,
    /// A level beside the candles.
    Level,
    /// A level beyond the scale's edge.
    OffScale,
    /// An event's letter.
    Mark,
    /// An event's text or date.
    MarkText,
    /// Round volume, and the pane's name.
    Volume,
    /// Value of the relative strength index, and the pane's name.
    Rsi,
    /// Month, or the trade's last session, on the date axis.
    DateTick,
    /// Where the bars come from.
    Source,
    /// Which sessions are shown.
    Sessions,
    /// The faint text of a simulated market.
    Watermark,
}

/// A piece of a text in one weight and colour.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TextRun {
    /// The characters.
    pub text: String,
    /// Left end.
    pub x: f64,
    /// Width in the embedded font.
    pub width: f64,
    /// Weight.
    pub weight: Weight,
    /// Colour.
    pub color: Color,
}

/// One line of text with the box that it needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Label {
    /// What it is for.
    pub role: LabelRole,
    /// The whole text.
    pub text: String,
    /// The box, padding included.
    pub rect: Rect,
    /// Baseline of the text.
    pub baseline: f64,
    /// Pixels per em.
    pub size: f64,
    /// The text in its pieces.
    pub runs: Vec<TextRun>,
    /// Background of the box.
    pub fill: Option<Color>,
    /// Border of the box.
    pub border: Option<Color>,
    /// Radius of the box's corners.
    pub radius: f64,
    /// A triangle before the text that points to levels off the scale.
    pub pointer: Option<ScaleEdge>,
    /// Line from the level to its label; empty without one.
    pub leader: Vec<Point>,
}

/// A text before it has a place.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    role: LabelRole,
    size: f64,
    padding: f64,
    height: Option<f64>,
    fill: Option<Color>,
    border: Option<Color>,
    radius: f64,
    pointer: Option<ScaleEdge>,
    runs: Vec<(String, Weight, Color)>,
}

/// Width of the pointer triangle with the space after it, in ems.
const POINTER: f64 = 0.95;

impl Draft {
    pub(crate) fn new(role: LabelRole, size: f64) -> Self {
        Self {
            role,
            size,
            padding: 0.0,
            height: None,
            fill: None,
            border: None,
            radius: 0.0,
            pointer: None,
            runs: Vec::new(),
        }
    }

    pub(crate) fn run(mut self, text: impl Into<String>, weight: Weight, color: Color) -> Self {
        self.runs.push((text.into(), weight, color));
        self
    }

    /// A filled or bordered box of `height` pixels around the text.
    pub(crate) fn boxed(mut self, height: f64, fill: Color, border: Option<Color>, radius: f64) -> Self {
        self.height = Some(height);
        self.padding = 5.0;
        self.fill = Some(fill);
        self.border = border;
        self.radius = radius;
        self
    }

    pub(crate) fn padding(mut self, padding: f64) -> Self {
        self.padding = padding;
        self
    }

    pub(crate) fn pointer(mut self, side: ScaleEdge) -> Self {
        self.pointer = Some(side);
        self
    }

    fn lead(&self) -> f64 {
        self.padding + self.pointer.map_or(0.0, |_| POINTER * self.size)
    }

    /// Width of the box with the whole text.
    pub(crate) fn width(&self, fonts: &Fonts) -> f64 {
        let text: f64 = self.runs.iter().map(|(text, weight, _)| fonts.width(text, *weight, self.size)).sum();
        (self.lead() + text + self.padding).ceil()
    }

    /// Height of the box.
    pub(crate) fn height(&self) -> f64 {
        self.height.unwrap_or(((ASCENT + DESCENT) * self.size).ceil())
    }

    pub(crate) fn text(&self) -> String {
        self.runs.iter().map(|(text, ..)| text.as_str()).collect()
    }

    /// The label with its box's left edge at `left`, centred on `middle`, elided to `room` pixels.
    pub(crate) fn place(&self, fonts: &Fonts, left: f64, middle: f64, room: f64) -> Label {
        let height = self.height();
        let top = (middle - height / 2.0).round();
        // Capitals and digits are centred in a box; bare text centres its ascent and descent.
        let baseline = match self.height {
            Some(_) => (top + height / 2.0 + CAP_HEIGHT * self.size / 2.0).round(),
            None => (top + ASCENT * self.size).round(),
        };
        let mut x = left + self.lead();
        let end = left + room - self.padding;
        let mut runs = Vec::new();
        for (text, weight, color) in &self.runs {
            let shown = fonts.elide(text, *weight, self.size, end - x);
            let width = fonts.width(&shown, *weight, self.size);
            let cut = shown != *text;
            if !shown.is_empty() {
                runs.push(TextRun {
                    text: shown,
                    x: hundredth(x),
                    width: hundredth(width),
                    weight: *weight,
                    color: *color,
                });
            }
            x += width;
            if cut {
                break;
            }
        }
        let width = (x + self.padding - left).ceil();
        Label {
            role: self.role,
            text: runs.iter().map(|run| run.text.as_str()).collect(),
            rect: Rect { x: hundredth(left), y: top, width, height },
            baseline,
            size: self.size,
            runs,
            fill: self.fill,
            border: self.border,
            radius: self.radius,
            pointer: self.pointer,
            leader: Vec::new(),
        }
    }
}

/// The labels of an image: each stays inside, and off all others.
pub(crate) struct LabelSet {
    image: Rect,
    shown: Vec<Label>,
    hidden: Vec<HiddenLabel>,
}

impl LabelSet {
    pub(crate) fn new(width: f64, height: f64) -> Self {
        Self { image: Rect::between(0.0, 0.0, width, height), shown: Vec::new(), hidden: Vec::new() }
    }

    /// Takes the label in unless it would cover another or leave the image.
    pub(crate) fn admit(&mut self, label: Label) -> LabelState {
        let reason = if label.runs.is_empty() || !self.image.contains(&label.rect) {
            HiddenReason::OutsideImage
        } else if self.shown.iter().any(|other| other.rect.intersects(&label.rect)) {
            HiddenReason::Overlap
        } else {
            self.shown.push(label);
            return LabelState::Shown { index: self.shown.len() - 1 };
        };
        self.hide(label.text, reason)
    }

    /// True where a box is free.
    pub(crate) fn is_free(&self, rect: &Rect) -> bool {
        self.image.contains(rect) && !self.shown.iter().any(|other| other.rect.intersects(rect))
    }

    /// Lists a text as hidden.
    pub(crate) fn hide(&mut self, text: String, reason: HiddenReason) -> LabelState {
        self.hidden.push(HiddenLabel { text, reason });
        LabelState::Hidden { reason }
    }

    pub(crate) fn into_parts(self) -> (Vec<Label>, Vec<HiddenLabel>) {
        (self.shown, self.hidden)
    }
}

/// Vertical centres for boxes of one height that want to be at `wanted` (ascending) but must keep `pitch` apart within
/// `top..=bottom`: the positions with the least sum of squared displacements.
///
/// Subtracting `i · pitch` from the i-th position turns the spacing into "non-decreasing", which the pool-adjacent-violators
/// algorithm (Ayer et al. 1955) solves exactly; clamping its result to an interval keeps it optimal. The caller passes no
/// more boxes than fit.
pub(crate) fn spread(wanted: &[f64], pitch: f64, top: f64, bottom: f64) -> Vec<f64> {
    let mut pools: Vec<(f64, u32)> = Vec::new();
    let mut shift = 0.0;
    for want in wanted {
        let mut pool = (want - shift, 1);
        while let Some(&(mean, size)) = pools.last().filter(|(mean, _)| *mean >= pool.0) {
            let total = size + pool.1;
            pool = ((mean * f64::from(size) + pool.0 * f64::from(pool.1)) / f64::from(total), total);
            pools.pop();
        }
        pools.push(pool);
        shift += pitch;
    }
    let last = (bottom - shift + pitch).max(top);
    let mut shift = 0.0;
    let mut out = Vec::with_capacity(wanted.len());
    for (mean, size) in pools {
        for _ in 0..size {
            out.push(mean.clamp(top, last) + shift);
            shift += pitch;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_with_room_stay_where_they_are() {
        assert_eq!(spread(&[20.0, 60.0, 100.0], 18.0, 10.0, 300.0), [20.0, 60.0, 100.0]);
    }

    #[test]
    fn crowded_labels_move_apart_evenly_and_keep_their_order() {
        assert_eq!(spread(&[100.0, 100.0, 100.0], 18.0, 10.0, 300.0), [82.0, 100.0, 118.0]);
    }

    #[test]
    fn edges_hold() {
        assert_eq!(spread(&[0.0, 2.0, 400.0], 18.0, 10.0, 300.0), [10.0, 28.0, 300.0]);
        assert_eq!(spread(&[299.0, 300.0], 18.0, 10.0, 300.0), [282.0, 300.0]);
    }

    #[test]
    fn a_label_set_refuses_overlaps_and_texts_outside() {
        let fonts = Fonts::load().unwrap();
        let ink = Color::hex(0);
        let draft = Draft::new(LabelRole::Legend, 12.0).run("SMA 50", Weight::Regular, ink);
        let mut set = LabelSet::new(200.0, 100.0);
        assert_eq!(set.admit(draft.place(&fonts, 10.0, 50.0, 100.0)), LabelState::Shown { index: 0 });
        let overlap = LabelState::Hidden { reason: HiddenReason::Overlap };
        assert_eq!(set.admit(draft.place(&fonts, 12.0, 52.0, 100.0)), overlap);
        let outside = LabelState::Hidden { reason: HiddenReason::OutsideImage };
        assert_eq!(set.admit(draft.place(&fonts, 190.0, 20.0, 100.0)), outside);
        assert_eq!(set.into_parts().1.len(), 2);
    }
}
