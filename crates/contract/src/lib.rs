//! The wire contract of ttai: everything that a client in any language and a worker agree on.
//!
//! Names are the seeds' names; payloads are plain JSON with snake_case fields; inputs also accept camelCase.
//! No workflow logic, no I/O, no SDK.

pub mod activities;
pub mod analysis;
pub mod chart;
pub mod common;
pub mod entity;
pub mod failure;
pub mod full;
pub mod ids;
pub mod lenient;
pub mod model;
pub mod options;
pub mod policy;
pub mod progress;
pub mod queue;
pub mod request;
pub mod research;
pub mod schema;
pub mod search_attributes;
pub mod storage;
pub mod timed;
pub mod validate;

pub use activities::{
    ChartAnalysis, OptionsAnalysis, ResearchAnalysis, SaveAnalysis, SendNotifications,
    SynthesizeRecommendation,
};
pub use analysis::{AnalysisParams, AnalysisResult, AnalysisStatus, AnalysisType};
pub use chart::{
    ChartAnalysisParams, ChartAnalysisResult, ChartRecommendation, ConfluenceZone, ExtensionRisk,
    FibonacciLevel, FibonacciSwing, PriceGap, PriceLevel, Timeframe, TrendDirection, TrendQuality,
};
pub use common::{AnalysisDepth, ArtifactLink, Evidence, MarketSource};
pub use failure::FailureType;
pub use full::{
    ExitTrigger, FullAnalysisParams, FullAnalysisResult, OverallRecommendation, Stage, SuggestedPosition,
    SynthesizeParams, SynthesizedRecommendation,
};
pub use lenient::Lenient;
pub use model::{ModelOutcome, ModelTotal, ModelUse};
pub use options::{
    AccountContext, AccountType, Alternative, ChartContext, EarningsPolicy, ExpectedMove, ImpliedEventNote,
    NearestMiss, OptionsAnalysisParams, OptionsAnalysisResult, OptionsConstraints, OptionsRecommendation,
    PositionContext, SpreadType, Strategy,
};
pub use progress::{AnalysisProgress, StageProgress, StageState};
pub use queue::TaskQueue;
pub use request::{ANALYSIS_WORKFLOWS, AnalysisRequest};
pub use research::{
    ResearchAnalysisParams, ResearchAnalysisResult, ResearchRecommendation, RiskLevel, Sentiment,
};
pub use storage::{ChannelFailure, NotificationParams, NotificationReceipt, SaveAnalysisParams};
pub use timed::Timed;
pub use validate::{Validate, ValidationError};
