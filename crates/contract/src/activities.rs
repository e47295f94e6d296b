//! The catalogue of activities: names, types and policies, under the seeds' names.
//!
//! The declared error type says nothing: failures are typed by [`crate::FailureType`] on the wire.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use std::convert::Infallible;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use temporalio_common::ActivityDefinition;
use temporalio_macros::activity_definitions;
use ttai_core::{PortfolioAlert, Symbol};

use crate::alerts::{AlertAnswers, SaveAlertsParams, WatchAlertsParams, WatchProgress};
use crate::chart::{ChartAnalysisParams, ChartAnalysisResult};
use crate::delivery::{DeliverMessagesParams, DeliverMessagesReceipt};
use crate::full::{SynthesizeParams, SynthesizedRecommendation};
use crate::journal::{JournalUpdate, UpdateJournalParams};
use crate::lenient::Lenient;
use crate::market_data::{MetricsBySymbol, OptionChainData, OptionChainParams, QuotesBySymbol};
use crate::news::{NewsAlert, NewsWatch, RecallNewsParams, WatchNewsParams};
use crate::notification::{NotificationParams, NotificationReceipt, RouteAlertsParams};
use crate::options::{OptionsAnalysisParams, OptionsAnalysisResult};
use crate::policy::{self, ActivityPolicy};
use crate::portfolio::{
    PortfolioPosition, PortfolioState, PortfolioWatch, RecallPortfolioParams, RecallReceipt,
    WatchPortfolioParams,
};
use crate::quote_stream::{LatestValues, QuoteStreamHealth, ReadQuotesParams, WatchQuotesParams};
use crate::report::{
    ComposeReportParams, ListReportUsersParams, ReportUsers, RunReportResult, SendReportParams,
    SendReportReceipt,
};
use crate::research::{ResearchAnalysisParams, ResearchAnalysisResult};
use crate::retention::{RemovedRows, RetentionParams};
use crate::screener::{
    AutoRunPage, FreeCapital, FreeCapitalParams, ListAutoRunParams, NotifyScreenParams, QuickAnalyses,
    QuickAnalysesParams, ScanCandidates, ScanParams, SizePicksParams, SizedPicks, StoreScreenParams,
    StoreScreenReceipt,
};
use crate::storage::{SaveAnalysisParams, SaveReceipt};
use crate::sync::{ListSyncResourcesParams, NotifySyncParams, ResourceSync, SyncNotice, SyncResourcesParams};
use crate::timed::Timed;
use crate::trading::{
    AnswerOrderParams, CalculateTradeParams, ClosePositionParams, CompensateLegsParams, ExecuteTradeParams,
    FetchTradeFactsParams, FollowOrderParams, LegPlan, LogTradeParams, MarketHoursParams, NotifyTradeParams,
    OrderRef, OrderVerdict, PlanLegsParams, PlannedCompensation, PositionLook, ProposeOrderParams,
    TradeDecision, TradeFacts, TradeOrder, TradeSummary, WatchPositionParams,
};

/// The four analysts.
pub struct AnalystDefinitions;

#[activity_definitions]
impl AnalystDefinitions {
    /// Trend, levels, extension and a chart image.
    #[activity(name = "chart_analysis_activity")]
    pub fn chart_analysis(_params: ChartAnalysisParams) -> Result<Timed<ChartAnalysisResult>, Infallible> {
        unimplemented!()
    }

    /// The best contract under the constraints.
    #[activity(name = "options_analysis_activity")]
    pub fn options_analysis(
        _params: OptionsAnalysisParams,
    ) -> Result<Timed<OptionsAnalysisResult>, Infallible> {
        unimplemented!()
    }

    /// News, short interest, earnings.
    #[activity(name = "research_analysis_activity")]
    pub fn research_analysis(
        _params: ResearchAnalysisParams,
    ) -> Result<Timed<ResearchAnalysisResult>, Infallible> {
        unimplemented!()
    }

    /// The verdict over all stages.
    #[activity(name = "synthesize_recommendation_activity")]
    pub fn synthesize_recommendation(
        _params: SynthesizeParams,
    ) -> Result<Timed<SynthesizedRecommendation>, Infallible> {
        unimplemented!()
    }
}

/// Saving and notifying.
pub struct OutputDefinitions;

