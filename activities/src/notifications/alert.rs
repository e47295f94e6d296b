//! An alert object as a message. Nothing that it says is lost: what has no place of its own becomes a field, and what is too
//! long for one a line of the text.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use ttai_contract::{Message, MessageField, MessageKind, Severity};
use ttai_core::message::{MAX_FIELD_NAME, MAX_FIELD_VALUE, MAX_FIELDS, MAX_LINK, MAX_TITLE};

use MessageKind::{NewsAlert, PositionAlert, PriceAlertTriggered};

/// The seeds' types of alerts: what they are about, and their words.
const TYPES: [(&str, MessageKind, &str); 11] = [
    ("news", NewsAlert, "News"),
    ("price", PriceAlertTriggered, "Price alert"),
    ("pnl_warning", PositionAlert, "P&L warning"),
    ("margin_warning", PositionAlert, "Margin warning"),
    ("assignment_risk", PositionAlert, "Assignment risk"),
    ("price_above", PositionAlert, "Price above its limit"),
    ("price_below", PositionAlert, "Price below its limit"),
    ("delta", PositionAlert, "Delta above its limit"),
    ("delta_breach", PositionAlert, "Delta above its limit"),
    ("dte", PositionAlert, "Close to expiration"),
    ("dte_warning", PositionAlert, "Close to expiration"),
];

/// The alert as a message without an id.
pub(super) fn message(mut alert: Map<String, Value>) -> Message {
    let crossing = Crossing::of(&alert);
    let (kind, heading) = subject(&mut alert, crossing.as_ref());
    let severity = severity(&mut alert, &kind);
    let title = take(&mut alert, &["title"]);
    let text = take(&mut alert, &["message", "text"]);
    let link = take(&mut alert, &["url", "link"]);
    let symbol = alert.get("symbol").map(show).unwrap_or_default();
    let title = match (title, &crossing) {
        (Some(title), _) => about(&symbol, ": ", title),
        (None, Some(crossing)) => about(&symbol, " ", crossing.condition.clone()),
        (None, None) => about(&symbol, ": ", heading),
    };
    let mut paragraphs = Vec::new();
    let mut message = Message { kind, severity, ..Message::default() };
    message.title = fit_title(title, &mut paragraphs);
    paragraphs.extend(text.or_else(|| crossing.and_then(|crossing| crossing.now)));
    message.link = fit_link(link, &mut paragraphs);
    // In one order, whichever map another crate of the program makes serde_json use.
    for (name, value) in alert.iter().collect::<BTreeMap<_, _>>() {
        let row = MessageField::labelled(name, show(value));
        if row.value.is_empty() {
            continue;
        }
        if message.fields.len() < MAX_FIELDS
            && fits(&row.name, MAX_FIELD_NAME)
            && fits(&row.value, MAX_FIELD_VALUE)
        {
            message.fields.push(row);
        } else {
            paragraphs.push(format!("{}: {}", row.name, row.value));
        }
    }
    message.text = paragraphs.join("\n\n");
    message
}

/// A level and what happened at it: `above 200`, `Now 201.5`.
struct Crossing {
    condition: String,
    now: Option<String>,
}

impl Crossing {
    fn of(alert: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| alert.get(name).map(show).filter(|text| !text.is_empty());
        let price = text("current_price").or_else(|| text("currentPrice")).or_else(|| text("price"));
        Some(Self {
            condition: format!("{} {}", text("condition")?, text("threshold")?),
            now: price.map(|price| format!("Now {price}")),
        })
    }
}

/// What the alert is about, and the words for it. A type that is longer than any kind stays a field.
fn subject(alert: &mut Map<String, Value>, crossing: Option<&Crossing>) -> (MessageKind, String) {
    let Some(name) = take(alert, &["type", "alert_type", "alertType", "kind"]) else {
        let kind = if crossing.is_some() { PriceAlertTriggered } else { MessageKind::System };
        return (kind, "Alert".to_owned());
    };
    if let Some((_, kind, words)) = TYPES.iter().find(|(known, ..)| *known == name) {
        return (kind.clone(), (*words).to_owned());
    }
    if !fits(&name, MessageKind::MAX_LENGTH) {
        alert.insert("type".to_owned(), Value::String(name));
        return (MessageKind::System, "Alert".to_owned());
    }
    let kind = MessageKind::from(name);
    let label = kind.label().into_owned();
    (kind, if label.is_empty() { "Alert".to_owned() } else { label })
}

/// As the alert says; a word that is no severity stays a field.
fn severity(alert: &mut Map<String, Value>, kind: &MessageKind) -> Severity {
    if let Some(said) = alert.get("severity").and_then(Value::as_str).and_then(Severity::from_name) {
        alert.remove("severity");
        return said;
    }
    if matches!(kind, PriceAlertTriggered | PositionAlert) { Severity::Warning } else { Severity::Info }
}

/// The first of `names` that is there, as text.
fn take(alert: &mut Map<String, Value>, names: &[&str]) -> Option<String> {
    let name = names.iter().find(|name| alert.contains_key(**name))?;
    alert.remove(*name).map(|value| show(&value)).filter(|text| !text.is_empty())
}

