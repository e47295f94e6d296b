//! `ChartAnalysisWorkflow`: trend, quality, levels, extension risk and an image of one symbol.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{WorkflowContext, WorkflowContextView, WorkflowResult};
use ttai_contract::{
    AnalysisProgress, ChartAnalysis, ChartAnalysisParams, ChartAnalysisResult, Lenient, policy,
};

use crate::progress::Tracked;
use crate::stage;

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
        stage::run_alone(ctx, argument, || ChartAnalysis, &policy::CHART_ANALYSIS).await
    }

    /// Where the analysis is.
    #[query(name = "status")]
    pub fn status(&self, _ctx: &WorkflowContextView) -> AnalysisProgress {
        self.progress.clone()
    }
}
