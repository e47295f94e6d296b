//! Chart analysis: params and result.

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::Symbol;
pub use ttai_core::{ExtensionRisk, FibonacciLevel, Timeframe, TrendDirection, TrendQuality};

use crate::common::{AnalysisDepth, ArtifactLink, Evidence, MarketSource};
use crate::model::ModelUse;
use crate::subject::{Subject, UnknownFields, checked_when_read};
use crate::validate::{Validate, ValidationError};

/// What to analyse.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self")]
#[schemars(deny_unknown_fields)]
pub struct ChartAnalysisParams {
    /// Whom and what it is about.
    #[serde(flatten)]
    pub subject: Subject,
    /// Bars; daily by default.
    #[serde(default)]
    pub timeframe: Timeframe,
    /// How much history; standard by default.
    #[serde(default, alias = "analysisDepth")]
    pub analysis_depth: AnalysisDepth,
    /// Whether to draw and store an image; yes by default.
    #[serde(default = "yes", alias = "includeChartImage")]
    pub include_chart_image: bool,
    /// None in params that were read.
    #[serde(flatten, skip_serializing)]
    #[schemars(skip)]
    pub unknown: UnknownFields,
}

checked_when_read!(ChartAnalysisParams);

pub(crate) const fn yes() -> bool {
    true
}

impl ChartAnalysisParams {
    /// The defaults for a symbol.
    #[must_use]
    pub fn new(symbol: Symbol) -> Self {
        Self {
            subject: Subject::new(symbol),
            timeframe: Timeframe::default(),
            analysis_depth: AnalysisDepth::default(),
            include_chart_image: true,
            unknown: UnknownFields::default(),
        }
    }
}

impl Validate for ChartAnalysisParams {
    fn validate(&self) -> Result<(), ValidationError> {
        self.subject.validate()
    }
}

/// The chart analyst's verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChartRecommendation {
    /// The trend is up.
    Bullish,
    /// The trend is down.
    Bearish,
    /// Neither.
    Neutral,
    /// Not a chart to sell premium on in any direction.
    Reject,
}

/// A support or resistance level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PriceLevel {
    /// Dollars.
    pub price: f64,
    /// `weak`, `moderate`, `strong`.
    pub strength: String,
    /// What made it: `swing_low`, `swing_high`, `year_low`, `year_high`, or `all_time_low` and `all_time_high` of the
    /// history on record.
    #[serde(rename = "type")]
    pub kind: String,
    /// 0 to 1.
    pub score: f64,
    /// How often it was touched.
    pub touches: u32,
    /// Lower edge of its zone.
    pub zone_low: f64,
    /// Upper edge of its zone.
    pub zone_high: f64,
    /// Last session that touched it.
    pub last_touch: NaiveDate,
    /// Distance from the price in average true ranges; negative below.
    pub distance_atr: f64,
}

/// The swing that the Fibonacci levels divide.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FibonacciSwing {
    /// Where it began, in dollars.
    pub from: f64,
    /// Where it ended, in dollars.
    pub to: f64,
    /// Session of its beginning.
    pub from_date: NaiveDate,
    /// Session of its end.
    pub to_date: NaiveDate,
    /// Retracements.
    pub retracements: Vec<FibonacciLevel>,
    /// Extensions.
    pub extensions: Vec<FibonacciLevel>,
}

/// A price where several methods agree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConfluenceZone {
    /// Dollars.
    pub price: f64,
    /// What coincides: `fib 0.500`, `swing low 580.33`, `SMA 50 576.95`, `gap edge 560.73`, `level 594.58 (4 touches)`.
    pub levels: Vec<String>,
    /// Lower edge.
    pub low: f64,
    /// Upper edge.
    pub high: f64,
}

/// A gap between two sessions that has not been filled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PriceGap {
    /// Session that opened with it.
    pub date: NaiveDate,
    /// `up` or `down`.
    pub direction: String,
    /// Lower edge of what is still open.
    pub low: f64,
    /// Upper edge of what is still open.
    pub high: f64,
}

/// The chart analyst's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChartAnalysisResult {
    /// Ticker.
    pub symbol: String,
    /// Verdict.
    pub recommendation: ChartRecommendation,
    /// Direction.
    pub trend_direction: TrendDirection,
    /// Quality.
    pub trend_quality: TrendQuality,
    /// Supports, nearest first.
    pub support_levels: Vec<PriceLevel>,
    /// Resistances, nearest first.
    pub resistance_levels: Vec<PriceLevel>,
    /// Where Fibonacci levels and others agree, nearest first.
    pub fib_confluence_zones: Vec<ConfluenceZone>,
    /// Extension.
    pub extension_risk: ExtensionRisk,
    /// The text.
    pub chart_notes: String,
    /// Tools that a model called; 0 for the deterministic analyst.
    pub tool_calls_made: u32,
    /// The price at `as_of`, in dollars.
    pub price: f64,
    /// Average true range over 14 bars, in dollars.
    pub atr: f64,
    /// Indicators at the last bar, by name: `close`, `sma_20`, `sma_50`, `sma_200`, `year_high`, `all_time_high`, … in dollars;
    /// `rsi_14`, `adx_14`; `extension_atr` (close less SMA 20) and slopes in average true ranges; `hv_20`,
    /// `atr_14_percent`, `drawdown_percent` in percent. Absent where the history is too short.
    pub indicators: std::collections::BTreeMap<String, f64>,
    /// The swing and its levels, where there is one.
    pub fibonacci: Option<FibonacciSwing>,
    /// Gaps that are still open, nearest first.
    pub gaps: Vec<PriceGap>,
    /// The image, where asked for; it is drawn before the trade is known.
    pub chart_image: Option<ArtifactLink>,
    /// The image's scene as JSON: where everything is drawn, and `input`, what it is drawn from.
    pub chart_scene: Option<ArtifactLink>,
    /// Which rule gave the verdict: the verdict's word, a colon, the rule in words.
    pub rule: String,
    /// Market time.
    pub as_of: DateTime<Utc>,
    /// Whose prices.
    pub data_source: MarketSource,
    /// Every number in the text.
    pub evidence: Vec<Evidence>,
    /// What a reader must know.
    pub warnings: Vec<String>,
    /// The model's part, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_use: Option<ModelUse>,
}

impl ChartRecommendation {
    /// As on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bullish => "bullish",
            Self::Bearish => "bearish",
            Self::Neutral => "neutral",
            Self::Reject => "reject",
        }
    }
}
