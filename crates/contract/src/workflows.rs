//! The catalogue of workflows: which takes which params, answers with what, and what a starter says about a run.

use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use ttai_core::Symbol;

use crate::analysis::{AnalysisParams, AnalysisResult, AnalysisType};
use crate::chart::{ChartAnalysisParams, ChartAnalysisResult};
use crate::full::{FullAnalysisParams, FullAnalysisResult};
use crate::handlers::{Described, Handler};
use crate::ids;
use crate::lenient::{self, Arguments};
use crate::options::{OptionsAnalysisParams, OptionsAnalysisResult};
use crate::policy::{ANALYSIS_EXECUTION_TIMEOUT, DRILL_TASK_TIMEOUT};
use crate::progress::AnalysisProgress;
use crate::queue::TaskQueue;
use crate::research::{ResearchAnalysisParams, ResearchAnalysisResult};
use crate::subject::{Subject, UserId};
use crate::validate::{Validate, ValidationError};

/// Hands every workflow to a macro, one `Workflow: Params;` a line. This is the one list: registration, replay, schema,
/// client and `ttai start` derive from it.
#[macro_export]
macro_rules! for_each_workflow {
    ($with:ident) => {
        $with! {
            ChartAnalysisWorkflow: ChartAnalysisParams;
            OptionsAnalysisWorkflow: OptionsAnalysisParams;
            ResearchAnalysisWorkflow: ResearchAnalysisParams;
            FullAnalysisWorkflow: FullAnalysisParams;
            AnalysisWorkflow: AnalysisParams;
            PriceAlertWorkflow: PriceAlertParams;
            AlertShardWorkflow: AlertShardParams;
            PortfolioMonitorWorkflow: PortfolioMonitorParams;
            NewsWatcherWorkflow: NewsWatcherParams;
            DeliveryWorkflow: DeliveryParams;
            QuoteStreamWorkflow: QuoteStreamParams;
            CSPScreenerWorkflow: CSPScreenerParams;
            ScreenerWorkflow: ScreenerParams;
            ScheduledScreenerWorkflow: ScheduledScreenerParams;
            AutoRunScreenersWorkflow: AutoRunScreenersParams;
            SyncSourceWorkflow: SyncSourceParams;
            ScheduledSyncWorkflow: ScheduledSyncParams;
            UpdateJournalWorkflow: UpdateJournalParams;
            RunReportWorkflow: RunReportParams;
            RetentionWorkflow: RetentionParams;
            DailyTradingWorkflow: DailyTradingParams;
            PositionMonitorWorkflow: PositionMonitorParams;
        }
    };
}

/// What a run is listed by, beside its type and id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    /// Whose it is.
    pub user: UserId,
    /// What it is about.
    pub symbol: Option<Symbol>,
    /// `csp`, `covered_call`, `spread`.
    pub strategy: Option<&'static str>,
}

/// The params of a workflow: with them it is started, and they say everything about it that is on the wire.
pub trait WorkflowParams:
    Arguments + Validate + Serialize + JsonSchema + Clone + PartialEq + Send + Sync + 'static
{
    /// The workflow's type.
    const WORKFLOW: &'static str;
    /// Its queue.
    const QUEUE: TaskQueue;
    /// What it answers with.
    type Answer: Serialize + DeserializeOwned + JsonSchema + Send + 'static;
    /// What its `status` query answers with.
    type Status: Serialize + DeserializeOwned + JsonSchema + Send + 'static;
    /// Backstop that starters set; none for workflows that live for months.
    const EXECUTION_TIMEOUT: Option<Duration>;

    /// The workflow id, made with a key of the client's or a random one.
    fn id(&self, key: &str) -> String;
    /// What the run is listed by.
    fn labels(&self) -> Labels;
    /// One line for the Temporal UI: what the run is about.
    fn summary(&self) -> String;
    /// How soon a workflow task that was lost with its worker is noticed; the server's 10 s by default.
    fn task_timeout(&self) -> Option<Duration> {
        None
    }
}

/// Params of an analysis.
pub trait AnalysisRequest: WorkflowParams<Status = AnalysisProgress> {
    /// Whom and what it is about.
    fn subject(&self) -> &Subject;
}

/// A query that a workflow answers from its state.
pub trait Query<P: WorkflowParams> {
    /// Its name.
    const NAME: &'static str;
    /// What it answers with.
    type Answer: DeserializeOwned;
}