#[activity_definitions]
impl OutputDefinitions {
    /// Saves an analysis under the calling workflow's id.
    #[activity(name = "save_analysis_activity")]
    pub fn save_analysis(_params: SaveAnalysisParams) -> Result<SaveReceipt, Infallible> {
        unimplemented!()
    }

    /// Sends a message to channels and says what became of it over each.
    #[activity(name = "send_notifications_activity")]
    pub fn send_notifications(
        _params: Lenient<NotificationParams>,
    ) -> Result<NotificationReceipt, Infallible> {
        unimplemented!()
    }

    /// Sends each alert to every configured channel. It fails until each channel has settled each alert, and a retry
    /// sends only what is missing.
    #[activity(name = "route_alerts_activity")]
    pub fn route_alerts(_alerts: Lenient<RouteAlertsParams>) -> Result<(), Infallible> {
        unimplemented!()
    }

    /// Delivers what of a user's is due by the delivery ledger, and says when something is due again.
    #[activity(name = "deliver_messages_activity")]
    pub fn deliver_messages(_params: DeliverMessagesParams) -> Result<DeliverMessagesReceipt, Infallible> {
        unimplemented!()
    }
}

/// Price alerts.
pub struct AlertDefinitions;

#[activity_definitions]
impl AlertDefinitions {
    /// Carries out what is asked of a user's alerts, in the store.
    #[activity(name = "save_alerts_activity")]
    pub fn save_alerts(_params: SaveAlertsParams) -> Result<AlertAnswers, Infallible> {
        unimplemented!()
    }

    /// Watches a shard's alerts on the stream until it is recalled.
    #[activity(name = "watch_alerts_activity")]
    pub fn watch_alerts(_params: WatchAlertsParams) -> Result<WatchProgress, Infallible> {
        unimplemented!()
    }
}

/// Quote streams.
pub struct QuoteStreamDefinitions;

#[activity_definitions]
impl QuoteStreamDefinitions {
    /// Keeps symbols on the stream until it is recalled, and answers with how it was.
    #[activity(name = "watch_quotes_activity")]
    pub fn watch_quotes(_params: WatchQuotesParams) -> Result<QuoteStreamHealth, Infallible> {
        unimplemented!()
    }

    /// What came last of a stream's symbols.
    #[activity(name = "read_quotes_activity")]
    pub fn read_quotes(_params: ReadQuotesParams) -> Result<LatestValues, Infallible> {
        unimplemented!()
    }

    /// Recalls the watch of a stream at once, where it runs in the same process; says whether it does.
    #[activity(name = "recall_quotes_activity")]
    pub fn recall_quotes(_stream: String) -> Result<bool, Infallible> {
        unimplemented!()
    }
}

/// Quotes, chains and metrics as they are.
pub struct MarketDataDefinitions;

#[activity_definitions]
impl MarketDataDefinitions {
    /// Quotes of up to 500 symbols.
    #[activity(name = "fetch_quotes_activity")]
    pub fn fetch_quotes(_symbols: Vec<Symbol>) -> Result<QuotesBySymbol, Infallible> {
        unimplemented!()
    }

    /// The option chain of a symbol.
    #[activity(name = "fetch_option_chain_activity")]
    pub fn fetch_option_chain(_params: OptionChainParams) -> Result<OptionChainData, Infallible> {
        unimplemented!()
    }

    /// Metrics of up to 500 symbols.
    #[activity(name = "fetch_market_metrics_activity")]
    pub fn fetch_market_metrics(_symbols: Vec<Symbol>) -> Result<MetricsBySymbol, Infallible> {
        unimplemented!()
    }
}

/// Accounts: what they hold, and the watch over them.
pub struct PortfolioDefinitions;

#[activity_definitions]
impl PortfolioDefinitions {
    /// What an account holds and measures; of the first account where the number is empty.
    #[activity(name = "fetch_portfolio_activity")]
    pub fn fetch_portfolio(_account_id: String) -> Result<PortfolioState, Infallible> {
        unimplemented!()
    }

    /// An alert for each short option whose assignment is likely.
    #[activity(name = "check_assignment_risk_activity")]
    pub fn check_assignment_risk(
        _positions: Vec<PortfolioPosition>,
    ) -> Result<Vec<PortfolioAlert>, Infallible> {
        unimplemented!()
    }

