//! How a run of several stages ends, once what it did is saved.

use serde::Serialize;
use temporalio_workflow::{WorkflowResult, WorkflowTermination};

use crate::calls::CallError;
use crate::pipeline::Ending;
use crate::start;

/// A cancelled run ends at once, with what was done.
pub(crate) fn unless_cancelled<T: Serialize + Clone + Send + Sync + 'static>(
    outcome: &Result<Ending, CallError>,
    done: &T,
) -> WorkflowResult<()> {
    match outcome {
        Err(CallError::Cancelled) => Err(WorkflowTermination::cancelled_with_details(done.clone())),
        _ => Ok(()),
    }
}

/// The answer; out of time it is what was done. A run whose stage gave up ends Failed, with what was done as details.
pub(crate) fn answer<T: Serialize + Send + Sync + 'static>(
    outcome: Result<Ending, CallError>,
    result: T,
) -> WorkflowResult<T> {
    match outcome {
        Ok(_) => Ok(result),
        Err(error) if error.is_out_of_time() => Ok(result),
        Err(CallError::Cancelled) => Err(WorkflowTermination::cancelled_with_details(result)),
        Err(CallError::Failed { kind, message, .. }) => Err(start::fail_with(&kind, &message, result)),
    }
}
