//! Removing what is old, as an activity.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use std::sync::Arc;

use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use ttai_contract::{RemovedRows, RetentionParams};
use ttai_ports::Retain;

use crate::clock::wall_clock;
use crate::supervise::Supervisor;

/// The retention of one store.
pub struct RetentionActivities {
    store: Arc<dyn Retain>,
    supervisor: Supervisor,
}

impl RetentionActivities {
    /// Removes from `store`, watched by `supervisor`.
    #[must_use]
    pub fn new(store: Arc<dyn Retain>, supervisor: Supervisor) -> Self {
        Self { store, supervisor }
    }
}

#[activities]
impl RetentionActivities {
    #[activity(definition = ttai_contract::RemoveOldRows)]
    pub async fn remove_old_rows(
        self: Arc<Self>,
        ctx: ActivityContext,
        _params: RetentionParams,
    ) -> Result<RemovedRows, ActivityError> {
        let store = &self.store;
        let run = self.supervisor.run(&ctx, |progress| async move {
            progress.step("removing what is old");
            Ok(store.remove_old(wall_clock()).await?)
        });
        run.await.map(|timed| timed.result)
    }
}
