//! A run's history as lines that a person reads: each event with its time and what it was about.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures::StreamExt;
use schemars::JsonSchema;
use serde::Serialize;
use temporalio_client::WorkflowFetchHistoryOptions;
use temporalio_common::protos::temporal::api::enums::v1::EventType;
use temporalio_common::protos::temporal::api::failure::v1::Failure;
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;

use crate::error::ClientError;
use crate::run::AnyRun;

/// One event of a history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HistoryLine {
    /// Its number, from 1.
    pub event_id: i64,
    /// When (server time).
    pub time: Option<DateTime<Utc>>,
    /// Its type: `ActivityTaskCompleted`.
    pub event: String,
    /// What it was about: the activity's or child's type, the signal's name, how long a timer waits, why something failed.
    pub about: String,
}

impl AnyRun {
    /// The history of the newest run of this id, in order.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] past the server's retention, and a server that breaks off.
    pub async fn history(&self) -> Result<Vec<HistoryLine>, ClientError> {
        let mut started = Started::default();
        Ok(self.events().await?.iter().map(|event| started.line(event)).collect())
    }

    /// The events of the newest run of this id, in order.
    pub(crate) async fn events(&self) -> Result<Vec<HistoryEvent>, ClientError> {
        const CALL: &str = "read the history";
        let mut events = self.handle().fetch_history(WorkflowFetchHistoryOptions::default());
        let mut read = Vec::new();
        while let Some(event) = self.client.within(CALL, events.next()).await? {
            read.push(event.map_err(|error| ClientError::interaction(self.workflow_id(), CALL, error))?);
        }
        Ok(read)
    }
}

/// What was begun under which event: what ends it names that event only.
#[derive(Default)]
struct Started(BTreeMap<i64, String>);

impl Started {
    fn line(&mut self, event: &HistoryEvent) -> HistoryLine {
        let name = EventType::try_from(event.event_type).unwrap_or(EventType::Unspecified).as_str_name();
        let time = event
            .event_time
            .as_ref()
            .and_then(|time| DateTime::from_timestamp(time.seconds, u32::try_from(time.nanos).ok()?));
        HistoryLine {
            event_id: event.event_id,
            time,
            event: words(name.trim_start_matches("EVENT_TYPE_")),
            about: event
                .attributes
                .as_ref()
                .map(|about| self.about(event.event_id, about))
                .unwrap_or_default(),
        }
    }

