//! A small market in memory behind the ports, for the analysts' tests.

mod memory_store;
mod no_store;
mod recorded;
pub(crate) mod scripted_model;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use ttai_core::{DailyBar, MinuteBar, NewsStory, OptionChain, Quote, Symbol};
use ttai_ports::{
    AccountBalances, Artifact, Attachment, Broker, BrokerAccount, BrokerOrder, BrokerPosition,
    BrokerTransaction, DailyHistory, DataSource, MarketClock, MarketData, Message, Metrics, News, NewsWindow,
    Notifier, OrderIntent, OrderPreview, OrderUpdates, PortError, Provenance, QuoteStream, RiskFreeRate,
    ScanMatch, ScanRequest, Scanner, StreamHealth, StreamKinds, StreamReader, StreamSymbol, SymbolMetrics,
    UserFiles,
};

pub(crate) use memory_store::MemoryStore;
use no_store::NoStore;
pub(crate) use recorded::{oracle, recorded_daily, recorded_minutes, rows};

use crate::deliveries::{Deliverer, LONGEST_SEND};
use crate::ports::{Ports, TradingPorts};
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
        news_seen: Arc::new(NoStore),
        recalls: Arc::clone(&store) as _,
        stopped_monitors: Arc::new(NoStore),
        analyses: Arc::clone(&store) as _,
        artifacts: Arc::clone(&store) as _,
        journal: Arc::clone(&store) as _,
        brokers: Vec::new(),
        accounts: Arc::clone(&store) as _,
        kept: Arc::clone(&store) as _,
        alerts: Arc::new(NoStore),
        firings: Arc::new(NoStore),
        watchlists: Arc::new(NoStore),
        scanner: Arc::new(FakeScanner(Vec::new())),
        preferences: Arc::new(NoStore),
        saved_screeners: Arc::new(NoStore),
        screens: Arc::clone(&store) as _,
        reports: Arc::new(NoStore),
        synced: Arc::new(NoStore),
        trades: Arc::new(NoStore),
        files: Arc::new(NoFiles),
        retention: Arc::new(NoStore),
        leases: Arc::new(NoStore),
        streams: Arc::new(NoStream),
        notifier: Arc::new(Nobody),
        deliverer: Deliverer {
            messages: Arc::new(NoStore),
            deliveries: Arc::new(NoStore),
            notifier: Arc::new(Nobody),
            artifacts: Arc::clone(&store) as _,
            rules: Arc::default(),
            claimant: "test".to_owned(),
            longest_send: LONGEST_SEND,
            driver: None,
        },
        provenance: Provenance::default(),
        trading: TradingPorts {
            orders: Arc::new(NoStore),
            halts: Arc::new(NoStore),
            differences: Arc::new(NoStore),
            trade_log: Arc::new(NoStore),
            rules: Arc::default(),
            speed: 1.0,
        },
        models: None,
    };
    (ports, store)
}

fn outage() -> PortError {
    PortError::Unavailable { provider: "fake".to_owned(), detail: "down".to_owned(), retry_after: None }
}

/// One account; positions fail where there are none, and orders.
#[derive(Default)]
pub(crate) struct OneAccount {
    pub(crate) positions: Option<Vec<BrokerPosition>>,
    pub(crate) orders: Option<Vec<BrokerOrder>>,
}

#[async_trait]
impl Broker for OneAccount {
    fn name(&self) -> &str {
        "fake"
    }
    fn is_paper(&self) -> bool {
        true
    }
    async fn accounts(&self) -> Result<Vec<BrokerAccount>, PortError> {
        Ok(vec![BrokerAccount { id: "A1".to_owned(), name: String::new(), margin: true, paper: true }])
    }
    async fn balances(&self, _: &str) -> Result<AccountBalances, PortError> {
        Ok(AccountBalances {
            cash: Decimal::from(50_000),
            net_liquidation: Some(Decimal::from(100_000)),
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
    async fn replace(&self, _: &str, _: &OrderIntent) -> Result<BrokerOrder, PortError> {
        Err(outage())
    }
    async fn order_updates(&self, _: &str) -> Result<Box<dyn OrderUpdates>, PortError> {
        Err(outage())
    }
    async fn orders(&self, _: &str, _: DateTime<Utc>) -> Result<Vec<BrokerOrder>, PortError> {
        self.orders.clone().ok_or_else(outage)
    }
    async fn transactions(&self, _: &str, _: DateTime<Utc>) -> Result<Vec<BrokerTransaction>, PortError> {
        Err(outage())
    }
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

/// A good quote two cents wide around `price`.
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
