//! What messages are about, as the seeds name it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// What a message is about. A kind that is not ours is passed through as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum MessageKind {
    /// An analysis is done.
    AnalysisComplete,
    /// A price alert fired.
    PriceAlertTriggered,
    /// A rule about a position or the account fired.
    PositionAlert,
    /// The day's outlook before the open.
    MorningBriefing,
    /// The day's result at the close.
    EodSummary,
    /// The day's report.
    DailyReport,
    /// The week's report.
    WeeklyReview,
    /// A screen's picks.
    ScreenerResults,
    /// A significant story.
    NewsAlert,
    /// What became of an order.
    OrderUpdate,
    /// ttai itself.
    #[default]
    System,
    /// Another client's own kind, at most 64 characters.
    Other(String),
}

/// Each kind with its name on the wire and what a reader sees. A message of ttai's own needs no label.
const KNOWN: [(MessageKind, &str, &str); 11] = [
    (MessageKind::AnalysisComplete, "analysis_complete", "Analysis"),
    (MessageKind::PriceAlertTriggered, "price_alert_triggered", "Price alert"),
    (MessageKind::PositionAlert, "position_alert", "Position alert"),
    (MessageKind::MorningBriefing, "morning_briefing", "Morning briefing"),
    (MessageKind::EodSummary, "eod_summary", "End-of-day summary"),
    (MessageKind::DailyReport, "daily_report", "Daily report"),
    (MessageKind::WeeklyReview, "weekly_review", "Weekly review"),
    (MessageKind::ScreenerResults, "screener_results", "Screener results"),
    (MessageKind::NewsAlert, "news_alert", "News"),
    (MessageKind::OrderUpdate, "order_update", "Order update"),
    (MessageKind::System, "system", ""),
];

impl MessageKind {
    /// Longest name of a kind, in characters.
    pub const MAX_LENGTH: usize = 64;

    /// The name on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(name) => name,
            known => known.row().map_or("", |(_, name, _)| name),
        }
    }

    /// What a reader sees: `Price alert`; another client's kind as words; empty for [`Self::System`].
    #[must_use]
    pub fn label(&self) -> Cow<'static, str> {
        match self {
            Self::Other(name) => Cow::Owned(words(name)),
            known => Cow::Borrowed(known.row().map_or("", |(_, _, label)| label)),
        }
    }

    fn row(&self) -> Option<&'static (Self, &'static str, &'static str)> {
        KNOWN.iter().find(|(kind, ..)| kind == self)
    }
}

impl From<String> for MessageKind {
    fn from(name: String) -> Self {
        let known = KNOWN.iter().find(|(_, known, _)| *known == name);
        known.map_or(Self::Other(name), |(kind, ..)| kind.clone())
    }
}

impl From<MessageKind> for String {
    fn from(kind: MessageKind) -> Self {
        kind.as_str().to_owned()
    }
}

impl JsonSchema for MessageKind {
    fn schema_name() -> Cow<'static, str> {
        "MessageKind".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let examples = KNOWN.map(|(_, name, _)| name);
        json_schema!({
            "description": "What a message is about. A kind that is not among the examples is passed through as it is.",
            "type": "string",
            "maxLength": Self::MAX_LENGTH,
            "examples": examples,
        })
    }
}

/// A name on the wire as words: `margin_warning` and `marginWarning` are `Margin warning`.
pub(crate) fn words(name: &str) -> String {
    let mut spaced = String::with_capacity(name.len() + 4);
    let mut after_lower = false;
    for letter in name.chars() {
        if letter.is_uppercase() && after_lower {
            spaced.push(' ');
            spaced.extend(letter.to_lowercase());
        } else {
            spaced.push(if matches!(letter, '_' | '-') { ' ' } else { letter });
        }
        after_lower = letter.is_lowercase() || letter.is_ascii_digit();
    }
    let words = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_keeps_its_name_and_a_strangers_passes_through() {
        for (kind, name, _) in KNOWN {
            assert_eq!(MessageKind::from(name.to_owned()), kind);
            assert_eq!(serde_json::to_value(&kind).unwrap(), name);
        }
        let other: MessageKind = serde_json::from_str(r#""dividendNotice""#).unwrap();
        assert_eq!((other.as_str(), &*other.label()), ("dividendNotice", "Dividend notice"));
    }

    #[test]
    fn names_become_words() {
        for (name, expected) in [
            ("current_price", "Current price"),
            ("currentPrice", "Current price"),
            ("symbol", "Symbol"),
            ("dte", "Dte"),
            ("P&L", "P&L"),
            ("IV rank", "IV rank"),
            ("__x", "X"),
            ("", ""),
        ] {
            assert_eq!(words(name), expected);
        }
    }
}
