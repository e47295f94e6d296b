//! An OFX file as a tree. Both forms are read alike: a tag with a text behind it is an element, whose end tag may be missing; any other
//! tag is an aggregate.

use std::borrow::Cow;

use encoding_rs::{Encoding, WINDOWS_1252};

/// Deepest nesting: statements need some ten levels.
const DEEPEST: usize = 64;
/// Most tags of one file.
const MOST_TAGS: usize = 2_000_000;
/// Bytes in which a header is sought.
const HEADER: usize = 4_096;

/// Why a file is no OFX statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OfxError {
    /// There is no OFX in it.
    #[error("it has no <OFX> part; export the statement as OFX (QFX) once more")]
    NoOfx,
    /// It ends before its end.
    #[error("it ends within <{0}>: the download was cut off")]
    Truncated(String),
    /// It declares a document type, by which entities could be defined.
    #[error("it declares a document type, which no OFX statement does")]
    DocumentType,
    /// It is nested deeper than any statement.
    #[error("it is nested deeper than {DEEPEST} levels")]
    TooDeep,
    /// It has more tags than any statement.
    #[error("it has more than {MOST_TAGS} tags; export a shorter period")]
    TooLarge,
}

/// A tag with what is in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) name: String,
    /// The text of an element; empty of an aggregate.
    pub(crate) text: String,
    pub(crate) children: Vec<Self>,
}

impl Node {
    /// The first child of that name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the element at the end of a path of names; none where it is empty.
    pub(crate) fn text_at(&self, path: &[&str]) -> Option<&str> {
        let found = path.iter().try_fold(self, |node, name| node.child(name))?;
        Some(found.text.as_str()).filter(|text| !text.is_empty())
    }

    /// All nodes of that name, at any depth; those within one of them are not sought.
    pub(crate) fn all<'a>(&'a self, name: &str) -> Vec<&'a Self> {
        let mut found = Vec::new();
        for child in &self.children {
            if child.name == name { found.push(child) } else { found.extend(child.all(name)) }
        }
        found
    }
}

/// A file's text, and whether it is not in the encoding that it says.
pub(crate) fn decode(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        let (text, _, is_wrong) = encoding.decode(bytes);
        return (text, is_wrong);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return (text.into(), false);
    }
    let header = String::from_utf8_lossy(&bytes[..bytes.len().min(HEADER)]).to_ascii_uppercase();
    let says_utf8 = header.contains("UTF-8") || header.contains("UNICODE");
    (WINDOWS_1252.decode_without_bom_handling(bytes).0, says_utf8)
}

/// The tree under `<OFX>`.
pub(crate) fn parse(text: &str) -> Result<Node, OfxError> {
    let mut tags = Tags { rest: text };
    let mut builder = Builder::default();
    let mut count = 0;
    while let Some(tag) = tags.next()? {
        count += 1;
        if count > MOST_TAGS {
            return Err(OfxError::TooLarge);
        }
        match tag {
            Tag::Open { name, text } if builder.stack.is_empty() && name != "OFX" => drop(text),
            Tag::Open { name, text } => builder.open(name, text)?,
            Tag::Close(name) => {
                if let Some(root) = builder.close(&name) {
                    return Ok(root);
                }
            }
        }
    }
    match builder.stack.pop() {
        Some(node) => Err(OfxError::Truncated(node.name)),
        None => Err(OfxError::NoOfx),
    }
}

/// Aggregates that are open, the outermost first.
#[derive(Default)]
struct Builder {
    stack: Vec<Node>,
}

impl Builder {
    fn open(&mut self, name: String, text: String) -> Result<(), OfxError> {
        let node = Node { name, text, children: Vec::new() };
        let depth = self.stack.len();
        match self.stack.last_mut().filter(|_| !node.text.is_empty()) {
            Some(parent) => parent.children.push(node),
            None if depth >= DEEPEST => return Err(OfxError::TooDeep),
            None => self.stack.push(node),
        }
        Ok(())
    }

    /// Closes the innermost aggregate of that name; the root, once it is closed. The end of an element whose text was read, and one
    /// of nothing that is open, say nothing.
    fn close(&mut self, name: &str) -> Option<Node> {
        let place = self.stack.iter().rposition(|node| node.name == name)?;
        while self.stack.len() > place + 1 {
            self.empty();
        }
        let node = self.stack.pop()?;
        match self.stack.last_mut() {
            Some(parent) => parent.children.push(node),
            None => return Some(node),
        }
        None
    }

    /// What was never closed was an element without a text: what came behind it is beside it.
    fn empty(&mut self) {
        let Some(mut node) = self.stack.pop() else { return };
        let beside = std::mem::take(&mut node.children);
        if let Some(parent) = self.stack.last_mut() {
            parent.children.push(node);
            parent.children.extend(beside);
        }
    }
}

enum Tag {
    Open { name: String, text: String },
    Close(String),
}

struct Tags<'a> {
    rest: &'a str,
}

impl Tags<'_> {
    /// The next tag with the text behind it.
    fn next(&mut self) -> Result<Option<Tag>, OfxError> {
        loop {
            let Some(start) = self.rest.find('<') else { return Ok(None) };
            let rest = &self.rest[start + 1..];
            if let Some(skipped) = skipped(rest)? {
                self.rest = skipped;
                continue;
            }
            let Some(end) = rest.find('>') else { return Ok(None) };
            let (inside, behind) = (&rest[..end], &rest[end + 1..]);
            self.rest = behind;
            if let Some(name) = inside.strip_prefix('/') {
                return Ok(Some(Tag::Close(name_of(name))));
            }
            let is_empty = inside.ends_with('/');
            let name = name_of(inside.trim_end_matches('/'));
            if name.is_empty() || is_empty {
                continue;
            }
            let (text, behind) = text_before_tag(behind);
            self.rest = behind;
            return Ok(Some(Tag::Open { name, text }));
        }
    }
}

