//! Schedules on the server: compared with what is wanted, brought to it, looked at, and what an operator does with them.
//!
//! The requests are raw: the SDK's options for schedules have no catch-up window, and their starts no timeouts, search
//! attributes or summary.

mod difference;
mod handle;
mod wanted;

use std::collections::BTreeMap;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use temporalio_client::NamespacedClient;
use temporalio_client::grpc::WorkflowService;
use temporalio_client::tonic::{Code, IntoRequest, Status};
use temporalio_common::protos::temporal::api::common::v1::Memo;
use temporalio_common::protos::temporal::api::schedule::v1::{
    BackfillRequest, Schedule, ScheduleActionResult, SchedulePatch, TriggerImmediatelyRequest,
};
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    CreateScheduleRequest, DeleteScheduleRequest, DescribeScheduleRequest, DescribeScheduleResponse,
    ListScheduleMatchingTimesRequest, ListSchedulesRequest, PatchScheduleRequest, UpdateScheduleRequest,
};

use crate::connect::TtaiClient;
use crate::error::ClientError;
use crate::listing::RunStatus;
use crate::payload;
use difference::{differences, facts};
use wanted::{MADE_BY, TTAI, memo_of_schedules};

pub use difference::ScheduleDifference;
pub use handle::ScheduleHandle;
pub use ttai_core::ScheduleOverlap;
pub use wanted::{CalendarRule, RuleDays, WantedSchedule};

/// How often a schedule that others change at the same time is tried.
const MOST_TRIES: usize = 8;
/// Schedules a page.
const PAGE: i32 = 100;

/// What a schedule needed, or would need, to be as it is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleOutcome {
    /// It was not there.
    Created,
    /// It differed in these facts.
    Updated(Vec<ScheduleDifference>),
    /// Nothing.
    Unchanged,
}

/// A run that a schedule started.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ScheduledRun {
    /// When it was due.
    pub due_at: Option<DateTime<Utc>>,
    /// When it began.
    pub began_at: Option<DateTime<Utc>>,
    /// Its workflow id.
    pub workflow_id: String,
    /// Its run id.
    pub run_id: String,
    /// How it stood when the schedule last heard of it.
    pub status: RunStatus,
}

/// A schedule as the server has it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ScheduleDescription {
    /// Its id.
    pub id: String,
    /// Whether ttai made it.
    pub made_by_ttai: bool,
    /// Whether it starts nothing until it is resumed.
    pub paused: bool,
    /// Who paused or resumed it, and why.
    pub note: String,
    /// What it says: each fact's name with what holds.
    pub facts: BTreeMap<String, Vec<String>>,
    /// When it starts next, as far as the server says: some ten times.
    pub next: Vec<DateTime<Utc>>,
    /// What it started last, oldest first.
    pub recent: Vec<ScheduledRun>,
    /// The workflow ids of what runs now.
    pub running: Vec<String>,
    /// How many runs it started.
    pub started: i64,
    /// How many it left out because they were later than the catch-up window.
    pub missed: i64,
    /// How many it left out because the one before still ran.
    pub skipped: i64,
}

impl TtaiClient {
    /// What [`TtaiClient::apply_schedule`] would do.
    ///
    /// # Errors
    /// A server that refuses or does not answer.
    pub async fn compare_schedule(&self, wanted: &WantedSchedule) -> Result<ScheduleOutcome, ClientError> {
        let schedule = wanted.on_the_wire(self.market)?;
        let Some(found) = self.described(&wanted.id).await? else { return Ok(ScheduleOutcome::Created) };
        let differences = differences(&found.schedule.unwrap_or_default(), &schedule);
        Ok(match differences.is_empty() {
            true => ScheduleOutcome::Unchanged,
            false => ScheduleOutcome::Updated(differences),
        })
    }

    /// Brings a schedule to what is wanted, and reads back that it is so. Whether it is paused stays as it is.
    ///
    /// An update goes with the token of what was read before it: where somebody changed the schedule in between, the server
    /// refuses it, or drops it without a word, and it is tried again over what is there now.
    ///
    /// # Errors
    /// A server that refuses or does not answer, or somebody who changes the schedule all the time. It may have been
    /// changed all the same; to apply it again is safe.
    pub async fn apply_schedule(&self, wanted: &WantedSchedule) -> Result<ScheduleOutcome, ClientError> {
        let schedule = wanted.on_the_wire(self.market)?;
        let mut outcome = ScheduleOutcome::Unchanged;
        for _ in 0..MOST_TRIES {
            let Some(found) = self.described(&wanted.id).await? else {
                if self.create(&wanted.id, &schedule).await? {
                    outcome = ScheduleOutcome::Created;
                }
                continue;
            };
            let has = found.schedule.unwrap_or_default();
            let differences = differences(&has, &schedule);
            if differences.is_empty() {
                return Ok(outcome);
            }
            if outcome == ScheduleOutcome::Unchanged {
                outcome = ScheduleOutcome::Updated(differences);
            }
            self.update(&wanted.id, &has, &schedule, found.conflict_token).await?;
        }
        let detail = format!("{}: it is being changed by somebody else all the time", wanted.id);
        Err(ClientError::Server { call: "apply a schedule", detail })
    }

