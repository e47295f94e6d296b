//! A full analysis as a person reads it: the verdict and the trade first, then what it rests on.

use std::collections::BTreeSet;

use ttai_contract::{
    Alternative, ChartAnalysisResult, FullAnalysisResult, ModelTotal, OptionsAnalysisResult, PriceLevel,
    ResearchAnalysisResult, SuggestedPosition,
};
use ttai_core::OptionRight;

use super::text::{dollars, wrap};
use super::{eastern, tables};

/// The report of a full analysis.
#[must_use]
pub fn full(result: &FullAnalysisResult) -> String {
    // The whole reason of a reject is the stage's own text, which follows.
    let reason = || result.reject_reason.as_ref().and_then(|reason| reason.lines().next());
    let mut sections = vec![headline(result)];
    sections.extend(result.synthesized_rationale.as_deref().or_else(reason).map(prose));
    sections.extend(result.suggested_position.as_ref().map(position));
    sections.extend(result.chart_analysis.as_ref().map(chart));
    sections.extend(result.options_analysis.as_ref().map(options));
    sections.extend(result.research_analysis.as_ref().map(research));
    sections.extend(result.model_use.as_ref().map(model));
    if !result.warnings.is_empty() {
        sections.push(heading("Warnings", &prose(&bullets(&once(&result.warnings)))));
    }
    sections.join("\n\n")
}

/// What a model took, and in how many stages its text is used.
fn model(total: &ModelTotal) -> String {
    let cost = total.cost_usd.map_or_else(|| "cost unknown".to_owned(), |cost| format!("${cost}"));
    let text = format!(
        "{}: {} turns, {} tokens in, {} out, {cost}; its text is used in {} of {} stages.",
        total.model, total.turns, total.input_tokens, total.output_tokens, total.stages_used, total.stages,
    );
    heading("Model", &prose(&text))
}

/// Stages may warn of the same thing; a reader needs it once.
fn once(warnings: &[String]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    warnings.iter().filter(|warning| seen.insert(warning.as_str())).cloned().collect()
}

fn prose(text: &str) -> String {
    wrap(text, tables::text_width())
}

/// A stage's section: its text and what stands beside it.
fn stage(title: &str, notes: &str, parts: impl IntoIterator<Item = String>) -> String {
    let parts: Vec<String> =
        std::iter::once(prose(notes)).chain(parts).filter(|part| !part.is_empty()).collect();
    heading(title, &parts.join("\n\n"))
}

/// The result of any workflow: an analysis as a report, anything else as JSON.
#[must_use]
pub fn result(result: &serde_json::Value) -> String {
    if let Ok(full_result) = serde_json::from_value::<FullAnalysisResult>(result.clone()) {
        return full(&full_result);
    }
    if let Ok(result) = serde_json::from_value::<ChartAnalysisResult>(result.clone()) {
        return chart(&result);
    }
    if let Ok(result) = serde_json::from_value::<OptionsAnalysisResult>(result.clone()) {
        return options(&result);
    }
    if let Ok(result) = serde_json::from_value::<ResearchAnalysisResult>(result.clone()) {
        return research(&result);
    }
    serde_json::to_string_pretty(result).unwrap_or_default()
}

fn headline(result: &FullAnalysisResult) -> String {
    let time = result.as_of.map(eastern).unwrap_or_default();
    let source = result.data_source.as_ref().map(|source| source.description.clone()).unwrap_or_default();
    let simulated = result.data_source.as_ref().is_some_and(|source| source.simulated);
    let mark = if simulated { "  [SIMULATED MARKET]" } else { "" };
    format!(
        "{}  {}  {}{mark}\n{}",
        result.symbol,
        result.strategy.as_str(),
        result.overall_recommendation.as_str().to_uppercase(),
        prose(&format!("{time} · {source}")),
    )
}

fn position(position: &SuggestedPosition) -> String {
    let mut table = tables::table(&["position", ""]);
    let mut row = |name: &str, value: String| {
        table.add_row([name.to_owned(), value]);
    };
    row("contract", position.contract.clone());
    if let Some(long) = &position.long_contract {
        row("long leg", long.clone());
    }
    row("expires", format!("{} ({} days)", position.last_trade_date, position.dte));
    row("contracts", format!("{} ({})", position.contracts, position.sizing));
    row("credit", credit(position));
    row("breakeven", format!("{:.2}", position.breakeven));
    row(
        "collateral",
        format!(
            "{} (net of premium {}, Reg-T {})",
            dollars(position.collateral),
            dollars(position.net_of_premium),
            dollars(position.regt_margin)
        ),
    );
    row("max profit / loss", format!("{} / {}", dollars(position.max_profit), dollars(position.max_loss)));
    row(
        "probability of profit",
        position
            .probability_of_profit
            .map_or("–".to_owned(), |p| format!("{:.1} % (risk-neutral)", p * 100.0)),
    );
    row("delta", position.delta.map_or("–".to_owned(), |delta| format!("{delta:.2}")));
    row(
        "return",
        format!(
            "{:.2} % a week, {:.2} % for the period, {:.2} % a year (simple)",
            position.roc_weekly, position.roc_period, position.roc_annual
        ),
    );
    for exit in &position.exit_plan {
        row("exit", exit.text.clone());
    }
    tables::render(&table)
}