/// `status`: where the run is. Every workflow answers it.
#[derive(Clone, Copy, Debug)]
pub struct Status;

impl<P: WorkflowParams> Query<P> for Status {
    const NAME: &'static str = "status";
    type Answer = P::Status;
}

/// Everything that a starter sends.
#[derive(Clone, Debug, PartialEq)]
pub struct PreparedStart {
    /// The workflow's type.
    pub workflow: &'static str,
    /// Its queue.
    pub queue: TaskQueue,
    /// The workflow id.
    pub id: String,
    /// The argument.
    pub params: Value,
    /// What the run is listed by.
    pub labels: Labels,
    /// One line.
    pub summary: String,
    /// Backstop.
    pub execution_timeout: Option<Duration>,
    /// How soon a lost workflow task is noticed.
    pub task_timeout: Option<Duration>,
}

impl PreparedStart {
    /// The start of `params` under `key`.
    ///
    /// # Errors
    /// Params or a key that cannot be used.
    pub fn of<P: WorkflowParams>(params: &P, key: &str) -> Result<Self, ValidationError> {
        params.validate()?;
        ids::check_key(key)?;
        let argument = serde_json::to_value(params)
            .map_err(|error| ValidationError::new("params", format!("cannot be written as JSON: {error}")))?;
        Ok(Self {
            workflow: P::WORKFLOW,
            queue: P::QUEUE,
            id: params.id(key),
            params: argument,
            labels: params.labels(),
            summary: params.summary(),
            execution_timeout: P::EXECUTION_TIMEOUT,
            task_timeout: params.task_timeout(),
        })
    }
}

/// A workflow as the catalogue lists it.
#[derive(Clone, Copy)]
pub struct WorkflowEntry {
    /// Its type.
    pub name: &'static str,
    /// Its queue.
    pub queue: TaskQueue,
    /// Whether it lives until it is shut down.
    pub is_entity: bool,
    /// Reads arguments as the workflow does and prepares its start under a key.
    pub prepare: fn(Vec<Value>, &str) -> Result<PreparedStart, ValidationError>,
    /// Whether two arguments, as they stand in histories, are the same request.
    pub same_request: fn(&Value, &Value) -> bool,
    /// What it does.
    pub does: &'static str,
    /// What it takes while it runs.
    pub handlers: fn() -> Vec<Handler>,
    /// Fields that may be sent as separate arguments, in order.
    pub positional: &'static [&'static str],
    /// Params and answer as schemas of a generator.
    pub schemas: fn(&mut SchemaGenerator) -> [Schema; 2],
}

impl WorkflowEntry {
    fn of<P: Described>() -> Self {
        Self {
            name: P::WORKFLOW,
            queue: P::QUEUE,
            is_entity: P::EXECUTION_TIMEOUT.is_none(),
            prepare: |arguments, key| {
                let params: P = lenient::read(arguments)
                    .map_err(|malformed| ValidationError::new("argument", malformed.message))?;
                PreparedStart::of(&params, key)
            },
            same_request: |one, other| {
                let read = |value: &Value| lenient::read::<P>(vec![value.clone()]).ok();
                read(one).is_some_and(|one| read(other).as_ref() == Some(&one))
            },
            does: P::DOES,
            handlers: P::handlers,
            positional: P::POSITIONAL,
            schemas: |generator| [generator.subschema_for::<P>(), generator.subschema_for::<P::Answer>()],
        }
    }
}

macro_rules! list {
    ($($workflow:ident: $params:ident;)+) => {
        /// Every workflow of ttai.
        #[must_use]
        pub fn workflows() -> Vec<WorkflowEntry> {
            vec![$(WorkflowEntry::of::<$crate::$params>()),+]
        }
    };
}
for_each_workflow!(list);

/// The workflow of that type.
#[must_use]
pub fn workflow(name: &str) -> Option<WorkflowEntry> {
    workflows().into_iter().find(|workflow| workflow.name == name)
}

