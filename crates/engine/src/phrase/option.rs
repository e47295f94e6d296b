//! What follows the condition of a phrase: until when, to whom, how often, in which hours.

use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveTime, Utc, Weekday};
use rust_decimal::Decimal;
use ttai_calendar::{NEW_YORK, new_york_date, session_on_or_before};
use ttai_core::Severity;
use ttai_core::alert::{AlertDefinition, AlertRepeat, AlertSession, AlertTrigger, BarLength};

use super::PhraseError;
use super::condition::{HOURS, MINUTES, minutes};
use super::cursor::{Cursor, nearest, short};
use super::token::{Token, TokenKind};

/// Words that an option begins with: none of them is a channel's name.
pub(super) const BEGINNINGS: [&str; 14] = [
    "until",
    "for",
    "to",
    "note",
    "on",
    "once",
    "repeat",
    "repeating",
    "extended",
    "overnight",
    "regular",
    "as",
    "paused",
    "and",
];
const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Mon),
    ("tuesday", Weekday::Tue),
    ("wednesday", Weekday::Wed),
    ("thursday", Weekday::Thu),
    ("friday", Weekday::Fri),
    ("saturday", Weekday::Sat),
    ("sunday", Weekday::Sun),
];
const SEVERITIES: [(&str, Severity); 3] =
    [("info", Severity::Info), ("warning", Severity::Warning), ("critical", Severity::Critical)];

/// Reads the options up to the phrase's end.
pub(super) fn options(
    cursor: &mut Cursor<'_>,
    alert: &mut AlertDefinition,
    now: DateTime<Utc>,
) -> Result<(), PhraseError> {
    let mut bar = None;
    while cursor.peek().is_some() {
        cursor.take(",");
        option(cursor, alert, &mut bar, now)?;
    }
    alert.bar = bar.unwrap_or_default();
    Ok(())
}

fn option(
    cursor: &mut Cursor<'_>,
    alert: &mut AlertDefinition,
    bar: &mut Option<BarLength>,
    now: DateTime<Utc>,
) -> Result<(), PhraseError> {
    if cursor.take("until") {
        alert.expires_at = Some(end(cursor, now)?);
    } else if cursor.take("for") {
        alert.expires_at = Some(after(cursor, now)?);
    } else if cursor.take("to") {
        channels(cursor, &mut alert.channels)?;
    } else if cursor.take("note") {
        alert.note = Some(note(cursor)?);
    } else if cursor.take("on") {
        set_bar(cursor, bar)?;
        cursor.expect("close", "close")?;
        alert.trigger = AlertTrigger::BarClose;
    } else if cursor.take("once") {
        alert.repeat = once(cursor, bar)?;
    } else if cursor.take("repeat") || cursor.take("repeating") {
        alert.repeat = repeat(cursor)?;
    } else if let Some(session) = hours(cursor) {
        alert.session = session;
    } else if cursor.take("as") {
        let severity = cursor.take_of(&SEVERITIES);
        alert.severity = severity.ok_or_else(|| cursor.missing("info, warning or critical", "critical"))?;
    } else if cursor.take("paused") {
        alert.paused = true;
    } else {
        let has_length = set_bar(cursor, bar)?;
        if !has_length || !cursor.take("bars") {
            return Err(no_option(cursor));
        }
    }
    Ok(())
}

fn no_option(cursor: &Cursor<'_>) -> PhraseError {
    let Some(token) = cursor.peek() else {
        return cursor.missing("an option", "until Friday");
    };
    let message = format!(
        "'{}' is not understood here; an alert goes on with \"or\", \"and\", \"until Friday\", \"to discord\", \"once a day\" or another option",
        short(token.text)
    );
    PhraseError::new(token.column, message).meaning(nearest(token.text))
}

fn hours(cursor: &mut Cursor<'_>) -> Option<AlertSession> {
    let session = cursor.take_of(&[
        ("extended", AlertSession::Extended),
        ("overnight", AlertSession::Overnight),
        ("regular", AlertSession::Regular),
    ])?;
    cursor.take("hours");
    Some(session)
}

