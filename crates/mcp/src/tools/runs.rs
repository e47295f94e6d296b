//! Runs of any workflow: found by their id, whichever session, server or client started them.

use async_trait::async_trait;
use serde_json::Value;
use ttai_client::{AnyRun, ClientError, RunDescription, RunStatus};

use super::RUN_ANSWER;
use crate::answer::ToolAnswer;
use crate::approvals;
use crate::field::{DETAIL, FieldKind, ToolField, WAIT, field, limit, required};
use crate::problem::ToolProblem;
use crate::resources;
use crate::summary;
use crate::tool::{McpCall, McpTool, ToolEffect, ToolSpec};
use crate::toolset::Toolset;
use crate::waiting::{self, ProgressSender};

const RUN: ToolField = required(
    "run",
    FieldKind::Text(400),
    "A run: its workflow id as another tool returned it, its short id or its beginning, a symbol (its newest run), or last.",
);

/// `ttai_run_list`.
pub(crate) struct ListRuns;
/// `ttai_run_show`.
pub(crate) struct ShowRun;
/// `ttai_run_wait`.
pub(crate) struct WaitForRun;
/// `ttai_run_cancel`.
pub(crate) struct CancelRun;

#[async_trait]
impl McpTool for ListRuns {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_run_list",
            title: "List runs",
            about: "Lists finished analyses and the runs of any workflow that are under way, failed or were cancelled, newest first.",
            toolset: Toolset::Runs,
            standard: true,
            effect: ToolEffect::Reads,
            arguments: &[
                field("symbol", FieldKind::Ticker, "Only about this ticker."),
                limit("Most rows, 20 by default."),
            ],
            answers: &[field(
                "runs",
                FieldKind::Objects,
                "A row a run: id, workflow_id, symbol, kind, outcome, time.",
            )],
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        let found =
            call.desk.runs(call.caller, call.arguments.text("symbol"), call.arguments.limit(20)).await?;
        let rows: Vec<Value> = found.runs.iter().map(|row| summary::readable(row, true)).collect();
        let answer = ToolAnswer::of("runs", rows)?.warnings(found.note);
        Ok(answer.next("ttai_run_show with a row's workflow_id shows it."))
    }
}

#[async_trait]
impl McpTool for ShowRun {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_run_show",
            title: "Show a run",
            about: "Shows a run by its id: the result of a finished one, or how far it is, without waiting. chart=true adds the chart \
                    as an image.",
            toolset: Toolset::Runs,
            standard: true,
            effect: ToolEffect::Reads,
            arguments: &[
                RUN,
                field("chart", FieldKind::Flag, "Whether to add the chart image of an analysis."),
                DETAIL,
            ],
            answers: RUN_ANSWER,
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        let found = find(call).await?;
        let answer = found.as_it_is(call).await?;
        if !call.arguments.flag("chart") {
            return Ok(answer);
        }
        let Some(result) = found.result().await else { return Ok(answer.warning("There is no chart yet.")) };
        let picture = call.desk.chart(&result).await?;
        Ok(answer.picture(&picture.png).warnings(picture.lacks))
    }
}

#[async_trait]
impl McpTool for WaitForRun {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_run_wait",
            title: "Wait for a run",
            about: "Waits for a run's result by its id, up to wait_seconds; call it again while the status is running. It works after \
                    any restart of client, connection or server.",
            toolset: Toolset::Runs,
            standard: true,
            effect: ToolEffect::Reads,
            arguments: &[RUN, WAIT, DETAIL],
            answers: RUN_ANSWER,
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        match find(call).await? {
            Found::Server(run, description) if description.run.status != RunStatus::Running => {
                Found::Server(run, description).as_it_is(call).await
            }
            Found::Server(run, description) if approvals::trades(&description.run.workflow_type) => {
                let known = approvals::awaited(call, run.workflow_id()).await?;
                approvals::answer(call, &run, known.as_ref()).await
            }
            Found::Server(run, _) => {
                waiting::answer(&run, call.patience(), call.progress, call.arguments.is_full()).await
            }
            found @ Found::Saved(..) => found.as_it_is(call).await,
        }
    }
}

#[async_trait]
impl McpTool for CancelRun {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_run_cancel",
            title: "Cancel a run",
            about: "Asks a run under way to stop; what it finished so far is kept. One that has ended stays as it is.",
            toolset: Toolset::Runs,
            standard: true,
            effect: ToolEffect::Removes,
            arguments: &[RUN],
            answers: RUN_ANSWER,
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        match find(call).await? {
            Found::Server(run, description) if description.run.status == RunStatus::Running => {
                may_be_cancelled(run.workflow_id(), &description.run.workflow_type)?;
                run.cancel("cancelled through MCP").await?;
                let id = run.workflow_id();
                let answer = ToolAnswer::of("run", id)?.with("status", "cancel_requested")?;
                Ok(answer.next(format!("ttai_run_wait with run={id} shows how it ended.")))
            }
            found => Ok(found.as_it_is(call).await?.warning("It had ended already; nothing was cancelled.")),
        }
    }
}

