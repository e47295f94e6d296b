//! Keeping a finished analysis. A result that cannot be kept is still returned, with a warning.

use chrono::{DateTime, Utc};
use serde::Serialize;
use temporalio_workflow::WorkflowContext;
use ttai_contract::{SaveAnalysis, SaveAnalysisParams, Stage, StageState, policy};

use crate::attempt::{self, StageError};
use crate::progress::{self, Tracked};

/// What is said about the result beside the result.
pub(crate) struct Heading<'a> {
    pub(crate) user_id: &'a str,
    pub(crate) symbol: &'a str,
    pub(crate) analysis_type: &'static str,
    pub(crate) strategy: Option<&'static str>,
    pub(crate) recommendation: &'a str,
    pub(crate) as_of: Option<DateTime<Utc>>,
}

/// Saves `result`. The error is a warning for the reader, or a cancellation.
pub(crate) async fn save<W: Tracked, T: Serialize>(
    ctx: &WorkflowContext<W>,
    heading: Heading<'_>,
    result: &T,
) -> Result<Option<String>, StageError> {
    let (Some(as_of), Ok(result)) = (heading.as_of, serde_json::to_value(result)) else {
        return Ok(None);
    };
    let params = SaveAnalysisParams {
        user_id: heading.user_id.to_owned(),
        symbol: heading.symbol.to_owned(),
        analysis_type: heading.analysis_type.to_owned(),
        strategy: heading.strategy.map(str::to_owned),
        recommendation: heading.recommendation.to_owned(),
        as_of,
        result,
    };
    match attempt::run(ctx, Stage::Save, || SaveAnalysis, params, &policy::STORAGE).await {
        Ok(()) => {
            progress::conclude(ctx, Stage::Save, StageState::Done, "kept in the store");
            Ok(None)
        }
        Err(StageError::Cancelled) => Err(StageError::Cancelled),
        Err(StageError::OutOfTime) => Ok(Some(format!("not kept in the store: {}", attempt::out_of_time()))),
        Err(StageError::Failed { message, .. }) => Ok(Some(format!("not kept in the store: {message}"))),
    }
}
