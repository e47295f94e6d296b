//! What a key takes: how it is described, read as people write it, and written again.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::NaiveTime;
use chrono_tz::Tz;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use ttai_core::Symbol;
use url::Url;

use crate::problem::suggestion;
use crate::raw::Raw;
use crate::types::MOST_CALLS;

/// What a key takes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Text,
    Path,
    Flag,
    Integer {
        least: u64,
        most: u64,
    },
    Number {
        least: f64,
        most: f64,
    },
    Amount {
        least: u64,
        most: u64,
    },
    Span {
        least: Duration,
        most: Duration,
    },
    /// Calls a minute.
    Rate {
        most: u64,
    },
    /// An address that begins with one of these schemes.
    Url(Vec<String>),
    Choice(Vec<String>),
    /// Some of these, in order, each once.
    Names(Vec<String>),
    Texts,
    Tickers,
    Moment,
    TimeOfDay,
    TimeZone,
    Json,
    Feeds,
    Secret,
}

impl Kind {
    /// From the schema of a field.
    pub(crate) fn of(schema: &Value) -> Self {
        let least = schema["minimum"].as_u64().unwrap_or(0);
        let most = schema["maximum"].as_u64().unwrap_or(u64::MAX);
        match schema["format"].as_str().unwrap_or_default() {
            "path" => return Self::Path,
            "url" => return Self::Url(texts(&schema["schemes"])),
            "span" => {
                return Self::Span { least: Duration::from_millis(least), most: Duration::from_millis(most) };
            }
            "rate" => return Self::Rate { most },
            "amount" => return Self::Amount { least, most },
            "moment" => return Self::Moment,
            "time-of-day" => return Self::TimeOfDay,
            "time-zone" => return Self::TimeZone,
            "tickers" => return Self::Tickers,
            "feeds" => return Self::Feeds,
            "json" => return Self::Json,
            "secret" => return Self::Secret,
            _ => {}
        }
        let has_type = |name: &str| schema["type"] == name || schema["type"][0] == name;
        let choices = choices(schema);
        match () {
            () if !choices.is_empty() => Self::Choice(choices),
            () if has_type("boolean") => Self::Flag,
            () if has_type("integer") => Self::Integer { least, most },
            () if has_type("number") => {
                let bound = |name: &str, usual| schema[name].as_f64().unwrap_or(usual);
                Self::Number { least: bound("minimum", f64::MIN), most: bound("maximum", f64::MAX) }
            }
            () if has_type("array") => match self::choices(&schema["items"]) {
                names if names.is_empty() => Self::Texts,
                names => Self::Names(names),
            },
            () => Self::Text,
        }
    }

