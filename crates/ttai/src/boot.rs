//! What lives as long as there are workers: a user's price alerts, the watch over the news, one over each account, the schedules. What was
//! shut down stays so.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ttai_activities::Shutdown;
use ttai_client::{ClientError, RunStatus, TtaiClient};
use ttai_contract::alerts::PRICE_ALERTS;
use ttai_contract::news::NEWS_WATCHER;
use ttai_contract::{PortfolioMonitorParams, TaskQueue, UserId, WorkflowParams};
use ttai_ports::{Broker, KeptAccounts, MarketData, PortError, StoppedMonitors, StoreError};

use crate::schedules::{self, ScheduleDriver, ScheduleKeeper};
use crate::settings::Settings;

/// How often the store takes over which monitors were shut down.
const REMEMBERED_EVERY: Duration = Duration::from_secs(30);
/// How soon a broker that did not list its accounts is asked again.
const AGAIN: Duration = Duration::from_secs(60);
/// How often a market's clock is compared with what is due by it.
const DRIVEN_EVERY: Duration = Duration::from_millis(200);

/// The monitors that a worker starts where they are absent: those of the default user, and a watch over each account that anybody keeps by
/// hand.
#[derive(Clone)]
pub(crate) struct Monitors {
    pub(crate) client: TtaiClient,
    pub(crate) stopped: Arc<dyn StoppedMonitors>,
    pub(crate) kept: Arc<dyn KeptAccounts>,
    pub(crate) drill: bool,
    pub(crate) shutdown: Shutdown,
}

/// Why an account is not watched.
#[derive(Debug, thiserror::Error)]
enum Unwatched {
    #[error(transparent)]
    Broker(#[from] PortError),
    #[error(transparent)]
    Store(#[from] StoreError),
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
        if queues.contains(&TaskQueue::Streaming) && !self.is_stopped(&user, PRICE_ALERTS).await {
            self.client.start_price_alerts(&user, self.drill).await?;
        }
        if queues.contains(&TaskQueue::Background) {
            if !self.is_stopped(&user, NEWS_WATCHER).await {
                self.client.start_news_watcher(&user, self.drill).await?;
            }
            tokio::spawn(self.clone().watch_accounts(brokers));
            tokio::spawn(self.clone().watch_kept_accounts());
            tokio::spawn(self.remember_stops());
        }
        Ok(())
    }

    /// Whether somebody shut it down. Where the store does not answer it is started: the server may still know.
    async fn is_stopped(&self, user: &UserId, monitor: &str) -> bool {
        let answer = self.stopped.is_stopped(user.as_str(), monitor).await;
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
            self.watch_account(&UserId::default(), &account.id).await?;
        }
        Ok(())
    }

    async fn watch_account(&self, user: &UserId, account: &str) -> Result<(), ClientError> {
        if !self.is_stopped(user, &watch_over(user, account)).await {
            self.client.portfolio_monitor(user, account, self.drill).await?;
        }
        Ok(())
    }

    /// Starts a watch over every account that somebody keeps by hand, and ends the one over an account that is gone, as long as the
    /// worker lives.
    async fn watch_kept_accounts(self) {
        let (mut watched, mut look) = (BTreeSet::new(), tokio::time::interval(REMEMBERED_EVERY));
        loop {
            tokio::select! {
                () = self.shutdown.begun() => return,
                _ = look.tick() => {}
            }
            if let Err(problem) = self.follow_kept_accounts(&mut watched).await {
                tracing::warn!("accounts that are kept by hand are not watched yet: {problem}");
            }
        }
    }

    async fn follow_kept_accounts(&self, watched: &mut BTreeSet<(String, String)>) -> Result<(), Unwatched> {
        let there: BTreeSet<_> = self.kept.everybodys_kept_accounts().await?.into_iter().collect();
        for kept in there.difference(&watched.clone()) {
            let Ok(user) = kept.0.parse::<UserId>() else { continue };
            self.watch_account(&user, &kept.1).await?;
            watched.insert(kept.clone());
        }
        for gone in watched.clone().difference(&there) {
            let Ok(user) = gone.0.parse::<UserId>() else { continue };
            // A shutdown would be remembered against an account of that name that comes later.
            match self.client.any_run(watch_over(&user, &gone.1)).cancel("the account is gone").await {
                Ok(()) | Err(ClientError::NotFound(_)) => watched.remove(gone),
                Err(error) => return Err(error.into()),
            };
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

/// The id of the watch over an account.
fn watch_over(user: &UserId, account: &str) -> String {
    let params = PortfolioMonitorParams {
        account_id: account.to_owned(),
        user_id: user.clone(),
        ..PortfolioMonitorParams::default()
    };
    params.id("")
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
