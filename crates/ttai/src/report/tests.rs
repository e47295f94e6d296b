//! Reports of recorded results, one of every outcome, as a reader sees them. `outcomes/README.md` says how they were recorded.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;

use super::{Detail, Paint, result};

/// The outcomes, by the names of their files.
const OUTCOMES: [&str; 8] = [
    "strong_select",
    "select",
    "watchlist_by_return",
    "watchlist_by_events",
    "reject_by_chart",
    "reject_by_options",
    "reject_by_research",
    "stale",
];

fn recorded(name: &str) -> Value {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("src/report/outcomes/{name}.json"));
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The sentences of a report, however its lines are broken; short ones are words that may recur.
fn sentences(report: &str) -> Vec<String> {
    let text = report.lines().map(|line| line.get(14..).unwrap_or(line).trim()).collect::<Vec<_>>().join(" ");
    text.split(". ").map(|sentence| sentence.trim().to_lowercase()).filter(|text| text.len() > 25).collect()
}

#[test]
fn every_outcome_reads_as_it_is_recorded() {
    for name in OUTCOMES {
        insta::assert_snapshot!(name, result(&recorded(name), Detail::Short, Paint::Plain));
    }
}

#[test]
fn a_report_fits_a_terminal_and_says_nothing_twice() {
    for name in OUTCOMES {
        let report = result(&recorded(name), Detail::Short, Paint::Plain);
        assert!(report.lines().count() <= 25, "{name}:\n{report}");
        assert!(report.lines().all(|line| line.chars().count() <= 80), "{name}:\n{report}");
        let mut seen = BTreeSet::new();
        let twice: Vec<String> =
            sentences(&report).into_iter().filter(|sentence| !seen.insert(sentence.clone())).collect();
        assert!(twice.is_empty(), "{name} says twice: {twice:?}\n{report}");
    }
}

#[test]
fn colour_changes_no_word() {
    for name in OUTCOMES {
        let [plain, painted] =
            [Paint::Plain, Paint::Colour].map(|paint| result(&recorded(name), Detail::Full, paint));
        let mut bare = String::new();
        for part in painted.split('\u{1b}') {
            bare.push_str(
                part.split_once('m').filter(|(code, _)| code.starts_with('[')).map_or(part, |(_, text)| text),
            );
        }
        assert_eq!(bare, plain, "{name}");
        assert_ne!(painted, plain, "{name} has no colour");
    }
}

#[test]
fn the_market_is_marked_in_every_report() {
    for name in OUTCOMES {
        let recorded = recorded(name);
        let simulated = recorded.pointer("/data_source/simulated").and_then(Value::as_bool);
        let mark = if simulated == Some(true) { "SIMULATED MARKET" } else { "RECORDED MARKET" };
        for detail in [Detail::Short, Detail::Full] {
            let report = result(&recorded, detail, Paint::Plain);
            assert_eq!(
                report.lines().next().map(|line| line.contains(mark)),
                Some(true),
                "{name}:\n{report}"
            );
        }
    }
}
