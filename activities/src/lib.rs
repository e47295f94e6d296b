//! The contract's activities over the ports: one group a file, and the deterministic analysts behind them.
//!
//! No provider, no database, no HTTP here: what the outside world does comes through [`Ports`].

pub mod analysts;
pub mod deliveries;
pub mod market_data;
pub mod news;
pub mod notifications;
pub mod outputs;
pub mod portfolio;
pub mod ports;
pub mod quote_streams;
pub mod reports;
pub mod retention;
pub mod screener;
pub mod sync;
pub mod titles;

mod agent;
mod alerts;
mod article;
mod chart;
mod clock;
mod compute;
mod failure;
mod grounding;
mod journal;
mod market_view;
mod narrator;
mod options;
mod recalls;
mod research;
mod sources;
mod subscription;
mod supervise;
mod synthesis;
#[cfg(test)]
mod testing;
mod trading;

pub use agent::{ModelAnalyst, ModelBudget};
pub use alerts::{AlertActivities, WatchedShard, alert_answer, blind_incident, list_alerts, watched_shards};
pub use analysts::AnalystActivities;
pub use compute::{Compute, cores};
pub use deliveries::{
    ChannelRule, Deliverer, DeliveryActivities, DeliveryDriver, DeliveryRound, DeliveryRules, Incident,
    Incidents, LONGEST_SEND, QuietHours, RouteRule, StatedRules, StillOpen, UserRule,
};
pub use journal::{JournalActivities, JournalRate, JournalReview, market_of, review as review_journal};
pub use market_data::MarketDataActivities;
pub use news::NewsActivities;
pub use notifications::NotificationActivities;
pub use outputs::OutputActivities;
pub use portfolio::PortfolioActivities;
pub use ports::{Ports, TradingPorts};
pub use quote_streams::QuoteStreamActivities;
pub use reports::ReportActivities;
pub use retention::RetentionActivities;
pub use screener::ScreenActivities;
pub use supervise::{AttemptOf, Shutdown, StopReasons, Supervisor};
pub use sync::{SyncActivities, market_owner};
pub use trading::{ReconciledBooks, TradingActivities, reconcile_account};
