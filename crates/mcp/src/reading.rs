//! Arguments as models send them: a text that is JSON of the wanted type is that value, null is absent, names may be in camel case.
//! What cannot be read is refused with what is wrong and what fits.

use chrono::NaiveDate;
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};
use ttai_core::{Symbol, market_time};

use crate::field::{FieldKind, ToolField};
use crate::problem::ToolProblem;

/// How alike a name must be to be suggested.
const ALIKE: f64 = 0.66;
/// Most of a value that a problem shows, in characters.
const SHOWN: usize = 60;
/// Longest text of a list.
const LONGEST_ITEM: usize = 256;

/// The arguments of a call as they were understood.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolArguments(Map<String, Value>);

impl ToolArguments {
    /// Reads the arguments of a tool with these fields.
    ///
    /// # Errors
    /// The first argument that is unknown, missing or cannot be read.
    pub fn read(fields: &[ToolField], given: Option<Map<String, Value>>) -> Result<Self, ToolProblem> {
        let mut read = Map::new();
        for (name, value) in given.unwrap_or_default() {
            let field = find(fields, &name)?;
            if let Some(value) = value_of(field, value)?
                && read.insert(field.name.to_owned(), value).is_some()
            {
                return Err(ToolProblem::of(field.name, "it is given twice", "Give it once."));
            }
        }
        match fields.iter().find(|field| field.required && !read.contains_key(field.name)) {
            Some(missing) => {
                Err(ToolProblem::of(missing.name, "it is missing", format!("Give it: {}", missing.about)))
            }
            None => Ok(Self(read)),
        }
    }

    /// All of them.
    #[must_use]
    pub const fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// A text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// A whole number.
    #[must_use]
    pub fn integer(&self, name: &str) -> Option<i64> {
        self.0.get(name).and_then(Value::as_i64)
    }

    /// How many rows are wanted.
    #[must_use]
    pub fn limit(&self, usual: u32) -> u32 {
        self.integer("limit").and_then(|limit| u32::try_from(limit).ok()).unwrap_or(usual)
    }

    /// Whether it is said.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A list of texts; empty where none is given.
    #[must_use]
    pub fn texts(&self, name: &str) -> Vec<String> {
        let list = self.0.get(name).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// A value of any type that its kind guarantees, such as a ticker, a list of them, a moment or a day.
    #[must_use]
    pub fn typed<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        self.0.get(name).and_then(|value| T::deserialize(value).ok())
    }

    /// Whether all of a result is wanted.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.text("detail") == Some("full")
    }
}

fn find<'f>(fields: &'f [ToolField], name: &str) -> Result<&'f ToolField, ToolProblem> {
    let plain = snake(name);
    if let Some(field) = fields.iter().find(|field| field.name == plain) {
        return Ok(field);
    }
    let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
    let likely = alike(&plain, &names).map(|name| format!("Did you mean {name}? ")).unwrap_or_default();
    let all = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    Err(ToolProblem::of(
        &shown(name),
        "there is no such argument",
        format!("{likely}The arguments are: {all}."),
    ))
}

/// The name that was likely meant.
pub(crate) fn alike<'n>(name: &str, names: &[&'n str]) -> Option<&'n str> {
    let name = name.to_lowercase();
    // One finds names that begin alike, the other two letters that changed places.
    let score = |known: &&str| {
        strsim::jaro_winkler(&name, known).max(strsim::normalized_damerau_levenshtein(&name, known))
    };
    let best = names.iter().copied().max_by(|one, other| score(one).total_cmp(&score(other)))?;
    (score(&best) >= ALIKE).then_some(best)
}

/// `maxDelta` and `max-delta` as `max_delta`.
fn snake(name: &str) -> String {
    let mut plain = String::with_capacity(name.len() + 4);
    for letter in name.trim().chars() {
        if letter.is_ascii_uppercase() && !plain.is_empty() && !plain.ends_with('_') {
            plain.push('_');
        }
        plain.push(if letter == '-' { '_' } else { letter.to_ascii_lowercase() });
    }
    plain
}

fn value_of(field: &ToolField, value: Value) -> Result<Option<Value>, ToolProblem> {
    let is_text = matches!(field.kind, FieldKind::Text(_));
    let absent = |text: &str| text.trim().is_empty() || (!is_text && text.trim() == "null");
    match &value {
        Value::Null => return Ok(None),
        Value::String(text) if absent(text) => return Ok(None),
        _ => {}
    }
    read(field, value).map(Some)
}

