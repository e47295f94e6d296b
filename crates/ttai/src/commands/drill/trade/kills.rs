//! Kills of workers and of the server, each aimed at a step of an order's path: the step that was hit least so far.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use tokio::time::{Instant, sleep};
use ttai_contract::UserId;
use ttai_core::OrderPhase;
use ttai_dev_server::DevServer;
use ttai_ports::{OrderFilter, OrderRecord, Orders};

use super::super::stage::{Pace, Worker, worker_of};
use super::play::TradeStage;

/// Steps of an order's path at which something may be killed.
pub(super) const PATH: [OrderPhase; 8] = [
    OrderPhase::Intended,
    OrderPhase::AwaitingApproval,
    OrderPhase::Approved,
    OrderPhase::Claimed,
    OrderPhase::Submitting,
    OrderPhase::Unknown,
    OrderPhase::Working,
    OrderPhase::PartlyFilled,
];
/// How long an order in the wanted step is waited for.
const AIM: Duration = Duration::from_secs(12);
/// Milliseconds between a restart and the next aim.
const PAUSE: std::ops::Range<u64> = 1_500..4_500;
/// Kills that an order may see while it is made: a call that loses its worker six times is given up as what ends it.
const MOST_IN_VAIN: u32 = 4;
/// After an order began to wait for its approval, the call that made it answers within this.
const MADE_WITHIN: TimeDelta = TimeDelta::seconds(15);
/// Every so many kills strikes the server.
const SERVER_EVERY: u32 = 8;

/// The worker and the server, and what befell them.
pub(super) struct PathKills {
    server: DevServer,
    worker: Worker,
    wanted: u32,
    random: fastrand::Rng,
    /// Kills of a worker, and of the server.
    pub(super) done: [u32; 2],
    /// Orders that were in a step when a worker, or the server, was killed.
    pub(super) landed: BTreeMap<&'static str, [u32; 2]>,
    /// How often a worker was killed while an order was being made.
    made_in_vain: BTreeMap<String, u32>,
    /// Actions that were counted before the server's kills.
    actions: u64,
}

impl PathKills {
    /// Starts the first worker.
    pub(super) fn begin(
        server: DevServer,
        stage: &TradeStage,
        wanted: u32,
        seed: u64,
    ) -> anyhow::Result<Self> {
        let mut random = fastrand::Rng::with_seed(seed);
        let worker = start(&server, stage, &mut random)?;
        let landed = PATH.iter().map(|phase| (phase.name(), [0, 0])).collect();
        Ok(Self {
            server,
            worker,
            wanted,
            random,
            done: [0, 0],
            landed,
            made_in_vain: BTreeMap::new(),
            actions: 0,
        })
    }

    /// Kills until there were enough, or the drill is over.
    pub(super) async fn run(&mut self, stage: &TradeStage) -> anyhow::Result<()> {
        while self.done.iter().sum::<u32>() < self.wanted && !stage.is_over() {
            sleep(Duration::from_millis(self.random.u64(PAUSE))).await;
            let of_server = (self.done.iter().sum::<u32>() + 1).is_multiple_of(SERVER_EVERY);
            if of_server {
                self.actions += self.server.actions().await.map_or(0, |actions| actions.total());
            }
            if self.aim(stage, usize::from(of_server)).await? {
                self.strike_now(stage, of_server).await?;
            }
        }
        Ok(())
    }

    /// Waits for an order in the step that was hit least. False where none came.
    async fn aim(&mut self, stage: &TradeStage, column: usize) -> anyhow::Result<bool> {
        let mut steps: Vec<OrderPhase> = PATH.to_vec();
        self.random.shuffle(&mut steps);
        steps.sort_by_key(|phase| self.landed.get(phase.name()).map_or(0, |hits| hits[column]));
        // Now and then another one: the step that is hit least may be one that is rare.
        let place = if self.random.u8(0..3) == 0 { self.random.usize(0..steps.len()) } else { 0 };
        let phases = vec![steps[place].clone()];
        let filter = OrderFilter { phases, limit: Some(1), ..OrderFilter::default() };
        let user = UserId::default();
        let deadline = Instant::now() + AIM;
        while Instant::now() < deadline && !stage.is_over() {
            if !stage.database.orders(user.as_str(), &filter).await?.is_empty()
                && !self.is_spared(stage).await?
            {
                return Ok(true);
            }
            // Some steps last for milliseconds.
            sleep(Duration::from_millis(1)).await;
        }
        Ok(false)
    }

    /// Whether an order is being made that was killed with its worker often enough.
    async fn is_spared(&self, stage: &TradeStage) -> anyhow::Result<bool> {
        let is_spared = |record: &OrderRecord| {
            let kills = self.made_in_vain.get(&record.client_order_id).copied().unwrap_or_default();
            is_being_made(record) && kills >= MOST_IN_VAIN
        };
        Ok(stage.open_orders().await?.iter().any(is_spared))
    }

    async fn strike_now(&mut self, stage: &TradeStage, of_server: bool) -> anyhow::Result<()> {
        let column = usize::from(of_server);
        if of_server {
            self.server.kill().await?;
        } else {
            self.worker.kill()?;
        }
        self.done[column] += 1;
        for record in stage.open_orders().await? {
            if is_being_made(&record) {
                *self.made_in_vain.entry(record.client_order_id.clone()).or_default() += 1;
            }
            if let Some(hits) = self.landed.get_mut(record.order.phase().name()) {
                hits[column] += 1;
            }
        }
        if of_server {
            self.server.restart().await?;
        } else {
            self.worker = start(&self.server, stage, &mut self.random)?;
        }
        Ok(())
    }

    /// Starts the worker again where it has ended by itself.
    pub(super) fn revive(&mut self, stage: &TradeStage) -> anyhow::Result<bool> {
        let ended = self.worker.has_ended()?;
        if ended {
            self.worker = start(&self.server, stage, &mut self.random)?;
        }
        Ok(ended)
    }

    /// Ends both; the server's actions.
    pub(super) async fn strike(mut self) -> anyhow::Result<u64> {
        self.worker.kill()?;
        let actions = self.actions + self.server.actions().await.map_or(0, |actions| actions.total());
        self.server.stop().await?;
        Ok(actions)
    }
}

/// A worker, whose orders are approved by a rule or by the drill, and give way far or little: each draws anew.
fn start(server: &DevServer, stage: &TradeStage, random: &mut fastrand::Rng) -> anyhow::Result<Worker> {
    let queues = &["streaming-queue", "background-queue"];
    let variables = stage.variables(random);
    worker_of(&stage.folder, &server.address(), stage.endpoints(), Some(queues), &[], Pace::Drill, &variables)
}

/// Whether the call that makes an order may not have answered yet.
fn is_being_made(record: &OrderRecord) -> bool {
    match record.order.phase() {
        OrderPhase::Intended => true,
        OrderPhase::AwaitingApproval => Utc::now() - record.changed_at < MADE_WITHIN,
        _ => false,
    }
}

/// Whether an order is on its way, or may still be filled.
pub(super) fn is_open(record: &OrderRecord) -> bool {
    !record.order.phase().is_final()
}
