//! A schedule as it is wanted, and in the server's words.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{Datelike, NaiveDate};
use temporalio_common::protos::temporal::api::common::v1::{Memo, Payloads, SearchAttributes, WorkflowType};
use temporalio_common::protos::temporal::api::enums::v1::ScheduleOverlapPolicy;
use temporalio_common::protos::temporal::api::schedule::v1::schedule_action::Action;
use temporalio_common::protos::temporal::api::schedule::v1::{
    IntervalSpec, Range, Schedule, ScheduleAction, SchedulePolicies, ScheduleSpec, ScheduleState,
    StructuredCalendarSpec,
};
use temporalio_common::protos::temporal::api::sdk::v1::UserMetadata;
use temporalio_common::protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_common::protos::temporal::api::workflow::v1::NewWorkflowExecutionInfo;
use ttai_contract::PreparedStart;

use ttai_core::ScheduleOverlap;

use crate::error::ClientError;
use crate::payload;
use crate::start::labelled;

/// As the server has it.
pub(super) const fn overlap_policy(overlap: ScheduleOverlap) -> ScheduleOverlapPolicy {
    match overlap {
        ScheduleOverlap::Skip => ScheduleOverlapPolicy::Skip,
        ScheduleOverlap::BufferOne => ScheduleOverlapPolicy::BufferOne,
        ScheduleOverlap::BufferAll => ScheduleOverlapPolicy::BufferAll,
        ScheduleOverlap::CancelOther => ScheduleOverlapPolicy::CancelOther,
        ScheduleOverlap::TerminateOther => ScheduleOverlapPolicy::TerminateOther,
        ScheduleOverlap::AllowAll => ScheduleOverlapPolicy::AllowAll,
    }
}

/// The days of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleDays {
    /// These days of the week, 0 for Sunday.
    Weekdays(Vec<u32>),
    /// One date.
    Date(NaiveDate),
}

/// Times of day on days, in the schedule's time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarRule {
    /// The days.
    pub days: RuleDays,
    /// The hours, all at the same minute; none for the whole day, which only an exception is.
    pub times: Option<(Vec<u32>, u32)>,
    /// Why, for a person: `Thanksgiving`.
    pub comment: String,
}

impl CalendarRule {
    fn on_the_wire(&self) -> StructuredCalendarSpec {
        let (hour, minute, second) = match &self.times {
            Some((hours, minute)) => {
                (hours.iter().map(|hour| only(*hour)).collect(), vec![only(*minute)], vec![only(0)])
            }
            None => (vec![span(0, 23)], vec![span(0, 59)], vec![span(0, 59)]),
        };
        let calendar =
            StructuredCalendarSpec { hour, minute, second, comment: self.comment.clone(), ..any_day() };
        match &self.days {
            RuleDays::Weekdays(days) => StructuredCalendarSpec {
                day_of_week: days.iter().map(|day| only(*day)).collect(),
                ..calendar
            },
            RuleDays::Date(date) => StructuredCalendarSpec {
                year: vec![Range { start: date.year(), end: date.year(), step: 1 }],
                month: vec![only(date.month())],
                day_of_month: vec![only(date.day())],
                ..calendar
            },
        }
    }
}

/// Every day of every year; the server takes an empty list of years for all.
fn any_day() -> StructuredCalendarSpec {
    StructuredCalendarSpec {
        day_of_month: vec![span(1, 31)],
        month: vec![span(1, 12)],
        day_of_week: vec![span(0, 6)],
        ..Default::default()
    }
}

fn only(value: u32) -> Range {
    span(value, value)
}

fn span(start: u32, end: u32) -> Range {
    let number = |value| i32::try_from(value).unwrap_or(i32::MAX);
    Range { start: number(start), end: number(end), step: 1 }
}

