//! A message within Discord's limits ("Embed Limits", "Uploading Files"): embeds with fields, images in place, and what is
//! too long for them as a file.

use std::borrow::Cow;

use serde::Serialize;
use ttai_ports::{Attachment, Message, MessageField, MessageKind, Severity};

use crate::carried::{Room, carry, headline, is_shown_image, mark_line, other_link, web_link};
use crate::text::{clean, length, one_line, shorten, split};

const CONTENT: usize = 2_000;
const TITLE: usize = 256;
const DESCRIPTION: usize = 4_096;
/// Of the line above the title.
const AUTHOR: usize = 256;
const FIELD_NAME: usize = 256;
const FIELD_VALUE: usize = 1_024;
const FIELDS_PER_EMBED: usize = 25;
const EMBEDS: usize = 10;
/// Of authors, titles, descriptions, fields and footers over all embeds of a message.
const ALL_EMBEDS: usize = 6_000;
const LINK: usize = 2_048;
const FILES: usize = 10;
/// Of all files of a request together.
const ALL_FILES: usize = 25 << 20;
/// What the footer may take of [`ALL_EMBEDS`]; Discord alone would take 2,048.
const FOOTER: usize = 700;
/// What fields are sure of, however long the text is.
const FIELDS_SHARE: usize = 2_000;
/// Two embeds hold the longest text that fits; the other eight are for fields.
const MOST_FIELDS: usize = FIELDS_PER_EMBED * (EMBEDS - 2);
/// Stands where Discord wants text and there is none.
const NOTHING: &str = "–";
/// The whole message as a file, where it was shortened.
const WHOLE: &str = "message.txt";

/// The JSON of "Execute Webhook" as far as it is used here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct DiscordPayload {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) username: Option<String>,
    pub(crate) embeds: Vec<Embed>,
    pub(crate) allowed_mentions: AllowedMentions,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) attachments: Vec<AttachmentReference>,
}

/// Nobody: text from a feed must not call everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct AllowedMentions {
    parse: [&'static str; 0],
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Embed {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) author: Option<Author>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    pub(crate) color: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) fields: Vec<Field>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) image: Option<Image>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) footer: Option<Footer>,
}

/// Stands above the title: what the message is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Author {
    name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Field {
    name: String,
    value: String,
    inline: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Image {
    url: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Footer {
    text: String,
}

/// Ties `files[id]` to its name and description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct AttachmentReference {
    id: String,
    filename: String,
}

/// One request's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shaped {
    pub(crate) payload: DiscordPayload,
    pub(crate) files: Vec<Attachment>,
}

/// The message as one request.
pub(crate) fn shape(
    message: &Message,
    attachments: &[Attachment],
    username: Option<&str>,
    max_file_bytes: usize,
) -> Shaped {
    let title = headline(message, TITLE);
    let label = shorten(&one_line(&message.kind.label()), AUTHOR).into_owned();
    let text = body_text(message);
    let room = ALL_EMBEDS - FOOTER - length(&title) - length(&label);
    let (fields, fields_whole) =
        fit_fields(&message.fields, room - room.saturating_sub(FIELDS_SHARE).min(length(&text)));
    let room_for_text = room - fields.iter().map(Field::length).sum::<usize>();
    let descriptions = fit_text(&text, room_for_text);
    let whole = fields_whole && length(&text) <= room_for_text && descriptions.len() <= 2;

    let mut carried = carry(
        attachments,
        Room { files: FILES - usize::from(!whole), file_bytes: max_file_bytes, total_bytes: ALL_FILES },
    );
    let mut notes = vec![mark_line(message)];
    if !whole {
        notes.push(format!("Shortened; all of it is in {WHOLE}"));
        carried.files.push(whole_message(message, max_file_bytes));
    }
    notes.append(&mut carried.left_out);

    let mut embeds = lay_out(descriptions, fields, color(message));
    if let Some(first) = embeds.first_mut() {
        first.author = Some(label).filter(|label| !label.is_empty()).map(|name| Author { name });
        first.title = Some(title);
        first.url = web_link(message).filter(|link| length(link) <= LINK);
    }
    if let Some(last) = embeds.last_mut() {
        last.image = carried
            .files
            .iter()
            .find(|file| is_shown_image(file))
            .map(|file| Image { url: format!("attachment://{}", file.file_name) });
        last.footer = Some(Footer { text: shorten(&notes.join(". "), FOOTER).into_owned() });
    }
    // Devices show `content` in their notification, embeds not always.
    let content = (message.severity == Severity::Critical).then(|| headline(message, CONTENT));
    let attachments = references(&carried.files);
    let username = username.map(str::to_owned);
    Shaped {
        payload: DiscordPayload {
            content,
            username,
            embeds,
            allowed_mentions: AllowedMentions::default(),
            attachments,
        },
        files: carried.files,
    }
}

