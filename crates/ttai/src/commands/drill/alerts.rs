//! `ttai drill alerts`: recorded days go by at speed through a simulated market, its stream, the workflows, the store and a channel,
//! while workers are killed and streams cut; what fired is compared with what the tape's minutes say must fire.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};
use ttai_calendar::{NEW_YORK, new_york_instant, session};
use ttai_client::PriceAlerts;
use ttai_contract::{AlertDefinition, UserId};
use ttai_core::{SessionPart, Symbol};
use ttai_dev_server::DevServer;
use ttai_engine::{Firing, FiringWay};
use ttai_ports::{Deliveries, Leases, MarketData};
use ttai_sim::server::faults::Fault;
use ttai_sim::server::{RunningSim, SimOptions, SimStart, start};
use ttai_store::{Database, StoreUrl};

use super::super::sim::read_faults;
use super::receiver::Receiver;
use super::stage::{
    LOOK, PATIENCE, Pace, Process, Webhook, Worker, firings, log_tail, persist, temporal, worker,
};
use crate::cli::{DrillAlertsArgs, GlobalArgs};
use crate::market::Played;
use crate::settings::Settings;
use crate::{output, server};

/// A day's end has settled when nothing has changed for so long.
const SETTLED: Duration = Duration::from_secs(6);
/// An alert of the file. What is expected of it is not read.
#[derive(Clone, Debug, Deserialize)]
struct DrillAlert {
    id: String,
    symbol: Symbol,
    sessions: Vec<NaiveDate>,
    session_scope: String,
    side: String,
    level: Decimal,
}

impl DrillAlert {
    fn is_extended(&self) -> bool {
        self.session_scope == "ext"
    }

    fn definition(&self) -> anyhow::Result<AlertDefinition> {
        let last = self.sessions.last().context("an alert has no session")?;
        let expires_at = match self.is_extended() {
            true => new_york_instant(*last, 20, 0)?,
            false => session(*last).with_context(|| format!("{last} is no session"))?.close,
        };
        Ok(serde_json::from_value(json!({
            "id": self.id,
            "symbol": self.symbol,
            "condition": self.side,
            "target_price": self.level,
            "session": if self.is_extended() { "extended" } else { "regular" },
            "expires_at": expires_at,
        }))?)
    }
}

/// What became of an alert.
#[derive(Clone, Debug, Default, Serialize)]
struct DrillRow {
    id: String,
    fired: bool,
    /// Start of the minute in which it fired, New York.
    first_bar_ny: Option<String>,
    /// Start of the minute in which it must fire by the tape.
    must_fire_ny: Option<String>,
    /// `live` or `backfill`.
    way: Option<&'static str>,
    /// How often its message reached the channel.
    deliveries: u32,
    /// How often it came again without being marked.
    unmarked_repeats: u32,
}

impl DrillRow {
    fn is_right(&self) -> bool {
        self.first_bar_ny == self.must_fire_ny
            && self.unmarked_repeats == 0
            && (self.deliveries > 0) == self.must_fire_ny.is_some()
    }
}