    /// For a person.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Text => "a text".to_owned(),
            Self::Path => "a path".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Integer { least: 0, most: u64::MAX } => "a whole number".to_owned(),
            Self::Integer { least, most } => format!("a whole number from {least} to {most}"),
            Self::Number { least, most } => format!("a number from {least} to {most}"),
            Self::Amount { least, most } => format!("an amount from {least} to {most}"),
            Self::Span { least, most } => {
                format!("a span of time from {} to {}", duration_text(*least), duration_text(*most))
            }
            Self::Rate { most } if *most == u64::from(MOST_CALLS) => "a rate such as 120/min".to_owned(),
            Self::Rate { most } => format!("a rate of at most {most}/min"),
            Self::Url(schemes) => format!("an address ({})", schemes.join(", ")),
            Self::Choice(names) => format!("one of {}", names.join(", ")),
            Self::Names(names) => format!("a list of {}", names.join(", ")),
            Self::Texts => "a list of texts".to_owned(),
            Self::Tickers => "a list of tickers".to_owned(),
            Self::Moment => "a time such as 2026-09-18T15:00".to_owned(),
            Self::TimeOfDay => "a time of day such as 22:00".to_owned(),
            Self::TimeZone => "a time zone such as America/New_York".to_owned(),
            Self::Json => "a table, or JSON in a text".to_owned(),
            Self::Feeds => "a list of tables with name and url".to_owned(),
            Self::Secret => "a secret text".to_owned(),
        }
    }

    /// Reads what was written, into what the setting's type reads.
    ///
    /// # Errors
    /// What is wrong, in a sentence that does not repeat a text that may be a secret.
    pub(crate) fn read(&self, raw: &Raw) -> Result<Value, String> {
        match (self, raw) {
            (Self::Text | Self::Secret, Raw::Text(text)) | (Self::Text, Raw::Number(text)) => Ok(json!(text)),
            (Self::Path, Raw::Text(text)) => path(text),
            (Self::Moment, Raw::Text(text)) => ttai_core::market_time(text).map(|_| json!(text)),
            (Self::TimeOfDay, Raw::Text(text)) => time_of_day(text).map(|_| json!(text)),
            (Self::TimeZone, Raw::Text(text)) => time_zone(text).map(|_| json!(text)),
            (Self::Flag, Raw::Flag(flag)) => Ok(json!(flag)),
            (Self::Flag, Raw::Text(text)) => flag(text),
            (Self::Integer { least, most }, Raw::Number(text) | Raw::Text(text)) => {
                integer(text, *least, *most)
            }
            (Self::Number { least, most }, Raw::Number(text) | Raw::Text(text)) => {
                number(text, *least, *most)
            }
            (Self::Amount { least, most }, Raw::Number(text) | Raw::Text(text)) => {
                amount(text, *least, *most)
            }
            (Self::Span { least, most }, Raw::Number(text) | Raw::Text(text)) => {
                duration_within(text, *least, *most)
            }
            (Self::Rate { most }, Raw::Number(text) | Raw::Text(text)) => rate(text, *most),
            (Self::Url(schemes), Raw::Text(text)) => url(text, schemes).map(|url| json!(url)),
            (Self::Choice(names), Raw::Text(text)) => choice(text, names),
            (Self::Names(names), Raw::List(items)) => list(items, names),
            (Self::Names(names), Raw::Text(text)) => list(&split(text), names),
            (Self::Texts, Raw::List(items)) => list(items, &[]),
            (Self::Texts, Raw::Text(text)) => list(&split(text), &[]),
            (Self::Tickers, Raw::List(items)) => tickers(items),
            (Self::Tickers, Raw::Text(text)) => tickers(&split(text)),
            (Self::Feeds, Raw::List(items)) => feeds(items),
            (Self::Json, Raw::Table(_)) => table(raw),
            (Self::Json, Raw::Text(text)) => json_text(text),
            (kind, raw) => Err(format!("{} is expected, {} stands there", kind.describe(), raw.kind())),
        }
    }

    /// As it would be written in the file.
    pub(crate) fn text(&self, value: &Value) -> String {
        match (self, value) {
            (Self::Span { .. }, Value::Object(_)) => {
                let span = serde_json::from_value(value.clone()).map(duration_text).unwrap_or_default();
                format!("\"{span}\"")
            }
            (Self::Rate { .. }, Value::Number(calls)) => format!("\"{calls}/min\""),
            (Self::Amount { .. }, Value::String(amount)) => amount.clone(),
            // As people write it, without the path of a bare origin.
            (Self::Url(_), Value::String(url)) if url.matches('/').count() == 3 => {
                format!("\"{}\"", url.trim_end_matches('/'))
            }
            (Self::Number { .. }, Value::Number(number)) => number.as_f64().unwrap_or_default().to_string(),
            (_, Value::Number(number)) => number.to_string(),
            // TOML has no null, which a table of any fields may hold.
            (_, value) => toml::Value::try_from(value)
                .unwrap_or_else(|_| toml::Value::String(value.to_string()))
                .to_string(),
        }
    }

    /// The same for everybody's eyes: an address of a feed may hold a key.
    pub(crate) fn shown(&self, value: &Value) -> String {
        let Self::Feeds = self else { return self.text(value) };
        let feeds = value.as_array().into_iter().flatten();
        let feeds: Vec<String> = feeds.map(|feed| format!("{{ name = {}, … }}", feed["name"])).collect();
        format!("[{}]", feeds.join(", "))
    }
}

