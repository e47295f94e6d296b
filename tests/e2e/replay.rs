//! Every recorded history fits the workflows as they are now; a workflow in another order does not.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use temporalio_client::WorkflowHistory;
use temporalio_common::error::ApplicationFailure;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_protos::temporal::api::enums::v1::EventType;
use temporalio_protos::temporal::api::history::v1::{History, HistoryEvent, history_event::Attributes};
use temporalio_sdk::workflow_replayer::{
    WorkflowReplayError, WorkflowReplayFailure, WorkflowReplayer, WorkflowReplayerOptions,
};
use temporalio_workflow::{ActivityOptions, WorkflowContext, WorkflowResult, WorkflowTermination};
use ttai_contract::policy::ActivityPolicy;
use ttai_contract::{
    ChartAnalysis, FullAnalysisParams, FullAnalysisResult, Lenient, OptionsAnalysis, OptionsAnalysisParams,
    policy, workflows,
};

use ttai_core::Symbol;

use crate::lab::within;

/// What the names of the recorded histories must cover, and an event that each of them must have. An attempt that was
/// tried again shows as the start of a later one.
const SUBJECTS: [(&str, EventType); 8] = [
    ("plain", EventType::WorkflowExecutionCompleted),
    ("retry", EventType::ActivityTaskStarted),
    ("kill", EventType::ActivityTaskStarted),
    ("cancellation", EventType::WorkflowExecutionCanceled),
    ("rejected-at-chart", EventType::WorkflowExecutionCompleted),
    ("rejected-at-options", EventType::WorkflowExecutionCompleted),
    ("rejected-at-research", EventType::WorkflowExecutionCompleted),
    ("failure", EventType::WorkflowExecutionFailed),
];

/// Where the histories lie.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../workflows/histories")
}

/// The histories by name.
fn histories() -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let name = path.file_stem().context("a file without a name")?.to_string_lossy().into_owned();
            found.insert(name, fs::read(&path)?);
        }
    }
    Ok(found)
}

fn workflow_type(history: &History) -> Option<&str> {
    match history.events.first()?.attributes.as_ref()? {
        Attributes::WorkflowExecutionStartedEventAttributes(started) => {
            Some(started.workflow_type.as_ref()?.name.as_str())
        }
        _ => None,
    }
}

#[tokio::test]
async fn every_recorded_history_replays() -> anyhow::Result<()> {
    macro_rules! replayer {
        ($($workflow:ident: $params:ident;)+) => {
            WorkflowReplayer::new(
                WorkflowReplayerOptions::new()$(.register_workflow::<ttai_workflows::$workflow>()?)+.build(),
            )?
        };
    }
    let replayer = ttai_contract::for_each_workflow!(replayer);
    for (name, history) in histories()? {
        let history = WorkflowHistory::from_json(&history)?;
        within("a replay", replayer.replay_workflow(history)).await?.context(name)?;
    }
    Ok(())
}

#[test]
fn the_recorded_histories_cover_every_workflow_and_every_turn_of_events() -> anyhow::Result<()> {
    let mut histories: BTreeMap<String, History> = BTreeMap::new();
    for (name, history) in self::histories()? {
        histories.insert(name, serde_json::from_slice(&history)?);
    }
    for (subject, event) in SUBJECTS {
        let mut about = histories.iter().filter(|(name, _)| name.contains(subject)).peekable();
        ensure!(about.peek().is_some(), "no history of: {subject}");
        for (name, history) in about {
            let has = |e: &HistoryEvent| {
                e.event_type() == event && (event != EventType::ActivityTaskStarted || is_repeat(e))
            };
            ensure!(history.events.iter().any(has), "{name} has no {event:?}");
        }
    }
    for workflow in workflows() {
        let known = histories.values().any(|history| workflow_type(history) == Some(workflow.name));
        ensure!(known, "no history of {}", workflow.name);
    }
    Ok(())
}

fn is_repeat(event: &HistoryEvent) -> bool {
    matches!(&event.attributes, Some(Attributes::ActivityTaskStartedEventAttributes(started)) if started.attempt > 1)
}

/// A full analysis that begins with its second stage.
#[workflow]
#[derive(Default)]
struct OptionsFirst;

#[workflow_methods]
impl OptionsFirst {
    #[run(name = "FullAnalysisWorkflow")]
    async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Lenient<FullAnalysisParams>,
    ) -> WorkflowResult<FullAnalysisResult> {
        let symbol = begin(argument)?;
        let input = OptionsAnalysisParams::new(symbol);
        drop(ctx.execute_activity(OptionsAnalysis, input, once(&policy::OPTIONS_ANALYSIS)).await);
        Err(enough())
    }
}

/// The same with its first stage first, to show that it is the order that makes the difference.
#[workflow]
#[derive(Default)]
struct ChartFirst;

#[workflow_methods]
impl ChartFirst {
    #[run(name = "FullAnalysisWorkflow")]
    async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Lenient<FullAnalysisParams>,
    ) -> WorkflowResult<FullAnalysisResult> {
        let symbol = begin(argument)?;
        let input = FullAnalysisParams::new(symbol).chart_params();
        drop(ctx.execute_activity(ChartAnalysis, input, once(&policy::CHART_ANALYSIS)).await);
        Err(enough())
    }
}

/// What a full analysis does before its first stage.
fn begin(argument: Lenient<FullAnalysisParams>) -> WorkflowResult<Symbol> {
    argument.into_result().map(|params| params.subject.symbol).map_err(|_| enough())
}

fn once(policy: &ActivityPolicy) -> ActivityOptions {
    ActivityOptions::with_start_to_close_timeout(policy.start_to_close)
        .maybe_task_queue(policy.queue.map(|queue| queue.name().to_owned()))
        .build()
}

fn enough() -> WorkflowTermination {
    ApplicationFailure::builder("one stage is enough here".to_owned()).non_retryable(true).build().into()
}

/// Replays the history of a full analysis whose first stage failed.
async fn replay_failure_with(
    options: WorkflowReplayerOptions,
) -> anyhow::Result<Result<(), WorkflowReplayError>> {
    let histories = histories()?;
    let history = histories.get("full-analysis-failure").context("the history of a failure")?;
    let replayer = WorkflowReplayer::new(options)?;
    within("a replay", replayer.replay_workflow(WorkflowHistory::from_json(history)?)).await
}

#[tokio::test]
async fn another_order_of_the_stages_does_not_replay() -> anyhow::Result<()> {
    let chart = WorkflowReplayerOptions::new().register_workflow::<ChartFirst>()?.build();
    replay_failure_with(chart).await??;
    let options = WorkflowReplayerOptions::new().register_workflow::<OptionsFirst>()?.build();
    let Err(WorkflowReplayError::Replay(WorkflowReplayFailure::Nondeterminism { message })) =
        replay_failure_with(options).await?
    else {
        bail!("a changed order went unnoticed");
    };
    assert!(message.contains("options_analysis_activity"), "{message}");
    Ok(())
}