/// Refuses what would take an order back or leave a position without its watch.
fn may_be_cancelled(id: &str, workflow: &str) -> Result<(), ToolProblem> {
    if !approvals::trades(workflow) {
        return Ok(());
    }
    Err(ToolProblem::new(
        format!("{id} trades or watches a position, and only the user cancels it"),
        format!(
            "Tell the user: `ttai cancel {id}` in a terminal cancels it, `ttai trade halt` stops all orders."
        ),
    ))
}

/// A run as it was found.
enum Found {
    /// In the store.
    Saved(String, Value),
    /// On the server.
    Server(AnyRun, Box<RunDescription>),
}

impl Found {
    async fn as_it_is(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        let full = call.arguments.is_full();
        match self {
            Self::Saved(id, result) => Ok(with_chart(waiting::finished(id, result, full)?, id, result)),
            Self::Server(run, description) => {
                let answer = on_server(run, description, full).await?;
                let trades = approvals::trades(&description.run.workflow_type);
                Ok(if trades {
                    approvals::with_awaited(call, run.workflow_id(), answer).await
                } else {
                    answer
                })
            }
        }
    }

    async fn result(&self) -> Option<Value> {
        match self {
            Self::Saved(_, result) => Some(result.clone()),
            Self::Server(run, description) if description.run.status == RunStatus::Completed => {
                run.answer(Some(ANSWER)).await.ok()
            }
            Self::Server(..) => None,
        }
    }
}

fn with_chart(answer: ToolAnswer, id: &str, result: &Value) -> ToolAnswer {
    let has_chart =
        result.pointer("/chart_analysis/chart_image").or_else(|| result.get("chart_image")).is_some();
    if has_chart { answer.link(resources::chart_uri(id), "chart", "image/png") } else { answer }
}

/// Longest wait for the answer of a run that has ended.
const ANSWER: std::time::Duration = std::time::Duration::from_secs(10);

async fn on_server(
    run: &AnyRun,
    description: &RunDescription,
    full: bool,
) -> Result<ToolAnswer, ToolProblem> {
    let id = run.workflow_id();
    let answer = match description.run.status {
        RunStatus::Running => waiting::running(id, &run.progress().await?)?,
        _ => waiting::answer(run, ANSWER, &ProgressSender::default(), full).await?,
    };
    answer.with("workflow", &description.run.workflow_type)?.with("summary", &description.summary)
}

/// The run that is meant: the server's newest word, else what was saved. Another user's is not there.
async fn find(call: &McpCall<'_>) -> Result<Found, ToolProblem> {
    let text = call.arguments.text("run").unwrap_or_default();
    let id = call.desk.run_id(call.caller, text).await?;
    let saved = call.desk.saved(call.caller, &id).await?;
    let client = match (call.desk.client().await, &saved) {
        (Ok(client), _) => Some(client),
        (Err(_), Some(_)) => None,
        (Err(problem), None) => return Err(problem),
    };
    if let Some(client) = client {
        let run = client.any_run(&id);
        match run.describe().await {
            Ok(description) if is_own(call, &description) && saved.is_none() => {
                return Ok(Found::Server(run, Box::new(description)));
            }
            // A run of the same id that goes on is newer than what was saved.
            Ok(description) if is_own(call, &description) && description.run.status == RunStatus::Running => {
                return Ok(Found::Server(run, Box::new(description)));
            }
            Ok(_) | Err(ClientError::NotFound(_)) => {}
            Err(error) if saved.is_none() => return Err(error.into()),
            Err(_) => {}
        }
    }
    saved.map(|record| Found::Saved(id.clone(), record.result)).ok_or_else(|| {
        ToolProblem::of(
            "run",
            format!("there is no run '{}'", id.chars().take(100).collect::<String>()),
            "List runs with ttai_run_list.",
        )
    })
}

fn is_own(call: &McpCall<'_>, description: &RunDescription) -> bool {
    description.run.user_id.as_deref().unwrap_or(ttai_contract::subject::DEFAULT_USER) == call.user()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_trades_is_cancelled_by_the_user_only() {
        for workflow in ["DailyTradingWorkflow", "PositionMonitorWorkflow"] {
            let said = may_be_cancelled("monitor-ttai-9f", workflow).unwrap_err().to_string();
            assert!(said.contains("`ttai cancel monitor-ttai-9f`"), "{said}");
        }
        assert_eq!(may_be_cancelled("analysis-AAPL-1", "AnalysisWorkflow"), Ok(()));
    }
}
