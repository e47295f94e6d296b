//! Where a run is, as its history and the server's pending activities say it: no query, no worker, no action.

use std::time::{Duration, SystemTime};

use futures::{Stream, StreamExt, stream};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use temporalio_client::grpc::WorkflowService;
use temporalio_client::tonic::IntoRequest;
use temporalio_client::{NamespacedClient, WorkflowExecutionDescription};
use temporalio_common::protos::temporal::api::common::v1::{Payload, WorkflowExecution};
use temporalio_common::protos::temporal::api::enums::v1::PendingActivityState;
use temporalio_common::protos::temporal::api::failure::v1::Failure;
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::workflow::v1::PendingActivityInfo;
use temporalio_common::protos::temporal::api::workflowservice::v1::GetWorkflowExecutionHistoryRequest;
use ttai_contract::{AttemptProgress, ids};

use crate::error::ClientError;
use crate::payload;
use crate::run::AnyRun;

/// How long after one look into the history the next is taken. A stage takes a fraction of this, and each look costs the server.
const PACE: Duration = Duration::from_millis(500);
/// How often the server is asked for pending activities while a run is followed.
const LOOK: Duration = Duration::from_secs(2);
/// A task that nobody has taken for so long waits for a worker.
const UNTAKEN: Duration = Duration::from_secs(5);

/// How a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Under way.
    Running,
    /// Failed, and to be tried again.
    Retrying,
    /// Held by an operator.
    Paused,
    /// Done.
    Done,
    /// Gave up.
    Failed,
}

/// One activity of a run, or one of its children.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Step {
    /// The activity's type; the workflow's of a child.
    pub activity: String,
    /// How it stands.
    pub state: StepState,
    /// What it is doing, its last failure, or the first line of what came out.
    pub note: String,
    #[serde(skip)]
    scheduled: i64,
    #[serde(skip)]
    id: String,
}

/// All that a run did and is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RunProgress {
    /// Its activities in the order of their starts.
    pub steps: Vec<Step>,
    /// Whether nobody takes its tasks.
    pub waits_for_worker: bool,
    /// Why its workflow task fails, again and again, where it does: a worker's version that does not fit its history, or a panic.
    /// Nothing of the run goes on then.
    pub task_failure: Option<String>,
}

impl AnyRun {
    /// Where the run is now.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] past the server's retention.
    pub async fn progress(&self) -> Result<RunProgress, ClientError> {
        let mut progress = RunProgress::default();
        self.events().await?.iter().for_each(|event| progress.apply(event));
        progress.look(&self.description().await?);
        Ok(progress)
    }

    /// Follows the run until it ends, by long poll of its history; `seen` gets what changed in the last [`PACE`].
    ///
    /// # Errors
    /// [`ClientError::NotFound`], or a server that breaks off.
    pub async fn follow(&self, mut seen: impl FnMut(&RunProgress)) -> Result<(), ClientError> {
        let mut progress = RunProgress::default();
        let pages = self.new_events();
        tokio::pin!(pages);
        let mut look = tokio::time::interval_at(tokio::time::Instant::now() + LOOK, LOOK);
        loop {
            tokio::select! {
                page = pages.next() => match page {
                    Some(events) => events?.iter().for_each(|event| progress.apply(event)),
                    None => return Ok(()),
                },
                _ = look.tick() => progress.look(&self.description().await?),
            }
            seen(&progress);
        }
    }

    /// The history as it grows: what came since the page before, and not sooner than [`PACE`] after it.
    fn new_events(&self) -> impl Stream<Item = Result<Vec<HistoryEvent>, ClientError>> {
        stream::try_unfold(Some(Vec::new()), async |position| {
            let Some(next_page_token) = position else { return Ok(None) };
            tokio::time::sleep(PACE).await;
            let request = GetWorkflowExecutionHistoryRequest {
                namespace: self.client.client.namespace(),
                execution: Some(WorkflowExecution {
                    workflow_id: self.workflow_id().to_owned(),
                    run_id: String::new(),
                }),
                next_page_token,
                wait_new_event: true,
                ..Default::default()
            };
            let mut client = self.client.client.clone();
            let page = client.get_workflow_execution_history(request.into_request()).await;
            let page = page
                .map_err(|status| ClientError::status(self.workflow_id(), "follow the history", &status))?
                .into_inner();
            let further = Some(page.next_page_token).filter(|token| !token.is_empty());
            Ok(Some((page.history.unwrap_or_default().events, further)))
        })
    }
}

