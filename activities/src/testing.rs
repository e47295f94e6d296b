//! A small market in memory behind the ports, for the analysts' tests, and the reading of recorded markets where they lie.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};
use ttai_core::{DailyBar, MinuteBar, NewsStory, OptionChain, Quote, SessionPart, Symbol};
use ttai_ports::{
    AccountBalances, AccountDay, Accounts, AlertChange, AlertFilter, AlertRecord, Alerts, Analyses,
    AnalysisCursor, AnalysisFilter, AnalysisRecord, ArmedShard, Artifact, ArtifactRef, Artifacts, Attachment,
    Broker, BrokerAccount, BrokerOrder, BrokerPosition, BrokerTransaction, ChangedAlert, DailyHistory,
    DataSource, Deliveries, DeliveryBacklog, DeliveryClaim, DeliveryFilter, DeliveryKey, FiringFilter,
    FiringRecord, Firings, JournalEntry, JournalFilter, JournalLink, JournalVerdict, LeaseGrant, LeaseRecord,
    Leases, LlmDay, LlmTurn, LlmUsage, MarketClock, MarketData, Message, MessageDelivery, MessageRecord,
    Messages, Metrics, ModelJournal, NewAlert, NewDigest, NewFiring, NewMessage, NewScreener, News,
    NewsCheck, NewsProgress, NewsSeen, NewsWindow, Notifier, OrderIntent, OrderPreview, PortError,
    Preferences, PreferencesChange, Provenance, QuoteStream, Recalls, RecordedFiring, RemovedRows,
    ReportFilter, ReportRecord, Reports, Retain, RiskFreeRate, Saved, SavedAlert, SavedRows, SavedScreener,
    SavedScreeners, ScanMatch, ScanRequest, Scanner, ScreenRunKey, ScreenRunRecord, ScreenedCandidate,
    ScreenerCursor, ScreenerResults, SeenStory, SettledDelivery, StoreError, StoredBalances, StoredPosition,
    StoredWatch, StoryFilter, StoryIdentity, StreamHealth, StreamKinds, StreamReader, StreamSymbol,
    SymbolMetrics, SyncState, SyncedResource, SyncedRow, SyncedRows, TradeJournal, UserFiles,
    UserPreferences, WatchlistChange, WatchlistRecord, Watchlists,
};

use crate::deliveries::{Deliverer, LONGEST_SEND};
use crate::ports::Ports;
use crate::supervise::{AttemptOf, Shutdown, StopReasons, Supervisor};

/// One symbol's market at one moment. Every part may be replaced before the ports are made.
#[derive(Clone, Debug)]
pub(crate) struct FakeMarket {
    pub(crate) symbol: Symbol,
    /// What the clock says when no `as_of` is given.
    pub(crate) now: DateTime<Utc>,
    pub(crate) quote: Quote,
    pub(crate) history: DailyHistory,
    pub(crate) minutes: BTreeMap<NaiveDate, Vec<MinuteBar>>,
    /// None answers `NoData`.
    pub(crate) chain: Option<OptionChain>,
    /// Continuously compounded.
    pub(crate) rate: f64,
    pub(crate) simulated: bool,
}

impl FakeMarket {
    /// Finished sessions `bars` and a good quote at their last close, one minute after the last session's close.
    pub(crate) fn of(symbol: &str, bars: Vec<DailyBar>) -> Self {
        let last = *bars.last().expect("a market has bars");
        let now = close_of(last.date) + TimeDelta::minutes(1);
        Self {
            symbol: Symbol::new(symbol).unwrap(),
            now,
            quote: quote(symbol, last.close, now),
            history: DailyHistory {
                bars,
                today: None,
                splits: Vec::new(),
                dividends: Vec::new(),
                actions_unknown: None,
                warnings: Vec::new(),
            },
            minutes: BTreeMap::new(),
            chain: None,
            rate: 0.0025,
            simulated: false,
        }
    }

    fn check(&self, symbol: &Symbol) -> Result<(), PortError> {
        if *symbol == self.symbol {
            return Ok(());
        }
        let (provider, symbol, hint) = ("fake".to_owned(), symbol.to_string(), String::new());
        Err(PortError::UnknownSymbol { provider, symbol, hint })
    }
}

