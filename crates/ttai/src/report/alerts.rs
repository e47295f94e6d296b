//! Price alerts and what they fired.

use chrono::{DateTime, Utc};
use ttai_calendar::new_york_date;
use ttai_contract::{AlertAnswer, AlertDefinition};
use ttai_engine::{Firing, phrase, text};
use ttai_ports::FiringRecord;

use super::tables::{render, table};
use super::times::clock_as;

/// `ttai alert list`: a row an alert.
#[must_use]
pub fn alerts(found: &[AlertAnswer]) -> String {
    let mut table = table(&["ID", "STATE", "FIRED", "ALERT"]);
    for answer in found {
        let words = answer.alert.as_ref().map_or_else(|| "cannot be read".to_owned(), phrase::to_phrase);
        let words = answer.members.map_or(words.clone(), |members| format!("{words} (members: {members})"));
        table.add_row([answer.id.clone(), answer.state.clone(), answer.fired.to_string(), words]);
    }
    render(&table)
}

/// An alert in a few lines: `b0cca39d11  armed  AAPL below 90`.
#[must_use]
pub fn alert(answer: &AlertAnswer) -> String {
    let words = answer.alert.as_ref().map(phrase::to_phrase).unwrap_or_default();
    format!("{}  {}  {words}", answer.id, answer.state)
}

/// `ttai alert history`: a row a firing, with when it was recorded where that was later.
#[must_use]
pub fn firings(found: &[(FiringRecord, Option<AlertDefinition>)], now: DateTime<Utc>) -> String {
    let mut table = table(&["TIME", "ALERT", "WHAT", "WAY"]);
    let today = new_york_date(now);
    for (record, definition) in found {
        let firing: Option<Firing> = serde_json::from_value(record.evidence.clone()).ok();
        let what = match (&firing, definition) {
            (Some(firing), Some(definition)) => text::title(definition, firing, today),
            (Some(firing), None) => firing.value.map(|value| value.to_string()).unwrap_or_default(),
            (None, _) => "cannot be read".to_owned(),
        };
        let way = firing.and_then(|firing| serde_json::to_value(firing.way).ok());
        let way = way.and_then(|way| way.as_str().map(|way| way.replace('_', " "))).unwrap_or_default();
        let time = record.market_time.unwrap_or(record.recorded_at);
        // When a price was touched is asked for to the second, and years later.
        let time = clock_as(time, now, "%H:%M:%S", "%Y-%m-%d %H:%M");
        table.add_row([time, record.alert_id.clone(), what, way]);
    }
    render(&table)
}
