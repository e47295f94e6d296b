//! `ResearchAnalysisWorkflow`: news, short interest and earnings risk of one symbol.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{WorkflowContext, WorkflowContextView, WorkflowResult};
use ttai_contract::{
    AnalysisProgress, Lenient, ResearchAnalysis, ResearchAnalysisParams, ResearchAnalysisResult,
    ResearchRecommendation, Stage, policy,
};

use crate::attempt::{self, StageError};
use crate::keep::{self, Heading};
use crate::progress::{self, Tracked};
use crate::{pipeline, start};

/// One research analysis.
#[workflow]
#[derive(Default)]
pub struct ResearchAnalysisWorkflow {
    progress: AnalysisProgress,
}

impl Tracked for ResearchAnalysisWorkflow {
    fn progress(&self) -> &AnalysisProgress {
        &self.progress
    }
    fn progress_mut(&mut self) -> &mut AnalysisProgress {
        &mut self.progress
    }
}

#[workflow_methods]
impl ResearchAnalysisWorkflow {
    /// Looks for red flags and keeps the result.
    #[run(name = "ResearchAnalysisWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Lenient<ResearchAnalysisParams>,
    ) -> WorkflowResult<ResearchAnalysisResult> {
        let params = start::accept(argument)?;
        start::label(ctx, &params.user_id, &params.symbol, None);
        progress::plan(ctx, &params.symbol, &[Stage::Research, Stage::Save]);

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
    ctx: &WorkflowContext<ResearchAnalysisWorkflow>,
    params: ResearchAnalysisParams,
) -> Result<ResearchAnalysisResult, StageError> {
    let result: ResearchAnalysisResult =
        attempt::run_timed(ctx, Stage::Research, || ResearchAnalysis, params, &policy::RESEARCH_ANALYSIS)
            .await?;
    let rejected = result.recommendation == ResearchRecommendation::Reject;
    pipeline::conclude(ctx, Stage::Research, rejected, &result.research_notes);
    Ok(result)
}

fn heading<'a>(params: &'a ResearchAnalysisParams, result: &'a ResearchAnalysisResult) -> Heading<'a> {
    Heading {
        user_id: &params.user_id,
        symbol: &result.symbol,
        analysis_type: "research_analysis",
        strategy: None,
        recommendation: result.recommendation.as_str(),
        as_of: Some(result.as_of),
    }
}
