//! Screens for puts to sell, and the screens that a user keeps under a name.

use async_trait::async_trait;
use serde_json::{Value, json};
use ttai_contract::{ScheduledScreenerParams, Validate};
use ttai_ports::{NewScreener, SavedScreener, ScreenRunRecord};

use super::RUN_ANSWER;
use super::page::{CURSOR, page};
use crate::answer::ToolAnswer;
use crate::desk::PreparedRequest;
use crate::field::{DETAIL, FieldKind, KEY, ToolField, WAIT, field, limit, required};
use crate::problem::ToolProblem;
use crate::summary;
use crate::tool::{McpCall, McpTool, ToolEffect, ToolSpec};
use crate::toolset::Toolset;
use crate::waiting;

/// `ttai_screen_run`.
pub(crate) struct RunScreen;
/// `ttai_screen_show`.
pub(crate) struct ShowScreen;
/// `ttai_screener_list`.
pub(crate) struct ListScreeners;
/// `ttai_screener_save`.
pub(crate) struct SaveScreener;
/// `ttai_screener_change`.
pub(crate) struct ChangeScreener;

const SCREENER: ToolField =
    field("screener", FieldKind::Text(128), "A saved screener's name, in place of criteria.");
const NAME: ToolField = required("name", FieldKind::Text(128), "The screener's name.");

/// What a candidate must be.
macro_rules! criteria {
    ($($more:expr),* $(,)?) => {
        &[
            field("symbols", FieldKind::Tickers(200), "Only these tickers, without a scan of the market."),
            field("exclude", FieldKind::Tickers(200), "Tickers that are never a candidate."),
            field("min_price", FieldKind::Number(0.0, 1e6), "Lowest price of the shares, in dollars. Default 5 for a scan."),
            field("max_price", FieldKind::Number(0.0, 1e6), "Highest price of the shares, in dollars. Default 100 for a scan."),
            field("min_volume", FieldKind::Integer(0, 1_000_000_000), "Least average daily volume, in shares. Default 1,000,000 for a scan."),
            field("sectors", FieldKind::Texts(20), "Sectors of a scan."),
            field("min_iv_rank", FieldKind::Number(0.0, 100.0), "Least IV rank, 0 to 100."),
            field("min_roc", FieldKind::Number(0.0, 100.0), "Lowest return at the bid, in percent per 7 days. Default 0.5."),
            field("max_delta", FieldKind::Number(0.0, 1.0), "Largest |delta| of the put, 0 to 1. Default 0.30."),
            field("dte_min", FieldKind::Integer(0, 1_100), "Fewest days to expiration. Default 14."),
            field("dte_max", FieldKind::Integer(0, 1_100), "Most days to expiration. Default 45."),
            field("min_open_interest", FieldKind::Integer(0, 1_000_000), "Smallest open interest. Default 100."),
            field("max_spread_pct", FieldKind::Number(0.0, 200.0), "Widest bid-ask spread, in percent of the mid. Default 10."),
            field("through_earnings", FieldKind::Flag, "Whether to take expirations that span earnings."),
            field("unknown_earnings", FieldKind::Choice(&["exclude", "warn", "allow"]), "What to do where no earnings date is known. Default warn."),
            field("rank", FieldKind::Choice(&["return", "probability", "wheel"]), "How picks are ranked. Default return."),
            field("picks", FieldKind::Integer(1, 50), "Most picks. Default 5."),
            field("capital", FieldKind::Number(0.0, 1e12), "Dollars for all picks together. Default: the account's buying power."),
            field("max_symbol_pct", FieldKind::Number(1.0, 100.0), "The most in one symbol, in percent of net liquidation."),
            $($more),*
        ]
    };
}

