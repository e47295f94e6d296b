//! `ttai list`: runs in columns that fit a terminal of 80.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use ttai_core::NEW_YORK;

use super::headline;
use super::paint::{Paint, Tone};
use super::times::zone;
use crate::runs::RunRow;

/// Columns that a terminal has at least.
const WIDTH: usize = 80;
const TITLES: [&str; 7] = ["TIME", "AS OF", "MARKET", "SYMBOL", "STRATEGY", "VERDICT", "ID"];
const TIME: usize = 0;
const AS_OF: usize = 1;
const VERDICT: usize = 5;

/// The rows: when each was saved or began, in the zone of this computer, and the market time of its answer.
#[must_use]
pub fn list(rows: &[RunRow], paint: Paint) -> String {
    let cells: Vec<[String; 7]> = rows.iter().map(cells).collect();
    let titles = titles(rows);
    let width = |column: usize| {
        let longest = cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        longest.max(titles[column].chars().count())
    };
    let widths: Vec<usize> = (0..TITLES.len()).map(width).collect();
    let gaps = TITLES.len() - 1;
    let gap = if widths.iter().sum::<usize>() + 2 * gaps <= WIDTH { "  " } else { " " };
    let line = |row: &[String; 7], tones: &dyn Fn(usize) -> Option<Tone>| {
        let cell = |column: usize| {
            let text = &row[column];
            let blanks = " ".repeat(widths[column].saturating_sub(text.chars().count()));
            let painted = tones(column).map_or_else(|| text.clone(), |tone| paint.tone(tone, text));
            format!("{painted}{blanks}")
        };
        (0..TITLES.len()).map(cell).collect::<Vec<_>>().join(gap).trim_end().to_owned()
    };
    let mut lines = vec![line(&titles, &|_| Some(Tone::Head))];
    for (row, cells) in rows.iter().zip(&cells) {
        let verdict = verdict_tone(row);
        lines.push(line(cells, &|column| (column == VERDICT).then_some(verdict).flatten()));
    }
    lines.join("\n")
}

/// The titles; where the two times are of two zones, each says of which.
fn titles(rows: &[RunRow]) -> [String; 7] {
    let mut titles = TITLES.map(str::to_owned);
    let newest = rows.iter().find_map(|row| row.time);
    if let Some(time) = newest.filter(|_| zone() != NEW_YORK) {
        titles[TIME] = time.with_timezone(&zone()).format("TIME (%Z)").to_string();
        "AS OF (ET)".clone_into(&mut titles[AS_OF]);
    }
    titles
}

fn cells(row: &RunRow) -> [String; 7] {
    let dash = |text: Option<&str>| text.filter(|text| !text.is_empty()).unwrap_or("–").to_owned();
    [
        row.time.map_or_else(|| dash(None), |time| at(time, zone(), "%m-%d %H:%M")),
        row.as_of.map_or_else(|| dash(None), |time| at(time, NEW_YORK, "%Y-%m-%d %H:%M")),
        dash(row.market.as_deref()),
        dash(Some(&row.symbol)),
        strategy(row),
        row.outcome.replace('_', " "),
        row.id.clone(),
    ]
}

fn at(time: DateTime<Utc>, zone: Tz, form: &str) -> String {
    time.with_timezone(&zone).format(form).to_string()
}

/// The strategy; where there is none, what was analysed.
fn strategy(row: &RunRow) -> String {
    match (row.strategy.as_deref(), row.kind.as_str()) {
        (Some("covered_call"), _) => "cov. call".to_owned(),
        (Some(strategy), _) => strategy.replace('_', " "),
        (None, kind) => workflow_words(kind.trim_end_matches("_analysis")),
    }
}

/// `PortfolioMonitorWorkflow` as a person says it: portfolio monitor.
fn workflow_words(kind: &str) -> String {
    let name = kind.trim_end_matches("Workflow").trim_end_matches("Analysis");
    let letters: Vec<char> = name.chars().collect();
    let mut words = String::new();
    for (place, letter) in letters.iter().enumerate() {
        let is_capital = |at: usize| letters.get(at).is_some_and(|letter| letter.is_uppercase());
        // A word begins at a capital after a small letter, and at the last of several capitals: CSP screener.
        let begins = place > 0
            && is_capital(place)
            && (!is_capital(place - 1) || letters.get(place + 1).is_some_and(|next| next.is_lowercase()));
        if begins {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

fn verdict_tone(row: &RunRow) -> Option<Tone> {
    let verdict = serde_json::from_value(serde_json::Value::String(row.outcome.clone())).ok();
    verdict.map(headline::tone)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(symbol: &str, strategy: &str, outcome: &str, market: &str) -> RunRow {
        RunRow {
            id: format!("{symbol}-7f3k"),
            workflow_id: format!("analysis-{symbol}-1"),
            run_id: "r".to_owned(),
            symbol: symbol.to_owned(),
            kind: "full_analysis".to_owned(),
            strategy: Some(strategy.to_owned()).filter(|strategy| !strategy.is_empty()),
            outcome: outcome.to_owned(),
            market: Some(market.to_owned()).filter(|market| !market.is_empty()),
            simulated: None,
            time: "2026-11-29T04:45:00Z".parse().ok(),
            as_of: "2014-06-06T19:00:00Z".parse().ok(),
        }
    }

    #[test]
    fn the_widest_rows_fit_a_terminal() {
        let rows = [
            row("BRK.B", "covered_call", "strong_select", "simulated"),
            RunRow { as_of: None, ..row("F", "", "timed out", "") },
        ];
        let text = list(&rows, Paint::Plain);
        let expected = "\
TIME        AS OF            MARKET    SYMBOL STRATEGY  VERDICT       ID
11-28 23:45 2014-06-06 15:00 simulated BRK.B  cov. call strong select BRK.B-7f3k
11-28 23:45 –                –         F      full      timed out     F-7f3k";
        assert_eq!(text, expected);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
        assert!(list(&rows, Paint::Colour).contains("\u{1b}[1;32mstrong select\u{1b}[0m"));
    }
}
