//! `ResearchAnalysisWorkflow`: news, short interest and earnings risk of one symbol.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{WorkflowContext, WorkflowContextView, WorkflowResult};
use ttai_contract::{
    AnalysisProgress, Lenient, ResearchAnalysis, ResearchAnalysisParams, ResearchAnalysisResult,
};

use crate::progress::tracked;
use crate::stage;

/// One research analysis.
#[workflow]
#[derive(Default)]
pub struct ResearchAnalysisWorkflow {
    progress: AnalysisProgress,
}

tracked!(ResearchAnalysisWorkflow);

#[workflow_methods]
impl ResearchAnalysisWorkflow {
    /// Looks for red flags and saves the result.
    #[run(name = "ResearchAnalysisWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Lenient<ResearchAnalysisParams>,
    ) -> WorkflowResult<ResearchAnalysisResult> {
        stage::run_alone::<_, ResearchAnalysis, _, _>(ctx, argument).await
    }

    /// Where the analysis is.
    #[query(name = "status")]
    pub fn status(&self, _ctx: &WorkflowContextView) -> AnalysisProgress {
        self.progress.clone()
    }
}
