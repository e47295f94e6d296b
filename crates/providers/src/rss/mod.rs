//! News feeds of any format as a source of news. What they say is data: markup is stripped, sizes are bounded, and a story
//! belongs to a symbol only where it is written as a symbol or by the company's whole name.

mod client;
mod date;
mod mention;
mod model;
mod screen;
mod settings;
mod text;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::join_all;
use ttai_core::{NewsStory, Symbol};
use ttai_ports::{AccountLimits, Capability, News, NewsWindow, PortError, Provenance};
use url::Url;

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

    /// The symbols that an entry speaks of, the asked one first; none where it does not speak of that.
    fn symbols(&self, feed: &Feed, entry: &FeedEntry, symbol: &Symbol) -> Option<Vec<Symbol>> {
        let text = format!("{} \n {}", entry.headline, entry.summary);
        let mut found = mention::tagged(&entry.tags);
        found.extend(mention::written(&text));
        let named = || {
            self.names.get(symbol).is_some_and(|names| names.iter().any(|name| mention::names(&text, name)))
        };
        let tied = feed.by_symbol || found.iter().any(|other| mention::same(other, symbol)) || named();
        tied.then(|| {
            let others = found.into_iter().filter(|other| !mention::same(other, symbol));
            let mut symbols = vec![symbol.clone()];
            for other in others {
                if !symbols.contains(&other) {
                    symbols.push(other);
                }
            }
            symbols
        })
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
            let fitting = entries
                .iter()
                .filter(|dated| window.after < dated.published_at && dated.published_at <= window.until);
            for dated in fitting {
                let Some(symbols) = self.symbols(feed, &dated.entry, symbol) else { continue };
                let id = identifier(feed, &dated.entry);
                let link = dated.entry.link.as_deref().map(same_page);
                let is_new = seen.insert(id.clone());
                if link.is_none_or(|link| seen.insert(link)) && is_new {
                    stories.push(NewsStory {
                        id,
                        headline: dated.entry.headline.clone(),
                        summary: dated.entry.summary.clone(),
                        url: dated.entry.link.clone(),
                        source: feed.name.clone(),
                        published_at: dated.published_at,
                        undated: dated.entry.published.is_none(),
                        symbols,
                    });
                }
            }
        }
        stories.sort_by(|one, other| (other.published_at, &one.id).cmp(&(one.published_at, &other.id)));
        Ok(Some(stories))
    }

    fn for_request(&self, provenance: &Provenance) -> Option<Arc<dyn News>> {
        Some(Arc::new(Self { provenance: Some(provenance.clone()), ..self.clone() }))
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

/// The same for every address of one page: without fragment, campaign, `www.` and the difference of http and https.
fn same_page(link: &str) -> String {
    let Ok(url) = Url::parse(link) else { return link.to_owned() };
    let host = url.host_str().unwrap_or_default();
    let query: Vec<String> = url
        .query_pairs()
        .filter(|(name, _)| !name.starts_with("utm_"))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!("{}{}?{}", host.trim_start_matches("www."), url.path().trim_end_matches('/'), query.join("&"))
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
    fn one_page_has_many_addresses() {
        let page = same_page("https://www.example.com/a/?id=1&utm_source=rss#top");
        assert_eq!(page, same_page("http://example.com/a?id=1"));
        assert_ne!(page, same_page("http://example.com/a?id=2"));
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
