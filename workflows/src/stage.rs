//! One analyst's stage: run, shown, and — where it is the whole analysis — saved.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use temporalio_common::data_converters::TemporalDeserializable;
use temporalio_workflow::{WorkflowContext, WorkflowResult, WorkflowTermination};
use ttai_contract::{
    Activity, AnalysisRequest, ChartAnalysisResult, ChartRecommendation, Lenient, MarketSource,
    OptionsAnalysisResult, OptionsRecommendation, ResearchAnalysisResult, ResearchRecommendation, Stage,
    StageState, Timed,
};

use crate::calls::{self, CallError};
use crate::progress::{self, Tracked};
use crate::save::{self, Heading};
use crate::start;

/// What an analyst answers.
pub(crate) trait StageAnswer: Serialize + Send + Sync + 'static {
    const STAGE: Stage;
    const ANALYSIS_TYPE: &'static str;
    fn recommendation(&self) -> &'static str;
    fn rejected(&self) -> bool;
    fn notes(&self) -> &str;
    fn as_of(&self) -> DateTime<Utc>;
    fn source(&self) -> &MarketSource;
    fn warnings(&mut self) -> &mut Vec<String>;
}

macro_rules! analyst {
    ($answer:ty, $stage:expr, $analysis_type:literal, $reject:expr, $notes:ident) => {
        impl StageAnswer for $answer {
            const STAGE: Stage = $stage;
            const ANALYSIS_TYPE: &'static str = $analysis_type;
            fn recommendation(&self) -> &'static str {
                self.recommendation.as_str()
            }
            fn rejected(&self) -> bool {
                self.recommendation == $reject
            }
            fn notes(&self) -> &str {
                &self.$notes
            }
            fn as_of(&self) -> DateTime<Utc> {
                self.as_of
            }
            fn source(&self) -> &MarketSource {
                &self.data_source
            }
            fn warnings(&mut self) -> &mut Vec<String> {
                &mut self.warnings
            }
        }
    };
}

analyst!(ChartAnalysisResult, Stage::Chart, "chart_analysis", ChartRecommendation::Reject, chart_notes);
analyst!(
    OptionsAnalysisResult,
    Stage::Options,
    "options_analysis",
    OptionsRecommendation::Reject,
    options_notes
);
analyst!(
    ResearchAnalysisResult,
    Stage::Research,
    "research_analysis",
    ResearchRecommendation::Reject,
    research_notes
);

/// Asks the analyst within the working time that is left, and shows the verdict.
pub(crate) async fn ask<W, A, T>(ctx: &WorkflowContext<W>, input: A::Input) -> Result<T, CallError>
where
    W: Tracked,
    A: Activity<Output = Timed<T>>,
    T: StageAnswer,
    Timed<T>: TemporalDeserializable,
{
    let timed = calls::call::<W, A>(ctx, input, progress::means(ctx), &about(ctx, T::STAGE)).await?;
    let answer = count(ctx, T::STAGE, timed);
    progress::read_market(ctx, answer.source());
    conclude(ctx, T::STAGE, answer.rejected(), answer.notes());
    Ok(answer)
}

/// The line of a stage's call in the Temporal UI: `AAPL: chart`.
pub(crate) fn about<W: Tracked>(ctx: &WorkflowContext<W>, stage: Stage) -> String {
    format!("{}: {}", ctx.state(|s| s.progress().symbol.clone()), stage.title().to_lowercase())
}

/// Counts what the attempts came to; the result itself.
pub(crate) fn count<W: Tracked, T>(ctx: &WorkflowContext<W>, stage: Stage, timed: Timed<T>) -> T {
    progress::spend(ctx, Duration::from_millis(timed.working_ms));
    progress::update(ctx, stage, |entry| {
        entry.failed_answers = timed.failed_answers;
        entry.lost_attempts = timed.lost_attempts;
    });
    timed.result
}

/// Shows a stage's verdict: the first line of its text.
pub(crate) fn conclude<W: Tracked>(ctx: &WorkflowContext<W>, stage: Stage, rejected: bool, text: &str) {
    let state = if rejected { StageState::Rejected } else { StageState::Done };
    progress::conclude(ctx, stage, state, text.lines().next().unwrap_or_default());
}

/// A whole analysis of one stage: accepts the argument, asks the analyst and saves the answer.
pub(crate) async fn run_alone<W, A, P, T>(ctx: &WorkflowContext<W>, argument: Lenient<P>) -> WorkflowResult<T>
where
    W: Tracked,
    A: Activity<Input = P, Output = Timed<T>>,
    P: AnalysisRequest,
    T: StageAnswer,
    Timed<T>: TemporalDeserializable,
{
    let params = start::accept(argument)?;
    let labels = params.labels();
    start::label(ctx, &labels);
    progress::plan(ctx, params.subject(), &[T::STAGE, Stage::Save]);

    let mut answer: T = ask::<W, A, T>(ctx, params).await.map_err(unanswered)?;
    start::label_outcome(ctx, answer.recommendation(), Some(answer.source()));

    let heading = Heading {
        labels: &labels,
        analysis_type: T::ANALYSIS_TYPE,
        recommendation: answer.recommendation(),
        as_of: Some(answer.as_of()),
        completed: true,
        notified: &[],
    };
    match save::save(ctx, heading, &answer).await {
        Ok(warning) => answer.warnings().extend(warning),
        Err(cancelled) => return Err(cancelled.with(answer)),
    }
    Ok(answer)
}

/// How a run ends that has nothing to show without the stage.
pub(crate) fn unanswered(error: CallError) -> WorkflowTermination {
    match error {
        CallError::Cancelled => WorkflowTermination::cancelled(),
        CallError::Failed { kind, message, .. } => start::fail(&kind, &message),
    }
}
