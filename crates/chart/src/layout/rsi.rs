//! The pane of the relative strength index.

use super::Canvas;
use super::bars::{self, Columns, Group};
use super::scale::{PriceScale, ScaleKind};
use super::texts::{self, AxisPlace};
use crate::format;
use crate::input::ChartInput;
use crate::label::LabelRole;
use crate::number::hundredth;
use crate::scene::{Regions, RsiPane, RsiTick};

/// Oversold below, overbought above.
const BOUNDS: [f64; 2] = [30.0, 70.0];

/// The index, its bounds and the pane's caption; None without a pane.
pub(super) fn lay_out(
    input: &ChartInput<'_>,
    canvas: &mut Canvas<'_>,
    regions: &Regions,
    groups: &[Group],
    columns: &Columns,
) -> Option<RsiPane> {
    let (index, pane) = input.rsi.as_ref().zip(regions.rsi)?;
    let scale = PriceScale {
        kind: ScaleKind::Linear,
        bottom_price: 0.0,
        top_price: 100.0,
        bottom_y: pane.bottom(),
        top_y: pane.y,
    };
    let name = canvas.fonts.clean(&index.name);
    let line = bars::overlay(index, name, canvas.palette.rsi, groups, columns, &scale);
    let value = line.last.map(|last| format::fixed(last, 0)).unwrap_or_default();
    texts::caption(canvas, LabelRole::Rsi, &pane, &line.name, value);
    let ticks = BOUNDS.map(|value| RsiTick { value, y: hundredth(scale.y(value)) });
    for tick in ticks {
        let place = AxisPlace::RightOf { x: regions.axis.x + 6.0, middle: tick.y };
        texts::axis_text(canvas, LabelRole::Rsi, &format::fixed(tick.value, 0), place);
    }
    Some(RsiPane { line, ticks })
}