fn references(files: &[Attachment]) -> Vec<AttachmentReference> {
    let reference = |(id, file): (usize, &Attachment)| AttachmentReference {
        id: id.to_string(),
        filename: file.file_name.clone(),
    };
    files.iter().enumerate().map(reference).collect()
}

/// The text, and a link that cannot be the title's.
fn body_text(message: &Message) -> String {
    let mut text = clean(&message.text);
    let too_long = web_link(message).filter(|link| length(link) > LINK);
    if let Some(link) = other_link(message).or(too_long) {
        text = format!("{text}\n{link}").trim().to_owned();
    }
    text
}

impl Field {
    fn length(&self) -> usize {
        length(&self.name) + length(&self.value)
    }
}

/// As many fields as fit into `room`, and whether that is all of all of them.
fn fit_fields(fields: &[MessageField], room: usize) -> (Vec<Field>, bool) {
    let (mut fitting, mut left, mut whole) = (Vec::new(), room, true);
    for MessageField { name, value } in fields {
        let (name, value) = (one_line(name), clean(value));
        whole &= length(&name) <= FIELD_NAME && length(&value) <= FIELD_VALUE;
        let field = Field {
            name: shorten(or_nothing(&name), FIELD_NAME).into_owned(),
            value: shorten(or_nothing(&value), FIELD_VALUE).into_owned(),
            inline: length(&value) <= 30,
        };
        if field.length() > left || fitting.len() == MOST_FIELDS {
            return (fitting, false);
        }
        left -= field.length();
        fitting.push(field);
    }
    (fitting, whole)
}

fn or_nothing(text: &str) -> &str {
    if text.is_empty() { NOTHING } else { text }
}

/// The text within `room` as descriptions.
fn fit_text(text: &str, room: usize) -> Vec<String> {
    let text: Cow<'_, str> = shorten(text, room);
    split(&text, DESCRIPTION).map(str::to_owned).take(2).collect()
}

/// Descriptions first, then the fields below the last of them.
fn lay_out(descriptions: Vec<String>, fields: Vec<Field>, color: u32) -> Vec<Embed> {
    let mut embeds: Vec<Embed> = descriptions
        .into_iter()
        .map(|description| Embed { description: Some(description), color, ..Embed::default() })
        .collect();
    if embeds.is_empty() {
        embeds.push(Embed { color, ..Embed::default() });
    }
    for field in fields {
        match embeds.last_mut() {
            Some(embed) if embed.fields.len() < FIELDS_PER_EMBED => embed.fields.push(field),
            _ => embeds.push(Embed { color, fields: vec![field], ..Embed::default() }),
        }
    }
    embeds
}

