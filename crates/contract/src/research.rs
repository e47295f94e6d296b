//! Research analysis: params and result.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::Symbol;

use crate::common::{Evidence, MarketSource};
use crate::model::ModelUse;
use crate::options::EarningsPolicy;
use crate::subject::{Subject, UnknownFields, checked_when_read};
use crate::validate::{Validate, ValidationError};

/// What to analyse.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self")]
#[schemars(deny_unknown_fields)]
pub struct ResearchAnalysisParams {
    /// Whom and what it is about.
    #[serde(flatten)]
    pub subject: Subject,
    /// The last day that a position would live to; earnings up to it count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub horizon: Option<NaiveDate>,
    /// What to do when nobody says when earnings are.
    #[serde(default, alias = "unknownEarnings")]
    pub unknown_earnings: EarningsPolicy,
    /// None in params that were read.
    #[serde(flatten, skip_serializing)]
    #[schemars(skip)]
    pub unknown: UnknownFields,
}

checked_when_read!(ResearchAnalysisParams);

impl ResearchAnalysisParams {
    /// The defaults for a symbol.
    #[must_use]
    pub fn new(symbol: Symbol) -> Self {
        Self {
            subject: Subject::new(symbol),
            horizon: None,
            unknown_earnings: EarningsPolicy::default(),
            unknown: UnknownFields::default(),
        }
    }
}

impl Validate for ResearchAnalysisParams {
    fn validate(&self) -> Result<(), ValidationError> {
        self.subject.validate()?;
        match self.horizon {
            Some(day) if !(1990..=2099).contains(&day.year()) => {
                Err(ValidationError::new("horizon", "give a day between 1990 and 2099"))
            }
            _ => Ok(()),
        }
    }
}

/// The research analyst's verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResearchRecommendation {
    /// No red flag.
    Clear,
    /// Something to watch.
    Caution,
    /// A red flag.
    Reject,
}

impl ResearchRecommendation {
    /// As on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Caution => "caution",
            Self::Reject => "reject",
        }
    }
}

/// How bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RiskLevel {
    /// Nobody knows: the source is missing.
    Unknown,
    /// Nothing of note.
    Low,
    /// To be watched.
    Moderate,
    /// Grave; the analyst's rules say when it rejects.
    High,
}

impl RiskLevel {
    /// As on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Low => "low",
            Self::Moderate => "moderate",
            Self::High => "high",
        }
    }
}

/// Tone of the news.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sentiment {
    /// Mostly good.
    Positive,
    /// Neither, or no news.
    Neutral,
    /// Mostly bad.
    Negative,
}

impl Sentiment {
    /// As on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Positive => "positive",
            Self::Neutral => "neutral",
            Self::Negative => "negative",
        }
    }
}

/// The research analyst's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResearchAnalysisResult {
    /// Ticker.
    pub symbol: String,
    /// Verdict.
    pub recommendation: ResearchRecommendation,
    /// From the news.
    pub news_risk: RiskLevel,
    /// From short interest.
    pub short_interest_risk: RiskLevel,
    /// From the next earnings report.
    pub earnings_risk: RiskLevel,
    /// The text.
    pub research_notes: String,
    /// Tone of the news.
    pub sentiment: Sentiment,
    /// The red flags, one sentence each.
    pub red_flags: Vec<String>,
    /// Next earnings report, where known.
    pub next_earnings: Option<NaiveDate>,
    /// Whether an earnings date is known at all.
    pub earnings_known: bool,
    /// Whether the company confirmed its date; an estimate may be a week off either way. None where no date is known.
    #[serde(default)]
    pub earnings_confirmed: Option<bool>,
    /// Stories of the news window; none where the provider keeps no news.
    pub stories: Option<u32>,
    /// What could not be looked at, and why.
    pub unknowns: Vec<String>,
    /// Which rule gave the verdict.
    pub rule: String,
    /// Market time.
    pub as_of: DateTime<Utc>,
    /// Whose data.
    pub data_source: MarketSource,
    /// Every number in the text.
    pub evidence: Vec<Evidence>,
    /// What a reader must know.
    pub warnings: Vec<String>,
    /// The model's part, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_use: Option<ModelUse>,
}
