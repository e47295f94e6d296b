//! The stages chart → options → research → synthesis; they stop at the first reject.

use temporalio_workflow::WorkflowContext;
use ttai_contract::{
    AnalysisType, ChartAnalysis, ChartAnalysisResult, ChartRecommendation, FullAnalysisParams,
    FullAnalysisResult, ModelTotal, OptionsAnalysis, OptionsAnalysisResult, OptionsRecommendation,
    OverallRecommendation, ResearchAnalysis, ResearchAnalysisResult, ResearchRecommendation, Stage, Subject,
    SynthesizeParams, SynthesizeRecommendation, SynthesizedRecommendation,
};

use crate::calls::{self, CallError};
use crate::progress::{self, Tracked};
use crate::stage;

/// What the stages found so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    pub(crate) chart: Option<ChartAnalysisResult>,
    pub(crate) options: Option<OptionsAnalysisResult>,
    pub(crate) research: Option<ResearchAnalysisResult>,
    pub(crate) synthesis: Option<SynthesizedRecommendation>,
}

impl Findings {
    /// What the models took in all stages.
    pub(crate) fn model_use(&self) -> Option<ModelTotal> {
        ModelTotal::of([
            self.chart.as_ref().and_then(|stage| stage.model_use.as_ref()),
            self.options.as_ref().and_then(|stage| stage.model_use.as_ref()),
            self.research.as_ref().and_then(|stage| stage.model_use.as_ref()),
            self.synthesis.as_ref().and_then(|stage| stage.model_use.as_ref()),
        ])
    }
}

/// How the stages ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Every stage ran.
    Finished,
    /// A stage said no, for this reason.
    Rejected(Stage, String),
}

/// The stages of an analysis, in order.
pub(crate) fn stages(kind: AnalysisType) -> &'static [Stage] {
    match kind {
        AnalysisType::ChartAnalysis => &[Stage::Chart],
        AnalysisType::OptionsAnalysis => &[Stage::Chart, Stage::Options, Stage::Synthesis],
        AnalysisType::FullAnalysis => &[Stage::Chart, Stage::Options, Stage::Research, Stage::Synthesis],
    }
}

/// Runs the stages; `findings` has what was done, however it ends.
pub(crate) async fn run<W: Tracked>(
    ctx: &WorkflowContext<W>,
    kind: AnalysisType,
    params: &FullAnalysisParams,
    findings: &mut Findings,
) -> Result<Ending, CallError> {
    let chart = stage::ask::<W, ChartAnalysis, _>(ctx, params.chart_params()).await?;
    let chart: &ChartAnalysisResult = findings.chart.insert(chart);
    if chart.recommendation == ChartRecommendation::Reject {
        return Ok(Ending::Rejected(Stage::Chart, chart.chart_notes.clone()));
    }
    if kind == AnalysisType::ChartAnalysis {
        return Ok(Ending::Finished);
    }

    let options = stage::ask::<W, OptionsAnalysis, _>(ctx, params.options_params(chart)).await?;
    let options: &OptionsAnalysisResult = findings.options.insert(options);
    if options.recommendation == OptionsRecommendation::Reject {
        return Ok(Ending::Rejected(Stage::Options, options.options_notes.clone()));
    }

    if kind == AnalysisType::FullAnalysis {
        let input = params.research_params(chart, Some(options));
        let research = stage::ask::<W, ResearchAnalysis, _>(ctx, input).await?;
        let research: &ResearchAnalysisResult = findings.research.insert(research);
        if research.recommendation == ResearchRecommendation::Reject {
            return Ok(Ending::Rejected(Stage::Research, research.research_notes.clone()));
        }
    }

    findings.synthesis = Some(synthesis(ctx, params, chart, options, findings.research.as_ref()).await?);
    Ok(Ending::Finished)
}

async fn synthesis<W: Tracked>(
    ctx: &WorkflowContext<W>,
    params: &FullAnalysisParams,
    chart: &ChartAnalysisResult,
    options: &OptionsAnalysisResult,
    research: Option<&ResearchAnalysisResult>,
) -> Result<SynthesizedRecommendation, CallError> {
    let Subject { symbol, model, user_id, .. } = &params.subject;
    let input = SynthesizeParams {
        symbol: symbol.clone(),
        strategy: params.trade.strategy,
        chart: chart.clone(),
        options: options.clone(),
        research: research.cloned(),
        model: model.clone(),
        user_id: model.as_ref().map(|_| user_id.clone()),
    };
    let (means, about) = (progress::means(ctx), stage::about(ctx, Stage::Synthesis));
    // A model takes its time; the rules take milliseconds.
    let timed = if model.is_some() {
        calls::call::<W, SynthesizeRecommendation>(ctx, input, means, &about).await?
    } else {
        calls::call_local_first::<W, SynthesizeRecommendation>(ctx, input, means, &about).await?
    };
    let result = stage::count(ctx, Stage::Synthesis, timed);
    stage::conclude(ctx, Stage::Synthesis, false, &result.rationale);
    Ok(result)
}

/// The answer, as far as the stages went.
pub(crate) fn conclude(
    params: &FullAnalysisParams,
    findings: Findings,
    ending: &Result<Ending, CallError>,
) -> FullAnalysisResult {
    match ending {
        Ok(Ending::Finished) => finished(params, findings),
        Ok(Ending::Rejected(stage, reason)) => FullAnalysisResult {
            overall_recommendation: OverallRecommendation::Reject,
            reject_reason: Some(format!("{}: {reason}", stage.title())),
            rejected_stage: Some(*stage),
            ..gathered(params, findings)
        },
        Err(error) => {
            let reason = match error {
                CallError::Cancelled => "cancelled".to_owned(),
                CallError::Failed { .. } if error.is_out_of_time() => progress::out_of_time(),
                CallError::Failed { message, .. } => message.clone(),
            };
            FullAnalysisResult {
                reject_reason: Some(format!("Incomplete: {reason}")),
                ..gathered(params, findings)
            }
        }
    }
}

/// The synthesis' verdict. A chart alone has none: it is at most worth watching.
fn finished(params: &FullAnalysisParams, mut findings: Findings) -> FullAnalysisResult {
    let model_use = findings.model_use();
    let synthesis = findings.synthesis.take();
    let mut result = FullAnalysisResult { model_use, ..gathered(params, findings) };
    match synthesis {
        Some(synthesis) => {
            result.overall_recommendation = synthesis.recommendation;
            result.synthesized_rationale = Some(synthesis.rationale);
            result.suggested_position = synthesis.suggested_position;
            result.score = Some(synthesis.score);
            result.rule = Some(synthesis.rule);
            result.evidence = synthesis.evidence;
            result.warnings.extend(synthesis.warnings);
        }
        None => {
            result.overall_recommendation = OverallRecommendation::Watchlist;
            let chart = result.chart_analysis.as_ref();
            result.evidence = chart.map(|chart| chart.evidence.clone()).unwrap_or_default();
        }
    }
    result
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
        symbol: params.subject.symbol.to_string(),
        overall_recommendation: OverallRecommendation::Incomplete,
        synthesized_rationale: None,
        suggested_position: None,
        reject_reason: None,
        rejected_stage: None,
        strategy: params.trade.strategy,
        score: None,
        rule: None,
        as_of: chart.as_ref().map(|chart| chart.as_of),
        data_source: chart.as_ref().map(|chart| chart.data_source.clone()),
        evidence: Vec::new(),
        warnings,
        model_use,
        stored: None,
        chart_analysis: chart,
        options_analysis: options,
        research_analysis: research,
    }
}
