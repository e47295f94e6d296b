//! A message within Slack's limits ("Reference: blocks", "Formatting text for app surfaces"): a header, sections of text and
//! fields, a context line.

use serde::Serialize;
use ttai_ports::{Attachment, Message, MessageField};

use crate::carried::{headline, other_link, small_print, web_link};
use crate::text::{clean, first_piece, length, one_line, shorten};

const HEADER: usize = 150;
const SECTION: usize = 3_000;
const FIELD: usize = 2_000;
const FIELDS_PER_SECTION: usize = 10;
/// Of Slack's 50, what header, shortening note, link and context leave.
const BLOCKS: usize = 45;
/// Text and fields together, in bytes. Slack says neither the number nor what it counts, and answers `msg_blocks_too_long`
/// somewhere above 13,000 for all blocks; header, link and notes take the rest.
const ALL_TEXT: usize = 9_500;
const NOTES: usize = 400;
/// What fields are sure of, however long the text is.
const FIELDS_SHARE: usize = 4_000;
/// A section is not begun for less.
const WORTHWHILE: usize = 200;
/// The text that devices show in their notification.
const NOTIFICATION: usize = 500;
const LINK: usize = 2_000;
/// Stands where Slack wants text and there is none.
const NOTHING: &str = "–";

/// The JSON of an incoming webhook as far as it is used here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct SlackPayload {
    pub(crate) text: String,
    pub(crate) blocks: Vec<Block>,
    unfurl_links: bool,
    unfurl_media: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Block {
    Header {
        text: Text,
    },
    Section {
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<Text>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        fields: Vec<Text>,
    },
    Context {
        elements: Vec<Text>,
    },
}

/// A text object. `verbatim` keeps Slack from making channels and people out of names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Text {
    PlainText { text: String, emoji: bool },
    Mrkdwn { text: String, verbatim: bool },
}

fn plain(text: String) -> Text {
    Text::PlainText { text, emoji: false }
}

fn mrkdwn(text: String) -> Text {
    Text::Mrkdwn { text, verbatim: true }
}

/// The message as one request.
pub(crate) fn shape(message: &Message, attachments: &[Attachment]) -> SlackPayload {
    let title = escaped_within(&headline(message, HEADER), HEADER);
    let text = body_text(message);
    let fields: Vec<String> = message.fields.iter().map(field).collect();
    let all_fields: usize = fields.iter().map(String::len).sum();
    let text_room = ALL_TEXT - all_fields.min(FIELDS_SHARE);
    let sections = escaped_sections(&text, text_room);
    let field_room = ALL_TEXT.saturating_sub(sections.texts.iter().map(String::len).sum());
    let block_room = BLOCKS.saturating_sub(sections.texts.len());
    let (kept, fields_left) = fit_fields(fields, field_room, block_room);
    let whole_text = sections.is_short.then(|| text.chars().count());
    let notes = notes(message, attachments, whole_text, fields_left);

    let mut blocks = vec![Block::Header { text: plain(title) }];
    blocks.extend(
        sections
            .texts
            .into_iter()
            .map(|text| Block::Section { text: Some(mrkdwn(text)), fields: Vec::new() }),
    );
    blocks.extend(
        kept.chunks(FIELDS_PER_SECTION).map(|fields| Block::Section {
            text: None,
            fields: fields.iter().cloned().map(mrkdwn).collect(),
        }),
    );
    if let Some(link) = slack_link(message) {
        blocks.push(Block::Section { text: Some(mrkdwn(link)), fields: Vec::new() });
    }
    blocks.push(Block::Context { elements: vec![plain(notes)] });
    SlackPayload { text: notification(message, &text), blocks, unfurl_links: false, unfurl_media: false }
}

/// What stands below a message, and what of it is missing.
fn notes(
    message: &Message,
    attachments: &[Attachment],
    whole_text: Option<usize>,
    fields_left: usize,
) -> String {
    let mut notes = small_print(message);
    if let Some(characters) = whole_text {
        notes.push(format!("Shortened: the text has {characters} characters"));
    }
    if fields_left > 0 {
        notes.push(format!("{fields_left} more fields are left out"));
    }
    notes.extend(files_note(message, attachments));
    escaped_within(&notes.join(". "), NOTES)
}

fn notification(message: &Message, text: &str) -> String {
    let line = headline(message, HEADER);
    let line = if message.title.trim().is_empty() { line } else { format!("{line}: {}", one_line(text)) };
    // An escaped letter is at most five.
    escape(&shorten(line.trim_end_matches([':', ' ']), NOTIFICATION / 5 * 2))
}

/// The text, and a link that is none of the web's or too long for one.
fn body_text(message: &Message) -> String {
    let mut text = clean(&message.text);
    let too_long = web_link(message).filter(|_| slack_link(message).is_none());
    if let Some(link) = other_link(message).or(too_long) {
        text = format!("{text}\n{link}").trim().to_owned();
    }
    text
}

