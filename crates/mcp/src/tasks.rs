//! Tasks (SEP-2663): the handle of long work for clients that know them. A task's id is the workflow id, so that a task is found again
//! after any restart, and so does whoever asks by `ttai_run_wait` instead.

use chrono::{DateTime, SecondsFormat, Utc};
use rmcp::model::{
    CallToolResult, CreateTaskResult, DetailedTask, InputRequests, Task, TaskPayload, TaskStatus,
};
use serde_json::{Map, Value};

use crate::approvals::AWAITING;

/// How soon a client should ask again, in milliseconds.
const ASK_AGAIN_MS: u64 = 2_000;
const RUNNING: &str = "running";
const CANCELED: &str = "canceled";

/// The task that an answer stands for: one that says of a run that it goes on.
pub(crate) fn handle(answer: &CallToolResult) -> Option<CreateTaskResult> {
    let fields = answer.structured_content.as_ref()?;
    let run = fields.get("run").and_then(Value::as_str)?;
    let status = match status(fields)? {
        RUNNING => TaskStatus::Working,
        AWAITING => TaskStatus::InputRequired,
        _ => return None,
    };
    let mut task = task(run, fields, Utc::now());
    task.status = status;
    Some(CreateTaskResult::new(task))
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
        // The input is the user's, in a terminal: there is nothing that a client could send.
        Some(AWAITING) => TaskPayload::InputRequired { input_requests: InputRequests::default() },
        Some(CANCELED) => TaskPayload::Cancelled,
        _ => TaskPayload::Completed { result: serde_json::from_value(serde_json::to_value(answer)?)? },
    };
    Ok(DetailedTask::new(task(run, fields, began.unwrap_or_else(Utc::now)), payload))
}

/// Why no answer to a task's request for input counts.
pub(crate) fn no_approval(answer: &CallToolResult) -> String {
    let waits = answer.structured_content.as_ref().and_then(awaited);
    let what = waits.unwrap_or("No task of ttai takes an answer here. An order is approved by its user only, with `ttai trade approve` in a terminal.");
    format!("this is no approval, and nothing was done: {what}")
}

/// What the user is told of an order that waits.
fn awaited(fields: &Value) -> Option<&str> {
    fields.get(AWAITING)?.get("message")?.as_str()
}

fn status(fields: &Value) -> Option<&str> {
    fields.get("status").and_then(Value::as_str)
}

fn task(run: &str, fields: &Value, began: DateTime<Utc>) -> Task {
    let written = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Millis, true);
    let task = Task::new(run, TaskStatus::Working, written(began), written(Utc::now()))
        .with_poll_interval_ms(ASK_AGAIN_MS);
    let last = || fields.get("progress").and_then(Value::as_array).and_then(|steps| steps.last());
    match awaited(fields).or_else(|| last().and_then(Value::as_str)) {
        Some(step) => task.with_status_message(step),
        None => task,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_task_asks_the_user_until_the_order_is_answered_whatever_the_answer() {
        let run = "daily-trading-1";
        let of = |fields: Value| CallToolResult::structured(fields);
        let message =
            "Order ttai-9f waits for the user's approval: `ttai trade approve ttai-9f` in a terminal.";
        let waits = of(json!({
            "run": run, "status": "awaiting_approval", "progress": ["propose order (done)"],
            "awaiting_approval": {"order": "ttai-9f", "message": message},
        }));
        let made = handle(&waits).unwrap();
        assert_eq!(made.task.status, TaskStatus::InputRequired);
        assert_eq!(made.task.status_message.as_deref(), Some(message));
        let state = |answer: &CallToolResult| state(run, None, answer).unwrap();
        let asked = state(&waits);
        assert_eq!(asked.task.status_message.as_deref(), Some(message));
        let TaskPayload::InputRequired { input_requests } = &asked.payload else { panic!("{asked:?}") };
        assert!(input_requests.is_empty(), "nothing that a client sends is an approval");
        let wire = serde_json::to_value(&asked).unwrap();
        assert_eq!((&wire["status"], &wire["inputRequests"]), (&json!("input_required"), &json!({})));

        let approved = of(json!({"run": run, "status": "running", "progress": ["execute trade (running)"]}));
        assert_eq!(state(&approved).status(), TaskStatus::Working);
        for status in ["complete", "not_approved", "refused", "not_filled"] {
            let ended = of(json!({"run": run, "status": "completed", "result": {"status": status}}));
            assert!(handle(&ended).is_none());
            let TaskPayload::Completed { result } = state(&ended).payload else { panic!("{status}") };
            assert_eq!(result["structuredContent"]["result"]["status"], json!(status));
        }
    }

    #[test]
    fn an_answer_to_a_task_is_no_approval_and_is_told_so() {
        let waits = CallToolResult::structured(json!({
            "status": "awaiting_approval", "awaiting_approval": {"message": "Run `ttai trade approve ttai-9f`."},
        }));
        let said = no_approval(&waits);
        assert!(said.contains("no approval") && said.contains("ttai trade approve ttai-9f"), "{said}");
        let said = no_approval(&CallToolResult::structured(json!({"status": "running"})));
        assert!(said.contains("no approval") && said.contains("its user only"), "{said}");
    }

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