    /// False where it is there already.
    async fn create(&self, id: &str, schedule: &Schedule) -> Result<bool, ClientError> {
        let request = CreateScheduleRequest {
            namespace: self.client.namespace(),
            schedule_id: id.to_owned(),
            schedule: Some(schedule.clone()),
            identity: self.client.identity(),
            request_id: request_id(),
            memo: Some(memo_of_schedules()?),
            ..Default::default()
        };
        let mut client = self.client.clone();
        match self
            .within(
                "create a schedule",
                WorkflowService::create_schedule(&mut client, request.into_request()),
            )
            .await?
        {
            Ok(_) => Ok(true),
            Err(status) if status.code() == Code::AlreadyExists => Ok(false),
            Err(status) => Err(failed(id, "create a schedule", &status)),
        }
    }

    /// Says nothing where somebody was faster: what is there is read again anyway.
    async fn update(
        &self,
        id: &str,
        has: &Schedule,
        wanted: &Schedule,
        conflict_token: Vec<u8>,
    ) -> Result<(), ClientError> {
        let mut state = has.state.clone().unwrap_or_default();
        (state.limited_actions, state.remaining_actions) = (false, 0);
        let request = UpdateScheduleRequest {
            namespace: self.client.namespace(),
            schedule_id: id.to_owned(),
            schedule: Some(Schedule { state: Some(state), ..wanted.clone() }),
            conflict_token,
            identity: self.client.identity(),
            request_id: request_id(),
            ..Default::default()
        };
        let mut client = self.client.clone();
        match self.within("update a schedule", client.update_schedule(request.into_request())).await? {
            Ok(_) => Ok(()),
            Err(status) if is_conflict(&status) => Ok(()),
            Err(status) => Err(failed(id, "update a schedule", &status)),
        }
    }

    async fn described(&self, id: &str) -> Result<Option<DescribeScheduleResponse>, ClientError> {
        let request =
            DescribeScheduleRequest { namespace: self.client.namespace(), schedule_id: id.to_owned() };
        let mut client = self.client.clone();
        match self.within("describe a schedule", client.describe_schedule(request.into_request())).await? {
            Ok(answer) => Ok(Some(answer.into_inner())),
            Err(status) if status.code() == Code::NotFound => Ok(None),
            Err(status) => Err(failed(id, "describe a schedule", &status)),
        }
    }

    /// The schedule of that id; none where the server has none.
    ///
    /// # Errors
    /// A server that refuses or does not answer.
    pub async fn schedule(&self, id: &str) -> Result<Option<ScheduleDescription>, ClientError> {
        Ok(self.described(id).await?.map(|found| description(id, found)))
    }

    /// The ids of the schedules that ttai made, in order. One that was made a moment ago may be missing.
    ///
    /// # Errors
    /// A server that refuses or does not answer.
    pub async fn schedule_ids(&self) -> Result<Vec<String>, ClientError> {
        let (mut ids, mut next_page_token) = (Vec::new(), Vec::new());
        loop {
            let request = ListSchedulesRequest {
                namespace: self.client.namespace(),
                maximum_page_size: PAGE,
                next_page_token,
                ..Default::default()
            };
            let mut client = self.client.clone();
            let page = self
                .within(
                    "list schedules",
                    WorkflowService::list_schedules(&mut client, request.into_request()),
                )
                .await?;
            let page = page.map_err(|status| failed("", "list schedules", &status))?.into_inner();
            let ours = page.schedules.into_iter().filter(|entry| is_made_by_ttai(entry.memo.as_ref()));
            ids.extend(ours.map(|entry| entry.schedule_id));
            if page.next_page_token.is_empty() {
                ids.sort();
                return Ok(ids);
            }
            next_page_token = page.next_page_token;
        }
    }

