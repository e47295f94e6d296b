//! News feeds of any format as a source of news. What they say is data: markup is stripped, sizes are bounded, and a story
//! belongs to a symbol only where it is written as a symbol or by the company's whole name.

mod client;
mod date;
mod mention;
mod model;
mod screen;
mod settings;
pub(crate) mod text;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::future::join_all;
use ttai_core::news::page_of;
use ttai_core::{NewsStory, Symbol};
use ttai_ports::{
    AccountLimits, Capability, News, NewsCursor, NewsReading, NewsWindow, PortError, Provenance,
    windows_since,
};

use client::{Client, DatedEntry};
pub use mention::written as mentioned;
pub use model::{FeedEntry, FeedTag, ParsedFeed, parse_feed};
use settings::{Feed, checked};
pub use settings::{FeedSettings, RssSettings};

/// The provider's name in errors and metrics.
const PROVIDER: &str = "rss";

/// All configured feeds as one source of news. Clones share what was fetched.
#[derive(Clone, Debug)]
pub struct Rss {
    feeds: Arc<Vec<Feed>>,
    names: Arc<BTreeMap<Symbol, Vec<String>>>,
    client: Arc<Client>,
    /// Where it is written down which feeds could not be read, for one request.
    provenance: Option<Provenance>,
}

impl Rss {
    /// Prepares the feeds; nothing is fetched yet.
    ///
    /// # Errors
    /// [`PortError::Invalid`] names the feed whose name or address is none.
    pub fn new(settings: &RssSettings, limits: Arc<dyn AccountLimits>) -> Result<Self, PortError> {
        Ok(Self {
            feeds: Arc::new(checked(settings)?),
            names: Arc::new(settings.names.clone()),
            client: Arc::new(Client::new(settings.refresh(), limits)),
            provenance: None,
        })
    }

    /// The entries of one feed; what is remembered of it where it cannot be read now, and why it cannot.
    async fn entries(&self, feed: &Feed, symbol: &Symbol) -> (Arc<Vec<DatedEntry>>, Option<PortError>) {
        let address = match feed.address(symbol) {
            Ok(address) => address,
            Err(error) => return (Arc::default(), Some(error)),
        };
        match self.client.entries(&address, feed.by_symbol).await {
            Ok(entries) => (entries, None),
            Err(error) => {
                tracing::warn!(feed = feed.name, %error, "a news feed cannot be read");
                (self.client.remembered(&address).await, Some(error))
            }
        }
    }

    /// The symbols that an entry speaks of, those of `asked` first; none where it speaks of none of those.
    fn symbols(&self, feed: &Feed, entry: &FeedEntry, asked: &[Symbol]) -> Option<Vec<Symbol>> {
        let text = format!("{} \n {}", entry.headline, entry.summary);
        let mut found = mention::tagged(&entry.tags);
        found.extend(mention::written(&text));
        let is_named = |symbol: &Symbol| {
            self.names.get(symbol).is_some_and(|names| names.iter().any(|name| mention::names(&text, name)))
        };
        let is_written = |symbol: &Symbol| found.iter().any(|other| mention::same(other, symbol));
        let tied = |symbol: &&Symbol| feed.by_symbol || is_written(symbol) || is_named(symbol);
        let mut symbols: Vec<Symbol> = asked.iter().filter(tied).cloned().collect();
        if symbols.is_empty() {
            return None;
        }
        for other in found {
            if !symbols.iter().any(|known| mention::same(known, &other)) {
                symbols.push(other);
            }
        }
        Some(symbols)
    }

    /// What a feed has of these symbols.
    async fn read_feed(
        &self,
        feed: &Feed,
        symbols: &[Symbol],
        cursor: Option<&NewsCursor>,
        until: DateTime<Utc>,
    ) -> NewsReading {
        let source = format!("{PROVIDER}/{}", feed.name);
        let mut stories: Vec<NewsStory> = Vec::new();
        for (asked, window) in windows_since(cursor, symbols, until) {
            // A feed of all symbols is one address: the first is as good as any.
            let addressed: Vec<&[Symbol]> =
                if feed.by_symbol { asked.chunks(1).collect() } else { vec![asked.as_slice()] };
            for asked in addressed {
                let Some(first) = asked.first() else { continue };
                let (entries, error) = self.entries(feed, first).await;
                if let Some(error) = error {
                    return NewsReading { source, stories: Err(error) };
                }
                // When an undated story was published nobody knows: it is told apart by whether it was seen.
                let is_wanted =
                    |dated: &&DatedEntry| dated.entry.published.is_none() || window.holds(dated.published_at);
                for dated in entries.iter().filter(is_wanted) {
                    let Some(symbols) = self.symbols(feed, &dated.entry, asked) else { continue };
                    add(&mut stories, story(feed, dated, symbols));
                }
            }
        }
        NewsReading { source, stories: Ok(stories) }
    }
}

