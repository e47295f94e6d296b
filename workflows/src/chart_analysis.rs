//! `ChartAnalysisWorkflow`: trend, quality, levels, extension risk and an image of one symbol.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{WorkflowContext, WorkflowContextView, WorkflowResult};
use ttai_contract::{
    AnalysisProgress, ChartAnalysis, ChartAnalysisParams, ChartAnalysisResult, ChartRecommendation, Lenient,
    Stage, policy,
};

use crate::attempt::{self, StageError};
use crate::keep::{self, Heading};
use crate::progress::{self, Tracked};
use crate::{pipeline, start};

/// One chart analysis.
#[workflow]
#[derive(Default)]
pub struct ChartAnalysisWorkflow {
    progress: AnalysisProgress,
}

impl Tracked for ChartAnalysisWorkflow {
    fn progress(&self) -> &AnalysisProgress {
        &self.progress
    }
    fn progress_mut(&mut self) -> &mut AnalysisProgress {
        &mut self.progress
    }
}

#[workflow_methods]
impl ChartAnalysisWorkflow {
    /// Analyses the chart and keeps the result.
    #[run(name = "ChartAnalysisWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Lenient<ChartAnalysisParams>,
    ) -> WorkflowResult<ChartAnalysisResult> {
        let params = start::accept(argument)?;
        start::label(ctx, &params.user_id, &params.symbol, None);
        progress::plan(ctx, &params.symbol, &[Stage::Chart, Stage::Save]);

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
    ctx: &WorkflowContext<ChartAnalysisWorkflow>,
    params: ChartAnalysisParams,
) -> Result<ChartAnalysisResult, StageError> {
    let result: ChartAnalysisResult =
        attempt::run_timed(ctx, Stage::Chart, || ChartAnalysis, params, &policy::CHART_ANALYSIS).await?;
    let rejected = result.recommendation == ChartRecommendation::Reject;
    pipeline::conclude(ctx, Stage::Chart, rejected, &result.chart_notes);
    Ok(result)
}

fn heading<'a>(params: &'a ChartAnalysisParams, result: &'a ChartAnalysisResult) -> Heading<'a> {
    Heading {
        user_id: &params.user_id,
        symbol: &result.symbol,
        analysis_type: "chart_analysis",
        strategy: None,
        recommendation: result.recommendation.as_str(),
        as_of: Some(result.as_of),
    }
}
