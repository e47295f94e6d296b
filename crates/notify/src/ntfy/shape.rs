//! A message as one request to a topic, within ntfy's limits.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ttai_ports::{Attachment, Message, MessageField, Severity};

use crate::carried::{Room, carry, headline, other_link, small_print, web_link};
use crate::text::{clean, one_line, shorten};

/// Bytes of a text. At 4,096 the server makes a file of it, and what goes to phones by Google's service ends at 4,000.
pub(crate) const MESSAGE: usize = 4_000;
/// No limit of ntfy's: phones show about this much of a title.
const TITLE: usize = 200;
const LINK: usize = 2_000;
const NOTES: usize = 800;
/// Of what is left beside the notes, the share that fields are sure of, however long the text is.
const FIELDS_SHARE: usize = 1_200;

/// What one request holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PushRequest {
    pub(crate) title: String,
    pub(crate) text: String,
    /// 1 to 5; 3 is ntfy's default, 5 passes a phone's silence.
    pub(crate) priority: u8,
    /// Names of emoji are shown as such before the title, others below the text.
    pub(crate) tags: String,
    /// Opens where the message is tapped.
    pub(crate) click: Option<String>,
    pub(crate) file: Option<Attachment>,
}

/// The message as a request with its first file, where that has at most `max_file_bytes`.
pub(crate) fn shape(message: &Message, attachments: &[Attachment], max_file_bytes: usize) -> PushRequest {
    let room = Room { files: 1, file_bytes: max_file_bytes, total_bytes: max_file_bytes };
    let carried = carry(attachments, room);
    let mut shaped = without_files(message, &carried.left_out);
    shaped.file = carried.files.into_iter().next();
    shaped
}

/// The message without files, and what to say of those that are left out.
pub(crate) fn without_files(message: &Message, left_out: &[String]) -> PushRequest {
    let click = web_link(message).filter(|link| link.len() <= LINK);
    let (priority, sign) = match message.severity {
        Severity::Info => (3, None),
        Severity::Warning => (4, Some("warning")),
        Severity::Critical => (5, Some("rotating_light")),
    };
    let kind: String = message
        .kind
        .as_str()
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_')
        .collect();
    let tags: Vec<&str> = sign.into_iter().chain([kind.as_str()]).filter(|tag| !tag.is_empty()).collect();
    PushRequest {
        title: headline(message, TITLE),
        text: text(message, click.is_none(), left_out),
        priority,
        tags: tags.join(","),
        click,
        file: None,
    }
}

