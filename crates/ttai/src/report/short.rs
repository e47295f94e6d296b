//! The default report: the verdict and the trade, why, risks, what would change it, what is missing, the figures and the exit
//! plan, in at most [`MOST_LINES`] lines of [`WIDTH`] columns. What does not fit is in the full report.

use chrono::Datelike;
use ttai_activities::titles;
use ttai_contract::{ExitTrigger, FullAnalysisResult, SuggestedPosition};
use ttai_core::NEW_YORK;

use super::article::{Article, capital};
use super::figures::{self, Figure};
use super::paint::{Paint, Tone};
use super::text::{readable, wrap};
use super::{headline, tables};

/// Lines of the whole report: what a terminal shows at once.
const MOST_LINES: usize = 25;
/// Columns of the report.
const WIDTH: usize = 80;
/// Columns of the titles at the left.
const GUTTER: usize = 14;
/// Figures in a line.
const FIGURES: usize = 3;
/// Titles that the texts do not have.
const KEY_FIGURES: &str = "Key figures";
const NEAR_MISSES: &str = "Near misses";
const WARNINGS: &str = "Warnings";

/// What gives way first where there is too much to say; the rest after them, in order.
const GIVE_WAY: [&str; 4] = [WARNINGS, titles::MISSING, NEAR_MISSES, titles::CHANGE];

/// A title and the sentences beside it.
struct Block {
    title: String,
    items: Vec<String>,
    /// Whether each sentence has a bullet, where there are several.
    bullets: bool,
    /// Lines that it may have.
    most: usize,
    /// Lines of which it is not deprived.
    least: usize,
}

impl Block {
    fn new(title: &str, items: Vec<String>, most: usize, least: usize) -> Self {
        let least = least.max(title_lines(title).len());
        Self { title: title.to_owned(), items, bullets: true, most: most.max(least), least }
    }

    /// The sentences that fit, in whole; the first is cut where it alone is too long.
    fn lines(&self, width: usize) -> Vec<String> {
        let bulleted = self.bulleted(if self.bullets { "- " } else { "" }, width);
        // One alone needs no bullet.
        if bulleted.len() == 1 { self.bulleted("", width).concat() } else { bulleted.concat() }
    }

    /// The lines of each sentence that fits.
    fn bulleted(&self, bullet: &str, width: usize) -> Vec<Vec<String>> {
        let mut room = self.most;
        let mut fitting: Vec<Vec<String>> = Vec::new();
        for item in &self.items {
            let lines: Vec<String> =
                wrap(&format!("{bullet}{item}"), width).lines().map(str::to_owned).collect();
            if lines.len() > room {
                if fitting.is_empty() {
                    fitting.push(clipped(lines, room, width));
                }
                break;
            }
            room -= lines.len();
            fitting.push(lines);
        }
        fitting
    }
}

/// The first lines, the last of them with an ellipsis.
fn clipped(mut lines: Vec<String>, most: usize, width: usize) -> Vec<String> {
    lines.truncate(most);
    if let Some(last) = lines.last_mut() {
        while last.chars().count() + 2 > width {
            let cut = last.rfind(' ').unwrap_or(0);
            last.truncate(cut);
        }
        last.push_str(" …");
    }
    lines
}

/// The report of a full analysis.
pub(super) fn report(result: &FullAnalysisResult, paint: Paint) -> String {
    let width = tables::text_width().min(WIDTH);
    let year = result.as_of.map(|time| time.with_timezone(&NEW_YORK).year());
    let text = text_of(result);
    let article = Article::of(&text);
    let mut head: Vec<String> = headline::lines(result, width, paint);
    let lead = wrap(&readable(&article.lead(), year), width);
    head.extend(clipped_if_longer(lead.lines().map(str::to_owned).collect(), 3, width));
    let mut blocks = blocks(result, &article, year);
    let side = width.saturating_sub(GUTTER);
    fit(&mut blocks, MOST_LINES.saturating_sub(head.len()), side);
    for block in &blocks {
        head.extend(beside(block, side, paint));
    }
    head.join("\n")
}

fn clipped_if_longer(lines: Vec<String>, most: usize, width: usize) -> Vec<String> {
    if lines.len() > most { clipped(lines, most, width) } else { lines }
}

/// The synthesis, else what rejected or stopped, else the chart alone. A stage's name before its verdict is no part of it.
fn text_of(result: &FullAnalysisResult) -> String {
    let stage = result.rejected_stage.map(|stage| format!("{}: ", stage.title())).unwrap_or_default();
    let reason = result.reject_reason.as_deref();
    let reason = reason.map(|reason| reason.strip_prefix(stage.as_str()).unwrap_or(reason));
    let chart = result.chart_analysis.as_ref().map(|chart| chart.chart_notes.as_str());
    result.synthesized_rationale.as_deref().or(reason).or(chart).unwrap_or_default().to_owned()
}

