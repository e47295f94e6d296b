//! Every activity of every workflow fails once before its work, fails once after its effect, and is lost once with its
//! worker: the outcome, answered and saved, is that of an undisturbed run. All cases run at once on one server; a worker's loss is simulated by an
//! attempt that falls silent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use serde_json::{Value, json};
use temporalio_common::error::ApplicationFailure;
use temporalio_sdk::activities::ActivityError;
use temporalio_sdk::interceptors::{
    ActivityInboundInterceptor, ExecuteActivityInput, ExecuteActivityOutput, Next,
};
use tokio_util::sync::CancellationToken;
use ttai_client::{AnyRun, ClientError};
use ttai_contract::call::LOST_ATTEMPTS;
use ttai_contract::{FailureType, WorkflowEntry, workflows};

use crate::kills::drill;
use crate::lab::Lab;
use crate::requests;

/// What happens to the first attempt of an activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    /// It fails before it does anything.
    Before,
    /// It fails once all is done.
    After,
    /// It falls silent.
    Lost,
    /// Each attempt that gets to work falls silent, not only the first.
    AlwaysLost,
}

const SAVE: &str = "save_analysis_activity";

const FAULTS: [Fault; 3] = [Fault::Before, Fault::After, Fault::Lost];

/// Which activity of a run meets which fault, and what was called.
#[derive(Default)]
struct Plan {
    faults: BTreeMap<String, (String, Fault)>,
    calls: BTreeMap<String, Vec<String>>,
}

/// Plays the plan.
#[derive(Clone, Default)]
pub(crate) struct Saboteur {
    plan: Arc<Mutex<Plan>>,
    /// Ends the attempts that fell silent: a worker does not stop before its attempts.
    over: CancellationToken,
}

impl Saboteur {
    fn foresee(&self, workflow_id: &str, activity: &str, fault: Fault) {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        plan.faults.insert(workflow_id.to_owned(), (activity.to_owned(), fault));
    }

    fn calls(&self, workflow_id: &str) -> Vec<String> {
        let plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        plan.calls.get(workflow_id).cloned().unwrap_or_default()
    }

    /// Notes the call; the fault that it meets.
    fn meets(&self, workflow_id: &str, activity: &str) -> Option<Fault> {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        plan.calls.entry(workflow_id.to_owned()).or_default().push(activity.to_owned());
        let (_, fault) = plan.faults.get(workflow_id).filter(|(name, _)| name == activity)?.clone();
        if fault != Fault::AlwaysLost {
            plan.faults.remove(workflow_id);
        }
        Some(fault)
    }
}

impl ActivityInboundInterceptor for Saboteur {
    fn execute_activity<'a>(
        &'a self,
        input: ExecuteActivityInput,
        next: Next<'a, ExecuteActivityInput, ExecuteActivityOutput<'a>>,
    ) -> ExecuteActivityOutput<'a> {
        Box::pin(async move {
            let info = input.activity_info();
            let (workflow_id, attempt) = (info.workflow_id.clone().unwrap_or_default(), info.attempt);
            match self.meets(&workflow_id, &info.activity_type.clone()) {
                None => next.run(input).await,
                // This one knows how many were lost before it and does not begin.
                Some(Fault::AlwaysLost) if attempt > LOST_ATTEMPTS + 1 => next.run(input).await,
                Some(Fault::Before) => Err(outage()),
                Some(Fault::After) => {
                    next.run(input).await?;
                    Err(outage())
                }
                Some(Fault::Lost | Fault::AlwaysLost) => {
                    self.over.cancelled().await;
                    Err(outage())
                }
            }
        })
    }
}