    /// Looks at an account again and again and raises what its rules say, until it is cancelled or its time is over.
    #[activity(name = "watch_portfolio_activity")]
    pub fn watch_portfolio(_params: WatchPortfolioParams) -> Result<PortfolioWatch, Infallible> {
        unimplemented!()
    }

    /// Tells a stretch of watching to end, by the store: it sees that sooner than a cancellation, which waits for its heartbeat.
    #[activity(name = "recall_portfolio_activity")]
    pub fn recall_portfolio(_params: RecallPortfolioParams) -> Result<RecallReceipt, Infallible> {
        unimplemented!()
    }
}

/// The news, and the watch over them.
pub struct NewsDefinitions;

#[activity_definitions]
impl NewsDefinitions {
    /// The significant stories of the last hour.
    #[activity(name = "check_news_activity")]
    pub fn check_news(_symbols: Vec<Symbol>) -> Result<Vec<NewsAlert>, Infallible> {
        unimplemented!()
    }

    /// Looks at a user's news again and again and tells each significant story once, until it is recalled or its time is over.
    #[activity(name = "watch_news_activity")]
    pub fn watch_news(_params: WatchNewsParams) -> Result<NewsWatch, Infallible> {
        unimplemented!()
    }

    /// Tells a stretch of watching to end, by the store.
    #[activity(name = "recall_news_activity")]
    pub fn recall_news(_params: RecallNewsParams) -> Result<RecallReceipt, Infallible> {
        unimplemented!()
    }
}

/// Syncs of sources.
pub struct SyncDefinitions;

#[activity_definitions]
impl SyncDefinitions {
    /// The resources of a source.
    #[activity(name = "list_sync_resources_activity")]
    pub fn list_sync_resources(_params: ListSyncResourcesParams) -> Result<Vec<String>, Infallible> {
        unimplemented!()
    }

    /// Pulls resources into the store, one after another, from where the last sync left off.
    #[activity(name = "sync_resources_activity")]
    pub fn sync_resources(_params: SyncResourcesParams) -> Result<Vec<ResourceSync>, Infallible> {
        unimplemented!()
    }

    /// Tells the user what became of a sync, by the delivery ledger.
    #[activity(name = "notify_sync_activity")]
    pub fn notify_sync(_params: NotifySyncParams) -> Result<SyncNotice, Infallible> {
        unimplemented!()
    }
}

/// Screens.
pub struct ScreenDefinitions;

#[activity_definitions]
impl ScreenDefinitions {
    /// Candidates by the scanner, else out of the user's own list.
    #[activity(name = "run_tradingview_screener_activity")]
    pub fn run_scan(_params: ScanParams) -> Result<ScanCandidates, Infallible> {
        unimplemented!()
    }

    /// Chain, chart and verdict of a batch of candidates, without texts and images.
    #[activity(name = "quick_analyses_activity")]
    pub fn quickly_analyze(_params: QuickAnalysesParams) -> Result<Timed<QuickAnalyses>, Infallible> {
        unimplemented!()
    }

    /// What new positions of an account may bind.
    #[activity(name = "fetch_free_capital_activity")]
    pub fn fetch_free_capital(_params: FreeCapitalParams) -> Result<FreeCapital, Infallible> {
        unimplemented!()
    }

    /// How many contracts of each pick fit the capital together.
    #[activity(name = "size_picks_activity")]
    pub fn size_picks(_params: SizePicksParams) -> Result<SizedPicks, Infallible> {
        unimplemented!()
    }

    /// Keeps what a screen came to, and compares it with the run before.
    #[activity(name = "store_screener_results_activity")]
    pub fn store_screen(_params: StoreScreenParams) -> Result<StoreScreenReceipt, Infallible> {
        unimplemented!()
    }

    /// A page of the saved screeners that run by themselves, ready to run.
    #[activity(name = "list_auto_run_screeners_activity")]
    pub fn list_auto_run_screeners(_params: ListAutoRunParams) -> Result<AutoRunPage, Infallible> {
        unimplemented!()
    }

    /// Has channels told of a screen's picks, by the delivery ledger.
    #[activity(name = "notify_screener_results_activity")]
    pub fn notify_screen(_params: NotifyScreenParams) -> Result<(), Infallible> {
        unimplemented!()
    }
}

/// The trade journal.
pub struct JournalDefinitions;