/// `AAPL · full analysis · csp`.
fn analysis_summary(kind: &str, labels: &Labels) -> String {
    let symbol = labels.symbol.as_ref().map(Symbol::as_str);
    [symbol, Some(kind), labels.strategy].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

macro_rules! analysis {
    ($params:ty, $workflow:literal, $answer:ty, $kind:literal, $timeout:expr, $strategy:expr) => {
        impl Arguments for $params {}

        impl WorkflowParams for $params {
            const WORKFLOW: &'static str = $workflow;
            const QUEUE: TaskQueue = TaskQueue::Analysis;
            type Answer = $answer;
            type Status = AnalysisProgress;
            const EXECUTION_TIMEOUT: Option<Duration> = Some($timeout);

            fn id(&self, key: &str) -> String {
                ids::analysis(&self.subject.symbol, key)
            }
            fn labels(&self) -> Labels {
                let strategy: fn(&Self) -> Option<&'static str> = $strategy;
                Labels {
                    user: self.subject.user_id.clone(),
                    symbol: Some(self.subject.symbol.clone()),
                    strategy: strategy(self),
                }
            }
            fn summary(&self) -> String {
                analysis_summary($kind, &self.labels())
            }
            fn task_timeout(&self) -> Option<Duration> {
                self.subject.drill.then_some(DRILL_TASK_TIMEOUT)
            }
        }

        impl AnalysisRequest for $params {
            fn subject(&self) -> &Subject {
                &self.subject
            }
        }
    };
}

/// A notification may take its whole lifetime after the analysis.
const WITH_NOTIFICATION: Duration =
    ANALYSIS_EXECUTION_TIMEOUT.saturating_mul(2).saturating_add(Duration::from_secs(3600));

analysis!(
    ChartAnalysisParams,
    "ChartAnalysisWorkflow",
    ChartAnalysisResult,
    "chart analysis",
    ANALYSIS_EXECUTION_TIMEOUT,
    |_| None
);
analysis!(
    OptionsAnalysisParams,
    "OptionsAnalysisWorkflow",
    OptionsAnalysisResult,
    "options analysis",
    ANALYSIS_EXECUTION_TIMEOUT,
    |params| Some(params.trade.strategy.as_str())
);
analysis!(
    ResearchAnalysisParams,
    "ResearchAnalysisWorkflow",
    ResearchAnalysisResult,
    "research analysis",
    ANALYSIS_EXECUTION_TIMEOUT,
    |_| None
);
analysis!(
    FullAnalysisParams,
    "FullAnalysisWorkflow",
    FullAnalysisResult,
    "full analysis",
    ANALYSIS_EXECUTION_TIMEOUT,
    |params| Some(params.trade.strategy.as_str())
);
analysis!(AnalysisParams, "AnalysisWorkflow", AnalysisResult, "analysis", WITH_NOTIFICATION, |params| {
    (params.analysis_type != AnalysisType::ChartAnalysis).then(|| params.trade.strategy.as_str())
});

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn summaries_read_like_a_desk() {
        let aapl = || "aapl".parse::<Symbol>().unwrap();
        assert_eq!(FullAnalysisParams::new(aapl()).summary(), "AAPL · full analysis · csp");
        assert_eq!(ResearchAnalysisParams::new(aapl()).summary(), "AAPL · research analysis");
        assert_eq!(AnalysisParams::new(AnalysisType::ChartAnalysis, aapl()).summary(), "AAPL · analysis");
    }

    #[test]
    fn a_start_by_name_is_the_typed_start() {
        let entry = workflow("FullAnalysisWorkflow").unwrap();
        let typed = FullAnalysisParams::new("AAPL".parse().unwrap());
        let prepared = (entry.prepare)(vec![json!({"symbol": "aapl"})], "k").unwrap();
        assert_eq!(prepared, PreparedStart::of(&typed, "k").unwrap());
        assert!((entry.prepare)(vec![json!({"symbol": "aapl"})], "k k").is_err());
        assert!((entry.prepare)(vec![json!({"simbol": "aapl"})], "k").is_err());
    }

    #[test]
    fn a_request_is_the_same_however_it_is_spelt() {
        let same = workflow("FullAnalysisWorkflow").unwrap().same_request;
        let request = json!({"symbol": "AAPL", "strategy": "csp"});
        assert!(same(&request, &json!({"symbol": "aapl", "includeChartImage": true})));
        assert!(!same(&request, &json!({"symbol": "AAPL", "strategy": "spread"})));
        assert!(!same(&json!("?"), &json!("?")));
    }
}
