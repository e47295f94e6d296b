//! `AnalysisWorkflow`: runs the stages that its `type` asks for, keeps the result and tells the user.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{WorkflowContext, WorkflowContextView, WorkflowResult, WorkflowTermination};
use ttai_contract::{
    AnalysisParams, AnalysisProgress, AnalysisResult, AnalysisStatus, AnalysisType, ChartRecommendation,
    Lenient, Message, MessageKind, NotificationParams, OverallRecommendation, Stage,
};

use crate::attempt::{self, StageError};
use crate::keep::{self, Heading};
use crate::pipeline::{self, Ending, Findings};
use crate::progress::{self, Tracked};
use crate::start;
use crate::tell::{self, Told};

/// One analysis of any kind.
#[workflow]
#[derive(Default)]
pub struct AnalysisWorkflow {
    progress: AnalysisProgress,
}

impl Tracked for AnalysisWorkflow {
    fn progress(&self) -> &AnalysisProgress {
        &self.progress
    }
    fn progress_mut(&mut self) -> &mut AnalysisProgress {
        &mut self.progress
    }
}

#[workflow_methods]
impl AnalysisWorkflow {
    /// Runs the stages, keeps the result, tells the user.
    #[run(name = "AnalysisWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Lenient<AnalysisParams>,
    ) -> WorkflowResult<AnalysisResult> {
        let params = start::accept(argument)?;
        start::label(ctx, &params.user_id, &params.symbol, strategy(&params));
        progress::plan(ctx, &params.symbol, &planned(&params));

        let mut findings = Findings::default();
        let ending = pipeline::run(ctx, params.analysis_type, &params.full_params(), &mut findings).await;
        let mut result = conclude(ctx, &params, findings, ending)?;
        start::label_outcome(ctx, result.overall_recommendation.as_str());

        match keep_and_tell(ctx, &params, &mut result).await {
            Ok(()) => Ok(AnalysisResult { completed_at: ctx.workflow_time().map(Into::into), ..result }),
            Err(_) => Err(WorkflowTermination::cancelled_with_details(result)),
        }
    }

    /// Where the analysis is.
    #[query(name = "status")]
    pub fn status(&self, _ctx: &WorkflowContextView) -> AnalysisProgress {
        self.progress.clone()
    }
}

fn planned(params: &AnalysisParams) -> Vec<Stage> {
    let tail: &[Stage] = if params.notify { &[Stage::Save, Stage::Notify] } else { &[Stage::Save] };
    [pipeline::stages(params.analysis_type), tail].concat()
}

fn strategy(params: &AnalysisParams) -> Option<&'static str> {
    (params.analysis_type != AnalysisType::ChartAnalysis).then(|| params.strategy.as_str())
}

/// The result of the stages, or how the run ends without one.
fn conclude(
    ctx: &WorkflowContext<AnalysisWorkflow>,
    params: &AnalysisParams,
    findings: Findings,
    ending: Result<Ending, StageError>,
) -> WorkflowResult<AnalysisResult> {
    let (status, reason, stage) = match ending {
        Ok(Ending::Finished) => (AnalysisStatus::Completed, None, None),
        Ok(Ending::Rejected(stage, reason)) => {
            (AnalysisStatus::Rejected, Some(format!("{}: {reason}", stage.title())), Some(stage))
        }
        Err(StageError::OutOfTime) => (AnalysisStatus::Incomplete, Some(attempt::out_of_time()), None),
        Err(StageError::Cancelled) => {
            let result = gathered(params, findings, AnalysisStatus::Incomplete);
            return Err(WorkflowTermination::cancelled_with_details(result));
        }
        Err(failed @ StageError::Failed { .. }) => return Err(failed.into_termination()),
    };
    Ok(AnalysisResult {
        reason,
        rejected_stage: stage,
        synthesized_at: ctx.workflow_time().map(Into::into),
        ..gathered(params, findings, status)
    })
}

fn gathered(params: &AnalysisParams, findings: Findings, status: AnalysisStatus) -> AnalysisResult {
    let verdict = verdict(status, &findings);
    let model_use = findings.model_use();
    let Findings { chart, options, research, synthesis } = findings;
    let (rationale, position, warnings) = synthesis.map_or((None, None, Vec::new()), |synthesis| {
        (Some(synthesis.rationale), synthesis.suggested_position, synthesis.warnings)
    });
    AnalysisResult {
        status,
        analysis_type: params.analysis_type,
        symbol: params.symbol.trim().to_ascii_uppercase(),
        overall_recommendation: verdict,
        recommendation: verdict,
        as_of: chart.as_ref().map(|chart| chart.as_of),
        chart_analysis: chart,
        options_analysis: options,
        research_analysis: research,
        synthesized_rationale: rationale,
        suggested_position: position,
        reason: None,
        rejected_stage: None,
        synthesized_at: None,
        completed_at: None,
        notified: Vec::new(),
        warnings,
        model_use,
    }
}

/// The synthesis' verdict; of a chart alone: a rejected chart rejects, any other is at most worth watching.
fn verdict(status: AnalysisStatus, findings: &Findings) -> OverallRecommendation {
    match (status, &findings.synthesis, &findings.chart) {
        (AnalysisStatus::Incomplete, ..) => OverallRecommendation::Incomplete,
        (AnalysisStatus::Rejected, ..) => OverallRecommendation::Reject,
        (AnalysisStatus::Completed, Some(synthesis), _) => synthesis.recommendation,
        (AnalysisStatus::Completed, None, Some(chart))
            if chart.recommendation != ChartRecommendation::Reject =>
        {
            OverallRecommendation::Watchlist
        }
        (AnalysisStatus::Completed, None, _) => OverallRecommendation::Reject,
    }
}

async fn keep_and_tell(
    ctx: &WorkflowContext<AnalysisWorkflow>,
    params: &AnalysisParams,
    result: &mut AnalysisResult,
) -> Result<(), StageError> {
    let warning = keep::save(ctx, heading(params, result), &*result).await?;
    result.warnings.extend(warning);
    if params.notify {
        tell(ctx, params, result).await?;
    }
    Ok(())
}

/// Tells the user. A notification that cannot be sent is a warning: the result stands.
async fn tell(
    ctx: &WorkflowContext<AnalysisWorkflow>,
    params: &AnalysisParams,
    result: &mut AnalysisResult,
) -> Result<(), StageError> {
    let message = NotificationParams {
        channels: params.notify_channels.clone(),
        message: Message {
            kind: MessageKind::AnalysisComplete,
            delivery_id: format!("{}/analysis_complete", ctx.workflow_id()),
            ..Message::of_text(message(result))
        },
    };
    let Told { delivered, warnings } = tell::tell(ctx, message).await?;
    result.notified = delivered;
    result.warnings.extend(warnings);
    Ok(())
}

/// The verdict and the trade in one line.
fn message(result: &AnalysisResult) -> String {
    let text = result.synthesized_rationale.as_deref().or(result.reason.as_deref()).unwrap_or_default();
    format!(
        "{}: {}. {}",
        result.symbol,
        result.overall_recommendation.as_str(),
        text.lines().next().unwrap_or_default()
    )
}

fn heading<'a>(params: &'a AnalysisParams, result: &'a AnalysisResult) -> Heading<'a> {
    Heading {
        user_id: &params.user_id,
        symbol: &result.symbol,
        analysis_type: params.analysis_type.as_str(),
        strategy: strategy(params),
        recommendation: result.overall_recommendation.as_str(),
        as_of: result.as_of,
    }
}
