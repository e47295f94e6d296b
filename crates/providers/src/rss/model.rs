//! What a feed says, whatever its format: RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0, JSON Feed 1 and 1.1.

use chrono::{DateTime, Utc};
use feed_rs::model::Entry;
use feed_rs::parser::Builder;
use ttai_ports::PortError;
use url::Url;

use super::PROVIDER;
use super::screen::screened;
use super::text::words;

/// Letters that are kept of a headline.
const LONGEST_HEADLINE: usize = 300;
/// Letters that are kept of a summary.
const LONGEST_SUMMARY: usize = 2_000;
/// Letters that are kept of an identifier or a tag.
const LONGEST_IDENTIFIER: usize = 500;
/// Dates before this are no dates: no feed is older than feeds.
const FIRST_YEAR: i32 = 1995;

/// One feed as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct ParsedFeed {
    /// Its own title, possibly empty.
    pub title: String,
    /// Its entries in its order.
    pub entries: Vec<FeedEntry>,
}

/// One entry of a feed.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedEntry {
    /// Its identifier: the feed's own, else its link, else its headline and date.
    pub id: String,
    /// Where to read it: http or https only.
    pub link: Option<String>,
    /// Headline without markup, never empty.
    pub headline: String,
    /// Summary without markup, possibly empty.
    pub summary: String,
    /// When it was published, as it says; may lie in the future.
    pub published: Option<DateTime<Utc>>,
    /// Its categories.
    pub tags: Vec<FeedTag>,
}

/// A category of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedTag {
    /// The category: `Nasdaq:AAPL`, `Technology`.
    pub term: String,
    /// What kind of category it is: `https://example.com/rss/stock`.
    pub scheme: Option<String>,
}

/// Reads a feed of any format. Relative links are resolved against `base`, the address that the feed came from.
///
/// # Errors
/// [`PortError::Corrupt`] for what is no feed, is nested too deep or declares entities.
pub fn parse_feed(bytes: &[u8], base: Option<&Url>) -> Result<ParsedFeed, PortError> {
    let corrupt = |detail: String| PortError::Corrupt {
        provider: PROVIDER.to_owned(),
        detail: format!("what the address delivers cannot be read: {detail}"),
    };
    let screened = screened(bytes).map_err(corrupt)?;
    let parser = Builder::new()
        .base_uri(base)
        .sanitize_content(false)
        // An entry without an identifier gets ours: the parser's would be random where there is no link.
        .id_generator(|_, _, _| String::new())
        .build();
    let feed = parser.parse(screened.as_slice()).map_err(|error| corrupt(error.to_string()))?;
    let title = feed.title.map(|title| words(&title.content, LONGEST_HEADLINE)).unwrap_or_default();
    let entries = feed.entries.into_iter().filter_map(|entry| read(entry, base)).collect();
    Ok(ParsedFeed { title, entries })
}

/// An entry with a headline, or with a summary to make one of.
fn read(entry: Entry, base: Option<&Url>) -> Option<FeedEntry> {
    let link = link(&entry, base);
    let tags = entry.categories.iter().flat_map(tag).collect();
    let published = entry.published.or(entry.updated).filter(|date| year(*date) >= FIRST_YEAR);
    let title = entry.title.map(|title| words(&title.content, LONGEST_HEADLINE)).unwrap_or_default();
    let body = entry.content.and_then(|content| content.body);
    let summary = entry
        .summary
        .map(|summary| words(&summary.content, LONGEST_SUMMARY))
        .filter(|summary| !summary.is_empty())
        .or_else(|| body.map(|body| words(&body, LONGEST_SUMMARY)))
        .unwrap_or_default();
    let headline = if title.is_empty() { words(&summary, LONGEST_HEADLINE / 3) } else { title };
    if headline.is_empty() {
        return None;
    }
    let own: String = entry.id.trim().chars().take(LONGEST_IDENTIFIER).collect();
    let id = if own.is_empty() {
        link.clone().unwrap_or_else(|| match published {
            Some(date) => format!("{headline} ({})", date.timestamp()),
            None => headline.clone(),
        })
    } else {
        own
    };
    Some(FeedEntry { id, link, headline, summary, published, tags })
}

fn year(date: DateTime<Utc>) -> i32 {
    chrono::Datelike::year(&date)
}

/// The first link to the entry itself that a browser may follow.
fn link(entry: &Entry, base: Option<&Url>) -> Option<String> {
    let own = entry.links.iter().filter(|link| link.rel.as_deref().is_none_or(|rel| rel == "alternate"));
    own.filter_map(|link| absolute(link.href.trim(), base)).next()
}

fn absolute(href: &str, base: Option<&Url>) -> Option<String> {
    let url = match (Url::parse(href), base) {
        (Ok(url), _) => url,
        (Err(url::ParseError::RelativeUrlWithoutBase), Some(base)) => base.join(href).ok()?,
        (Err(_), _) => return None,
    };
    matches!(url.scheme(), "http" | "https").then(|| url.to_string()).filter(|url| url.len() <= 2_048)
}

