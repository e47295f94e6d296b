//! Many messages in one: a line each, and as many messages as the lines need. Pure.

use std::fmt::Write;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use sha2::{Digest, Sha256};
use ttai_core::message::MAX_TEXT;
use ttai_core::{Message, MessageKind, Severity};
use ttai_ports::MessageRecord;

/// The kind of a digest on the wire.
pub(super) const KIND: &str = "digest";
/// Longest line, in characters.
const LINE: usize = 300;
/// Room for the lines' own text, whatever the channel.
const LEAST: usize = 2 * LINE;
/// What was held is worth sending for this long at least.
pub(super) const LEAST_LIFE: TimeDelta = TimeDelta::hours(1);

/// Whether the message is a digest: it is never put into another one.
pub(super) fn is_digest(record: &MessageRecord) -> bool {
    record.message.kind.as_str() == KIND
}

/// A message in a digest.
#[derive(Clone, Debug)]
pub(super) struct Part<'a> {
    pub(super) message: &'a MessageRecord,
    /// Whether it may have arrived before.
    pub(super) may_repeat: bool,
}

/// For whom, over which channel, when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heading<'a> {
    pub(super) channel: &'a str,
    pub(super) zone: Tz,
    /// How long a text the channel shows, in characters.
    pub(super) characters: usize,
    pub(super) now: DateTime<Utc>,
}

