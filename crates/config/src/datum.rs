//! Values as their keys mean them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use chrono::NaiveTime;
use chrono_tz::Tz;
use rust_decimal::Decimal;
use secrecy::{ExposeSecret, SecretString};
use ttai_core::Symbol;
use url::Url;

use super::problem::suggestion;
use super::raw::Raw;
use super::schema::Kind;

/// A feed of news.
#[derive(Clone, Debug)]
pub struct Feed {
    /// What a person calls it.
    pub name: String,
    /// Where it is, perhaps with `{symbol}` in it. It may hold a key, so it is shown nowhere.
    pub url: SecretString,
}

impl PartialEq for Feed {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.url.expose_secret() == other.url.expose_secret()
    }
}

/// A value that fits its key.
#[derive(Clone, Debug, PartialEq)]
pub enum Datum {
    /// Any text, or one of the key's choices.
    Text(String),
    /// A file or folder.
    Path(PathBuf),
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Integer(u64),
    /// A number.
    Number(f64),
    /// An exact amount.
    Decimal(Decimal),
    /// A span of time.
    Duration(Duration),
    /// Calls a minute.
    PerMinute(u32),
    /// An address.
    Url(Url),
    /// Names in order.
    List(Vec<String>),
    /// Feeds of news.
    Feeds(Vec<Feed>),
    /// Any fields.
    Json(serde_json::Value),
}

impl fmt::Display for Datum {
    /// As it would be written in the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Path(path) => write!(f, "{:?}", path.to_string_lossy()),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Decimal(amount) => write!(f, "{amount}"),
            Self::Duration(span) => write!(f, "\"{}\"", duration_text(*span)),
            Self::PerMinute(calls) => write!(f, "\"{calls}/min\""),
            Self::Url(url) => write!(f, "\"{url}\""),
            Self::List(names) => write!(f, "{names:?}"),
            Self::Json(value) => write!(f, "'{value}'"),
            Self::Feeds(feeds) => {
                let feeds: Vec<String> =
                    feeds.iter().map(|feed| format!("{{ name = {:?}, … }}", feed.name)).collect();
                write!(f, "[{}]", feeds.join(", "))
            }
        }
    }
}

impl Datum {
    /// Reads what was written as the key's kind.
    ///
    /// # Errors
    /// What is wrong, in a sentence that does not repeat a text that may be a secret.
    pub(super) fn read(kind: &Kind, raw: &Raw) -> Result<Self, String> {
        match (kind, raw) {
            (Kind::Text | Kind::Secret, Raw::Text(text)) => Ok(Self::Text(text.clone())),
            (Kind::Text, Raw::Number(text)) => Ok(Self::Text(text.clone())),
            (Kind::Path, Raw::Text(text)) => path(text),
            (Kind::Moment, Raw::Text(text)) => ttai_core::market_time(text).map(|_| Self::Text(text.clone())),
            (Kind::TimeOfDay, Raw::Text(text)) => time_of_day(text).map(|_| Self::Text(text.clone())),
            (Kind::TimeZone, Raw::Text(text)) => time_zone(text).map(|_| Self::Text(text.clone())),
            (Kind::Flag, Raw::Flag(flag)) => Ok(Self::Flag(*flag)),
            (Kind::Flag, Raw::Text(text)) => flag(text),
            (Kind::Integer { least, most }, Raw::Number(text) | Raw::Text(text)) => {
                integer(text, *least, *most)
            }
            (Kind::Number { least, most }, Raw::Number(text) | Raw::Text(text)) => {
                number(text, *least, *most)
            }
            (Kind::Decimal { least, most }, Raw::Number(text) | Raw::Text(text)) => {
                decimal(text, *least, *most)
            }
            (Kind::Duration { least, most }, Raw::Number(text) | Raw::Text(text)) => {
                duration_within(text, *least, *most)
            }
            (Kind::Rate { most }, Raw::Number(text) | Raw::Text(text)) => {
                rate(text, *most).map(Self::PerMinute)
            }
            (Kind::Url(schemes), Raw::Text(text)) => url(text, schemes).map(Self::Url),
            (Kind::Choice(names), Raw::Text(text)) => choice(text, names).map(Self::Text),
            (Kind::Names(names), Raw::List(items)) => list(items, names),
            (Kind::Names(names), Raw::Text(text)) => list(&split(text), names),
            (Kind::Texts, Raw::List(items)) => list(items, &[]),
            (Kind::Texts, Raw::Text(text)) => list(&split(text), &[]),
            (Kind::Tickers, Raw::List(items)) => tickers(items),
            (Kind::Tickers, Raw::Text(text)) => tickers(&split(text)),
            (Kind::Feeds, Raw::List(items)) => feeds(items),
            (Kind::Json, Raw::Table(_)) => json(raw).map(Self::Json),
            (Kind::Json, Raw::Text(text)) => json_text(text).map(Self::Json),
            (kind, raw) => Err(format!("{} is expected, {} stands there", kind.describe(), raw.kind())),
        }
    }
}