/// What follows a comment or an instruction; none where a tag begins.
fn skipped(rest: &str) -> Result<Option<&str>, OfxError> {
    let after = |end: &str| rest.find(end).map_or("", |at| &rest[at + end.len()..]);
    if rest.starts_with("!--") {
        return Ok(Some(after("-->")));
    }
    if rest.starts_with('?') {
        return Ok(Some(after("?>")));
    }
    if rest.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("!DOCTYPE"))
        || rest.starts_with("!ENTITY")
    {
        return Err(OfxError::DocumentType);
    }
    Ok(None)
}

/// A tag's name without attributes, in capitals.
fn name_of(inside: &str) -> String {
    let name = inside.split_whitespace().next().unwrap_or_default();
    name.to_ascii_uppercase()
}

/// The text up to the next tag, and what follows it.
fn text_before_tag(behind: &str) -> (String, &str) {
    const CDATA: &str = "<![CDATA[";
    let start = behind.trim_start();
    if let Some(inside) = start.strip_prefix(CDATA) {
        let (text, rest) = inside.split_once("]]>").unwrap_or((inside, ""));
        return (text.trim().to_owned(), rest);
    }
    let end = behind.find('<').unwrap_or(behind.len());
    (unescaped(behind[..end].trim()), &behind[end..])
}

/// The text with XML's own entities and character references replaced, once; any other stays as it stands.
fn unescaped(text: &str) -> String {
    let (mut done, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find('&') {
        done.push_str(&rest[..at]);
        rest = &rest[at..];
        let entity = rest.get(1..).and_then(|rest| rest.find(';')).filter(|length| *length <= 8);
        let letter = entity.and_then(|length| letter(&rest[1..=length]).map(|letter| (letter, length)));
        let Some((letter, length)) = letter else {
            done.push('&');
            rest = &rest[1..];
            continue;
        };
        done.push(letter);
        rest = &rest[length + 2..];
    }
    done + rest
}

fn letter(entity: &str) -> Option<char> {
    match entity {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        "nbsp" => return Some(' '),
        _ => {}
    }
    let number = entity.strip_prefix('#')?;
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
        None => number.parse().ok()?,
    };
    char::from_u32(code).filter(|letter| !letter.is_control())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_forms_are_one_tree() {
        let sgml = "OFXHEADER:100\nDATA:OFXSGML\n\n<OFX><A><B>1\n<C>x &amp; y<D>\n<E>2</A></OFX>";
        let xml = "<?xml version=\"1.0\"?><?OFX OFXHEADER=\"200\"?><!-- a --><ofx><A><B>1</B><C>x &#38; y</C><D></D><E>2</E></A></ofx>";
        let tree = parse(sgml).unwrap();
        let aggregate = tree.child("A").unwrap();
        let texts: Vec<(&str, &str)> =
            aggregate.children.iter().map(|node| (node.name.as_str(), node.text.as_str())).collect();
        assert_eq!(texts, [("B", "1"), ("C", "x & y"), ("D", ""), ("E", "2")]);
        assert_eq!(parse(xml).unwrap(), tree);
        assert_eq!(tree.text_at(&["A", "E"]), Some("2"));
        assert_eq!(tree.text_at(&["A", "D"]), None);
    }

    #[test]
    fn what_is_no_statement_is_refused() {
        assert_eq!(parse(""), Err(OfxError::NoOfx));
        assert_eq!(parse("<html><body>Sign in</body></html>"), Err(OfxError::NoOfx));
        assert_eq!(parse("<OFX><A><B>1"), Err(OfxError::Truncated("A".to_owned())));
        let bomb = "<!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 \"&lol;&lol;\">]><OFX>&lol2;</OFX>";
        assert_eq!(parse(bomb), Err(OfxError::DocumentType));
        assert_eq!(parse(&format!("<OFX>{}", "<A>".repeat(100_000))), Err(OfxError::TooDeep));
    }

    #[test]
    fn entities_are_replaced_once_and_unknown_ones_stay() {
        assert_eq!(
            unescaped("&amp;lt; &quot;a&apos; &lol; & &#x41;&#0; &#99999999;"),
            "&lt; \"a' &lol; & A&#0; &#99999999;"
        );
        assert_eq!(parse("<OFX><MEMO><![CDATA[<b> & ]]></OFX>").unwrap().text_at(&["MEMO"]), Some("<b> &"));
    }

    #[test]
    fn texts_are_read_in_the_encoding_that_they_are_in() {
        let latin = b"OFXHEADER:100\nENCODING:USASCII\nCHARSET:1252\n\n<OFX><NAME>Caf\xE9</OFX>";
        assert!(decode(latin).0.contains("Café") && !decode(latin).1);
        let lying = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?><OFX><NAME>Caf\xE9</NAME></OFX>";
        assert!(decode(lying).0.contains("Café") && decode(lying).1);
        let wide: Vec<u8> = "\u{feff}<OFX>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode(&wide).0, "<OFX>");
        assert_eq!(decode("\u{feff}<OFX>".as_bytes()).0, "<OFX>");
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in ".{0,200}", tags in prop::collection::vec("</?[A-C]{1,2}>|&[a-z#0-9]{0,5};?|é", 0..60)) {
            let _ = parse(&text);
            let _ = parse(&format!("<OFX>{}</OFX>", tags.concat()));
            let _ = decode(text.as_bytes());
        }
    }
}
