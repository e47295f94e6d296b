//! One analyst's stage: run, shown, and — where it is the whole analysis — kept.

use chrono::{DateTime, Utc};
use serde::Serialize;
use temporalio_common::ActivityDefinition;
use temporalio_common::data_converters::TemporalDeserializable;
use temporalio_workflow::{WorkflowContext, WorkflowResult};
use ttai_contract::policy::ActivityPolicy;
use ttai_contract::{
    ChartAnalysisParams, ChartAnalysisResult, ChartRecommendation, Lenient, OptionsAnalysisParams,
    OptionsAnalysisResult, OptionsRecommendation, ResearchAnalysisParams, ResearchAnalysisResult,
    ResearchRecommendation, Stage, StageState, Timed, Validate,
};

use crate::attempt::{self, StageError};
use crate::keep::{self, Heading};
use crate::progress::{self, Tracked};
use crate::start;

/// What an analyst is asked: whose analysis, and about what.
pub(crate) trait StageParams: Validate + Clone {
    fn user_id(&self) -> &str;
    fn symbol(&self) -> &str;
    fn strategy(&self) -> Option<&'static str>;
    fn model(&self) -> Option<&str>;
}

/// What an analyst answers.
pub(crate) trait StageAnswer: Serialize {
    const STAGE: Stage;
    const ANALYSIS_TYPE: &'static str;
    fn symbol(&self) -> &str;
    fn recommendation(&self) -> &'static str;
    fn rejected(&self) -> bool;
    fn notes(&self) -> &str;
    fn as_of(&self) -> DateTime<Utc>;
    fn warnings(&mut self) -> &mut Vec<String>;
}

macro_rules! analyst {
    ($params:ty, $strategy:expr, $answer:ty, $stage:expr, $analysis_type:literal, $reject:expr, $notes:ident) => {
        impl StageParams for $params {
            fn user_id(&self) -> &str {
                &self.user_id
            }
            fn symbol(&self) -> &str {
                &self.symbol
            }
            fn strategy(&self) -> Option<&'static str> {
                let strategy: fn(&Self) -> Option<&'static str> = $strategy;
                strategy(self)
            }
            fn model(&self) -> Option<&str> {
                self.model.as_deref()
            }
        }

        impl StageAnswer for $answer {
            const STAGE: Stage = $stage;
            const ANALYSIS_TYPE: &'static str = $analysis_type;
            fn symbol(&self) -> &str {
                &self.symbol
            }
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
            fn warnings(&mut self) -> &mut Vec<String> {
                &mut self.warnings
            }
        }
    };
}

analyst!(
    ChartAnalysisParams,
    |_| None,
    ChartAnalysisResult,
    Stage::Chart,
    "chart_analysis",
    ChartRecommendation::Reject,
    chart_notes
);
analyst!(
    OptionsAnalysisParams,
    |params| Some(params.strategy.as_str()),
    OptionsAnalysisResult,
    Stage::Options,
    "options_analysis",
    OptionsRecommendation::Reject,
    options_notes
);
analyst!(
    ResearchAnalysisParams,
    |_| None,
    ResearchAnalysisResult,
    Stage::Research,
    "research_analysis",
    ResearchRecommendation::Reject,
    research_notes
);

/// Asks the analyst and shows the verdict.
pub(crate) async fn ask<W, A, T>(
    ctx: &WorkflowContext<W>,
    analyst: fn() -> A,
    input: A::Input,
    policy: &ActivityPolicy,
) -> Result<T, StageError>
where
    W: Tracked,
    A: ActivityDefinition<Output = Timed<T>>,
    A::Input: Clone,
    T: StageAnswer,
    Timed<T>: TemporalDeserializable,
{
    let answer: T = attempt::run_timed(ctx, T::STAGE, analyst, input, policy).await?;
    conclude(ctx, T::STAGE, answer.rejected(), answer.notes());
    Ok(answer)
}

/// Shows a stage's verdict: the first line of its text.
pub(crate) fn conclude<W: Tracked>(ctx: &WorkflowContext<W>, stage: Stage, rejected: bool, text: &str) {
    let state = if rejected { StageState::Rejected } else { StageState::Done };
    progress::conclude(ctx, stage, state, text.lines().next().unwrap_or_default());
}

/// A whole analysis of one stage: accepts the argument, asks the analyst and keeps the answer.
pub(crate) async fn run_alone<W, A, P, T>(
    ctx: &WorkflowContext<W>,
    argument: Lenient<P>,
    analyst: fn() -> A,
    policy: &ActivityPolicy,
) -> WorkflowResult<T>
where
    W: Tracked,
    A: ActivityDefinition<Input = P, Output = Timed<T>>,
    P: StageParams,
    T: StageAnswer,
    Timed<T>: TemporalDeserializable,
{
    let params = start::accept(argument)?;
    start::label(ctx, params.user_id(), params.symbol(), params.strategy());
    progress::plan(ctx, params.symbol(), &[T::STAGE, Stage::Save]);

    let policy = policy.with_model(params.model());
    let mut answer: T =
        ask(ctx, analyst, params.clone(), &policy).await.map_err(StageError::into_termination)?;
    start::label_outcome(ctx, answer.recommendation());

    let warning =
        keep::save(ctx, heading(&params, &answer), &answer).await.map_err(StageError::into_termination)?;
    answer.warnings().extend(warning);
    Ok(answer)
}

fn heading<'a, T: StageAnswer>(params: &'a impl StageParams, answer: &'a T) -> Heading<'a> {
    Heading {
        user_id: params.user_id(),
        symbol: answer.symbol(),
        analysis_type: T::ANALYSIS_TYPE,
        strategy: params.strategy(),
        recommendation: answer.recommendation(),
        as_of: Some(answer.as_of()),
    }
}
