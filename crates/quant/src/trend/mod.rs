//! The deterministic chart verdict: direction, quality, extension risk and a recommendation, each by a rule.
//!
//! All rules read the [`Measures`] of the last bar and the words of the bar before it, so that a word that has been earned
//! is kept until a lower threshold is crossed. Nothing looks ahead, and nothing depends on the scale of the price.
//!
//! | Word | Rule |
//! |---|---|
//! | trend points | +1 or −1 each: close above or below SMA50; SMA20 against SMA50; SMA50 against SMA200 (0 without SMA200); SMA50 moved more than 0.5 ATR in 10 bars |
//! | `trend_direction` up | 3 points or more; kept while 1 or more |
//! | `trend_direction` down | −3 points or fewer; kept while −1 or fewer |
//! | `trend_direction` sideways | otherwise |
//! | `trend_quality` strong | not sideways, 3 or more points in the trend's direction, ADX14 ≥ 25 (kept while ≥ 22) |
//! | `trend_quality` moderate | not sideways, ADX14 ≥ 16 (kept while ≥ 13) |
//! | `trend_quality` weak | otherwise |
//! | `extension_risk` high | close 3 ATR or more from SMA20, or 2 ATR or more with RSI14 ≥ 75 or ≤ 25 |
//! | `extension_risk` moderate | close 2 ATR or more from SMA20, or RSI14 ≥ 70 or ≤ 30 |
//! | `extension_risk` low | otherwise |
//! | reject: extreme volatility | HV20 ≥ 65 % (kept while ≥ 52 %) |
//! | reject: volatility shock | HV20 ≥ 30 % and twice its median of 252 bars (kept while ≥ 25 % and 1.6 times) |
//! | reject: free fall | close 30 % under the highest close of 252 bars, SMA50 falling, close 2.5 ATR or more below SMA20 (kept while 25 % and 0.5 ATR) |
//! | reject: blow-off | close 5 ATR or more above SMA20 and RSI14 ≥ 85 (kept while 3.5 ATR and 78) |
//! | `recommendation` reject | one of the four holds; at once |
//! | `recommendation` bullish | up, at least moderate; after three bars that agree |
//! | `recommendation` bearish | down, at least moderate; after three bars that agree |
//! | `recommendation` neutral | otherwise; after three bars that agree |
//!
//! High extension alone does not reject: a strong trend stays stretched for weeks, and what it asks for is a strike farther
//! away. A reject is for charts on which no strike is far enough.
//!
//! The rules and their thresholds are ttai's own; the indicators that they read are those of
//! [`crate::indicators`], where their sources stand.

mod assessment;
mod history;
mod measures;
mod rules;
mod tracker;
pub mod validation;
mod windows;

#[cfg(test)]
mod tests;

pub use assessment::{
    AssessmentError, AssessmentSettings, ChartAssessment, Depth, MINIMUM_BARS, assess, assess_and_follow,
    recommendation_history,
};
pub use history::{HistoryCut, UNEXPLAINED_MOVE, usable_history, weekly_bars};
pub use measures::Measures;
pub use rules::{Recommendation, RejectReason};
pub use tracker::VerdictTracker;
