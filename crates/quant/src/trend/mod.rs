//! The deterministic chart verdict.

mod assessment;
mod history;
mod measures;
mod rules;
pub(crate) mod series;
pub mod validation;

#[cfg(test)]
mod tests;

pub use assessment::{
    AssessmentError, AssessmentSettings, ChartAssessment, Depth, MINIMUM_BARS, Timeframe, assess,
    recommendation_history,
};
pub use history::{HistoryCut, UNEXPLAINED_MOVE, usable_history, weekly_bars};
pub use measures::Measures;
pub use rules::{ExtensionRisk, Recommendation, RejectReason, TrendDirection, TrendQuality};