    fn about(&mut self, event_id: i64, attributes: &Attributes) -> String {
        use Attributes as A;
        let begun = match attributes {
            A::ActivityTaskScheduledEventAttributes(it) => {
                it.activity_type.as_ref().map(|kind| kind.name.clone())
            }
            A::StartChildWorkflowExecutionInitiatedEventAttributes(it) => {
                it.workflow_type.as_ref().map(|kind| format!("{} {}", kind.name, it.workflow_id))
            }
            A::TimerStartedEventAttributes(it) => it
                .start_to_fire_timeout
                .as_ref()
                .and_then(|time| std::time::Duration::try_from(*time).ok())
                .map(|time| format!("{} s", time.as_secs_f64())),
            A::WorkflowExecutionUpdateAcceptedEventAttributes(it) => {
                let request = it.accepted_request.as_ref();
                request.and_then(|request| request.input.as_ref()).map(|input| input.name.clone())
            }
            _ => None,
        };
        if let Some(begun) = begun {
            self.0.insert(event_id, begun.clone());
            return begun;
        }
        let of = |number: i64| self.0.get(&number).cloned().unwrap_or_default();
        let failed = |number: i64, failure: Option<&Failure>| {
            let (what, why) = (of(number), failure.map(why).unwrap_or_default());
            if what.is_empty() || why.is_empty() { format!("{what}{why}") } else { format!("{what}: {why}") }
        };
        match attributes {
            A::ActivityTaskStartedEventAttributes(it) => {
                let again = if it.attempt > 1 { format!(", attempt {}", it.attempt) } else { String::new() };
                format!("{}{again}", of(it.scheduled_event_id))
            }
            A::ActivityTaskCompletedEventAttributes(it) => of(it.scheduled_event_id),
            A::ActivityTaskFailedEventAttributes(it) => failed(it.scheduled_event_id, it.failure.as_ref()),
            A::ActivityTaskTimedOutEventAttributes(it) => failed(it.scheduled_event_id, it.failure.as_ref()),
            A::ActivityTaskCancelRequestedEventAttributes(it) => of(it.scheduled_event_id),
            A::ActivityTaskCanceledEventAttributes(it) => of(it.scheduled_event_id),
            A::ChildWorkflowExecutionStartedEventAttributes(it) => of(it.initiated_event_id),
            A::ChildWorkflowExecutionCompletedEventAttributes(it) => of(it.initiated_event_id),
            A::ChildWorkflowExecutionFailedEventAttributes(it) => {
                failed(it.initiated_event_id, it.failure.as_ref())
            }
            A::ChildWorkflowExecutionCanceledEventAttributes(it) => of(it.initiated_event_id),
            A::ChildWorkflowExecutionTimedOutEventAttributes(it) => of(it.initiated_event_id),
            A::ChildWorkflowExecutionTerminatedEventAttributes(it) => of(it.initiated_event_id),
            A::StartChildWorkflowExecutionFailedEventAttributes(it) => of(it.initiated_event_id),
            A::TimerFiredEventAttributes(it) => of(it.started_event_id),
            A::TimerCanceledEventAttributes(it) => of(it.started_event_id),
            A::WorkflowExecutionSignaledEventAttributes(it) => it.signal_name.clone(),
            A::WorkflowExecutionUpdateCompletedEventAttributes(it) => of(it.accepted_event_id),
            A::WorkflowExecutionFailedEventAttributes(it) => it.failure.as_ref().map(why).unwrap_or_default(),
            A::WorkflowTaskFailedEventAttributes(it) => it.failure.as_ref().map(why).unwrap_or_default(),
            A::WorkflowExecutionTerminatedEventAttributes(it) => it.reason.clone(),
            A::WorkflowExecutionCancelRequestedEventAttributes(it) => it.cause.clone(),
            A::WorkflowExecutionStartedEventAttributes(it) => {
                it.workflow_type.as_ref().map(|kind| kind.name.clone()).unwrap_or_default()
            }
            A::MarkerRecordedEventAttributes(it) => it.marker_name.clone(),
            _ => String::new(),
        }
    }
}

/// The first line of a failure and of what caused it.
fn why(failure: &Failure) -> String {
    let first = |failure: &Failure| failure.message.lines().next().unwrap_or_default().to_owned();
    match failure.cause.as_deref() {
        Some(cause) if !cause.message.is_empty() && cause.message != failure.message => {
            format!("{}: {}", first(failure), first(cause))
        }
        _ => first(failure),
    }
}

/// `ACTIVITY_TASK_COMPLETED` as the Temporal UI has it: `ActivityTaskCompleted`.
fn words(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| format!("{first}{}", letters.as_str().to_lowercase()))
    };
    name.split('_').map(word).collect()
}

#[cfg(test)]
mod tests {
    use temporalio_common::protos::temporal::api::common::v1::ActivityType;
    use temporalio_common::protos::temporal::api::history::v1::{
        ActivityTaskFailedEventAttributes, ActivityTaskScheduledEventAttributes,
    };

    use super::*;

    #[test]
    fn what_ends_an_activity_names_it_and_why() {
        let scheduled = ActivityTaskScheduledEventAttributes {
            activity_type: Some(ActivityType { name: "fetch_quotes_activity".into() }),
            ..Default::default()
        };
        let failed = ActivityTaskFailedEventAttributes {
            scheduled_event_id: 5,
            failure: Some(Failure { message: "no answer\n  at line 3".into(), ..Default::default() }),
            ..Default::default()
        };
        let event = |event_id, event_type: EventType, attributes| HistoryEvent {
            event_id,
            event_type: event_type as i32,
            attributes: Some(attributes),
            ..Default::default()
        };
        let mut started = Started::default();
        let line = started.line(&event(
            5,
            EventType::ActivityTaskScheduled,
            Attributes::ActivityTaskScheduledEventAttributes(scheduled),
        ));
        assert_eq!(
            (line.event.as_str(), line.about.as_str()),
            ("ActivityTaskScheduled", "fetch_quotes_activity")
        );
        let line = started.line(&event(
            7,
            EventType::ActivityTaskFailed,
            Attributes::ActivityTaskFailedEventAttributes(failed),
        ));
        assert_eq!(
            (line.event.as_str(), line.about.as_str()),
            ("ActivityTaskFailed", "fetch_quotes_activity: no answer")
        );
    }
}