#[activity_definitions]
impl JournalDefinitions {
    /// Makes entries of new analyses, links trades to them, and marks those whose expiration has passed.
    #[activity(name = "update_journal_activity")]
    pub fn update_journal(_params: UpdateJournalParams) -> Result<JournalUpdate, Infallible> {
        unimplemented!()
    }
}

/// Reports.
pub struct ReportDefinitions;

#[activity_definitions]
impl ReportDefinitions {
    /// The users whom a report concerns, and the day that it is about.
    #[activity(name = "list_report_users_activity")]
    pub fn list_report_users(_params: ListReportUsersParams) -> Result<ReportUsers, Infallible> {
        unimplemented!()
    }

    /// Reads what a report is about, renders it and saves it. A source that is away is said in it.
    #[activity(name = "compose_report_activity")]
    pub fn compose_report(_params: ComposeReportParams) -> Result<RunReportResult, Infallible> {
        unimplemented!()
    }

    /// Sends a saved report, by the delivery ledger.
    #[activity(name = "send_report_activity")]
    pub fn send_report(_params: SendReportParams) -> Result<SendReportReceipt, Infallible> {
        unimplemented!()
    }
}

/// Trading: the decision, the way of an order, and the watch over what it opened.
pub struct TradingDefinitions;

#[activity_definitions]
impl TradingDefinitions {
    /// What a strategy decides by.
    #[activity(name = "fetch_market_data")]
    pub fn fetch_trade_facts(_params: FetchTradeFactsParams) -> Result<TradeFacts, Infallible> {
        unimplemented!()
    }

    /// Whether to trade, and what.
    #[activity(name = "calculate_trade")]
    pub fn calculate_trade(_params: CalculateTradeParams) -> Result<TradeDecision, Infallible> {
        unimplemented!()
    }

    /// In which orders the legs of a trade are sent.
    #[activity(name = "plan_legs_activity")]
    pub fn plan_legs(_params: PlanLegsParams) -> Result<LegPlan, Infallible> {
        unimplemented!()
    }

    /// What to undo of a plan that ended early.
    #[activity(name = "compensate_legs_activity")]
    pub fn compensate_legs(_params: CompensateLegsParams) -> Result<PlannedCompensation, Infallible> {
        unimplemented!()
    }

    /// What would become of an order if it were made now: nothing is made.
    #[activity(name = "judge_order_activity")]
    pub fn judge_order(_params: ProposeOrderParams) -> Result<OrderVerdict, Infallible> {
        unimplemented!()
    }

    /// Makes an order a row, has the risk gate judge it, and asks for approval where no rule gives it.
    #[activity(name = "propose_order_activity")]
    pub fn propose_order(_params: ProposeOrderParams) -> Result<TradeOrder, Infallible> {
        unimplemented!()
    }

    /// Carries out what somebody said to an order that waits: an approved one is priced and checked anew.
    #[activity(name = "answer_order_activity")]
    pub fn answer_order(_params: AnswerOrderParams) -> Result<TradeOrder, Infallible> {
        unimplemented!()
    }

    /// Sends an approved order, once. What became of an attempt that was lost is looked up.
    #[activity(name = "execute_trade")]
    pub fn execute_trade(_params: ExecuteTradeParams) -> Result<TradeOrder, Infallible> {
        unimplemented!()
    }

    /// Looks an order up at the broker until it is known what became of it.
    #[activity(name = "resolve_order_activity")]
    pub fn resolve_order(_order: OrderRef) -> Result<TradeOrder, Infallible> {
        unimplemented!()
    }

    /// Books what the broker says of an order until it has ended, or for a time.
    #[activity(name = "follow_order_activity")]
    pub fn follow_order(_params: FollowOrderParams) -> Result<TradeOrder, Infallible> {
        unimplemented!()
    }

    /// Whether no session is on.
    #[activity(name = "is_market_closed")]
    pub fn is_market_closed(_params: MarketHoursParams) -> Result<bool, Infallible> {
        unimplemented!()
    }

    /// Watches a position until something is to be done about it, it is gone, or the session is over.
    #[activity(name = "watch_position_activity")]
    pub fn watch_position(_params: WatchPositionParams) -> Result<PositionLook, Infallible> {
        unimplemented!()
    }

    /// One look at a position: what its plan says now.
    #[activity(name = "check_exit_conditions")]
    pub fn check_exit_conditions(_params: WatchPositionParams) -> Result<PositionLook, Infallible> {
        unimplemented!()
    }

