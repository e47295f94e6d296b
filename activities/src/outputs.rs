//! Saving results, as activities.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use std::sync::Arc;

use chrono::DateTime;
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use ttai_contract::SaveAnalysisParams;
use ttai_ports::AnalysisRecord;

use crate::failure::AnalystError;
use crate::ports::Ports;
use crate::supervise::{Progress, Shutdown, supervised};

/// The store over one set of ports.
pub struct OutputActivities {
    ports: Ports,
    shutdown: Shutdown,
}

impl OutputActivities {
    /// Outputs that go through `ports` and stop on `shutdown`.
    #[must_use]
    pub fn new(ports: Ports, shutdown: Shutdown) -> Self {
        Self { ports, shutdown }
    }
}

#[activities]
impl OutputActivities {
    #[activity(definition = ttai_contract::SaveAnalysis)]
    pub async fn save_analysis(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: SaveAnalysisParams,
    ) -> Result<(), ActivityError> {
        let record = record(&ctx, params);
        supervised(&ctx, &self.shutdown, |progress| self.save(record, progress)).await.map(|_| ())
    }
}

impl OutputActivities {
    async fn save(&self, record: AnalysisRecord, progress: Progress) -> Result<(), AnalystError> {
        progress.step("saving");
        Ok(self.ports.store.save_analysis(&record).await?)
    }
}

/// The record under the calling workflow's id: a repeat replaces it.
fn record(ctx: &ActivityContext, params: SaveAnalysisParams) -> AnalysisRecord {
    let info = ctx.info();
    AnalysisRecord {
        workflow_id: info.workflow_id.clone().unwrap_or_default(),
        run_id: info.workflow_run_id.clone().unwrap_or_default(),
        user_id: params.user_id,
        symbol: params.symbol,
        analysis_type: params.analysis_type,
        strategy: params.strategy,
        recommendation: params.recommendation,
        as_of: params.as_of,
        result: params.result,
        // The store's clock sets it.
        created_at: DateTime::UNIX_EPOCH,
    }
}
