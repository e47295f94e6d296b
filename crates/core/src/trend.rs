//! What a chart is read as: the bars that are read, the trend's direction, quality and extension, levels.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The bars that are analysed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Timeframe {
    /// Half-hours of the regular sessions, built from recorded minutes: an unbroken run of at least five sessions up to
    /// the moment is needed. The image shows sessions with the half-hours' levels.
    Intraday,
    /// Sessions.
    #[default]
    Daily,
    /// Weeks.
    Weekly,
}

/// Direction of the trend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrendDirection {
    /// Rising.
    Up,
    /// Falling.
    Down,
    /// Neither.
    Sideways,
}

/// How well the trend holds together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrendQuality {
    /// Averages stacked, directional movement high.
    Strong = 2,
    /// Some of it.
    Moderate = 1,
    /// Hardly.
    Weak = 0,
}

/// How far the price has run from its averages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExtensionRisk {
    /// Near them.
    Low,
    /// Away from them.
    Moderate,
    /// Far out.
    High,
}

/// Which side of the price a level lies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LevelSide {
    /// At or below it: buyers stood here.
    Support,
    /// Above it: sellers stood here.
    Resistance,
}

/// One Fibonacci level.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FibonacciLevel {
    /// 0.236 … 0.786 for retracements, 1.272 and more for extensions.
    pub ratio: f64,
    /// Dollars.
    pub price: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stronger_trend_is_greater() {
        assert!(TrendQuality::Strong > TrendQuality::Moderate && TrendQuality::Moderate > TrendQuality::Weak);
    }
}