fn path(text: &str) -> Result<Datum, String> {
    if text.is_empty() {
        return Err("the path is empty".to_owned());
    }
    match text.strip_prefix("~/") {
        None => Ok(Datum::Path(text.into())),
        Some(rest) => directories::BaseDirs::new()
            .map(|folders| Datum::Path(folders.home_dir().join(rest)))
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

fn flag(text: &str) -> Result<Datum, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(Datum::Flag(true)),
        "false" | "0" | "no" | "off" => Ok(Datum::Flag(false)),
        _ => Err(format!("{text:?} is neither true nor false")),
    }
}

fn integer(text: &str, least: u64, most: u64) -> Result<Datum, String> {
    match text.replace('_', "").parse::<u64>() {
        Ok(number) if (least..=most).contains(&number) => Ok(Datum::Integer(number)),
        _ => Err(format!("{text} is no whole number from {least} to {most}")),
    }
}

fn number(text: &str, least: f64, most: f64) -> Result<Datum, String> {
    match text.replace('_', "").parse::<f64>() {
        Ok(number) if (least..=most).contains(&number) => Ok(Datum::Number(number)),
        _ => Err(format!("{text} is no number from {least} to {most}")),
    }
}

/// Digits with a point or without; more digits than can be kept exact are refused.
fn decimal(text: &str, least: u32, most: u32) -> Result<Datum, String> {
    match Decimal::from_str_exact(&text.trim().replace('_', "")) {
        Ok(amount) if (Decimal::from(least)..=Decimal::from(most)).contains(&amount) => {
            Ok(Datum::Decimal(amount))
        }
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

fn duration_within(text: &str, least: Duration, most: Duration) -> Result<Datum, String> {
    let span = duration(text)?;
    if (least..=most).contains(&span) {
        return Ok(Datum::Duration(span));
    }
    Err(format!("{text} is not between {} and {}", duration_text(least), duration_text(most)))
}

/// The shortest way to write a span of time.
#[must_use]
pub fn duration_text(span: Duration) -> String {
    let (seconds, millis) = (span.as_secs(), span.subsec_millis());
    match () {
        () if millis > 0 => format!("{}ms", span.as_millis()),
        () if seconds > 0 && seconds % 3_600 == 0 => format!("{}h", seconds / 3_600),
        () if seconds > 0 && seconds % 60 == 0 => format!("{}m", seconds / 60),
        () => format!("{seconds}s"),
    }
}

/// `120/min`, `2/s`, `1000/h`, or calls a minute.
fn rate(text: &str, most: u32) -> Result<u32, String> {
    let wrong = || format!("{text:?} is no rate; write 120/min, 2/s or 1000/h, at least one call a minute");
    let (calls, unit) = text.split_once('/').unwrap_or((text, "min"));
    let calls: f64 = calls.trim().parse().map_err(|_| wrong())?;
    let per_minute = match unit.trim() {
        "s" | "sec" | "second" => calls * 60.0,
        "m" | "min" | "minute" => calls,
        "h" | "hour" => calls / 60.0,
        _ => return Err(wrong()),
    };
    if per_minute > f64::from(most) {
        return Err(format!("{text} is more than the {most}/min that are allowed here"));
    }
    if per_minute.is_nan() || per_minute < 1.0 {
        return Err(wrong());
    }
    format!("{per_minute:.0}").parse().map_err(|_| wrong())
}

/// An address is repeated in no message: it may hold a token.
fn url(text: &str, schemes: &[&str]) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("it is no address: {error}"))?;
    if !schemes.contains(&url.scheme()) {
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

fn choice(text: &str, names: &[&str]) -> Result<String, String> {
    if names.contains(&text) {
        return Ok(text.to_owned());
    }
    Err(format!("{text:?} is none of {}; {}", names.join(", "), suggestion(text, names.iter().copied())))
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
fn tickers(items: &[Raw]) -> Result<Datum, String> {
    let written = items.iter().map(|item| match item {
        Raw::Text(text) => {
            Symbol::new(text).map(|symbol| Raw::Text(symbol.to_string())).map_err(|wrong| wrong.to_string())
        }
        other => Err(format!("a list of tickers has {} in it", other.kind())),
    });
    list(&written.collect::<Result<Vec<Raw>, String>>()?, &[])
}

/// Texts, each once and, where `names` has any, each one of these.
fn list(items: &[Raw], names: &[&str]) -> Result<Datum, String> {
    let mut found: Vec<String> = Vec::new();
    for item in items {
        let Raw::Text(text) = item else { return Err(format!("a list of texts has {} in it", item.kind())) };
        let text = if names.is_empty() { text.clone() } else { choice(text, names)? };
        if found.contains(&text) {
            return Err(format!("{text:?} stands in the list twice"));
        }
        found.push(text);
    }
    Ok(Datum::List(found))
}

/// What was written as a table, as JSON.
fn json(raw: &Raw) -> Result<serde_json::Value, String> {
    use serde_json::Value;
    Ok(match raw {
        Raw::Text(text) => Value::String(text.clone()),
        Raw::Flag(flag) => Value::Bool(*flag),
        Raw::Number(text) => serde_json::from_str::<serde_json::Number>(&text.replace('_', ""))
            .map(Value::Number)
            .map_err(|_| format!("{text} is no number that JSON knows"))?,
        Raw::List(items) => Value::Array(items.iter().map(json).collect::<Result<_, _>>()?),
        Raw::Table(fields) => {
            let fields = fields.iter().map(|(name, value)| Ok((name.clone(), json(value)?)));
            Value::Object(fields.collect::<Result<_, String>>()?)
        }
    })
}

fn json_text(text: &str) -> Result<serde_json::Value, String> {
    match serde_json::from_str(text) {
        Ok(value @ serde_json::Value::Object(_)) => Ok(value),
        Ok(_) => Err("a JSON object is expected".to_owned()),
        Err(error) => Err(format!("it is no JSON: {error}")),
    }
}

fn feeds(items: &[Raw]) -> Result<Datum, String> {
    let feeds: Result<Vec<Feed>, String> = items
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
    feeds.map(Datum::Feeds)
}

fn feed(table: &BTreeMap<String, Raw>) -> Result<Feed, String> {
    const KEYS: [&str; 2] = ["name", "url"];
    if let Some(wrong) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(format!("{wrong} is no key of a feed; {}", suggestion(wrong, KEYS)));
    }
    let Some(Raw::Text(address)) = table.get("url") else { return Err("url is missing".to_owned()) };
    let found = url(address, &["http", "https"])?;
    let name = match table.get("name") {
        Some(Raw::Text(name)) if !name.is_empty() => name.clone(),
        Some(_) => return Err("its name is no text".to_owned()),
        None => found.host_str().unwrap_or_default().to_owned(),
    };
    Ok(Feed { name, url: address.as_str().into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::MOST_CALLS;

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
            assert_eq!(rate(text, MOST_CALLS).unwrap(), calls, "{text}");
        }
        for wrong in ["0", "10/h", "x/s", "5/fortnight", "-2/s", "inf"] {
            assert!(rate(wrong, MOST_CALLS).is_err(), "{wrong}");
        }
        assert_eq!(rate("5/s", 300), Ok(300));
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
        let read = |raw: &Raw| Datum::read(&Kind::Decimal { least: 0, most: 1_000_000 }, raw);
        for (text, shown) in
            [("0.10", "0.10"), ("25_000", "25000"), ("0.1234567890123456789", "0.1234567890123456789")]
        {
            for raw in [Raw::Number(text.to_owned()), Raw::Text(text.to_owned())] {
                assert_eq!(read(&raw).unwrap().to_string(), shown);
            }
        }
        for wrong in ["-1", "1000001", "$5", "1e3", "", "0.12345678901234567890123456789012"] {
            assert!(
                read(&Raw::Text(wrong.to_owned())).is_err_and(|why| why.contains("0 to 1000000")),
                "{wrong}"
            );
        }
        assert!(read(&Raw::Flag(true)).is_err());
    }

    #[test]
    fn a_span_is_shown_as_it_can_be_read_again() {
        for text in ["250ms", "10s", "2m", "3h", "0s"] {
            assert_eq!(duration_text(duration(text).unwrap()), text);
        }
    }

    #[test]
    fn an_address_with_a_password_is_refused_without_repeating_it() {
        let wrong = url("https://ann:hunter2@feeds.example/x", &["https"]).unwrap_err();
        assert!(!wrong.contains("hunter2"), "{wrong}");
        assert!(url("ftp://feeds.example", &["http", "https"]).unwrap_err().contains("http:// or https://"));
    }
}