/// `<address|text>`; the signs that would end it are encoded.
fn slack_link(message: &Message) -> Option<String> {
    let link = escape(&web_link(message)?.replace('|', "%7C"));
    (length(&link) <= LINK).then(|| format!("<{link}|Read more>"))
}

fn files_note(message: &Message, attachments: &[Attachment]) -> Option<String> {
    if attachments.is_empty() {
        return None;
    }
    let names: Vec<String> = attachments.iter().map(|file| one_line(&file.file_name)).collect();
    let place = if web_link(message).is_some() {
        "see the link for"
    } else {
        "a Slack webhook carries no files; left out:"
    };
    Some(format!("{place} {}", names.join(", ")))
}

struct Sections {
    texts: Vec<String>,
    is_short: bool,
}

/// The text in escaped sections of at most [`SECTION`], all together within `room` bytes. It is cut before it is escaped, so
/// that no escape is cut.
fn escaped_sections(text: &str, room: usize) -> Sections {
    let (mut texts, mut left) = (Vec::new(), room);
    let mut rest = text.trim();
    while !rest.is_empty() && (left >= WORTHWHILE || escape(rest).len() <= left) {
        let piece = escaping_piece(rest, SECTION, left);
        if piece.is_empty() {
            break;
        }
        let escaped = escape(piece);
        left -= escaped.len();
        texts.push(escaped);
        rest = rest.get(piece.len()..).unwrap_or_default().trim_start();
    }
    let is_short = !rest.is_empty();
    if is_short {
        end_with_ellipsis(&mut texts);
    }
    Sections { texts, is_short }
}

/// The longest first piece whose escaped form fits, in units and in bytes: escapes make it shorter than `units`.
fn escaping_piece(text: &str, units: usize, bytes: usize) -> &str {
    let mut limit = units.min(bytes);
    while limit > 0 {
        let piece = first_piece(text, limit).unwrap_or_default();
        let escaped = escape(piece);
        let excess = length(&escaped).saturating_sub(units).max(escaped.len().saturating_sub(bytes));
        if excess == 0 {
            return piece;
        }
        // At least one less, and as much less as is surely too much: a unit is at most five bytes.
        limit = limit.min(length(piece)).saturating_sub(excess.div_ceil(5));
    }
    ""
}

/// Marks the cut; a full section gives up its last word for it.
fn end_with_ellipsis(texts: &mut [String]) {
    if let Some(last) = texts.last_mut() {
        if length(last) == SECTION {
            let kept =
                last.rfind(char::is_whitespace).or_else(|| last.char_indices().next_back().map(|(at, _)| at));
            // Never within an escape: those have no space, and end with a semicolon.
            let kept = if last.ends_with(';') { last.rfind('&') } else { kept };
            last.truncate(kept.unwrap_or(0));
        }
        last.push('…');
    }
}

fn field(MessageField { name, value }: &MessageField) -> String {
    let name = one_line(name);
    let value = clean(value);
    let name = if name.is_empty() { NOTHING } else { &name };
    let value = if value.is_empty() { NOTHING } else { &value };
    // An escaped letter is at most five, so each part is cut to a fifth of its share only where it must be.
    let name = escaped_within(name, FIELD / 4);
    let value = escaped_within(value, FIELD - FIELD / 4 - 3);
    format!("*{name}*\n{value}")
}

fn escaped_within(text: &str, limit: usize) -> String {
    let whole = escape(text);
    if length(&whole) <= limit {
        return whole;
    }
    let piece = escaping_piece(text, limit - 1, usize::MAX);
    format!("{}…", escape(piece))
}

/// As many fields as fit into `room` bytes, and how many do not.
fn fit_fields(fields: Vec<String>, room: usize, blocks: usize) -> (Vec<String>, usize) {
    let count = fields.len();
    let mut left = room;
    let kept: Vec<String> = fields
        .into_iter()
        .take(blocks * FIELDS_PER_SECTION)
        .take_while(|field| {
            let fits = field.len() <= left;
            left = left.saturating_sub(field.len());
            fits
        })
        .collect();
    let missing = count - kept.len();
    (kept, missing)
}

