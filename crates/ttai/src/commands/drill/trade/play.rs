//! The stage of the drill: a simulated broker and its market, the store, runs in lanes that each meet a trouble.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use chrono::{NaiveDate, TimeDelta, Timelike, Utc};
use futures::future::{join_all, try_join_all};
use rust_decimal::Decimal;
use tokio::time::{Instant, sleep, timeout};
use ttai_calendar::{new_york_date, new_york_instant, next_session};
use ttai_client::{Run, RunStatus, TtaiClient};
use ttai_contract::{DailyTradingParams, DailyTradingResult, Status, TradingStrategy, UserId};
use ttai_core::{NEW_YORK, OrderPhase};
use ttai_dev_server::{DevServer, DevServerOptions};
use ttai_ports::{OrderFilter, OrderRecord, Orders};
use ttai_sim::server::{Endpoints, RunningSim, SimOptions, SimStart, account_numbers, start};
use ttai_store::{Database, StoreUrl};

use super::super::stage::{LOOK, PATIENCE, log_tail, persist};
use super::findings::{self, TradeFindings};
use super::kills::{PathKills, is_open};
use super::market::DrillMarket;
use super::picks;
use super::troubles::{self, BrokerTrouble};
use crate::cli::DrillBroker;
use crate::settings::Settings;
use crate::sources::SIMULATED_KEY;
use crate::{output, search_attributes, server};

/// The first day of the market.
const FIRST_DAY: (i32, u32, u32) = (2026, 9, 18);
/// Market hours between which entries are begun.
const HOURS: (u32, u32) = (10, 15);
/// Market seconds a second: what the broker does not find has to be missing for two minutes of them.
const SPEED: f64 = 10.0;
/// Every so many entries are of `spy_spx`.
const PAIR_EVERY: u32 = 4;
/// Between two moves of the market.
const MOVES_EVERY: Duration = Duration::from_millis(500);
/// How long the run of a pair is waited for before it is asked whether its position is watched.
const ASKED_EVERY: Duration = Duration::from_secs(2);
/// What a run does that waits for the end of its position.
const WATCHES: &str = "the position is watched";
/// Dollars in the account: every put of the drill is secured.
const CASH: i64 = 10_000_000_000;
/// Longest that an entry may take.
const ENTRY_WITHIN: Duration = Duration::from_secs(600);
/// Longest that orders may take to end once every entry has.
const SETTLED_WITHIN: Duration = Duration::from_secs(300);
/// How long an order is asked for again while the market does not come back to its price; then it is rejected, as a trader would.
const GIVEN_UP_AFTER: TimeDelta = TimeDelta::seconds(90);
/// Longest that one approval may take to be answered.
const APPROVED_WITHIN: Duration = Duration::from_secs(10);
/// Orders a page.
const PAGE: u32 = 1_000;
/// Between two lines about how far the drill is.
const SAID_EVERY: Duration = Duration::from_secs(30);

/// What the lanes counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Entries that drew a trouble, and those that it befell.
    pub(super) troubles: BTreeMap<&'static str, [u32; 2]>,
    /// How the runs ended.
    pub(super) outcomes: BTreeMap<String, u32>,
    /// What is wrong, in sentences.
    pub(super) wrong: Vec<String>,
}

/// What an entry came to.
struct Entry {
    outcome: String,
    /// The watch over what it opened.
    monitor: Option<String>,
}

impl Entry {
    fn of(result: DailyTradingResult) -> Self {
        Self { outcome: result.status.as_str().to_owned(), monitor: result.monitor }
    }
}

/// Everything but the server and the worker.
pub(super) struct TradeStage {
    pub(super) folder: PathBuf,
    pub(super) database: Arc<Database>,
    pub(super) sim: RunningSim,
    pub(super) account: String,
    market: DrillMarket,
    trades_pairs: bool,
    client: TtaiClient,
    troubles: Vec<BrokerTrouble>,
    screens: Vec<String>,
    seed: u64,
    begun: AtomicU32,
    over: AtomicBool,
    tally: Mutex<Tally>,
}

