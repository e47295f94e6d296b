//! The deterministic "analyst": calls the tools on offer, then fills the schema with sentences over the facts it was given.

use serde_json::{Map, Value, json};

use super::script::{Said, turns_taken};

/// Tools that it calls in its first turn.
const CALLS: usize = 2;
/// Numbers that it repeats.
const NUMBERS: usize = 3;
/// A number that no market has.
const INVENTED: &str = "98765.43";
/// Deepest JSON that it looks into.
const DEEPEST: usize = 8;

/// How it differs from the verdict that it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Agreeing,
    Cautious,
    Bold,
    Inventing,
}

/// Tools in the first turn, the answer after that; the answer at once where no tool is on offer.
pub(super) fn turn(request: &Value, mood: Mood) -> Said {
    let calls = calls(request);
    if turns_taken(request) == 0 && !calls.is_empty() {
        return Said::calls(calls);
    }
    let answer = answer(request, mood);
    match answer_tool(request) {
        Some(tool) => Said::calls(vec![(tool, answer)]),
        None => Said::text(answer.to_string()),
    }
}

/// Calls of the first tools on offer, without arguments.
pub(super) fn calls(request: &Value) -> Vec<(String, Value)> {
    let names = tools(request).filter_map(|tool| tool["name"].as_str());
    names
        .filter(|name| !name.starts_with("submit"))
        .take(CALLS)
        .map(|name| (name.to_owned(), json!({})))
        .collect()
}

fn tools(request: &Value) -> impl Iterator<Item = &Value> {
    request["tools"].as_array().into_iter().flatten().map(|tool| &tool["function"])
}

/// The tool that takes the answer, where the request has no schema for it.
fn answer_tool(request: &Value) -> Option<String> {
    let open = request["response_format"].is_null();
    let tool =
        tools(request).find(|tool| tool["name"].as_str().is_some_and(|name| name.starts_with("submit")));
    tool.filter(|_| open).and_then(|tool| tool["name"].as_str()).map(str::to_owned)
}

/// A JSON answer that fits the request's schema.
pub(super) fn answer(request: &Value, mood: Mood) -> Value {
    let schema = match &request["response_format"]["json_schema"]["schema"] {
        Value::Null => tools(request)
            .find(|tool| tool["name"].as_str().is_some_and(|name| name.starts_with("submit")))
            .map_or(Value::Null, |tool| tool["parameters"].clone()),
        schema => schema.clone(),
    };
    let facts = facts(request);
    let mut numbers = Vec::new();
    collect(&facts["deterministic_result"], &mut numbers, 0);
    let mut sentence = numbers.iter().map(|(name, number)| format!("The facts give {name} as {number}."));
    let mut said: Vec<String> = sentence.by_ref().take(NUMBERS).collect();
    if said.is_empty() {
        said.push("The facts hold no number that matters here.".to_owned());
    }
    if mood == Mood::Inventing {
        said.insert(0, format!("The target is {INVENTED}."));
    }
    let mut answer = Map::new();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        answer.insert(name.clone(), value(property, &facts, &said, mood));
    }
    Value::Object(answer)
}

fn value(property: &Value, facts: &Value, said: &[String], mood: Mood) -> Value {
    if let Some(words) = property["enum"].as_array() {
        return verdict(words, facts, mood);
    }
    match property["type"].as_str() {
        Some("array") => json!(said),
        Some("integer" | "number") => json!(0),
        Some("boolean") => json!(false),
        Some("object") => json!({}),
        _ => json!(said.first()),
    }
}

/// The given verdict, the next more cautious one or the boldest.
fn verdict(words: &[Value], facts: &Value, mood: Mood) -> Value {
    let allowed: Vec<&Value> =
        facts["verdicts_from_bold_to_cautious"].as_array().into_iter().flatten().collect();
    let given = Some(&facts["deterministic_result"])
        .map(|result| {
            if result["recommendation"].is_null() {
                &result["overall_recommendation"]
            } else {
                &result["recommendation"]
            }
        })
        .filter(|given| words.contains(given));
    let chosen = match mood {
        Mood::Bold => words.first(),
        Mood::Cautious => allowed.get(1).copied().or(given),
        Mood::Agreeing | Mood::Inventing => given,
    };
    chosen.or(words.last()).cloned().unwrap_or(Value::Null)
}

/// The JSON of the first user message that has one.
fn facts(request: &Value) -> Value {
    let messages = request["messages"].as_array().into_iter().flatten();
    let texts = messages
        .filter(|message| message["role"] == "user")
        .filter_map(|message| message["content"].as_str());
    texts
        .filter_map(|text| text.find('{').and_then(|at| text.get(at..)))
        .find_map(|json| serde_json::from_str(json).ok())
        .unwrap_or(Value::Null)
}

/// Numbers with their names, those at the top first.
fn collect(value: &Value, found: &mut Vec<(String, String)>, depth: usize) {
    let Some(fields) = value.as_object().filter(|_| depth < DEEPEST) else { return };
    for (name, field) in fields {
        if let Some(number) = field.as_f64() {
            found.push((name.replace('_', " "), short(number)));
        }
    }
    for field in fields.values() {
        collect(field, found, depth + 1);
    }
}

/// At most two digits after the point; four under one.
fn short(number: f64) -> String {
    if number.fract() == 0.0 {
        format!("{number:.0}")
    } else if number.abs() < 1.0 {
        format!("{number:.4}")
    } else {
        format!("{number:.2}")
    }
}
