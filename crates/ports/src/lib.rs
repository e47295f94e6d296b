//! What ttai asks of the outside world: traits, their data, and one error taxonomy. No implementation lives here.

pub mod accounts;
pub mod alerts;
pub mod audit_trail;
pub mod broker;
pub mod deliveries;
pub mod differences;
pub mod error;
pub mod files;
pub mod firings;
pub mod halts;
pub mod kept_accounts;
pub mod known;
pub mod leases;
pub mod limits;
pub mod llm;
pub mod market_data;
pub mod messages;
pub mod metrics;
pub mod model;
pub mod news;
pub mod news_seen;
pub mod notifier;
mod order_reports;
pub mod orders;
pub mod preferences;
pub mod provenance;
pub mod quote_stream;
pub mod recalls;
pub mod reports;
pub mod retention;
pub mod saved_screeners;
pub mod scanner;
pub mod screener_results;
pub mod stopped_monitors;
pub mod store;
pub mod synced;
pub mod trade_journal;
pub mod trade_log;
pub mod watchlists;

pub use accounts::{Accounts, PositionStatus, StoredBalances, StoredPosition, StoredWatch};
pub use alerts::{
    AlertChange, AlertCursor, AlertFilter, AlertRecord, AlertState, Alerts, ArmedShard, ChangedAlert,
    MAX_SAVED_ALERTS, NewAlert, SET_SHARDS, SavedAlert,
};
pub use audit_trail::{AuditCheck, AuditNote, AuditTrail};
pub use broker::{
    AccountBalances, Broker, BrokerAccount, BrokerLeg, BrokerOrder, BrokerPosition, BrokerTransaction,
    BrokerWatchlist, Instrument, KeptByHand, LegExecution, OrderAction, OrderIntent, OrderLeg, OrderPreview,
    OrderPrice, OrderStatus, OrderUpdate, OrderUpdates, TimeInForce,
};
pub use deliveries::{
    Deliveries, DeliveryBacklog, DeliveryClaim, DeliveryCursor, DeliveryFilter, DeliveryKey, DeliveryOutcome,
    DeliveryRecord, DeliveryState, MessageDelivery, NewDigest, SettledDelivery,
};
pub use differences::{Acknowledgement, DifferenceRecord, Differences, ReconciledAccount};
pub use error::PortError;
pub use files::UserFiles;
pub use firings::{
    FiringCursor, FiringFilter, FiringRecord, Firings, MAX_RECORDED_FIRINGS, NewFiring, RecordedFiring,
};
pub use halts::{HaltScope, HaltedTrading, Halts, TradingHalt};
pub use kept_accounts::{
    KEPT_PREFIX, KeptAccount, KeptAccounts, KeptChange, KeptPosition, MAX_KEPT_POSITIONS, is_kept_account,
};
pub use known::{Known, Unknown};
pub use leases::{LeaseGrant, LeaseRecord, Leases, MAX_CHECKPOINT_BYTES};
pub use limits::{AccountLimits, Patience, RateLimit};
pub use llm::{LlmDay, LlmTurn, LlmUsage, ModelJournal};
pub use market_data::{DailyHistory, DataSource, MarketClock, MarketData, RiskFreeRate};
pub use messages::{MAX_SAVED_MESSAGES, MessageRecord, MessageRoute, Messages, NewMessage};
pub use metrics::{
    EarningsBasis, EarningsDate, EarningsTime, Fact, MarketFigures, Metrics, ShortInterest, SymbolMetrics,
    VolatilityHistory,
};
pub use model::{
    Model, ModelMessage, ModelRequest, ModelTurn, ModelUsage, StopReason, ToolCall, ToolDefinition,
};
pub use news::{News, NewsCursor, NewsReading, NewsWindow, windows_since};
pub use news_seen::{
    MAX_STORIES, NewsCheck, NewsProgress, NewsSeen, SeenStory, StoryCursor, StoryFilter, StoryIdentity,
    StoryOutcome,
};
pub use notifier::{Attachment, Message, MessageArtifact, MessageField, MessageKind, Notifier, Severity};
pub use order_reports::broker_listing;
pub use orders::{
    ChangedOrder, ClaimOutcome, DayTraded, ExecutionRecord, NewOrder, OrderApproval, OrderChange,
    OrderCursor, OrderFilter, OrderHolder, OrderPricing, OrderRecord, Orders, SavedOrder, TradingStoreError,
};
pub use preferences::{PREFERENCE_NAMES, Preferences, PreferencesChange, QuietSpan, UserPreferences};
pub use provenance::{Capability, Provenance};
pub use quote_stream::{
    HeldUp, QuoteStream, StreamEvent, StreamGap, StreamGreeks, StreamHalt, StreamHealth, StreamKinds,
    StreamQuote, StreamReader, StreamSymbol, StreamTrade,
};
pub use recalls::Recalls;
pub use reports::{AccountDay, ReportFilter, ReportRecord, Reports};
pub use retention::{RemovedRows, Retain};
pub use saved_screeners::{
    MAX_AUTO_RUN_SCREENERS, MAX_SAVED_SCREENERS, NewScreener, SavedScreener, SavedScreeners, ScreenerCursor,
};
pub use scanner::{ScanMatch, ScanRequest, Scanner};
pub use screener_results::{
    MAX_SCREENED, RankedPick, ScreenRunKey, ScreenRunRecord, ScreenedCandidate, ScreenerResults,
};
pub use stopped_monitors::StoppedMonitors;
pub use store::{
    Analyses, AnalysisCursor, AnalysisFilter, AnalysisRecord, Artifact, ArtifactRef, Artifacts, Saved,
    StoreError,
};
pub use synced::{MAX_SYNCED_ROWS, SavedRows, SyncState, SyncedResource, SyncedRow, SyncedRows};
pub use trade_journal::{
    JournalCursor, JournalEntry, JournalFilter, JournalLink, JournalMark, JournalTrade, JournalVerdict,
    MAX_JOURNALED, TradeJournal, TradeKey,
};
pub use trade_log::{TradeCursor, TradeFilter, TradeLog};
pub use watchlists::{MAX_WATCHLIST_SYMBOLS, WatchlistChange, WatchlistRecord, Watchlists};
