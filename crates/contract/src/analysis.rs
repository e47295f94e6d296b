//! `AnalysisWorkflow`: 002's and 004's entry point, which saves and notifies.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::Symbol;

use crate::chart::{Timeframe, yes};
use crate::common::ChannelName;
use crate::full::{FullAnalysisParams, FullAnalysisResult, OverallRecommendation};
use crate::notification::MAX_CHANNELS;
use crate::subject::{Subject, TradeRequest, UnknownFields, checked_when_read};
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
#[serde(remote = "Self")]
#[schemars(deny_unknown_fields)]
pub struct AnalysisParams {
    /// How far to go.
    #[serde(rename = "type")]
    pub analysis_type: AnalysisType,
    /// Whom and what it is about.
    #[serde(flatten)]
    pub subject: Subject,
    /// Which trade is sought.
    #[serde(flatten)]
    pub trade: TradeRequest,
    /// Bars of the chart stage.
    #[serde(default)]
    pub timeframe: Timeframe,
    /// Whether to notify.
    #[serde(default = "yes")]
    pub notify: bool,
    /// Channels to notify, up to 32; the configured default when empty.
    #[serde(default, alias = "notifyChannels")]
    #[schemars(length(max = MAX_CHANNELS))]
    pub notify_channels: Vec<ChannelName>,
    /// None in params that were read.
    #[serde(flatten, skip_serializing)]
    #[schemars(skip)]
    pub unknown: UnknownFields,
}

checked_when_read!(AnalysisParams);

impl AnalysisParams {
    /// The defaults for a symbol.
    #[must_use]
    pub fn new(analysis_type: AnalysisType, symbol: Symbol) -> Self {
        Self {
            analysis_type,
            subject: Subject::new(symbol),
            trade: TradeRequest::default(),
            timeframe: Timeframe::default(),
            notify: true,
            notify_channels: Vec::new(),
            unknown: UnknownFields::default(),
        }
    }

    /// The same request as the pipeline takes it.
    #[must_use]
    pub fn full_params(&self) -> FullAnalysisParams {
        FullAnalysisParams {
            subject: self.subject.clone(),
            trade: self.trade.clone(),
            timeframe: self.timeframe,
            ..FullAnalysisParams::new(self.subject.symbol.clone())
        }
    }
}

impl Validate for AnalysisParams {
    fn validate(&self) -> Result<(), ValidationError> {
        self.subject.validate()?;
        self.trade.validate()?;
        if self.notify_channels.len() > MAX_CHANNELS {
            let message = format!("name at most {MAX_CHANNELS} channels");
            return Err(ValidationError::new("notify_channels", message));
        }
        Ok(())
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

/// The answer: that of a full analysis as far as it went, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AnalysisResult {
    /// Where it ended.
    pub status: AnalysisStatus,
    /// How far it was to go.
    #[serde(rename = "type")]
    pub analysis_type: AnalysisType,
    /// The verdict.
    pub recommendation: OverallRecommendation,
    /// Which stage rejected, and why.
    pub reason: Option<String>,
    /// Server time at which the stages were done.
    pub synthesized_at: Option<DateTime<Utc>>,
    /// Server time at which the workflow was done.
    pub completed_at: Option<DateTime<Utc>>,
    /// The channels that took the notification.
    pub notified: Vec<String>,
    /// Stages, verdict, trade, evidence and warnings.
    #[serde(flatten)]
    pub analysis: FullAnalysisResult,
}
