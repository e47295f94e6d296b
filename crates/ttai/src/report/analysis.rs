//! The whole report: the short one's verdict and reasons, then the position and every stage with its tables. No sentence twice.

use chrono::Datelike;
use serde::de::DeserializeOwned;
use serde_json::Value;
use ttai_contract::{
    Alternative, CSPScreenerResult, ChartAnalysisResult, FullAnalysisResult, ModelTotal,
    OptionsAnalysisResult, PriceLevel, ResearchAnalysisResult, ScreenerResult, SuggestedPosition,
};
use ttai_core::{NEW_YORK, OptionRight};

use super::article::{Article, capital};
use super::paint::{Paint, Tone};
use super::text::{readable, whole_dollars, wrap};
use super::{figures, headline, screens, short, tables};

/// How much of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// What a terminal shows at once.
    Short,
    /// Everything.
    Full,
}

/// The result of any workflow: an analysis or a screen as a report, anything else as JSON.
#[must_use]
pub fn result(result: &Value, detail: Detail, paint: Paint) -> String {
    // That of `AnalysisWorkflow` has its analysis inside.
    let analysis = result.get("analysis").unwrap_or(result);
    if let Some(analysis) = read::<FullAnalysisResult>(analysis) {
        return match detail {
            Detail::Short => short::report(&analysis, paint),
            Detail::Full => full(&analysis, paint),
        };
    }
    if let Some(result) = read::<CSPScreenerResult>(result) {
        return screens::csp_screen(&result, paint);
    }
    if let Some(result) = read::<ScreenerResult>(result) {
        return screens::screen(&result, paint);
    }
    let mut text = Teller::new(paint, None);
    if let Some(result) = read::<ChartAnalysisResult>(result) {
        text.push(headline::stage(&result.symbol, result.as_of, &result.data_source, paint));
        text.chart(&result, detail);
    } else if let Some(result) = read::<OptionsAnalysisResult>(result) {
        text.push(headline::stage(&result.symbol, result.as_of, &result.data_source, paint));
        text.options(&result, detail);
    } else if let Some(result) = read::<ResearchAnalysisResult>(result) {
        text.push(headline::stage(&result.symbol, result.as_of, &result.data_source, paint));
        text.research(&result);
    } else {
        return serde_json::to_string_pretty(result).unwrap_or_default();
    }
    text.finish()
}

fn read<T: DeserializeOwned>(result: &Value) -> Option<T> {
    serde_json::from_value(result.clone()).ok()
}

fn full(result: &FullAnalysisResult, paint: Paint) -> String {
    let year = result.as_of.map(|time| time.with_timezone(&NEW_YORK).year());
    let mut text = Teller::new(paint, year);
    let source = result.data_source.as_ref().map(|source| source.description.clone()).unwrap_or_default();
    let mut head = headline::lines(result, text.width, paint);
    head.push(paint.tone(Tone::Aside, &wrap(&source, text.width)));
    text.push(head.join("\n"));
    if let Some(rationale) = &result.synthesized_rationale {
        text.article(rationale);
    }
    if let Some(plan) = &result.suggested_position {
        text.push(position(plan, year));
    }
    if let Some(stage) = &result.chart_analysis {
        text.chart(stage, Detail::Full);
    }
    if let Some(stage) = &result.options_analysis {
        text.options(stage, Detail::Full);
    }
    if let Some(stage) = &result.research_analysis {
        text.research(stage);
    }
    if let Some(total) = &result.model_use {
        text.heading("Model", "");
        text.sentence(&model(total));
    }
    let warnings: Vec<String> = result.warnings.iter().map(|warning| capital(warning)).collect();
    text.list("Warnings", &warnings);
    text.finish()
}

/// What a model took, and in how many stages its text is used.
fn model(total: &ModelTotal) -> String {
    let cost = total.cost_usd.map_or_else(|| "cost unknown".to_owned(), |cost| format!("${cost}"));
    format!(
        "{}: {} turns, {} tokens in, {} out, {cost}; its text is used in {} of {} stages.",
        total.model, total.turns, total.input_tokens, total.output_tokens, total.stages_used, total.stages,
    )
}

/// Letters from which a sentence is more than a word that others end with.
const WHOLE: usize = 20;

/// Writes paragraphs, and no sentence that it has written before.
struct Teller {
    paint: Paint,
    year: Option<i32>,
    width: usize,
    parts: Vec<String>,
    said: Vec<String>,
}

impl Teller {
    fn new(paint: Paint, year: Option<i32>) -> Self {
        Self { paint, year, width: tables::text_width(), parts: Vec::new(), said: Vec::new() }
    }

    fn push(&mut self, part: String) {
        if !part.is_empty() {
            self.parts.push(part);
        }
    }

    /// Notes a sentence; whether it is new.
    fn is_new(&mut self, sentence: &str) -> bool {
        let plain = sentence.trim_end_matches('.').to_lowercase();
        let known = self
            .said
            .iter()
            .any(|said| said.ends_with(&plain) || (said.len() > WHOLE && plain.ends_with(said)));
        if !known {
            self.said.push(plain);
        }
        !known
    }

    fn sentence(&mut self, text: &str) {
        let wrapped = wrap(&readable(text, self.year), self.width);
        self.push(wrapped);
    }

    fn heading(&mut self, title: &str, verdict: &str) {
        let title = if verdict.is_empty() {
            title.to_owned()
        } else {
            format!("{title}: {}", verdict.replace('_', " "))
        };
        let rule = "─".repeat(self.width.min(80).saturating_sub(title.chars().count() + 4));
        let line = self.paint.tone(Tone::Head, &format!("── {title} {rule}"));
        self.push(line);
    }