impl RunProgress {
    /// Takes over one event of the history.
    fn apply(&mut self, event: &HistoryEvent) {
        match &event.attributes {
            Some(Attributes::ActivityTaskScheduledEventAttributes(scheduled)) => {
                let activity =
                    scheduled.activity_type.as_ref().map(|kind| kind.name.clone()).unwrap_or_default();
                self.steps.push(Step {
                    activity,
                    state: StepState::Running,
                    note: String::new(),
                    scheduled: event.event_id,
                    id: scheduled.activity_id.clone(),
                });
            }
            Some(Attributes::ActivityTaskCompletedEventAttributes(completed)) => {
                let result = completed.result.as_ref().and_then(|result| result.payloads.first());
                self.end(
                    completed.scheduled_event_id,
                    StepState::Done,
                    result.map(headline).unwrap_or_default(),
                );
            }
            Some(Attributes::ActivityTaskFailedEventAttributes(failed)) => {
                let message = failed.failure.as_ref().map(|failure| failure.message.clone());
                self.end(failed.scheduled_event_id, StepState::Failed, message.unwrap_or_default());
            }
            Some(Attributes::ActivityTaskTimedOutEventAttributes(timed_out)) => {
                self.end(timed_out.scheduled_event_id, StepState::Failed, "timed out".to_owned());
            }
            Some(Attributes::ActivityTaskCanceledEventAttributes(canceled)) => {
                self.end(canceled.scheduled_event_id, StepState::Failed, "cancelled".to_owned());
            }
            Some(attributes) if self.apply_child(event.event_id, attributes) => {}
            Some(Attributes::MarkerRecordedEventAttributes(marker)) if marker.failure.is_none() => {
                let detail = |name: &str| marker.details.get(name).and_then(|detail| detail.payloads.first());
                let data = detail("data").and_then(|data| payload::to_json(data).ok());
                let Some(activity) = data.as_ref().and_then(|data| data.get("activity_type")?.as_str())
                else {
                    return;
                };
                self.steps.push(Step {
                    activity: activity.to_owned(),
                    state: StepState::Done,
                    note: detail("result").map(headline).unwrap_or_default(),
                    scheduled: event.event_id,
                    id: String::new(),
                });
            }
            Some(Attributes::WorkflowTaskFailedEventAttributes(failed)) => {
                self.task_failure = failed.failure.as_ref().map(|failure| failure.message.clone());
            }
            Some(Attributes::WorkflowTaskCompletedEventAttributes(_)) => self.task_failure = None,
            _ => {}
        }
        self.waits_for_worker = false;
    }

    /// Takes over an event of a child workflow, which is a step by its type; false for any other event.
    fn apply_child(&mut self, event_id: i64, attributes: &Attributes) -> bool {
        let why =
            |failure: Option<&Failure>| failure.map(|failure| failure.message.clone()).unwrap_or_default();
        let (initiated, failure) = match attributes {
            Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(child) => {
                self.steps.push(Step {
                    activity: child.workflow_type.as_ref().map(|kind| kind.name.clone()).unwrap_or_default(),
                    state: StepState::Running,
                    note: child_name(&child.workflow_id),
                    scheduled: event_id,
                    id: String::new(),
                });
                return true;
            }
            Attributes::ChildWorkflowExecutionCompletedEventAttributes(child) => {
                let result = child.result.as_ref().and_then(|result| result.payloads.first());
                self.end_child(
                    child.initiated_event_id,
                    StepState::Done,
                    &result.map(outcome).unwrap_or_default(),
                );
                return true;
            }
            Attributes::ChildWorkflowExecutionFailedEventAttributes(child) => {
                (child.initiated_event_id, why(child.failure.as_ref()))
            }
            Attributes::StartChildWorkflowExecutionFailedEventAttributes(child) => {
                (child.initiated_event_id, "not started".to_owned())
            }
            Attributes::ChildWorkflowExecutionTimedOutEventAttributes(child) => {
                (child.initiated_event_id, "timed out".to_owned())
            }
            Attributes::ChildWorkflowExecutionCanceledEventAttributes(child) => {
                (child.initiated_event_id, "cancelled".to_owned())
            }
            Attributes::ChildWorkflowExecutionTerminatedEventAttributes(child) => {
                (child.initiated_event_id, "terminated".to_owned())
            }
            _ => return false,
        };
        self.end_child(initiated, StepState::Failed, &failure);
        true
    }

    /// A child's name stays beside what came of it.
    fn end_child(&mut self, initiated: i64, state: StepState, outcome: &str) {
        if let Some(step) = self.steps.iter_mut().find(|step| step.scheduled == initiated) {
            step.state = state;
            if !outcome.is_empty() {
                step.note = format!("{}: {outcome}", step.note);
            }
        }
    }

    fn end(&mut self, scheduled: i64, state: StepState, note: String) {
        if let Some(step) = self.steps.iter_mut().find(|step| step.scheduled == scheduled) {
            step.state = state;
            step.note = note;
        }
    }