#[async_trait]
impl MarketClock for FakeMarket {
    async fn now(&self, symbol: &Symbol) -> Result<DateTime<Utc>, PortError> {
        self.check(symbol).map(|()| self.now)
    }
}

#[async_trait]
impl MarketData for FakeMarket {
    fn source(&self) -> DataSource {
        let name = if self.simulated { "simulated" } else { "tape" };
        DataSource {
            name: name.to_owned(),
            simulated: self.simulated,
            description: format!("{name} market of the tests"),
        }
    }

    async fn symbols(&self) -> Result<Vec<Symbol>, PortError> {
        Ok(vec![self.symbol.clone()])
    }

    async fn quote(&self, symbol: &Symbol, _as_of: DateTime<Utc>) -> Result<Quote, PortError> {
        self.check(symbol).map(|()| self.quote.clone())
    }

    async fn daily_history(&self, symbol: &Symbol, _: DateTime<Utc>) -> Result<DailyHistory, PortError> {
        self.check(symbol).map(|()| self.history.clone())
    }

    async fn minute_bars(
        &self,
        symbol: &Symbol,
        session: NaiveDate,
        as_of: DateTime<Utc>,
    ) -> Result<Vec<MinuteBar>, PortError> {
        self.check(symbol)?;
        let Some(minutes) = self.minutes.get(&session) else {
            return Err(no_data(symbol, "minute bars"));
        };
        let ended = |bar: &&MinuteBar| bar.start + TimeDelta::minutes(1) <= as_of;
        Ok(minutes.iter().filter(ended).copied().collect())
    }

    async fn option_chain(&self, symbol: &Symbol, _: DateTime<Utc>) -> Result<OptionChain, PortError> {
        self.check(symbol)?;
        self.chain.clone().ok_or_else(|| no_data(symbol, "option chain"))
    }

    async fn risk_free_rate(&self, _: DateTime<Utc>) -> Result<RiskFreeRate, PortError> {
        Ok(RiskFreeRate { continuous: self.rate, source: "the tests".to_owned() })
    }
}

fn no_data(symbol: &Symbol, what: &str) -> PortError {
    PortError::NoData {
        provider: "fake".to_owned(),
        what: what.to_owned(),
        symbol: symbol.to_string(),
        detail: "none is recorded".to_owned(),
    }
}

/// Metrics that always say the same; `None` is a provider without such a record.
#[derive(Clone, Debug, Default)]
pub(crate) struct FakeMetrics(pub(crate) Option<SymbolMetrics>);

#[async_trait]
impl Metrics for FakeMetrics {
    async fn metrics(&self, _: &Symbol, _: DateTime<Utc>) -> Result<Option<SymbolMetrics>, PortError> {
        Ok(self.0.clone())
    }
}

/// News that are always the same; `None` is a provider without news.
#[derive(Clone, Debug, Default)]
pub(crate) struct FakeNews(pub(crate) Option<Vec<NewsStory>>);

#[async_trait]
impl News for FakeNews {
    async fn stories(&self, _: &Symbol, window: NewsWindow) -> Result<Option<Vec<NewsStory>>, PortError> {
        let inside = |s: &&NewsStory| s.published_at > window.after && s.published_at <= window.until;
        Ok(self.0.as_ref().map(|stories| stories.iter().filter(inside).cloned().collect()))
    }
}

/// A store that lasts as long as the test.
#[derive(Debug, Default)]
pub(crate) struct MemoryStore {
    artifacts: Mutex<BTreeMap<String, Artifact>>,
    analyses: Mutex<BTreeMap<(String, String), AnalysisRecord>>,
    turns: Mutex<Vec<LlmTurn>>,
    positions: Mutex<Vec<StoredPosition>>,
    watch: Mutex<Option<StoredWatch>>,
    recalled: Mutex<Option<String>>,
    screened: Mutex<Vec<(ScreenRunKey, ScreenedCandidate)>>,
    screens: Mutex<Vec<ScreenRunRecord>>,
}