    fn list(&mut self, title: &str, sentences: &[String]) {
        let new: Vec<String> = sentences.iter().filter(|sentence| self.is_new(sentence)).cloned().collect();
        if new.is_empty() {
            return;
        }
        let lines: Vec<String> = new.iter().map(|sentence| format!("- {sentence}")).collect();
        let text = wrap(&readable(&lines.join("\n"), self.year), self.width);
        let title = self.paint.tone(Tone::Head, title);
        self.push(format!("{title}\n{text}"));
    }

    /// A text with its sections, as far as it is new.
    fn article(&mut self, text: &str) {
        let article = Article::of(text);
        let lead = article.lead();
        let new: Vec<&str> =
            lead.split_inclusive(". ").filter(|sentence| self.is_new(sentence.trim_end())).collect();
        self.sentence(new.concat().trim_end());
        for (title, sentences) in article.sections() {
            if sentences.is_empty() {
                self.sentence(title);
            } else {
                let sentences: Vec<String> =
                    sentences.iter().map(|sentence| (*sentence).to_owned()).collect();
                self.list(title, &sentences);
            }
        }
    }

    fn chart(&mut self, chart: &ChartAnalysisResult, detail: Detail) {
        self.heading("Chart", chart.recommendation.as_str());
        self.article(&without_levels(&chart.chart_notes));
        if detail == Detail::Full {
            self.push(levels(chart));
        }
    }

    fn options(&mut self, options: &OptionsAnalysisResult, detail: Detail) {
        self.heading("Options", options.recommendation.as_str());
        self.article(&options.options_notes);
        if detail == Detail::Full {
            self.list("Expectations", &expectations(options));
            self.push(alternatives(&options.alternative_strikes, self.year));
        }
    }

    fn research(&mut self, research: &ResearchAnalysisResult) {
        self.heading("Research", research.recommendation.as_str());
        self.article(&research.research_notes);
    }

    fn finish(self) -> String {
        self.parts.join("\n\n")
    }
}

fn position(position: &SuggestedPosition, year: Option<i32>) -> String {
    let mut table = tables::table(&["position", ""]);
    let mut row = |name: &str, value: String| {
        table.add_row([name.to_owned(), value]);
    };
    row("contract", position.contract.clone());
    if let Some(long) = &position.long_contract {
        row("long leg", long.clone());
    }
    row("last trades", readable(&format!("{} ({} days)", position.last_trade_date, position.dte), year));
    row("contracts", contracts(position));
    row("credit", credit(position));
    row("breakeven", format!("{:.2}", position.breakeven));
    row(
        "collateral",
        format!(
            "{} (net of premium {}, Reg-T {})",
            whole_dollars(position.collateral),
            whole_dollars(position.net_of_premium),
            whole_dollars(position.regt_margin)
        ),
    );
    row(
        "at assignment",
        format!(
            "{} (limit {:.0} % of the capital)",
            whole_dollars(position.at_assignment),
            position.assignment_limit_pct
        ),
    );
    row(
        "max profit / loss",
        format!("{} / {}", whole_dollars(position.max_profit), whole_dollars(position.max_loss)),
    );
    row("loss on a 20 % move", whole_dollars(position.loss_on_20_pct_move));
    row(
        "probability of profit",
        position
            .probability_of_profit
            .map_or("–".to_owned(), |p| format!("{:.0} % (risk-neutral)", p * 100.0)),
    );
    row("delta", position.delta.map_or("–".to_owned(), |delta| format!("{delta:.2}")));
    row(
        "return",
        format!(
            "{:.2} % a week, {:.2} % for the period, {:.0} % a year (simple)",
            position.roc_weekly, position.roc_period, position.roc_annual
        ),
    );
    for exit in &position.exit_plan {
        let word = figures::exit_word(&exit.kind);
        let text = exit.text.strip_prefix(word).unwrap_or(&exit.text).trim_start();
        row(&word.to_lowercase(), readable(&capital(text), year));
    }
    tables::render(&table)
}

/// How many, and why not more.
fn contracts(position: &SuggestedPosition) -> String {
    match position.sizing.as_str() {
        "unsized" => format!("{} (pass --capital to size it)", position.contracts),
        "too_small" => "0 (the capital does not cover one)".to_owned(),
        _ => position.contracts.to_string(),
    }
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

fn levels(chart: &ChartAnalysisResult) -> String {
    let mut table = tables::table(&["level", "price", "strength", "made by", "touches", "ATR away"]);
    for level in chart.resistance_levels.iter().rev() {
        table.add_row(level_row("resistance", level));
    }
    table.add_row(["price".to_owned(), format!("{:.2}", chart.price)]);
    for level in &chart.support_levels {
        table.add_row(level_row("support", level));
    }
    tables::render(&table)
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

/// Other contracts: where they lie and why they lost.
fn alternatives(others: &[Alternative], year: Option<i32>) -> String {
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
            readable(&contract(other), year),
            other.dte.to_string(),
            format!("{:.2}", other.credit),
            optional(other.delta, 2),
            format!("{:.2}", other.weekly_roc),
            optional(other.distance_to_support_atr, 1),
            optional(other.distance_to_one_sd_atr, 1),
            readable(&other.reason, year),
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
            "Expected move by {}: {:.2} (one standard deviation){straddle}.",
            expected.expiration, expected.expected_move_1sd
        )
    }));
    lines.extend(options.implied_events.iter().map(|event| {
        format!(
            "Options are pricing in an event between {} and {}: forward volatility {:.0} %, {:.0} % before it.",
            event.after, event.before, event.forward_volatility, event.base_volatility
        )
    }));
    lines
}