/// The names that a schema allows, wherever they stand in it.
fn choices(schema: &Value) -> Vec<String> {
    let inner = ["oneOf", "anyOf"].into_iter().filter_map(|key| schema[key].as_array()).flatten();
    let named = texts(&schema["enum"]).into_iter().chain(schema["const"].as_str().map(str::to_owned));
    named.chain(inner.flat_map(choices)).collect()
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn path(text: &str) -> Result<Value, String> {
    if text.is_empty() {
        return Err("the path is empty".to_owned());
    }
    match text.strip_prefix("~/") {
        None => Ok(json!(text)),
        Some(rest) => directories::BaseDirs::new()
            .map(|folders| json!(folders.home_dir().join(rest).to_string_lossy()))
            .ok_or_else(|| "this system names no home folder for ~; write the whole path".to_owned()),
    }
}

/// `22:00`, from 00:00 to 23:59.
///
/// # Errors
/// A sentence that says how a time of day is written.
pub fn time_of_day(text: &str) -> Result<NaiveTime, String> {
    NaiveTime::parse_from_str(text, "%H:%M")
        .map_err(|_| format!("{text:?} is no time of day; write it as 22:00"))
}

/// A time zone by its name in the IANA database.
///
/// # Errors
/// A sentence that names the one that is meant.
pub fn time_zone(text: &str) -> Result<Tz, String> {
    let names = || chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
    text.parse().map_err(|_| format!("{text:?} is no time zone; {}", suggestion(text, names())))
}

fn flag(text: &str) -> Result<Value, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(json!(true)),
        "false" | "0" | "no" | "off" => Ok(json!(false)),
        _ => Err(format!("{text:?} is neither true nor false")),
    }
}

fn integer(text: &str, least: u64, most: u64) -> Result<Value, String> {
    match text.replace('_', "").parse::<u64>() {
        Ok(number) if (least..=most).contains(&number) => Ok(json!(number)),
        _ => {
            Err(format!("{text} is no {}", Kind::Integer { least, most }.describe().trim_start_matches("a ")))
        }
    }
}

fn number(text: &str, least: f64, most: f64) -> Result<Value, String> {
    match text.replace('_', "").parse::<f64>() {
        Ok(number) if (least..=most).contains(&number) => Ok(json!(number)),
        _ => Err(format!("{text} is no number from {least} to {most}")),
    }
}

/// Digits with a point or without; more digits than can be kept exact are refused.
fn amount(text: &str, least: u64, most: u64) -> Result<Value, String> {
    match Decimal::from_str_exact(&text.trim().replace('_', "")) {
        Ok(amount) if (Decimal::from(least)..=Decimal::from(most)).contains(&amount) => Ok(json!(amount)),
        _ => Err(format!("{text} is no amount from {least} to {most}, such as 2500 or 0.05")),
    }
}

/// `500ms`, `10s`, `2m`, `1h`, or seconds.
///
/// # Errors
/// A sentence that says how a span of time is written.
pub fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let seconds = match unit.trim() {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => f64::NAN,
    };
    let span = number.parse::<f64>().map_or(f64::NAN, |number| number * seconds);
    Duration::try_from_secs_f64(span)
        .map_err(|_| format!("{text:?} is no span of time; write 500ms, 10s, 2m, 1h or a number of seconds"))
}

fn duration_within(text: &str, least: Duration, most: Duration) -> Result<Value, String> {
    let span = duration(text)?;
    if (least..=most).contains(&span) {
        return Ok(json!(span));
    }
    Err(format!("{text} is not between {} and {}", duration_text(least), duration_text(most)))
}

/// The shortest way to write a span of time.
#[must_use]
pub fn duration_text(span: Duration) -> String {
    let (seconds, millis) = (span.as_secs(), span.subsec_millis());
    match () {
        () if millis > 0 => format!("{}ms", span.as_millis()),
        () if seconds > 0 && seconds % 86_400 == 0 => format!("{}d", seconds / 86_400),
        () if seconds > 0 && seconds % 3_600 == 0 => format!("{}h", seconds / 3_600),
        () if seconds > 0 && seconds % 60 == 0 => format!("{}m", seconds / 60),
        () => format!("{seconds}s"),
    }
}