impl TradeStage {
    /// Sets it up at the beginning of the first day.
    pub(super) async fn set(
        settings: &Settings,
        folder: &Path,
        broker: DrillBroker,
        seed: u64,
    ) -> anyhow::Result<(Self, DevServer)> {
        let (year, month, day) = FIRST_DAY;
        let day = NaiveDate::from_ymd_opt(year, month, day).context("no such day")?;
        let market = DrillMarket::open(day, seed)?;
        market.list(day)?;
        let sim = start(SimOptions {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            source: Arc::clone(&market.board) as _,
            start: SimStart::At(new_york_instant(day, HOURS.0, 0)?),
            speed: SPEED,
            faults: Vec::new(),
        })
        .await?;
        let [tastytrade, alpaca] = account_numbers(SIMULATED_KEY);
        let account = if broker == DrillBroker::Tastytrade { tastytrade } else { alpaca };
        sim.state.exchange.grant_margin(&account, Decimal::from(CASH));
        let server = persistent_server(settings, folder).await?;
        let client = server::connect(&server.address(), server.namespace()).await?;
        search_attributes::ensure(client.temporal()).await?;
        let url = StoreUrl::from_str(&folder.join("ttai.db").to_string_lossy())?;
        let stage = Self {
            folder: folder.to_owned(),
            database: Arc::new(Database::open(&url).await?),
            sim,
            account,
            market,
            // Alpaca lists no options on indices.
            trades_pairs: broker == DrillBroker::Tastytrade,
            client,
            troubles: troubles::all(broker)?,
            screens: Vec::new(),
            seed,
            begun: AtomicU32::new(0),
            over: AtomicBool::new(false),
            tally: Mutex::default(),
        };
        Ok((stage, server))
    }

