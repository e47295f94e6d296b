//! What ttai asks of the outside world: traits, their data, and one error taxonomy. No implementation lives here.

pub mod error;
pub mod market_data;
pub mod metrics;
pub mod news;
pub mod notifier;
pub mod store;

pub use error::PortError;
pub use market_data::{DailyHistory, DataSource, MarketClock, MarketData, RiskFreeRate};
pub use metrics::{EarningsDate, EarningsTime, Metrics, ShortInterest, SymbolMetrics};
pub use news::{News, NewsWindow};
pub use notifier::{Message, Notifier};
pub use store::{AnalysisCursor, AnalysisFilter, AnalysisRecord, Artifact, ArtifactRef, Store, StoreError};
