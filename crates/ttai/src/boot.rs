//! What lives as long as there are workers: a user's price alerts, the watch over the news, one over each account, the schedules. What was
//! shut down stays so.

use std::sync::Arc;
use std::time::Duration;

use ttai_activities::Shutdown;
use ttai_client::{ClientError, RunStatus, TtaiClient};
use ttai_contract::alerts::PRICE_ALERTS;
use ttai_contract::news::NEWS_WATCHER;
use ttai_contract::{PortfolioMonitorParams, TaskQueue, UserId, WorkflowParams};
use ttai_ports::{Broker, MarketData, PortError, StoppedMonitors};

use crate::schedules::{self, ScheduleDriver, ScheduleKeeper};
use crate::settings::Settings;

/// How often the store takes over which monitors were shut down.
const REMEMBERED_EVERY: Duration = Duration::from_secs(30);
/// How soon a broker that did not list its accounts is asked again.
const AGAIN: Duration = Duration::from_secs(60);
/// How often a market's clock is compared with what is due by it.
const DRIVEN_EVERY: Duration = Duration::from_millis(200);

/// The monitors that a worker starts where they are absent, all of the default user.
#[derive(Clone)]
pub(crate) struct Monitors {
    pub(crate) client: TtaiClient,
    pub(crate) stopped: Arc<dyn StoppedMonitors>,
    pub(crate) drill: bool,
    pub(crate) shutdown: Shutdown,
}

/// Why an account is not watched.
#[derive(Debug, thiserror::Error)]
enum Unwatched {
    #[error(transparent)]
    Broker(#[from] PortError),
    #[error(transparent)]
    Server(#[from] ClientError),
}

impl Monitors {
    /// Starts those that are absent and run on the queues. The accounts are found in the background: a broker may be away for hours.
    ///
    /// # Errors
    /// A server that does not answer.
    pub(crate) async fn start(
        self,
        queues: &[TaskQueue],
        brokers: Vec<Arc<dyn Broker>>,
    ) -> Result<(), ClientError> {
        let user = UserId::default();
        if queues.contains(&TaskQueue::Streaming) && !self.is_stopped(PRICE_ALERTS).await {
            self.client.start_price_alerts(&user, self.drill).await?;
        }
        if queues.contains(&TaskQueue::Background) {
            if !self.is_stopped(NEWS_WATCHER).await {
                self.client.start_news_watcher(&user, self.drill).await?;
            }
            tokio::spawn(self.clone().watch_accounts(brokers));
            tokio::spawn(self.remember_stops());
        }
        Ok(())
    }

    /// Whether somebody shut it down. Where the store does not answer it is started: the server may still know.
    async fn is_stopped(&self, monitor: &str) -> bool {
        let answer = self.stopped.is_stopped(UserId::default().as_str(), monitor).await;
        answer.unwrap_or_else(|error| {
            tracing::warn!("whether {monitor} was shut down is not known: {error}");
            false
        })
    }

    /// Starts a watch over every account that the brokers list, until each of them has said which there are.
    async fn watch_accounts(self, mut brokers: Vec<Arc<dyn Broker>>) {
        loop {
            let mut silent = Vec::new();
            for broker in brokers {
                if let Err(problem) = self.watch_accounts_of(broker.as_ref()).await {
                    tracing::warn!("the accounts at {} are not watched yet: {problem}", broker.name());
                    silent.push(broker);
                }
            }
            if silent.is_empty() {
                return;
            }
            brokers = silent;
            tokio::select! {
                () = self.shutdown.begun() => return,
                () = tokio::time::sleep(AGAIN) => {}
            }
        }
    }

    async fn watch_accounts_of(&self, broker: &dyn Broker) -> Result<(), Unwatched> {
        for account in broker.accounts().await? {
            let params = PortfolioMonitorParams {
                account_id: account.id.clone(),
                ..PortfolioMonitorParams::default()
            };
            if !self.is_stopped(&params.id("")).await {
                self.client.portfolio_monitor(&params.user_id, &account.id, self.drill).await?;
            }
        }
        Ok(())
    }

    /// Takes over from the server which monitors were shut down and which run, as long as the worker lives: the server forgets it with
    /// its retention.
    async fn remember_stops(self) {
        let mut look = tokio::time::interval(REMEMBERED_EVERY);
        loop {
            tokio::select! {
                () = self.shutdown.begun() => return,
                _ = look.tick() => {}
            }
            if let Err(error) = self.remember().await {
                tracing::warn!("which monitors were shut down is not recorded: {error}");
            }
        }
    }

    async fn remember(&self) -> anyhow::Result<()> {
        for run in self.client.monitors(None).await? {
            let user = run.workflow_id.split_once('/').map_or("default", |(_, user)| user);
            if matches!(run.status, RunStatus::Running | RunStatus::Completed) {
                let is_stopped = run.status == RunStatus::Completed;
                self.stopped.set_stopped(user, &run.workflow_id, is_stopped).await?;
            }
        }
        Ok(())
    }
}

/// Brings the server's schedules to the configuration, and says in one line what came of it. Where the market's time is another one that
/// goes on, what is due by it is started until the shutdown.
pub(crate) async fn apply_schedules(
    client: &TtaiClient,
    settings: &Settings,
    market: Arc<dyn MarketData>,
    shutdown: Shutdown,
) -> String {
    let (follows, plan) = (settings.follows_server_time(), schedules::plan_now(settings, client));
    match schedules::apply(client, &plan, false).await {
        Ok(applied) if follows => format!("{} (ttai schedule list)", applied.schedules.len()),
        Ok(applied) if settings.market_speed() > 0.0 => {
            tokio::spawn(drive_schedules(client.clone(), plan.driven(), market, shutdown));
            format!("{}, started by the market's time (ttai schedule list)", applied.schedules.len())
        }
        Ok(applied) => format!(
            "{}, paused: the market's time is not the server's (ttai schedule list)",
            applied.schedules.len()
        ),
        Err(error) => format!("not applied: {error}; `ttai schedule apply` tries again"),
    }
}

/// Starts what is due by the market's time, which is not the server's.
async fn drive_schedules(
    client: TtaiClient,
    schedules: Vec<String>,
    market: Arc<dyn MarketData>,
    shutdown: Shutdown,
) {
    let Some(symbol) = market.symbols().await.unwrap_or_default().into_iter().next() else { return };
    let mut driver: Option<ScheduleDriver> = None;
    let mut look = tokio::time::interval(DRIVEN_EVERY);
    loop {
        tokio::select! {
            () = shutdown.begun() => return,
            _ = look.tick() => {}
        }
        let Ok(now) = market.now(&symbol).await else { continue };
        let driver =
            driver.get_or_insert_with(|| ScheduleDriver::new(client.clone(), schedules.clone(), now));
        match driver.fill_until(now).await {
            Ok(started) => started.iter().for_each(|start| tracing::info!("{} is due", start.workflow_id())),
            Err(error) => tracing::warn!("what is due by the market's time waits: {error}"),
        }
    }
}

/// Looks once a day whether the server has what is configured, where these queues run background work.
pub(crate) fn keep_schedules(
    client: &TtaiClient,
    settings: &Settings,
    queues: &[TaskQueue],
    shutdown: Shutdown,
) {
    if queues.contains(&TaskQueue::Background) {
        let keeper = ScheduleKeeper { client: client.clone(), settings: settings.clone() };
        tokio::spawn(keeper.keep_up(shutdown));
    }
}