#[async_trait]
impl McpTool for RunScreen {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_screen_run",
            title: "Screen for puts to sell",
            about: "Screens the market, or given symbols, for cash-secured puts: ranked picks that fit the capital together, and why \
                    the other candidates were dropped. It usually takes longer than a call: then the answer is a handle for \
                    ttai_run_wait. Picks are suggestions; nothing is ordered.",
            toolset: Toolset::Screens,
            standard: true,
            effect: ToolEffect::Starts,
            arguments: criteria![SCREENER, WAIT, DETAIL, KEY],
            answers: RUN_ANSWER,
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        let request = requested(call).await?;
        let client = call.desk.client().await?;
        let run = client
            .start_by_name(request.workflow, vec![request.argument], call.arguments.text("key"))
            .await?;
        let answer = waiting::answer(&run, call.patience(), call.progress, call.arguments.is_full()).await?;
        Ok(answer.warnings(request.notes))
    }
}

/// The screen that is asked for: a saved one by its name, or by its criteria.
async fn requested(call: &McpCall<'_>) -> Result<PreparedRequest, ToolProblem> {
    if !call.caller.owns_desk && call.arguments.as_map().get("capital").is_none() {
        let what = "without capital the account's buying power counts, and the account is the desk owner's";
        return Err(ToolProblem::of("capital", what, "Give the capital in dollars."));
    }
    let Some(name) = call.arguments.text("screener") else {
        return call.desk.screen(call.caller, call.arguments.as_map()).await;
    };
    let saved = known(call, name).await?;
    Ok(PreparedRequest { workflow: "CSPScreenerWorkflow", argument: with_name(&saved), notes: Vec::new() })
}

fn with_name(saved: &SavedScreener) -> Value {
    let mut argument = saved.screener.criteria.clone();
    argument["screener_id"] = saved.screener.name.clone().into();
    argument["user_id"] = saved.user_id.clone().into();
    argument
}

async fn known(call: &McpCall<'_>, name: &str) -> Result<SavedScreener, ToolProblem> {
    let store = call.desk.store().await?;
    if let Some(saved) = store.screeners.screener(call.user(), name).await? {
        return Ok(saved);
    }
    let there = store.screeners.list_screeners(call.user()).await?;
    Err(ToolProblem::new(format!("there is no screener {name:?}"), names(&there)))
}

fn names(screeners: &[SavedScreener]) -> String {
    let names: Vec<&str> = screeners.iter().map(|saved| saved.screener.name.as_str()).collect();
    if names.is_empty() {
        "None is saved yet.".to_owned()
    } else {
        format!("There are: {}.", names.join(", "))
    }
}

#[async_trait]
impl McpTool for ShowScreen {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_screen_show",
            title: "Show screens that ran",
            about: "Lists screens that ran, newest first, with their picks; with run=workflow id shows one, and with candidates=true \
                    every candidate and why it was dropped.",
            toolset: Toolset::Screens,
            standard: true,
            effect: ToolEffect::Reads,
            arguments: &[
                field("run", FieldKind::Text(400), "The workflow id of a screen that ran, or latest."),
                field("screen", FieldKind::Text(128), "Only runs of the screen of this name."),
                field("candidates", FieldKind::Flag, "Whether to list every candidate of the run."),
                limit("Most rows, 10 by default."),
                CURSOR,
            ],
            answers: &[
                field("screens", FieldKind::Objects, "Runs, newest first."),
                field("result", FieldKind::Object, "The run that was asked for."),
                field("candidates", FieldKind::Objects, "Its candidates, each with its verdict and reason."),
                field("next_cursor", FieldKind::Text(0), "Where the next page begins."),
            ],
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        let store = call.desk.store().await?;
        let runs =
            store.screens.list_screen_runs(call.user(), call.arguments.text("screen"), SEARCHED).await?;
        let Some(wanted) = call.arguments.text("run") else {
            let rows: Vec<Value> = runs.iter().map(row).collect();
            return Ok(page(call, "screens", rows, 10)?.next("run=<workflow_id> shows one of them."));
        };
        let found = runs.iter().find(|run| wanted == "latest" || run.key.workflow_id == wanted);
        let Some(found) = found else {
            let next = "Call without run to list them; one that still runs is shown by ttai_run_show.";
            return Err(ToolProblem::of("run", "no finished screen has this id", next));
        };
        let (result, notes) = summary::short(&found.result);
        let answer = if call.arguments.flag("candidates") {
            let candidates = store.screens.screened(&found.key).await?;
            let rows =
                candidates.iter().map(|candidate| summary::readable(&json!(candidate), true)).collect();
            page(call, "candidates", rows, 10)?
        } else {
            ToolAnswer::default()
        };
        Ok(answer.with("result", result)?.warnings(notes))
    }
}

