//! A message as an e-mail: text and HTML side by side (RFC 2046 section 5.1.4), images in place (RFC 2392), other files behind.

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment as Part, Mailbox, Message as Mail, MultiPart, SinglePart};
use ttai_ports::{Attachment, Message, MessageField, PortError};

use super::failure::invalid;
use crate::carried::{
    CarriedFiles, Room, carry, digest, headline, is_shown_image, other_link, small_print, web_link,
};
use crate::text::{clean, one_line};

/// Long subjects are legal and nobody reads them.
const SUBJECT: usize = 200;
const FILES: usize = 50;

/// Who writes to whom.
#[derive(Clone, Debug)]
pub(crate) struct MailEnvelope {
    pub(crate) from: Mailbox,
    pub(crate) to: Vec<Mailbox>,
}

/// The message as it is sent after DATA. A repeat has the same Message-ID, by which mail systems drop it.
pub(crate) fn shape(
    message: &Message,
    attachments: &[Attachment],
    envelope: &MailEnvelope,
    max_attachment_bytes: usize,
) -> Result<Vec<u8>, PortError> {
    let room = Room { files: FILES, file_bytes: max_attachment_bytes, total_bytes: max_attachment_bytes };
    let carried = carry(attachments, room);
    let id = &digest(&message.delivery_id)[..32];
    let mut mail = Mail::builder()
        .from(envelope.from.clone())
        .subject(subject(message))
        .message_id(Some(format!("<{id}@{}>", envelope.from.email.domain())))
        // Keeps holiday replies away (RFC 3834).
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ));
    for recipient in &envelope.to {
        mail = mail.to(recipient.clone());
    }
    let mail = mail
        .multipart(body(message, &carried, id))
        .map_err(|error| invalid(format!("no mail can be made: {error}")))?;
    Ok(mail.formatted())
}

fn subject(message: &Message) -> String {
    let line = headline(message, SUBJECT);
    if message.may_repeat { format!("{line} (may repeat)") } else { line }
}

fn body(message: &Message, carried: &CarriedFiles, id: &str) -> MultiPart {
    let (images, others): (Vec<_>, Vec<_>) = carried.files.iter().partition(|file| is_shown_image(file));
    let content_ids: Vec<String> = (0..images.len()).map(|number| format!("{id}.{number}")).collect();
    let texts = MultiPart::alternative_plain_html(
        plain(message, carried),
        html(message, carried, &images, &content_ids),
    );
    let mut related = MultiPart::related().multipart(texts);
    for (image, content_id) in images.iter().zip(content_ids) {
        let part = Part::new_inline_with_name(content_id, image.file_name.clone());
        related = related.singlepart(file_part(part, image));
    }
    let mut mixed = MultiPart::mixed().multipart(related);
    for file in others {
        mixed = mixed.singlepart(file_part(Part::new(file.file_name.clone()), file));
    }
    mixed
}

fn file_part(part: Part, file: &Attachment) -> SinglePart {
    let media_type = ContentType::parse(&file.media_type).unwrap_or(ContentType::TEXT_PLAIN);
    part.body(file.bytes.clone(), media_type)
}

/// What stands below the text in both forms.
fn notes(message: &Message, carried: &CarriedFiles) -> Vec<String> {
    let mut notes = small_print(message);
    notes.extend(carried.left_out.iter().cloned());
    notes
}

