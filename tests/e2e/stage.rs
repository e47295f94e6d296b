//! A market of one symbol whose price the test sets.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use async_trait::async_trait;
use chrono::{DateTime, DurationRound, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use serde_json::json;
use tokio::sync::broadcast;
use ttai_client::PriceAlerts;
use ttai_contract::AlertDefinition;
use ttai_core::{MinuteBar, OptionChain, Quote, SessionPart, Symbol};
use ttai_ports::{
    DailyHistory, DataSource, Deliveries, DeliveryFilter, FiringFilter, FiringRecord, Firings, Leases,
    MarketClock, MarketData, PortError, QuoteStream, RiskFreeRate, StreamEvent, StreamHealth, StreamKinds,
    StreamQuote, StreamReader, StreamSymbol, StreamTrade,
};
use ttai_store::{Database, StoreUrl};

use crate::lab::{Lab, symbol, within};

pub(crate) const SHARD: &str = "price-alerts/shard-0";
/// Between two prices of the stream.
const TICK: Duration = Duration::from_millis(100);
/// Between two looks of the test.
const LOOK: Duration = Duration::from_millis(20);

/// A market of one symbol whose price the test sets, with its stream and its minutes; everything else is the simulated market's.
pub(crate) struct Stage {
    inner: Arc<dyn MarketData>,
    symbol: Symbol,
    began: Mutex<(DateTime<Utc>, Instant)>,
    speed: i32,
    price: Mutex<Decimal>,
    bars: Mutex<Vec<MinuteBar>>,
    events: Mutex<broadcast::Sender<StreamEvent>>,
    /// Whether the stream stays connected and brings nothing.
    is_mute: AtomicBool,
    /// How late events come.
    delay: Mutex<TimeDelta>,
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stage {
    pub(crate) async fn over(inner: Arc<dyn MarketData>, speed: i32) -> anyhow::Result<Arc<Self>> {
        let symbol = symbol("AAPL");
        let start = inner.now(&symbol).await?;
        let price = inner.quote(&symbol, start).await?.last.context("a price")?;
        let stage = Arc::new(Self {
            inner,
            symbol,
            began: Mutex::new((start, Instant::now())),
            speed,
            price: Mutex::new(price),
            bars: Mutex::default(),
            events: Mutex::new(broadcast::channel(4_096).0),
            is_mute: AtomicBool::new(false),
            delay: Mutex::default(),
        });
        let ticking = Arc::downgrade(&stage);
        tokio::spawn(async move {
            let mut tick = tokio::time::interval(TICK);
            while let Some(stage) = ticking.upgrade() {
                stage.tick();
                tick.tick().await;
            }
        });
        Ok(stage)
    }

    fn start(&self) -> DateTime<Utc> {
        locked(&self.began).0
    }

    pub(crate) fn time(&self) -> DateTime<Utc> {
        let (start, began) = *locked(&self.began);
        start + TimeDelta::from_std(began.elapsed()).unwrap_or_default() * self.speed
    }

    /// A quote and a trade at the present price, in the stream and in the minutes.
    fn tick(&self) {
        let (now, price, cent) = (self.time(), *locked(&self.price), Decimal::new(1, 2));
        self.note(now, price.to_f64().unwrap_or_default());
        let market_time = Some(now - *locked(&self.delay));
        let symbol = StreamSymbol::Equity(self.symbol.clone());
        let quote = StreamQuote {
            symbol: symbol.clone(),
            bid: Some(price - cent),
            ask: Some(price + cent),
            bid_size: 1.0,
            ask_size: 1.0,
            market_time,
            received_at: now,
            condition: None,
        };
        let trade = StreamTrade {
            symbol,
            price,
            size: 100.0,
            market_time,
            received_at: now,
            condition: None,
            day_volume: None,
            eligible: true,
        };
        if self.is_mute.load(Ordering::SeqCst) {
            return;
        }
        // Without a reader nobody takes them.
        let events = locked(&self.events);
        drop(events.send(StreamEvent::Quote(quote)));
        drop(events.send(StreamEvent::Trade(trade)));
    }

    fn note(&self, now: DateTime<Utc>, price: f64) {
        let start = now.duration_trunc(TimeDelta::minutes(1)).unwrap_or(now);
        let mut bars = locked(&self.bars);
        match bars.last_mut().filter(|bar| bar.start == start) {
            Some(bar) => {
                (bar.high, bar.low, bar.close) = (bar.high.max(price), bar.low.min(price), price);
            }
            None => bars.push(MinuteBar {
                start,
                session: SessionPart::Regular,
                open: price,
                high: price,
                low: price,
                close: price,
                volume: 1_000.0,
            }),
        }
    }

    pub(crate) fn price(&self) -> Decimal {
        *locked(&self.price)
    }

    pub(crate) fn move_to(&self, price: Decimal) {
        *locked(&self.price) = price;
    }

    /// The stream brings nothing, or everything again.
    pub(crate) fn mute(&self, is_mute: bool) {
        self.is_mute.store(is_mute, Ordering::SeqCst);
    }

    /// Events are of a time so long before they come.
    pub(crate) fn delay_by(&self, delay: TimeDelta) {
        *locked(&self.delay) = delay;
    }

    /// The session begins again: the market's time goes back, and the stream ends for all who read it.
    pub(crate) async fn play_again(&self) -> anyhow::Result<()> {
        let start = self.inner.now(&self.symbol).await?;
        *locked(&self.began) = (start, Instant::now());
        locked(&self.bars).clear();
        *locked(&self.events) = broadcast::channel(4_096).0;
        Ok(())
    }
}

#[async_trait]
impl MarketClock for Stage {
    async fn now(&self, _: &Symbol) -> Result<DateTime<Utc>, PortError> {
        Ok(self.time())
    }
}

#[async_trait]
impl MarketData for Stage {
    fn source(&self) -> DataSource {
        self.inner.source()
    }
    async fn symbols(&self) -> Result<Vec<Symbol>, PortError> {
        self.inner.symbols().await
    }
    async fn quote(&self, symbol: &Symbol, _: DateTime<Utc>) -> Result<Quote, PortError> {
        let (now, last) = (self.time(), Some(self.price()));
        let quote = self.inner.quote(symbol, self.start()).await?;
        Ok(Quote { bid: last, ask: last, last, market_time: now, received_at: now, ..quote })
    }
    async fn daily_history(&self, symbol: &Symbol, _: DateTime<Utc>) -> Result<DailyHistory, PortError> {
        self.inner.daily_history(symbol, self.start()).await
    }
    async fn minute_bars(
        &self,
        _: &Symbol,
        _: NaiveDate,
        as_of: DateTime<Utc>,
    ) -> Result<Vec<MinuteBar>, PortError> {
        let is_over = |bar: &&MinuteBar| bar.start + TimeDelta::minutes(1) <= as_of;
        Ok(locked(&self.bars).iter().filter(is_over).copied().collect())
    }
    async fn option_chain(&self, symbol: &Symbol, _: DateTime<Utc>) -> Result<OptionChain, PortError> {
        self.inner.option_chain(symbol, self.start()).await
    }
    async fn risk_free_rate(&self, _: DateTime<Utc>) -> Result<RiskFreeRate, PortError> {
        self.inner.risk_free_rate(self.start()).await
    }
}

#[async_trait]
impl QuoteStream for Stage {
    fn name(&self) -> &str {
        "stage"
    }
    async fn subscribe(
        &self,
        _: &[StreamSymbol],
        _: StreamKinds,
    ) -> Result<Box<dyn StreamReader>, PortError> {
        Ok(Box::new(Seat(locked(&self.events).subscribe())))
    }
    fn health(&self) -> StreamHealth {
        StreamHealth { connected: true, ..StreamHealth::default() }
    }
}

struct Seat(broadcast::Receiver<StreamEvent>);

#[async_trait]
impl StreamReader for Seat {
    async fn next(&mut self) -> Option<StreamEvent> {
        loop {
            match self.0.recv().await {
                Ok(event) => return Some(event),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
    async fn add(&mut self, _: &[StreamSymbol]) -> Result<(), PortError> {
        Ok(())
    }
    async fn remove(&mut self, _: &[StreamSymbol]) -> Result<(), PortError> {
        Ok(())
    }
}

/// The default user's alerts over a staged market, and what is in the store of them.
pub(crate) struct StagedAlerts {
    pub(crate) stage: Arc<Stage>,
    pub(crate) alerts: PriceAlerts,
    store: Database,
}

impl StagedAlerts {
    pub(crate) async fn of(lab: &Lab, stage: Arc<Stage>, alerts: PriceAlerts) -> anyhow::Result<Self> {
        let store = Database::open(&StoreUrl::sqlite(lab.folder().join("ttai.db"))?).await?;
        Ok(Self { stage, alerts, store })
    }

    /// Arms an alert a percentage above the present price.
    pub(crate) async fn arm(&self, id: &str, percent: f64) -> anyhow::Result<Decimal> {
        let factor = Decimal::from_f64(1.0 + percent / 100.0).context("a factor")?;
        let level = (self.stage.price() * factor).round_dp(2);
        let alert: AlertDefinition = serde_json::from_value(
            json!({"id": id, "symbol": "AAPL", "condition": "above", "target_price": level}),
        )?;
        let answers = self.alerts.add(&[alert]).await?;
        anyhow::ensure!(answers.alerts.iter().all(|answer| answer.accepted), "{answers:?}");
        Ok(level)
    }

    pub(crate) async fn fired(&self, id: &str) -> anyhow::Result<Vec<FiringRecord>> {
        let filter = FiringFilter {
            user_id: "default".to_owned(),
            alert_id: Some(id.to_owned()),
            ..FiringFilter::default()
        };
        Ok(self.store.list_firings(&filter).await?)
    }

    /// What was told of blindness, newest first: title and text.
    pub(crate) async fn told(&self) -> anyhow::Result<Vec<String>> {
        let filter = DeliveryFilter { user_id: "default".to_owned(), ..DeliveryFilter::default() };
        let all = self.store.list_deliveries(&filter).await?;
        let blind = all.into_iter().filter(|one| one.message.id.starts_with("incident/blind/"));
        let said = blind.map(|one| one.message.message);
        Ok(said.map(|message| format!("{}. {}", message.title, message.text)).collect())
    }

    pub(crate) async fn is_watched(&self) -> anyhow::Result<bool> {
        Ok(self.store.lease(SHARD).await?.is_some_and(|lease| !lease.is_free))
    }
}

/// Waits until something holds, and says how long that took.
pub(crate) async fn holds(
    what: &str,
    look: impl AsyncFn() -> anyhow::Result<bool>,
) -> anyhow::Result<Duration> {
    let (began, mut tick) = (Instant::now(), tokio::time::interval(LOOK));
    let wait = async {
        while !look().await? {
            tick.tick().await;
        }
        anyhow::Ok(began.elapsed())
    };
    within(what, wait).await?
}
