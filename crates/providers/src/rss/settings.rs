//! Which feeds are read, and what the companies are called in them.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use ttai_core::Symbol;
use ttai_ports::PortError;
use url::Url;

use super::PROVIDER;

/// Where a template's symbol goes.
const PLACEHOLDER: &str = "{symbol}";
/// Feeds that may be configured.
const MOST_FEEDS: usize = 100;

/// One feed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedSettings {
    /// What its stories name as their source.
    pub name: String,
    /// Its address, http or https. With `{symbol}` in it, it is one feed a symbol, and all its stories are about that
    /// symbol. It may hold a key, so it is shown nowhere.
    pub url: SecretString,
}

/// All feeds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RssSettings {
    /// The feeds, those trusted more first: of a story in two of them the first's is kept.
    pub feeds: Vec<FeedSettings>,
    /// Names that tie a story to a symbol where they stand as whole words, in these capitals: `Apple Inc.`. A name of one
    /// word that is a word of the language too (`Target`) ties too much.
    pub names: BTreeMap<Symbol, Vec<String>>,
    /// A feed that was read is not asked again for this many seconds; 0 asks each time.
    pub refresh_seconds: u64,
}

impl Default for RssSettings {
    fn default() -> Self {
        Self { feeds: Vec::new(), names: BTreeMap::new(), refresh_seconds: 60 }
    }
}

impl RssSettings {
    pub(super) fn refresh(&self) -> Duration {
        Duration::from_secs(self.refresh_seconds)
    }
}

/// A feed whose address is known to be one.
#[derive(Clone, Debug)]
pub(super) struct Feed {
    pub(super) name: String,
    template: SecretString,
    /// Whether its address has the symbol in it.
    pub(super) by_symbol: bool,
}

impl Feed {
    /// The address for a symbol.
    pub(super) fn address(&self, symbol: &Symbol) -> Result<Url, PortError> {
        let name: String = url::form_urlencoded::byte_serialize(symbol.as_str().as_bytes()).collect();
        let text = self.template.expose_secret().replace(PLACEHOLDER, &name);
        match Url::parse(text.trim()) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
            _ => Err(invalid(format!(
                "the address of the feed '{}' is not of the form https://host/path, perhaps with {PLACEHOLDER} in it",
                self.name
            ))),
        }
    }
}

/// Checks the feeds.
///
/// # Errors
/// [`PortError::Invalid`] names the feed and what is wrong with it.
pub(super) fn checked(settings: &RssSettings) -> Result<Vec<Feed>, PortError> {
    if settings.feeds.len() > MOST_FEEDS {
        return Err(invalid(format!(
            "{} feeds are configured; {MOST_FEEDS} is the most",
            settings.feeds.len()
        )));
    }
    let mut feeds: Vec<Feed> = Vec::new();
    for feed in &settings.feeds {
        let name = feed.name.trim().to_owned();
        if name.is_empty() || feeds.iter().any(|known| known.name == name) {
            return Err(invalid(format!("each feed needs a name of its own; '{name}' is empty or taken")));
        }
        let by_symbol = feed.url.expose_secret().contains(PLACEHOLDER);
        let feed = Feed { name, template: feed.url.clone(), by_symbol };
        let example = Symbol::new("A").map_err(|error| invalid(error.to_string()))?;
        feed.address(&example)?;
        feeds.push(feed);
    }
    Ok(feeds)
}

pub(super) fn invalid(detail: String) -> PortError {
    PortError::Invalid { provider: PROVIDER.to_owned(), detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(feeds: &[(&str, &str)]) -> RssSettings {
        let feeds = feeds
            .iter()
            .map(|(name, url)| FeedSettings { name: (*name).to_owned(), url: SecretString::from(*url) })
            .collect();
        RssSettings { feeds, ..RssSettings::default() }
    }

    #[test]
    fn addresses_are_checked_and_shown_nowhere() {
        let good =
            settings(&[("a", "https://example.com/{symbol}?key=s3cret"), ("b", "http://example.com/feed/")]);
        assert!(!format!("{good:?}").contains("s3cret"));
        let feeds = checked(&good).unwrap();
        let brk = feeds[0].address(&Symbol::new("BRK/B").unwrap()).unwrap();
        assert_eq!(brk.as_str(), "https://example.com/BRK%2FB?key=s3cret");
        assert!(feeds[0].by_symbol && !feeds[1].by_symbol);
        for bad in [("", "https://example.com"), ("a", "file:///etc/passwd"), ("a", "s3cret")] {
            let error = checked(&settings(&[bad])).unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
        assert!(checked(&settings(&[("a", "https://a.b"), ("a", "https://a.c")])).is_err());
    }
}