    pub(super) fn endpoints(&self) -> &Endpoints {
        &self.sim.endpoints
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// The rules of a worker: no limits, short walks, and what it draws of the rest.
    pub(super) fn variables(&self, random: &mut fastrand::Rng) -> Vec<(String, String)> {
        let approval = if random.bool() { "paper" } else { "never" };
        let concession = if random.bool() { "0.01" } else { "5" };
        let rules = [
            ("MAX_ORDER_UNITS", "0"),
            ("MAX_ORDER_RISK", "0"),
            ("MAX_DAY_ORDERS", "0"),
            ("MAX_DAY_RISK", "0"),
            ("MAX_SYMBOL_RISK", "0"),
            ("MAX_ACCOUNT_RISK", "0"),
            ("MAX_SPREAD_PERCENT", "0"),
            ("MAX_QUOTE_AGE_SECONDS", "3600"),
            ("MINUTES_AFTER_OPEN", "0"),
            ("MINUTES_BEFORE_CLOSE", "0"),
            ("APPROVAL_MINUTES", "0"),
            ("REFUSE_EARNINGS", "false"),
            ("REFUSE_DUPLICATES", "false"),
            ("WALK__STEPS", "2"),
            ("WALK__SECONDS_A_STEP", "2"),
            ("WALK__MOST_CONCESSION", concession),
            ("SPY_SPX__AUTO_APPROVE", approval),
            ("CSP_ENTRY__AUTO_APPROVE", approval),
            ("CSP_ENTRY__MINUTES_AFTER_OPEN", "0"),
            ("CSP_ENTRY__MINUTES_BEFORE_CLOSE", "0"),
            ("CSP_ENTRY__MAX_CONTRACTS", "4"),
        ];
        rules.map(|(name, value)| (format!("TTAI__TRADING__{name}"), value.to_owned())).to_vec()
    }

    /// Plays all entries, in as many market days as they take, while something is killed.
    pub(super) async fn play(
        &mut self,
        kills: &mut PathKills,
        entries: u32,
        lanes: u32,
    ) -> anyhow::Result<()> {
        self.screens = picks::save(&self.sim, &self.database).await?;
        while self.begun.load(Ordering::Relaxed) < entries {
            self.over.store(false, Ordering::Relaxed);
            self.day(kills, entries, lanes).await?;
            if kills.revive(self)? {
                self.note_wrong("a worker ended by itself".to_owned());
            }
            if self.begun.load(Ordering::Relaxed) < entries {
                self.next_day().await?;
            }
        }
        self.settle().await
    }

    /// Entries until there were enough or the day is old.
    async fn day(&self, kills: &mut PathKills, entries: u32, lanes: u32) -> anyhow::Result<()> {
        let lanes = async {
            let all = try_join_all((0..lanes).map(|_| self.lane(entries))).await;
            self.over.store(true, Ordering::Relaxed);
            all.map(drop)
        };
        tokio::try_join!(lanes, kills.run(self), self.answer_all(), self.move_market(), self.say(entries))
            .map(drop)
    }

    async fn move_market(&self) -> anyhow::Result<()> {
        while !self.is_over() {
            self.market.wander();
            sleep(MOVES_EVERY).await;
        }
        Ok(())
    }

    async fn next_day(&mut self) -> anyhow::Result<()> {
        let market = Arc::clone(&self.sim.state.market);
        let next = next_session(new_york_date(market.now()))?;
        market.clock().advance(new_york_instant(next.date, HOURS.0, 0)? - market.now());
        self.market.list(next.date)?;
        self.screens = picks::save(&self.sim, &self.database).await?;
        Ok(())
    }

    /// One entry after the other.
    async fn lane(&self, entries: u32) -> anyhow::Result<()> {
        while self.sim.state.market.now().with_timezone(&NEW_YORK).hour() < HOURS.1 {
            let number = self.begun.fetch_add(1, Ordering::Relaxed);
            if number >= entries {
                self.begun.fetch_sub(1, Ordering::Relaxed);
                break;
            }
            self.entry(number).await?;
        }
        Ok(())
    }

    /// An entry with its trouble.
    async fn entry(&self, number: u32) -> anyhow::Result<()> {
        let trouble = &self.troubles[troubles::of_entry(number, self.troubles.len(), self.seed)];
        let screen = self.screens.get(number as usize % self.screens.len().max(1)).cloned();
        let faults = &self.sim.state.faults;
        let armed: Vec<u64> = trouble.faults.iter().map(|fault| faults.add(fault.clone())).collect();
        let is_pair = self.trades_pairs && number % PAIR_EVERY == PAIR_EVERY - 1;
        let strategy = if is_pair { TradingStrategy::SpySpx } else { TradingStrategy::CspEntry };
        let params = DailyTradingParams {
            account_id: self.account.clone(),
            screen: screen.filter(|_| !is_pair),
            drill: true,
            ..DailyTradingParams::of(strategy)
        };
        let key = format!("drill-{number}");
        let run = persist(|| self.client.start(&params, Some(&key))).await?;
        let ended = self.ended(&run, is_pair).await;
        let met = faults.list().iter().any(|fault| armed.contains(&fault.id) && fault.hits > 0);
        for id in armed {
            faults.remove(Some(id), &self.sim.state.market);
        }
        self.count(trouble, met || trouble.lasts, &ended);
        // What was opened stays open; nobody watches it here.
        if let Ok(Entry { monitor: Some(monitor), .. }) = ended {
            for id in [monitor.as_str(), run.workflow_id()] {
                let watch = self.client.any_run(id);
                drop(persist(|| watch.cancel("the drill does not watch what it opened")).await);
            }
        }
        Ok(())
    }

    /// What a run came to, or why it came to nothing. That of a pair waits for the end of its position: its entry is over before.
    async fn ended(&self, run: &Run<DailyTradingParams>, is_pair: bool) -> Result<Entry, String> {
        let deadline = Instant::now() + ENTRY_WITHIN;
        let id = run.workflow_id();
        let patience = if is_pair { ASKED_EVERY } else { PATIENCE };
        loop {
            let error = match run.result(Some(patience)).await {
                Ok(result) => return Ok(Entry::of(result)),
                Err(error) => error,
            };
            if is_pair && let Some(entry) = self.watched(run).await {
                return Ok(entry);
            }
            let found = self.client.any_run(id).describe().await;
            let is_over = found.is_ok_and(|found| {
                !matches!(found.run.status, RunStatus::Running | RunStatus::Completed | RunStatus::Unknown)
            });
            if is_over {
                // What was waited for may have come while its state was asked for.
                return match run.result(Some(PATIENCE)).await {
                    Ok(result) => Ok(Entry::of(result)),
                    Err(late) => Err(format!("{id} failed: {late} (before: {error})")),
                };
            }
            if Instant::now() > deadline {
                return Err(format!("{id} did not end within {} s", ENTRY_WITHIN.as_secs()));
            }
            sleep(LOOK).await;
        }
    }

    /// The entry of a run whose position is watched.
    async fn watched(&self, run: &Run<DailyTradingParams>) -> Option<Entry> {
        let status = timeout(ASKED_EVERY, run.query::<Status>()).await.ok()?.ok()?;
        let first = status.orders.first().filter(|_| status.step == WATCHES)?;
        Some(Entry { outcome: "watched".to_owned(), monitor: Some(format!("monitor-{}", first.id)) })
    }

    fn count(&self, trouble: &BrokerTrouble, met: bool, ended: &Result<Entry, String>) {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = tally.troubles.entry(trouble.name).or_default();
        counts[0] += 1;
        counts[1] += u32::from(met);
        let outcome = match ended {
            Ok(entry) => entry.outcome.as_str(),
            Err(_) => "failed",
        };
        *tally.outcomes.entry(outcome.to_owned()).or_default() += 1;
        tally.wrong.extend(ended.as_ref().err().map(|why| format!("{why} ({})", trouble.name)));
    }

    fn note_wrong(&self, sentence: String) {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).wrong.push(sentence);
    }