/// Runs the drill.
///
/// # Errors
/// Files that cannot be read, or a step that does not come to its end.
pub(super) async fn alerts(global: &GlobalArgs, args: DrillAlertsArgs) -> anyhow::Result<ExitCode> {
    let alerts = read_alerts(&args.alerts)?;
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    output::note(&format!("{} alerts, {} disturbances, seed {seed}", alerts.len(), args.kills));
    let began = Instant::now();
    let settings = Settings::load(global, None)?;
    let mut stage = Stage::set(&settings, &args, &alerts).await?;
    let days = days(&alerts);
    let mut plan = Plan::draw(args.kills, days.len(), seed);
    for (number, (date, of_day)) in days.iter().enumerate() {
        stage.play(*date, of_day, plan.of_day(number), f64::from(args.speed)).await?;
        let worker = Process::of(stage.worker.id())?;
        output::note(&format!("{date}: the worker has {:.0} MB", worker.resident_mb));
    }
    for id in ["price-alerts", "price-alerts/shard-0"] {
        output::note(&format!("{id}: {} events", stage.events(id).await?));
    }
    let rows = stage.rows(&alerts).await?;
    stage.strike().await?;
    let wrong = rows.iter().filter(|row| !row.is_right()).count();
    if args.json {
        output::line(&serde_json::to_string(&rows)?);
    } else {
        print(&rows);
    }
    let kills = plan.killed;
    output::note(&format!(
        "{} of {} as the tape says; {kills} kills, {} cuts, {} lost answers, seed {seed}, {} s",
        rows.len() - wrong,
        rows.len(),
        plan.cut,
        plan.lost,
        began.elapsed().as_secs()
    ));
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read_alerts(file: &Path) -> anyhow::Result<Vec<DrillAlert>> {
    let text = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let all: Value =
        serde_json::from_slice(&text).with_context(|| format!("{} is no JSON", file.display()))?;
    let list = all.get("alerts").unwrap_or(&all).clone();
    let alerts: Vec<DrillAlert> =
        serde_json::from_value(list).with_context(|| format!("{} lists no alerts", file.display()))?;
    ensure!(!alerts.is_empty(), "{} has no alerts", file.display());
    Ok(alerts)
}

/// Every session with the alerts that begin in it.
fn days(alerts: &[DrillAlert]) -> BTreeMap<NaiveDate, Vec<DrillAlert>> {
    let all: BTreeSet<NaiveDate> = alerts.iter().flat_map(|alert| alert.sessions.clone()).collect();
    let begins = |date: NaiveDate| alerts.iter().filter(move |alert| alert.sessions.first() == Some(&date));
    all.into_iter().map(|date| (date, begins(date).cloned().collect())).collect()
}

fn print(rows: &[DrillRow]) {
    for row in rows {
        let dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
        output::line(&format!(
            "{} {:<6} must {:<16} fired {:<16} {:<8} delivered {} unmarked repeats {}",
            if row.is_right() { "ok   " } else { "WRONG" },
            row.id,
            dash(&row.must_fire_ny),
            dash(&row.first_bar_ny),
            row.way.unwrap_or("–"),
            row.deliveries,
            row.unmarked_repeats
        ));
    }
}

/// A disturbance.
#[derive(Clone, Copy, Debug)]
enum Disturbance {
    /// `kill -9` of the worker; another one starts.
    Kill,
    /// The stream's connection breaks.
    Cut,
    /// The channel takes a message and its answer is lost.
    Lose,
}

/// When what goes wrong.
struct Plan {
    /// Day, part of the day's span, what.
    disturbances: Vec<(usize, f64, Disturbance)>,
    killed: usize,
    cut: usize,
    lost: usize,
}

impl Plan {
    fn draw(count: usize, days: usize, seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut disturbances: Vec<(usize, f64, Disturbance)> = (0..count)
            .map(|_| {
                let what = match random.u32(0..10) {
                    0..6 => Disturbance::Kill,
                    6..9 => Disturbance::Cut,
                    _ => Disturbance::Lose,
                };
                (random.usize(0..days.max(1)), random.f64(), what)
            })
            .collect();
        disturbances.sort_by(|one, other| one.0.cmp(&other.0).then(one.1.total_cmp(&other.1)));
        Self { disturbances, killed: 0, cut: 0, lost: 0 }
    }

    fn of_day(&mut self, day: usize) -> Vec<(f64, Disturbance)> {
        let of_day = self.disturbances.iter().filter(|(of, ..)| *of == day);
        let of_day: Vec<_> = of_day.map(|(_, part, what)| (*part, *what)).collect();
        for (_, what) in &of_day {
            match what {
                Disturbance::Kill => self.killed += 1,
                Disturbance::Cut => self.cut += 1,
                Disturbance::Lose => self.lost += 1,
            }
        }
        of_day
    }
}

/// Everything that plays.
struct Stage {
    folder: tempfile::TempDir,
    server: DevServer,
    sim: RunningSim,
    tape: Arc<dyn MarketData>,
    database: Arc<Database>,
    receiver: Receiver,
    router: Option<PriceAlerts>,
    worker: Worker,
}

impl Stage {
    async fn set(settings: &Settings, args: &DrillAlertsArgs, alerts: &[DrillAlert]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let first = alerts.iter().filter_map(|alert| alert.sessions.first()).min().context("no session")?;
        let played = Played::Tape(args.tape.clone());
        let (source, _) = played.open_to_play(folder.path(), 1.0).await?;
        let faults: Vec<Fault> = args.faults.as_deref().map(read_faults).transpose()?.unwrap_or_default();
        let sim = start(SimOptions {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            source,
            start: SimStart::At(new_york_instant(*first, 3, 30)?),
            speed: 0.0,
            faults,
        })
        .await?;
        let tape = played.open(folder.path()).await?;
        let server = temporal(settings, folder.path()).await?;
        let url = StoreUrl::from_str(&folder.path().join("ttai.db").to_string_lossy())?;
        let database = Arc::new(Database::open(&url).await?);
        let receiver = Receiver::listen().await?;
        let worker = Self::start_worker(folder.path(), &server, &sim, &receiver)?;
        Ok(Self { folder, server, sim, tape, database, receiver, router: None, worker })
    }

    fn start_worker(
        folder: &Path,
        server: &DevServer,
        sim: &RunningSim,
        receiver: &Receiver,
    ) -> anyhow::Result<Worker> {
        let channels = [Webhook { name: "drill", url: receiver.url(), per_minute: None }];
        worker(folder, &server.address(), sim, &channels, Pace::Drill)
    }

    /// A day: its alerts are armed before it, it goes by with its disturbances, and everything comes to rest after it.
    async fn play(
        &mut self,
        date: NaiveDate,
        alerts: &[DrillAlert],
        disturbances: Vec<(f64, Disturbance)>,
        speed: f64,
    ) -> anyhow::Result<()> {
        let begin = new_york_instant(date, 3, 58)?;
        let end = new_york_instant(date, 20, 1)?;
        let clock = self.sim.state.market.clock();
        clock.advance(begin - clock.now());
        // A stream that stood for days begins anew, with the day's time.
        self.cut()?;
        let definitions = alerts.iter().map(DrillAlert::definition).collect::<anyhow::Result<Vec<_>>>()?;
        self.arm(&definitions).await?;
        self.sim.state.market.clock().set_speed(speed);
        for (part, what) in disturbances {
            let span = (end - begin).num_milliseconds() as f64;
            self.reach(begin + TimeDelta::milliseconds((span * part) as i64)).await?;
            self.disturb(what)?;
        }
        self.reach(end).await?;
        self.sim.state.market.clock().set_speed(0.0);
        self.settle().await
    }

    async fn arm(&mut self, definitions: &[AlertDefinition]) -> anyhow::Result<()> {
        if self.router.is_none() {
            let client = server::connect(&self.server.address(), self.server.namespace()).await?;
            let user = UserId::default();
            let started = client.start_price_alerts(&user, true);
            self.router = Some(timeout(PATIENCE, started).await??);
        }
        let Some(router) = &self.router else { return Ok(()) };
        for some in definitions.chunks(100) {
            let answers = persist(|| router.add(some)).await?;
            for answer in answers.alerts {
                ensure!(answer.accepted, "{}: {}", answer.id, answer.reason.unwrap_or_default());
            }
        }
        // Whoever watches has the lease.
        let deadline = Instant::now() + PATIENCE;
        while self.database.lease("price-alerts/shard-0").await?.is_none_or(|lease| lease.is_free) {
            ensure!(Instant::now() < deadline, "nobody watches:\n{}", log_tail(self.folder.path()));
            sleep(LOOK).await;
        }
        Ok(())
    }

    async fn reach(&self, time: DateTime<Utc>) -> anyhow::Result<()> {
        let clock = self.sim.state.market.clock();
        while clock.now() < time && clock.now() < clock.end() {
            sleep(LOOK).await;
        }
        Ok(())
    }

    fn disturb(&mut self, what: Disturbance) -> anyhow::Result<()> {
        match what {
            Disturbance::Kill => {
                self.worker.kill()?;
                self.worker =
                    Self::start_worker(self.folder.path(), &self.server, &self.sim, &self.receiver)?;
            }
            Disturbance::Cut => self.cut()?,
            Disturbance::Lose => self.receiver.lose_an_answer(),
        }
        Ok(())
    }

    fn cut(&self) -> anyhow::Result<()> {
        let fault = json!({"service": "dxlink", "action": "stream_reset", "times": 1});
        self.sim.state.faults.add(serde_json::from_value(fault)?);
        Ok(())
    }

    /// Waits until a watch has the lease, nothing is open, and nothing has changed for a while.
    async fn settle(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let (mut last, mut since) = (None, Instant::now());
        while since.elapsed() < SETTLED {
            let lease = self.database.lease("price-alerts/shard-0").await?;
            let watched = lease.is_some_and(|lease| !lease.is_free);
            let open = self.database.delivery_backlog().await?.open;
            let now = (firings(&self.database).await?.len(), self.receiver.received().len());
            if !watched || open > 0 || last != Some(now) {
                (last, since) = (Some(now), Instant::now());
            }
            ensure!(
                Instant::now() < deadline,
                "{open} deliveries are open:\n{}",
                log_tail(self.folder.path())
            );
            sleep(LOOK).await;
        }
        Ok(())
    }

    async fn rows(&self, alerts: &[DrillAlert]) -> anyhow::Result<Vec<DrillRow>> {
        let mut fired: BTreeMap<String, Vec<ttai_ports::FiringRecord>> = BTreeMap::new();
        for firing in firings(&self.database).await? {
            fired.entry(firing.alert_id.clone()).or_default().push(firing);
        }
        let received = self.receiver.received();
        let mut rows = Vec::new();
        for alert in alerts {
            let firings = fired.remove(&alert.id).unwrap_or_default();
            let first = firings.iter().min_by_key(|firing| firing.arming);
            let evidence: Option<Firing> =
                first.and_then(|firing| serde_json::from_value(firing.evidence.clone()).ok());
            let marks: Vec<&bool> = firings
                .iter()
                .flat_map(|firing| received.get(&firing.message_id).into_iter().flatten())
                .collect();
            rows.push(DrillRow {
                id: alert.id.clone(),
                fired: first.is_some(),
                first_bar_ny: evidence.as_ref().map(|firing| minute(firing.market_time)),
                must_fire_ny: must_fire(self.tape.as_ref(), alert).await?.map(minute),
                way: evidence.map(|firing| match firing.way {
                    FiringWay::Backfill => "backfill",
                    _ => "live",
                }),
                deliveries: u32::try_from(marks.len())?,
                unmarked_repeats: u32::try_from(marks.iter().skip(1).filter(|mark| !***mark).count())?,
            });
        }
        Ok(rows)
    }

    /// How long the history of a workflow's present run is.
    async fn events(&self, id: &str) -> anyhow::Result<usize> {
        let client = server::connect(&self.server.address(), self.server.namespace()).await?;
        Ok(client.any_run(id).describe().await?.history_length)
    }

    async fn strike(mut self) -> anyhow::Result<()> {
        self.worker.kill()?;
        self.server.stop().await?;
        self.sim.shutdown().await;
        Ok(())
    }
}

fn minute(time: DateTime<Utc>) -> String {
    time.with_timezone(&NEW_YORK).format("%Y-%m-%dT%H:%M").to_string()
}

/// The first minute of the tape in which the alert's level is reached, in shares of its first session.
async fn must_fire(tape: &dyn MarketData, alert: &DrillAlert) -> anyhow::Result<Option<DateTime<Utc>>> {
    let level = alert.level.to_f64().context("a level is no number")?;
    let set = alert.sessions.first().copied().context("an alert has no session")?;
    for date in &alert.sessions {
        let as_of = new_york_instant(*date, 23, 59)?;
        let history = tape.daily_history(&alert.symbol, as_of).await;
        let splits = history.map(|history| history.splits).unwrap_or_default();
        let since = splits.iter().filter(|split| set < split.effective && split.effective <= *date);
        let level = level / since.map(|split| split.ratio).product::<f64>();
        for bar in tape.minute_bars(&alert.symbol, *date, as_of).await? {
            let in_scope = alert.is_extended() || bar.session == SessionPart::Regular;
            let reached = if alert.side == "above" { bar.high >= level } else { bar.low <= level };
            if in_scope && reached {
                return Ok(Some(bar.start));
            }
        }
    }
    Ok(None)
}
