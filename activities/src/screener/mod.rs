//! Screens as activities: candidates, their quick analyses, the capital for the picks, and what is kept and told of them.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

mod auto_run;
mod capital;
mod changes;
mod message;
#[cfg(test)]
mod narrowed_tests;
mod quick;
mod reasons;
mod store;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use ttai_contract::{
    AutoRunPage, FreeCapital, FreeCapitalParams, ListAutoRunParams, NotifyScreenParams, QuickAnalyses,
    QuickAnalysesParams, ScanCandidate, ScanCandidates, ScanParams, SizePicksParams, SizedPicks,
    StoreScreenParams, StoreScreenReceipt, Timed,
};
use ttai_ports::ScanRequest;

use crate::clock;
use crate::compute::Compute;
use crate::failure::AnalystError;
use crate::ports::Ports;
use crate::supervise::{Progress, Supervisor};

/// Screens over one set of ports.
pub struct ScreenActivities {
    ports: Ports,
    compute: Compute,
    supervisor: Supervisor,
}

impl ScreenActivities {
    /// Screens through `ports`, computed in `compute` and watched by `supervisor`.
    #[must_use]
    pub fn new(ports: Ports, compute: Compute, supervisor: Supervisor) -> Self {
        Self { ports, compute, supervisor }
    }
}

#[activities]
impl ScreenActivities {
    #[activity(definition = ttai_contract::RunScan)]
    pub async fn run_scan(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: ScanParams,
    ) -> Result<ScanCandidates, ActivityError> {
        let run = self.supervisor.run(&ctx, |progress| self.scan(params, progress));
        run.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::QuicklyAnalyze)]
    pub async fn quickly_analyze(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: QuickAnalysesParams,
    ) -> Result<Timed<QuickAnalyses>, ActivityError> {
        let (ports, compute) = (&self.ports, &self.compute);
        self.supervisor.run(&ctx, |progress| quick::analyse(ports, compute, params, progress)).await
    }

    #[activity(definition = ttai_contract::FetchFreeCapital)]
    pub async fn fetch_free_capital(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: FreeCapitalParams,
    ) -> Result<FreeCapital, ActivityError> {
        let (ports, compute) = (&self.ports, &self.compute);
        let run = self.supervisor.run(&ctx, |progress| async move {
            progress.step("reading the account");
            capital::fetch(ports, compute, &params).await
        });
        run.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::SizePicks)]
    pub async fn size_picks(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: SizePicksParams,
    ) -> Result<SizedPicks, ActivityError> {
        let run = self.supervisor.run(&ctx, |_| async move { capital::size(&params) });
        run.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::StoreScreen)]
    pub async fn store_screen(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: StoreScreenParams,
    ) -> Result<StoreScreenReceipt, ActivityError> {
        let screens = &self.ports.screens;
        let run = self.supervisor.run(&ctx, |progress| async move {
            progress.step("saving");
            store::save(screens.as_ref(), params).await
        });
        run.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::ListAutoRunScreeners)]
    pub async fn list_auto_run_screeners(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: ListAutoRunParams,
    ) -> Result<AutoRunPage, ActivityError> {
        let ports = &self.ports;
        let run = self.supervisor.run(&ctx, |progress| async move {
            progress.step("listing screeners");
            auto_run::list(ports, params).await
        });
        run.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::NotifyScreen)]
    pub async fn notify_screen(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: NotifyScreenParams,
    ) -> Result<(), ActivityError> {
        let deliverer = &self.ports.deliverer;
        let run = self.supervisor.run(&ctx, |progress| async move {
            progress.step("notifying");
            message::write(deliverer, &params).await
        });
        run.await.map(|_| ())
    }
}

impl ScreenActivities {
    async fn scan(&self, params: ScanParams, progress: Progress) -> Result<ScanCandidates, AnalystError> {
        let scanner = &self.ports.scanner;
        let lateness = clock::lateness(&self.ports, params.due).await;
        if lateness.is_some_and(|late| late.is_too_late()) {
            return Ok(ScanCandidates {
                candidates: Vec::new(),
                scanner: scanner.name().to_owned(),
                lateness,
            });
        }
        progress.step(&format!("scanning by {}", scanner.name()));
        let ScanParams {
            min_price,
            max_price,
            min_volume,
            min_market_cap,
            sectors,
            include_funds,
            limit,
            ..
        } = params;
        let request =
            ScanRequest { min_price, max_price, min_volume, min_market_cap, sectors, include_funds, limit };
        let found = scanner.scan(&request).await?;
        let candidates =
            found.into_iter().map(|found| ScanCandidate { symbol: found.symbol, price: found.price });
        let scanner = scanner.name().to_owned();
        Ok(ScanCandidates { candidates: candidates.collect(), scanner, lateness })
    }
}