/// A schedule as it is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct WantedSchedule {
    /// Its id, and the beginning of its runs' workflow ids: the server adds the time.
    pub id: String,
    /// What it starts; its own id is not used.
    pub start: PreparedStart,
    /// When.
    pub rules: Vec<CalendarRule>,
    /// Beside the rules: again and again, counted from the beginning of 1970 in UTC.
    pub every: Option<Duration>,
    /// What is left out of both.
    pub exceptions: Vec<CalendarRule>,
    /// The time zone of rules and exceptions: `America/New_York`.
    pub time_zone: String,
    /// When the one before still runs.
    pub overlap: ScheduleOverlap,
    /// How late a run may begin after an outage, at least 10 s.
    pub catch_up: Duration,
    /// Why it is paused when it is created; a person's pause is never touched afterwards.
    pub paused: Option<String>,
}

/// The key of a schedule's memo that says who made it.
pub(super) const MADE_BY: &str = "made_by";
/// What stands there.
pub(super) const TTAI: &str = "ttai";

/// The memo of every schedule of ttai's.
pub(super) fn memo_of_schedules() -> Result<Memo, ClientError> {
    Ok(Memo { fields: HashMap::from([(MADE_BY.to_owned(), payload::of(&TTAI)?)]) })
}

impl WantedSchedule {
    /// In the server's words. `market` is what the starts say in their memo about the data that workers read.
    pub(super) fn on_the_wire(&self, market: Option<&str>) -> Result<Schedule, ClientError> {
        Ok(Schedule {
            spec: Some(self.spec()),
            action: Some(ScheduleAction { action: Some(Action::StartWorkflow(self.action(market)?)) }),
            policies: Some(SchedulePolicies {
                overlap_policy: overlap_policy(self.overlap) as i32,
                catchup_window: self.catch_up.try_into().ok(),
                ..Default::default()
            }),
            state: Some(ScheduleState {
                paused: self.paused.is_some(),
                notes: self.paused.clone().unwrap_or_default(),
                ..Default::default()
            }),
        })
    }

    fn spec(&self) -> ScheduleSpec {
        let calendars = |rules: &[CalendarRule]| rules.iter().map(CalendarRule::on_the_wire).collect();
        ScheduleSpec {
            structured_calendar: calendars(&self.rules),
            exclude_structured_calendar: calendars(&self.exceptions),
            interval: self
                .every
                .map(|every| IntervalSpec { interval: every.try_into().ok(), phase: None })
                .into_iter()
                .collect(),
            timezone_name: self.time_zone.clone(),
            ..Default::default()
        }
    }

    fn action(&self, market: Option<&str>) -> Result<NewWorkflowExecutionInfo, ClientError> {
        let start = &self.start;
        let memo = match market {
            Some(market) => {
                Some(Memo { fields: HashMap::from([("market".to_owned(), payload::of(&market)?)]) })
            }
            None => None,
        };
        Ok(NewWorkflowExecutionInfo {
            workflow_id: self.id.clone(),
            workflow_type: Some(WorkflowType { name: start.workflow.to_owned() }),
            task_queue: Some(TaskQueue { name: start.queue.name().to_owned(), ..Default::default() }),
            input: Some(Payloads { payloads: vec![payload::of(&start.params)?] }),
            workflow_execution_timeout: start.execution_timeout.and_then(|span| span.try_into().ok()),
            workflow_task_timeout: start.task_timeout.and_then(|span| span.try_into().ok()),
            memo,
            search_attributes: Some(attributes(start)?),
            user_metadata: Some(UserMetadata { summary: Some(payload::of(&start.summary)?), details: None }),
            ..Default::default()
        })
    }
}

/// What the runs are listed by.
fn attributes(start: &PreparedStart) -> Result<SearchAttributes, ClientError> {
    let mut indexed_fields = HashMap::new();
    for (key, value) in labelled(&start.labels) {
        let mut payload = payload::of(&value)?;
        payload.metadata.insert("type".to_owned(), b"Keyword".to_vec());
        indexed_fields.insert(key.name().to_owned(), payload);
    }
    Ok(SearchAttributes { indexed_fields })
}