/// Runs among which one is sought: the newest.
const SEARCHED: u32 = 1_000;

fn row(run: &ScreenRunRecord) -> Value {
    let picks: Vec<&str> = run.picks.iter().map(|pick| pick.symbol.as_str()).collect();
    json!({
        "run": run.key.workflow_id, "screen": run.screen, "picks": picks, "as_of": run.as_of, "created_at": run.created_at,
    })
}

#[async_trait]
impl McpTool for ListScreeners {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_screener_list",
            title: "List saved screeners",
            about: "Lists the screeners that are saved under a name, and which of them run by themselves.",
            toolset: Toolset::Screens,
            standard: false,
            effect: ToolEffect::Reads,
            arguments: &[limit("Most rows, 50 by default."), CURSOR],
            answers: &[
                field("screeners", FieldKind::Objects, "The screeners, by name."),
                field("next_cursor", FieldKind::Text(0), "Where the next page begins."),
            ],
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        let found = call.desk.store().await?.screeners.list_screeners(call.user()).await?;
        let rows = found.iter().map(|saved| summary::readable(&json!(saved), true)).collect();
        page(call, "screeners", rows, 50)
    }
}

#[async_trait]
impl McpTool for SaveScreener {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_screener_save",
            title: "Save a screener",
            about: "Saves a screen under a name, in place of one of the same name. auto_run has it run hourly in the session.",
            toolset: Toolset::Screens,
            standard: false,
            effect: ToolEffect::Changes,
            arguments: criteria![
                NAME,
                field("auto_run", FieldKind::Flag, "Whether it runs by itself. Default false.")
            ],
            answers: &[field("screener", FieldKind::Object, "The screener as saved.")],
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        let name = call.arguments.text("name").unwrap_or_default();
        let params = ScheduledScreenerParams { screener_id: name.to_owned(), ..Default::default() };
        params.validate().map_err(|error| ToolProblem::of("name", error.message, "Choose another name."))?;
        let request = call.desk.screen(call.caller, call.arguments.as_map()).await?;
        let screener = NewScreener {
            name: name.to_owned(),
            strategy: "csp".to_owned(),
            criteria: request.argument,
            auto_run: call.arguments.flag("auto_run"),
            channels: Vec::new(),
        };
        let saved = call.desk.store().await?.screeners.save_screener(call.user(), &screener).await?;
        Ok(ToolAnswer::of("screener", summary::readable(&json!(saved), true))?.warnings(request.notes))
    }
}

#[async_trait]
impl McpTool for ChangeScreener {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_screener_change",
            title: "Enable, disable or delete a screener",
            about: "Has a saved screener run by itself (enable), no longer (disable), or deletes it; what its runs found stays.",
            toolset: Toolset::Screens,
            standard: false,
            effect: ToolEffect::Removes,
            arguments: &[
                NAME,
                required("action", FieldKind::Choice(&["enable", "disable", "delete"]), "What to do."),
            ],
            answers: &[
                field("screener", FieldKind::Text(0), "Its name."),
                field("done", FieldKind::Text(0), "What was done."),
            ],
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        let name = call.arguments.text("name").unwrap_or_default();
        let action = call.arguments.text("action").unwrap_or_default();
        known(call, name).await?;
        let store = call.desk.store().await?;
        if action == "delete" {
            store.screeners.delete_screener(call.user(), name).await?;
        } else {
            store.screeners.set_auto_run(call.user(), name, action == "enable").await?;
        }
        ToolAnswer::of("screener", name)?.with("done", format!("{action}d"))
    }
}