/// Takes a bar's length if there is one; two of them must agree.
fn set_bar(cursor: &mut Cursor<'_>, bar: &mut Option<BarLength>) -> Result<bool, PhraseError> {
    let column = cursor.column();
    let length = match cursor.peek() {
        Some(Token { kind: TokenKind::Number(number, unit), .. }) if !unit.is_empty() => {
            let minutes = match unit.as_str() {
                "m" | "min" => Some(*number),
                "h" => Some(*number * Decimal::from(60)),
                _ => None,
            };
            let lengths = BarLength::ALL.into_iter();
            let fits = |length: &BarLength| length.minutes().map(Decimal::from) == minutes;
            let known = lengths.filter(|length| length.minutes().is_some()).find(fits);
            Some(known.ok_or_else(|| cursor.missing("a bar of 1m, 5m, 15m, 30m, 60m or a day", "5m"))?)
        }
        Some(_) if cursor.is("daily") || cursor.is("day") => Some(BarLength::Day),
        _ => None,
    };
    let Some(length) = length else { return Ok(false) };
    cursor.next();
    if bar.replace(length).is_some_and(|before| before != length) {
        return Err(PhraseError::new(column, "an alert has bars of one length"));
    }
    Ok(true)
}

fn once(cursor: &mut Cursor<'_>, bar: &mut Option<BarLength>) -> Result<AlertRepeat, PhraseError> {
    if !cursor.take("a") && !cursor.take("per") {
        return Ok(AlertRepeat::Once);
    }
    if cursor.take_all(&["day", "bar"]) {
        bar.replace(BarLength::Day);
        return Ok(AlertRepeat::OnceABar);
    }
    if cursor.take("day") {
        return Ok(AlertRepeat::OnceADay);
    }
    set_bar(cursor, bar)?;
    cursor.expect("bar", "day")?;
    Ok(AlertRepeat::OnceABar)
}

fn repeat(cursor: &mut Cursor<'_>) -> Result<AlertRepeat, PhraseError> {
    let mut cooldown_seconds = AlertRepeat::DEFAULT_COOLDOWN;
    let mut rearm_percent = AlertRepeat::DEFAULT_REARM;
    if cursor.take("every") {
        cooldown_seconds = seconds(cursor)?;
    }
    if cursor.take("after") {
        rearm_percent = cursor.number("a percentage", &["%"], "0.5%")?;
    }
    Ok(AlertRepeat::Repeating { cooldown_seconds, rearm_percent })
}

const SECONDS: [&str; 5] = ["s", "sec", "secs", "second", "seconds"];

fn seconds(cursor: &mut Cursor<'_>) -> Result<u32, PhraseError> {
    let column = cursor.column();
    let is_unit = |token: Option<&Token<'_>>| match token {
        Some(Token { kind: TokenKind::Number(_, unit), .. }) => SECONDS.contains(&unit.as_str()),
        Some(token) => SECONDS.iter().any(|word| token.text.eq_ignore_ascii_case(word)),
        None => false,
    };
    if is_unit(cursor.peek()) {
        return cursor.whole("a number of seconds", &SECONDS, "30 seconds");
    }
    if is_unit(cursor.peek_after(1)) {
        let seconds = cursor.whole("a number of seconds", &[""], "30 seconds");
        cursor.next();
        return seconds;
    }
    let minutes = minutes(cursor, "30 minutes")?;
    minutes.checked_mul(60).ok_or_else(|| PhraseError::new(column, "that is longer than a week"))
}

fn note(cursor: &mut Cursor<'_>) -> Result<String, PhraseError> {
    let missing = cursor.missing("the note in quotation marks", "'roll it'");
    match cursor.next().map(|token| &token.kind) {
        Some(TokenKind::Quoted(text)) => Ok(text.clone()),
        _ => Err(missing),
    }
}

fn channels(cursor: &mut Cursor<'_>, channels: &mut Vec<String>) -> Result<(), PhraseError> {
    loop {
        let missing = cursor.missing("a channel", "discord");
        let name = match cursor.next() {
            Some(Token { kind: TokenKind::Quoted(name), .. }) => name.clone(),
            Some(Token { kind: TokenKind::Word, text, .. }) => (*text).to_owned(),
            _ => return Err(missing),
        };
        channels.push(name);
        let goes_on = cursor.is("and") || cursor.is(",") && cursor.peek_after(1).is_some_and(is_channel);
        if !goes_on {
            return Ok(());
        }
        cursor.next();
    }
}

fn is_channel(token: &Token<'_>) -> bool {
    match &token.kind {
        TokenKind::Quoted(_) => true,
        TokenKind::Word => {
            !BEGINNINGS.iter().any(|word| token.text.eq_ignore_ascii_case(word)) && token.text != "daily"
        }
        _ => false,
    }
}

