//! The stages chart → options → research → synthesis; they stop at the first reject.

use temporalio_workflow::WorkflowContext;
use ttai_contract::{
    AnalysisType, ChartAnalysis, ChartAnalysisResult, ChartRecommendation, FullAnalysisParams, ModelTotal,
    OptionsAnalysis, OptionsAnalysisResult, OptionsRecommendation, ResearchAnalysis, ResearchAnalysisResult,
    ResearchRecommendation, Stage, SynthesizeParams, SynthesizeRecommendation, SynthesizedRecommendation,
    policy,
};

use crate::attempt::{self, StageError};
use crate::progress::Tracked;
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

/// Runs the stages; `findings` keeps what was done, however it ends.
pub(crate) async fn run<W: Tracked>(
    ctx: &WorkflowContext<W>,
    kind: AnalysisType,
    params: &FullAnalysisParams,
    findings: &mut Findings,
) -> Result<Ending, StageError> {
    let chart = chart(ctx, params).await?;
    let chart = findings.chart.insert(chart);
    if chart.recommendation == ChartRecommendation::Reject {
        return Ok(Ending::Rejected(Stage::Chart, chart.chart_notes.clone()));
    }
    if kind == AnalysisType::ChartAnalysis {
        return Ok(Ending::Finished);
    }

    let options = options(ctx, params, chart).await?;
    let options = findings.options.insert(options);
    if options.recommendation == OptionsRecommendation::Reject {
        return Ok(Ending::Rejected(Stage::Options, options.options_notes.clone()));
    }

    if kind == AnalysisType::FullAnalysis {
        let research = research(ctx, params, chart, options).await?;
        let research = findings.research.insert(research);
        if research.recommendation == ResearchRecommendation::Reject {
            return Ok(Ending::Rejected(Stage::Research, research.research_notes.clone()));
        }
    }

    findings.synthesis = Some(synthesis(ctx, params, chart, options, findings.research.as_ref()).await?);
    Ok(Ending::Finished)
}

/// The chart stage.
pub(crate) async fn chart<W: Tracked>(
    ctx: &WorkflowContext<W>,
    params: &FullAnalysisParams,
) -> Result<ChartAnalysisResult, StageError> {
    let policy = policy::CHART_ANALYSIS.with_model(params.model.as_deref());
    stage::ask(ctx, || ChartAnalysis, params.chart_params(), &policy).await
}

async fn options<W: Tracked>(
    ctx: &WorkflowContext<W>,
    params: &FullAnalysisParams,
    chart: &ChartAnalysisResult,
) -> Result<OptionsAnalysisResult, StageError> {
    let policy = policy::OPTIONS_ANALYSIS.with_model(params.model.as_deref());
    stage::ask(ctx, || OptionsAnalysis, params.options_params(chart), &policy).await
}

async fn research<W: Tracked>(
    ctx: &WorkflowContext<W>,
    params: &FullAnalysisParams,
    chart: &ChartAnalysisResult,
    options: &OptionsAnalysisResult,
) -> Result<ResearchAnalysisResult, StageError> {
    let input = params.research_params(chart, Some(options));
    let policy = policy::RESEARCH_ANALYSIS.with_model(params.model.as_deref());
    stage::ask(ctx, || ResearchAnalysis, input, &policy).await
}

async fn synthesis<W: Tracked>(
    ctx: &WorkflowContext<W>,
    params: &FullAnalysisParams,
    chart: &ChartAnalysisResult,
    options: &OptionsAnalysisResult,
    research: Option<&ResearchAnalysisResult>,
) -> Result<SynthesizedRecommendation, StageError> {
    let input = SynthesizeParams {
        symbol: params.symbol.clone(),
        strategy: params.strategy,
        chart: chart.clone(),
        options: options.clone(),
        research: research.cloned(),
        model: params.model.clone(),
        user_id: params.model.as_ref().map(|_| params.user_id.clone()),
    };
    let policy = policy::SYNTHESIS.with_model(params.model.as_deref());
    let result: SynthesizedRecommendation =
        attempt::run_timed(ctx, Stage::Synthesis, || SynthesizeRecommendation, input, &policy).await?;
    stage::conclude(ctx, Stage::Synthesis, false, &result.rationale);
    Ok(result)
}
