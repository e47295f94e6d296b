//! Why an activity was told to stop, as the server knows it: the SDK tells a cancellation and an operator's pause or reset
//! alike.

use std::time::Duration;

use async_trait::async_trait;
use temporalio_client::errors::WorkflowInteractionError;
use temporalio_client::{Client, UntypedWorkflow, WorkflowDescribeOptions, WorkflowExecutionDescription};
use temporalio_protos::temporal::api::enums::v1::PendingActivityState;
use temporalio_protos::temporal::api::workflow::v1::PendingActivityInfo;
use ttai_activities::{AttemptOf, StopReasons};

/// Longest wait for the server's word; without it a stop is a cancellation.
const DEADLINE: Duration = Duration::from_secs(5);

/// Asks the server.
pub(crate) struct ServerStopReasons(pub(crate) Client);

impl ServerStopReasons {
    /// The run of an attempt as the server has it; none where it does not answer within `patience`.
    async fn described(
        &self,
        workflow_id: &str,
        patience: Duration,
    ) -> Option<Result<WorkflowExecutionDescription, WorkflowInteractionError>> {
        let handle = self.0.get_workflow_handle::<UntypedWorkflow>(workflow_id);
        let describe = handle.describe(WorkflowDescribeOptions::default());
        tokio::time::timeout(patience, describe).await.ok()
    }
}

/// The activity of an attempt, where the server still has it. One that is no longer pending was ended with its workflow.
fn pending<'a>(
    description: &'a WorkflowExecutionDescription,
    attempt: AttemptOf<'_>,
) -> Option<&'a PendingActivityInfo> {
    let mut pending = description.raw().pending_activities.iter();
    pending
        .find(|pending| pending.activity_id == attempt.activity_id)
        .filter(|_| description.run_id() == attempt.run_id)
}

#[async_trait]
impl StopReasons for ServerStopReasons {
    async fn is_interruption(&self, attempt: AttemptOf<'_>) -> bool {
        let Some(Ok(description)) = self.described(attempt.workflow_id, DEADLINE).await else { return false };
        pending(&description, attempt)
            .is_some_and(|pending| pending.state() != PendingActivityState::CancelRequested)
    }

    async fn is_awaited(&self, attempt: AttemptOf<'_>, patience: Duration) -> Option<bool> {
        match self.described(attempt.workflow_id, patience).await? {
            // A reset numbers the attempts anew; a later number is another attempt's.
            Ok(description) => Some(pending(&description, attempt).is_some_and(|pending| {
                u32::try_from(pending.attempt).is_ok_and(|now| now <= attempt.attempt)
            })),
            Err(WorkflowInteractionError::NotFound(_)) => Some(false),
            Err(_) => None,
        }
    }
}
