//! From prices to pixels and back.

use serde::{Deserialize, Serialize};

use crate::style::ScaleChoice;

/// Linear or logarithmic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScaleKind {
    /// Equal dollars, equal pixels.
    Linear,
    /// Equal percentages, equal pixels.
    Log,
}

/// The mapping of prices to pixels in the candle pane.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PriceScale {
    /// Linear or logarithmic.
    pub kind: ScaleKind,
    /// Price at `bottom_y`, above 0.
    pub bottom_price: f64,
    /// Price at `top_y`, above `bottom_price`.
    pub top_price: f64,
    /// Pixel of the lower edge.
    pub bottom_y: f64,
    /// Pixel of the upper edge.
    pub top_y: f64,
}

/// How far beyond the bars, in bar ranges, the scale reaches out for the current price and the trade on each side.
const REACH: f64 = 0.35;
/// Air above and below, in ranges.
const AIR: f64 = 0.04;
/// The least range, as a fraction of the price, so that a flat series is no abyss.
const LEAST_RANGE: f64 = 0.005;
/// Highest over lowest price from which the automatic choice is logarithmic.
const LOG_FROM: f64 = 3.5;

impl PriceScale {
    /// A scale for bars between `low` and `high` (0 < low ≤ high) that reaches out for those of `wishes` that are near.
    pub(crate) fn fit(
        choice: ScaleChoice,
        low: f64,
        high: f64,
        wishes: &[f64],
        top_y: f64,
        bottom_y: f64,
    ) -> Self {
        let kind = match choice {
            ScaleChoice::Linear => ScaleKind::Linear,
            ScaleChoice::Log => ScaleKind::Log,
            ScaleChoice::Auto if high / low > LOG_FROM => ScaleKind::Log,
            ScaleChoice::Auto => ScaleKind::Linear,
        };
        let (from, to) = widen(kind, low, high);
        let reach = (to - from) * REACH;
        let (mut bottom, mut top) = (from, to);
        for wish in wishes.iter().filter(|wish| **wish > 0.0).map(|wish| kind.forward(*wish)) {
            if wish < bottom && wish >= from - reach {
                bottom = wish;
            }
            if wish > top && wish <= to + reach {
                top = wish;
            }
        }
        let air = (top - bottom) * AIR;
        // A linear scale stays above 0: no share is cheaper, and a tick at 0 would say nothing.
        let floor = kind.backward(bottom) * 0.5;
        let bottom_price = kind.backward(bottom - air).max(floor);
        Self { kind, bottom_price, top_price: kind.backward(top + air), bottom_y, top_y }
    }

    /// Pixel of a price, also beyond the edges. A price at or below 0 on a logarithmic scale is at the lower edge.
    #[must_use]
    pub fn y(&self, price: f64) -> f64 {
        let [bottom, top] = [self.bottom_price, self.top_price].map(|p| self.kind.forward(p));
        let at = if self.kind == ScaleKind::Log && price <= 0.0 { bottom } else { self.kind.forward(price) };
        self.bottom_y + (at - bottom) / (top - bottom) * (self.top_y - self.bottom_y)
    }

    /// Price at a pixel.
    #[must_use]
    pub fn price(&self, y: f64) -> f64 {
        let [bottom, top] = [self.bottom_price, self.top_price].map(|p| self.kind.forward(p));
        self.kind.backward(bottom + (y - self.bottom_y) / (self.top_y - self.bottom_y) * (top - bottom))
    }

    /// True where the price is on the scale.
    #[must_use]
    pub fn contains(&self, price: f64) -> bool {
        (self.bottom_price..=self.top_price).contains(&price)
    }
}

impl ScaleKind {
    fn forward(self, price: f64) -> f64 {
        match self {
            Self::Linear => price,
            Self::Log => price.ln(),
        }
    }

    fn backward(self, at: f64) -> f64 {
        match self {
            Self::Linear => at,
            Self::Log => at.exp(),
        }
    }
}

fn widen(kind: ScaleKind, low: f64, high: f64) -> (f64, f64) {
    let middle = low + (high - low) / 2.0;
    if (high - low) >= middle * LEAST_RANGE {
        return (kind.forward(low), kind.forward(high));
    }
    let half = middle * LEAST_RANGE / 2.0;
    (kind.forward(middle - half), kind.forward(middle + half))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_and_pixels_are_inverse_on_both_scales() {
        for choice in [ScaleChoice::Linear, ScaleChoice::Log] {
            let scale = PriceScale::fit(choice, 500.0, 650.0, &[], 80.0, 560.0);
            assert!((scale.y(scale.top_price) - 80.0).abs() < 1e-9);
            assert!((scale.y(scale.bottom_price) - 560.0).abs() < 1e-9);
            assert!((scale.price(scale.y(580.33)) - 580.33).abs() < 1e-9);
        }
    }

    #[test]
    fn near_wishes_widen_the_scale_and_far_ones_do_not() {
        let scale =
            PriceScale::fit(ScaleChoice::Linear, 500.0, 600.0, &[630.0, 700.0, 480.0, 300.0], 0.0, 100.0);
        assert!(scale.contains(630.0) && scale.contains(480.0));
        assert!(!scale.contains(700.0) && !scale.contains(300.0));
        assert!(scale.top_price < 640.0 && scale.bottom_price > 470.0);
    }

    #[test]
    fn a_flat_series_keeps_a_range_and_a_wide_one_is_logarithmic() {
        let flat = PriceScale::fit(ScaleChoice::Auto, 10.0, 10.0, &[], 0.0, 100.0);
        assert!(flat.contains(10.0) && flat.top_price - flat.bottom_price > 0.04);
        assert_eq!(PriceScale::fit(ScaleChoice::Auto, 10.0, 40.0, &[], 0.0, 100.0).kind, ScaleKind::Log);
    }
}
