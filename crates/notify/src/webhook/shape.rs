//! A message as the JSON body of a webhook, version 1.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use ttai_ports::{Attachment, Message, MessageField, Severity};

use crate::carried::{Room, carry};
use crate::text::{length, shorten};

/// What the body needs besides the files: all of it is escaped JSON, at most six bytes a byte.
const LONGEST_ESCAPE: usize = 6;

/// The body. Fields are only ever added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Body<'a> {
    version: u32,
    id: &'a str,
    sent_at: String,
    expires_at: Option<String>,
    kind: &'a str,
    severity: Severity,
    title: &'a str,
    text: String,
    link: Option<&'a str>,
    fields: &'a [MessageField],
    attachments: Vec<File>,
    may_repeat: bool,
    notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct File {
    file_name: String,
    media_type: String,
    base64: String,
}

/// The message as a body of at most `max_bytes`, where title and fields alone are not larger.
pub(crate) fn shape<'a>(
    message: &'a Message,
    attachments: &[Attachment],
    sent_at: DateTime<Utc>,
    max_bytes: usize,
) -> Body<'a> {
    let mut body = Body {
        version: 1,
        id: &message.delivery_id,
        sent_at: instant(sent_at),
        expires_at: message.expires_at.map(instant),
        kind: message.kind.as_str(),
        severity: message.severity,
        title: &message.title,
        text: message.text.clone(),
        link: message.link.as_deref(),
        fields: &message.fields,
        attachments: Vec::new(),
        may_repeat: message.may_repeat,
        notes: Vec::new(),
    };
    if size(&body) > max_bytes {
        let most = max_bytes / 2 / LONGEST_ESCAPE;
        body.notes.push(format!("shortened: the text has {} characters", body.text.chars().count()));
        body.text = shorten(&body.text, most.min(length(&body.text))).into_owned();
    }
    // Base64 takes four bytes for three; names and notes take their own.
    let free = max_bytes.saturating_sub(size(&body)).saturating_sub(attachments.len() * 400) / 4 * 3;
    let carried = carry(attachments, Room { files: usize::MAX, file_bytes: free, total_bytes: free });
    body.notes.extend(carried.left_out);
    body.attachments = carried
        .files
        .into_iter()
        .map(|file| File {
            file_name: file.file_name,
            media_type: file.media_type,
            base64: STANDARD.encode(file.bytes),
        })
        .collect();
    body
}

fn instant(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn size(body: &Body<'_>) -> usize {
    serde_json::to_vec(body).map_or(usize::MAX, |bytes| bytes.len())
}

#[cfg(test)]
mod tests {
    use ttai_ports::MessageKind;

    use super::*;

    fn message(text: &str) -> Message {
        Message { delivery_id: "k".to_owned(), ..Message::of_text(text) }
    }

    fn file(bytes: usize) -> [Attachment; 1] {
        [Attachment {
            file_name: "c.png".to_owned(),
            media_type: "image/png".to_owned(),
            bytes: vec![1; bytes],
        }]
    }

    #[test]
    fn a_message_is_whole() {
        let kind = MessageKind::NewsAlert;
        let message = Message { kind, expires_at: Some(DateTime::UNIX_EPOCH), ..message("a\u{0}b") };
        let body = serde_json::to_value(shape(&message, &file(3), DateTime::UNIX_EPOCH, 10_000)).unwrap();
        assert_eq!((body["kind"].as_str(), body["severity"].as_str()), (Some("news_alert"), Some("info")));
        assert_eq!(body["expires_at"], "1970-01-01T00:00:00.000Z");
        assert_eq!(
            (body["version"].as_i64(), body["id"].as_str(), body["text"].as_str()),
            (Some(1), Some("k"), Some("a\u{0}b"))
        );
        assert_eq!(body["sent_at"], "1970-01-01T00:00:00.000Z");
        assert_eq!(body["attachments"][0]["base64"], "AQEB");
    }

    #[test]
    fn the_body_keeps_within_its_limit() {
        for (text, bytes) in
            [("", 9_000), ("", 7_000), (&*"\u{1}".repeat(9_000), 10), (&*"word ".repeat(5_000), 9_000)]
        {
            let (message, file) = (message(text), file(bytes));
            let body = shape(&message, &file, DateTime::UNIX_EPOCH, 10_000);
            assert!(size(&body) <= 10_000, "{} with {bytes}", text.len());
            assert_eq!(body.notes.is_empty(), text.is_empty() && bytes == 7_000);
        }
    }
}
