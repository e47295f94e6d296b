//! Saving results, as activities.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::DateTime;
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use ttai_contract::policy::{self, SAVE_BUDGET};
use ttai_contract::{SaveAnalysisParams, SaveReceipt};
use ttai_ports::{AnalysisRecord, Saved, StoreError};

use crate::failure::AnalystError;
use crate::ports::Ports;
use crate::supervise::{Progress, Supervisor};

/// The store over one set of ports.
pub struct OutputActivities {
    ports: Ports,
    supervisor: Supervisor,
}

impl OutputActivities {
    /// Outputs that go through `ports` and are watched by `supervisor`.
    #[must_use]
    pub fn new(ports: Ports, supervisor: Supervisor) -> Self {
        Self { ports, supervisor }
    }
}

#[activities]
impl OutputActivities {
    #[activity(definition = ttai_contract::SaveAnalysis)]
    pub async fn save_analysis(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: SaveAnalysisParams,
    ) -> Result<SaveReceipt, ActivityError> {
        let record = record(&ctx, params);
        let run = self.supervisor.run(&ctx, |progress| self.save(record, progress));
        run.await.map(|timed| timed.result)
    }
}

impl OutputActivities {
    async fn save(&self, record: AnalysisRecord, progress: Progress) -> Result<SaveReceipt, AnalystError> {
        progress.step("saving");
        self.save_or_leave(&record, progress.worked_before()).await
    }

    /// Saves a result after `worked`, or leaves it to this worker's spool once no other attempt may have the time.
    async fn save_or_leave(
        &self,
        record: &AnalysisRecord,
        worked: Duration,
    ) -> Result<SaveReceipt, AnalystError> {
        let began = Instant::now();
        match self.ports.analyses.save(record).await {
            Ok(()) => Ok(SaveReceipt { spooled: false }),
            Err(StoreError::Unavailable(_)) if is_last(worked + began.elapsed()) => {
                let saved = self.ports.analyses.save_or_spool(record, LAST_TRY).await?;
                Ok(SaveReceipt { spooled: saved == Saved::InSpool })
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// How long the store is tried once more before a result goes to the spool.
const LAST_TRY: Duration = Duration::from_secs(1);

/// Whether the budget of a save that worked for so long may not last for another wait and attempt.
fn is_last(worked: Duration) -> bool {
    let another = policy::STORE.maximum_interval + policy::STORAGE.start_to_close;
    SAVE_BUDGET.saturating_sub(worked) <= another
}

/// The record under the calling run's ids: a repeat replaces it.
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
        completed_at: params.completed_at,
        notified: params.notified,
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use chrono::NaiveDate;
    use ttai_ports::{Analyses, AnalysisFilter};

    use super::*;
    use crate::testing::{FakeMarket, ports, supervisor, wavy_bars};

    /// A store that is away before a spool that is there.
    struct Away;

    #[async_trait]
    impl Analyses for Away {
        async fn save(&self, _: &AnalysisRecord) -> Result<(), StoreError> {
            Err(StoreError::Unavailable("locked".to_owned()))
        }
        async fn save_or_spool(&self, _: &AnalysisRecord, _: Duration) -> Result<Saved, StoreError> {
            Ok(Saved::InSpool)
        }
        async fn latest(&self, _: &str) -> Result<Option<AnalysisRecord>, StoreError> {
            Ok(None)
        }
        async fn run(&self, _: &str, _: &str) -> Result<Option<AnalysisRecord>, StoreError> {
            Ok(None)
        }
        async fn list(&self, _: &AnalysisFilter) -> Result<Vec<AnalysisRecord>, StoreError> {
            Ok(Vec::new())
        }
    }

    #[tokio::test]
    async fn a_save_waits_for_the_store_and_ends_in_the_spool() {
        let day = NaiveDate::from_ymd_opt(2014, 6, 6).unwrap();
        let (ports, _) = ports(FakeMarket::of("XYZ", wavy_bars(day, 5, 0.0)));
        let ports = Ports { analyses: Arc::new(Away), ..ports };
        let activities = OutputActivities::new(ports, supervisor());
        let record = AnalysisRecord {
            workflow_id: "w".to_owned(),
            run_id: "r".to_owned(),
            user_id: "ann".to_owned(),
            symbol: "XYZ".to_owned(),
            analysis_type: "chart_analysis".to_owned(),
            strategy: None,
            recommendation: "bullish".to_owned(),
            as_of: DateTime::UNIX_EPOCH,
            result: serde_json::Value::Null,
            created_at: DateTime::UNIX_EPOCH,
            completed_at: None,
            notified: Vec::new(),
        };
        let waits = activities.save_or_leave(&record, SAVE_BUDGET - Duration::from_secs(100)).await;
        assert!(matches!(waits, Err(AnalystError::Store(StoreError::Unavailable(_)))), "{waits:?}");
        let left = activities.save_or_leave(&record, SAVE_BUDGET - Duration::from_secs(90)).await.unwrap();
        assert_eq!(left, SaveReceipt { spooled: true });
    }
}
