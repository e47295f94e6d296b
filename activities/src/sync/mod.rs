//! Syncs as activities: which resources a source has, pulling them into the store, and telling the user.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

mod files;
mod lists;
mod notice;
mod resources;
mod rows;
mod symbols;
mod transactions;

use std::sync::Arc;

use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use ttai_contract::{
    ListSyncResourcesParams, NotifySyncParams, ResourceSync, SyncNotice, SyncResourcesParams, SyncSource,
};
use ttai_ports::{MarketData, SyncedResource};

use crate::clock::wall_clock;
use crate::failure::AnalystError;
use crate::ports::Ports;
use crate::supervise::{Progress, Supervisor, of_run};

pub(crate) use transactions::{TransactionRow, stored_transaction, stored_transactions};

/// Syncs over one set of ports.
pub struct SyncActivities {
    ports: Ports,
    supervisor: Supervisor,
}

impl SyncActivities {
    /// Syncs through `ports`, watched by `supervisor`.
    #[must_use]
    pub fn new(ports: Ports, supervisor: Supervisor) -> Self {
        Self { ports, supervisor }
    }
}

#[activities]
impl SyncActivities {
    #[activity(definition = ttai_contract::ListSyncResources)]
    pub async fn list_sync_resources(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: ListSyncResourcesParams,
    ) -> Result<Vec<String>, ActivityError> {
        let ports = &self.ports;
        let run = self.supervisor.run(&ctx, |progress| async move {
            progress.step(&format!("listing {}", params.source_name.as_str()));
            resources::list(ports, params.source_name, params.user_id.as_str()).await
        });
        run.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::SyncResources)]
    pub async fn sync_resources(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: SyncResourcesParams,
    ) -> Result<Vec<ResourceSync>, ActivityError> {
        let run = self.supervisor.run(&ctx, |progress| sync(&self.ports, params, progress));
        run.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::NotifySync)]
    pub async fn notify_sync(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: NotifySyncParams,
    ) -> Result<SyncNotice, ActivityError> {
        let id = format!("sync/{}/{}", of_run(ctx.info()), params.result.source_name.as_str());
        let ports = &self.ports;
        let run = self.supervisor.run(&ctx, |_| async move {
            let message = notice::message(ports, id, &params, wall_clock());
            ports.deliverer.write(&[message], wall_clock()).await?;
            Ok(SyncNotice { written: true })
        });
        run.await.map(|timed| timed.result)
    }
}

/// Brings what is stored of an account's transactions up to date.
pub(crate) async fn transactions_of(
    ports: &Ports,
    user: &str,
    account: &str,
) -> Result<ResourceSync, AnalystError> {
    let source = SyncSource::Transactions.as_str().to_owned();
    transactions::sync(
        ports,
        &SyncedResource { owner: user.to_owned(), source, resource: account.to_owned() },
    )
    .await
}

/// Reads resources one after another. One that fails is noted and does not stop the others; where all of them do, the call fails
/// and is tried again: what was read before an attempt was lost is read again, and is in the store as it is.
async fn sync(
    ports: &Ports,
    params: SyncResourcesParams,
    progress: Progress,
) -> Result<Vec<ResourceSync>, AnalystError> {
    let ports = ports.for_request();
    let (mut done, mut first_failure) = (Vec::new(), None);
    for (place, resource) in params.resources.iter().enumerate() {
        progress.step(&so_far(place, &params.resources, &done));
        let of = SyncedResource {
            owner: owner(&ports, &params),
            source: params.source_name.as_str().to_owned(),
            resource: resource.clone(),
        };
        match one(&ports, &params, &of).await {
            Ok(synced) => done.push(synced),
            Err(failure) => {
                let error = failure.to_string();
                // Where the store is away it has nothing to note either: the next attempt says so.
                if let Err(unnoted) = ports.synced.note_sync_problem(&of, &error).await {
                    tracing::debug!("the problem of {} {resource} is not noted: {unnoted}", of.source);
                }
                done.push(ResourceSync {
                    resource: resource.clone(),
                    error: Some(error),
                    ..Default::default()
                });
                first_failure.get_or_insert(failure);
            }
        }
    }
    match first_failure {
        Some(failure) if done.iter().all(|synced| synced.error.is_some()) => Err(failure),
        _ => Ok(done),
    }
}

/// `3 of 50: MSFT, 40 rows so far`.
fn so_far(place: usize, resources: &[String], done: &[ResourceSync]) -> String {
    let rows: u64 = done.iter().map(|synced| synced.rows_read).sum();
    format!("{} of {}: {}, {rows} rows so far", place + 1, resources.len(), resources[place])
}

/// Whose the rows are: a user's, or the market's, which no user is called like. What is invented never mixes with what is not.
fn owner(ports: &Ports, params: &SyncResourcesParams) -> String {
    if !params.source_name.is_of_the_market() {
        return params.user_id.to_string();
    }
    market_owner(ports.market.as_ref())
}

/// The owner of a market's rows.
#[must_use]
pub fn market_owner(market: &dyn MarketData) -> String {
    let source = market.source();
    let name = if source.simulated || source.name == "tape" { source.description } else { "live".to_owned() };
    format!("market:{name}").chars().take(200).collect()
}

async fn one(
    ports: &Ports,
    params: &SyncResourcesParams,
    of: &SyncedResource,
) -> Result<ResourceSync, AnalystError> {
    match params.source_name {
        SyncSource::Transactions => transactions::sync(ports, of).await,
        SyncSource::Watchlists => lists::sync(ports, of).await,
        SyncSource::Metrics => symbols::metrics(ports, of, params.backfill).await,
        SyncSource::Earnings => symbols::earnings(ports, of).await,
        SyncSource::DailyBars => symbols::daily_bars(ports, of).await,
        SyncSource::Files => files::sync(ports, of).await,
    }
}
