//! What lives as long as there are workers: a user's price alerts, the watch over the news, one over each account, the schedules. What was
//! shut down stays so.

use std::sync::Arc;
use std::time::Duration;

use ttai_activities::Shutdown;
use ttai_client::{ClientError, TtaiClient};
use ttai_contract::{TaskQueue, UserId};
use ttai_ports::{Broker, MarketData, PortError};

use crate::schedules::{self, ScheduleDriver, ScheduleKeeper};
use crate::settings::Settings;

/// How soon a broker that did not list its accounts is asked again.
const AGAIN: Duration = Duration::from_secs(60);
/// How often a market's clock is compared with what is due by it.
const DRIVEN_EVERY: Duration = Duration::from_millis(200);

/// Starts what is absent and runs on the queues. The accounts are found in the background: a broker may be away for hours.
///
/// # Errors
/// A server that does not answer.
pub(crate) async fn start_entities(
    client: &TtaiClient,
    queues: &[TaskQueue],
    brokers: Vec<Arc<dyn Broker>>,
    drill: bool,
    shutdown: Shutdown,
) -> Result<(), ClientError> {
    if queues.contains(&TaskQueue::Streaming) {
        client.start_price_alerts(&UserId::default(), drill).await?;
    }
    if queues.contains(&TaskQueue::Background) {
        client.start_news_watcher(&UserId::default(), drill).await?;
        tokio::spawn(watch_accounts(client.clone(), brokers, drill, shutdown));
    }
    Ok(())
}

/// Starts a watch over every account that the brokers list, until each of them has said which there are.
async fn watch_accounts(
    client: TtaiClient,
    mut brokers: Vec<Arc<dyn Broker>>,
    drill: bool,
    shutdown: Shutdown,
) {
    loop {
        let mut silent = Vec::new();
        for broker in brokers {
            if let Err(problem) = watch_accounts_of(&client, broker.as_ref(), drill).await {
                tracing::warn!("the accounts at {} are not watched yet: {problem}", broker.name());
                silent.push(broker);
            }
        }
        if silent.is_empty() {
            return;
        }
        brokers = silent;
        tokio::select! {
            () = shutdown.begun() => return,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

/// Why an account is not watched.
#[derive(Debug, thiserror::Error)]
enum Unwatched {
    #[error(transparent)]
    Broker(#[from] PortError),
    #[error(transparent)]
    Server(#[from] ClientError),
}

async fn watch_accounts_of(client: &TtaiClient, broker: &dyn Broker, drill: bool) -> Result<(), Unwatched> {
    for account in broker.accounts().await? {
        client.portfolio_monitor(&UserId::default(), &account.id, drill).await?;
    }
    Ok(())
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
