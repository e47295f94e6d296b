//! `OptionsAnalysisWorkflow`: the best contract of one symbol under the constraints, with alternatives.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{WorkflowContext, WorkflowContextView, WorkflowResult};
use ttai_contract::{
    AnalysisProgress, Lenient, OptionsAnalysis, OptionsAnalysisParams, OptionsAnalysisResult,
};

use crate::progress::tracked;
use crate::stage;

/// One options analysis.
#[workflow]
#[derive(Default)]
pub struct OptionsAnalysisWorkflow {
    progress: AnalysisProgress,
}

tracked!(OptionsAnalysisWorkflow);

#[workflow_methods]
impl OptionsAnalysisWorkflow {
    /// Chooses the contract and saves the result.
    #[run(name = "OptionsAnalysisWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Lenient<OptionsAnalysisParams>,
    ) -> WorkflowResult<OptionsAnalysisResult> {
        stage::run_alone::<_, OptionsAnalysis, _, _>(ctx, argument).await
    }

    /// Where the analysis is.
    #[query(name = "status")]
    pub fn status(&self, _ctx: &WorkflowContextView) -> AnalysisProgress {
        self.progress.clone()
    }
}
