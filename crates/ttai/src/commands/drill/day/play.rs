//! The stage of a day: a market whose clock runs at speed, a server with the schedules, a worker that is killed, and the driver that
//! starts what is due.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use tokio::time::{Instant, sleep, timeout};
use ttai_calendar::new_york_instant;
use ttai_client::{RunStatus, TtaiClient};
use ttai_contract::{NewsWatcherParams, UserId};
use ttai_core::Symbol;
use ttai_dev_server::DevServer;
use ttai_ports::{Deliveries, Preferences, PreferencesChange, UserPreferences, WatchlistChange, Watchlists};
use ttai_sim::server::{RunningSim, SimOptions, SimStart, start, starter};
use ttai_store::{Database, StoreUrl};

use super::super::receiver::Receiver;
use super::super::stage::{LOOK, PATIENCE, Pace, Webhook, Worker, log_tail, persist, temporal, worker_of};
use super::BEGINS;
use super::findings::{self, Findings, Kept};
use super::kills::Kills;
use super::stories::{self, Story};
use crate::invented::{InventedMarket, Standing};
use crate::schedules::{self, DrivenStart, ScheduleDriver, SchedulePlan};
use crate::settings::{DEFAULT_SEED, Settings};
use crate::{search_attributes, server};

/// Everything has settled when nothing has changed for so long.
const SETTLED: Duration = Duration::from_secs(5);
/// How long before the next start a skip ends.
const AHEAD: TimeDelta = TimeDelta::seconds(30);
/// Stories a day.
const STORIES: i64 = 6;
/// Symbols that the user watches, and stories are about.
const WATCHED: [&str; 3] = ["INTC", "PYPL", "TSLA"];
/// The schedules' inputs where the built-in ones would send nowhere, or ask for what the invented market has none of.
const INPUTS: &str = r#"
[schedules.morning-csp-scan]
input = { screener_id = "morning-csp", screener_params = { max_price = 300, min_roc_weekly = 0.1, exclude_earnings = false, account = { capital = 500000 } }, notify_channels = ["drill"] }
[schedules.morning-briefing]
input = { report_name = "morning_briefing", everyone = true, channel = "drill" }
[schedules.eod-summary]
input = { report_name = "eod_summary", everyone = true, channel = "drill" }
[schedules.daily-report]
input = { report_name = "daily_report", everyone = true, channel = "drill" }
[schedules.weekly-review]
input = { report_name = "weekly_review", everyone = true, channel = "drill" }
[schedules.afternoon-scan]
input = { screener_id = "afternoon-opportunities", screener_params = { max_price = 75, min_roc_weekly = 0.1, exclude_earnings = false, account = { capital = 500000 } }, notify_channels = ["drill"] }
"#;

/// Everything that plays.
pub(super) struct Day {
    folder: tempfile::TempDir,
    server: DevServer,
    client: TtaiClient,
    sim: RunningSim,
    database: Arc<Database>,
    receiver: Receiver,
    feed: String,
    stories: Vec<Story>,
    plan: SchedulePlan,
    driver: ScheduleDriver,
    started: Vec<DrivenStart>,
    /// Those of which nobody has heard that they ended.
    open: Vec<DrivenStart>,
    begins: DateTime<Utc>,
    kills: Kills,
    worker: Worker,
}