/// The text, the fields a line each, and the small print.
fn text(message: &Message, says_link: bool, left_out: &[String]) -> String {
    let whole = clean(&message.text);
    let link = if says_link { other_link(message).or_else(|| web_link(message)) } else { None };
    let body = [whole.as_str(), link.as_deref().unwrap_or_default()].join("\n").trim().to_owned();
    let fields: Vec<String> = message.fields.iter().map(field).collect();
    let all_fields: usize = fields.iter().map(|field| field.len() + 1).sum();
    // What stands between the parts, too.
    let room = MESSAGE - NOTES - 4;
    let text = within_bytes(&body, room - all_fields.min(FIELDS_SHARE));
    let (kept, missing) = fitting(&fields, room - text.len());
    let mut notes = small_print(message);
    if text.len() < body.len() {
        notes.push(format!("Shortened: the text has {} characters", whole.chars().count()));
    }
    if missing > 0 {
        notes.push(format!("{missing} more fields are left out"));
    }
    notes.extend(left_out.iter().cloned());
    let notes = within_bytes(&notes.join(". "), NOTES);
    let parts = [text, kept.join("\n"), notes];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

fn field(MessageField { name, value }: &MessageField) -> String {
    within_bytes(&format!("{}: {}", one_line(name), one_line(value)), FIELDS_SHARE - 1)
}

/// As many as fit into `room` bytes, a line each, and how many do not.
fn fitting(fields: &[String], room: usize) -> (Vec<&str>, usize) {
    let mut left = room;
    let kept: Vec<&str> = fields
        .iter()
        .map(String::as_str)
        .take_while(|field| {
            let fits = field.len() < left;
            left = left.saturating_sub(field.len() + 1);
            fits
        })
        .collect();
    let missing = fields.len() - kept.len();
    (kept, missing)
}

/// The text within so many bytes of UTF-8: whole, or its beginning with an ellipsis.
fn within_bytes(text: &str, bytes: usize) -> String {
    let mut units = bytes;
    loop {
        let short = shorten(text, units);
        if short.len() <= bytes {
            return short.into_owned();
        }
        // A unit is at most three bytes, so this much less is surely not too little.
        units = units.saturating_sub((short.len() - bytes).div_ceil(3).max(1));
    }
}

/// A header's value: itself, or one encoded word (RFC 2047), which holds line ends, too.
pub(crate) fn header_text(text: &str) -> String {
    let is_plain = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) && !text.contains("=?");
    if is_plain { text.to_owned() } else { format!("=?UTF-8?B?{}?=", STANDARD.encode(text)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ttai_ports::MessageKind;

    use super::*;

    fn message(text: &str) -> Message {
        Message {
            title: "AAPL touched 200".to_owned(),
            text: text.to_owned(),
            delivery_id: "k".to_owned(),
            ..Message::default()
        }
    }

    fn file(name: &str, size: usize) -> Attachment {
        Attachment { file_name: name.to_owned(), media_type: "image/png".to_owned(), bytes: vec![1; size] }
    }

    #[test]
    fn a_usual_alert_is_a_title_a_text_fields_and_a_mark() {
        let alert = Message {
            kind: MessageKind::PriceAlertTriggered,
            severity: Severity::Critical,
            fields: vec![MessageField::new("Now", "199.80"), MessageField::new("Delta", "-0.31")],
            link: Some("https://example.org/a?b=1".to_owned()),
            ..message("touched 200.00 at 10:42 ET")
        };
        let shaped = shape(&alert, &[file("chart.png", 3)], 10);
        assert_eq!(shaped.title, "Critical: AAPL touched 200");
        assert_eq!((shaped.priority, shaped.tags.as_str()), (5, "rotating_light,price_alert_triggered"));
        assert_eq!(shaped.click.as_deref(), Some("https://example.org/a?b=1"));
        let lines: Vec<&str> = shaped.text.lines().collect();
        assert_eq!(lines[..5], ["touched 200.00 at 10:42 ET", "", "Now: 199.80", "Delta: -0.31", ""]);
        assert!(lines[5].starts_with("Price alert. Mark "), "{}", shaped.text);
        assert_eq!(shaped.file.map(|file| file.file_name).as_deref(), Some("chart.png"));
    }

    #[test]
    fn what_is_no_link_of_the_webs_is_read_and_not_tapped() {
        let shaped = shape(&Message { link: Some("ttai show 7".to_owned()), ..message("done") }, &[], 0);
        assert_eq!(shaped.click, None);
        assert!(shaped.text.starts_with("done\nttai show 7\n"), "{}", shaped.text);
    }

    #[test]
    fn files_that_do_not_fit_are_told_of() {
        let shaped = shape(&message("a"), &[file("large.png", 20), file("c.png", 3), file("d.png", 3)], 10);
        assert_eq!(shaped.file.map(|file| file.file_name).as_deref(), Some("c.png"));
        assert!(shaped.text.contains("large.png is left out: 20 bytes where 10 fit"), "{}", shaped.text);
        assert!(shaped.text.contains("d.png is left out: no more than 1 files fit"), "{}", shaped.text);
    }

    #[test]
    fn a_header_holds_any_text() {
        assert_eq!(header_text("AAPL above 200"), "AAPL above 200");
        assert_eq!(header_text("Δ −0.31\nnow"), "=?UTF-8?B?zpQg4oiSMC4zMQpub3c=?=");
        assert!(header_text("=?UTF-8?B?YQ==?=").starts_with("=?UTF-8?B?PT9"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn no_message_breaks_a_limit(
            kind in "\\PC{0,80}",
            title in "\\PC{0,300}",
            text in "[\\PC\n]{0,40}",
            repeated in 1usize..400,
            fields in prop::collection::vec(("\\PC{0,300}", "[\\PC\n]{0,900}", 1usize..4), 0..12),
            link in prop::option::of("\\PC{0,100}"),
            repeats in any::<bool>(),
            files in 0usize..12,
        ) {
            let fields = fields
                .into_iter()
                .map(|(name, value, times)| MessageField::new(name, value.repeat(times)))
                .collect();
            let (text, kind, may_repeat) = (text.repeat(repeated), kind.into(), repeats);
            let message = Message { kind, title, text, fields, link, may_repeat, ..Message::default() };
            let shaped = shape(&message, &vec![file("chart.png", 3); files], 10);
            prop_assert!(!shaped.text.is_empty() && shaped.text.len() <= MESSAGE, "{}", shaped.text.len());
            for value in [header_text(&shaped.title), header_text(&shaped.text), shaped.tags] {
                prop_assert!(value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{value}");
            }
        }
    }
}
