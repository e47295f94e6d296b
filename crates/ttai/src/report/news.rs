//! Stories that were seen.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use ttai_core::Symbol;
use ttai_ports::{SeenStory, StoryOutcome};

use super::tables::{render, table};
use super::times::clock;

/// Symbols that are named of a story.
const NAMED: usize = 3;

/// `ttai news`: a row a story, newest first; not those that say again what another one said. Times are New York's.
#[must_use]
pub fn stories(found: &[SeenStory], now: DateTime<Utc>) -> String {
    let mut table = table(&["PUBLISHED", "SYMBOLS", "SIGNIF.", "TOLD", "SOURCE", "STORY"]);
    let mut rows: Vec<&SeenStory> = found.iter().filter(|story| story.repeat_of.is_none()).collect();
    rows.sort_by_key(|story| Reverse(story.published_at.unwrap_or(story.seen_at)));
    for story in rows {
        table.add_row([
            published(story, now),
            symbols(&story.symbols),
            format!("{:.1}", story.significance),
            told(story.outcome).to_owned(),
            story.source.clone(),
            story.headline.clone(),
        ]);
    }
    render(&table)
}

fn published(story: &SeenStory, now: DateTime<Utc>) -> String {
    let Some(at) = story.published_at else { return "undated".to_owned() };
    clock(at, now)
}

fn symbols(symbols: &[Symbol]) -> String {
    let named: Vec<&str> = symbols.iter().take(NAMED).map(Symbol::as_str).collect();
    match symbols.len().saturating_sub(named.len()) {
        0 => named.join(" "),
        more => format!("{} +{more}", named.join(" ")),
    }
}

const fn told(outcome: StoryOutcome) -> &'static str {
    match outcome {
        StoryOutcome::Alerted => "yes",
        StoryOutcome::Withheld => "in a count",
        StoryOutcome::Repeat => "repeat",
        StoryOutcome::Minor => "minor",
        StoryOutcome::Earlier => "earlier",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_story_without_a_date_has_none() {
        let now: DateTime<Utc> = "2026-11-20T16:00:00Z".parse().unwrap();
        let story = SeenStory {
            key: "wire/1".to_owned(),
            page: None,
            source: "Wire".to_owned(),
            headline: "XYZ files for bankruptcy".to_owned(),
            url: None,
            symbols: ["A", "B", "C", "D"].map(|name| Symbol::new(name).unwrap()).to_vec(),
            published_at: Some("2026-11-20T15:42:00Z".parse().unwrap()),
            seen_at: now,
            significance: 1.0,
            outcome: StoryOutcome::Alerted,
            repeat_of: None,
            message_id: None,
        };
        let undated = SeenStory { published_at: None, outcome: StoryOutcome::Earlier, ..story.clone() };
        let old = SeenStory { published_at: Some("2026-11-19T15:42:00Z".parse().unwrap()), ..story.clone() };
        let again = SeenStory { repeat_of: Some("wire/1".to_owned()), ..story.clone() };
        let text = stories(&[story, old, again, undated], now);
        let rows: Vec<&str> = text.lines().filter(|line| line.contains("bankruptcy")).collect();
        assert_eq!(rows.len(), 3, "{text}");
        // By when it was seen.
        assert!(rows[0].contains("undated") && rows[0].contains("earlier"), "{text}");
        assert!(
            rows[1].contains("10:42") && rows[1].contains("A B C +1") && rows[1].contains("yes"),
            "{text}"
        );
        assert!(rows[2].contains("11-19 10:42 ET"), "{text}");
    }
}