impl MemoryStore {
    /// The bytes stored under a hash.
    pub(crate) fn bytes(&self, sha256: &str) -> Option<Vec<u8>> {
        self.artifacts.lock().unwrap_or_else(PoisonError::into_inner).get(sha256).map(|a| a.bytes.clone())
    }
}

#[async_trait]
impl Analyses for MemoryStore {
    async fn save(&self, record: &AnalysisRecord) -> Result<(), StoreError> {
        let mut analyses = self.analyses.lock().unwrap_or_else(PoisonError::into_inner);
        analyses.insert((record.workflow_id.clone(), record.run_id.clone()), record.clone());
        Ok(())
    }

    async fn save_or_spool(&self, record: &AnalysisRecord, _: Duration) -> Result<Saved, StoreError> {
        self.save(record).await.map(|()| Saved::InStore)
    }

    async fn latest(&self, workflow_id: &str) -> Result<Option<AnalysisRecord>, StoreError> {
        let analyses = self.analyses.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(analyses.values().rev().find(|record| record.workflow_id == workflow_id).cloned())
    }

    async fn run(&self, workflow_id: &str, run_id: &str) -> Result<Option<AnalysisRecord>, StoreError> {
        let key = (workflow_id.to_owned(), run_id.to_owned());
        Ok(self.analyses.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned())
    }

    async fn list(&self, _: &AnalysisFilter) -> Result<Vec<AnalysisRecord>, StoreError> {
        Ok(self.analyses.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect())
    }
}

#[async_trait]
impl Artifacts for MemoryStore {
    async fn put(&self, artifact: &Artifact) -> Result<ArtifactRef, StoreError> {
        let sha256: String = Sha256::digest(&artifact.bytes).iter().map(|b| format!("{b:02x}")).collect();
        let size = u64::try_from(artifact.bytes.len()).unwrap();
        let mut artifacts = self.artifacts.lock().unwrap_or_else(PoisonError::into_inner);
        artifacts.insert(sha256.clone(), artifact.clone());
        Ok(ArtifactRef { sha256, media_type: artifact.media_type.clone(), size })
    }

    async fn get(&self, sha256: &str) -> Result<Option<Artifact>, StoreError> {
        Ok(self.artifacts.lock().unwrap_or_else(PoisonError::into_inner).get(sha256).cloned())
    }
}

#[async_trait]
impl ModelJournal for MemoryStore {
    async fn save_turn(&self, turn: &LlmTurn) -> Result<(), StoreError> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let key = |turn: &LlmTurn| {
            (
                turn.workflow_id.clone(),
                turn.run_id.clone(),
                turn.activity.clone(),
                turn.turn,
                turn.prompt_hash.clone(),
            )
        };
        if !turns.iter().any(|kept| key(kept) == key(turn)) {
            turns.push(turn.clone());
        }
        Ok(())
    }

    async fn turns(
        &self,
        workflow_id: &str,
        run_id: &str,
        activity: &str,
    ) -> Result<Vec<LlmTurn>, StoreError> {
        let turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |turn: &&LlmTurn| {
            (turn.workflow_id.as_str(), turn.run_id.as_str(), turn.activity.as_str())
                == (workflow_id, run_id, activity)
        };
        let mut found: Vec<LlmTurn> = turns.iter().filter(of).cloned().collect();
        found.sort_by_key(|turn| turn.turn);
        Ok(found)
    }

    async fn usage_of_run(&self, workflow_id: &str, run_id: &str) -> Result<LlmUsage, StoreError> {
        let turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let of = turns.iter().filter(|turn| turn.workflow_id == workflow_id && turn.run_id == run_id);
        Ok(of.fold(LlmUsage::default(), |sum, turn| sum.plus(&turn.usage)))
    }

    async fn usage(&self, _: u32) -> Result<Vec<LlmDay>, StoreError> {
        let turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let usage = turns.iter().fold(LlmUsage::default(), |sum, turn| sum.plus(&turn.usage));
        let day = NaiveDate::from_ymd_opt(2014, 6, 6).expect("a day");
        Ok(vec![LlmDay { day, user_id: "all".to_owned(), model: "all".to_owned(), usage }])
    }
}