    /// The times from `from` to `to` at which the server starts what the schedule says, whether it is paused or not.
    ///
    /// # Errors
    /// [`ClientError::NoSchedule`], or a server that refuses or does not answer.
    pub async fn schedule_times(
        &self,
        id: &str,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<DateTime<Utc>>, ClientError> {
        let request = ListScheduleMatchingTimesRequest {
            namespace: self.client.namespace(),
            schedule_id: id.to_owned(),
            start_time: Some(SystemTime::from(from).into()),
            end_time: Some(SystemTime::from(to).into()),
        };
        let mut client = self.client.clone();
        let call = client.list_schedule_matching_times(request.into_request());
        let answer = self.within("list a schedule's times", call).await?;
        let answer = answer.map_err(|status| failed(id, "list a schedule's times", &status))?;
        Ok(answer.into_inner().start_time.into_iter().filter_map(moment).collect())
    }

    /// Starts nothing any more until it is resumed; `note` says who and why.
    ///
    /// # Errors
    /// [`ClientError::NoSchedule`], or a server that refuses or does not answer.
    pub async fn pause_schedule(&self, id: &str, note: &str) -> Result<(), ClientError> {
        self.patch(id, SchedulePatch { pause: note.to_owned(), ..Default::default() }).await
    }

    /// Ends the pause.
    ///
    /// # Errors
    /// As [`TtaiClient::pause_schedule`].
    pub async fn resume_schedule(&self, id: &str, note: &str) -> Result<(), ClientError> {
        self.patch(id, SchedulePatch { unpause: note.to_owned(), ..Default::default() }).await
    }

    /// Starts its workflow now, as far as its overlap policy lets it, even while it is paused.
    ///
    /// # Errors
    /// As [`TtaiClient::pause_schedule`].
    pub async fn trigger_schedule(&self, id: &str) -> Result<(), ClientError> {
        let trigger = TriggerImmediatelyRequest::default();
        self.patch(id, SchedulePatch { trigger_immediately: Some(trigger), ..Default::default() }).await
    }

    /// Starts what was due from `from` to `to`, one after another unless `overlap` says otherwise.
    ///
    /// # Errors
    /// As [`TtaiClient::pause_schedule`].
    pub async fn backfill_schedule(
        &self,
        id: &str,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        overlap: ScheduleOverlap,
    ) -> Result<(), ClientError> {
        let request = BackfillRequest {
            start_time: Some(SystemTime::from(from).into()),
            end_time: Some(SystemTime::from(to).into()),
            overlap_policy: wanted::overlap_policy(overlap) as i32,
        };
        self.patch(id, SchedulePatch { backfill_request: vec![request], ..Default::default() }).await
    }

    async fn patch(&self, id: &str, patch: SchedulePatch) -> Result<(), ClientError> {
        let request = PatchScheduleRequest {
            namespace: self.client.namespace(),
            schedule_id: id.to_owned(),
            patch: Some(patch),
            identity: self.client.identity(),
            request_id: request_id(),
        };
        let mut client = self.client.clone();
        let answer = self.within("change a schedule", client.patch_schedule(request.into_request())).await?;
        answer.map(|_| ()).map_err(|status| failed(id, "change a schedule", &status))
    }

    /// Deletes it; what it started goes on. False where there was none.
    ///
    /// # Errors
    /// A server that refuses or does not answer.
    pub async fn delete_schedule(&self, id: &str) -> Result<bool, ClientError> {
        let request = DeleteScheduleRequest {
            namespace: self.client.namespace(),
            schedule_id: id.to_owned(),
            identity: self.client.identity(),
        };
        let mut client = self.client.clone();
        match self.within("delete a schedule", client.delete_schedule(request.into_request())).await? {
            Ok(_) => Ok(true),
            Err(status) if status.code() == Code::NotFound => Ok(false),
            Err(status) => Err(failed(id, "delete a schedule", &status)),
        }
    }
}

fn is_made_by_ttai(memo: Option<&Memo>) -> bool {
    let maker = memo.and_then(|memo| memo.fields.get(MADE_BY));
    maker.and_then(|maker| payload::to_json(maker).ok()).is_some_and(|maker| maker == TTAI)
}

fn request_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

fn is_conflict(status: &Status) -> bool {
    matches!(status.code(), Code::FailedPrecondition | Code::Aborted)
}

fn failed(id: &str, call: &'static str, status: &Status) -> ClientError {
    match status.code() {
        Code::NotFound => ClientError::NoSchedule(id.to_owned()),
        _ => ClientError::Server { call, detail: status.message().to_owned() },
    }
}

fn moment<T: TryInto<SystemTime>>(time: T) -> Option<DateTime<Utc>> {
    time.try_into().ok().map(Into::into)
}

fn description(id: &str, found: DescribeScheduleResponse) -> ScheduleDescription {
    let schedule = found.schedule.unwrap_or_default();
    let info = found.info.unwrap_or_default();
    let facts = facts(&schedule);
    let state = schedule.state.unwrap_or_default();
    ScheduleDescription {
        id: id.to_owned(),
        made_by_ttai: is_made_by_ttai(found.memo.as_ref()),
        paused: state.paused,
        note: state.notes,
        facts: facts.into_iter().map(|(name, held)| (name.to_owned(), held.into_iter().collect())).collect(),
        next: info.future_action_times.into_iter().filter_map(moment).collect(),
        recent: info.recent_actions.into_iter().map(scheduled_run).collect(),
        running: info.running_workflows.into_iter().map(|run| run.workflow_id).collect(),
        started: info.action_count,
        missed: info.missed_catchup_window,
        skipped: info.overlap_skipped,
    }
}

fn scheduled_run(action: ScheduleActionResult) -> ScheduledRun {
    let status = action.start_workflow_status();
    let run = action.start_workflow_result.unwrap_or_default();
    ScheduledRun {
        due_at: action.schedule_time.and_then(moment),
        began_at: action.actual_time.and_then(moment),
        workflow_id: run.workflow_id,
        run_id: run.run_id,
        status: temporalio_client::WorkflowExecutionStatus::from(status).into(),
    }
}
