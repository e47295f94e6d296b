//! Rewrites an untrusted feed into the few elements that are read, and nothing else: declared entities are refused,
//! depth, entries and texts are bounded, markup inside a text is flattened to its words. What comes out is small and
//! well-formed, so that the feed parser behind it meets no surprise.

use encoding_rs::Encoding;
use quick_xml::NsReader;
use quick_xml::escape::{escape, resolve_predefined_entity, unescape};
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use serde_json::{Map, Value, json};

use super::date;

/// Elements within elements beyond this are no feed.
const MAX_DEPTH: usize = 64;
/// Entries that are read of one feed; the newest come first by custom.
pub(super) const MAX_ENTRIES: usize = 500;
/// Bytes that are kept of one text.
const MAX_TEXT: usize = 32 << 10;
/// Tags that are kept of one entry.
const MAX_TAGS: usize = 64;

const ATOM: &str = "http://www.w3.org/2005/Atom";
const ATOM_03: &str = "http://purl.org/atom/ns#";
const DUBLIN_CORE: &str = "http://purl.org/dc/elements/1.1/";
const CONTENT: &str = "http://purl.org/rss/1.0/modules/content/";
const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
const RSS_1: &str = "http://purl.org/rss/1.0/";
/// Namespaces that mean plain RSS: 1.0, the two of 0.90, and those that some RSS 2.0 feeds declare.
const RSS: [&str; 6] = [
    RSS_1,
    "http://my.netscape.com/rdf/simple/0.9/",
    "http://channel.netscape.com/rdf/simple/0.9/",
    "http://backend.userland.com/rss2",
    "http://backend.userland.com/rss",
    "http://blogs.law.harvard.edu/tech/rss",
];