fn blocks(result: &FullAnalysisResult, article: &Article<'_>, year: Option<i32>) -> Vec<Block> {
    let said = |items: Vec<String>| items.iter().map(|item| readable(item, year)).collect::<Vec<_>>();
    let (against, risks) = article.against();
    let missing = article.under(titles::MISSING);
    let missing = if missing == [titles::NOTHING] { Vec::new() } else { vec![missing.join(" ")] };
    let mut blocks = vec![
        Block::new(titles::WHY, said(article.under(titles::WHY)), 5, 3),
        Block::new(against, said(risks), 2, 1),
        Block::new(titles::CHANGE, said(article.under(titles::CHANGE)), 3, 2),
        Block::new(titles::MISSING, said(missing), 4, 1),
        Block::new(WARNINGS, said(warnings(result, &article.under(titles::MISSING))), 4, 1),
    ];
    let untraded = result.options_analysis.as_ref().filter(|_| result.suggested_position.is_none());
    if let Some(options) = untraded {
        let misses = options.nearest_misses.iter().map(|miss| {
            format!("{}: {}.", miss.description, miss.misses.join(" and ").replace(" and needs ", " and "))
        });
        blocks.push(Block::new(NEAR_MISSES, said(misses.collect()), 6, 3));
    }
    blocks.push(Block { bullets: false, ..Block::new(KEY_FIGURES, rows(&figures::of(result)), 6, 6) });
    if let Some(position) = &result.suggested_position {
        blocks.extend(exits(position, year));
    }
    blocks.retain(|block| !block.items.is_empty());
    blocks
}

/// Parts of warnings that matter least, and come last.
const LEAST: [&str; 2] = ["earlier session", "is still running"];

/// What no other section says: a datum that is missing stands under that title. What matters least comes last.
fn warnings(result: &FullAnalysisResult, missing: &[String]) -> Vec<String> {
    let told = |warning: &&String| {
        warning.starts_with("earnings: ") || warning.contains("is to be watched and is not a pick")
    };
    let mut seen = std::collections::BTreeSet::new();
    let untold = result.warnings.iter().filter(|warning| !told(warning) && seen.insert(warning.as_str()));
    let mut sentences: Vec<String> =
        untold.map(|warning| format!("{}.", capital(warning.trim_end_matches('.')))).collect();
    sentences.retain(|sentence| !missing.contains(sentence));
    sentences.sort_by_key(|sentence| LEAST.iter().any(|part| sentence.contains(part)));
    sentences
}

/// Takes lines from the blocks until they fit: as [`GIVE_WAY`] has it.
fn fit(blocks: &mut [Block], most: usize, width: usize) {
    loop {
        let total: usize = blocks.iter().map(|block| height(block, width)).sum();
        let first =
            blocks.iter_mut().filter(|block| height(block, width) > block.least).min_by_key(|block| {
                GIVE_WAY.iter().position(|title| *title == block.title).unwrap_or(GIVE_WAY.len())
            });
        match first {
            Some(block) if total > most => block.most = height(block, width) - 1,
            _ => return,
        }
    }
}

/// Lines of a block; its title may need more than its sentences.
fn height(block: &Block, width: usize) -> usize {
    block.lines(width).len().max(title_lines(&block.title).len())
}

fn title_lines(title: &str) -> Vec<String> {
    wrap(title, GUTTER - 2).lines().map(str::to_owned).collect()
}

/// The block with its title at the left.
fn beside(block: &Block, width: usize, paint: Paint) -> Vec<String> {
    let (titles, lines) = (title_lines(&block.title), block.lines(width));
    let height = titles.len().max(lines.len());
    let row = |place: usize| {
        let title = titles.get(place).map(String::as_str).unwrap_or_default();
        let line = lines.get(place).map(String::as_str).unwrap_or_default();
        let blanks = " ".repeat(GUTTER.saturating_sub(title.chars().count()));
        format!("{}{blanks}{line}", paint.tone(Tone::Head, title)).trim_end().to_owned()
    };
    (0..height).map(row).collect()
}

/// The figures in columns.
fn rows(figures: &[Figure]) -> Vec<String> {
    let cell = |figure: &Figure| format!("{:<10} {:<10}", figure.name, figure.value);
    let row =
        |figures: &[Figure]| figures.iter().map(cell).collect::<Vec<_>>().join(" ").trim_end().to_owned();
    figures.chunks(FIGURES).map(row).collect()
}

/// When to take profit, review and defend, each beside its word.
fn exits(position: &SuggestedPosition, year: Option<i32>) -> Vec<Block> {
    let block = |exit: &ExitTrigger| {
        let word = figures::exit_word(&exit.kind);
        let text = exit.text.strip_prefix(word).unwrap_or(&exit.text).trim_start();
        Block::new(word, vec![readable(&capital(text), year)], 2, 1)
    };
    position.exit_plan.iter().map(block).collect()
}