#[async_trait]
impl News for Rss {
    async fn stories(
        &self,
        symbol: &Symbol,
        window: NewsWindow,
    ) -> Result<Option<Vec<NewsStory>>, PortError> {
        if self.feeds.is_empty() {
            return Ok(None);
        }
        let read = join_all(self.feeds.iter().map(|feed| self.entries(feed, symbol))).await;
        if read.iter().all(|(_, error)| error.is_some())
            && let Some(error) =
                worst(&read.iter().filter_map(|(_, error)| error.as_ref()).collect::<Vec<_>>())
        {
            return Err(error.clone());
        }
        for (feed, (_, error)) in self.feeds.iter().zip(&read) {
            if let (Some(error), Some(provenance)) = (error, &self.provenance) {
                let what = format!("the news feed {} could not be read ({})", feed.name, why(error));
                provenance.missing(Capability::News, &what);
            }
        }
        let mut seen = HashSet::new();
        let mut stories = Vec::new();
        for (feed, (entries, _)) in self.feeds.iter().zip(&read) {
            let fitting = entries.iter().filter(|dated| window.holds(dated.published_at));
            for dated in fitting {
                let asked = std::slice::from_ref(symbol);
                let Some(symbols) = self.symbols(feed, &dated.entry, asked) else { continue };
                let story = story(feed, dated, symbols);
                let page = story.url.as_deref().and_then(page_of);
                let is_new = seen.insert(story.id.clone());
                if page.is_none_or(|page| seen.insert(page)) && is_new {
                    stories.push(story);
                }
            }
        }
        stories.sort_by(|one, other| (other.published_at, &one.id).cmp(&(one.published_at, &other.id)));
        Ok(Some(stories))
    }

    /// Each feed is a source of its own.
    async fn read(
        &self,
        symbols: &[Symbol],
        cursors: &BTreeMap<String, NewsCursor>,
        until: DateTime<Utc>,
    ) -> Vec<NewsReading> {
        let read = self.feeds.iter().map(|feed| {
            self.read_feed(feed, symbols, cursors.get(&format!("{PROVIDER}/{}", feed.name)), until)
        });
        join_all(read).await
    }

    fn for_request(&self, provenance: &Provenance) -> Option<Arc<dyn News>> {
        Some(Arc::new(Self { provenance: Some(provenance.clone()), ..self.clone() }))
    }
}

fn story(feed: &Feed, dated: &DatedEntry, symbols: Vec<Symbol>) -> NewsStory {
    NewsStory {
        id: identifier(feed, &dated.entry),
        headline: dated.entry.headline.clone(),
        summary: dated.entry.summary.clone(),
        url: dated.entry.link.clone(),
        source: feed.name.clone(),
        published_at: dated.published_at,
        undated: dated.entry.published.is_none(),
        symbols,
    }
}

/// A story that is there gets the symbols that it lacks.
fn add(stories: &mut Vec<NewsStory>, story: NewsStory) {
    match stories.iter_mut().find(|known| known.id == story.id) {
        None => stories.push(story),
        Some(known) => {
            let more: Vec<Symbol> =
                story.symbols.into_iter().filter(|symbol| !known.symbols.contains(symbol)).collect();
            known.symbols.extend(more);
        }
    }
}

/// A failure without the name of the provider, which stands for all feeds.
fn why(error: &PortError) -> String {
    match error {
        PortError::Unavailable { detail, .. }
        | PortError::Invalid { detail, .. }
        | PortError::Corrupt { detail, .. }
        | PortError::Authentication { detail, .. } => detail.clone(),
        other => other.to_string(),
    }
}

/// Of several failures the one that passes by itself, else the first.
fn worst<'a>(errors: &[&'a PortError]) -> Option<&'a PortError> {
    errors.iter().find(|error| error.is_retryable()).or_else(|| errors.first()).copied()
}

/// An identifier that only this story has: many feeds number theirs from one.
fn identifier(feed: &Feed, entry: &FeedEntry) -> String {
    if entry.id.contains(':') { entry.id.clone() } else { format!("{}:{}", feed.name, entry.id) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_key_in_an_address_is_shown_nowhere() {
        // Nobody listens on the reserved port: what is seen is the failure.
        let feed =
            FeedSettings { name: "a".into(), url: "http://user:pl4nted@127.0.0.1:9/?key=pl4nted".into() };
        let settings = RssSettings { feeds: vec![feed], ..RssSettings::default() };
        let rss = Rss::new(&settings, Arc::new(ttai_http::LocalLimits::default())).unwrap();
        let until = "2026-11-20T15:00:00Z".parse().unwrap();
        let window = NewsWindow { after: until - chrono::Duration::days(1), until };
        let error = rss.stories(&Symbol::new("F").unwrap(), window).await.unwrap_err();
        let shown = format!("{error} {error:?} {rss:?} {settings:?}");
        assert!(error.is_retryable() && !shown.contains("pl4nted"), "{shown}");
    }

    #[test]
    fn a_failure_that_passes_is_told_before_one_that_does_not() {
        let invalid = PortError::Invalid { provider: "rss".into(), detail: "x".into() };
        let passing =
            PortError::Unavailable { provider: "rss".into(), detail: "y".into(), retry_after: None };
        assert_eq!(worst(&[&invalid, &passing]), Some(&passing));
        assert_eq!(worst(&[&invalid]), Some(&invalid));
        assert_eq!(worst(&[]), None);
    }
}
