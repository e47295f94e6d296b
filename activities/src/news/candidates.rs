//! What sources printed, as stories of a watchlist: each once, tied to the symbols that are watched, judged, and safe to show.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use ttai_contract::NewsAlert;
use ttai_core::news::page_of;
use ttai_core::{NewsStory, Symbol};
use ttai_ports::{NewsCursor, NewsReading, StoryIdentity};

use super::similar::HeadlineWords;
use crate::article::{is_invisible, quotable};
use crate::research::judge_story;

/// Longest headline that is kept, in characters.
const LONGEST_HEADLINE: usize = 200;
/// Longest name of a printer, in characters.
const LONGEST_SOURCE: usize = 60;
/// Longest key and page that are kept as they are, in bytes; of longer ones the hash.
const LONGEST_KEY: usize = 200;
/// Longest link, in bytes.
const LONGEST_LINK: usize = 2_048;

/// A story of the watchlist.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Candidate {
    pub(super) key: String,
    pub(super) page: Option<String>,
    /// Who printed it, safe to show.
    pub(super) source: String,
    /// Safe to show.
    pub(super) headline: String,
    pub(super) words: HeadlineWords,
    pub(super) url: Option<String>,
    /// Those of the watchlist.
    pub(super) symbols: Vec<Symbol>,
    /// None where the source does not say.
    pub(super) published_at: Option<DateTime<Utc>>,
    pub(super) significance: f64,
    /// The `provider/model` that scored it; the rules where none did.
    pub(super) scored_by: Option<String>,
    /// Bad, neither or good.
    pub(super) tone: i32,
    /// Whether each source that has it was read for the first time.
    pub(super) is_first_contact: bool,
}

impl Candidate {
    fn of(source: &str, story: &NewsStory, symbols: Vec<Symbol>, is_first_contact: bool) -> Self {
        let judged = judge_story(story);
        let headline = quotable(&story.headline, LONGEST_HEADLINE);
        Self {
            key: bounded(&format!("{source}/{}", story.id)),
            page: story.url.as_deref().and_then(page_of).map(|page| bounded(&page)),
            source: quotable(&story.source, LONGEST_SOURCE),
            words: HeadlineWords::of(&headline),
            headline,
            url: story.url.clone().filter(|url| is_link(url)),
            symbols,
            published_at: (!story.undated).then_some(story.published_at),
            significance: judged.significance(),
            scored_by: None,
            tone: judged.tone,
            is_first_contact,
        }
    }

    pub(super) fn identity(&self) -> StoryIdentity {
        StoryIdentity { key: self.key.clone(), page: self.page.clone() }
    }

    /// As people and other programs are told it.
    pub(super) fn alert(&self) -> Option<NewsAlert> {
        Some(NewsAlert {
            kind: "news".to_owned(),
            symbol: self.symbols.first()?.clone(),
            title: self.headline.clone(),
            url: self.url.clone(),
            significance: self.significance,
            source: self.source.clone(),
            symbols: self.symbols.clone(),
            published_at: self.published_at,
        })
    }

    /// The same story from another source, too.
    fn merge(&mut self, other: Self) {
        let more: Vec<Symbol> =
            other.symbols.into_iter().filter(|symbol| !self.symbols.contains(symbol)).collect();
        self.symbols.extend(more);
        self.is_first_contact &= other.is_first_contact;
        self.published_at = match (self.published_at, other.published_at) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
}

/// The stories of all sources that could be read, each once by its key and its page, those first that were published first. `cursors`
/// say how far each source had been read before.
pub(super) fn of_readings(
    readings: &[NewsReading],
    cursors: &BTreeMap<String, NewsCursor>,
    watched: &[Symbol],
) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for reading in readings {
        let cursor = cursors.get(&reading.source);
        for story in reading.stories.iter().flatten() {
            let symbols: Vec<Symbol> =
                watched.iter().filter(|symbol| is_tied(story, symbol)).cloned().collect();
            let was_read = |symbol: &Symbol| cursor.is_some_and(|cursor| cursor.symbols.contains(symbol));
            let is_first_contact = !symbols.iter().any(was_read);
            if symbols.is_empty() || story.headline.trim().is_empty() {
                continue;
            }
            let candidate = Candidate::of(&reading.source, story, symbols, is_first_contact);
            let names = [
                Some(format!("key {}", candidate.key)),
                candidate.page.as_ref().map(|page| format!("page {page}")),
            ];
            let known = names.iter().flatten().find_map(|name| places.get(name).copied());
            let place = known.unwrap_or(found.len());
            match found.get_mut(place) {
                Some(known) => known.merge(candidate),
                None => found.push(candidate),
            }
            places.extend(names.into_iter().flatten().map(|name| (name, place)));
        }
    }
    found.sort_by(|one, other| (one.published_at, &one.key).cmp(&(other.published_at, &other.key)));
    found
}

/// Of stories that say the same in other words the first.
pub(super) fn told_once(stories: Vec<Candidate>) -> Vec<Candidate> {
    let mut told: Vec<Candidate> = Vec::new();
    for story in stories {
        if !told.iter().any(|known| {
            shares_a_symbol(&known.symbols, &story.symbols) && known.words.is_similar(&story.words)
        }) {
            told.push(story);
        }
    }
    told
}

pub(super) fn shares_a_symbol(one: &[Symbol], other: &[Symbol]) -> bool {
    one.iter().any(|symbol| other.contains(symbol))
}

/// Whether the story's source ties it to the symbol, however it spells a class of shares.
fn is_tied(story: &NewsStory, symbol: &Symbol) -> bool {
    let plain = |symbol: &Symbol| symbol.as_str().replace(['-', '/'], ".");
    story.symbols.iter().any(|other| other == symbol || plain(other) == plain(symbol))
}

fn is_link(url: &str) -> bool {
    url.len() <= LONGEST_LINK
        && (url.starts_with("https://") || url.starts_with("http://"))
        && !url.chars().any(|c| is_invisible(c) || c.is_whitespace())
}

/// A name as it is, or its hash where it is long or has letters that nobody sees.
fn bounded(name: &str) -> String {
    if name.len() <= LONGEST_KEY && !name.chars().any(is_invisible) {
        return name.to_owned();
    }
    let digest = Sha256::digest(name.as_bytes());
    format!("sha256:{}", digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}