fn read(field: &ToolField, value: Value) -> Result<Value, ToolProblem> {
    match field.kind {
        FieldKind::Text(longest) => text(field, value, longest),
        FieldKind::Ticker => ticker(field, &plain_text(field, value)?),
        FieldKind::Choice(names) => choice(field, &plain_text(field, value)?, names),
        FieldKind::Integer(least, most) => integer(field, &value, least, most),
        FieldKind::Number(least, most) => number(field, &value, least, most),
        FieldKind::Flag => flag(field, value),
        FieldKind::Moment => moment(field, &plain_text(field, value)?),
        FieldKind::Day => day(field, &plain_text(field, value)?),
        FieldKind::Texts(most) => list(field, value, most, |text| Ok(Value::String(text))),
        FieldKind::Tickers(most) => list(field, value, most, |text| ticker(field, &text)),
        FieldKind::Object => object(field, &value),
        FieldKind::Objects => objects(field, &value),
    }
}

fn wrong(field: &ToolField, value: &Value, wanted: &str) -> ToolProblem {
    ToolProblem::of(field.name, format!("{} is not {wanted}", shown(&value.to_string())), field.about)
}

fn shown(text: &str) -> String {
    let short: String = text.chars().filter(|letter| !letter.is_control()).take(SHOWN).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}

/// What a text says where it is JSON.
fn parsed(value: &Value) -> Value {
    let read = value.as_str().and_then(|text| serde_json::from_str(text.trim()).ok());
    read.unwrap_or_else(|| value.clone())
}

fn text(field: &ToolField, value: Value, longest: usize) -> Result<Value, ToolProblem> {
    let text = match value {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        other => return Err(wrong(field, &other, "a text")),
    };
    let letters = text.chars().count();
    if letters > longest {
        let what = format!("it has {letters} characters; at most {longest} are read");
        return Err(ToolProblem::of(field.name, what, "Shorten it."));
    }
    Ok(Value::String(text))
}

/// The text of a value that is one, also where it is quoted twice.
fn plain_text(field: &ToolField, value: Value) -> Result<String, ToolProblem> {
    match parsed(&value) {
        Value::String(text) => Ok(text.trim().to_owned()),
        // A text such as `2026` or `true` is JSON of another type.
        Value::Number(_) | Value::Bool(_) => match value {
            Value::String(text) => Ok(text.trim().to_owned()),
            other => Ok(other.to_string()),
        },
        _ => Err(wrong(field, &value, "a text")),
    }
}

fn ticker(field: &ToolField, text: &str) -> Result<Value, ToolProblem> {
    Symbol::new(text.trim().trim_start_matches('$')).map(|symbol| Value::String(symbol.to_string())).map_err(
        |error| ToolProblem::of(field.name, error.to_string(), "Give a ticker such as AAPL or BRK.B."),
    )
}

fn choice(field: &ToolField, text: &str, names: &[&str]) -> Result<Value, ToolProblem> {
    let plain = text.to_lowercase().replace(['-', ' '], "_");
    if let Some(name) = names.iter().find(|name| **name == plain) {
        return Ok(Value::String((*name).to_owned()));
    }
    let likely = alike(&plain, names).map(|name| format!("Did you mean {name}? ")).unwrap_or_default();
    let what = format!("there is no {:?}", shown(text));
    Err(ToolProblem::of(field.name, what, format!("{likely}Choose from {}.", names.join(", "))))
}

fn integer(field: &ToolField, value: &Value, least: i64, most: i64) -> Result<Value, ToolProblem> {
    let parsed = parsed(value);
    let whole = parsed.as_i64().or_else(|| {
        let number = parsed.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < 9e15)?;
        // Checked to be whole and within what a float holds exactly.
        #[allow(clippy::cast_possible_truncation)]
        Some(number as i64)
    });
    let Some(whole) = whole else { return Err(wrong(field, value, "a whole number")) };
    if !(least..=most).contains(&whole) {
        let what = format!("{whole} is not between {least} and {most}");
        return Err(ToolProblem::of(field.name, what, field.about));
    }
    Ok(whole.into())
}

