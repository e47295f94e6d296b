//! What a schema must not have, because some client drops, misreads or refuses it.

use serde_json::{Map, Value};

/// Formats that some clients refuse.
const REFUSED_FORMATS: &[&str] = &[
    "uint", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float", "double",
    "decimal",
];
/// Keywords that some clients drop or do not resolve.
const REFUSED_KEYWORDS: &[&str] =
    &["anyOf", "oneOf", "allOf", "not", "$ref", "$defs", "definitions", "const"];
const TYPES: &[&str] = &["object", "array", "string", "number", "integer", "boolean"];

/// Every place of a schema that some client would not keep, with what is wrong there.
#[must_use]
pub fn lint(schema: &Map<String, Value>) -> Vec<String> {
    let mut problems = Vec::new();
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        problems.push("#: the whole is no object".to_owned());
    }
    walk("#", schema, &mut problems);
    problems
}

fn walk(place: &str, schema: &Map<String, Value>, problems: &mut Vec<String>) {
    let mut say = |what: String| problems.push(format!("{place}: {what}"));
    let kind = match schema.get("type") {
        Some(Value::String(kind)) if TYPES.contains(&kind.as_str()) => kind.as_str(),
        Some(Value::String(kind)) => return say(format!("the type {kind} is none")),
        Some(_) => return say("its type is not one name".to_owned()),
        None => return say("it has no type".to_owned()),
    };
    for keyword in REFUSED_KEYWORDS.iter().filter(|keyword| schema.contains_key(**keyword)) {
        say(format!("{keyword} is not resolved by every client"));
    }
    if let Some(format) = schema.get("format").and_then(Value::as_str)
        && REFUSED_FORMATS.contains(&format)
    {
        say(format!("the format {format} is refused by some clients"));
    }
    if place != "#" && !place.ends_with("[]") && !schema.contains_key("description") {
        say("it has no description".to_owned());
    }
    match kind {
        "array" => match schema.get("items").and_then(Value::as_object) {
            Some(items) => walk(&format!("{place}[]"), items, problems),
            None => say("its items have no schema".to_owned()),
        },
        "object" => properties(place, schema, problems),
        _ => {}
    }
}

fn properties(place: &str, schema: &Map<String, Value>, problems: &mut Vec<String>) {
    let empty = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    for (name, property) in properties {
        match property.as_object() {
            Some(property) => walk(&format!("{place}/{name}"), property, problems),
            None => problems.push(format!("{place}/{name}: its schema is no object")),
        }
    }
    for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
        if !name.as_str().is_some_and(|name| properties.contains_key(name)) {
            problems.push(format!("{place}: {name} is required and has no schema"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problems(property: &Value) -> Vec<String> {
        let schema = json!({"type": "object", "properties": {"x": property}});
        lint(schema.as_object().unwrap())
    }

    #[test]
    fn what_some_client_would_not_keep_is_found() {
        for (property, part) in [
            (json!({"type": ["string", "null"], "description": "x"}), "not one name"),
            (json!({"anyOf": [{"type": "string"}, {"type": "null"}], "description": "x"}), "no type"),
            (json!({"type": "object", "anyOf": [], "description": "x"}), "anyOf"),
            (json!({"type": "integer", "format": "uint32", "description": "x"}), "uint32"),
            (json!({"type": "number", "format": "double", "description": "x"}), "double"),
            (json!({"description": "x"}), "no type"),
            (json!(true), "no object"),
            (json!({"$ref": "#/$defs/X", "description": "x"}), "no type"),
            (json!({"type": "array", "description": "x"}), "items"),
            (json!({"type": "array", "items": {"type": "array"}, "description": "x"}), "items"),
            (json!({"type": "string"}), "no description"),
            (json!({"type": "object", "description": "x", "required": ["y"]}), "required"),
        ] {
            let found = problems(&property);
            assert!(found.iter().any(|problem| problem.contains(part)), "{property}: {found:?}");
        }
        assert!(problems(&json!({"type": "string", "description": "x"})).is_empty());
    }
}