/// Everything as text, for the file; a file has its limit, too.
fn whole_message(message: &Message, max_file_bytes: usize) -> Attachment {
    let mut text = format!("{}\n\n{}\n", headline(message, usize::MAX), clean(&message.text));
    for MessageField { name, value } in &message.fields {
        text.push_str(&format!("\n{}: {}", one_line(name), clean(value)));
    }
    if let Some(link) = &message.link {
        text.push_str(&format!("\n\n{}", one_line(link)));
    }
    // A UTF-16 unit is at most three bytes of UTF-8.
    let text =
        if text.len() > max_file_bytes { shorten(&text, max_file_bytes / 3).into_owned() } else { text };
    Attachment { file_name: WHOLE.to_owned(), media_type: "text/plain".to_owned(), bytes: text.into_bytes() }
}

/// By urgency; what is not urgent by what it is about: results green, reports purple, the rest blue.
fn color(message: &Message) -> u32 {
    match (message.severity, &message.kind) {
        (Severity::Critical, _) => 0xE7_4C_3C,
        (Severity::Warning, _) => 0xF1_C4_0F,
        (
            Severity::Info,
            MessageKind::AnalysisComplete | MessageKind::ScreenerResults | MessageKind::OrderUpdate,
        ) => 0x2E_CC_71,
        (
            Severity::Info,
            MessageKind::MorningBriefing
            | MessageKind::EodSummary
            | MessageKind::DailyReport
            | MessageKind::WeeklyReview,
        ) => 0x9B_59_B6,
        (Severity::Info, _) => 0x34_98_DB,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(text: &str) -> Message {
        Message {
            title: "AAPL".to_owned(),
            text: text.to_owned(),
            delivery_id: "k".to_owned(),
            ..Message::default()
        }
    }

    fn png(name: &str) -> Attachment {
        Attachment { file_name: name.to_owned(), media_type: "image/png".to_owned(), bytes: vec![1; 10] }
    }

    fn shaped(message: &Message) -> Shaped {
        shape(message, &[], None, 1 << 20)
    }

    /// What Discord checks, in its units.
    fn breaks(payload: &DiscordPayload) -> Option<String> {
        let mut total = 0;
        for embed in &payload.embeds {
            let parts = [
                (embed.author.as_ref().map(|author| author.name.as_str()), AUTHOR),
                (embed.title.as_deref(), TITLE),
                (embed.description.as_deref(), DESCRIPTION),
                (embed.footer.as_ref().map(|footer| footer.text.as_str()), 2_048),
            ];
            for (text, limit) in parts {
                total += text.map_or(0, length);
                if text.is_some_and(|text| length(text) > limit || text.trim().is_empty()) {
                    return Some(format!("{text:?}"));
                }
            }
            for field in &embed.fields {
                total += field.length();
                let fits = (1..=FIELD_NAME).contains(&length(&field.name))
                    && (1..=FIELD_VALUE).contains(&length(&field.value));
                if !fits {
                    return Some(format!("{field:?}"));
                }
            }
            if embed.fields.len() > FIELDS_PER_EMBED {
                return Some("fields".to_owned());
            }
        }
        (total > ALL_EMBEDS || payload.embeds.len() > EMBEDS || payload.attachments.len() > FILES)
            .then(|| format!("{total} units in {} embeds", payload.embeds.len()))
    }

    #[test]
    fn a_usual_alert_is_one_embed() {
        let mut alert = message("touched 200.00 at 10:42 ET, now 199.80");
        alert.kind = MessageKind::PriceAlertTriggered;
        alert.fields = vec![MessageField::new("Now", "199.80"), MessageField::new("Empty", "")];
        alert.link = Some("https://example.org/a".to_owned());
        let shaped = shape(&alert, &[png("chart.png")], None, 1 << 20);
        let embed = &shaped.payload.embeds[0];
        assert_eq!(embed.author.as_ref().unwrap().name, "Price alert");
        assert_eq!((shaped.payload.embeds.len(), embed.title.as_deref()), (1, Some("AAPL")));
        assert_eq!(embed.url.as_deref(), Some("https://example.org/a"));
        assert_eq!(embed.image.as_ref().unwrap().url, "attachment://chart.png");
        assert_eq!(embed.fields[1].value, NOTHING);
        assert_eq!(shaped.payload.content, None);
        assert_eq!(
            serde_json::to_value(&shaped.payload).unwrap()["allowed_mentions"],
            serde_json::json!({"parse": []})
        );
    }

    #[test]
    fn a_long_text_fills_two_embeds_and_goes_on_in_a_file() {
        let long = "word ".repeat(3_000);
        let shaped = shaped(&message(&long));
        assert_eq!(breaks(&shaped.payload), None);
        assert_eq!(shaped.payload.embeds.len(), 2);
        let file = shaped.files.last().unwrap();
        assert_eq!(file.file_name, WHOLE);
        assert!(String::from_utf8(file.bytes.clone()).unwrap().contains(long.trim()));
        assert!(shaped.payload.embeds[1].footer.as_ref().unwrap().text.contains("message.txt"));
        assert!(shaped.payload.embeds[1].description.as_ref().unwrap().ends_with('…'));
    }

    #[test]
    fn fields_keep_their_share_beside_a_long_text() {
        let mut long = message(&"word ".repeat(3_000));
        long.fields = vec![MessageField::new("Now", "199.80")];
        let shaped = shaped(&long);
        assert!(shaped.payload.embeds.iter().any(|embed| !embed.fields.is_empty()));
        assert_eq!(breaks(&shaped.payload), None);
    }

    #[test]
    fn urgency_colours_a_message_and_otherwise_its_kind() {
        let of = |kind, severity| color(&Message { kind, severity, ..Message::default() });
        let urgent = of(MessageKind::DailyReport, Severity::Critical);
        assert_eq!(urgent, of(MessageKind::System, Severity::Critical));
        let calm = [MessageKind::OrderUpdate, MessageKind::WeeklyReview, MessageKind::NewsAlert];
        let calm = calm.map(|kind| of(kind, Severity::Info));
        assert!(calm[0] != calm[1] && calm[1] != calm[2] && !calm.contains(&urgent));
    }

    #[test]
    fn a_repeat_says_so_and_has_the_same_mark() {
        let first = shaped(&message("a")).payload.embeds[0].footer.clone().unwrap().text;
        let again = shaped(&Message { may_repeat: true, ..message("a") }).payload.embeds[0]
            .footer
            .clone()
            .unwrap()
            .text;
        let mark = first.strip_prefix("Mark ").unwrap();
        assert!(again.starts_with("May repeat") && again.contains(mark), "{again}");
    }

    #[test]
    fn more_files_than_fit_are_named() {
        let files: Vec<Attachment> = (0..12).map(|number| png(&format!("{number}.png"))).collect();
        let shaped = shape(&message("a"), &files, None, 1 << 20);
        assert_eq!(shaped.files.len(), 10);
        assert!(shaped.payload.embeds[0].footer.as_ref().unwrap().text.contains("11.png is left out"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn no_message_breaks_a_limit(
            kind in "\\PC{0,400}",
            title in "\\PC{0,400}",
            text in "[\\PC\n]{0,40}",
            repeated in 1usize..400,
            fields in prop::collection::vec(("\\PC{0,100}", "[\\PC\n]{0,400}", 1usize..4), 0..40),
            short_fields in 0usize..260,
            files in 0usize..13,
        ) {
            let mut fields: Vec<MessageField> = fields
                .into_iter()
                .map(|(name, value, times)| MessageField::new(name.repeat(times), value.repeat(times)))
                .collect();
            fields.extend((0..short_fields).map(|_| MessageField::new("a", "b")));
            let attachments: Vec<Attachment> = (0..files).map(|_| png("chart.png")).collect();
            let (text, kind) = (text.repeat(repeated), kind.into());
            let message = Message { kind, title, text, fields, ..Message::default() };
            let shaped = shape(&message, &attachments, Some("ttai"), 1 << 20);
            prop_assert_eq!(breaks(&shaped.payload), None);
            prop_assert!(shaped.files.len() <= FILES);
        }
    }
}
