//! The news, as activities: what is significant in them, and the watch that tells each story once.
//!
//! What a source prints is data: it is judged by its words, quoted within bounds, and never followed.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

mod candidates;
mod look;
mod message;
mod model_score;
mod similar;
#[cfg(test)]
mod tests;
mod watch;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use ttai_contract::news::{MAX_WATCHED, SIGNIFICANT};
use ttai_contract::{
    NewsAlert, NewsWatch, RecallNewsParams, RecallReceipt, ValidationError, WatchNewsParams,
};
use ttai_core::Symbol;

use crate::agent::AskingActivity;
use crate::clock::market_now_by;
use crate::compute::Compute;
use crate::failure::AnalystError;
use crate::ports::Ports;
use crate::recalls::NEWS;
use crate::supervise::Supervisor;
use candidates::{Candidate, told_once};

/// How far back a single look goes, as the original design has it.
const LAST_HOUR: TimeDelta = TimeDelta::hours(1);

/// The news over one set of ports.
pub struct NewsActivities {
    ports: Ports,
    compute: Compute,
    supervisor: Supervisor,
}

impl NewsActivities {
    /// The news through `ports`, compared in `compute` and watched by `supervisor`.
    #[must_use]
    pub fn new(ports: Ports, compute: Compute, supervisor: Supervisor) -> Self {
        Self { ports, compute, supervisor }
    }
}

#[activities]
impl NewsActivities {
    #[activity(definition = ttai_contract::CheckNews)]
    pub async fn check_news(
        self: Arc<Self>,
        ctx: ActivityContext,
        symbols: Vec<Symbol>,
    ) -> Result<Vec<NewsAlert>, ActivityError> {
        let ports = &self.ports;
        let run = self.supervisor.run(&ctx, |progress| async move {
            progress.step("reading the news");
            significant(ports, &symbols).await
        });
        run.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::WatchNews)]
    pub async fn watch_news(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: WatchNewsParams,
    ) -> Result<NewsWatch, ActivityError> {
        let by = AskingActivity::of(&ctx);
        let watch = |progress, stop| watch::watch(&self.ports, &self.compute, by, params, progress, stop);
        self.supervisor.run_until_recalled(&ctx, watch).await
    }

    #[activity(definition = ttai_contract::RecallNews)]
    pub async fn recall_news(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: RecallNewsParams,
    ) -> Result<RecallReceipt, ActivityError> {
        let RecallNewsParams { user_id, stretch } = params;
        let recalls = &self.ports.recalls;
        let run = self.supervisor.run(&ctx, |_| async move {
            recalls.recall(user_id.as_str(), NEWS, &stretch).await?;
            Ok(RecallReceipt {})
        });
        run.await.map(|timed| timed.result)
    }
}

/// The significant stories of the last hour, each once, newest first. An undated story is none of them: nobody knows its hour. Fails
/// where no source could be read.
async fn significant(ports: &Ports, symbols: &[Symbol]) -> Result<Vec<NewsAlert>, AnalystError> {
    if symbols.len() > MAX_WATCHED {
        let message = format!("{} symbols exceed the maximum of {MAX_WATCHED}", symbols.len());
        return Err(ValidationError::new("symbols", message).into());
    }
    let now = market_now_by(ports, symbols).await;
    let readings = ports.news.read(symbols, &BTreeMap::new(), now).await;
    let failure = readings.iter().find_map(|reading| reading.stories.as_ref().err());
    if let Some(error) = failure.filter(|_| readings.iter().all(|reading| reading.stories.is_err())) {
        return Err(error.clone().into());
    }
    let mut found = candidates::of_readings(&readings, &BTreeMap::new(), symbols);
    found.retain(|story| story.published_at.is_some_and(|at| at > now - LAST_HOUR));
    found.retain(|story| story.significance >= SIGNIFICANT);
    let mut found = told_once(found);
    found.sort_by(|one, other| {
        other.published_at.cmp(&one.published_at).then_with(|| one.key.cmp(&other.key))
    });
    Ok(found.iter().filter_map(Candidate::alert).collect())
}
