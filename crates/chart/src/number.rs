//! The few number conversions of the layout, in one place so that each can say why it is safe.

/// A count as a coordinate factor; exact up to 2³², far beyond any bar count.
pub(crate) fn count(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

/// A pixel coordinate for the rasteriser. Coordinates lie within ±10⁵, where `f32` resolves 0.01 px.
pub(crate) fn pixel(v: f64) -> f32 {
    v as f32
}

/// Rounds pixels to 1/100, so that a scene reads well and survives JSON unchanged.
pub(crate) fn hundredth(v: f64) -> f64 {
    (v * 100.0).round() / 100.0
}

/// A whole, non-negative number of items from a quotient; `as` saturates and turns NaN into 0.
pub(crate) fn whole(v: f64) -> usize {
    v.floor() as usize
}
