//! How a run of several stages ends, once what it did is saved.

use serde::Serialize;
use temporalio_workflow::{WorkflowResult, WorkflowTermination};

use crate::calls::CallError;
use crate::pipeline::Ending;
use crate::start;

/// A stage gave up: why the run is to end Failed.
pub(crate) struct GivenUp {
    kind: String,
    message: String,
}

/// A cancelled run ends at once, with what was done. Out of time the answer is what was done; where a stage gave up, the
/// run is to end Failed once that is saved.
pub(crate) fn unless_cancelled<T: Serialize + Clone + Send + Sync + 'static>(
    outcome: Result<Ending, CallError>,
    done: &T,
) -> WorkflowResult<Option<GivenUp>> {
    match outcome {
        Err(CallError::Cancelled) => Err(WorkflowTermination::cancelled_with_details(done.clone())),
        Err(error) if error.is_out_of_time() => Ok(None),
        Err(CallError::Failed { kind, message, .. }) => Ok(Some(GivenUp { kind, message })),
        Ok(_) => Ok(None),
    }
}

/// The answer, or a failure with what was done as details.
pub(crate) fn answer<T: Serialize + Send + Sync + 'static>(
    failure: Option<GivenUp>,
    result: T,
) -> WorkflowResult<T> {
    match failure {
        None => Ok(result),
        Some(GivenUp { kind, message }) => Err(start::fail_with(&kind, &message, result)),
    }
}
