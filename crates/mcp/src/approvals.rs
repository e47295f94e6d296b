//! Orders that wait for a person. A model is told of them, with the command that answers them; nothing that a model or its client says is
//! an answer, and there is no way in this crate to give one.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use ttai_client::AnyRun;
use ttai_contract::subject::DEFAULT_USER;
use ttai_contract::{DailyTradingParams, PositionMonitorParams, WorkflowParams};
use ttai_core::{NEW_YORK, OrderPhase};
use ttai_ports::OrderFilter;

use crate::answer::ToolAnswer;
use crate::problem::ToolProblem;
use crate::tool::McpCall;
use crate::waiting;

/// The status of a run of which an order waits for its user, and the field that says which.
pub(crate) const AWAITING: &str = "awaiting_approval";
/// The workflows whose orders ask for approval.
const TRADING: [&str; 2] = [DailyTradingParams::WORKFLOW, PositionMonitorParams::WORKFLOW];
/// Between two looks into the store.
const LOOK: Duration = Duration::from_millis(500);

/// Whether runs of a workflow trade.
pub(crate) fn trades(workflow: &str) -> bool {
    TRADING.contains(&workflow)
}

/// An order that waits for its user.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct WaitingOrder {
    /// Its client order id.
    order: String,
    /// When the wait ends.
    until: Option<DateTime<Utc>>,
    /// What it would trade.
    what: Vec<String>,
    /// Dollars a share of a unit: positive paid, negative received.
    limit: Value,
    /// Dollars that it may lose.
    risk: Value,
    /// What the user types to approve it.
    approve_with: String,
    /// What the user types to reject it.
    reject_with: String,
    /// All of it for the user.
    message: String,
}

impl WaitingOrder {
    /// All of it for the user: which order, until when, and what to type.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Out of an order as `ttai trade list` has it.
    pub(crate) fn of(row: &Value, user: &str) -> Option<Self> {
        let order = row.get("client_order_id")?.as_str()?.to_owned();
        let until =
            row.pointer("/approval/until").and_then(Value::as_str).and_then(|until| until.parse().ok());
        let of_user = if user == DEFAULT_USER { String::new() } else { format!(" --user {user}") };
        let command = |word: &str| format!("ttai trade {word} {order}{of_user}");
        let (approve_with, reject_with) = (command("approve"), command("reject"));
        let ends = until.map(|until: DateTime<Utc>| {
            format!(" until {}", until.with_timezone(&NEW_YORK).format("%b %-d, %-I:%M %p ET"))
        });
        let message = format!(
            "Order {order} waits for the user's approval{}: `{approve_with}` in a terminal prices and checks it anew and sends it, \
             `{reject_with}` rejects it. No answer given here does either.",
            ends.unwrap_or_default()
        );
        let legs = row.get("legs").and_then(Value::as_array).into_iter().flatten();
        Some(Self {
            what: legs.map(leg).collect(),
            limit: row["limit"].clone(),
            risk: row["risk"].clone(),
            order,
            until,
            approve_with,
            reject_with,
            message,
        })
    }
}

/// A leg in words, out of an order or a trade as `ttai trade list` has it: `sell_to_open 1 AAPL  261218P00200000`.
pub(crate) fn leg(row: &Value) -> String {
    let said = ["action", "quantity", "instrument"].map(|name| row.get(name).and_then(Value::as_str));
    said.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The order of a run that waits for the user.
pub(crate) async fn awaited(call: &McpCall<'_>, run: &str) -> Result<Option<WaitingOrder>, ToolProblem> {
    let filter = OrderFilter {
        workflow_id: Some(run.to_owned()),
        phases: vec![OrderPhase::AwaitingApproval],
        limit: Some(1),
        ..OrderFilter::default()
    };
    let found = call.desk.orders(&call.caller.user, &filter).await?;
    Ok(found.first().and_then(|row| WaitingOrder::of(row, call.user())))
}

/// What a call answers about a run that trades: as of any other, but no later than an order of it asks the user; not for the one that
/// was `told` of before.
pub(crate) async fn answer(
    call: &McpCall<'_>,
    run: &AnyRun,
    told: Option<&WaitingOrder>,
) -> Result<ToolAnswer, ToolProblem> {
    let (id, full) = (run.workflow_id(), call.arguments.is_full());
    let answer = tokio::select! {
        answer = waiting::answer(run, call.patience(), call.progress, full) => answer?,
        () = asked(call, id, told) => waiting::running(id, &run.progress().await?)?,
    };
    Ok(with_awaited(call, id, answer).await)
}

/// Waits until another order of a run asks the user.
async fn asked(call: &McpCall<'_>, run: &str, told: Option<&WaitingOrder>) {
    loop {
        let found = awaited(call, run).await.ok().flatten();
        if found.is_some_and(|found| told.is_none_or(|told| told.order != found.order)) {
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// An answer about a run that trades, with the order that waits for the user.
pub(crate) async fn with_awaited(call: &McpCall<'_>, run: &str, answer: ToolAnswer) -> ToolAnswer {
    if answer.text("status") != Some("running") {
        return answer;
    }
    match awaited(call, run).await {
        Ok(Some(order)) => waits(run, answer, &order),
        Ok(None) => answer,
        Err(problem) => {
            answer.warning(format!("Whether an order waits for approval is not known: {}", problem.what))
        }
    }
}

fn waits(run: &str, answer: ToolAnswer, order: &WaitingOrder) -> ToolAnswer {
    let next =
        format!("{} Tell the user; ttai_run_wait with run={run} says what became of it.", order.message);
    let fields = [("status".to_owned(), json!(AWAITING)), (AWAITING.to_owned(), json!(order))];
    answer.with_all(serde_json::Map::from_iter(fields)).next(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_asked_reads_the_command_and_until_when() {
        let row = json!({
            "client_order_id": "ttai-9fe4d495", "limit": "-1.05", "risk": "19895",
            "legs": [{"action": "sell_to_open", "quantity": "1", "instrument": "AAPL  261218P00200000"}],
            "approval": {"by": null, "until": "2026-11-30T20:05:00Z"},
        });
        let order = WaitingOrder::of(&row, DEFAULT_USER).unwrap();
        assert_eq!(order.what, ["sell_to_open 1 AAPL  261218P00200000"]);
        for part in ["`ttai trade approve ttai-9fe4d495`", "until Nov 30, 3:05 PM ET", "No answer given here"]
        {
            assert!(order.message.contains(part), "{part}: {}", order.message);
        }
        let of_another = WaitingOrder::of(&row, "ann").unwrap();
        assert_eq!(of_another.approve_with, "ttai trade approve ttai-9fe4d495 --user ann");
        assert_eq!(WaitingOrder::of(&json!({}), DEFAULT_USER), None);
    }
}