fn tag(category: &feed_rs::model::Category) -> Option<FeedTag> {
    let term = words(&category.term, LONGEST_IDENTIFIER);
    let scheme = category.scheme.as_ref().map(|scheme| scheme.chars().take(LONGEST_IDENTIFIER).collect());
    (!term.is_empty()).then_some(FeedTag { term, scheme })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(feed: &str) -> FeedEntry {
        let base = Url::parse("https://news.example.com/feeds/all").unwrap();
        let mut entries = parse_feed(feed.as_bytes(), Some(&base)).unwrap().entries;
        assert_eq!(entries.len(), 1, "{entries:?}");
        entries.remove(0)
    }

    const MORNING: &str = "2026-11-20T14:30:00+00:00";

    #[test]
    fn every_format_says_the_same() {
        for feed in [
            r#"<rss version="2.0"><channel><title>N</title><item><title>Apple &amp;amp; more</title><link>https://example.com/1</link>
               <description><![CDATA[<p>It <b>rose</b></p>]]></description><guid>1</guid><pubDate>Fri, 20 Nov 2026 09:30:00 EST</pubDate></item></channel></rss>"#,
            r#"<rss version="0.94"><channel><item><title>Apple &amp;amp; more</title><link>https://example.com/1</link>
               <description>It rose</description><guid>1</guid><pubDate>Fri, 20 Nov 2026 14:30:00 GMT</pubDate></item></channel></rss>"#,
            r#"<feed xmlns="http://www.w3.org/2005/Atom"><title>N</title><entry><id>1</id><title type="html">Apple &amp;amp; more</title>
               <link rel="self" href="https://example.com/self"/><link href="https://example.com/1"/><published>2026-11-20T14:30:00Z</published>
               <summary type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">It <b>rose</b></div></summary><content src="x"/></entry></feed>"#,
            r#"<feed version="0.3" xmlns="http://purl.org/atom/ns#"><entry><id>1</id><title>Apple &amp;amp; more</title>
               <link rel="alternate" href="https://example.com/1"/><issued>2026-11-20T14:30:00Z</issued><summary>It rose</summary></entry></feed>"#,
            r#"{"version": "https://jsonfeed.org/version/1.1", "title": "N", "authors": [{"name": "é a@b.cc é"}], "items": [{"id": 1, "url": "https://example.com/1",
               "title": "Apple &amp; more", "content_html": "<p>It <b>rose</b></p>", "date_published": "2026-11-20T14:30:00Z"}]}"#,
        ] {
            let entry = one(feed);
            assert_eq!(
                (entry.id.as_str(), entry.headline.as_str(), entry.summary.as_str()),
                ("1", "Apple & more", "It rose"),
                "{feed}"
            );
            assert_eq!(entry.link.as_deref(), Some("https://example.com/1"));
            assert_eq!(entry.published.map(|date| date.to_rfc3339()).as_deref(), Some(MORNING), "{feed}");
        }
    }

    #[test]
    fn rss_1_is_read() {
        let entry = one(
            r#"<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
               <channel rdf:about="x"><title>N</title></channel><item rdf:about="https://example.com/1"><title>Apple</title><link>/1</link>
               <description>It rose</description><dc:date>2026-11-20T09:30:00-05:00</dc:date></item></rdf:RDF>"#,
        );
        assert_eq!(entry.link.as_deref(), Some("https://news.example.com/1"));
        assert_eq!(
            (entry.id, entry.published.unwrap().to_rfc3339()),
            ("https://news.example.com/1".to_owned(), MORNING.to_owned())
        );
    }

    #[test]
    fn what_is_missing_is_an_absence() {
        let entry = one(
            r#"<rss version="2.0"><channel><item><description>Only a summary</description><link>javascript:alert(1)</link><pubDate>soon</pubDate></item>
               <item><title> </title></item></channel></rss>"#,
        );
        assert_eq!((entry.headline.as_str(), entry.link, entry.published), ("Only a summary", None, None));
        assert_eq!(entry.id, "Only a summary");
    }

    #[test]
    fn other_encodings_are_read() {
        let mut feed = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><rss version=\"2.0\"><channel><item><title>Nestl".to_vec();
        feed.push(0xE9);
        feed.extend_from_slice(b"</title></item></channel></rss>");
        assert_eq!(parse_feed(&feed, None).unwrap().entries[0].headline, "Nestlé");
    }

    #[test]
    fn what_is_no_feed_is_said_so() {
        let error = parse_feed(b"<!doctype html><html><p>Not found", None).unwrap_err();
        assert!(
            matches!(&error, PortError::Corrupt { .. }) && error.to_string().contains("no feed"),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn never_panics(feed in "(<(rss version=\"2.0\"|channel|item|/item|title|/title|link|/link|pubDate|/pubDate|feed|entry|/entry|updated|/updated)>|[0-9:TZ+-]{1,8}|.){0,60}") {
            let _ = parse_feed(feed.as_bytes(), None);
        }
    }
}