/// The chart's text without its lists of levels: the table has them.
fn without_levels(notes: &str) -> String {
    let listed = |line: &&str| !line.starts_with("- Support: ") && !line.starts_with("- Resistance: ");
    notes.lines().filter(listed).collect::<Vec<_>>().join("\n")
}

fn credit(position: &SuggestedPosition) -> String {
    let whose = if position.long_contract.is_some() { "short leg " } else { "" };
    format!("{:.2} per share ({whose}bid {:.2}, ask {:.2})", position.credit, position.bid, position.ask)
}

fn chart(chart: &ChartAnalysisResult) -> String {
    let mut table = tables::table(&["level", "price", "strength", "made by", "touches", "ATR away"]);
    for level in chart.resistance_levels.iter().take(3).rev() {
        table.add_row(level_row("resistance", level));
    }
    table.add_row(["price".to_owned(), format!("{:.2}", chart.price)]);
    for level in chart.support_levels.iter().take(4) {
        table.add_row(level_row("support", level));
    }
    stage("Chart", &without_levels(&chart.chart_notes), [tables::render(&table)])
}

fn level_row(side: &str, level: &PriceLevel) -> [String; 6] {
    [
        side.to_owned(),
        format!("{:.2}", level.price),
        level.strength.clone(),
        level.kind.replace('_', " "),
        level.touches.to_string(),
        format!("{:+.1}", level.distance_atr),
    ]
}

fn options(options: &OptionsAnalysisResult) -> String {
    let expected = expectations(options);
    let expected = if expected.is_empty() {
        String::new()
    } else {
        format!("Expectations\n{}", prose(&bullets(&expected)))
    };
    stage("Options", &options.options_notes, [expected, alternatives(&options.alternative_strikes)])
}

/// Other contracts: where they lie and why they lost.
fn alternatives(others: &[Alternative]) -> String {
    if others.is_empty() {
        return String::new();
    }
    let header =
        ["alternative", "days", "credit", "delta", "% a\nweek", "ATR to\nlevel", "ATR to\n1 SD", "why not"];
    let mut table = tables::table(&header);
    for other in others.iter().take(8) {
        let optional = |value: Option<f64>, digits: usize| {
            value.map_or("–".to_owned(), |value| format!("{value:.digits$}"))
        };
        table.add_row([
            contract(other),
            other.dte.to_string(),
            format!("{:.2}", other.credit),
            optional(other.delta, 3),
            format!("{:.3}", other.weekly_roc),
            optional(other.distance_to_support_atr, 1),
            optional(other.distance_to_one_sd_atr, 1),
            other.reason.clone(),
        ]);
    }
    tables::render(&table)
}

/// `2014-06-21 630 put`; a vertical has both strikes.
fn contract(other: &Alternative) -> String {
    let long = other.long_strike.map(|strike| format!("/{strike}")).unwrap_or_default();
    let right = match other.right {
        OptionRight::Call => "call",
        OptionRight::Put => "put",
    };
    format!("{} {}{long} {right}", other.expiration, other.strike)
}

/// What the market expects: moves by expiration, and events that it prices in.
fn expectations(options: &OptionsAnalysisResult) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(options.expected_moves.iter().map(|expected| {
        let straddle =
            expected.expected_move_straddle.map(|mid| format!(", {mid:.2} (straddle)")).unwrap_or_default();
        format!(
            "Expected move by {}: {:.2} (one standard deviation){straddle}",
            expected.expiration, expected.expected_move_1sd
        )
    }));
    lines.extend(options.implied_events.iter().map(|event| {
        format!(
            "Options are pricing in an event between {} and {}: forward volatility {:.1} %, {:.1} % before it",
            event.after, event.before, event.forward_volatility, event.base_volatility
        )
    }));
    lines
}

fn research(research: &ResearchAnalysisResult) -> String {
    stage("Research", &research.research_notes, [])
}

fn heading(title: &str, text: &str) -> String {
    format!("── {title} {}\n{text}", "─".repeat(60_usize.saturating_sub(title.len())))
}

fn bullets(lines: &[String]) -> String {
    lines.iter().map(|line| format!("- {line}")).collect::<Vec<_>>().join("\n")
}
