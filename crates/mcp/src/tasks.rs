//! Tasks (SEP-2663): the handle of long work for clients that know them. A task's id is the workflow id, so that a task is found again
//! after any restart, and so does whoever asks by `ttai_run_wait` instead.

use chrono::{DateTime, SecondsFormat, Utc};
use rmcp::model::{CallToolResult, CreateTaskResult, DetailedTask, Task, TaskPayload, TaskStatus};
use serde_json::{Map, Value};

/// How soon a client should ask again, in milliseconds.
const ASK_AGAIN_MS: u64 = 2_000;
const RUNNING: &str = "running";
const CANCELED: &str = "canceled";

/// The task that an answer stands for: one that says of a run that it goes on.
pub(crate) fn handle(answer: &CallToolResult) -> Option<CreateTaskResult> {
    let fields = answer.structured_content.as_ref()?;
    let run = fields.get("run").and_then(Value::as_str)?;
    (status(fields) == Some(RUNNING)).then(|| CreateTaskResult::new(task(run, fields, Utc::now())))
}

/// The task as the answer about its run has it.
///
/// # Errors
/// An answer that cannot be written as JSON.
pub(crate) fn state(
    run: &str,
    began: Option<DateTime<Utc>>,
    answer: &CallToolResult,
) -> serde_json::Result<DetailedTask> {
    let nothing = Value::Object(Map::new());
    let fields = answer.structured_content.as_ref().unwrap_or(&nothing);
    let payload = match status(fields) {
        Some(RUNNING) => TaskPayload::Working,
        Some(CANCELED) => TaskPayload::Cancelled,
        _ => TaskPayload::Completed { result: serde_json::from_value(serde_json::to_value(answer)?)? },
    };
    Ok(DetailedTask::new(task(run, fields, began.unwrap_or_else(Utc::now)), payload))
}

fn status(fields: &Value) -> Option<&str> {
    fields.get("status").and_then(Value::as_str)
}

fn task(run: &str, fields: &Value, began: DateTime<Utc>) -> Task {
    let written = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Millis, true);
    let task = Task::new(run, TaskStatus::Working, written(began), written(Utc::now()))
        .with_poll_interval_ms(ASK_AGAIN_MS);
    let last = fields.get("progress").and_then(Value::as_array).and_then(|steps| steps.last());
    match last.and_then(Value::as_str) {
        Some(step) => task.with_status_message(step),
        None => task,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_run_that_goes_on_is_a_task_and_its_end_the_result() {
        let answer = |fields: Value| CallToolResult::structured(fields);
        let running =
            answer(json!({"run": "analysis-NVDA-1", "status": "running", "progress": ["chart (running)"]}));
        let handle = handle(&running).unwrap();
        assert_eq!(
            (handle.task.task_id.as_str(), handle.task.status),
            ("analysis-NVDA-1", TaskStatus::Working)
        );
        assert_eq!(handle.task.status_message.as_deref(), Some("chart (running)"));
        let done = answer(json!({"run": "analysis-NVDA-1", "status": "completed", "result": {"a": 1}}));
        assert!(super::handle(&done).is_none());
        let state = |answer| state("analysis-NVDA-1", None, answer).unwrap();
        assert_eq!(state(&running).status(), TaskStatus::Working);
        let TaskPayload::Completed { result } = state(&done).payload else { panic!("it is through") };
        assert_eq!(result["structuredContent"]["result"], json!({"a": 1}));
        let cancelled = answer(json!({"run": "analysis-NVDA-1", "status": "canceled"}));
        assert_eq!(state(&cancelled).status(), TaskStatus::Cancelled);
    }
}