#[async_trait]
impl ScreenerResults for MemoryStore {
    async fn save_screened(
        &self,
        key: &ScreenRunKey,
        candidates: &[ScreenedCandidate],
    ) -> Result<(), StoreError> {
        let mut screened = self.screened.lock().unwrap_or_else(PoisonError::into_inner);
        for candidate in candidates {
            screened.retain(|(of, kept)| of != key || kept.symbol != candidate.symbol);
            screened.push((key.clone(), candidate.clone()));
        }
        Ok(())
    }

    async fn screened(&self, key: &ScreenRunKey) -> Result<Vec<ScreenedCandidate>, StoreError> {
        let screened = self.screened.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(screened.iter().filter(|(of, _)| of == key).map(|(_, candidate)| candidate.clone()).collect())
    }

    async fn save_screen_run(&self, record: &ScreenRunRecord) -> Result<(), StoreError> {
        let mut screens = self.screens.lock().unwrap_or_else(PoisonError::into_inner);
        match screens.iter_mut().find(|kept| kept.key == record.key) {
            Some(kept) => *kept = record.clone(),
            None => screens.push(record.clone()),
        }
        Ok(())
    }

    async fn screen_run_before(
        &self,
        screen: &str,
        key: &ScreenRunKey,
    ) -> Result<Option<ScreenRunRecord>, StoreError> {
        let screens = self.screens.lock().unwrap_or_else(PoisonError::into_inner);
        let before = screens.iter().take_while(|kept| kept.key != *key);
        let of = |kept: &&ScreenRunRecord| kept.screen == screen && kept.key.user_id == key.user_id;
        Ok(before.filter(of).last().cloned())
    }