impl Day {
    /// Sets it up at the beginning of the first day.
    pub(super) async fn set(
        settings: &Settings,
        dates: &[NaiveDate],
        kills: usize,
        seed: u64,
    ) -> anyhow::Result<Self> {
        let first = *dates.first().context("no day")?;
        let begins = new_york_instant(first, BEGINS.0, BEGINS.1)?;
        let folder = tempfile::tempdir()?;
        let market = InventedMarket::open(DEFAULT_SEED, folder.path(), Standing::Played).await?;
        let sim = start(SimOptions {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            source: Arc::new(market),
            start: SimStart::At(begins),
            speed: 0.0,
            faults: Vec::new(),
        })
        .await?;
        starter::stock(&sim.state).await?;
        let symbols = WATCHED.map(Symbol::new).into_iter().collect::<Result<Vec<_>, _>>()?;
        let stories = stories::stories(&symbols, &moments_of_stories(dates)?);
        let feed = stories::serve(Arc::clone(&sim.state.market), stories.clone()).await?;
        let server = temporal(settings, folder.path()).await?;
        let client = server::connect(&server.address(), server.namespace()).await?;
        let url = StoreUrl::from_str(&folder.path().join("ttai.db").to_string_lossy())?;
        let database = Arc::new(Database::open(&url).await?);
        let receiver = Receiver::listen().await?;
        watch(&database, &client, symbols).await?;
        search_attributes::ensure(client.temporal()).await?;
        // The workers compare the server's schedules with their own configuration.
        std::fs::write(folder.path().join("ttai.toml"), INPUTS)?;
        let plan = schedules::plan(&ttai_config::of_text(INPUTS), false, begins);
        schedules::apply(&client, &plan, false).await?;
        let driver = ScheduleDriver::new(client.clone(), plan.driven(), begins);
        let worker = start_worker(folder.path(), &server, &sim, &receiver, &feed)?;
        let end = begins + TimeDelta::days(i64::try_from(dates.len())?);
        let kills = Kills::draw(kills, findings::due(&plan, begins, end).len(), seed);
        Ok(Self {
            folder,
            server,
            client,
            sim,
            database,
            receiver,
            feed,
            stories,
            plan,
            driver,
            started: Vec::new(),
            open: Vec::new(),
            begins,
            kills,
            worker,
        })
    }

    /// A day at speed: what is due is started, and the worker is killed while it has work in flight. Stretches in which nothing is
    /// under way or due are skipped. Everything has ended when this returns.
    pub(super) async fn play(
        &mut self,
        begin: DateTime<Utc>,
        end: DateTime<Utc>,
        speed: f64,
    ) -> anyhow::Result<()> {
        let market = Arc::clone(&self.sim.state.market);
        market.clock().advance(begin - market.now());
        market.clock().set_speed(speed);
        loop {
            let now = market.now().min(end);
            self.start_due(now).await?;
            let works = self.has_work().await?;
            if works && self.kills.is_due() {
                self.kill()?;
            }
            if now >= end {
                break;
            }
            let next = self.driver.next_due().unwrap_or(end).min(end);
            if !works && next - now > AHEAD {
                market.clock().advance(next - AHEAD - now);
            }
            sleep(LOOK).await;
        }
        market.clock().set_speed(0.0);
        self.settle().await
    }

