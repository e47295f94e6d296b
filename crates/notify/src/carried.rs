//! What every channel makes of a message in the same way: its headline, its mark, and the files that it can carry.

use sha2::{Digest, Sha256};
use ttai_ports::{Attachment, Message, Severity};

use crate::text::{clean, one_line, shorten};

/// Longest file name that is kept.
const LONGEST_NAME: usize = 100;

/// The one line that stands for a message: its title, else its first line, else its kind, with its urgency in front.
pub(crate) fn headline(message: &Message, limit: usize) -> String {
    let title = one_line(&message.title);
    let line = if title.is_empty() {
        one_line(clean(&message.text).lines().next().unwrap_or_default())
    } else {
        title
    };
    let line = [line, message.kind.label().into_owned()].into_iter().find(|line| !line.is_empty());
    let line = line.unwrap_or_else(|| "A message without text".to_owned());
    let urgency = match message.severity {
        Severity::Info => "",
        Severity::Warning => "Warning: ",
        Severity::Critical => "Critical: ",
    };
    shorten(&format!("{urgency}{line}"), limit).into_owned()
}

/// Eight hexadecimal digits by which a reader sees that two messages are the same one.
pub(crate) fn mark(message: &Message) -> String {
    digest(&message.delivery_id)[..8].to_owned()
}

/// A delivery id as 64 hexadecimal digits, whatever characters it has.
pub(crate) fn digest(delivery_id: &str) -> String {
    hex(&Sha256::digest(delivery_id.as_bytes()))
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The line that tells a reader which message this is, and that it may not be the first of its kind.
pub(crate) fn mark_line(message: &Message) -> String {
    let mark = mark(message);
    if message.may_repeat {
        format!("May repeat an earlier message with the mark {mark}: whether that one arrived is unknown")
    } else {
        format!("Mark {mark}")
    }
}

/// The small print: what the message is about, where it is not ttai itself, and which message it is.
pub(crate) fn small_print(message: &Message) -> Vec<String> {
    let label = one_line(&message.kind.label());
    Some(label).filter(|label| !label.is_empty()).into_iter().chain([mark_line(message)]).collect()
}

/// The link, where it is one that a reader may safely follow.
pub(crate) fn web_link(message: &Message) -> Option<String> {
    let url = url::Url::parse(message.link.as_deref()?.trim()).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.to_string())
}

/// The link that is none of the web's, as text.
pub(crate) fn other_link(message: &Message) -> Option<String> {
    let link = one_line(message.link.as_deref()?);
    (!link.is_empty() && web_link(message).is_none()).then_some(link)
}

/// The files of a message that a channel can carry, and what to say of the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CarriedFiles {
    /// With names that are safe in any header and differ from each other.
    pub(crate) files: Vec<Attachment>,
    /// One sentence a file that is left out.
    pub(crate) left_out: Vec<String>,
}

/// How much a channel can carry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// Files.
    pub(crate) files: usize,
    /// Bytes of one file.
    pub(crate) file_bytes: usize,
    /// Bytes of all.
    pub(crate) total_bytes: usize,
}

/// Picks files in their order as long as there is room.
pub(crate) fn carry(attachments: &[Attachment], room: Room) -> CarriedFiles {
    let mut carried = CarriedFiles::default();
    let mut total = 0;
    for attachment in attachments {
        let size = attachment.bytes.len();
        let name = free_name(&safe_name(&attachment.file_name, &attachment.media_type), &carried.files);
        if carried.files.len() == room.files {
            carried.left_out.push(format!("{name} is left out: no more than {} files fit", room.files));
        } else if size > room.file_bytes || total + size > room.total_bytes {
            let most = room.file_bytes.min(room.total_bytes.saturating_sub(total));
            carried.left_out.push(format!("{name} is left out: {size} bytes where {most} fit"));
        } else {
            total += size;
            let media_type = safe_media_type(&attachment.media_type);
            carried.files.push(Attachment { file_name: name, media_type, bytes: attachment.bytes.clone() });
        }
    }
    carried
}

/// Letters, digits, dot, dash and underscore only; an extension where the media type tells it.
fn safe_name(name: &str, media_type: &str) -> String {
    let name: String = name
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or_default()
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || ".-_".contains(letter) { letter } else { '_' })
        .collect();
    let name = name.trim_matches('.');
    let name = &name[name.len().saturating_sub(LONGEST_NAME)..];
    match (name.is_empty(), name.contains('.'), extension(media_type)) {
        (true, _, known) => format!("file.{}", known.unwrap_or("bin")),
        (false, false, Some(known)) => format!("{name}.{known}"),
        _ => name.to_owned(),
    }
}