fn number(field: &ToolField, value: &Value, least: f64, most: f64) -> Result<Value, ToolProblem> {
    let Some(number) = parsed(value).as_f64() else { return Err(wrong(field, value, "a number")) };
    if !(least..=most).contains(&number) {
        let fraction = number / 100.0;
        let is_percentage = least == 0.0 && most <= 1.0 && (1.0..=100.0).contains(&number);
        let meant = if is_percentage { format!("; did you mean {fraction:.2}?") } else { String::new() };
        let what = format!("{number} is not between {least} and {most}{meant}");
        return Err(ToolProblem::of(field.name, what, field.about));
    }
    Number::from_f64(number).map(Value::Number).ok_or_else(|| wrong(field, value, "a number"))
}

fn flag(field: &ToolField, value: Value) -> Result<Value, ToolProblem> {
    let text = match &value {
        Value::Bool(_) => return Ok(value),
        Value::String(text) => text.trim().trim_matches('"').to_lowercase(),
        other => other.to_string(),
    };
    match text.as_str() {
        "true" | "yes" | "1" => Ok(true.into()),
        "false" | "no" | "0" => Ok(false.into()),
        _ => Err(wrong(field, &value, "true or false")),
    }
}

fn moment(field: &ToolField, text: &str) -> Result<Value, ToolProblem> {
    let problem = |_| {
        let next = "Give RFC 3339 (2026-09-18T19:00:00Z) or New York time (2026-09-18T15:00).";
        ToolProblem::of(field.name, format!("{:?} is not a valid time", shown(text)), next)
    };
    market_time(text).map(|time| Value::String(time.to_rfc3339())).map_err(problem)
}

fn day(field: &ToolField, text: &str) -> Result<Value, ToolProblem> {
    let problem = |_| {
        ToolProblem::of(
            field.name,
            format!("{:?} is not a valid day", shown(text)),
            "Give a day such as 2026-09-18.",
        )
    };
    text.parse::<NaiveDate>().map(|day| Value::String(day.to_string())).map_err(problem)
}

/// A list, a text that is one as JSON, or a text with commas.
fn list(
    field: &ToolField,
    value: Value,
    most: usize,
    read: impl Fn(String) -> Result<Value, ToolProblem>,
) -> Result<Value, ToolProblem> {
    let items = match parsed(&value) {
        Value::Array(items) => items,
        Value::String(text) => text.split(',').map(|item| Value::String(item.trim().to_owned())).collect(),
        Value::Number(_) | Value::Bool(_) => vec![value],
        _ => return Err(wrong(field, &value, "a list of texts")),
    };
    if items.len() > most {
        let what = format!("it has {} items; at most {most} are read", items.len());
        return Err(ToolProblem::of(field.name, what, "Give fewer."));
    }
    let mut found = Vec::with_capacity(items.len());
    for item in items {
        let Value::String(text) = text(field, item, LONGEST_ITEM)? else { continue };
        if !text.trim().is_empty() {
            found.push(read(text.trim().to_owned())?);
        }
    }
    Ok(Value::Array(found))
}

fn object(field: &ToolField, value: &Value) -> Result<Value, ToolProblem> {
    match parsed(value) {
        Value::Object(fields) => {
            Ok(Value::Object(fields.into_iter().map(|(name, value)| (name, nested(value))).collect()))
        }
        _ => Err(wrong(field, value, "a JSON object")),
    }
}

fn objects(field: &ToolField, value: &Value) -> Result<Value, ToolProblem> {
    let items = match parsed(value) {
        Value::Array(items) => items,
        one @ Value::Object(_) => vec![one],
        _ => return Err(wrong(field, value, "a list of JSON objects")),
    };
    items.iter().map(|item| object(field, item)).collect::<Result<Vec<_>, _>>().map(Value::Array)
}

