//! `ttai screen`: the picks in a table, why the others are none, and what changed.

use ttai_contract::{
    CSPScreenerResult, DroppedCandidates, FullAnalysisResult, MarketSource, ScreenChanges, ScreenPick,
    ScreenRanking, ScreenerResult, SuggestedPosition, Symbol,
};
use ttai_ports::ScreenedCandidate;

use super::eastern;
use super::paint::{Paint, Tone};
use super::tables::{plain_table, text_width};
use super::text::{whole_dollars, wrap};

/// What is not known.
const NONE: &str = "–";
/// Symbols that are named of one reason; more are counted.
const NAMED: usize = 12;

/// The picks of a screen for puts, and why the other candidates are none.
#[must_use]
pub fn csp_screen(result: &CSPScreenerResult, paint: Paint) -> String {
    let counts = format!(
        "{} screened, {} analysed quickly, {} in full, {}",
        result.candidates_screened,
        result.quick_analyzed,
        result.candidates_analyzed,
        picks(result.picks.len())
    );
    let mut parts = vec![head(&result.run.screen, result.as_of, result.data_source.as_ref(), &counts, paint)];
    if !result.picks.is_empty() {
        let rows = result.picks.iter().zip(&result.recommendations).map(|(pick, full)| row(pick, full));
        let titles =
            ["symbol", "put", "days", "bid", "%/week", "PoP", "%·PoP", "wheel", "seen (n)", "qty", "ties up"];
        parts.push(plain_table(&titles, rows));
        parts.push(wrap(&ranking(result.ranking), text_width()));
        parts.push(limits(result));
    }
    parts.extend(changes(&result.changes));
    parts.extend(reasons("Dropped", &result.dropped));
    parts.extend(reasons("Not analysed", &result.failed));
    parts.extend(warnings(&result.warnings, result.partial));
    parts.join("\n\n")
}

/// The best of a screen by any criteria.
#[must_use]
pub fn screen(result: &ScreenerResult, paint: Paint) -> String {
    let counts = format!(
        "{} candidates, {} analysed, {} shown",
        result.candidates,
        result.analyzed,
        result.results.len()
    );
    let mut parts = vec![head(&result.run.screen, result.as_of, result.data_source.as_ref(), &counts, paint)];
    if !result.results.is_empty() {
        let rows = result.results.iter().map(|row| {
            let trade = row.options_data.as_ref();
            vec![
                row.symbol.to_string(),
                row.recommendation.as_str().replace('_', " "),
                format!("{:.2}", row.score),
                format!("{:.0}", row.chart_score),
                trade.map_or(NONE.to_owned(), |trade| trade.contract.clone()),
                trade.map_or(NONE.to_owned(), |trade| format!("{:.2}", trade.roc_weekly)),
            ]
        });
        parts.push(plain_table(&["symbol", "verdict", "score", "chart", "contract", "%/week"], rows));
    }
    parts.extend(changes(&result.changes));
    parts.extend(reasons("Dropped", &result.dropped));
    parts.extend(reasons("Not analysed", &result.failed));
    parts.extend(warnings(&result.warnings, result.partial));
    parts.join("\n\n")
}

/// Every candidate that is no pick, with its own numbers.
#[must_use]
pub fn screened(candidates: &[ScreenedCandidate]) -> String {
    let others = candidates.iter().filter(|candidate| !candidate.reason.is_empty());
    let rows = others.map(|candidate| {
        vec![candidate.symbol.to_string(), candidate.verdict.replace('_', " "), candidate.reason.clone()]
    });
    plain_table(&["symbol", "verdict", "why"], rows)
}

fn head(
    screen: &str,
    as_of: Option<chrono::DateTime<chrono::Utc>>,
    source: Option<&MarketSource>,
    counts: &str,
    paint: Paint,
) -> String {
    let time = as_of.map(|time| format!(" · {}", eastern(time))).unwrap_or_default();
    let market = source.map(MarketSource::kind).filter(|kind| *kind != "live");
    let market = market.map(|kind| format!(" · {kind} market")).unwrap_or_default();
    let title = paint.tone(Tone::Head, &format!("Screen {screen}{time}{market}"));
    format!("{title}\n{counts}")
}

fn picks(number: usize) -> String {
    if number == 1 { "1 pick".to_owned() } else { format!("{number} picks") }
}