/// The feed with only what is read.
///
/// # Errors
/// What is wrong, for a person: no feed, declared entities, too deep.
pub(super) fn screened(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let start = bytes.iter().find(|byte| !byte.is_ascii_whitespace() && !matches!(byte, 0xEF | 0xBB | 0xBF));
    match start {
        Some(b'{') => screened_json(bytes),
        Some(_) => Screen::default().run(bytes),
        None => Err("it is empty".to_owned()),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Rss,
    Rdf,
    Atom,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Space {
    /// No namespace, or one of plain RSS.
    Plain,
    Atom,
    DublinCore,
    Content,
    Rdf,
    Other,
}

/// What becomes of an element.
enum Role {
    Container(&'static str),
    Leaf(&'static str),
    Skip,
}

struct Leaf {
    name: &'static str,
    attributes: String,
    text: String,
    /// Open elements inside it.
    inner: usize,
}

#[derive(Default)]
struct Screen {
    out: String,
    format: Option<Format>,
    open: Vec<&'static str>,
    leaf: Option<Leaf>,
    skipped: usize,
    depth: usize,
    entries: usize,
}

impl Screen {
    fn run(mut self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let text = decoded(bytes);
        let mut reader = NsReader::from_str(&text);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.trim_markup_names_in_closing_tags = true;
        loop {
            match reader.read_resolved_event() {
                Ok((_, Event::Eof)) => break,
                Ok((space, Event::Start(element))) => self.start(space_of(&space), &element)?,
                Ok((_, Event::End(_))) => self.end(),
                Ok((_, Event::Text(text))) => self.text(&text),
                Ok((_, Event::CData(text))) => self.text(&text),
                Ok((_, Event::GeneralRef(reference))) => self.reference(&reference),
                Ok((_, Event::DocType(declaration))) if declares_entities(&declaration) => {
                    return Err("it declares entities, which no feed needs".to_owned());
                }
                Ok(_) => {}
                // What came whole before the fault is still good.
                Err(_) if self.entries > 0 => break,
                Err(error) => return Err(format!("it is not well-formed: {error}")),
            }
        }
        self.finish()
    }

    fn start(&mut self, space: Space, element: &BytesStart<'_>) -> Result<(), String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("it is nested deeper than {MAX_DEPTH} elements"));
        }
        if let Some(leaf) = &mut self.leaf {
            leaf.inner += 1;
            leaf.push(" ");
            return Ok(());
        }
        if self.skipped > 0 {
            self.skipped += 1;
            return Ok(());
        }
        let Some(format) = self.format else { return self.root(space, element) };
        match role(format, space, element.local_name().as_ref()) {
            Role::Container("item" | "entry") if self.entries >= MAX_ENTRIES => self.skipped = 1,
            Role::Container(name) => {
                self.entries += usize::from(matches!(name, "item" | "entry"));
                self.out.push_str(&format!("<{name}>"));
                self.open.push(name);
            }
            Role::Leaf(name) => {
                let attributes = attributes(element);
                self.leaf = Some(Leaf { name, attributes, text: String::new(), inner: 0 });
            }
            Role::Skip => self.skipped = 1,
        }
        Ok(())
    }

    fn root(&mut self, space: Space, element: &BytesStart<'_>) -> Result<(), String> {
        let name = element.local_name();
        let (format, name, start) = match (space, name.as_ref()) {
            (Space::Plain | Space::Other, "rss") => (
                Format::Rss,
                "rss",
                format!(
                    "<rss version=\"2.0\" xmlns:atom=\"{ATOM}\" xmlns:dc=\"{DUBLIN_CORE}\" xmlns:content=\"{CONTENT}\">"
                ),
            ),
            (_, "RDF") => (
                Format::Rdf,
                "rdf:RDF",
                format!(
                    "<rdf:RDF xmlns:rdf=\"{RDF}\" xmlns=\"{RSS_1}\" xmlns:atom=\"{ATOM}\" xmlns:dc=\"{DUBLIN_CORE}\" \
                     xmlns:content=\"{CONTENT}\">"
                ),
            ),
            (Space::Atom | Space::Plain, "feed") => {
                (Format::Atom, "feed", format!("<feed xmlns=\"{ATOM}\">"))
            }
            (_, other) => {
                let other: String = other.chars().take(40).collect();
                return Err(format!("it is no feed: its root element is '{other}'"));
            }
        };
        self.format = Some(format);
        self.out.push_str(&start);
        self.open.push(name);
        Ok(())
    }

    fn end(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        match &mut self.leaf {
            Some(leaf) if leaf.inner > 0 => {
                leaf.inner -= 1;
                leaf.push(" ");
            }
            Some(_) => {
                if let Some(leaf) = self.leaf.take() {
                    leaf.write(&mut self.out);
                }
            }
            None if self.skipped > 0 => self.skipped -= 1,
            None => {
                if let Some(name) = self.open.pop() {
                    self.out.push_str(&format!("</{name}>"));
                }
            }
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(leaf) = &mut self.leaf {
            leaf.push(text);
        }
    }

    fn reference(&mut self, reference: &BytesRef<'_>) {
        let Some(leaf) = &mut self.leaf else { return };
        match reference.resolve_char_ref() {
            Ok(Some(letter)) => leaf.push(letter.encode_utf8(&mut [0; 4])),
            // An entity that XML does not know is left for the reader of HTML.
            Ok(None) => match resolve_predefined_entity(reference) {
                Some(text) => leaf.push(text),
                None => leaf.push(&format!("&{};", &**reference)),
            },
            Err(_) => {}
        }
    }

    fn finish(mut self) -> Result<Vec<u8>, String> {
        if self.format.is_none() {
            return Err("it is no feed: it has no elements".to_owned());
        }
        while let Some(name) = self.open.pop() {
            self.out.push_str(&format!("</{name}>"));
        }
        Ok(self.out.into_bytes())
    }
}

impl Leaf {
    fn push(&mut self, text: &str) {
        let room = MAX_TEXT.saturating_sub(self.text.len());
        let printable = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
        let mut used = 0;
        for letter in printable {
            used += letter.len_utf8();
            if used > room {
                break;
            }
            self.text.push(letter);
        }
    }

    fn write(mut self, out: &mut String) {
        match self.name {
            "pubDate" | "lastBuildDate" => {
                self.text = date::parse(&self.text).map(|date| date.to_rfc2822()).unwrap_or_default();
            }
            "dc:date" | "published" | "updated" => {
                self.text = date::parse(&self.text).map(|date| date.to_rfc3339()).unwrap_or_default();
            }
            _ => {}
        }
        let text = self.text.trim();
        if !text.is_empty() || !self.attributes.is_empty() {
            out.push_str(&format!("<{0}{1}>{2}</{0}>", self.name, self.attributes, escape(text)));
        }
    }
}

/// The text of a document by its byte-order mark, else by the encoding that it declares, else as UTF-8; letters that are
/// none there become replacement characters.
fn decoded(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    let declaration = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]);
    let declared = declaration
        .split_once("?>")
        .and_then(|(declaration, _)| declaration.split_once("encoding"))
        .and_then(|(_, rest)| rest.split(['"', '\'']).nth(1))
        .and_then(|label| Encoding::for_label(label.trim().as_bytes()));
    declared.unwrap_or(encoding_rs::UTF_8).decode(bytes).0
}

fn space_of(space: &ResolveResult<'_>) -> Space {
    match space {
        ResolveResult::Unbound => Space::Plain,
        ResolveResult::Unknown(_) => Space::Other,
        ResolveResult::Bound(name) => match name.as_ref() {
            ATOM | ATOM_03 => Space::Atom,
            DUBLIN_CORE => Space::DublinCore,
            CONTENT => Space::Content,
            RDF => Space::Rdf,
            other if RSS.contains(&other) => Space::Plain,
            _ => Space::Other,
        },
    }
}

/// The elements that are read, with the names that Atom 0.3 gave them replaced by today's.
fn role(format: Format, space: Space, name: &str) -> Role {
    match (format, space, name) {
        (Format::Rss | Format::Rdf, Space::Plain, "channel") => Role::Container("channel"),
        (Format::Rss | Format::Rdf, Space::Plain, "item") => Role::Container("item"),
        (Format::Rss | Format::Rdf, Space::Plain, "title") => Role::Leaf("title"),
        (Format::Rss | Format::Rdf, Space::Plain, "link") => Role::Leaf("link"),
        (Format::Rss | Format::Rdf, Space::Plain, "description") => Role::Leaf("description"),
        (Format::Rss, Space::Plain, "guid") => Role::Leaf("guid"),
        (Format::Rss, Space::Plain, "pubDate" | "pubdate") => Role::Leaf("pubDate"),
        (Format::Rss, Space::Plain, "lastBuildDate") => Role::Leaf("lastBuildDate"),
        (Format::Rss, Space::Plain, "category") => Role::Leaf("category"),
        (Format::Rss | Format::Rdf, Space::DublinCore, "date") => Role::Leaf("dc:date"),
        (Format::Rss | Format::Rdf, Space::Content, "encoded") => Role::Leaf("content:encoded"),
        (Format::Atom, Space::Atom | Space::Plain, _) => match name {
            "entry" => Role::Container("entry"),
            "title" => Role::Leaf("title"),
            "link" => Role::Leaf("link"),
            "id" => Role::Leaf("id"),
            "summary" => Role::Leaf("summary"),
            "content" => Role::Leaf("content"),
            "subtitle" | "tagline" => Role::Leaf("subtitle"),
            "published" | "issued" | "created" => Role::Leaf("published"),
            "updated" | "modified" => Role::Leaf("updated"),
            "category" => Role::Leaf("category"),
            _ => Role::Skip,
        },
        _ => Role::Skip,
    }
}

/// The attributes that are read: where a link leads, what a category is.
fn attributes(element: &BytesStart<'_>) -> String {
    let mut kept = String::new();
    for attribute in element.attributes().with_checks(false).flatten().take(32) {
        let name = attribute.key.as_ref();
        if matches!(name, "href" | "rel" | "term" | "scheme" | "domain" | "label")
            && attribute.value.len() <= 4096
        {
            let value = unescape(&attribute.value).unwrap_or_else(|_| attribute.value.clone());
            kept.push_str(&format!(" {name}=\"{}\"", escape(value.trim())));
        }
    }
    kept
}

fn declares_entities(declaration: &str) -> bool {
    declaration.to_ascii_uppercase().contains("<!ENTITY")
}

/// A JSON Feed (version 1 or 1.1) with only what is read.
fn screened_json(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let feed: Value =
        serde_json::from_slice(bytes).map_err(|error| format!("it is not well-formed: {error}"))?;
    let version = feed["version"].as_str().unwrap_or_default();
    if !version.contains("jsonfeed.org/version/1") {
        return Err(
            "it is JSON but no JSON Feed: its version is not https://jsonfeed.org/version/1".to_owned()
        );
    }
    let items = feed["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    let items: Vec<Value> =
        items.iter().take(MAX_ENTRIES).filter_map(Value::as_object).map(json_item).collect();
    let screened = json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": text(&feed["title"]).unwrap_or_default(),
        "items": items,
    });
    serde_json::to_vec(&screened).map_err(|error| error.to_string())
}

fn json_item(item: &Map<String, Value>) -> Value {
    let mut kept = Map::new();
    for name in [
        "id",
        "url",
        "external_url",
        "title",
        "content_html",
        "content_text",
        "summary",
        "date_published",
        "date_modified",
    ] {
        let value = item.get(name).and_then(text);
        let value = if name.starts_with("date_") {
            value.and_then(|text| date::parse(&text)).map(|date| date.to_rfc3339())
        } else {
            value
        };
        if let Some(value) = value {
            kept.insert(name.to_owned(), Value::String(value));
        }
    }
    let tags: Vec<Value> = item
        .get("tags")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
        .take(MAX_TAGS)
        .filter_map(text)
        .map(Value::String)
        .collect();
    if !tags.is_empty() {
        kept.insert("tags".to_owned(), Value::Array(tags));
    }
    Value::Object(kept)
}

/// A text, or a number where a text belongs (some feeds number their entries).
fn text(value: &Value) -> Option<String> {
    let mut leaf = Leaf { name: "", attributes: String::new(), text: String::new(), inner: 0 };
    match value {
        Value::String(text) => leaf.push(text),
        Value::Number(number) => leaf.push(&number.to_string()),
        _ => return None,
    }
    Some(leaf.text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn screen(feed: &str) -> Result<String, String> {
        screened(feed.as_bytes()).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn only_what_is_read_is_kept() {
        let feed = r#"<?xml version="1.0"?><!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/publish/formats/rss-0.91.dtd">
            <rss version="0.91" xmlns:m="http://search.yahoo.com/mrss/"><channel><title>A</title><image><title>no</title></image>
            <item><title>B &amp; <b>C</b></title><m:content duration="99999999999999999999:99:99"/><link/><guid isPermaLink="false">7</guid></item></channel></rss>"#;
        let kept = screen(feed).unwrap();
        assert!(kept.ends_with("<channel><title>A</title><item><title>B &amp;  C</title><guid>7</guid></item></channel></rss>"), "{kept}");
    }

    #[test]
    fn bombs_are_refused() {
        let bomb = r#"<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><rss><channel><item><title>&b;</title></item></channel></rss>"#;
        assert!(screen(bomb).unwrap_err().contains("declares entities"));
        let deep = format!("<rss><channel>{}", "<a>".repeat(100));
        assert!(screen(&deep).unwrap_err().contains("deeper"));
        assert!(screen("<html><body/></html>").unwrap_err().contains("'html'"));
        assert!(screen("").is_err() && screen("  nothing").is_err());
        assert!(screen(&format!("{{\"version\": {}", "[".repeat(10_000))).is_err());
    }

    #[test]
    fn entries_before_a_fault_are_kept_and_their_number_is_bounded() {
        let cut = "<rss><channel><item><title>whole</title></item><item><title>cut</ti";
        assert!(screen(cut).unwrap().contains("<title>whole</title>"));
        let many = format!("<rss><channel>{}</channel></rss>", "<item><title>x</title></item>".repeat(2_000));
        assert_eq!(screen(&many).unwrap().matches("<item>").count(), MAX_ENTRIES);
    }

    #[test]
    fn a_text_is_bounded_in_whole_letters() {
        let long = format!("<rss><channel><title>{}</title></channel></rss>", "é".repeat(100_000));
        assert!(screen(&long).unwrap().len() < MAX_TEXT + 500);
    }

    proptest! {
        #[test]
        fn whatever_comes_is_screened_or_refused(
            bytes in prop::collection::vec(any::<u8>(), 0..300),
            text in "(<(rss|channel|item|/item|title|/title|feed|entry|a:b c=\"d\")>|&[a-z#0-9]{1,5};|.){0,60}"
        ) {
            let _ = screened(&bytes);
            if let Ok(kept) = screened(text.as_bytes()) {
                // Screening again changes nothing: only what is read is left.
                prop_assert!(screened(&kept).is_ok());
            }
        }
    }
}
