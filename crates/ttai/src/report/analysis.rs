//! A full analysis as a person reads it: the verdict and the trade first, then what it rests on.

use std::fmt::Write;

use ttai_contract::{
    ChartAnalysisResult, FullAnalysisResult, OptionsAnalysisResult, PriceLevel, ResearchAnalysisResult,
    SuggestedPosition,
};
use ttai_ports::AnalysisRecord;

use super::{eastern, tables};

/// The report of a full analysis.
#[must_use]
pub fn full(result: &FullAnalysisResult) -> String {
    let mut sections = vec![headline(result)];
    sections.extend(result.synthesized_rationale.clone());
    // The whole reason is the stage's own text, which follows.
    let reason = result.reject_reason.as_ref().and_then(|reason| reason.lines().next());
    sections.extend(reason.filter(|_| result.synthesized_rationale.is_none()).map(str::to_owned));
    sections.extend(result.suggested_position.as_ref().map(position));
    sections.extend(result.chart_analysis.as_ref().map(chart));
    sections.extend(result.options_analysis.as_ref().map(options));
    sections.extend(result.research_analysis.as_ref().map(research));
    if !result.warnings.is_empty() {
        sections.push(heading("Warnings", &bullets(&result.warnings)));
    }
    sections.join("\n\n")
}

/// A stored analysis of any kind.
#[must_use]
pub fn stored(record: &AnalysisRecord) -> String {
    let result = &record.result;
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
        "{}  {}  {}{mark}\n{time} · {source}",
        result.symbol,
        result.strategy.as_str(),
        result.overall_recommendation.as_str().to_uppercase(),
    )
}

fn position(position: &SuggestedPosition) -> String {
    let mut table = tables::table(&["position", ""]);
    let mut row = |name: &str, value: String| {
        table.add_row([name.to_owned(), value]);
    };
    row("contract", position.contract.clone());
    if let Some(long) = &position.long_contract {
        row("against", long.clone());
    }
    row("expires", format!("{} ({} days)", position.last_trade_date, position.dte));
    row("contracts", format!("{} ({})", position.contracts, position.sizing));
    row(
        "credit",
        format!("{:.2} a share (bid {:.2}, ask {:.2})", position.credit, position.bid, position.ask),
    );
    row("breakeven", format!("{:.2}", position.breakeven));
    row(
        "collateral",
        format!(
            "${:.2} (net of premium ${:.2}, Reg-T ${:.2})",
            position.collateral, position.net_of_premium, position.regt_margin
        ),
    );
    row("max profit / loss", format!("${:.2} / ${:.2}", position.max_profit, position.max_loss));
    row(
        "probability of profit",
        position
            .probability_of_profit
            .map_or("–".to_owned(), |p| format!("{:.1} % (risk-neutral)", p * 100.0)),
    );
    row("delta", position.delta.map_or("–".to_owned(), |delta| format!("{delta:.4}")));
    row(
        "return",
        format!(
            "{:.4} % a week, {:.2} % for the period, {:.2} % a year (simple)",
            position.roc_weekly, position.roc_period, position.roc_annual
        ),
    );
    for exit in &position.exit_plan {
        row("exit", exit.text.clone());
    }
    table.to_string()
}

fn chart(chart: &ChartAnalysisResult) -> String {
    let mut text = chart.chart_notes.clone();
    let mut table = tables::table(&["level", "price", "strength", "touches", "ATR away"]);
    for level in chart.resistance_levels.iter().take(3).rev() {
        table.add_row(level_row("resistance", level));
    }
    table.add_row([
        "price".to_owned(),
        format!("{:.2}", chart.price),
        String::new(),
        String::new(),
        String::new(),
    ]);
    for level in chart.support_levels.iter().take(4) {
        table.add_row(level_row("support", level));
    }
    let _ = write!(text, "\n{table}");
    heading("Chart", &text)
}

fn level_row(side: &str, level: &PriceLevel) -> [String; 5] {
    [
        side.to_owned(),
        format!("{:.2}", level.price),
        level.strength.clone(),
        level.touches.to_string(),
        format!("{:+.1}", level.distance_atr),
    ]
}

fn options(options: &OptionsAnalysisResult) -> String {
    let mut text = options.options_notes.clone();
    let expectations = expectations(options);
    if !expectations.is_empty() {
        let _ = write!(text, "\n\nExpectations\n{}", bullets(&expectations));
    }
    if !options.alternative_strikes.is_empty() {
        let mut table = tables::table(&["alternative", "days", "credit", "delta", "% a week", "why not"]);
        for other in options.alternative_strikes.iter().take(8) {
            table.add_row([
                other.contract.clone(),
                other.dte.to_string(),
                format!("{:.2}", other.credit),
                other.delta.map_or("–".to_owned(), |delta| format!("{delta:.3}")),
                format!("{:.3}", other.weekly_roc),
                other.reason.clone(),
            ]);
        }
        let _ = write!(text, "\n{table}");
    }
    heading("Options", &text)
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
            "Implied event between {} and {}: forward volatility {:.1} % against {:.1} % before",
            event.after, event.before, event.forward_volatility, event.base_volatility
        )
    }));
    lines
}

fn research(research: &ResearchAnalysisResult) -> String {
    heading("Research", &research.research_notes)
}

fn heading(title: &str, text: &str) -> String {
    format!("── {title} {}\n{text}", "─".repeat(60_usize.saturating_sub(title.len())))
}

fn bullets(lines: &[String]) -> String {
    lines.iter().map(|line| format!("- {line}")).collect::<Vec<_>>().join("\n")
}
