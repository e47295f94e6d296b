//! Saving a finished analysis. A result that cannot be saved is still returned, with a warning.

use chrono::{DateTime, Utc};
use serde::Serialize;
use temporalio_workflow::{WorkflowContext, WorkflowTermination};
use ttai_contract::policy::SAVE_BUDGET;
use ttai_contract::{Labels, SaveAnalysis, SaveAnalysisParams, SaveReceipt, Stage, StageState};

use crate::calls::{self, CallError, Means};
use crate::progress::{self, Tracked};

/// What is said about the result beside the result.
pub(crate) struct Heading<'a> {
    pub(crate) labels: &'a Labels,
    pub(crate) analysis_type: &'static str,
    pub(crate) recommendation: &'a str,
    pub(crate) as_of: Option<DateTime<Utc>>,
    /// Whether the run has nothing more to do.
    pub(crate) completed: bool,
    pub(crate) notified: &'a [String],
}

/// The run was cancelled while something was saved or sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cancelled;

impl Cancelled {
    /// The run's end, with what was done.
    pub(crate) fn with<T: Serialize + Send + Sync + 'static>(self, done: T) -> WorkflowTermination {
        WorkflowTermination::cancelled_with_details(done)
    }
}

/// Saves `result`, if a stage finished at all. What is returned is a warning for the reader.
pub(crate) async fn save<W: Tracked, T: Serialize>(
    ctx: &WorkflowContext<W>,
    heading: Heading<'_>,
    result: &T,
) -> Result<Option<String>, Cancelled> {
    let (Some(as_of), Ok(result)) = (heading.as_of, serde_json::to_value(result)) else {
        return Ok(None);
    };
    let Labels { user, symbol, strategy } = heading.labels;
    let symbol = symbol.as_ref().map(ToString::to_string).unwrap_or_default();
    let about = format!("{symbol}: save");
    let params = SaveAnalysisParams {
        user_id: user.to_string(),
        symbol,
        analysis_type: heading.analysis_type.to_owned(),
        strategy: strategy.map(str::to_owned),
        recommendation: heading.recommendation.to_owned(),
        as_of,
        completed_at: ctx.workflow_time().filter(|_| heading.completed).map(Into::into),
        notified: heading.notified.to_vec(),
        result,
    };
    let means = Means { budget: SAVE_BUDGET, drill: ctx.state(|s| s.progress().drill) };
    match calls::call_local_first::<W, SaveAnalysis>(ctx, params, means, &about).await {
        Ok(SaveReceipt { spooled }) => {
            let note = if spooled { "waiting for the store" } else { "saved" };
            progress::conclude(ctx, Stage::Save, StageState::Done, note);
            Ok(spooled.then(|| "not in the store yet: it is saved when the store is back".to_owned()))
        }
        Err(CallError::Cancelled) => Err(Cancelled),
        Err(CallError::Failed { message, .. }) => Ok(Some(format!("not saved: {message}"))),
    }
}
