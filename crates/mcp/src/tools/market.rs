//! Quotes and option chains, with where they come from and how old they are.

use async_trait::async_trait;
use chrono::NaiveDate;
use serde_json::{Map, Value, json};
use ttai_core::Symbol;

use crate::answer::ToolAnswer;
use crate::field::{FieldKind, field, limit, required};
use crate::problem::ToolProblem;
use crate::summary;
use crate::tool::{McpCall, McpTool, ToolEffect, ToolSpec};
use crate::toolset::Toolset;

/// `ttai_quotes`.
pub(crate) struct ShowQuotes;
/// `ttai_chain`.
pub(crate) struct ShowChain;

#[async_trait]
impl McpTool for ShowQuotes {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_quotes",
            title: "Show quotes",
            about: "Shows how shares, funds and indices stand: bid, ask, last, market time, source and conditions such as stale, halted \
                    or crossed. A quote without a market time is only the last known.",
            toolset: Toolset::Market,
            standard: true,
            effect: ToolEffect::ReadsOutside,
            arguments: &[required(
                "symbols",
                FieldKind::Tickers(50),
                "Tickers, such as [\"AAPL\", \"SPY\"].",
            )],
            answers: &[field("quotes", FieldKind::Objects, "A row a ticker; error where there is none.")],
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        let symbols: Vec<Symbol> = call.arguments.typed("symbols").unwrap_or_default();
        if symbols.is_empty() {
            return Err(ToolProblem::of("symbols", "it is empty", "Give at least one ticker."));
        }
        let quotes = call.desk.quotes(&symbols).await?;
        let failed = quotes.iter().filter_map(|quote| {
            Some(format!("{}: {}", quote.get("symbol")?.as_str()?, quote.get("error")?.as_str()?))
        });
        let failed: Vec<String> = failed.collect();
        if failed.len() == quotes.len() {
            return Err(ToolProblem::of("symbols", failed.join("; "), "Check the tickers and call again."));
        }
        let answer = ToolAnswer::of("quotes", summary::readable(&json!(quotes), true))?;
        Ok(answer.warnings(failed).warnings(call.desk.market_notes().await))
    }
}

#[async_trait]
impl McpTool for ShowChain {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_chain",
            title: "Show an option chain",
            about: "Shows a symbol's options with implied volatility and Greeks. Without expiration it lists the expirations with their \
                    at-the-money volatility and expected move; with one, the contracts around the price.",
            toolset: Toolset::Market,
            standard: true,
            effect: ToolEffect::ReadsOutside,
            arguments: &[
                required("symbol", FieldKind::Ticker, "Ticker of the underlying."),
                field("expiration", FieldKind::Day, "The expiration, such as 2026-12-18."),
                field("right", FieldKind::Choice(&["put", "call"]), "Puts or calls only. Default: both."),
                field(
                    "max_delta",
                    FieldKind::Number(0.0, 1.0),
                    "Only contracts of at most this |delta|, 0 to 1.",
                ),
                limit("Most contracts, those nearest to the price; 30 by default."),
            ],
            answers: &[
                field(
                    "underlying",
                    FieldKind::Object,
                    "The underlying: symbol, price, snapshot time, source.",
                ),
                field("expirations", FieldKind::Objects, "Expirations with volatility and expected move."),
                field("contracts", FieldKind::Objects, "Contracts by strike."),
            ],
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        let Some(symbol) = call.arguments.typed::<Symbol>("symbol") else {
            return Err(ToolProblem::of("symbol", "it is missing", "Give a ticker."));
        };
        let market = call.desk.market().await?;
        let now = market.now(&symbol).await?;
        let chain = market.option_chain(&symbol, now).await?;
        let rate = market.risk_free_rate(now).await?.continuous;
        let underlying = json!({
            "symbol": symbol, "quote": chain.underlying, "snapshot_time": chain.snapshot_time, "source": chain.source,
        });
        let warnings = chain.warnings.clone();
        let listed: Vec<NaiveDate> = expirations(&chain);
        let priced = priced(json!({"op": "chain", "chain": chain, "rate": rate})).await?;
        let answer = ToolAnswer::of("underlying", summary::readable(&underlying, true))?;
        let answer = match call.arguments.typed::<NaiveDate>("expiration") {
            None => {
                let terms = priced.get("term_structure").cloned().unwrap_or_default();
                let answer = answer.with("expirations", summary::readable(&terms, true))?;
                let unknown = listed.len().saturating_sub(terms.as_array().map_or(0, Vec::len));
                let answer = answer.next("expiration=<day> shows its contracts.");
                if unknown > 0 {
                    answer.warning(format!("{unknown} expirations have no at-the-money volatility."))
                } else {
                    answer
                }
            }
            Some(day) if listed.contains(&day) => answer.with("contracts", contracts(call, &priced, day))?,
            Some(day) => {
                let days: Vec<String> = listed.iter().map(ToString::to_string).collect();
                return Err(ToolProblem::of(
                    "expiration",
                    format!("{symbol} has none on {day}"),
                    format!("Choose from {}.", days.join(", ")),
                ));
            }
        };
        Ok(answer.warnings(warnings).warnings(call.desk.market_notes().await))
    }
}

fn expirations(chain: &ttai_core::OptionChain) -> Vec<NaiveDate> {
    let mut days: Vec<NaiveDate> = chain.quotes.iter().map(|quote| quote.contract.expiration).collect();
    days.sort_unstable();
    days.dedup();
    days
}

async fn priced(request: Value) -> Result<Map<String, Value>, ToolProblem> {
    let fields = request.as_object().cloned().unwrap_or_default();
    let priced = tokio::task::spawn_blocking(move || ttai_calc::evaluate(fields)).await;
    let broken = |why: String| {
        ToolProblem::new(format!("the chain cannot be priced: {why}"), "Try again in a minute.")
    };
    priced.map_err(|error| broken(error.to_string()))?.map_err(|error| broken(error.to_string()))
}

/// The contracts of a day nearest to the price, by strike.
fn contracts(call: &McpCall<'_>, priced: &Map<String, Value>, day: NaiveDate) -> Vec<Value> {
    let spot = priced.get("underlying_price").and_then(Value::as_f64);
    let right = call.arguments.text("right").map(|right| if right == "put" { "P" } else { "C" });
    let most_delta = call.arguments.as_map().get("max_delta").and_then(Value::as_f64);
    let strike = |row: &Value| row.get("strike").and_then(Value::as_f64).unwrap_or_default();
    let wanted = |row: &&Value| {
        row.get("expiry").and_then(Value::as_str) == Some(day.to_string().as_str())
            && right.is_none_or(|right| row.get("right").and_then(Value::as_str) == Some(right))
            && most_delta.is_none_or(|most| {
                row.get("delta").and_then(Value::as_f64).is_some_and(|delta| delta.abs() <= most)
            })
    };
    let rows = priced.get("rows").and_then(Value::as_array).into_iter().flatten();
    let mut rows: Vec<&Value> = rows.filter(wanted).collect();
    let middle = spot.unwrap_or_else(|| rows.get(rows.len() / 2).map_or(0.0, |row| strike(row)));
    rows.sort_by(|one, other| (strike(one) - middle).abs().total_cmp(&(strike(other) - middle).abs()));
    rows.truncate(usize::try_from(call.arguments.limit(30)).unwrap_or(30));
    rows.sort_by(|one, other| strike(one).total_cmp(&strike(other)));
    rows.into_iter().map(|row| summary::readable(row, true)).collect()
}
