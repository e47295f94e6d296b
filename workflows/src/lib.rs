//! The workflows of ttai: deterministic stories over activities that live elsewhere. One workflow a file.
//!
//! No clock, no I/O, no numbers of their own: a formula that changes must not change a replay.

pub mod alert_shard;
pub mod analysis;
pub mod auto_run_screeners;
pub mod chart_analysis;
pub mod csp_screener;
pub mod daily_trading;
pub mod deliveries;
pub mod entity;
pub mod full_analysis;
pub mod news_watcher;
pub mod options_analysis;
pub mod portfolio_monitor;
pub mod position_monitor;
pub mod price_alerts;
pub mod quote_stream;
pub mod research_analysis;
pub mod retention;
pub mod run_report;
pub mod scheduled_screener;
pub mod scheduled_sync;
pub mod screener;
pub mod sync_source;
pub mod update_journal;

mod calls;
mod ending;
mod notify;
mod pipeline;
mod progress;
mod save;
mod screen;
mod stage;
mod start;
mod sync;
mod trading;

pub use alert_shard::AlertShardWorkflow;
pub use analysis::AnalysisWorkflow;
pub use auto_run_screeners::AutoRunScreenersWorkflow;
pub use calls::interceptor;
pub use chart_analysis::ChartAnalysisWorkflow;
pub use csp_screener::CSPScreenerWorkflow;
pub use daily_trading::DailyTradingWorkflow;
pub use deliveries::DeliveryWorkflow;
pub use full_analysis::FullAnalysisWorkflow;
pub use news_watcher::NewsWatcherWorkflow;
pub use options_analysis::OptionsAnalysisWorkflow;
pub use portfolio_monitor::PortfolioMonitorWorkflow;
pub use position_monitor::PositionMonitorWorkflow;
pub use price_alerts::PriceAlertWorkflow;
pub use quote_stream::QuoteStreamWorkflow;
pub use research_analysis::ResearchAnalysisWorkflow;
pub use retention::RetentionWorkflow;
pub use run_report::RunReportWorkflow;
pub use scheduled_screener::ScheduledScreenerWorkflow;
pub use scheduled_sync::ScheduledSyncWorkflow;
pub use screener::ScreenerWorkflow;
pub use sync_source::SyncSourceWorkflow;
pub use update_journal::UpdateJournalWorkflow;
