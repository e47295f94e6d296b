//! `ttai drill latency`: how long a price takes from the frame that leaves the simulated stream to the request that reaches a
//! webhook, one alert at a time, and all at once into a channel that takes few messages a minute; how soon an alert is armed; and how
//! soon another worker watches when one is told to go.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::Ipv4Addr;
use std::process::{Command, ExitCode};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::{interval, sleep, timeout};
use ttai_client::PriceAlerts;
use ttai_contract::{AlertDefinition, UserId, WatchAlertsParams};
use ttai_core::Symbol;
use ttai_dev_server::DevServer;
use ttai_ports::{Deliveries, FiringFilter, FiringRecord, Firings, Leases};
use ttai_sim::server::RunningSim;
use ttai_sim::server::prints::Departure;
use ttai_store::{Database, StoreUrl};

use super::flat_market::{FlatMarket, PRICE};
use super::stage::{
    LOOK, PATIENCE, Pace, STRETCH_TITLES, Stretch, Webhook, Worker, arm, firings, log_tail, persist,
    temporal, worker,
};
use crate::cli::{DrillLatencyArgs, GlobalArgs};
use crate::settings::Settings;
use crate::{output, report, server};

/// Alerts of a symbol: each of its steps fires one.
const STEPS: u32 = 10;
/// The channel that takes all, and the one that does not.
const OPEN: &str = "open";
const NARROW: &str = "narrow";
/// Messages a minute of the narrow channel.
const NARROW_PER_MINUTE: u32 = 20;
/// Alerts that are armed one by one, true already, to see how soon each fires.
const ARMED: usize = 200;
/// Between two prints of a symbol whose alert is to fire.
const PRINTS: Duration = Duration::from_millis(20);
/// How long what fired last may take to arrive.
const ARRIVES_WITHIN: Duration = Duration::from_secs(30);

/// What the drill found.
#[derive(Clone, Debug, Serialize)]
struct Findings {
    alerts: u32,
    /// Prints that had to fire an alert, and those of which no message came.
    firings: usize,
    missing: usize,
    stretches: Vec<Stretch>,
    /// All alerts at once: until all are recorded, and until the last of them has reached the narrow channel.
    burst: usize,
    burst_recorded_ms: f64,
    burst_told_ms: f64,
    burst_messages: usize,
    /// From the end signal of the worker that watches until another one does.
    handover_ms: f64,
}

/// Runs the drill.
///
/// # Errors
/// A step that does not come to its end.
pub(super) async fn latency(global: &GlobalArgs, args: DrillLatencyArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, None)?;
    let mut stage = Stage::set(&settings, args.alerts / STEPS).await?;
    let outcome = stage.measure(args).await.map_err(|error| error.context(log_tail(stage.folder.path())));
    stage.strike().await?;
    let findings = outcome?;
    if args.json {
        output::line(&serde_json::to_string(&findings)?);
    } else {
        print(&findings);
    }
    Ok(if findings.missing == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(findings: &Findings) {
    output::line(&report::plain_table(&STRETCH_TITLES, findings.stretches.iter().map(Stretch::row)));
    output::line(&format!("{} firings, {} missing", findings.firings, findings.missing));
    output::line(&format!(
        "{} at once: recorded within {:.0} ms, told within {:.0} ms in {} messages",
        findings.burst, findings.burst_recorded_ms, findings.burst_told_ms, findings.burst_messages
    ));
    output::line(&format!("another worker watches within {:.0} ms of SIGTERM", findings.handover_ms));
}

/// When each message first reached a channel.
#[derive(Debug, Default)]
struct Arrivals {
    first: HashMap<String, Instant>,
    last: Option<Instant>,
    messages: usize,
}

type SharedArrivals = Arc<Mutex<Arrivals>>;

async fn arrive(arrivals: SharedArrivals, body: Value) -> StatusCode {
    let now = Instant::now();
    let mut arrivals = arrivals.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(id) = body["id"].as_str() {
        arrivals.first.entry(id.to_owned()).or_insert(now);
    }
    arrivals.last = Some(now);
    arrivals.messages += 1;
    StatusCode::OK
}

async fn listen(of: &SharedArrivals) -> anyhow::Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}/", listener.local_addr()?);
    let of = Arc::clone(of);
    let router = Router::new().route("/", post(move |Json(body)| arrive(Arc::clone(&of), body)));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}

/// Everything that plays.
struct Stage {
    folder: tempfile::TempDir,
    symbols: Vec<Symbol>,
    server: DevServer,
    sim: RunningSim,
    database: Arc<Database>,
    open: SharedArrivals,
    narrow: SharedArrivals,
    /// Where the open and the narrow channel listen.
    urls: [String; 2],
    /// Two: one of them watches.
    workers: Vec<Worker>,
    /// Both clocks at one moment.
    anchor: (Instant, DateTime<Utc>),
}