    async fn list_screen_runs(
        &self,
        _: &str,
        _: Option<&str>,
        _: u32,
    ) -> Result<Vec<ScreenRunRecord>, StoreError> {
        Ok(self.screens.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// Finds these symbols, whatever is asked.
pub(crate) struct FakeScanner(pub(crate) Vec<Symbol>);

#[async_trait]
impl Scanner for FakeScanner {
    fn name(&self) -> &str {
        "fake"
    }

    async fn scan(&self, request: &ScanRequest) -> Result<Vec<ScanMatch>, PortError> {
        let found = |symbol: &Symbol| ScanMatch {
            symbol: symbol.clone(),
            name: String::new(),
            price: None,
            volume: None,
            market_cap: None,
            sector: None,
        };
        Ok(self.0.iter().take(request.limit as usize).map(found).collect())
    }
}

/// No channels.
#[derive(Clone, Copy, Debug)]
struct Nobody;

#[async_trait]
impl Notifier for Nobody {
    fn channels(&self) -> Vec<String> {
        Vec::new()
    }

    async fn send(&self, channel: &str, _: &Message, _: &[Attachment]) -> Result<(), PortError> {
        Err(PortError::Invalid { provider: "fake".to_owned(), detail: format!("no channel {channel}") })
    }
}

/// Ports over `market` with a fresh store, and no record of metrics or news.
pub(crate) fn ports(market: FakeMarket) -> (Ports, Arc<MemoryStore>) {
    let store = Arc::new(MemoryStore::default());
    let ports = Ports {
        market: Arc::new(market),
        metrics: Arc::new(FakeMetrics::default()),
        news: Arc::new(FakeNews::default()),
        news_seen: Arc::new(NoLedger),
        recalls: Arc::clone(&store) as _,
        analyses: Arc::clone(&store) as _,
        artifacts: Arc::clone(&store) as _,
        journal: Arc::clone(&store) as _,
        brokers: Vec::new(),
        accounts: Arc::clone(&store) as _,
        alerts: Arc::new(NoLedger),
        firings: Arc::new(NoLedger),
        watchlists: Arc::new(NoLedger),
        scanner: Arc::new(FakeScanner(Vec::new())),
        preferences: Arc::new(NoLedger),
        saved_screeners: Arc::new(NoLedger),
        screens: Arc::clone(&store) as _,
        reports: Arc::new(NoLedger),
        synced: Arc::new(NoLedger),
        trades: Arc::new(NoLedger),
        files: Arc::new(NoFiles),
        retention: Arc::new(NoLedger),
        leases: Arc::new(NoLedger),
        streams: Arc::new(NoStream),
        notifier: Arc::new(Nobody),
        deliverer: Deliverer {
            messages: Arc::new(NoLedger),
            deliveries: Arc::new(NoLedger),
            notifier: Arc::new(Nobody),
            artifacts: Arc::clone(&store) as _,
            rules: Arc::default(),
            claimant: "test".to_owned(),
            longest_send: LONGEST_SEND,
            driver: None,
        },
        provenance: Provenance::default(),
        models: None,
    };
    (ports, store)
}

fn outage() -> PortError {
    PortError::Unavailable { provider: "fake".to_owned(), detail: "down".to_owned(), retry_after: None }
}

/// One account; positions fail where there are none.
pub(crate) struct OneAccount {
    pub(crate) positions: Option<Vec<BrokerPosition>>,
}

#[async_trait]
impl Broker for OneAccount {
    fn name(&self) -> &str {
        "fake"
    }
    async fn accounts(&self) -> Result<Vec<BrokerAccount>, PortError> {
        Ok(vec![BrokerAccount { id: "A1".to_owned(), name: String::new(), margin: true, paper: true }])
    }
    async fn balances(&self, _: &str) -> Result<AccountBalances, PortError> {
        Ok(AccountBalances {
            cash: Decimal::from(50_000),
            net_liquidation: Decimal::from(100_000),
            option_buying_power: Decimal::from(40_000),
            stock_buying_power: Decimal::from(80_000),
            maintenance_requirement: Some(Decimal::from(61_000)),
            as_of: "2014-06-06T20:05:00Z".parse().unwrap(),
        })
    }
    async fn positions(&self, _: &str) -> Result<Vec<BrokerPosition>, PortError> {
        self.positions.clone().ok_or_else(outage)
    }
    async fn preview(&self, _: &OrderIntent) -> Result<OrderPreview, PortError> {
        Err(outage())
    }
    async fn submit(&self, _: &OrderIntent) -> Result<BrokerOrder, PortError> {
        Err(outage())
    }
    async fn order_by_client_id(&self, _: &str, _: &str) -> Result<Option<BrokerOrder>, PortError> {
        Err(outage())
    }
    async fn cancel(&self, _: &str, _: &str) -> Result<(), PortError> {
        Err(outage())
    }
    async fn orders(&self, _: &str, _: DateTime<Utc>) -> Result<Vec<BrokerOrder>, PortError> {
        Err(outage())
    }
    async fn transactions(&self, _: &str, _: DateTime<Utc>) -> Result<Vec<BrokerTransaction>, PortError> {
        Err(outage())
    }
}

/// Only the watch's state is kept.
#[async_trait]
impl Accounts for MemoryStore {
    async fn sync_positions(
        &self,
        _: &str,
        _: &str,
        positions: &[StoredPosition],
        _: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        *self.positions.lock().unwrap_or_else(PoisonError::into_inner) = positions.to_vec();
        Ok(())
    }
    async fn open_positions(&self, _: &str) -> Result<Vec<StoredPosition>, StoreError> {
        self.positions("", "").await
    }
    async fn positions(&self, _: &str, _: &str) -> Result<Vec<StoredPosition>, StoreError> {
        Ok(self.positions.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
    async fn accounts_of(&self, _: &str) -> Result<Vec<String>, StoreError> {
        Ok(vec!["A1".to_owned()])
    }
    async fn users_with_positions(
        &self,
        _: bool,
        _: Option<&str>,
        _: u32,
    ) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }
    async fn sync_balances(&self, _: &str, _: &str, _: &StoredBalances) -> Result<(), StoreError> {
        Ok(())
    }
    async fn balances(&self, _: &str, _: &str) -> Result<Option<StoredBalances>, StoreError> {
        Ok(None)
    }
    async fn save_watch(&self, _: &str, _: &str, watch: &StoredWatch) -> Result<(), StoreError> {
        *self.watch.lock().unwrap_or_else(PoisonError::into_inner) = Some(watch.clone());
        Ok(())
    }
    async fn watch(&self, _: &str, _: &str) -> Result<Option<StoredWatch>, StoreError> {
        Ok(self.watch.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

#[async_trait]
impl Recalls for MemoryStore {
    async fn recall(&self, _: &str, _: &str, stretch: &str) -> Result<(), StoreError> {
        *self.recalled.lock().unwrap_or_else(PoisonError::into_inner) = Some(stretch.to_owned());
        Ok(())
    }
    async fn recalled(&self, _: &str, _: &str) -> Result<Option<String>, StoreError> {
        Ok(self.recalled.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// Stands where nothing is to be delivered.
struct NoLedger;

/// Every call of a trait answers that the store is away.
macro_rules! away {
    ($trait:ident: $($call:ident($($argument:ty),*) -> $answer:ty;)+) => {
        #[async_trait]
        impl $trait for NoLedger {
            $(async fn $call(&self, $(_: $argument),*) -> Result<$answer, StoreError> {
                Err(StoreError::Unavailable("there is none in this test".to_owned()))
            })+
        }
    };
}

/// A market without a stream.
struct NoStream;

#[async_trait]
impl QuoteStream for NoStream {
    fn name(&self) -> &str {
        "none"
    }
    async fn subscribe(
        &self,
        _: &[StreamSymbol],
        _: StreamKinds,
    ) -> Result<Box<dyn StreamReader>, PortError> {
        Err(PortError::Unavailable {
            provider: "none".to_owned(),
            detail: "there is none in this test".to_owned(),
            retry_after: None,
        })
    }
    fn health(&self) -> StreamHealth {
        StreamHealth::default()
    }
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

/// No user left a file.
struct NoFiles;

#[async_trait]
impl UserFiles for NoFiles {
    async fn names(&self, _: &str) -> Result<Vec<String>, PortError> {
        Ok(Vec::new())
    }
    async fn read(&self, _: &str, name: &str) -> Result<Vec<u8>, PortError> {
        Err(PortError::Invalid { provider: "files".to_owned(), detail: name.to_owned() })
    }
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

/// A good quote two cents wide around `price`.
pub(crate) fn symbol(text: &str) -> Symbol {
    text.parse().unwrap()
}

pub(crate) fn supervisor() -> Supervisor {
    struct Never;
    #[async_trait]
    impl StopReasons for Never {
        async fn is_interruption(&self, _: AttemptOf<'_>) -> bool {
            false
        }
        async fn is_awaited(&self, _: AttemptOf<'_>, _: Duration) -> Option<bool> {
            Some(true)
        }
    }
    Supervisor::new(Shutdown::default(), Arc::new(Never))
}

pub(crate) fn quote(symbol: &str, price: f64, at: DateTime<Utc>) -> Quote {
    let cents = Decimal::from_f64_retain(price).unwrap().round_dp(2);
    let half = Decimal::new(1, 2);
    Quote {
        symbol: Symbol::new(symbol).unwrap(),
        bid: Some(cents - half),
        ask: Some(cents + half),
        last: Some(cents),
        volume: 1_000_000,
        market_time: at,
        received_at: at,
        source: "fake".to_owned(),
        conditions: Vec::new(),
    }
}

/// `count` sessions that end on `last`: a drift of `drift` a session (0.002 is 0.2 %) with waves of two lengths.
pub(crate) fn wavy_bars(last: NaiveDate, count: u32, drift: f64) -> Vec<DailyBar> {
    let mut dates = vec![last];
    while dates.len() < usize::try_from(count).unwrap() {
        let previous = ttai_calendar::previous_session(*dates.last().unwrap()).unwrap();
        dates.push(previous.date);
    }
    let level = |i: f64| 100.0 * (drift * i).exp() * (1.0 + 0.05 * (i / 9.0).sin() + 0.02 * (i / 3.1).sin());
    dates
        .iter()
        .rev()
        .zip(0_u32..)
        .map(|(date, i)| {
            let (open, close) = (level(f64::from(i) - 0.6), level(f64::from(i)));
            let (high, low) = (open.max(close) * 1.006, open.min(close) * 0.994);
            DailyBar::new(*date, open, high, low, close, 1e6 + 1e4 * f64::from(i % 7)).unwrap()
        })
        .collect()
}

/// The regular close of a session in UTC.
pub(crate) fn close_of(date: NaiveDate) -> DateTime<Utc> {
    ttai_calendar::session(date).expect("a session").close
}

/// The recorded markets' folder; None, with a printed line, where it is absent.
pub(crate) fn oracle() -> Option<PathBuf> {
    let named = std::env::var_os("TTAI_ORACLE").map(PathBuf::from).filter(|path| path.is_dir());
    let above = || {
        let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        here.ancestors().map(|folder| folder.join("shared/oracle")).find(|path| path.is_dir())
    };
    let found = named.or_else(above);
    if found.is_none() {
        println!("skipped: ../shared/oracle is absent");
    }
    found
}

/// The rows of a recorded file by column name.
pub(crate) fn rows(path: &std::path::Path) -> Vec<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(path).expect("the recorded file can be read");
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let row =
        |line: &str| names.iter().map(|n| (*n).to_owned()).zip(line.split(',').map(str::to_owned)).collect();
    lines.map(row).collect()
}

/// Recorded daily bars up to and including `last`, unadjusted.
pub(crate) fn recorded_daily(path: &std::path::Path, last: NaiveDate) -> Vec<DailyBar> {
    let bar = |row: &BTreeMap<String, String>| {
        let number = |name: &str| row[name].parse::<f64>().expect("a number");
        let date = row["date"].parse().expect("a date");
        let [open, high, low, close] = ["open", "high", "low", "close"].map(number);
        DailyBar::new(date, open, high, low, close, number("volume")).ok()
    };
    rows(path).iter().filter_map(bar).filter(|bar| bar.date <= last).collect()
}

/// Recorded minutes with a trade.
pub(crate) fn recorded_minutes(path: &std::path::Path) -> Vec<MinuteBar> {
    let bar = |row: &BTreeMap<String, String>| {
        let number = |name: &str| row[name].parse::<f64>().ok();
        Some(MinuteBar {
            start: row["bar_start_utc"].parse().expect("a time"),
            session: match row["session"].as_str() {
                "pre" => SessionPart::Pre,
                "post" => SessionPart::Post,
                _ => SessionPart::Regular,
            },
            open: number("open")?,
            high: number("high")?,
            low: number("low")?,
            close: number("close")?,
            volume: number("volume")?,
        })
    };
    rows(path).iter().filter_map(bar).collect()
}

#[tokio::test]
async fn the_fakes_answer_as_the_ports_promise() {
    let day = NaiveDate::from_ymd_opt(2014, 6, 6).unwrap();
    let market = FakeMarket::of("XYZ", wavy_bars(day, 5, 0.0));
    let now = market.now;
    let (ports, store) = ports(market);
    let symbol = Symbol::new("XYZ").unwrap();
    assert_eq!(ports.market.now(&symbol).await.unwrap(), now);
    assert!(ports.market.option_chain(&symbol, now).await.is_err());
    assert!(ports.market.quote(&Symbol::new("ABC").unwrap(), now).await.is_err());
    assert!(ports.metrics.metrics(&symbol, now).await.unwrap().is_none());
    let window = NewsWindow { after: now - TimeDelta::days(1), until: now };
    assert!(ports.news.stories(&symbol, window).await.unwrap().is_none());
    let artifact = Artifact { media_type: "text/plain".to_owned(), bytes: b"abc".to_vec() };
    let stored = ports.artifacts.put(&artifact).await.unwrap();
    assert!(stored.sha256.starts_with("ba7816bf"));
    assert_eq!(store.bytes(&stored.sha256).unwrap(), b"abc");
}