/// A value as a reader sees it: a text without quotes, nothing for null, anything else as its JSON.
fn show(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// The text under its symbol, unless it names it itself.
fn about(symbol: &str, separator: &str, text: String) -> String {
    let mut words = text.split(|letter: char| !letter.is_alphanumeric());
    // A single letter is more often a word than a ticker.
    let names_it = symbol.len() > 1 && words.any(|word| word == symbol);
    if symbol.is_empty() || names_it { text } else { format!("{symbol}{separator}{text}") }
}

/// The title; all of it goes to the text where only its beginning fits.
fn fit_title(title: String, paragraphs: &mut Vec<String>) -> String {
    if fits(&title, MAX_TITLE) {
        return title;
    }
    let beginning: String = title.chars().take(MAX_TITLE - 1).collect();
    paragraphs.push(title);
    format!("{beginning}…")
}

fn fit_link(link: Option<String>, paragraphs: &mut Vec<String>) -> Option<String> {
    let (fitting, too_long): (Vec<_>, Vec<_>) = link.into_iter().partition(|link| fits(link, MAX_LINK));
    paragraphs.extend(too_long);
    fitting.into_iter().next()
}

fn fits(text: &str, characters: usize) -> bool {
    text.chars().count() <= characters
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(alert: Value) -> Message {
        let Value::Object(alert) = alert else { unreachable!() };
        let message = message(alert);
        assert_eq!(message.check(), Ok(()));
        message
    }

    fn rows(message: &Message) -> Vec<(&str, &str)> {
        message.fields.iter().map(|row| (row.name.as_str(), row.value.as_str())).collect()
    }

    #[test]
    fn the_news_watchers_alert() {
        // 000, check_news_activity.
        let message = of(json!({
            "type": "news", "symbol": "AAPL", "title": "Apple recalls a phone",
            "url": "https://news.example.org/1", "significance": 0.85,
        }));
        assert_eq!((message.kind.clone(), message.severity), (NewsAlert, Severity::Info));
        assert_eq!(message.title, "AAPL: Apple recalls a phone");
        assert_eq!(message.link.as_deref(), Some("https://news.example.org/1"));
        assert_eq!(rows(&message), [("Significance", "0.85"), ("Symbol", "AAPL")]);
        assert_eq!(message.text, "");
    }

    #[test]
    fn the_portfolio_monitors_alerts() {
        // 000, PortfolioMonitorWorkflow.
        for (kind, text, title) in [
            ("pnl_warning", "Daily P&L: -2.5%", "P&L warning"),
            ("margin_warning", "Margin utilization: 85%", "Margin warning"),
        ] {
            let message = of(json!({"type": kind, "message": text, "severity": "warning"}));
            assert_eq!((message.kind.clone(), message.severity), (PositionAlert, Severity::Warning));
            assert_eq!((message.title.as_str(), message.text.as_str()), (title, text));
            assert!(message.fields.is_empty());
        }
    }

    #[test]
    fn price_alerts_of_each_seed() {
        for alert in [
            json!({"type": "price_alert_triggered", "userId": "ann", "symbol": "AAPL", "condition": "above", "threshold": 200, "currentPrice": 201.5}),
            json!({"alert_type": "price", "id": 7, "symbol": "AAPL", "condition": "above", "threshold": 200, "current_price": 201.5}),
            json!({"symbol": "AAPL", "condition": "above", "threshold": 200, "price": 201.5}),
        ] {
            let message = of(alert);
            assert_eq!((message.kind.clone(), message.severity), (PriceAlertTriggered, Severity::Warning));
            assert_eq!((message.title.as_str(), message.text.as_str()), ("AAPL above 200", "Now 201.5"));
            assert!(rows(&message).contains(&("Threshold", "200")));
        }
    }

    #[test]
    fn a_position_rule_of_the_monitor() {
        // 002, checkPositions.
        let message = of(
            json!({"type": "delta_breach", "symbol": "AAPL", "message": "|delta| 0.52", "timestamp": 1_402_081_200_000_i64}),
        );
        assert_eq!(message.title, "AAPL: Delta above its limit");
        assert_eq!(rows(&message), [("Symbol", "AAPL"), ("Timestamp", "1402081200000")]);
    }

    #[test]
    fn what_is_unknown_is_carried() {
        let message = of(json!({
            "type": "dividendNotice", "severity": "loud", "legs": [1, 2], "note": null, "exDate": "2026-08-07",
        }));
        assert_eq!(message.kind.as_str(), "dividendNotice");
        assert_eq!((message.title.as_str(), message.severity), ("Dividend notice", Severity::Info));
        assert_eq!(rows(&message), [("Ex date", "2026-08-07"), ("Legs", "[1,2]"), ("Severity", "loud")]);
        assert_eq!(of(json!({})).title, "Alert");
    }

    #[test]
    fn what_is_too_long_for_its_place_is_in_the_text() {
        let long = |count| "x".repeat(count);
        let message = of(json!({
            "type": long(65), "title": long(300), "url": format!("https://{}", long(3_000)), "note": long(2_000), "message": "said",
        }));
        for part in [
            long(300),
            format!("https://{}", long(3_000)),
            format!("Note: {}", long(2_000)),
            "said".to_owned(),
        ] {
            assert!(message.text.contains(&part), "{part}");
        }
        assert_eq!((message.title.chars().count(), message.kind), (256, MessageKind::System));
        let many: Map<String, Value> =
            (0..30).map(|number| (format!("f{number:02}"), json!(number))).collect();
        let message = of(Value::Object(many));
        assert!(message.fields.len() == 25 && message.text.contains("F29: 29"));
    }

    #[test]
    fn a_title_that_names_its_symbol_is_not_prefixed() {
        let title = |symbol: &str, title: &str| of(json!({"symbol": symbol, "title": title})).title;
        assert_eq!(title("AAPL", "AAPL: recall"), "AAPL: recall");
        assert_eq!(title("A", "A recall at Agilent"), "A: A recall at Agilent");
    }
}