/// `2 hours`, `3 days`.
fn after(cursor: &mut Cursor<'_>, now: DateTime<Utc>) -> Result<DateTime<Utc>, PhraseError> {
    let column = cursor.column();
    const DAYS: [&str; 3] = ["d", "day", "days"];
    let days = match (cursor.peek(), cursor.peek_after(1)) {
        (Some(Token { kind: TokenKind::Number(_, unit), .. }), _) if DAYS.contains(&unit.as_str()) => true,
        (_, Some(unit)) => DAYS.iter().any(|day| unit.text.eq_ignore_ascii_case(day)),
        _ => false,
    };
    let seconds = if days {
        let days = cursor.whole("a number of days", &["", "d", "day", "days"], "3 days")?;
        let _ = DAYS.iter().any(|word| cursor.take(word));
        i64::from(days) * 86_400
    } else {
        i64::from(duration(cursor)?) * 60
    };
    now.checked_add_signed(Duration::seconds(seconds))
        .filter(|end| ttai_calendar::covers(new_york_date(*end)))
        .ok_or_else(|| PhraseError::new(column, "that is too far away"))
}

/// A number needs its unit here: `for 2` may be anything.
fn duration(cursor: &mut Cursor<'_>) -> Result<u32, PhraseError> {
    let is_bare =
        matches!(cursor.peek(), Some(Token { kind: TokenKind::Number(_, unit), .. }) if unit.is_empty());
    let named = cursor.peek_after(1).is_some_and(|unit| {
        MINUTES.iter().chain(&HOURS).any(|word| !word.is_empty() && unit.text.eq_ignore_ascii_case(word))
    });
    if is_bare && !named {
        cursor.next();
        return Err(cursor.missing("minutes, hours or days", "hours"));
    }
    minutes(cursor, "2 hours")
}

/// A day stands for its regular close; a day without a session for the close before it.
fn end(cursor: &mut Cursor<'_>, now: DateTime<Utc>) -> Result<DateTime<Utc>, PhraseError> {
    let column = cursor.column();
    let today = new_york_date(now);
    cursor.take("the");
    let end = match cursor.peek().map(|token| token.kind.clone()) {
        Some(TokenKind::Date(date)) => {
            cursor.next();
            moment(cursor, date)
        }
        Some(TokenKind::Time(time)) => {
            cursor.next();
            local(today, time)
        }
        _ if cursor.take("close") || cursor.take("today") => moment(cursor, today),
        _ if cursor.take("tomorrow") => today.succ_opt().and_then(|date| moment(cursor, date)),
        _ => match weekday(cursor) {
            Some(day) => next_weekday(cursor, today, day, now),
            None => return Err(cursor.missing("a day, a date or a time", "Friday")),
        },
    };
    let end = end.ok_or_else(|| PhraseError::new(column, "the market's calendar ends before that"))?;
    if end <= now {
        let said = end.with_timezone(&NEW_YORK).format("%Y-%m-%d %H:%M");
        return Err(PhraseError::new(column, format!("{said} in New York is over")));
    }
    Ok(end)
}

/// A weekday, or its first three letters or more.
fn weekday(cursor: &mut Cursor<'_>) -> Option<Weekday> {
    let word = cursor.peek().filter(|token| token.text.is_ascii() && token.text.len() >= 3)?;
    let word = word.text.to_ascii_lowercase();
    let (_, day) = WEEKDAYS.iter().find(|(name, _)| name.starts_with(&word))?;
    cursor.next();
    Some(*day)
}

fn next_weekday(
    cursor: &mut Cursor<'_>,
    today: NaiveDate,
    day: Weekday,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let days = (7 + day.num_days_from_monday() - today.weekday().num_days_from_monday()) % 7;
    let first = today.checked_add_signed(Duration::days(days.into()))?;
    let here = cursor.clone();
    let end = moment(cursor, first)?;
    if now < end {
        return Some(end);
    }
    *cursor = here;
    moment(cursor, first.checked_add_signed(Duration::days(7))?)
}

/// A date at the time that follows, else at its close.
fn moment(cursor: &mut Cursor<'_>, date: NaiveDate) -> Option<DateTime<Utc>> {
    cursor.take("at");
    if let Some(TokenKind::Time(time)) = cursor.peek().map(|token| token.kind.clone()) {
        cursor.next();
        return local(date, time);
    }
    Some(session_on_or_before(date).ok()?.close)
}

fn local(date: NaiveDate, time: NaiveTime) -> Option<DateTime<Utc>> {
    let zoned = date.and_time(time).and_local_timezone(NEW_YORK).earliest()?;
    ttai_calendar::covers(date).then(|| zoned.with_timezone(&Utc))
}