/// `120/min`, `2/s`, `1000/h`, or calls a minute.
fn rate(text: &str, most: u64) -> Result<Value, String> {
    let wrong = || format!("{text:?} is no rate; write 120/min, 2/s or 1000/h, at least one call a minute");
    let (calls, unit) = text.split_once('/').unwrap_or((text, "min"));
    let calls: f64 = calls.trim().parse().map_err(|_| wrong())?;
    let per_minute = match unit.trim() {
        "s" | "sec" | "second" => calls * 60.0,
        "m" | "min" | "minute" => calls,
        "h" | "hour" => calls / 60.0,
        _ => return Err(wrong()),
    };
    if per_minute > most as f64 {
        return Err(format!("{text} is more than the {most}/min that are allowed here"));
    }
    if per_minute.is_nan() || per_minute < 1.0 {
        return Err(wrong());
    }
    format!("{per_minute:.0}").parse::<u32>().map(|calls| json!(calls)).map_err(|_| wrong())
}

/// An address is repeated in no message: it may hold a token.
fn url(text: &str, schemes: &[String]) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("it is no address: {error}"))?;
    if !schemes.iter().any(|scheme| scheme == url.scheme()) {
        return Err(format!("the address must begin with {}://", schemes.join(":// or ")));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address must hold no user name and no password".to_owned());
    }
    if url.host().is_none() {
        return Err("the address names no host".to_owned());
    }
    Ok(url)
}

fn choice(text: &str, names: &[String]) -> Result<Value, String> {
    if names.iter().any(|name| name == text) {
        return Ok(json!(text));
    }
    let hint = suggestion(text, names.iter().map(String::as_str));
    Err(format!("{text:?} is none of {}; {hint}", names.join(", ")))
}

/// `a,b` of the environment.
fn split(text: &str) -> Vec<Raw> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| Raw::Text(part.to_owned()))
        .collect()
}

/// Ticker symbols, each once, in capitals.
fn tickers(items: &[Raw]) -> Result<Value, String> {
    let written = items.iter().map(|item| match item {
        Raw::Text(text) => {
            Symbol::new(text).map(|symbol| Raw::Text(symbol.to_string())).map_err(|wrong| wrong.to_string())
        }
        other => Err(format!("a list of tickers has {} in it", other.kind())),
    });
    list(&written.collect::<Result<Vec<Raw>, String>>()?, &[])
}

/// Texts, each once and, where `names` has any, each one of these.
fn list(items: &[Raw], names: &[String]) -> Result<Value, String> {
    let mut found: Vec<Value> = Vec::new();
    for item in items {
        let Raw::Text(text) = item else { return Err(format!("a list of texts has {} in it", item.kind())) };
        let text = if names.is_empty() { json!(text) } else { choice(text, names)? };
        if found.contains(&text) {
            return Err(format!("{text} stands in the list twice"));
        }
        found.push(text);
    }
    Ok(Value::Array(found))
}

/// What was written as a table, as JSON.
fn table(raw: &Raw) -> Result<Value, String> {
    Ok(match raw {
        Raw::Text(text) => json!(text),
        Raw::Flag(flag) => json!(flag),
        Raw::Number(text) => serde_json::from_str::<serde_json::Number>(&text.replace('_', ""))
            .map(Value::Number)
            .map_err(|_| format!("{text} is no number that JSON knows"))?,
        Raw::List(items) => Value::Array(items.iter().map(table).collect::<Result<_, _>>()?),
        Raw::Table(fields) => {
            let fields = fields.iter().map(|(name, value)| Ok((name.clone(), table(value)?)));
            Value::Object(fields.collect::<Result<_, String>>()?)
        }
    })
}

fn json_text(text: &str) -> Result<Value, String> {
    match serde_json::from_str(text) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err("a JSON object is expected".to_owned()),
        Err(error) => Err(format!("it is no JSON: {error}")),
    }
}

fn feeds(items: &[Raw]) -> Result<Value, String> {
    let feeds: Result<Vec<Value>, String> = items
        .iter()
        .enumerate()
        .map(|(index, item)| match item {
            Raw::Table(table) => feed(table).map_err(|wrong| format!("feed {}: {wrong}", index + 1)),
            other => Err(format!(
                "feed {}: a table with name and url is expected, {} stands there",
                index + 1,
                other.kind()
            )),
        })
        .collect();
    feeds.map(Value::Array)
}