fn outage() -> ActivityError {
    let failure = ApplicationFailure::builder("a fault was asked for".to_owned())
        .type_name(FailureType::ProviderUnavailableError.name().to_owned())
        .build();
    ActivityError::application(failure)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_activity_of_every_workflow_may_fail_or_be_lost_once() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let saboteur = Saboteur::default();
    let workers = lab.workers_here(saboteur.clone()).await?;
    for workflow in workflows().into_iter().filter(|workflow| !workflow.is_entity) {
        let calm = start(&lab, &workflow, "calm").await?;
        let expected = comparable(lab.outcome(workflow.name, &calm).await?);
        let expected_save = saved(&lab, &calm).await?;
        let activities: BTreeSet<String> = saboteur.calls(calm.workflow_id()).into_iter().collect();
        assert_eq!(expected_save.is_some(), activities.contains(SAVE), "{}", workflow.name);
        let mut runs = Vec::new();
        for (activity, fault) in activities.iter().flat_map(|activity| FAULTS.map(|fault| (activity, fault)))
        {
            let key = format!("{activity}-{fault:?}");
            saboteur.foresee(&id(&workflow, &key)?, activity, fault);
            runs.push((
                format!("{}, {key}", workflow.name),
                start(&lab, &workflow, &key).await?,
                activity,
                fault,
            ));
        }
        for (name, run, activity, fault) in runs {
            let answer = lab.outcome(workflow.name, &run).await.with_context(|| name.clone())?;
            assert_eq!(comparable(answer), expected, "{name}");
            let calls = saboteur.calls(run.workflow_id());
            let times = |calls: &[String]| calls.iter().filter(|call| *call == activity).count();
            let calm = times(&saboteur.calls(calm.workflow_id()));
            // On a busy machine an attempt more may be lost.
            assert!(times(&calls) > calm, "{name}: the fault was not met, or not tried again: {fault:?}");
            assert_eq!(saved(&lab, &run).await?, expected_save, "{name}: what is saved");
        }
    }
    saboteur.over.cancel();
    workers.stop().await
}

/// The sixth loss ends it, so that an input that kills its workers does not kill them for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_activity_that_ends_each_of_its_workers_fails_as_worker_lost() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let saboteur = Saboteur::default();
    let workers = lab.workers_here(saboteur.clone()).await?;
    let run = lab.client.start(&drill(), Some("deadly")).await?;
    saboteur.foresee(run.workflow_id(), "options_analysis_activity", Fault::AlwaysLost);
    let ClientError::Failed { kind, message, .. } = lab.refusal(&run).await? else {
        anyhow::bail!("the run did not fail");
    };
    assert_eq!(kind, FailureType::WorkerLostError.name(), "{message}");
    saboteur.over.cancel();
    workers.stop().await
}

/// What the run saved, if its workflow saves.
async fn saved(lab: &Lab, run: &AnyRun) -> anyhow::Result<Option<Value>> {
    Ok(lab.saved(run.workflow_id()).await?.map(|saved| comparable(saved.result)))
}

async fn start(lab: &Lab, workflow: &WorkflowEntry, key: &str) -> anyhow::Result<AnyRun> {
    Ok(lab
        .client
        .start_by_name(workflow.name, vec![request(workflow, key)], Some(&of(workflow, key)))
        .await?)
}

fn id(workflow: &WorkflowEntry, key: &str) -> anyhow::Result<String> {
    Ok((workflow.prepare)(vec![request(workflow, key)], &of(workflow, key))?.id)
}

fn of(workflow: &WorkflowEntry, key: &str) -> String {
    format!("{}-{key}", workflow.name)
}

/// What every workflow is asked: deaths are noticed within seconds, and nothing is drawn that nobody looks at.
fn request(workflow: &WorkflowEntry, key: &str) -> Value {
    let mut request = requests::request_of(workflow.name, key);
    request["drill"] = json!(true);
    match workflow.name {
        "AnalysisWorkflow" => request["notify_channels"] = json!(["log"]),
        "ChartAnalysisWorkflow" | "FullAnalysisWorkflow" => request["include_chart_image"] = json!(false),
        _ => {}
    }
    request
}

/// What one run says otherwise than another of the same: server times, ids of runs, and what came of runs before it.
const OF_THE_RUN: [&str; 11] = [
    "entered",
    "report",
    "synthesized_at",
    "completed_at",
    "run_time",
    "run",
    "changes",
    "stored",
    "rows_written",
    "rows_unchanged",
    // A position's name.
    "id",
];

/// The result without what is the run's own.
fn comparable(result: Value) -> Value {
    match result {
        Value::Object(fields) => {
            let own = |name: &String| OF_THE_RUN.contains(&name.as_str());
            let kept = fields.into_iter().map(|(name, value)| {
                let value = if own(&name) { Value::Null } else { comparable(value) };
                (name, value)
            });
            Value::Object(kept.collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(comparable).collect()),
        other => other,
    }
}
