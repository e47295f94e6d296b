//! A story as people are told it: whose words they are, quoted and bounded, and why they were told.

use chrono::{DateTime, TimeDelta, Utc};
use ttai_core::{Message, MessageField, MessageKind, NEW_YORK, Severity, Symbol};
use ttai_ports::{MessageRecord, NewMessage};

use super::candidates::Candidate;
use crate::article::quotable;
use crate::deliveries::DeliveryRules;

/// How long people are told of a story.
const LIFE: TimeDelta = TimeDelta::hours(24);
/// Characters of a headline in a title.
const LONGEST_IN_TITLE: usize = 120;
/// Symbols in a title.
const MOST_SYMBOLS: usize = 3;
/// From this significance on a bad story is more than news.
pub(super) const GRAVE: f64 = 1.0;

/// What the messages of a look have in common.
pub(super) struct NewsDesk<'a> {
    pub(super) user_id: &'a str,
    /// `live`, `delayed`, `recorded` or `simulated`.
    pub(super) market: &'a str,
    pub(super) channels: &'a [String],
    pub(super) rules: &'a DeliveryRules,
    /// By the local clock.
    pub(super) now: DateTime<Utc>,
}

impl NewsDesk<'_> {
    /// The message about a story. Its id is the same however often it is written.
    pub(super) fn story(&self, story: &Candidate) -> NewMessage {
        let when = match story.published_at {
            Some(at) => at.with_timezone(&NEW_YORK).format("%b %-d, %H:%M ET").to_string(),
            None => "undated".to_owned(),
        };
        let mark = self.mark();
        let message = Message {
            kind: MessageKind::NewsAlert,
            title: format!(
                "{}: “{}”{mark}",
                names(&story.symbols),
                quotable(&story.headline, LONGEST_IN_TITLE)
            ),
            text: format!("{} ({when}): “{}”", story.source, story.headline),
            severity: if story.significance >= GRAVE { Severity::Warning } else { Severity::Info },
            fields: vec![
                MessageField::new(
                    "Significance",
                    format!("{:.1} of 1, {}{}", story.significance, tone(story.tone), scored_by(story)),
                ),
                MessageField::new("Symbols", names(&story.symbols)),
            ],
            link: story.url.clone(),
            ..Message::default()
        };
        self.addressed(format!("news/{}/{}", self.user_id, story.key), message)
    }

    /// That there is more than people are told of one by one. `revision` is of the check that found it.
    pub(super) fn withheld(&self, count: usize, revision: u64) -> NewMessage {
        let message = Message {
            kind: MessageKind::NewsAlert,
            title: format!("{count} more significant stories{}", self.mark()),
            text: "They came at once and are not sent one by one. List them: ttai news".to_owned(),
            ..Message::default()
        };
        self.addressed(format!("news/{}/withheld/{revision}", self.user_id), message)
    }

    fn mark(&self) -> String {
        match self.market {
            market @ ("simulated" | "recorded") => format!(" ({market} market)"),
            _ => String::new(),
        }
    }

    fn addressed(&self, id: String, message: Message) -> NewMessage {
        let record = MessageRecord {
            id,
            user_id: self.user_id.to_owned(),
            message,
            market: Some(self.market.to_owned()),
            created_at: self.now,
            expires_at: self.now + LIFE,
        };
        self.rules.address(record, self.channels, self.now)
    }
}

fn names(symbols: &[Symbol]) -> String {
    let first: Vec<&str> = symbols.iter().take(MOST_SYMBOLS).map(Symbol::as_str).collect();
    match symbols.len().saturating_sub(first.len()) {
        0 => first.join(", "),
        more => format!("{} +{more}", first.join(", ")),
    }
}

/// Whose score it is, where it is not the rules'.
fn scored_by(story: &Candidate) -> String {
    story.scored_by.as_ref().map(|model| format!(" (scored by {model})")).unwrap_or_default()
}

const fn tone(tone: i32) -> &'static str {
    match tone {
        ..0 => "bad",
        0 => "neutral",
        1.. => "good",
    }
}
