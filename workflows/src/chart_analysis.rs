//! `ChartAnalysisWorkflow`: trend, quality, levels, extension risk and an image of one symbol.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{WorkflowContext, WorkflowContextView, WorkflowResult};
use ttai_contract::{AnalysisProgress, ChartAnalysis, ChartAnalysisParams, ChartAnalysisResult, Lenient};

use crate::progress::tracked;
use crate::stage;

/// One chart analysis.
#[workflow]
#[derive(Default)]
pub struct ChartAnalysisWorkflow {
    progress: AnalysisProgress,
}

tracked!(ChartAnalysisWorkflow);

#[workflow_methods]
impl ChartAnalysisWorkflow {
    /// Analyses the chart and saves the result.
    #[run(name = "ChartAnalysisWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Lenient<ChartAnalysisParams>,
    ) -> WorkflowResult<ChartAnalysisResult> {
        stage::run_alone::<_, ChartAnalysis, _, _>(ctx, argument).await
    }

    /// Where the analysis is.
    #[query(name = "status")]
    pub fn status(&self, _ctx: &WorkflowContextView) -> AnalysisProgress {
        self.progress.clone()
    }
}
