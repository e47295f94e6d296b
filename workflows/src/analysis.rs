//! `AnalysisWorkflow`: runs the stages that its `type` asks for, saves the result and notifies the user.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use chrono::{DateTime, Utc};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{WorkflowContext, WorkflowContextView, WorkflowResult};
use ttai_contract::{
    AnalysisParams, AnalysisProgress, AnalysisResult, AnalysisStatus, FullAnalysisResult, Lenient,
    MarketSource, Message, MessageKind, NotificationParams, Stage, WorkflowParams,
};

use crate::calls::CallError;
use crate::notify::{self, Notified};
use crate::pipeline::{self, Ending, Findings};
use crate::progress::{self, tracked};
use crate::save::{self, Cancelled, Heading};
use crate::{ending, start};

/// One analysis of any kind.
#[workflow]
#[derive(Default)]
pub struct AnalysisWorkflow {
    progress: AnalysisProgress,
}

tracked!(AnalysisWorkflow);

#[workflow_methods]
impl AnalysisWorkflow {
    /// Runs the stages, saves the result, notifies the user.
    #[run(name = "AnalysisWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Lenient<AnalysisParams>,
    ) -> WorkflowResult<AnalysisResult> {
        let params = start::accept(argument)?;
        start::label(ctx, &params.labels());
        progress::plan(ctx, &params.subject, &planned(&params));

        let mut findings = Findings::default();
        let stages = params.full_params();
        let outcome = pipeline::run(ctx, params.analysis_type, &stages, &mut findings).await;
        let analysis = pipeline::conclude(&stages, findings, &outcome);
        let mut result = result(ctx, &params, analysis, &outcome);
        let failure = ending::unless_cancelled(outcome, &result)?;
        let verdict = result.recommendation.as_str();
        start::label_outcome(ctx, verdict, result.analysis.data_source.as_ref());

        match save_and_notify(ctx, &params, &mut result).await {
            Ok(()) => ending::answer(failure, result),
            Err(cancelled) => Err(cancelled.with(result)),
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

fn result(
    ctx: &WorkflowContext<AnalysisWorkflow>,
    params: &AnalysisParams,
    analysis: FullAnalysisResult,
    outcome: &Result<Ending, CallError>,
) -> AnalysisResult {
    AnalysisResult {
        status: match outcome {
            Ok(Ending::Finished) => AnalysisStatus::Completed,
            Ok(Ending::Rejected(..)) => AnalysisStatus::Rejected,
            Err(_) => AnalysisStatus::Incomplete,
        },
        analysis_type: params.analysis_type,
        recommendation: analysis.overall_recommendation,
        reason: analysis.reject_reason.clone(),
        synthesized_at: ctx.workflow_time().map(Into::into),
        completed_at: None,
        notified: Vec::new(),
        analysis,
    }
}

/// Saves before anybody is notified of it, and again with who was.
async fn save_and_notify(
    ctx: &WorkflowContext<AnalysisWorkflow>,
    params: &AnalysisParams,
    result: &mut AnalysisResult,
) -> Result<(), Cancelled> {
    if params.notify {
        save(ctx, params, result).await?;
        let Notified { delivered, warnings } = notify::notify(ctx, message(ctx, params, result)).await?;
        result.notified = delivered;
        result.analysis.warnings.extend(warnings);
    }
    result.completed_at = ctx.workflow_time().map(Into::into);
    let warning = save(ctx, params, result).await?;
    result.analysis.warnings.extend(warning);
    Ok(())
}

async fn save(
    ctx: &WorkflowContext<AnalysisWorkflow>,
    params: &AnalysisParams,
    result: &AnalysisResult,
) -> Result<Option<String>, Cancelled> {
    let heading = Heading {
        labels: &params.labels(),
        analysis_type: params.analysis_type.as_str(),
        recommendation: result.recommendation.as_str(),
        as_of: result.analysis.as_of,
        completed: result.completed_at.is_some(),
        notified: &result.notified,
    };
    save::save(ctx, heading, result).await
}

fn message(
    ctx: &WorkflowContext<AnalysisWorkflow>,
    params: &AnalysisParams,
    result: &AnalysisResult,
) -> NotificationParams {
    let verdict = result.recommendation.as_str().replace('_', " ");
    let message = Message {
        kind: MessageKind::AnalysisComplete,
        title: format!("{}: {verdict}{}", result.analysis.symbol, mark(result)),
        text: text(result),
        delivery_id: format!("{}/{}/analysis_complete", ctx.workflow_id(), ctx.run_id()),
        ..Message::default()
    };
    let created_at = ctx.workflow_time().map(DateTime::<Utc>::from);
    NotificationParams {
        channels: params.notify_channels.iter().map(|name| name.as_str().to_owned()).collect(),
        message: Message { expires_at: created_at.map(|at| message.expiry(at)), ..message },
    }
}

/// ` (simulated market)`; nothing where prices are live.
fn mark(result: &AnalysisResult) -> String {
    let market = result.analysis.data_source.as_ref().map(MarketSource::kind);
    market.filter(|market| *market != "live").map(|market| format!(" ({market} market)")).unwrap_or_default()
}

/// The first line of the synthesis, of what rejected, or of the chart alone.
fn text(result: &AnalysisResult) -> String {
    let analysis = &result.analysis;
    let chart = analysis.chart_analysis.as_ref().map(|chart| chart.chart_notes.as_str());
    let text = analysis.synthesized_rationale.as_deref().or(result.reason.as_deref()).or(chart);
    text.and_then(|text| text.lines().next()).unwrap_or_default().to_owned()
}