fn extension(media_type: &str) -> Option<&'static str> {
    Some(match media_type {
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/gif" => "gif",
        "image/webp" => "webp",
        "image/svg+xml" => "svg",
        "text/html" => "html",
        "text/csv" => "csv",
        "text/plain" => "txt",
        "application/json" => "json",
        "application/pdf" => "pdf",
        _ => return None,
    })
}

fn free_name(name: &str, taken: &[Attachment]) -> String {
    let is_free = |name: &str| taken.iter().all(|file| file.file_name != name);
    let mut candidates =
        (1..).map(|number| if number == 1 { name.to_owned() } else { format!("{number}-{name}") });
    candidates.find(|candidate| is_free(candidate)).unwrap_or_else(|| name.to_owned())
}

/// `type/subtype` of RFC 6838's characters; anything else is bytes.
fn safe_media_type(media_type: &str) -> String {
    let allowed = |part: &str| {
        !part.is_empty()
            && part.chars().all(|letter| letter.is_ascii_alphanumeric() || "!#$&-^_.+".contains(letter))
    };
    match media_type.split_once('/') {
        Some((kind, subtype)) if allowed(kind) && allowed(subtype) => media_type.to_owned(),
        _ => "application/octet-stream".to_owned(),
    }
}

/// Whether a file is an image that mail programs and chat services show in place.
pub(crate) fn is_shown_image(file: &Attachment) -> bool {
    matches!(file.media_type.as_str(), "image/png" | "image/jpeg" | "image/gif" | "image/webp")
}

#[cfg(test)]
mod tests {
    use ttai_ports::MessageKind;

    use super::*;

    fn file(name: &str, media_type: &str, size: usize) -> Attachment {
        Attachment { file_name: name.to_owned(), media_type: media_type.to_owned(), bytes: vec![7; size] }
    }

    const ROOM: Room = Room { files: 2, file_bytes: 10, total_bytes: 15 };

    #[test]
    fn names_and_types_cannot_leave_their_header() {
        let carried = carry(
            &[file("../a\"\r\nX: y.png", "image/png\r\nX: y", 1), file("", "image/png", 1)],
            Room { files: 9, ..ROOM },
        );
        assert_eq!(carried.files[0].file_name, "a___X__y.png");
        assert_eq!(carried.files[0].media_type, "application/octet-stream");
        assert_eq!(carried.files[1].file_name, "file.png");
    }

    #[test]
    fn two_files_of_one_name_are_told_apart() {
        let carried = carry(&[file("c.png", "image/png", 1), file("c.png", "image/png", 1)], ROOM);
        assert_eq!(carried.files[1].file_name, "2-c.png");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let carried = carry(
            &[
                file("a", "x/y", 11),
                file("b", "x/y", 10),
                file("c", "x/y", 6),
                file("d", "x/y", 5),
                file("e", "x/y", 0),
            ],
            ROOM,
        );
        assert_eq!(carried.files.iter().map(|file| file.file_name.as_str()).collect::<Vec<_>>(), ["b", "d"]);
        assert_eq!(
            carried.left_out,
            [
                "a is left out: 11 bytes where 10 fit",
                "c is left out: 6 bytes where 5 fit",
                "e is left out: no more than 2 files fit"
            ]
        );
    }

    #[test]
    fn a_headline_is_always_there() {
        let message = |title: &str, text: &str| Message {
            title: title.to_owned(),
            text: text.to_owned(),
            ..Message::default()
        };
        assert_eq!(headline(&message("", "first\nsecond"), 50), "first");
        assert_eq!(headline(&message(" ", "\n"), 50), "A message without text");
        let of_kind = Message { kind: MessageKind::OrderUpdate, ..message("", "") };
        assert_eq!(headline(&of_kind, 50), "Order update");
        let urgent = Message { severity: Severity::Critical, ..message("margin call", "") };
        assert_eq!(headline(&urgent, 15), "Critical:…");
    }

    #[test]
    fn only_the_webs_links_are_links() {
        let message = |link: &str| Message { link: Some(link.to_owned()), ..Message::default() };
        assert_eq!(web_link(&message("https://x.org/a b")).as_deref(), Some("https://x.org/a%20b"));
        assert_eq!(web_link(&message("javascript:alert(1)")), None);
        assert_eq!(other_link(&message("run ttai show 7")).as_deref(), Some("run ttai show 7"));
    }
}
