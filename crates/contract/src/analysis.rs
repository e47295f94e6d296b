//! `AnalysisWorkflow`: 002's and 004's entry point, which saves and notifies.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::chart::{ChartAnalysisResult, Timeframe, default_user, yes};
use crate::full::{FullAnalysisParams, OverallRecommendation, Stage, SuggestedPosition};
use crate::model::{self, ModelTotal};
use crate::options::{AccountContext, OptionsAnalysisResult, OptionsConstraints, PositionContext, Strategy};
use crate::research::ResearchAnalysisResult;
use crate::validate::{Validate, ValidationError};

/// How far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnalysisType {
    /// Chart only.
    ChartAnalysis,
    /// Chart and options.
    OptionsAnalysis,
    /// Chart, options, research.
    FullAnalysis,
}

impl AnalysisType {
    /// As on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ChartAnalysis => "chart_analysis",
            Self::OptionsAnalysis => "options_analysis",
            Self::FullAnalysis => "full_analysis",
        }
    }
}

/// What to analyse.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnalysisParams {
    /// How far to go.
    #[serde(rename = "type")]
    pub analysis_type: AnalysisType,
    /// Whose analysis it is.
    #[serde(default = "default_user", alias = "userId")]
    pub user_id: String,
    /// Ticker.
    pub symbol: String,
    /// Bars of the chart stage.
    #[serde(default)]
    pub timeframe: Timeframe,
    /// Strategy.
    #[serde(default)]
    pub strategy: Strategy,
    /// Whether to notify (004).
    #[serde(default = "yes")]
    pub notify: bool,
    /// Channels to notify; the configured default when empty.
    #[serde(default, alias = "notifyChannels")]
    pub notify_channels: Vec<String>,
    /// Constraints of the options stage.
    #[serde(default)]
    pub constraints: Option<OptionsConstraints>,
    /// The account.
    #[serde(default)]
    pub account: AccountContext,
    /// What is held.
    #[serde(default)]
    pub position: PositionContext,
    /// Market time of the analysis; the provider's now when none.
    #[serde(default, alias = "asOf", skip_serializing_if = "Option::is_none")]
    pub as_of: Option<DateTime<Utc>>,
    /// Model of an AI analyst; the deterministic analyst when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

impl AnalysisParams {
    /// The defaults for a symbol.
    #[must_use]
    pub fn new(analysis_type: AnalysisType, symbol: impl Into<String>) -> Self {
        Self {
            analysis_type,
            user_id: default_user(),
            symbol: symbol.into(),
            timeframe: Timeframe::default(),
            strategy: Strategy::default(),
            notify: true,
            notify_channels: Vec::new(),
            constraints: None,
            account: AccountContext::default(),
            position: PositionContext::default(),
            as_of: None,
            model: None,
        }
    }

    /// The same request as the pipeline takes it.
    #[must_use]
    pub fn full_params(&self) -> FullAnalysisParams {
        FullAnalysisParams {
            strategy: self.strategy,
            constraints: self.constraints.clone(),
            account: self.account.clone(),
            position: self.position.clone(),
            timeframe: self.timeframe,
            as_of: self.as_of,
            model: self.model.clone(),
            user_id: self.user_id.clone(),
            ..FullAnalysisParams::new(&self.symbol)
        }
    }
}

impl Validate for AnalysisParams {
    fn validate(&self) -> Result<(), ValidationError> {
        model::check_name(self.model.as_deref())?;
        self.full_params().validate()
    }
}

/// Where an analysis ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnalysisStatus {
    /// Every stage ran.
    Completed,
    /// A stage rejected.
    Rejected,
    /// Stopped before the end.
    Incomplete,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AnalysisResult {
    /// Where it ended.
    pub status: AnalysisStatus,
    /// How far it was to go.
    #[serde(rename = "type")]
    pub analysis_type: AnalysisType,
    /// Ticker.
    pub symbol: String,
    /// Verdict.
    pub overall_recommendation: OverallRecommendation,
    /// The same (004's name).
    pub recommendation: OverallRecommendation,
    /// Chart stage.
    pub chart_analysis: Option<ChartAnalysisResult>,
    /// Options stage.
    pub options_analysis: Option<OptionsAnalysisResult>,
    /// Research stage.
    pub research_analysis: Option<ResearchAnalysisResult>,
    /// The text.
    pub synthesized_rationale: Option<String>,
    /// The trade.
    pub suggested_position: Option<SuggestedPosition>,
    /// Which stage rejected, and why.
    pub reason: Option<String>,
    /// The stage that rejected.
    pub rejected_stage: Option<Stage>,
    /// Server time at which the stages were done.
    pub synthesized_at: Option<DateTime<Utc>>,
    /// Server time at which the workflow was done.
    pub completed_at: Option<DateTime<Utc>>,
    /// Market time.
    pub as_of: Option<DateTime<Utc>>,
    /// The channels that took the notification.
    pub notified: Vec<String>,
    /// What a reader must know.
    pub warnings: Vec<String>,
    /// The models' part, all stages together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_use: Option<ModelTotal>,
}
