//! Definitions as phrases.

use chrono::{DateTime, Timelike, Utc};
use ttai_calendar::{NEW_YORK, new_york_date, session};
use ttai_core::Severity;
use ttai_core::alert::{AlertDefinition, AlertRepeat, AlertSession, AlertTrigger, BarLength, PriceSource};

use super::option::BEGINNINGS;

/// The phrase that [`super::parse`] reads as this definition. Its id, user, dates of creation and basis, snooze and
/// fractions of seconds are not in a phrase.
#[must_use]
pub fn to_phrase(alert: &AlertDefinition) -> String {
    let source = match alert.source {
        PriceSource::Last => String::new(),
        source => format!("{} ", source.as_str()),
    };
    let mut parts = vec![format!("{} {source}{}", alert.subject, alert.condition)];
    parts.extend(bars(alert));
    parts.extend(repeat(alert));
    parts.extend(match alert.session {
        AlertSession::Regular => None,
        AlertSession::Extended => Some("extended hours".to_owned()),
        AlertSession::Overnight => Some("overnight".to_owned()),
    });
    parts.extend(alert.expires_at.map(end));
    if !alert.channels.is_empty() {
        let names: Vec<String> = alert.channels.iter().map(|name| channel(name)).collect();
        parts.push(format!("to {}", names.join(", ")));
    }
    parts.extend((alert.severity != Severity::Info).then(|| format!("as {}", alert.severity.as_str())));
    parts.extend(alert.paused.then(|| "paused".to_owned()));
    parts.extend(alert.note.as_ref().map(|note| format!("note {}", quoted(note))));
    parts.join(", ")
}

fn bar_name(bar: BarLength) -> &'static str {
    match bar {
        BarLength::One => "",
        BarLength::Day => "day ",
        BarLength::Five => "5m ",
        BarLength::Fifteen => "15m ",
        BarLength::Thirty => "30m ",
        BarLength::Sixty => "60m ",
    }
}

fn bars(alert: &AlertDefinition) -> Option<String> {
    let name = bar_name(alert.bar);
    match alert.trigger {
        AlertTrigger::BarClose => Some(format!("on {name}close")),
        AlertTrigger::Touch if name.is_empty() || alert.repeat == AlertRepeat::OnceABar => None,
        AlertTrigger::Touch => Some(format!("{name}bars")),
    }
}

fn repeat(alert: &AlertDefinition) -> Option<String> {
    match alert.repeat {
        AlertRepeat::Once => None,
        AlertRepeat::OnceABar => Some(format!("once a {}bar", bar_name(alert.bar))),
        AlertRepeat::OnceADay => Some("once a day".to_owned()),
        AlertRepeat::Repeating { cooldown_seconds, rearm_percent } => {
            let every = if cooldown_seconds % 60 == 0 {
                format!("{} minutes", cooldown_seconds / 60)
            } else {
                format!("{cooldown_seconds} seconds")
            };
            Some(format!("repeat every {every} after {}%", rearm_percent.normalize()))
        }
    }
}

fn end(at: DateTime<Utc>) -> String {
    let date = new_york_date(at);
    if session(date).is_some_and(|day| day.close == at) {
        return format!("until {date}");
    }
    let local = at.with_timezone(&NEW_YORK);
    let time = if local.second() == 0 { local.format("%H:%M") } else { local.format("%H:%M:%S") };
    format!("until {date} {time}")
}

fn channel(name: &str) -> String {
    let is_plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        && name != "daily"
        && !BEGINNINGS.iter().any(|word| name.eq_ignore_ascii_case(word));
    if is_plain { name.to_owned() } else { quoted(name) }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
