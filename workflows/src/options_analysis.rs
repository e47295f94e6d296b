//! `OptionsAnalysisWorkflow`: the best contract of one symbol under the constraints, with alternatives.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{WorkflowContext, WorkflowContextView, WorkflowResult};
use ttai_contract::{
    AnalysisProgress, Lenient, OptionsAnalysis, OptionsAnalysisParams, OptionsAnalysisResult,
    OptionsRecommendation, Stage, policy,
};

use crate::attempt::{self, StageError};
use crate::keep::{self, Heading};
use crate::progress::{self, Tracked};
use crate::{pipeline, start};

/// One options analysis.
#[workflow]
#[derive(Default)]
pub struct OptionsAnalysisWorkflow {
    progress: AnalysisProgress,
}

impl Tracked for OptionsAnalysisWorkflow {
    fn progress(&self) -> &AnalysisProgress {
        &self.progress
    }
    fn progress_mut(&mut self) -> &mut AnalysisProgress {
        &mut self.progress
    }
}

#[workflow_methods]
impl OptionsAnalysisWorkflow {
    /// Chooses the contract and keeps the result.
    #[run(name = "OptionsAnalysisWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Lenient<OptionsAnalysisParams>,
    ) -> WorkflowResult<OptionsAnalysisResult> {
        let params = start::accept(argument)?;
        start::label(ctx, &params.user_id, &params.symbol, Some(params.strategy.as_str()));
        progress::plan(ctx, &params.symbol, &[Stage::Options, Stage::Save]);

        let mut result = analyse(ctx, params.clone()).await.map_err(StageError::into_termination)?;
        start::label_outcome(ctx, result.recommendation.as_str());

        let warning = keep::save(ctx, heading(&params, &result), &result)
            .await
            .map_err(StageError::into_termination)?;
        result.warnings.extend(warning);
        Ok(result)
    }

    /// Where the analysis is.
    #[query(name = "status")]
    pub fn status(&self, _ctx: &WorkflowContextView) -> AnalysisProgress {
        self.progress.clone()
    }
}

async fn analyse(
    ctx: &WorkflowContext<OptionsAnalysisWorkflow>,
    params: OptionsAnalysisParams,
) -> Result<OptionsAnalysisResult, StageError> {
    let result: OptionsAnalysisResult =
        attempt::run_timed(ctx, Stage::Options, || OptionsAnalysis, params, &policy::OPTIONS_ANALYSIS)
            .await?;
    let rejected = result.recommendation == OptionsRecommendation::Reject;
    pipeline::conclude(ctx, Stage::Options, rejected, &result.options_notes);
    Ok(result)
}

fn heading<'a>(params: &'a OptionsAnalysisParams, result: &'a OptionsAnalysisResult) -> Heading<'a> {
    Heading {
        user_id: &params.user_id,
        symbol: &result.symbol,
        analysis_type: "options_analysis",
        strategy: Some(params.strategy.as_str()),
        recommendation: result.recommendation.as_str(),
        as_of: Some(result.as_of),
    }
}