fn row(pick: &ScreenPick, full: &FullAnalysisResult) -> Vec<String> {
    let trade = full.suggested_position.as_ref();
    let of = |value: &dyn Fn(&SuggestedPosition) -> String| trade.map_or(NONE.to_owned(), value);
    let known = |value: Option<f64>| value.map_or(NONE.to_owned(), |value| format!("{value:.2}"));
    let percent = |fraction: f64| format!("{:.0} %", 100.0 * fraction);
    vec![
        pick.symbol.to_string(),
        of(&|trade| format!("{} {}", trade.expiration.format("%b %-d"), trade.strike)),
        of(&|trade| trade.dte.to_string()),
        of(&|trade| format!("{:.2}", trade.bid)),
        format!("{:.2}", pick.scores.return_at_bid),
        of(&|trade| trade.probability_of_profit.map_or(NONE.to_owned(), percent)),
        known(pick.scores.probability_weighted),
        known(pick.scores.wheel_score),
        pick.observed.map_or(NONE.to_owned(), |seen| format!("{} ({})", percent(seen.share), seen.n)),
        pick.contracts.to_string(),
        whole_dollars(pick.collateral.try_into().unwrap_or(0.0)),
    ]
}

fn ranking(ranking: ScreenRanking) -> String {
    let by = match ranking {
        ScreenRanking::ReturnAtBid => "the return at the bid (%/week)",
        ScreenRanking::ProbabilityWeighted => "the return times the probability of profit (%·PoP)",
        ScreenRanking::WheelScore => "the options-wheel score (wheel)",
    };
    format!(
        "Ranked by {by}. PoP is risk-neutral. Seen: the share of n past windows of as many sessions in which the price closed above the \
         strike's distance; they overlap."
    )
}

/// Why there are not more contracts, a line a pick.
fn limits(result: &CSPScreenerResult) -> String {
    let lines = result
        .picks
        .iter()
        .map(|pick| wrap(&format!("- {} × {}: {}", pick.contracts, pick.symbol, pick.limit), text_width()));
    let all: f64 = result.collateral.try_into().unwrap_or(0.0);
    let heading = format!("All together tie up {}", whole_dollars(all));
    std::iter::once(heading).chain(lines).collect::<Vec<_>>().join("\n")
}

fn changes(changes: &ScreenChanges) -> Option<String> {
    changes.since.as_ref()?;
    let lists = [
        ("new", &changes.new),
        ("gone", &changes.gone),
        ("better", &changes.better),
        ("worse", &changes.worse),
    ];
    let lists: Vec<String> = lists
        .iter()
        .filter(|(_, symbols)| !symbols.is_empty())
        .map(|(name, symbols)| format!("{name}: {}", named(symbols)))
        .collect();
    let since = changes.since_as_of.map(|time| format!(" of {}", eastern(time))).unwrap_or_default();
    let what = if lists.is_empty() { "the same picks".to_owned() } else { lists.join("; ") };
    Some(format!("Since the last run{since}: {what}"))
}

/// `Dropped: 12` and a line a reason, the most frequent first.
fn reasons(title: &str, groups: &[DroppedCandidates]) -> Option<String> {
    if groups.is_empty() {
        return None;
    }
    let mut groups: Vec<&DroppedCandidates> = groups.iter().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.symbols.len()));
    let number: usize = groups.iter().map(|group| group.symbols.len()).sum();
    let line = |group: &&DroppedCandidates| {
        wrap(
            &format!("- {} ({}): {}", group.reason, group.symbols.len(), named(&group.symbols)),
            text_width(),
        )
    };
    Some(format!("{title}: {number}\n{}", groups.iter().map(line).collect::<Vec<_>>().join("\n")))
}

fn named(symbols: &[Symbol]) -> String {
    let names: Vec<&str> = symbols.iter().take(NAMED).map(Symbol::as_str).collect();
    let more = symbols.len().saturating_sub(NAMED);
    if more == 0 { names.join(", ") } else { format!("{} and {more} more", names.join(", ")) }
}

fn warnings(warnings: &[String], partial: bool) -> Option<String> {
    let partial = partial.then(|| "the screen ended before it was through".to_owned());
    let lines: Vec<String> =
        partial.iter().chain(warnings).map(|warning| wrap(&format!("- {warning}"), text_width())).collect();
    (!lines.is_empty()).then(|| format!("Note\n{}", lines.join("\n")))
}