fn plain(message: &Message, carried: &CarriedFiles) -> String {
    let mut parts = vec![headline(message, usize::MAX), clean(&message.text)];
    let row = |MessageField { name, value }: &MessageField| format!("{}: {}", one_line(name), clean(value));
    let fields: Vec<String> = message.fields.iter().map(row).collect();
    parts.push(fields.join("\n"));
    parts.extend(web_link(message).or_else(|| other_link(message)));
    parts.push(format!("-- \n{}", notes(message, carried).join("\n")));
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

fn html(message: &Message, carried: &CarriedFiles, images: &[&Attachment], content_ids: &[String]) -> String {
    let mut html = format!(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"></head><body style=\"font-family:sans-serif\">\n<h2>{}</h2>\n",
        escape(&headline(message, usize::MAX))
    );
    html.push_str(&format!("<p style=\"white-space:pre-wrap\">{}</p>\n", escape(&clean(&message.text))));
    if !message.fields.is_empty() {
        let rows = message.fields.iter().map(|MessageField { name, value }| {
            format!(
                "<tr><th style=\"text-align:left;padding-right:1em\">{}</th><td style=\"white-space:pre-wrap\">{}</td></tr>\n",
                escape(&one_line(name)),
                escape(&clean(value))
            )
        });
        html.push_str(&format!("<table>\n{}</table>\n", rows.collect::<String>()));
    }
    for (image, content_id) in images.iter().zip(content_ids) {
        html.push_str(&format!(
            "<p><img src=\"cid:{content_id}\" alt=\"{}\" style=\"max-width:100%\"></p>\n",
            escape(&image.file_name)
        ));
    }
    if let Some(link) = web_link(message) {
        html.push_str(&format!("<p><a href=\"{0}\">{0}</a></p>\n", escape(&link)));
    } else if let Some(link) = other_link(message) {
        html.push_str(&format!("<p>{}</p>\n", escape(&link)));
    }
    let notes: Vec<String> = notes(message, carried).iter().map(|note| escape(note)).collect();
    html.push_str(&format!(
        "<p style=\"color:#666;font-size:small\">{}</p>\n</body></html>\n",
        notes.join("<br>\n")
    ));
    html
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use ttai_ports::MessageKind;

    use super::*;

    fn envelope() -> MailEnvelope {
        MailEnvelope {
            from: "ttai <alerts@example.org>".parse().unwrap(),
            to: vec!["Trader <t@example.com>".parse().unwrap()],
        }
    }

    fn message(title: &str, text: &str) -> Message {
        Message {
            title: title.to_owned(),
            text: text.to_owned(),
            delivery_id: "key".to_owned(),
            ..Message::default()
        }
    }

    fn sent(message: &Message) -> String {
        sent_with(message, &[])
    }

    fn sent_with(message: &Message, files: &[Attachment]) -> String {
        String::from_utf8(shape(message, files, &envelope(), 1_000).unwrap()).unwrap()
    }

    /// The lines up to the first empty one, unfolded.
    fn head(mail: &str) -> Vec<String> {
        let (head, _) = mail.split_once("\r\n\r\n").unwrap();
        head.replace("\r\n ", " ").lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_mail_has_its_parts() {
        let mut alert = message("AAPL", "a < b");
        alert.kind = MessageKind::PriceAlertTriggered;
        alert.fields = vec![MessageField::new("Now", "199.80")];
        alert.link = Some("https://example.org/".to_owned());
        let files = [
            Attachment {
                file_name: "c.png".to_owned(),
                media_type: "image/png".to_owned(),
                bytes: vec![1, 2],
            },
            Attachment {
                file_name: "t.csv".to_owned(),
                media_type: "text/csv".to_owned(),
                bytes: b"a,b".to_vec(),
            },
        ];
        let mail = sent_with(&alert, &files);
        assert!(head(&mail).contains(&"Subject: AAPL".to_owned()), "{mail}");
        assert!(head(&mail).contains(&"Auto-Submitted: auto-generated".to_owned()), "{mail}");
        for part in [
            "multipart/mixed",
            "multipart/related",
            "multipart/alternative",
            "Content-Disposition: inline",
            "a &lt; b",
            "a < b",
            "cid:",
            "t.csv",
            "Price alert",
        ] {
            assert!(mail.contains(part), "{part} is missing in {mail}");
        }
        assert!(mail.is_ascii());
    }

    #[test]
    fn a_repeat_is_the_same_message_to_a_mail_system() {
        let id = |mail: &str| head(mail).into_iter().find(|line| line.starts_with("Message-ID:")).unwrap();
        let first = sent(&message("AAPL", "a"));
        let again = sent(&Message { may_repeat: true, ..message("AAPL", "a") });
        assert_eq!(id(&first), id(&again));
        assert!(id(&first).ends_with("@example.org>"));
        assert!(head(&again).contains(&"Subject: AAPL (may repeat)".to_owned()));
    }

    #[test]
    fn nothing_in_a_message_becomes_a_header() {
        let attack = "a\r\nBcc: victim@example.net\r\n\r\nX\u{2028}Y\u{85}Z";
        let mut message = message(attack, attack);
        message.delivery_id = attack.to_owned();
        message.kind = attack.to_owned().into();
        message.fields = vec![MessageField::new(attack, attack)];
        message.link = Some(format!("https://example.org/{attack}"));
        let file = Attachment { file_name: attack.to_owned(), media_type: attack.to_owned(), bytes: vec![1] };
        let mail = sent_with(&message, &[file]);
        let allowed =
            ["Message-ID", "Auto-Submitted", "From", "To", "Subject", "Date", "MIME-Version", "Content-Type"];
        for line in head(&mail) {
            let name = line.split(':').next().unwrap();
            assert!(allowed.contains(&name), "{line}");
        }
        assert!(!head(&mail).iter().any(|line| line.starts_with("Bcc")));
    }

    #[test]
    fn text_of_any_kind_travels_as_ascii() {
        let mail = sent(&message("Überblick 株価", &"längliche Zeile ohne Ende ".repeat(200)));
        assert!(mail.is_ascii());
        assert!(mail.lines().all(|line| line.len() <= 998));
    }
}