/// A list or an object that was sent as text.
fn nested(value: Value) -> Value {
    let looks_nested = value.as_str().is_some_and(|text| text.trim_start().starts_with(['[', '{']));
    if looks_nested { parsed(&value) } else { value }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::field::{field, required};

    const FIELDS: &[ToolField] = &[
        required("symbol", FieldKind::Ticker, "Ticker, such as AAPL."),
        field("max_delta", FieldKind::Number(0.0, 1.0), "Largest |delta|."),
        field("limit", FieldKind::Integer(1, 200), "Most rows."),
        field("wait", FieldKind::Flag, "Whether to wait."),
        field("strategy", FieldKind::Choice(&["csp", "covered_call", "spread"]), "What to sell."),
        field("legs", FieldKind::Objects, "Legs."),
        field("fields", FieldKind::Object, "Fields."),
        field("include", FieldKind::Tickers(3), "Tickers."),
        field("note", FieldKind::Text(20), "A note."),
        field("at", FieldKind::Moment, "Moment."),
        field("day", FieldKind::Day, "Day."),
    ];

    fn read(given: &Value) -> Result<Value, String> {
        let given = given.as_object().cloned();
        ToolArguments::read(FIELDS, given)
            .map(|read| read.as_map().clone().into())
            .map_err(|problem| problem.to_string())
    }

    #[test]
    fn text_that_is_json_of_the_wanted_type_is_that_value() {
        for (given, expected) in [
            (json!({"symbol": "aapl", "limit": "45"}), json!({"symbol": "AAPL", "limit": 45})),
            (json!({"symbol": "\"AAPL\"", "wait": "true"}), json!({"symbol": "AAPL", "wait": true})),
            (
                json!({"symbol": "AAPL", "legs": "[{\"strike\": 5}]"}),
                json!({"symbol": "AAPL", "legs": [{"strike": 5}]}),
            ),
            (
                json!({"symbol": "AAPL", "fields": "{\"legs\": \"[1]\"}"}),
                json!({"symbol": "AAPL", "fields": {"legs": [1]}}),
            ),
            (
                json!({"symbol": "AAPL", "max_delta": null, "limit": "", "wait": "null"}),
                json!({"symbol": "AAPL"}),
            ),
            (json!({"symbol": "AAPL", "maxDelta": "0.25"}), json!({"symbol": "AAPL", "max_delta": 0.25})),
            (
                json!({"symbol": "AAPL", "include": "msft, nvda"}),
                json!({"symbol": "AAPL", "include": ["MSFT", "NVDA"]}),
            ),
            (
                json!({"symbol": "AAPL", "include": "[\"msft\"]"}),
                json!({"symbol": "AAPL", "include": ["MSFT"]}),
            ),
            (
                json!({"symbol": "AAPL", "strategy": "Covered Call"}),
                json!({"symbol": "AAPL", "strategy": "covered_call"}),
            ),
            (
                json!({"symbol": "AAPL", "note": 5, "limit": 45.0}),
                json!({"symbol": "AAPL", "note": "5", "limit": 45}),
            ),
            (
                json!({"symbol": "AAPL", "at": "2026-09-18T15:00"}),
                json!({"symbol": "AAPL", "at": "2026-09-18T19:00:00+00:00"}),
            ),
            (json!({"symbol": "TRUE", "day": "2026-09-18"}), json!({"symbol": "TRUE", "day": "2026-09-18"})),
        ] {
            assert_eq!(read(&given), Ok(expected), "{given}");
        }
    }

    #[test]
    fn what_cannot_be_read_says_what_fits() {
        for (given, parts) in [
            (json!({}), ["symbol", "missing"]),
            (json!({"symbol": "AAPL", "max_dleta": 0.3}), ["max_dleta", "Did you mean max_delta?"]),
            (json!({"symbol": "AAPL", "max_delta": 30}), ["max_delta", "did you mean 0.30?"]),
            (json!({"symbol": "AAPL", "limit": "many"}), ["limit", "not a whole number"]),
            (json!({"symbol": "AAPL", "limit": 0}), ["limit", "between 1 and 200"]),
            (json!({"symbol": "AAPL", "limit": 1e300}), ["limit", "not a whole number"]),
            (json!({"symbol": "A L"}), ["symbol", "ticker"]),
            (json!({"symbol": ["AAPL"]}), ["symbol", "not a text"]),
            (json!({"symbol": "AAPL", "strategy": "cps"}), ["strategy", "Did you mean csp?"]),
            (json!({"symbol": "AAPL", "legs": "[1]"}), ["legs", "JSON object"]),
            (json!({"symbol": "AAPL", "wait": "maybe"}), ["wait", "true or false"]),
            (json!({"symbol": "AAPL", "include": ["A", "B", "C", "D"]}), ["include", "at most 3"]),
            (json!({"symbol": "AAPL", "note": "x".repeat(21)}), ["note", "at most 20"]),
            (json!({"symbol": "AAPL", "at": "yesterday"}), ["at", "not a valid time"]),
            (json!({"symbol": "AAPL", "day": "Sep 5"}), ["day", "not a valid day"]),
            (json!({"symbol": "AAPL", "max_delta": 0.1, "maxDelta": 0.2}), ["max_delta", "twice"]),
        ] {
            let problem = read(&given).unwrap_err();
            assert!(parts.iter().all(|part| problem.contains(part)), "{given}: {problem}");
            assert!(problem.chars().count() <= 1_000);
        }
    }
}