/// The digests of `parts`, each with how many of them it has. All of the parts are in one, in their order.
pub(super) fn digests(parts: &[Part<'_>], heading: Heading<'_>) -> Vec<(MessageRecord, usize)> {
    let lines: Vec<String> = parts.iter().map(|part| line(part, heading)).collect();
    let most = heading.characters.clamp(LEAST, MAX_TEXT);
    let mut pages: Vec<(String, usize)> = Vec::new();
    for line in lines {
        match pages.last_mut() {
            Some((text, count)) if text.chars().count() + 1 + line.chars().count() <= most => {
                text.push('\n');
                text.push_str(&line);
                *count += 1;
            }
            _ => pages.push((line, 1)),
        }
    }
    let all = pages.len();
    let mut left = parts;
    let mut page = |(number, (text, count)): (usize, (String, usize))| {
        let (own, rest) = left.split_at(count);
        left = rest;
        let of = if all > 1 { format!(" ({} of {all})", number + 1) } else { String::new() };
        let title = format!("{} messages{of}", parts.len());
        (record(own, heading, title, text), count)
    };
    pages.into_iter().enumerate().map(&mut page).collect()
}

fn record(parts: &[Part<'_>], heading: Heading<'_>, title: String, text: String) -> MessageRecord {
    let severity = parts.iter().map(|part| part.message.message.severity).max().unwrap_or(Severity::Info);
    let latest = parts.iter().map(|part| part.message.expires_at).max();
    let market = parts.first().and_then(|part| part.message.market.clone());
    let one_market = parts.iter().all(|part| part.message.market == market);
    MessageRecord {
        id: id(parts, heading.channel),
        user_id: parts.first().map(|part| part.message.user_id.clone()).unwrap_or_default(),
        message: Message {
            kind: MessageKind::from(KIND.to_owned()),
            severity,
            title,
            text,
            ..Message::default()
        },
        market: market.filter(|_| one_market),
        created_at: heading.now,
        expires_at: latest.unwrap_or(heading.now).max(heading.now + LEAST_LIFE),
    }
}

/// The same for the same messages over the same channel.
fn id(parts: &[Part<'_>], channel: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(channel);
    for part in parts {
        hash.update([0]);
        hash.update(&part.message.id);
    }
    hash.finalize().iter().take(16).fold("digest/".to_owned(), |mut hex, byte| {
        // Writing to a String does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// `Wed 10:42 EDT · AAPL below 90: 89.97`.
fn line(part: &Part<'_>, heading: Heading<'_>) -> String {
    let MessageRecord { message, created_at, expires_at, market, .. } = part.message;
    let local = created_at.with_timezone(&heading.zone);
    let today = heading.now.with_timezone(&heading.zone).date_naive();
    let format = if local.date_naive() == today { "%H:%M %Z" } else { "%a %H:%M %Z" };
    let says = [message.title.as_str(), message.text.lines().next().unwrap_or_default()];
    let says: Vec<&str> = says.into_iter().map(str::trim).filter(|text| !text.is_empty()).collect();
    let notes = [
        (message.severity == Severity::Critical, "critical"),
        (market.as_deref().is_some_and(|market| market != "live"), market.as_deref().unwrap_or_default()),
        (*expires_at <= heading.now, "expired"),
        (part.may_repeat, "may repeat"),
    ];
    let notes: Vec<&str> = notes.into_iter().filter(|(holds, _)| *holds).map(|(_, note)| note).collect();
    let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) };
    let says = if says.is_empty() { message.kind.label().into_owned() } else { says.join(": ") };
    let begins = format!("{} · ", local.format(format));
    let room = LINE.saturating_sub(begins.chars().count() + notes.chars().count());
    format!("{begins}{}{notes}", shortened(&says, room))
}

/// One line of at most `most` characters.
fn shortened(text: &str, most: usize) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().count() <= most {
        return text;
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// `2 h 10 min`, from a minute on.
pub(super) fn span_in_words(span: TimeDelta) -> Option<String> {
    let minutes = span.num_minutes();
    let (days, hours, rest) = (minutes / 1_440, minutes / 60 % 24, minutes % 60);
    let parts = match (days, hours, rest) {
        (..=0, ..=0, ..=0) => return None,
        (0, 0, _) => [(rest, "min"), (0, "")],
        (0, ..) => [(hours, "h"), (rest, "min")],
        _ => [(days, "d"), (hours, "h")],
    };
    let parts = parts.into_iter().filter(|(count, _)| *count > 0);
    Some(parts.map(|(count, unit)| format!("{count} {unit}")).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::super::testing::delivery;
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-07-01T14:42:00Z".parse().unwrap()
    }

    fn heading(characters: usize) -> Heading<'static> {
        Heading { channel: "desk", zone: ttai_core::NEW_YORK, characters, now: now() }
    }

    fn records(count: usize) -> Vec<MessageRecord> {
        let one = |number: usize| {
            let title = format!("S{number} below {number}");
            let message = Message { title, text: "Now 89.97\nmore".to_owned(), ..Message::default() };
            delivery(&number.to_string(), message, now()).message
        };
        (0..count).map(one).collect()
    }

    fn parts(records: &[MessageRecord]) -> Vec<Part<'_>> {
        records.iter().map(|message| Part { message, may_repeat: false }).collect()
    }

    #[test]
    fn a_line_says_when_what_and_what_to_mind() {
        let mut record = records(1).remove(0);
        assert_eq!(line(&parts(&[record.clone()])[0], heading(0)), "10:42 EDT · S0 below 0: Now 89.97");
        record.message.severity = Severity::Critical;
        record.market = Some("simulated".to_owned());
        record.created_at = now() - TimeDelta::days(1);
        record.expires_at = now();
        let part = Part { message: &record, may_repeat: true };
        let wanted = "Tue 10:42 EDT · S0 below 0: Now 89.97 (critical, simulated, expired, may repeat)";
        assert_eq!(line(&part, heading(0)), wanted);
        record.message = Message { title: "x".repeat(256), text: "y".repeat(500), ..Message::default() };
        assert_eq!(line(&Part { message: &record, may_repeat: false }, heading(0)).chars().count(), LINE);
        record.message = Message { kind: MessageKind::NewsAlert, ..Message::default() };
        assert!(line(&Part { message: &record, may_repeat: false }, heading(0)).contains("· News ("));
    }

    #[test]
    fn every_message_has_its_line_and_each_digest_fits() {
        let records = records(1_000);
        let found = digests(&parts(&records), heading(4_000));
        assert_eq!(found.iter().map(|(_, count)| count).sum::<usize>(), 1_000);
        let mut lines = found.iter().flat_map(|(record, _)| record.message.text.lines());
        assert!(lines.all(|line| line.contains(" below ")));
        for ((record, count), number) in found.iter().zip(1..) {
            assert_eq!(record.message.check(), Ok(()));
            assert_eq!(record.message.text.lines().count(), *count);
            assert!(record.message.text.chars().count() <= 4_000);
            assert_eq!(record.message.title, format!("1000 messages ({number} of {})", found.len()));
        }
        let one = digests(&parts(&records[..60]), heading(60_000));
        assert_eq!((one.len(), one[0].0.message.title.as_str()), (1, "60 messages"));
        let ids: std::collections::BTreeSet<&str> =
            found.iter().map(|(record, _)| record.id.as_str()).collect();
        assert_eq!(ids.len(), found.len());
        assert_eq!(digests(&parts(&records), heading(4_000)).first(), found.first());
    }

    #[test]
    fn spans_are_told_as_people_say_them() {
        for (minutes, words) in [
            (0, None),
            (2, Some("2 min")),
            (60, Some("1 h")),
            (130, Some("2 h 10 min")),
            (1_500, Some("1 d 1 h")),
        ] {
            assert_eq!(span_in_words(TimeDelta::minutes(minutes)).as_deref(), words);
        }
        assert_eq!(span_in_words(TimeDelta::minutes(-5)), None);
    }
}
