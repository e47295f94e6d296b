//! The wire contract of ttai: everything that a client in any language and a worker agree on.
//!
//! Names are the seeds' names; payloads are plain JSON with snake_case fields; inputs also accept camelCase.
//! No workflow logic, no I/O, no SDK.

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests read files and clocks")
)]

pub mod activities;
pub mod alerts;
pub mod analysis;
pub mod call;
pub mod chart;
pub mod common;
pub mod delivery;
pub mod entity;
pub mod failure;
pub mod full;
pub mod handlers;
pub mod ids;
pub mod journal;
pub mod lateness;
pub mod lenient;
pub mod market_data;
pub mod model;
pub mod news;
pub mod notification;
pub mod options;
pub mod policy;
pub mod portfolio;
pub mod progress;
pub mod queue;
pub mod quote_stream;
#[cfg(test)]
mod reference;
pub mod report;
pub mod research;
pub mod retention;
pub mod schema;
pub mod screener;
pub mod search_attributes;
pub mod storage;
pub mod subject;
pub mod sync;
pub mod timed;
pub mod trading;
pub mod validate;
pub mod workflows;

pub use activities::{
    Activity, AnswerOrder, CalculateTrade, ChartAnalysis, CheckAssignmentRisk, CheckExitConditions,
    CheckNews, ClosePosition, CompensateLegs, ComposeReport, DeliverMessages, ExecuteTrade, FetchFreeCapital,
    FetchMarketMetrics, FetchOptionChain, FetchPortfolio, FetchQuotes, FetchTradeFacts, FollowOrder,
    IsMarketClosed, JudgeOrder, ListAutoRunScreeners, ListReportUsers, ListSyncResources, LogTrade,
    NotifyScreen, NotifySync, NotifyTrade, OptionsAnalysis, PlanLegs, ProposeOrder, QuicklyAnalyze,
    ReadQuotes, RecallNews, RecallPortfolio, RecallQuotes, RemoveOldRows, ResearchAnalysis, ResolveOrder,
    RouteAlerts, RunScan, SaveAlerts, SaveAnalysis, SendNotifications, SendReport, SizePicks, StoreScreen,
    SyncResources, SynthesizeRecommendation, UpdateJournal, WatchAlerts, WatchNews, WatchPortfolio,
    WatchPosition, WatchQuotes, activities,
};
pub use alerts::{
    AddAlerts, AlertAnswer, AlertAnswers, AlertIds, AlertRequest, AlertShardParams, AlertShardStatus,
    ListAlerts, PauseAlerts, PriceAlertParams, PriceAlertStatus, ReloadSignal, RouterState, SaveAlertsParams,
    ShardMessage, ShardTotals, SnoozePriceAlert, WatchAlertsParams, WatchProgress,
};
pub use analysis::{AnalysisParams, AnalysisResult, AnalysisStatus, AnalysisType};
pub use call::{AttemptProgress, CallTerms};
pub use chart::{
    ChartAnalysisParams, ChartAnalysisResult, ChartRecommendation, ConfluenceZone, ExtensionRisk,
    FibonacciLevel, FibonacciSwing, PriceGap, PriceLevel, Timeframe, TrendDirection, TrendQuality,
};
pub use common::{AnalysisDepth, ArtifactLink, ChannelName, Evidence, MarketSource};
pub use delivery::{
    DeliverMessagesParams, DeliverMessagesReceipt, DeliverSignal, DeliveryMessage, DeliveryParams,
    DeliveryStatus, DeliveryTotals,
};
pub use failure::FailureType;
pub use full::{
    ExitTrigger, FullAnalysisParams, FullAnalysisResult, OverallRecommendation, Stage, SuggestedPosition,
    SynthesizeParams, SynthesizedRecommendation,
};
pub use handlers::{Described, Handler, HandlerKind, WireType};
pub use journal::{JournalUpdate, UpdateJournalParams};
pub use lateness::{DueRun, Lateness, LatenessPolicy, SCHEDULED_START, WhenLate};
pub use lenient::{Arguments, Lenient, Malformed};
pub use market_data::{MarketMetrics, OptionChainData, OptionChainParams, OptionContractData, QuoteData};
pub use model::{ModelName, ModelOutcome, ModelTotal, ModelUse};
pub use news::{
    NewsAlert, NewsMessage, NewsSourceState, NewsWatch, NewsWatcherParams, NewsWatcherStatus, NewsWatchlist,
    RecallNewsParams, WatchNewsParams, WatchlistQuery,
};
pub use notification::{ChannelFailure, NotificationParams, NotificationReceipt, RouteAlertsParams};
pub use options::{
    AccountContext, AccountType, Alternative, ChartContext, EarningsPolicy, ExpectedMove, ImpliedEventNote,
    NearestMiss, OpenInterestPolicy, OptionsAnalysisParams, OptionsAnalysisResult, OptionsConstraints,
    OptionsRecommendation, PositionContext, SpreadType, Strategy,
};
pub use portfolio::{
    ExpiringPosition, PortfolioMessage, PortfolioMonitorConfig, PortfolioMonitorParams,
    PortfolioMonitorStatus, PortfolioPosition, PortfolioShare, PortfolioState, PortfolioSum, PortfolioWatch,
    RecallPortfolioParams, RecallReceipt, SnoozeAlert, StrategyMargin, WatchPortfolioParams,
};
pub use progress::{AnalysisProgress, StageProgress, StageState};
pub use queue::TaskQueue;
pub use quote_stream::{
    HealthQuery, LatestGreeks, LatestOfSymbol, LatestQuote, LatestSymbols, LatestTrade, LatestValues,
    QuoteStreamHealth, QuoteStreamMessage, QuoteStreamParams, QuoteStreamState, QuoteStreamStatus,
    ReadQuotesParams, StreamedKind, StreamedSymbol, StreamedSymbols, WatchQuotesParams,
};
pub use report::{
    ComposeReportParams, FailedReport, ListReportUsersParams, ReportName, ReportProgress, ReportRound,
    ReportUsers, RunReportParams, RunReportResult, SendReportParams, SendReportReceipt,
};
pub use research::{
    ResearchAnalysisParams, ResearchAnalysisResult, ResearchRecommendation, RiskLevel, Sentiment,
};
pub use retention::{RemovedRows, RetentionParams};
pub use screener::{
    AutoRunOutcome, AutoRunPage, AutoRunScreen, AutoRunScreener, AutoRunScreenersParams,
    AutoRunScreenersResult, CSPScreenerParams, CSPScreenerResult, DroppedCandidates, FreeCapital,
    FreeCapitalParams, ListAutoRunParams, NotifyScreenParams, ObservedFrequency, QuickAnalyses,
    QuickAnalysesParams, QuickAnalysis, ScanCandidate, ScanCandidates, ScanParams, ScheduledScreenerParams,
    ScheduledScreenerResult, ScreenChanges, ScreenCriteria, ScreenPick, ScreenProgress, ScreenRanking,
    ScreenRun, ScreenScores, ScreenerCriteria, ScreenerParams, ScreenerPlace, ScreenerResult,
    ScreenerResultRow, SizePicksParams, SizedPick, SizedPicks, StoreScreenParams, StoreScreenReceipt,
    StoredAnalysis, UnsizedPick,
};
pub use storage::{SaveAnalysisParams, SaveReceipt};
pub use subject::{Subject, TradeRequest, UnknownFields, UserId};
pub use sync::{
    ListSyncResourcesParams, NotifySyncParams, ResourceSync, ScheduledSyncParams, ScheduledSyncResult,
    SourceToSync, SyncNotice, SyncOutcome, SyncResourcesParams, SyncSource, SyncSourceParams,
    SyncSourceResult,
};
pub use timed::Timed;
pub use trading::{
    AnswerOrderParams, ApproveTrade, AwaitedApproval, CalculateTradeParams, ClosePositionParams,
    CompensateLegsParams, DailyTradingParams, DailyTradingResult, DailyTradingStatus, DecidedTrade,
    ExecuteTradeParams, ExitAdvice, FetchTradeFactsParams, FollowOrderParams, LegPlan, LegStep,
    LogTradeParams, MarketHoursParams, NotifyTradeParams, OrderAnswer, OrderCheck, OrderLeave, OrderPrices,
    OrderRef, OrderVerdict, PlanLegsParams, PlannedCompensation, PositionEvent, PositionLook,
    PositionMonitorParams, PositionMonitorResult, PositionMonitorStatus, ProposeOrderParams, RejectTrade,
    RolledTo, RunLimits, TradeCondition, TradeDecision, TradeFacts, TradeOrder, TradeSummary,
    TradingRunStatus, WatchPositionParams,
};
pub use ttai_core::alert::AlertDefinition;
pub use ttai_core::{IntentLeg, NetPrice, OrderPhase, OrderPurpose, PositionEnd, TradingStrategy};
pub use ttai_core::{Message, MessageArtifact, MessageField, MessageKind, Severity, Symbol};
pub use validate::{Validate, ValidationError};
pub use workflows::{
    AnalysisRequest, Labels, PreparedStart, Query, Status, WorkflowEntry, WorkflowParams, workflow, workflows,
};
