//! Reports as activities: whom a report concerns, composing and saving it, and sending it.
//!
//! A source that is away is said in the report; only the store's failure is tried again.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

mod accounts;
mod compose;
mod document;
mod moment;
mod render;
mod sections;
mod send;
mod svg;
#[cfg(test)]
mod tests;
mod users;
mod words;

use std::sync::Arc;

use chrono::TimeDelta;
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use ttai_contract::{
    ComposeReportParams, ListReportUsersParams, ReportUsers, RunReportResult, SendReportParams,
    SendReportReceipt,
};

use crate::compute::Compute;
use crate::ports::Ports;
use crate::supervise::{Supervisor, of_run};

/// How far the news may be behind before the report says so.
const NEWS_LATE: TimeDelta = TimeDelta::hours(2);

/// Reports over one set of ports.
pub struct ReportActivities {
    ports: Ports,
    compute: Compute,
    supervisor: Supervisor,
}

impl ReportActivities {
    /// Reports through `ports`, drawn in `compute` and watched by `supervisor`.
    #[must_use]
    pub fn new(ports: Ports, compute: Compute, supervisor: Supervisor) -> Self {
        Self { ports, compute, supervisor }
    }
}

#[activities]
impl ReportActivities {
    #[activity(definition = ttai_contract::ListReportUsers)]
    pub async fn list_report_users(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: ListReportUsersParams,
    ) -> Result<ReportUsers, ActivityError> {
        let ports = &self.ports;
        let run = self.supervisor.run(&ctx, |progress| async move {
            progress.step("listing users");
            users::list(ports, &params).await
        });
        run.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::ComposeReport)]
    pub async fn compose_report(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: ComposeReportParams,
    ) -> Result<RunReportResult, ActivityError> {
        let of_run = of_run(ctx.info());
        let (ports, compute) = (&self.ports, &self.compute);
        let run =
            self.supervisor.run(&ctx, |progress| compose::compose(ports, compute, params, of_run, progress));
        run.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::SendReport)]
    pub async fn send_report(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: SendReportParams,
    ) -> Result<SendReportReceipt, ActivityError> {
        let of_run = of_run(ctx.info());
        let ports = &self.ports;
        let run = self.supervisor.run(&ctx, |progress| async move {
            progress.step("sending");
            send::send(ports, &params, &of_run).await
        });
        run.await.map(|timed| timed.result)
    }
}