/// The three signs that mean something to Slack everywhere.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ttai_ports::MessageKind;

    use super::*;

    fn message(text: &str) -> Message {
        Message {
            title: "AAPL".to_owned(),
            text: text.to_owned(),
            delivery_id: "k".to_owned(),
            ..Message::default()
        }
    }

    fn text_of(text: &Text) -> &str {
        match text {
            Text::PlainText { text, .. } | Text::Mrkdwn { text, .. } => text,
        }
    }

    fn all_texts(payload: &SlackPayload) -> Vec<(&str, usize)> {
        payload
            .blocks
            .iter()
            .flat_map(|block| match block {
                Block::Header { text } => vec![(text_of(text), HEADER)],
                Block::Section { text: Some(text), .. } => vec![(text_of(text), SECTION)],
                Block::Section { text: None, fields } => {
                    fields.iter().map(|field| (text_of(field), FIELD)).collect()
                }
                Block::Context { elements } => elements.iter().map(|text| (text_of(text), FIELD)).collect(),
            })
            .collect()
    }

    fn breaks(payload: &SlackPayload) -> Option<String> {
        let too_many = payload.blocks.iter().any(|block| {
            matches!(block, Block::Section { text, fields } if fields.len() > FIELDS_PER_SECTION || (text.is_none() && fields.is_empty()))
        });
        if too_many || payload.blocks.len() > 50 || payload.text.is_empty() {
            return Some(format!("{} blocks", payload.blocks.len()));
        }
        let bytes: usize = all_texts(payload).iter().map(|(text, _)| text.len()).sum();
        if bytes > 13_200 {
            return Some(format!("{bytes} bytes"));
        }
        all_texts(payload)
            .into_iter()
            .find(|(text, limit)| length(text) > *limit || text.is_empty())
            .map(|(text, limit)| format!("{} of {limit}", length(text)))
    }

    #[test]
    fn a_usual_alert_is_a_header_a_text_fields_and_a_mark() {
        let mut alert = message("P&L < 0");
        alert.fields = vec![MessageField::new("Now", "199.80")];
        alert.link = Some("https://example.org/a?b=1&c=2|d".to_owned());
        alert.kind = MessageKind::PriceAlertTriggered;
        let payload = shape(&alert, &[]);
        let texts: Vec<&str> = all_texts(&payload).into_iter().map(|(text, _)| text).collect();
        assert_eq!(
            texts[..4],
            ["AAPL", "P&amp;L &lt; 0", "*Now*\n199.80", "<https://example.org/a?b=1&amp;c=2%7Cd|Read more>"]
        );
        assert_eq!(payload.text, "AAPL: P&amp;L &lt; 0");
        assert!(texts[4].starts_with("Price alert. Mark "), "{}", texts[4]);
    }

    #[test]
    fn nobody_is_called() {
        let payload = shape(&message("<!channel> <@U123> look"), &[]);
        assert!(all_texts(&payload).iter().all(|(text, _)| !text.contains("<!") && !text.contains("<@")));
    }

    #[test]
    fn a_long_text_is_split_and_says_that_it_was_shortened() {
        let payload = shape(&message(&"words & more ".repeat(3_000)), &[]);
        assert_eq!(breaks(&payload), None);
        let texts = all_texts(&payload);
        assert!(texts.iter().filter(|(_, limit)| *limit == SECTION).count() >= 4);
        assert!(texts[texts.len() - 2].0.ends_with('…'));
        assert!(texts[texts.len() - 1].0.contains("Shortened: the text has 38999 characters"));
    }

    #[test]
    fn files_are_told_of() {
        let mut charted = message("a");
        let chart =
            Attachment { file_name: "c.png".to_owned(), media_type: "image/png".to_owned(), bytes: vec![] };
        let note = |message: &Message| {
            all_texts(&shape(message, std::slice::from_ref(&chart))).last().unwrap().0.to_owned()
        };
        assert!(note(&charted).ends_with("a Slack webhook carries no files; left out: c.png"));
        charted.link = Some("https://example.org/".to_owned());
        assert!(note(&charted).ends_with("see the link for c.png"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn no_message_breaks_a_limit(
            kind in "[\\PC&<]{0,300}",
            title in "\\PC{0,300}",
            text in "[\\PC\n&<>]{0,40}",
            repeated in 1usize..800,
            fields in prop::collection::vec(("[\\PC&]{0,300}", "[\\PC\n<]{0,900}", 1usize..4), 0..12),
            short_fields in 0usize..500,
            repeats in any::<bool>(),
        ) {
            let mut fields: Vec<MessageField> = fields
                .into_iter()
                .map(|(name, value, times)| MessageField::new(name.repeat(times), value.repeat(times)))
                .collect();
            fields.extend((0..short_fields).map(|_| MessageField::new("a", "")));
            let (text, kind, may_repeat) = (text.repeat(repeated), kind.into(), repeats);
            let message = Message { kind, title, text, fields, may_repeat, ..Message::default() };
            let payload = shape(&message, &[]);
            prop_assert_eq!(breaks(&payload), None);
            // No escape is cut in two, and nothing is left unescaped.
            for (text, limit) in all_texts(&payload).into_iter().filter(|(_, limit)| *limit == SECTION) {
                prop_assert!(limit == SECTION && !text.contains('<') && !text.contains('>'), "{}", text);
                let bare = text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "");
                prop_assert!(!bare.contains('&'), "{}", text);
            }
        }
    }
}
