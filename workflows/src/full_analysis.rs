//! `FullAnalysisWorkflow`: chart → options → research → synthesis; stops at the first reject and says which stage and why.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{WorkflowContext, WorkflowContextView, WorkflowResult};
use ttai_contract::{
    AnalysisProgress, AnalysisType, FullAnalysisParams, FullAnalysisResult, Lenient, Stage, StoredAnalysis,
    WorkflowParams,
};

use crate::pipeline::{self, Findings};
use crate::progress::{self, tracked};
use crate::save::{self, Heading};
use crate::{ending, start};

/// One full analysis.
#[workflow]
#[derive(Default)]
pub struct FullAnalysisWorkflow {
    progress: AnalysisProgress,
}

tracked!(FullAnalysisWorkflow);

#[workflow_methods]
impl FullAnalysisWorkflow {
    /// Runs the stages and saves the result.
    #[run(name = "FullAnalysisWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Lenient<FullAnalysisParams>,
    ) -> WorkflowResult<FullAnalysisResult> {
        let params = start::accept(argument)?;
        let labels = params.labels();
        start::label(ctx, &labels);
        let stages = pipeline::stages(AnalysisType::FullAnalysis);
        progress::plan(ctx, &params.subject, &[stages, &[Stage::Save]].concat());

        let mut findings = Findings::default();
        let outcome = pipeline::run(ctx, AnalysisType::FullAnalysis, &params, &mut findings).await;
        let mut result = pipeline::conclude(&params, findings, &outcome);
        let failure = ending::unless_cancelled(outcome, &result)?;
        start::label_outcome(ctx, result.overall_recommendation.as_str(), result.data_source.as_ref());

        let heading = Heading {
            labels: &labels,
            analysis_type: AnalysisType::FullAnalysis.as_str(),
            recommendation: result.overall_recommendation.as_str(),
            as_of: result.as_of,
            completed: true,
            notified: &[],
        };
        match save::save(ctx, heading, &result).await {
            Ok(warning) => {
                if params.brief {
                    let (workflow_id, run_id) = (ctx.workflow_id().to_owned(), ctx.run_id().to_owned());
                    result = result.in_brief(StoredAnalysis { workflow_id, run_id });
                }
                result.warnings.extend(warning);
            }
            Err(cancelled) => return Err(cancelled.with(result)),
        }
        ending::answer(failure, result)
    }

    /// Where the analysis is.
    #[query(name = "status")]
    pub fn status(&self, _ctx: &WorkflowContextView) -> AnalysisProgress {
        self.progress.clone()
    }
}