fn feed(table: &BTreeMap<String, Raw>) -> Result<Value, String> {
    const KEYS: [&str; 2] = ["name", "url"];
    if let Some(wrong) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(format!("{wrong} is no key of a feed; {}", suggestion(wrong, KEYS)));
    }
    let Some(Raw::Text(address)) = table.get("url") else { return Err("url is missing".to_owned()) };
    let found = url(address, &["http".to_owned(), "https".to_owned()])?;
    let name = match table.get("name") {
        Some(Raw::Text(name)) if !name.is_empty() => name.clone(),
        Some(_) => return Err("its name is no text".to_owned()),
        None => found.host_str().unwrap_or_default().to_owned(),
    };
    Ok(json!({ "name": name, "url": address }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: u64 = MOST_CALLS as u64;

    #[test]
    fn spans_of_time_and_rates_are_read_as_people_write_them() {
        for (text, millis) in
            [("500ms", 500), ("10s", 10_000), ("1.5", 1_500), ("2m", 120_000), ("1h", 3_600_000)]
        {
            assert_eq!(duration(text).unwrap(), Duration::from_millis(millis), "{text}");
        }
        for wrong in ["", "fast", "-1s", "1w", "1e400", "s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        for (text, calls) in [("120/min", 120), ("2/s", 120), ("3000/h", 50), ("60", 60)] {
            assert_eq!(rate(text, MOST).unwrap(), json!(calls), "{text}");
        }
        for wrong in ["0", "10/h", "x/s", "5/fortnight", "-2/s", "inf"] {
            assert!(rate(wrong, MOST).is_err(), "{wrong}");
        }
        assert_eq!(rate("5/s", 300), Ok(json!(300)));
        assert!(rate("6/s", 300).is_err_and(|why| why.contains("300/min")), "more than the provider allows");
    }

    #[test]
    fn times_of_day_and_zones_are_read_as_people_write_them() {
        assert_eq!(time_of_day("22:00"), Ok(NaiveTime::from_hms_opt(22, 0, 0).unwrap()));
        for wrong in ["24:00", "10", "10 pm", "", "22:00:00"] {
            assert!(time_of_day(wrong).is_err(), "{wrong}");
        }
        assert_eq!(time_zone("Europe/Berlin"), Ok(chrono_tz::Europe::Berlin));
        assert!(time_zone("Europe/Berln").is_err_and(|why| why.contains("Europe/Berlin")));
    }

    #[test]
    fn an_amount_is_exact_to_its_last_digit() {
        let kind = Kind::Amount { least: 0, most: 1_000_000 };
        for (text, shown) in
            [("0.10", "0.10"), ("25_000", "25000"), ("0.1234567890123456789", "0.1234567890123456789")]
        {
            for raw in [Raw::Number(text.to_owned()), Raw::Text(text.to_owned())] {
                assert_eq!(kind.text(&kind.read(&raw).unwrap()), shown);
            }
        }
        for wrong in ["-1", "1000001", "$5", "1e3", "", "0.12345678901234567890123456789012"] {
            assert!(
                kind.read(&Raw::Text(wrong.to_owned())).is_err_and(|why| why.contains("0 to 1000000")),
                "{wrong}"
            );
        }
        assert!(kind.read(&Raw::Flag(true)).is_err());
    }

    #[test]
    fn a_span_is_shown_as_it_can_be_read_again() {
        for text in ["250ms", "10s", "2m", "3h", "7d", "0s"] {
            assert_eq!(duration_text(duration(text).unwrap()), text);
        }
    }

    #[test]
    fn an_address_with_a_password_is_refused_without_repeating_it() {
        let wrong = url("https://ann:hunter2@feeds.example/x", &["https".to_owned()]).unwrap_err();
        assert!(!wrong.contains("hunter2"), "{wrong}");
        assert!(
            url("ftp://feeds.example", &["http".to_owned(), "https".to_owned()])
                .unwrap_err()
                .contains("http:// or https://")
        );
    }
}