    /// Takes over what the server says about activities that are under way.
    fn look(&mut self, description: &WorkflowExecutionDescription) {
        let raw = description.raw();
        for pending in &raw.pending_activities {
            let of = |step: &&mut Step| {
                step.id == pending.activity_id
                    && matches!(step.state, StepState::Running | StepState::Retrying | StepState::Paused)
            };
            if let Some(step) = self.steps.iter_mut().find(of) {
                (step.state, step.note) = standing(pending);
            }
        }
        let untaken_task = raw.pending_workflow_task.as_ref().is_some_and(|task| {
            task.started_time.is_none()
                && waits(task.scheduled_time.and_then(|time| SystemTime::try_from(time).ok()))
        });
        let untaken_activity = raw.pending_activities.iter().any(|pending| {
            pending.state() == PendingActivityState::Scheduled
                && waits(pending.scheduled_time.and_then(|time| SystemTime::try_from(time).ok()))
        });
        self.waits_for_worker = untaken_task || untaken_activity;
    }
}

impl AnyRun {
    /// What the run's pending activity of this type last reported of itself; none where none is pending, or it has not yet. It is no
    /// action, and as old as a heartbeat may be.
    pub(crate) async fn reported<T: DeserializeOwned>(
        &self,
        activity: &str,
    ) -> Result<Option<T>, ClientError> {
        let description = self.description().await?;
        let is_it = |pending: &&PendingActivityInfo| {
            pending.activity_type.as_ref().is_some_and(|kind| kind.name == activity)
        };
        let report = description
            .raw()
            .pending_activities
            .iter()
            .find(is_it)
            .and_then(beat)
            .and_then(|beat| beat.report);
        Ok(report.and_then(|report| serde_json::from_value(report).ok()))
    }
}

/// The details of its last heartbeat.
fn beat(pending: &PendingActivityInfo) -> Option<AttemptProgress> {
    let details = pending.heartbeat_details.as_ref()?.payloads.first()?;
    serde_json::from_slice(&details.data).ok()
}

fn waits(since: Option<SystemTime>) -> bool {
    since.and_then(|since| since.elapsed().ok()).is_some_and(|time| time > UNTAKEN)
}

/// How a pending activity stands: its last failure while it waits for the next attempt, else what it is doing.
fn standing(pending: &PendingActivityInfo) -> (StepState, String) {
    let failure = pending.last_failure.as_ref().map(|failure| failure.message.clone());
    if pending.paused {
        return (StepState::Paused, "paused by an operator".to_owned());
    }
    match failure {
        Some(failure) if pending.state() == PendingActivityState::Scheduled => (StepState::Retrying, failure),
        _ => (StepState::Running, beat(pending).map(|beat| beat.step).unwrap_or_default()),
    }
}

/// The first line of a stage's text.
fn headline(result: &Payload) -> String {
    const TEXTS: [&str; 4] = ["chart_notes", "options_notes", "research_notes", "rationale"];
    let Ok(result) = payload::to_json(result) else { return String::new() };
    if let Some(rows) = rows_of_sync(&result) {
        return rows;
    }
    let text = TEXTS.iter().find_map(|name| result.get(*name).and_then(Value::as_str));
    text.and_then(|text| text.lines().next()).unwrap_or_default().to_owned()
}

/// The symbol of an analysis, else the child's id.
fn child_name(workflow_id: &str) -> String {
    ids::symbol_of_analysis(workflow_id).map_or_else(|| workflow_id.to_owned(), |symbol| symbol.to_string())
}

/// What came of a child: a verdict, or how many picks.
fn outcome(result: &Payload) -> String {
    let Ok(result) = payload::to_json(result) else { return String::new() };
    if let Some(verdict) = result.get("overall_recommendation").and_then(Value::as_str) {
        return verdict.replace('_', " ");
    }
    let counted = result.get("recommendations_count").and_then(Value::as_u64);
    let listed = result.get("picks").and_then(Value::as_array).map(|picks| picks.len() as u64);
    match counted.or(listed) {
        Some(1) => "1 pick".to_owned(),
        Some(count) => format!("{count} picks"),
        None => String::new(),
    }
}

/// `AAPL and 49 more: 120 rows read, 3 written`, where the answer is what became of resources of a sync.
fn rows_of_sync(answer: &Value) -> Option<String> {
    let resources = answer.as_array()?;
    let name = |resource: &Value| Some(resource.get("resource")?.as_str()?.to_owned());
    let first = name(resources.first()?)?;
    let sum = |field: &str| resources.iter().filter_map(|one| one.get(field)?.as_u64()).sum::<u64>();
    let others = match resources.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let failed = resources.iter().filter(|one| one.get("error").is_some_and(Value::is_string)).count();
    let failed = if failed == 0 { String::new() } else { format!(", {failed} failed") };
    Some(format!("{first}{others}: {} rows read, {} written{failed}", sum("rows_read"), sum("rows_written")))
}