    async fn start_due(&mut self, now: DateTime<Utc>) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let started = loop {
            match self.driver.fill_until(now).await {
                Ok(started) => break started,
                Err(error) => ensure!(Instant::now() < deadline, "what is due cannot be started: {error}"),
            }
        };
        self.kills.started(started.len());
        self.open.extend(started.iter().cloned());
        self.started.extend(started);
        Ok(())
    }

    /// Whether something that was started has not ended yet.
    async fn has_work(&mut self) -> anyhow::Result<bool> {
        let mut open = Vec::new();
        for start in std::mem::take(&mut self.open) {
            if !matches!(status(&self.client, &start).await, Some(status) if status != RunStatus::Running) {
                open.push(start);
            }
        }
        self.open = open;
        Ok(!self.open.is_empty())
    }

    fn kill(&mut self) -> anyhow::Result<()> {
        self.worker.kill()?;
        self.kills.struck();
        self.worker = start_worker(self.folder.path(), &self.server, &self.sim, &self.receiver, &self.feed)?;
        Ok(())
    }

    /// Waits until everything that was started has ended, every story was seen, nothing is left to deliver, and nothing changes.
    async fn settle(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + 4 * PATIENCE;
        let (mut last, mut since) = (None, Instant::now());
        while since.elapsed() < SETTLED {
            let works = self.has_work().await?;
            let untold = self.untold().await?;
            let open = self.database.delivery_backlog().await?.open;
            let now = self.receiver.received().values().map(Vec::len).sum::<usize>();
            if works || untold > 0 || open > 0 || last != Some(now) {
                (last, since) = (Some(now), Instant::now());
            }
            ensure!(
                Instant::now() < deadline,
                "{} runs are open ({:?}), {untold} stories are untold, {open} deliveries are open:\n{}",
                self.open.len(),
                self.open.iter().map(DrivenStart::workflow_id).collect::<Vec<_>>(),
                log_tail(self.folder.path())
            );
            sleep(LOOK).await;
        }
        Ok(())
    }

    /// Stories that are published and not told.
    async fn untold(&self) -> anyhow::Result<usize> {
        let now = self.sim.state.market.now();
        let published = self.stories.iter().filter(|story| story.published_at <= now).count();
        let told = findings::notified_stories(&self.database, &self.stories).await?;
        Ok(published.saturating_sub(told.len()))
    }

    /// Where it is, in a line.
    pub(super) fn said(&self) -> String {
        format!(
            "{} runs, {} kills, {} messages",
            self.started.len(),
            self.kills.done,
            self.receiver.received().len()
        )
    }

    /// What was due against what is there.
    pub(super) async fn findings(&mut self) -> anyhow::Result<Findings> {
        let now = self.sim.state.market.now();
        let mut ended = BTreeMap::new();
        for start in &self.started {
            let run = self.client.any_run(start.workflow_id());
            let answer = timeout(PATIENCE, run.answer(None)).await?.map_err(|error| error.to_string());
            ended.insert(start.clone(), answer);
        }
        let kept = Kept {
            due: findings::due(&self.plan, self.begins, now),
            ended,
            arrivals: self.receiver.received(),
            stories: self.stories.clone(),
            killed: self.kills.done,
            spared: self.kills.spared(),
        };
        findings::compare(&self.database, kept).await
    }

    /// Ends everything.
    pub(super) async fn strike(mut self) -> anyhow::Result<()> {
        self.worker.kill()?;
        self.server.stop().await?;
        self.sim.shutdown().await;
        Ok(())
    }
}

/// Spread over each day.
fn moments_of_stories(dates: &[NaiveDate]) -> anyhow::Result<Vec<DateTime<Utc>>> {
    let mut moments = Vec::new();
    for date in dates {
        let begin = new_york_instant(*date, BEGINS.0, BEGINS.1)?;
        moments.extend((1..=STORIES).map(|number| begin + TimeDelta::minutes(140 * number)));
    }
    Ok(moments)
}

/// The user's list and wish for the briefing, and a watch over the news of the list that looks once a minute.
async fn watch(database: &Database, client: &TtaiClient, symbols: Vec<Symbol>) -> anyhow::Result<()> {
    let user = UserId::default();
    let change = WatchlistChange { add: symbols.clone(), ..WatchlistChange::default() };
    database.change_watchlist(user.as_str(), "drill", &change).await?;
    let briefed = UserPreferences { morning_alert: Some(true), ..UserPreferences::default() };
    let change = PreferencesChange { set: briefed, ..PreferencesChange::default() };
    database.save_preferences(user.as_str(), &change).await?;
    let params = NewsWatcherParams {
        initial_symbols: Some(symbols),
        check_interval_minutes: 1,
        notify_channels: vec!["drill".parse()?],
        drill: true,
        ..NewsWatcherParams::default()
    };
    persist(|| client.start(&params, None)).await.map(drop)
}

fn start_worker(
    folder: &std::path::Path,
    server: &DevServer,
    sim: &RunningSim,
    receiver: &Receiver,
    feed: &str,
) -> anyhow::Result<Worker> {
    let channels = [Webhook { name: "drill", url: receiver.url(), per_minute: None }];
    let feeds =
        [("TTAI__PROVIDERS__RSS__FEEDS".to_owned(), format!("[{{ name = \"Drill\", url = \"{feed}\" }}]"))];
    worker_of(folder, &server.address(), &sim.endpoints, None, &channels, Pace::Drill, &feeds)
}

/// How a run stands; none where the server has not started it yet.
async fn status(client: &TtaiClient, start: &DrivenStart) -> Option<RunStatus> {
    client.any_run(start.workflow_id()).describe().await.ok().map(|found| found.run.status)
}
