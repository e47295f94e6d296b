//! A store that is away, whatever it is asked.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use ttai_ports::{
    AccountDay, AlertChange, AlertFilter, AlertRecord, Alerts, AnalysisCursor, AnalysisRecord, ArmedShard,
    AuditNote, ChangedAlert, ChangedOrder, ClaimOutcome, DayTraded, Deliveries, DeliveryBacklog,
    DeliveryClaim, DeliveryFilter, DeliveryKey, DifferenceRecord, Differences, ExecutionRecord, FiringFilter,
    FiringRecord, Firings, HaltScope, HaltedTrading, Halts, JournalEntry, JournalFilter, JournalLink,
    JournalVerdict, LeaseGrant, LeaseRecord, Leases, MessageDelivery, MessageRecord, Messages, NewAlert,
    NewDigest, NewFiring, NewMessage, NewOrder, NewScreener, NewsCheck, NewsProgress, NewsSeen, OrderChange,
    OrderFilter, OrderRecord, Orders, Preferences, PreferencesChange, ReconciledAccount, RecordedFiring,
    RemovedRows, ReportFilter, ReportRecord, Reports, Retain, SavedAlert, SavedOrder, SavedRows,
    SavedScreener, SavedScreeners, ScreenerCursor, SeenStory, SettledDelivery, StoppedMonitors, StoreError,
    StoryFilter, StoryIdentity, SyncState, SyncedResource, SyncedRow, SyncedRows, TradeFilter, TradeJournal,
    TradeLog, TradingHalt, TradingStoreError, UserPreferences, WatchlistChange, WatchlistRecord, Watchlists,
};

use ttai_trading::order::OrderReport;
use ttai_trading::reconcile::Difference;
use ttai_trading::trade_log::LoggedTrade;
use ttai_trading::{ClientOrderId, TrackedOrder};

/// Stands where a test needs none.
pub(super) struct NoStore;

/// Every call of a trait answers that the store is away.
macro_rules! away {
    ($trait:ident: $($call:ident($($argument:ty),*) -> $answer:ty $(, $error:ty)?;)+) => {
        #[async_trait]
        impl $trait for NoStore {
            $(async fn $call(&self, $(_: $argument),*) -> Result<$answer, away!(@error $($error)?)> {
                Err(StoreError::Unavailable("there is none in this test".to_owned()).into())
            })+
        }
    };
    (@error) => { StoreError };
    (@error $error:ty) => { $error };
}