    pub(super) fn tally(&self) -> Tally {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Answers whatever waits for an approval.
    async fn answer_all(&self) -> anyhow::Result<()> {
        let filter = OrderFilter {
            phases: vec![OrderPhase::AwaitingApproval],
            limit: Some(PAGE),
            ..OrderFilter::default()
        };
        while !self.is_over() {
            let waiting = self.database.orders(UserId::default().as_str(), &filter).await?;
            join_all(waiting.iter().map(|record| self.answer(record))).await;
            sleep(3 * LOOK).await;
        }
        Ok(())
    }

    /// A worker may be away, or the market have no price: it is asked again, for a while.
    async fn answer(&self, record: &OrderRecord) {
        let run = self.client.trading_run(record.workflow_id.as_deref().unwrap_or_default());
        let id = &record.client_order_id;
        let answered = async {
            if Utc::now() - record.created_at < GIVEN_UP_AFTER {
                run.approve(id, "the drill").await
            } else {
                run.reject(id, "the drill", "the market does not come back to its price").await
            }
        };
        drop(timeout(APPROVED_WITHIN, answered).await);
    }

    /// How far it is, now and then.
    async fn say(&self, entries: u32) -> anyhow::Result<()> {
        let mut next = Instant::now() + SAID_EVERY;
        while !self.is_over() {
            if Instant::now() >= next {
                let ended: u32 = self.tally().outcomes.values().sum();
                output::note(&format!("{ended} of {entries} entries have ended"));
                next += SAID_EVERY;
            }
            sleep(LOOK).await;
        }
        Ok(())
    }

    /// Orders that are on their way.
    pub(super) async fn open_orders(&self) -> anyhow::Result<Vec<OrderRecord>> {
        let filter =
            OrderFilter { phases: super::kills::PATH.to_vec(), limit: Some(PAGE), ..OrderFilter::default() };
        Ok(self.database.orders(UserId::default().as_str(), &filter).await?)
    }

    /// Every order.
    pub(super) async fn orders(&self) -> anyhow::Result<Vec<OrderRecord>> {
        let mut filter = OrderFilter { limit: Some(PAGE), ..OrderFilter::default() };
        let mut all = Vec::new();
        loop {
            let page = self.database.orders(UserId::default().as_str(), &filter).await?;
            let Some(last) = page.last() else { return Ok(all) };
            filter.after = Some(last.cursor());
            all.extend(page);
        }
    }

    /// Waits until every order has ended, and every fault is gone.
    async fn settle(&self) -> anyhow::Result<()> {
        self.sim.state.faults.remove(None, &self.sim.state.market);
        let deadline = Instant::now() + SETTLED_WITHIN;
        while Instant::now() < deadline && self.open_orders().await?.iter().any(is_open) {
            sleep(LOOK).await;
        }
        Ok(())
    }

    /// The broker's book against the store.
    pub(super) async fn findings(&self, tally: &Tally, kills: &PathKills) -> anyhow::Result<TradeFindings> {
        let compared = findings::compare(self, tally, kills).await?;
        if !compared.is_right() {
            output::note(&log_tail(&self.folder));
        }
        Ok(compared)
    }

    /// Ends the market.
    pub(super) async fn strike(self) {
        self.sim.shutdown().await;
    }
}

/// A server whose database outlives its kills.
async fn persistent_server(settings: &Settings, folder: &Path) -> anyhow::Result<DevServer> {
    let mut options = DevServerOptions::persistent(folder.join("server"));
    options.headless = true;
    options.metrics = true;
    options.locate.binary.clone_from(&settings.temporal_binary);
    options.search_attributes = server::search_attribute_kinds();
    Ok(DevServer::start(options).await?)
}
