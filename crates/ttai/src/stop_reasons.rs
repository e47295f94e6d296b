//! Why an activity was told to stop, as the server knows it: the SDK tells a cancellation and an operator's pause or reset
//! alike.

use std::time::Duration;

use async_trait::async_trait;
use temporalio_client::{Client, UntypedWorkflow, WorkflowDescribeOptions};
use temporalio_protos::temporal::api::enums::v1::PendingActivityState;
use ttai_activities::{AttemptOf, StopReasons};

/// Longest wait for the server's word; without it a stop is a cancellation.
const DEADLINE: Duration = Duration::from_secs(5);

/// Asks the server.
pub(crate) struct ServerStopReasons(pub(crate) Client);

#[async_trait]
impl StopReasons for ServerStopReasons {
    async fn is_interruption(&self, attempt: AttemptOf<'_>) -> bool {
        let handle = self.0.get_workflow_handle::<UntypedWorkflow>(attempt.workflow_id);
        let describe = handle.describe(WorkflowDescribeOptions::default());
        let Ok(Ok(description)) = tokio::time::timeout(DEADLINE, describe).await else { return false };
        // An activity that is no longer pending was ended with its workflow.
        let mut pending = description.raw().pending_activities.iter();
        description.run_id() == attempt.run_id
            && pending.any(|pending| {
                pending.activity_id == attempt.activity_id
                    && pending.state() != PendingActivityState::CancelRequested
            })
    }
}