away! { Alerts:
    save_alerts(&[NewAlert]) -> Vec<SavedAlert>;
    change_alert(&str, &str, &AlertChange) -> ChangedAlert;
    remove_alert(&str, &str) -> Option<AlertRecord>;
    alert(&str, &str) -> Option<AlertRecord>;
    list_alerts(&AlertFilter) -> Vec<AlertRecord>;
    count_alerts(&str) -> u64;
    armed_shards() -> Vec<ArmedShard>;
    changes_since(u32, u64, u32) -> Vec<AlertRecord>;
}
away! { Watchlists:
    change_watchlist(&str, &str, &WatchlistChange) -> Option<WatchlistRecord>;
    delete_watchlist(&str, &str) -> bool;
    watchlist(&str, &str) -> Option<WatchlistRecord>;
    list_watchlists(&str) -> Vec<WatchlistRecord>;
}
away! { SavedScreeners:
    save_screener(&str, &NewScreener) -> SavedScreener;
    set_auto_run(&str, &str, bool) -> Option<SavedScreener>;
    delete_screener(&str, &str) -> bool;
    screener(&str, &str) -> Option<SavedScreener>;
    list_screeners(&str) -> Vec<SavedScreener>;
    auto_run_screeners(&ScreenerCursor, u32) -> Vec<SavedScreener>;
}
away! { StoppedMonitors:
    set_stopped(&str, &str, bool) -> ();
    is_stopped(&str, &str) -> bool;
}
away! { Preferences:
    preferences(&str) -> UserPreferences;
    save_preferences(&str, &PreferencesChange) -> UserPreferences;
    users_with_morning_alert() -> Vec<String>;
    preferences_about_messages() -> Vec<(String, UserPreferences)>;
}
away! { NewsSeen:
    news_progress(&str) -> NewsProgress;
    known_stories(&str, &[StoryIdentity]) -> BTreeSet<StoryIdentity>;
    record_news(&str, u64, &NewsCheck) -> bool;
    list_stories(&StoryFilter) -> Vec<SeenStory>;
}
away! { SyncedRows:
    save_synced(&SyncedResource, &[SyncedRow], Option<&str>) -> SavedRows;
    note_sync_problem(&SyncedResource, &str) -> ();
    sync_state(&SyncedResource) -> SyncState;
    sync_states(&str) -> Vec<(SyncedResource, SyncState)>;
    synced_rows(&SyncedResource, DateTime<Utc>, u32) -> Vec<SyncedRow>;
}
away! { TradeJournal:
    journal_users() -> Vec<String>;
    unjournaled(&str, Option<&AnalysisCursor>, u32) -> Vec<AnalysisRecord>;
    add_entries(&str, &[JournalEntry], DateTime<Utc>) -> u64;
    open_entries(Option<&JournalEntry>, u32) -> Vec<JournalEntry>;
    save_mark(&str, &str, &JournalVerdict) -> bool;
    entries(&str, &JournalFilter, u32) -> Vec<JournalEntry>;
    note_entry(&str, &str, Option<&str>) -> bool;
    link_trade(&str, &JournalLink) -> bool;
    links(&str, Option<&str>) -> Vec<JournalLink>;
}
away! { Reports:
    save_report(&ReportRecord) -> ();
    report(&str, &str) -> Option<ReportRecord>;
    list_reports(&ReportFilter) -> Vec<ReportRecord>;
    save_account_day(&AccountDay) -> ();
    account_days(&str, NaiveDate, NaiveDate, DateTime<Utc>) -> Vec<AccountDay>;
}
away! { Retain:
    remove_old(DateTime<Utc>) -> RemovedRows;
}
away! { Firings:
    record_firings(&LeaseGrant, u32, &[NewFiring]) -> Vec<RecordedFiring>;
    list_firings(&FiringFilter) -> Vec<FiringRecord>;
}
away! { Leases:
    acquire_lease(&str, &str, Duration) -> Option<LeaseGrant>;
    renew_lease(&LeaseGrant, Duration) -> Option<LeaseGrant>;
    release_lease(&LeaseGrant) -> bool;
    save_checkpoint(&LeaseGrant, &str) -> bool;
    checkpoint(&str) -> Option<String>;
    lease(&str) -> Option<LeaseRecord>;
}
away! { Messages:
    save_messages(&[NewMessage]) -> usize;
    message(&str) -> Option<MessageRecord>;
}
away! { Deliveries:
    due_deliveries(&str, &[String], DateTime<Utc>, u32) -> Vec<MessageDelivery>;
    claim_deliveries(&str, &[DeliveryKey], DateTime<Utc>, Duration) -> Vec<DeliveryClaim>;
    settle_deliveries(&[SettledDelivery]) -> usize;
    digest_deliveries(&[NewDigest]) -> bool;
    next_due(&str) -> Option<DateTime<Utc>>;
    sent_since(&str, DateTime<Utc>) -> u64;
    users_due(DateTime<Utc>) -> Vec<String>;
    delivery_backlog() -> DeliveryBacklog;
    list_deliveries(&DeliveryFilter) -> Vec<MessageDelivery>;
    acknowledge_deliveries(&str, &str) -> u64;
    retry_deliveries(&str, Option<&str>, DateTime<Utc>) -> u64;
}
away! { Orders:
    save_intent(&NewOrder, &AuditNote) -> SavedOrder, TradingStoreError;
    adopt_order(&str, &str, &str, &TrackedOrder, &AuditNote) -> SavedOrder, TradingStoreError;
    order(&str, &str) -> Option<OrderRecord>;
    orders(&str, &OrderFilter) -> Vec<OrderRecord>;
    advance_order(&str, &OrderChange, &AuditNote) -> ChangedOrder, TradingStoreError;
    claim_order(&str, &ClientOrderId, u64, &AuditNote) -> ClaimOutcome, TradingStoreError;
    apply_report(&str, &str, &OrderReport, &AuditNote) -> ChangedOrder, TradingStoreError;
    executions(&str, &str) -> Vec<ExecutionRecord>;
    day_traded(&str, Option<&str>, NaiveDate) -> DayTraded;
}
away! { Halts:
    halt(&HaltScope, &str, &AuditNote) -> HaltedTrading, TradingStoreError;
    resume(&HaltScope, &AuditNote) -> bool, TradingStoreError;
    halts(Option<&str>) -> Vec<TradingHalt>;
    trading_halt(&str, &str) -> Option<TradingHalt>;
}
away! { Differences:
    save_differences(&str, &str, &[Difference], &AuditNote) -> Vec<DifferenceRecord>, TradingStoreError;
    reconciled(&str, &str) -> Option<ReconciledAccount>;
    save_reconciled(&str, &str, &ReconciledAccount) -> ();
    differences(&str, Option<&str>, bool) -> Vec<DifferenceRecord>;
    acknowledge_difference(&str, &str, &str, &AuditNote) -> DifferenceRecord, TradingStoreError;
}
away! { TradeLog:
    save_trade(&str, &LoggedTrade, &AuditNote) -> bool, TradingStoreError;
    trades(&str, &TradeFilter) -> Vec<LoggedTrade>;
}