#[cfg(test)]
mod tests {
    use temporalio_common::protos::temporal::api::common::v1::{ActivityType, Payloads, WorkflowType};
    use temporalio_common::protos::temporal::api::history::v1::{
        ActivityTaskCompletedEventAttributes, ActivityTaskScheduledEventAttributes,
        ChildWorkflowExecutionCompletedEventAttributes, StartChildWorkflowExecutionInitiatedEventAttributes,
    };

    use super::*;

    fn event(event_id: i64, attributes: Attributes) -> HistoryEvent {
        HistoryEvent { event_id, attributes: Some(attributes), ..Default::default() }
    }

    #[test]
    fn the_history_says_what_is_under_way_and_what_came_out() {
        let mut progress = RunProgress::default();
        let scheduled = ActivityTaskScheduledEventAttributes {
            activity_id: "1".to_owned(),
            activity_type: Some(ActivityType { name: "chart_analysis_activity".to_owned() }),
            ..Default::default()
        };
        progress.apply(&event(5, Attributes::ActivityTaskScheduledEventAttributes(scheduled)));
        assert_eq!(progress.steps[0].state, StepState::Running);
        let data = br#"{"chart_notes":"Bullish.\nMore"}"#.to_vec();
        let completed = ActivityTaskCompletedEventAttributes {
            scheduled_event_id: 5,
            result: Some(Payloads { payloads: vec![Payload { data, ..Default::default() }] }),
            ..Default::default()
        };
        progress.apply(&event(7, Attributes::ActivityTaskCompletedEventAttributes(completed)));
        assert_eq!((progress.steps[0].state, progress.steps[0].note.as_str()), (StepState::Done, "Bullish."));
    }

    #[test]
    fn a_child_is_a_step_with_what_came_of_it() {
        let mut progress = RunProgress::default();
        let child = |event_id, id: &str| {
            let initiated = StartChildWorkflowExecutionInitiatedEventAttributes {
                workflow_id: id.to_owned(),
                workflow_type: Some(WorkflowType { name: "FullAnalysisWorkflow".to_owned() }),
                ..Default::default()
            };
            event(event_id, Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(initiated))
        };
        progress.apply(&child(5, "analysis-F-csp-screener-k"));
        progress.apply(&child(6, "analysis-T-csp-screener-k"));
        let data = br#"{"overall_recommendation":"strong_select"}"#.to_vec();
        let completed = ChildWorkflowExecutionCompletedEventAttributes {
            initiated_event_id: 5,
            result: Some(Payloads { payloads: vec![Payload { data, ..Default::default() }] }),
            ..Default::default()
        };
        progress.apply(&event(9, Attributes::ChildWorkflowExecutionCompletedEventAttributes(completed)));
        let steps: Vec<_> = progress.steps.iter().map(|step| (step.state, step.note.as_str())).collect();
        assert_eq!(steps, [(StepState::Done, "F: strong select"), (StepState::Running, "T")]);
    }

    #[test]
    fn a_syncs_answer_is_said_in_rows() {
        let of = |answer: Value| rows_of_sync(&answer);
        let one = serde_json::json!({"resource": "AAPL", "rows_read": 120, "rows_written": 3});
        let other = serde_json::json!({"resource": "ZZZZ", "rows_read": 0, "error": "unknown"});
        assert_eq!(of(serde_json::json!([one])).as_deref(), Some("AAPL: 120 rows read, 3 written"));
        let both = of(serde_json::json!([one, other]));
        assert_eq!(both.as_deref(), Some("AAPL and 1 more: 120 rows read, 3 written, 1 failed"));
        assert_eq!((of(serde_json::json!(["AAPL"])), of(serde_json::json!([])), of(one)), (None, None, None));
    }

    #[test]
    fn a_pending_attempt_shows_its_last_failure_or_its_step() {
        let waiting = PendingActivityInfo {
            state: PendingActivityState::Scheduled.into(),
            last_failure: Some(Failure { message: "down".to_owned(), ..Default::default() }),
            ..Default::default()
        };
        assert_eq!(standing(&waiting), (StepState::Retrying, "down".to_owned()));
        let data = br#"{"answers":1,"step":"reading bars"}"#.to_vec();
        let details = Payloads { payloads: vec![Payload { data, ..Default::default() }] };
        let running = PendingActivityInfo {
            state: PendingActivityState::Started.into(),
            heartbeat_details: Some(details),
            ..waiting
        };
        assert_eq!(standing(&running), (StepState::Running, "reading bars".to_owned()));
    }
}
