//! Accounts: what they hold, where short options could be rolled to, what the wheel earned.

use async_trait::async_trait;
use serde_json::Value;

use crate::answer::ToolAnswer;
use crate::field::{DETAIL, FieldKind, ToolField, field};
use crate::problem::ToolProblem;
use crate::summary;
use crate::tool::{McpCall, McpTool, ToolEffect, ToolSpec};
use crate::toolset::Toolset;

/// `ttai_portfolio`.
pub(crate) struct ShowPortfolio;
/// `ttai_rolls`.
pub(crate) struct FindRolls;
/// `ttai_wheel`.
pub(crate) struct ShowWheel;

const ACCOUNT: ToolField = field("account", FieldKind::Text(64), "The broker's account number.");
const ACCOUNTS: &str = "brokers' accounts";

#[async_trait]
impl McpTool for ShowPortfolio {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_portfolio",
            title: "Show accounts",
            about: "Shows what the user's accounts hold: positions, profit and loss, net and beta-weighted Greeks, margin, buying power, \
                    assignment risk, concentration and what expires. It names what could not be read.",
            toolset: Toolset::Portfolio,
            standard: true,
            effect: ToolEffect::ReadsOutside,
            arguments: &[ACCOUNT, DETAIL],
            answers: &[field("accounts", FieldKind::Objects, "An object an account.")],
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        call.caller.must_own_desk(ACCOUNTS)?;
        let accounts = call.desk.portfolio(&call.caller.user, call.arguments.text("account")).await?;
        let shown: Vec<Value> =
            accounts.iter().map(|account| summary::readable(account, !call.arguments.is_full())).collect();
        let warnings = accounts.iter().flat_map(|account| texts(account, "warnings")).collect::<Vec<_>>();
        let answer = ToolAnswer::of("accounts", shown)?.warnings(call.desk.market_notes().await);
        Ok(answer.warnings(warnings).next("ttai_rolls says where tested short options could be rolled to."))
    }
}

fn texts(value: &Value, name: &str) -> Vec<String> {
    let list = value.get(name).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

#[async_trait]
impl McpTool for FindRolls {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_rolls",
            title: "Find rolls for a credit",
            about: "Says where short options that are tested, in the money or due for review could be rolled to for a credit; with \
                    symbol every short option of that underlying. It suggests; nothing is ordered.",
            toolset: Toolset::Portfolio,
            standard: true,
            effect: ToolEffect::ReadsOutside,
            arguments: &[
                field("symbol", FieldKind::Ticker, "Every short option of this underlying."),
                ACCOUNT,
            ],
            answers: &[field("rolls", FieldKind::Objects, "A row a short option, with its rolls.")],
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        call.caller.must_own_desk(ACCOUNTS)?;
        let rolls = call
            .desk
            .rolls(&call.caller.user, call.arguments.text("account"), call.arguments.text("symbol"))
            .await?;
        let is_empty = rolls.as_array().is_some_and(Vec::is_empty);
        let answer = ToolAnswer::of("rolls", summary::readable(&rolls, true))?
            .warnings(call.desk.market_notes().await);
        Ok(if is_empty {
            answer.warning("No short option is tested, in the money or due for review.")
        } else {
            answer
        })
    }
}

#[async_trait]
impl McpTool for ShowWheel {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_wheel",
            title: "Show wheel cycles",
            about: "Shows wheel cycles out of the account's transactions: puts, assignments, calls, exits, with basis, return and income \
                    by month.",
            toolset: Toolset::Portfolio,
            standard: true,
            effect: ToolEffect::ReadsOutside,
            arguments: &[
                field("days", FieldKind::Integer(1, 3_650), "Days of transactions to read. Default 365."),
                ACCOUNT,
            ],
            answers: &[field("wheel", FieldKind::Object, "Cycles and income.")],
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        call.caller.must_own_desk(ACCOUNTS)?;
        let days = call.arguments.integer("days").and_then(|days| u32::try_from(days).ok()).unwrap_or(365);
        let wheel = call.desk.wheel(&call.caller.user, call.arguments.text("account"), days).await?;
        let warnings = texts(&wheel, "warnings");
        let answer = ToolAnswer::of("wheel", summary::readable(&wheel, true))?;
        Ok(answer.warnings(call.desk.market_notes().await).warnings(warnings))
    }
}
