//! Price levels of a chart: swings, support and resistance, Fibonacci, gaps, trend lines and extremes.
//!
//! Everything here reads bars from the oldest to the last one given and never looks further, so a level known on a
//! day does not depend on any later day. All distances are measured in average true range (ATR, 14 bars, Wilder), so
//! that multiplying every price by a constant multiplies every level by it and changes no choice.
//!
//! The rules are ttai's own, measured by [`validation`]; of others are the ATR (J. Welles Wilder, "New
//! Concepts in Technical Trading Systems", 1978) and the customary Fibonacci ratios. Prices are dollars a
//! share where the bars are.

mod extremes;
mod fibonacci;
mod gaps;
mod landscape;
mod level_map;
mod settings;
mod swings;
mod trend_lines;
pub mod validation;
mod zones;

pub use extremes::{Extreme, Extremes};
pub use fibonacci::{Confluence, DominantSwing};
pub use gaps::{Gap, GapDirection};
pub use landscape::LevelEvidence;
pub use level_map::{LevelMap, LevelsError, MINIMUM_BARS, find_levels};
pub use settings::LevelSettings;
pub use swings::{Swing, SwingKind};
pub use trend_lines::TrendLine;
pub use zones::{Level, Strength};

#[cfg(test)]
mod property_tests;

/// Whether `a` is greater than `b` by more than rounding can explain. Comparing through it keeps every choice the same
/// when all prices are multiplied by a constant, even where two numbers are equal but for their last bits.
pub(crate) fn exceeds(a: f64, b: f64) -> bool {
    a - b > 1e-10 * a.abs().max(b.abs())
}
