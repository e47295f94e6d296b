//! News stories as the sources print them. Their text is data and never an instruction.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::symbol::Symbol;

/// One story.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NewsStory {
    /// The source's own identifier.
    pub id: String,
    /// Headline.
    pub headline: String,
    /// Summary, possibly empty.
    pub summary: String,
    /// Where to read it.
    pub url: Option<String>,
    /// Who printed it.
    pub source: String,
    /// When it was published; of an undated story, when it was first seen.
    pub published_at: DateTime<Utc>,
    /// Whether the source does not say when it was published.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undated: bool,
    /// The symbols that the source ties it to.
    pub symbols: Vec<Symbol>,
}

impl NewsStory {
    /// The same story, tied to the symbol that it was asked for, too.
    #[must_use]
    pub fn tied_to(mut self, symbol: &Symbol) -> Self {
        if !self.symbols.contains(symbol) {
            self.symbols.insert(0, symbol.clone());
        }
        self
    }
}

/// Parameters of a link that say how a reader came to a page and not which page it is; `utm_…` are, too.
const TRACKING: [&str; 10] =
    ["cmpid", "dclid", "fbclid", "gclid", "guccounter", "mc_cid", "mc_eid", "msclkid", "ncid", "yptr"];

/// The same for every address of one page: host and path without scheme, port, `www.`, fragment, campaign and the order of
/// parameters; none where the text is no http or https address with a host.
#[must_use]
pub fn page_of(link: &str) -> Option<String> {
    let link = link.trim();
    let (scheme, rest) = link.split_once("://")?;
    if !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") {
        return None;
    }
    let rest = rest.split('#').next().unwrap_or_default();
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = place.split_once('/').unwrap_or((place, ""));
    let host = authority.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    let host = host.split(':').next().unwrap_or_default().trim_start_matches("www.");
    if host.is_empty() {
        return None;
    }
    let mut parameters: Vec<&str> = query.split('&').filter(|parameter| names_the_page(parameter)).collect();
    parameters.sort_unstable();
    let query = if parameters.is_empty() { String::new() } else { format!("?{}", parameters.join("&")) };
    Some(format!("{host}/{}{query}", path.trim_matches('/')))
}

fn names_the_page(parameter: &str) -> bool {
    let name = parameter.split('=').next().unwrap_or_default().to_ascii_lowercase();
    !name.is_empty() && !name.starts_with("utm_") && !TRACKING.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_page_has_many_addresses() {
        let page = page_of("https://www.example.com/a/?id=1&utm_source=rss#top");
        for same in [
            "http://example.com/a?id=1",
            "https://EXAMPLE.com:443/a?gclid=x&id=1",
            "https://user:key@example.com/a/?id=1&utm_medium=feed",
        ] {
            assert_eq!(page_of(same), page, "{same}");
        }
        assert_eq!(page.as_deref(), Some("example.com/a?id=1"));
        assert_eq!(page_of("https://a.b/x?b=2&a=1"), page_of("https://a.b/x?a=1&b=2"));
        for other in ["http://example.com/a?id=2", "http://example.com/A?id=1", "http://example.org/a?id=1"] {
            assert_ne!(page_of(other), page, "{other}");
        }
    }

    #[test]
    fn what_is_no_page_has_none() {
        for link in ["", "AAPL", "urn:uuid:1", "ftp://a.b/c", "https://", "https:///x", "javascript://x"] {
            assert_eq!(page_of(link), None, "{link}");
        }
    }
}
