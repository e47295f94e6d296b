//! Analyses of a symbol: the whole, or one stage.

use async_trait::async_trait;

use super::RUN_ANSWER;
use crate::answer::ToolAnswer;
use crate::field::{DETAIL, FieldKind, KEY, ToolField, WAIT, field, required};
use crate::problem::ToolProblem;
use crate::tool::{McpCall, McpTool, ToolEffect, ToolSpec};
use crate::toolset::Toolset;
use crate::waiting;

/// `ttai_analyze`.
pub(crate) struct Analyze;

const ARGUMENTS: &[ToolField] = &[
    required("symbol", FieldKind::Ticker, "Ticker, such as AAPL."),
    field(
        "kind",
        FieldKind::Choice(&["full", "chart", "options", "research"]),
        "full (default): chart, options, research and a verdict; else one stage alone.",
    ),
    field(
        "strategy",
        FieldKind::Choice(&["csp", "covered_call", "spread"]),
        "What to sell: cash-secured put, covered call or vertical spread. Default: the user's preference, else csp.",
    ),
    field(
        "max_delta",
        FieldKind::Number(0.0, 1.0),
        "Largest |delta| of the short contract, 0 to 1. Default 0.30.",
    ),
    field(
        "min_roc",
        FieldKind::Number(0.0, 100.0),
        "Lowest return at the bid, in percent per 7 days. Default 0.5.",
    ),
    field("dte_min", FieldKind::Integer(0, 1_100), "Fewest days to expiration. Default 14."),
    field("dte_max", FieldKind::Integer(0, 1_100), "Most days to expiration. Default 45."),
    field(
        "min_open_interest",
        FieldKind::Integer(0, 1_000_000),
        "Smallest open interest, in contracts. Default 100.",
    ),
    field(
        "max_spread_pct",
        FieldKind::Number(0.0, 200.0),
        "Widest bid-ask spread, in percent of the mid. Default 10.",
    ),
    field(
        "capital",
        FieldKind::Number(0.0, 1e12),
        "Dollars available for this position; without it figures are per contract.",
    ),
    field(
        "account",
        FieldKind::Choice(&["cash", "margin"]),
        "Kind of account. Default cash, or as configured.",
    ),
    field("shares", FieldKind::Integer(0, 1_000_000_000), "Shares held, for covered_call."),
    field("cost_basis", FieldKind::Number(0.0, 1e9), "Cost of those shares, in dollars a share."),
    field(
        "spread_type",
        FieldKind::Choice(&["bull_put", "bear_call"]),
        "Which vertical, for spread. Default: by the chart.",
    ),
    field(
        "width",
        FieldKind::Number(0.5, 1_000.0),
        "Width of the vertical, in dollars. Default: the best listed.",
    ),
    field("at", FieldKind::Moment, "Market time to analyse at; nothing later is read. Default: now."),
    WAIT,
    DETAIL,
    KEY,
];

#[async_trait]
impl McpTool for Analyze {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_analyze",
            title: "Analyse a symbol",
            about: "Analyses a US stock or fund and says whether to sell an option on it: verdict, the trade (strike, expiration, \
                    credit, breakeven, collateral, probability of profit), reasons, risks and what was not checked. It runs durably: \
                    if it takes longer than wait_seconds, the answer is a handle for ttai_run_wait.",
            toolset: Toolset::Analysis,
            standard: true,
            effect: ToolEffect::Starts,
            arguments: ARGUMENTS,
            answers: RUN_ANSWER,
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        let kind = call.arguments.text("kind").unwrap_or("full");
        let request = call.desk.analysis(call.caller, kind, call.arguments.as_map()).await?;
        let client = call.desk.client().await?;
        let key = call.arguments.text("key");
        let run = client.start_by_name(request.workflow, vec![request.argument], key).await?;
        let answer = waiting::answer(&run, call.patience(), call.progress, call.arguments.is_full()).await?;
        let chart = crate::resources::chart_uri(run.workflow_id());
        let answer = answer.warnings(request.notes);
        Ok(if kind == "full" || kind == "chart" { answer.link(chart, "chart", "image/png") } else { answer })
    }
}
