//! The parts of the image: who gets which pixels.

use crate::scene::{Rect, Regions};

/// Free margin at the image's edges.
pub(super) const MARGIN: f64 = 14.0;
/// Title, last bar and legend.
const HEADER: f64 = 84.0;
/// Source and sessions.
const FOOTER: f64 = 26.0;
/// Date axis.
const DATES: f64 = 22.0;
/// Event marks.
const MARKS: f64 = 20.0;
/// Room between candle pane and volume pane.
const PANE_GAP: f64 = 6.0;
/// Volume pane, as a fraction of the height between header and dates.
const VOLUME: f64 = 0.14;
/// Pane of the relative strength index, as a fraction of the same height.
const RSI: f64 = 0.14;
/// Leader lines between the candles and the level labels.
const LEADERS: f64 = 26.0;
/// Room right of the last candle where there are no level labels.
const EMPTY_LABELS: f64 = 10.0;

/// The vertical cuts, known before any text is measured.
pub(super) struct Rows {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) candles_top: f64,
    pub(super) candles_bottom: f64,
    marks: bool,
    volume: Option<(f64, f64)>,
    rsi: Option<(f64, f64)>,
    panes_bottom: f64,
}

/// Which parts the image has besides the candles.
pub(super) struct Parts {
    pub(super) marks: bool,
    pub(super) volume: bool,
    pub(super) rsi: bool,
}

impl Rows {
    pub(super) fn new(width: f64, height: f64, parts: &Parts) -> Self {
        let panes_bottom = height - FOOTER - DATES;
        let mut below = panes_bottom;
        // From the bottom upwards.
        let mut pane = |wanted: bool, share: f64| {
            wanted.then(|| {
                let cut = ((below - (panes_bottom - HEADER) * share).round(), below);
                below = cut.0 - PANE_GAP;
                cut
            })
        };
        let rsi = pane(parts.rsi, RSI);
        let volume = pane(parts.volume, VOLUME);
        let candles_bottom = if parts.marks { below - MARKS } else { below };
        Self {
            width,
            height,
            candles_top: HEADER,
            candles_bottom,
            marks: parts.marks,
            volume,
            rsi,
            panes_bottom,
        }
    }

    /// The whole division, once the widths of the axis and of the level labels are known; without labels there is no column.
    pub(super) fn regions(&self, axis_width: f64, label_width: f64) -> Regions {
        let axis_left = self.width - axis_width;
        let label_left = axis_left - if label_width > 0.0 { label_width + 4.0 } else { EMPTY_LABELS };
        let candles_right = if label_width > 0.0 { label_left - LEADERS } else { label_left };
        let row = |top, bottom| Rect::between(MARGIN, top, axis_left, bottom);
        let pane = |(top, bottom)| Rect::between(MARGIN, top, candles_right, bottom);
        Regions {
            header: Rect::between(MARGIN, 0.0, self.width - MARGIN, self.candles_top),
            candles: Rect::between(MARGIN, self.candles_top, candles_right, self.candles_bottom),
            labels: Rect::between(
                label_left,
                self.candles_top,
                label_left + label_width,
                self.candles_bottom,
            ),
            axis: Rect::between(axis_left, self.candles_top, self.width, self.candles_bottom),
            marks: self.marks.then(|| row(self.candles_bottom, self.candles_bottom + MARKS)),
            volume: self.volume.map(pane),
            rsi: self.rsi.map(pane),
            dates: row(self.panes_bottom, self.panes_bottom + DATES),
            footer: Rect::between(MARGIN, self.height - FOOTER, self.width - MARGIN, self.height),
        }
    }
}