    /// Makes the order that leaves a position.
    #[activity(name = "close_position")]
    pub fn close_position(_params: ClosePositionParams) -> Result<TradeOrder, Infallible> {
        unimplemented!()
    }

    /// Writes a trade into the log.
    #[activity(name = "log_trade")]
    pub fn log_trade(_params: LogTradeParams) -> Result<TradeSummary, Infallible> {
        unimplemented!()
    }

    /// Tells the user something about a trade, by the delivery ledger.
    #[activity(name = "notify_trade_activity")]
    pub fn notify_trade(_params: NotifyTradeParams) -> Result<(), Infallible> {
        unimplemented!()
    }
}

/// Retention of the store.
pub struct RetentionDefinitions;

#[activity_definitions]
impl RetentionDefinitions {
    /// Removes what is older than the worker's configuration allows.
    #[activity(name = "remove_old_rows_activity")]
    pub fn remove_old_rows(_params: RetentionParams) -> Result<RemovedRows, Infallible> {
        unimplemented!()
    }
}

pub use alert_definitions::{SaveAlerts, WatchAlerts};
pub use analyst_definitions::{ChartAnalysis, OptionsAnalysis, ResearchAnalysis, SynthesizeRecommendation};
pub use journal_definitions::UpdateJournal;
pub use market_data_definitions::{FetchMarketMetrics, FetchOptionChain, FetchQuotes};
pub use news_definitions::{CheckNews, RecallNews, WatchNews};
pub use output_definitions::{DeliverMessages, RouteAlerts, SaveAnalysis, SendNotifications};
pub use portfolio_definitions::{CheckAssignmentRisk, FetchPortfolio, RecallPortfolio, WatchPortfolio};
pub use quote_stream_definitions::{ReadQuotes, RecallQuotes, WatchQuotes};
pub use report_definitions::{ComposeReport, ListReportUsers, SendReport};
pub use retention_definitions::RemoveOldRows;
pub use screen_definitions::{
    FetchFreeCapital, ListAutoRunScreeners, NotifyScreen, QuicklyAnalyze, RunScan, SizePicks, StoreScreen,
};
pub use sync_definitions::{ListSyncResources, NotifySync, SyncResources};
pub use trading_definitions::{
    AnswerOrder, CalculateTrade, CheckExitConditions, ClosePosition, CompensateLegs, ExecuteTrade,
    FetchTradeFacts, FollowOrder, IsMarketClosed, JudgeOrder, LogTrade, NotifyTrade, PlanLegs, ProposeOrder,
    ResolveOrder, WatchPosition,
};

/// An activity as workflows call it.
pub trait Activity: ActivityDefinition + Sized {
    /// The marker.
    const ACTIVITY: Self;
    /// How it runs when it is asked `input`.
    fn policy(input: &Self::Input) -> ActivityPolicy;
}

/// An activity as the catalogue lists it.
#[derive(Clone, Debug)]
pub struct ActivityEntry {
    /// Its type on the wire.
    pub name: String,
    /// How it runs where no model is asked.
    pub policy: ActivityPolicy,
    /// What it takes and what it answers, as schemas of a generator.
    pub schemas: fn(&mut SchemaGenerator) -> (Schema, Schema),
}

impl ActivityEntry {
    fn of<A: Activity>(policy: ActivityPolicy) -> Self
    where
        A::Input: JsonSchema,
        A::Output: JsonSchema,
    {
        Self {
            name: A::ACTIVITY.name().to_owned(),
            policy,
            schemas: |generator| {
                (generator.subschema_for::<A::Input>(), generator.subschema_for::<A::Output>())
            },
        }
    }
}

/// One line an activity: its marker, its policy, and whether its input can name a model.
macro_rules! catalogue {
    ($($activity:ident: $policy:ident $(, model of $input:ident: $model:expr)?;)+) => {
        $(impl Activity for $activity {
            const ACTIVITY: Self = Self;
            fn policy(input: &Self::Input) -> ActivityPolicy {
                let _ = input;
                $(let $input = input; if $model { return policy::$policy.with_model(); })?
                policy::$policy
            }
        })+

        /// Every activity of ttai.
        #[must_use]
        pub fn activities() -> Vec<ActivityEntry> {
            vec![$(ActivityEntry::of::<$activity>(policy::$policy)),+]
        }
    };
}

