//! Thin, typed client of ttai's workflows: start, wait, follow, query, describe, list and cancel, and the schedules on the server.
//!
//! No worker, no provider, no clock of its own. Every call to the server has a deadline.
//!
//! ```no_run
//! # async fn example() -> Result<(), ttai_client::ClientError> {
//! use ttai_client::{Connect, TtaiClient};
//! use ttai_contract::FullAnalysisParams;
//!
//! let client = TtaiClient::connect(Connect::to("127.0.0.1:7233")).await?;
//! let run = client.start(&FullAnalysisParams::new("AAPL".parse().unwrap()), None).await?;
//! let answer = run.result(None).await?;
//! println!("{}", answer.overall_recommendation.as_str());
//! # Ok(())
//! # }
//! ```

mod alerts;
mod certificate;
mod connect;
mod error;
mod history;
mod listing;
mod monitors;
mod payload;
mod portfolio;
mod progress;
mod quote_streams;
mod refusal;
mod reports;
mod run;
mod schedules;
mod screens;
mod start;
mod syncs;
mod trading;

pub use alerts::PriceAlerts;
pub use connect::{Connect, TtaiClient};
pub use error::ClientError;
pub use history::HistoryLine;
pub use listing::{ListFilter, RunDescription, RunState, RunStatus, RunSummary, Without};
pub use monitors::{MonitorHandle, monitor_names};
pub use portfolio::PortfolioMonitor;
pub use progress::{RunProgress, Step, StepState};
pub use quote_streams::QuoteStreamHandle;
pub use refusal::{Refusal, ShownCredentials};
pub use reports::ReportRequest;
pub use run::{AnyRun, Run};
pub use schedules::{
    CalendarRule, RuleDays, ScheduleDescription, ScheduleDifference, ScheduleHandle, ScheduleOutcome,
    ScheduleOverlap, ScheduledRun, WantedSchedule,
};
pub use screens::ScreenHandle;
pub use syncs::SyncHandle;
pub use trading::TradingRun;
