//! `FullAnalysisWorkflow`: chart → options → research → synthesis; stops at the first reject and says which stage and why.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{WorkflowContext, WorkflowContextView, WorkflowResult, WorkflowTermination};
use ttai_contract::{
    AnalysisProgress, AnalysisType, FullAnalysisParams, FullAnalysisResult, Lenient, OverallRecommendation,
    Stage,
};

use crate::attempt::{self, StageError};
use crate::keep::{self, Heading};
use crate::pipeline::{self, Ending, Findings};
use crate::progress::{self, Tracked};
use crate::start;

/// One full analysis.
#[workflow]
#[derive(Default)]
pub struct FullAnalysisWorkflow {
    progress: AnalysisProgress,
}

impl Tracked for FullAnalysisWorkflow {
    fn progress(&self) -> &AnalysisProgress {
        &self.progress
    }
    fn progress_mut(&mut self) -> &mut AnalysisProgress {
        &mut self.progress
    }
}

#[workflow_methods]
impl FullAnalysisWorkflow {
    /// Runs the stages and keeps the result.
    #[run(name = "FullAnalysisWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Lenient<FullAnalysisParams>,
    ) -> WorkflowResult<FullAnalysisResult> {
        let params = start::accept(argument)?;
        start::label(ctx, &params.user_id, &params.symbol, Some(params.strategy.as_str()));
        let stages = pipeline::stages(AnalysisType::FullAnalysis);
        progress::plan(ctx, &params.symbol, &[stages, &[Stage::Save]].concat());
        ctx.state_mut(|s| s.progress.drill = params.drill);

        let mut findings = Findings::default();
        let ending = pipeline::run(ctx, AnalysisType::FullAnalysis, &params, &mut findings).await;
        let mut result = conclude(&params, findings, ending)?;
        start::label_outcome(ctx, result.overall_recommendation.as_str());

        match keep::save(ctx, heading(&params, &result), &result).await {
            Ok(warning) => result.warnings.extend(warning),
            Err(_) => return Err(WorkflowTermination::cancelled_with_details(result)),
        }
        Ok(result)
    }

    /// Where the analysis is.
    #[query(name = "status")]
    pub fn status(&self, _ctx: &WorkflowContextView) -> AnalysisProgress {
        self.progress.clone()
    }
}

/// The result of the stages, or how the run ends without one.
fn conclude(
    params: &FullAnalysisParams,
    findings: Findings,
    ending: Result<Ending, StageError>,
) -> WorkflowResult<FullAnalysisResult> {
    match ending {
        Ok(Ending::Finished) => Ok(finished(params, findings)),
        Ok(Ending::Rejected(stage, reason)) => Ok(rejected(params, findings, stage, &reason)),
        Err(StageError::OutOfTime) => Ok(incomplete(params, findings, &attempt::out_of_time())),
        Err(StageError::Cancelled) => {
            Err(WorkflowTermination::cancelled_with_details(incomplete(params, findings, "cancelled")))
        }
        Err(failed @ StageError::Failed { .. }) => Err(failed.into_termination()),
    }
}

fn finished(params: &FullAnalysisParams, mut findings: Findings) -> FullAnalysisResult {
    let model_use = findings.model_use();
    let synthesis = findings.synthesis.take();
    let mut result = FullAnalysisResult { model_use, ..gathered(params, findings) };
    if let Some(synthesis) = synthesis {
        result.overall_recommendation = synthesis.recommendation;
        result.synthesized_rationale = Some(synthesis.rationale);
        result.suggested_position = synthesis.suggested_position;
        result.score = Some(synthesis.score);
        result.rule = Some(synthesis.rule);
        result.evidence = synthesis.evidence;
        result.warnings.extend(synthesis.warnings);
    }
    result
}

fn rejected(
    params: &FullAnalysisParams,
    findings: Findings,
    stage: Stage,
    reason: &str,
) -> FullAnalysisResult {
    FullAnalysisResult {
        overall_recommendation: OverallRecommendation::Reject,
        reject_reason: Some(format!("{}: {reason}", stage.title())),
        rejected_stage: Some(stage),
        ..gathered(params, findings)
    }
}

fn incomplete(params: &FullAnalysisParams, findings: Findings, reason: &str) -> FullAnalysisResult {
    FullAnalysisResult { reject_reason: Some(format!("Incomplete: {reason}")), ..gathered(params, findings) }
}

/// What the stages found, without a verdict.
fn gathered(params: &FullAnalysisParams, findings: Findings) -> FullAnalysisResult {
    let model_use = findings.model_use();
    let Findings { chart, options, research, .. } = findings;
    let stage_warnings = [
        chart.as_ref().map(|stage| &stage.warnings),
        options.as_ref().map(|stage| &stage.warnings),
        research.as_ref().map(|stage| &stage.warnings),
    ];
    let mut warnings: Vec<String> = Vec::new();
    for warning in stage_warnings.into_iter().flatten().flatten() {
        if !warnings.contains(warning) {
            warnings.push(warning.clone());
        }
    }
    FullAnalysisResult {
        symbol: params.symbol.trim().to_ascii_uppercase(),
        overall_recommendation: OverallRecommendation::Incomplete,
        synthesized_rationale: None,
        suggested_position: None,
        reject_reason: None,
        rejected_stage: None,
        strategy: params.strategy,
        score: None,
        rule: None,
        as_of: chart.as_ref().map(|chart| chart.as_of),
        data_source: chart.as_ref().map(|chart| chart.data_source.clone()),
        evidence: Vec::new(),
        warnings,
        model_use,
        chart_analysis: chart,
        options_analysis: options,
        research_analysis: research,
    }
}

fn heading<'a>(params: &'a FullAnalysisParams, result: &'a FullAnalysisResult) -> Heading<'a> {
    Heading {
        user_id: &params.user_id,
        symbol: &result.symbol,
        analysis_type: AnalysisType::FullAnalysis.as_str(),
        strategy: Some(params.strategy.as_str()),
        recommendation: result.overall_recommendation.as_str(),
        as_of: result.as_of,
    }
}
