//! What the Temporal server starts by itself.

use async_trait::async_trait;
use serde_json::{Value, json};

use crate::answer::ToolAnswer;
use crate::approvals;
use crate::field::{FieldKind, field, required};
use crate::problem::ToolProblem;
use crate::summary;
use crate::tool::{McpCall, McpTool, ToolEffect, ToolSpec};
use crate::toolset::Toolset;

/// `ttai_schedule_list`.
pub(crate) struct ListSchedules;
/// `ttai_schedule_change`.
pub(crate) struct ChangeSchedule;

const SCHEDULES: &str = "schedules";

#[async_trait]
impl McpTool for ListSchedules {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_schedule_list",
            title: "List schedules",
            about: "Lists what runs by itself, such as morning-csp-scan and daily-report: when, whether it is paused, its last and next runs.",
            toolset: Toolset::Schedules,
            standard: true,
            effect: ToolEffect::Reads,
            arguments: &[field("name", FieldKind::Text(200), "Only this schedule.")],
            answers: &[field("schedules", FieldKind::Objects, "A row a schedule.")],
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        call.caller.must_own_desk(SCHEDULES)?;
        let all = call.desk.schedules().await?;
        let wanted = call.arguments.text("name");
        let is_wanted = |row: &&Value| wanted.is_none_or(|name| row["name"] == name);
        let shown = |row: &Value| if wanted.is_some() { row.clone() } else { in_short(row) };
        let rows: Vec<_> =
            all.iter().filter(is_wanted).map(|row| summary::readable(&shown(row), true)).collect();
        match wanted {
            Some(name) if rows.is_empty() => {
                let names: Vec<&str> = all.iter().filter_map(|row| row["name"].as_str()).collect();
                Err(ToolProblem::of(
                    "name",
                    format!("there is no schedule {name:?}"),
                    format!("There are: {}.", names.join(", ")),
                ))
            }
            Some(_) => ToolAnswer::of("schedules", rows),
            None => Ok(ToolAnswer::of("schedules", rows)?.next("name=<schedule> shows one whole.")),
        }
    }
}

/// A schedule in a line: when it runs, whether it does, and what it last came to.
fn in_short(row: &Value) -> Value {
    let of = |place: &str| row.pointer(place).cloned().unwrap_or_default();
    let last =
        row.pointer("/on_server/recent").and_then(Value::as_array).and_then(|runs| runs.last()).cloned();
    json!({
        "name": row["name"], "when": row["words"], "paused": of("/on_server/paused"), "next": of("/on_server/next/0"),
        "last": last, "running": of("/on_server/running"), "differs": row["differs"],
    })
}

#[async_trait]
impl McpTool for ChangeSchedule {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_schedule_change",
            title: "Pause, resume or trigger a schedule",
            about: "pause keeps a schedule from starting anything, resume lets it start again, trigger starts it once now. One \
                    that trades is started by the user only.",
            toolset: Toolset::Schedules,
            standard: true,
            effect: ToolEffect::Starts,
            arguments: &[
                required("name", FieldKind::Text(200), "The schedule's name, as ttai_schedule_list has it."),
                required("action", FieldKind::Choice(&["pause", "resume", "trigger"]), "What to do."),
                field("note", FieldKind::Text(200), "Why, for whoever looks at the schedule later."),
            ],
            answers: &[
                field("schedule", FieldKind::Text(0), "Its name."),
                field("done", FieldKind::Text(0), "What was done."),
            ],
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        call.caller.must_own_desk(SCHEDULES)?;
        let client = call.desk.client().await?;
        let name = call.arguments.text("name").unwrap_or_default();
        let action = call.arguments.text("action");
        if action != Some("pause") {
            let found = client.schedule(name).await?;
            let facts = found.and_then(|found| found.facts.get("workflow").cloned()).unwrap_or_default();
            may_start(name, &facts)?;
        }
        let note = call.arguments.text("note").unwrap_or("through MCP");
        let done = match action {
            Some("pause") => client.pause_schedule(name, note).await.map(|()| "paused"),
            Some("resume") => client.resume_schedule(name, note).await.map(|()| "resumed"),
            _ => client.trigger_schedule(name).await.map(|()| "triggered"),
        };
        let answer = ToolAnswer::of("schedule", name)?.with("done", done?)?;
        Ok(answer.next("ttai_schedule_list with its name shows what runs."))
    }
}

/// Refuses a schedule that trades: whoever lets it run lets orders be made.
fn may_start(name: &str, workflows: &[String]) -> Result<(), ToolProblem> {
    if !workflows.iter().any(|workflow| approvals::trades(workflow)) {
        return Ok(());
    }
    Err(ToolProblem::of(
        "name",
        format!("{name} trades, and only the user starts it"),
        format!(
            "Tell the user: `ttai schedule resume {name}` or `ttai schedule trigger {name}` in a terminal does."
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_that_trades_is_started_by_the_user_only() {
        let of = |workflow: &str| [workflow.to_owned()];
        let said = may_start("daily-trading", &of("DailyTradingWorkflow")).unwrap_err().to_string();
        assert!(
            said.contains("only the user") && said.contains("`ttai schedule resume daily-trading`"),
            "{said}"
        );
        assert_eq!(may_start("daily-report", &of("RunReportWorkflow")), Ok(()));
        assert_eq!(may_start("gone", &[]), Ok(()));
    }
}