catalogue! {
    ChartAnalysis: CHART_ANALYSIS, model of input: input.subject.model.is_some();
    OptionsAnalysis: OPTIONS_ANALYSIS, model of input: input.subject.model.is_some();
    ResearchAnalysis: RESEARCH_ANALYSIS, model of input: input.subject.model.is_some();
    SynthesizeRecommendation: SYNTHESIS, model of input: input.model.is_some();
    SaveAnalysis: STORAGE;
    SendNotifications: NOTIFY;
    RouteAlerts: NOTIFY;
    SaveAlerts: STORAGE;
    WatchAlerts: WATCH;
    DeliverMessages: DELIVER;
    FetchQuotes: QUOTES;
    FetchOptionChain: OPTION_CHAIN;
    FetchMarketMetrics: MARKET_METRICS;
    FetchPortfolio: PORTFOLIO;
    CheckAssignmentRisk: ASSIGNMENT_RISK;
    WatchPortfolio: PORTFOLIO_WATCH;
    RecallPortfolio: STORAGE;
    CheckNews: NEWS;
    WatchNews: NEWS_WATCH;
    RecallNews: STORAGE;
    WatchQuotes: WATCH;
    ReadQuotes: QUOTES;
    RecallQuotes: RECALL;
    RunScan: SCAN;
    QuicklyAnalyze: QUICK_ANALYSES;
    FetchFreeCapital: PORTFOLIO;
    SizePicks: SIZE_PICKS;
    StoreScreen: STORE_SCREEN;
    NotifyScreen: STORE_SCREEN;
    ListAutoRunScreeners: LIST_SCREENERS;
    ListSyncResources: SYNC_LISTING;
    SyncResources: SYNC_RESOURCES;
    NotifySync: NOTIFY_SYNC;
    UpdateJournal: JOURNAL;
    ListReportUsers: REPORT_USERS;
    ComposeReport: COMPOSE_REPORT;
    SendReport: SEND_REPORT;
    RemoveOldRows: RETENTION;
    FetchTradeFacts: TRADE_FACTS;
    CalculateTrade: TRADE_DECISION;
    PlanLegs: POSITION_LOOK;
    CompensateLegs: TRADE_DECISION;
    JudgeOrder: TRADE_ORDER;
    ProposeOrder: TRADE_ORDER;
    AnswerOrder: TRADE_ORDER;
    ExecuteTrade: TRADE_SEND;
    ResolveOrder: TRADE_LOOK_UP;
    FollowOrder: TRADE_FOLLOW;
    IsMarketClosed: MARKET_CLOCK;
    WatchPosition: POSITION_WATCH;
    CheckExitConditions: POSITION_LOOK;
    ClosePosition: TRADE_ORDER;
    LogTrade: TRADE_LOG;
    NotifyTrade: TRADE_LOG;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The activities of seeds 000 and 001.
    const SEEDS: [&str; 21] = [
        "chart_analysis_activity",
        "options_analysis_activity",
        "research_analysis_activity",
        "synthesize_recommendation_activity",
        "fetch_quotes_activity",
        "fetch_option_chain_activity",
        "fetch_market_metrics_activity",
        "send_notifications_activity",
        "route_alerts_activity",
        "check_news_activity",
        "fetch_portfolio_activity",
        "check_assignment_risk_activity",
        "run_tradingview_screener_activity",
        "store_screener_results_activity",
        "fetch_market_data",
        "calculate_trade",
        "execute_trade",
        "log_trade",
        "is_market_closed",
        "check_exit_conditions",
        "close_position",
    ];

    #[test]
    fn the_catalogue_has_the_seeds_activities() {
        let here: BTreeSet<String> = activities().into_iter().map(|activity| activity.name).collect();
        for name in SEEDS {
            assert!(here.contains(name), "{name}");
        }
    }

    #[test]
    fn a_model_has_more_time() {
        let mut params = ChartAnalysisParams::new("AAPL".parse().unwrap());
        assert_eq!(ChartAnalysis::policy(&params), policy::CHART_ANALYSIS);
        params.subject.model = Some("ollama/qwen3".parse().unwrap());
        assert_eq!(ChartAnalysis::policy(&params).retry, policy::AGENT);
    }
}