impl Stage {
    async fn set(settings: &Settings, count: u32) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let sim = FlatMarket::of(count)?.serve().await?;
        let symbols = sim.state.market.symbols().to_vec();
        let server = temporal(settings, folder.path()).await?;
        let url: StoreUrl = folder.path().join("ttai.db").to_string_lossy().parse()?;
        let database = Arc::new(Database::open(&url).await?);
        let (open, narrow) = (SharedArrivals::default(), SharedArrivals::default());
        let urls = [listen(&open).await?, listen(&narrow).await?];
        let anchor = (Instant::now(), Utc::now());
        let workers = Vec::new();
        let mut stage = Self { folder, symbols, server, sim, database, open, narrow, urls, workers, anchor };
        stage.workers = vec![stage.spawn()?, stage.spawn()?];
        Ok(stage)
    }

    async fn measure(&mut self, args: DrillLatencyArgs) -> anyhow::Result<Findings> {
        let client = server::connect(&self.server.address(), self.server.namespace()).await?;
        let user = UserId::default();
        let started = client.start_price_alerts(&user, true);
        let router = timeout(PATIENCE, started).await??;
        let ladder = self.alerts(
            "up",
            OPEN,
            0.1,
            &json!({"repeating": {"cooldown_seconds": 1, "rearm_percent": 0.02}}),
        );
        arm(&router, &ladder).await?;
        self.warm_up().await?;
        let expected = self.climb(args).await?;
        let (missing, mut stretches) = self.compare(&expected).await?;
        stretches.push(self.arm_one_by_one(&router).await?);
        // Where a climb ended over the next levels they would be true already.
        self.warm_up().await?;
        for ids in ladder.chunks(500) {
            let ids: Vec<String> = ids.iter().map(|alert| alert.id.clone()).collect();
            persist(|| router.remove(ids.clone())).await?;
        }
        let burst = self.burst(&router).await?;
        let handover_ms = self.hand_over().await?;
        Ok(Findings {
            alerts: args.alerts,
            firings: expected.len(),
            missing,
            stretches,
            burst: burst.fired,
            burst_recorded_ms: burst.recorded_ms,
            burst_told_ms: burst.told_ms,
            burst_messages: burst.messages,
            handover_ms,
        })
    }

    /// Ten alerts a symbol over its price, a step apart.
    fn alerts(&self, name: &str, channel: &str, step: f64, repeat: &Value) -> Vec<AlertDefinition> {
        let of_symbol = |symbol: &Symbol| -> Vec<Value> {
            let level = |place: u32| cents(PRICE + step * f64::from(place + 1));
            (0..STEPS)
                .map(|place| {
                    json!({
                        "id": format!("{name}-{symbol}-{place}"), "symbol": symbol, "condition": "above",
                        "target_price": level(place), "channels": [channel], "repeat": repeat,
                    })
                })
                .collect()
        };
        let all = self.symbols.iter().flat_map(of_symbol);
        all.filter_map(|alert| serde_json::from_value(alert).ok()).collect()
    }

    /// Waits until every symbol's prints leave: whoever watches has subscribed. Of the first print nobody knows yet whether
    /// another bears it out.
    async fn warm_up(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let mut left: BTreeMap<Symbol, u32> = BTreeMap::new();
        while left.len() < self.symbols.len() || left.values().any(|count| *count < 3) {
            ensure!(Instant::now() < deadline, "{} of the symbols are watched", left.len());
            self.symbols.iter().for_each(|symbol| self.print(symbol, PRICE - 0.1));
            sleep(LOOK * 5).await;
            for departure in self.sim.state.market.take_departures() {
                *left.entry(departure.symbol).or_default() += 1;
            }
        }
        sleep(LOOK * 10).await;
        self.sim.state.market.take_departures();
        Ok(())
    }

    fn print(&self, symbol: &Symbol, price: f64) {
        self.sim.state.market.print(symbol, cents(price));
    }

    /// Every symbol climbs its steps and falls back, one print after the other; which message each print has to bring, and
    /// when its frame left.
    async fn climb(&self, args: DrillLatencyArgs) -> anyhow::Result<BTreeMap<String, Instant>> {
        let prints_a_second = f64::from(args.rate) * f64::from(STEPS + 1) / f64::from(STEPS);
        let mut ticks = interval(Duration::from_secs_f64(1.0 / prints_a_second));
        let count = (args.span.as_secs_f64() * prints_a_second) as usize;
        let mut climbs: HashMap<Symbol, Climb> = HashMap::new();
        let mut expected = BTreeMap::new();
        for number in 0..count {
            ticks.tick().await;
            let symbol = &self.symbols[number % self.symbols.len()];
            let climb = climbs.entry(symbol.clone()).or_default();
            self.print(symbol, climb.next());
            self.note(&mut climbs, &mut expected);
        }
        let deadline = Instant::now() + PATIENCE;
        while climbs.values().any(|climb| !climb.waiting.is_empty()) {
            ensure!(Instant::now() < deadline, "prints do not leave");
            sleep(LOOK).await;
            self.note(&mut climbs, &mut expected);
        }
        Ok(expected)
    }

    fn note(&self, climbs: &mut HashMap<Symbol, Climb>, expected: &mut BTreeMap<String, Instant>) {
        for Departure { symbol, at, .. } in self.sim.state.market.take_departures() {
            let Some(climb) = climbs.get_mut(&symbol) else { continue };
            if let Some(Some((place, arming))) = climb.waiting.pop_front() {
                expected.insert(format!("alert/default/up-{symbol}-{place}/{arming}"), at);
            }
        }
    }

    /// How many messages are missing, and how long each stretch took for the others.
    async fn compare(&self, expected: &BTreeMap<String, Instant>) -> anyhow::Result<(usize, Vec<Stretch>)> {
        let deadline = Instant::now() + ARRIVES_WITHIN;
        let arrived = || {
            let arrivals = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            expected.keys().filter(|id| arrivals.first.contains_key(*id)).count()
        };
        while arrived() < expected.len() && Instant::now() < deadline {
            sleep(LOOK).await;
        }
        let recorded: HashMap<String, DateTime<Utc>> =
            firings(&self.database).await?.into_iter().map(|row| (row.message_id, row.recorded_at)).collect();
        let arrivals = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let mut times: [Vec<f64>; 3] = Default::default();
        for (id, left) in expected {
            let (Some(arrived), Some(recorded)) = (arrivals.first.get(id), recorded.get(id)) else {
                continue;
            };
            let whole = milliseconds(arrived.duration_since(*left));
            let recorded = (*recorded - self.wall(*left)).as_seconds_f64() * 1_000.0;
            [recorded, whole - recorded, whole]
                .into_iter()
                .zip(&mut times)
                .for_each(|(ms, all)| all.push(ms));
        }
        let missing = expected.len() - times[0].len();
        let names = ["frame to recorded", "recorded to webhook", "frame to webhook"];
        let stretches = names.into_iter().zip(times).map(|(name, times)| Stretch::of(name, times)).collect();
        Ok((missing, stretches))
    }

    fn wall(&self, at: Instant) -> DateTime<Utc> {
        self.anchor.1 + (at - self.anchor.0)
    }

    /// Every alert of every symbol fires at once, into the narrow channel.
    async fn burst(&self, router: &PriceAlerts) -> anyhow::Result<Burst> {
        let alerts = self.alerts("at-once", NARROW, 0.01, &json!("once"));
        arm(router, &alerts).await?;
        self.warm_up().await?;
        self.symbols.iter().for_each(|symbol| self.print(symbol, PRICE + 0.2));
        let deadline = Instant::now() + PATIENCE;
        loop {
            let backlog = self.database.delivery_backlog().await?;
            let fired = self.burst_firings().await?.len();
            if fired == alerts.len() && backlog.open + backlog.held == 0 {
                break;
            }
            ensure!(Instant::now() < deadline, "{fired} of {} fired; {backlog:?}", alerts.len());
            sleep(LOOK).await;
        }
        let left = self.sim.state.market.take_departures().into_iter().map(|departure| departure.at);
        let left = left.min().context("no print has left")?;
        let firings = self.burst_firings().await?;
        let recorded = firings.iter().map(|row| row.recorded_at).max().context("nothing fired")?;
        let arrivals = self.narrow.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Burst {
            fired: firings.len(),
            recorded_ms: (recorded - self.wall(left)).as_seconds_f64() * 1_000.0,
            told_ms: milliseconds(arrivals.last.context("nothing arrived")?.duration_since(left)),
            messages: arrivals.messages,
        })
    }

    /// Arms alerts that are true already while their symbols print: from the answer that an alert is armed to its firing.
    async fn arm_one_by_one(&self, router: &PriceAlerts) -> anyhow::Result<Stretch> {
        let mut answered = HashMap::new();
        for number in 0..ARMED {
            let symbol = &self.symbols[number % self.symbols.len()];
            let id = format!("armed-{number}");
            let alert = json!({"id": id, "symbol": symbol, "condition": "above", "target_price": PRICE / 2.0, "channels": [OPEN]});
            arm(router, &[serde_json::from_value(alert)?]).await?;
            answered.insert(id.clone(), Utc::now());
            self.print_until_fired(symbol, &id).await?;
        }
        let fired = firings(&self.database).await?.into_iter();
        let times = fired.filter_map(|row| {
            Some((row.recorded_at - *answered.get(&row.alert_id)?).as_seconds_f64() * 1_000.0)
        });
        Ok(Stretch::of("armed to recorded", times.collect()))
    }

    async fn print_until_fired(&self, symbol: &Symbol, id: &str) -> anyhow::Result<()> {
        let filter = FiringFilter {
            user_id: UserId::default().to_string(),
            alert_id: Some(id.to_owned()),
            limit: Some(1),
            ..FiringFilter::default()
        };
        let deadline = Instant::now() + PATIENCE;
        while self.database.list_firings(&filter).await?.is_empty() {
            ensure!(Instant::now() < deadline, "{id} does not fire");
            self.print(symbol, PRICE - 0.1);
            sleep(PRINTS).await;
        }
        self.sim.state.market.take_departures();
        Ok(())
    }

    /// Tells the worker that watches to go, and says how soon the other one watches.
    async fn hand_over(&mut self) -> anyhow::Result<f64> {
        let before = self.watcher().await?.context("nobody watches")?;
        for place in 0..self.workers.len() {
            let began = Instant::now();
            terminate(&self.workers[place])?;
            loop {
                ensure!(began.elapsed() < PATIENCE, "nobody watches after SIGTERM");
                let watcher = self.watcher().await?;
                if watcher.is_some_and(|number| number > before) {
                    return Ok(milliseconds(began.elapsed()));
                }
                // The other one watches.
                if watcher.is_some() && self.workers[place].has_ended()? {
                    break;
                }
                sleep(PRINTS).await;
            }
            self.workers[place] = self.spawn()?;
        }
        bail!("neither worker watched")
    }

    /// The fencing number of whoever watches.
    async fn watcher(&self) -> anyhow::Result<Option<u64>> {
        let lease = self.database.lease(&WatchAlertsParams::default().lease()).await?;
        Ok(lease.filter(|lease| !lease.is_free).map(|lease| lease.number))
    }

    fn spawn(&self) -> anyhow::Result<Worker> {
        worker(self.folder.path(), &self.server.address(), &self.sim, &self.channels(), Pace::Drill)
    }

    fn channels(&self) -> [Webhook<'_>; 2] {
        let [open, narrow] = &self.urls;
        [
            Webhook { name: OPEN, url: open, per_minute: None },
            Webhook { name: NARROW, url: narrow, per_minute: Some(NARROW_PER_MINUTE) },
        ]
    }

    async fn burst_firings(&self) -> anyhow::Result<Vec<FiringRecord>> {
        let all = firings(&self.database).await?;
        Ok(all.into_iter().filter(|row| row.alert_id.starts_with("at-once")).collect())
    }

    async fn strike(mut self) -> anyhow::Result<()> {
        for worker in &mut self.workers {
            worker.kill()?;
        }
        self.server.stop().await?;
        self.sim.shutdown().await;
        Ok(())
    }
}

/// All at once.
struct Burst {
    fired: usize,
    recorded_ms: f64,
    told_ms: f64,
    messages: usize,
}

/// How far a symbol is.
#[derive(Debug, Default)]
struct Climb {
    prints: u32,
    /// What the prints that have not left yet are to fire: the alert's place and its arming.
    waiting: VecDeque<Option<(u32, u32)>>,
}

impl Climb {
    /// The next price: up its steps, then down again.
    fn next(&mut self) -> f64 {
        let (round, step) = (self.prints / (STEPS + 1), self.prints % (STEPS + 1));
        self.prints += 1;
        let fires = step < STEPS;
        self.waiting.push_back(fires.then_some((step, round + 1)));
        if fires { PRICE + 0.1 * f64::from(step + 1) } else { PRICE - 0.1 }
    }
}

fn terminate(worker: &Worker) -> anyhow::Result<()> {
    let sent = Command::new("kill").args(["-s", "TERM", &worker.id().to_string()]).status()?;
    ensure!(sent.success(), "the worker is not there any more");
    Ok(())
}

fn cents(price: f64) -> f64 {
    (price * 100.0).round() / 100.0
}

fn milliseconds(span: Duration) -> f64 {
    span.as_secs_f64() * 1_000.0
}
