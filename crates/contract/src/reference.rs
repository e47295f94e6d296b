//! The reference of the wire for people, `docs/wire.md`, out of the schema's document. Only a test writes it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::search_attributes::KEYWORDS;

const INTRODUCTION: &str = "\
# The wire

Every workflow of ttai, as any Temporal SDK in any language starts, signals, queries and updates it. Python and TypeScript have their types
ready: [examples/python](../examples/python/README.md), [examples/typescript](../examples/typescript/README.md). In Rust, `ttai-client` does
all of this. The same as JSON Schema: [contract.json](../crates/contract/schema/contract.json).

<!-- Written by TTAI_UPDATE_SCHEMA=1 cargo test -p ttai-contract. Do not edit. -->

- **Arguments** are one JSON object (`json/plain`) of at most 256 kB; none where every field has a default. Field names are snake_case, and
  camelCase is accepted. A field that does not exist ends the run Failed with a `ValidationError` that names it. A field that is absent means its
  default, and null means the same where the type has null.
- **Answers** may gain fields: ignore those that you do not know. *null* is not known, never zero.
- **time** is RFC 3339 in UTC, **date** is `YYYY-MM-DD` in New York. **decimal** is a text such as `\"12.50\"` or a JSON number; inputs accept both.
- **Ids**: `{key}` is yours, 1 to 128 letters, digits and `. _ : @ + - /`; a key of yours makes a repeated start the same run. For the user `default`
  leave out `/{user_id}`. Start with the id reuse policy *allow duplicate, failed only*: what was done is not done again.
- **Time limits**: the execution timeout is a backstop that the starter sets. Workflows without one live until `shutdown` and continue as new by
  themselves: start them with the id conflict policy *use existing*, and address them by their id, without a run id.
- **While it runs**: a signal has no answer; one that is refused is listed in the status under `entity.rejected`. An update that is refused fails, or answers
  `accepted: false`, with the reason. A query needs a worker, as an update does: give every call a deadline.
- **Cancelling** ends a run promptly as Canceled, with what was done so far in its details.
";

/// The whole page.
pub(crate) fn of(document: &Value) -> String {
    let workflows = document["workflows"].as_object().unwrap();
    let page = Page { definitions: &document["$defs"], workflows };
    let mut text = INTRODUCTION.to_owned();
    let attributes = KEYWORDS.map(|name| format!("`{name}`")).join(", ");
    writeln!(text, "- **Search attributes** that every run sets, each a Keyword: {attributes}.").unwrap();
    text.push_str("\n| Workflow | Queue | What it does |\n|---|---|---|\n");
    for (name, workflow) in workflows {
        let (queue, does) = (said(&workflow["queue"]), said(&workflow["description"]));
        writeln!(text, "| {} | `{queue}` | {does} |", link(name)).unwrap();
    }
    for (name, workflow) in workflows {
        text.push_str(&page.workflow(name, workflow));
    }
    text.push_str("\n## Failures\n\nMatch on these, never on the message.\n");
    text.push_str(&page.definition(&page.definitions["FailureType"], false));
    text.push_str("\n## Types\n");
    let shown: BTreeSet<&str> = workflows.values().map(|workflow| page.params(workflow).0).collect();
    let (sent, all) = (page.sent(workflows), page.reachable(workflows.values().collect()));
    for name in all.into_iter().filter(|name| !shown.contains(name)) {
        write!(text, "\n### {name}\n\n").unwrap();
        text.push_str(&page.definition(&page.definitions[name], sent.contains(name)));
    }
    text
}

/// What is said of every type.
struct Page<'a> {
    definitions: &'a Value,
    workflows: &'a Map<String, Value>,
}

impl<'a> Page<'a> {
    fn params(&self, workflow: &'a Value) -> (&'a str, &'a Value) {
        let name = name_of(&workflow["params"]).unwrap();
        (name, &self.definitions[name])
    }

    /// A workflow's section.
    fn workflow(&self, name: &str, workflow: &'a Value) -> String {
        let (params, definition) = self.params(workflow);
        let mut text = format!("\n## {name}\n\n{}\n\n", said(&workflow["description"]));
        let lives = workflow["execution_timeout_seconds"].as_u64().map_or_else(
            || "lives until `shutdown`".to_owned(),
            |seconds| format!("execution timeout {} h", seconds / 3_600),
        );
        writeln!(text, "- `{}` on `{}`; {lives}", said(&workflow["id"]), said(&workflow["queue"])).unwrap();
        writeln!(text, "- Answers with {}", self.type_of(&workflow["answer"])).unwrap();
        if let Some(names) = workflow["positional"].as_array() {
            let names: Vec<String> = names.iter().map(|name| format!("`{}`", said(name))).collect();
            writeln!(text, "- These may be sent as separate arguments, in this order: {}", names.join(", "))
                .unwrap();
        }
        write!(text, "\nArgument, `{params}`:\n\n{}", self.fields(definition, true)).unwrap();
        text.push_str("\n| While it runs | Sent with it | Answer | |\n|---|---|---|---|\n");
        for (kind, group) in [("signal", "signals"), ("query", "queries"), ("update", "updates")] {
            for (name, handler) in workflow[group].as_object().unwrap() {
                let [argument, answer] = ["argument", "answer"].map(|part| {
                    handler.get(part).map_or_else(|| "–".to_owned(), |schema| self.type_of(schema))
                });
                let does = said(&handler["description"]);
                writeln!(text, "| {kind} `{name}` | {argument} | {answer} | {does} |").unwrap();
            }
        }
        text
    }

    /// A type, as its section has it.
    fn definition(&self, definition: &'a Value, sent: bool) -> String {
        let mut text = said(&definition["description"]);
        if !text.is_empty() {
            text.push('\n');
        }
        let variants = ["oneOf", "anyOf"].iter().find_map(|key| definition[*key].as_array());
        if let Some(variants) = variants {
            text.push_str(&self.variants(variants, sent));
        } else if definition["properties"].as_object().is_some_and(|fields| !fields.is_empty()) {
            write!(text, "\n{}", self.fields(definition, sent)).unwrap();
        } else {
            let values =
                definition["enum"].as_array().into_iter().flatten().map(|value| format!("`{value}`"));
            let values: Vec<String> = values.collect();
            let of = if values.is_empty() { self.type_of(definition) } else { values.join(", ") };
            writeln!(text, "\nOn the wire: {of}.").unwrap();
        }
        text
    }

    fn fields(&self, definition: &'a Value, sent: bool) -> String {
        let fields = visible(definition);
        if fields.is_empty() {
            return "An object without fields.\n".to_owned();
        }
        let head = if sent {
            "| Field | Type | Default | Meaning |\n|---|---|---|---|\n"
        } else {
            "| Field | Type | Meaning |\n|---|---|---|\n"
        };
        let row = |(name, field): (&String, &'a Value)| {
            let (of, meaning) = (self.type_of(field), said(&field["description"]));
            let required = is_required(definition, name);
            match sent {
                true => format!("| `{name}` | {of} | {} | {meaning} |\n", default(field, required)),
                false if required => format!("| `{name}` | {of} | {meaning} |\n"),
                false => format!("| `{name}` | {of}, may be absent | {meaning} |\n"),
            }
        };
        fields.into_iter().map(row).fold(head.to_owned(), |text, row| text + &row)
    }

    fn variants(&self, variants: &'a [Value], sent: bool) -> String {
        if variants.iter().all(|variant| {
            variant.get("$ref").is_some()
                || variant.get("properties").is_none() && variant.get("const").is_none()
        }) {
            let each = variants.iter().map(|variant| match said(&variant["description"]).as_str() {
                "" => format!("- {}\n", self.type_of(variant)),
                meaning => format!("- {}: {meaning}\n", self.type_of(variant)),
            });
            return each.fold("\nOne of\n\n".to_owned(), |text, one| text + &one);
        }
        let mut text = "\n| Value | Meaning |\n|---|---|\n".to_owned();
        for variant in variants {
            let tag =
                visible(variant).into_iter().find_map(|(name, field)| Some((name, field.get("const")?)));
            let fields =
                visible(variant).into_iter().filter(|(name, _)| tag.is_none_or(|(tag, _)| tag != *name));
            let fields = fields.map(|(name, field)| {
                let default = default(field, is_required(variant, name));
                let default = if sent && default != "required" && default != "–" {
                    format!(", default {default}")
                } else {
                    String::new()
                };
                let meaning = said(&field["description"]);
                format!(
                    "<br>`{name}` ({}{default}){}{meaning}",
                    self.type_of(field),
                    if meaning.is_empty() { "" } else { ": " }
                )
            });
            let value = match (variant.get("const"), tag) {
                (Some(value), _) => format!("`{value}`"),
                (None, Some((name, value))) => format!("`{{\"{name}\": {value}, …}}`"),
                (None, None) => match visible(variant)[..] {
                    [(name, _)] => format!("`{{\"{name}\": …}}`"),
                    _ => self.type_of(variant),
                },
            };
            writeln!(text, "| {value} | {}{} |", said(&variant["description"]), fields.collect::<String>())
                .unwrap();
        }
        text
    }

    /// A type in a cell: `list of [Symbol](#symbol)`, `time or null`.
    fn type_of(&self, schema: &'a Value) -> String {
        if let Some(name) = name_of(schema) {
            return format!("[{name}](#{})", self.section(name).to_lowercase());
        }
        if let Some(variants) = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array()) {
            return variants.iter().map(|variant| self.type_of(variant)).collect::<Vec<_>>().join(" or ");
        }
        if let Some(value) = schema.get("const") {
            return format!("`{value}`");
        }
        let names: Vec<&str> = match &schema["type"] {
            Value::String(name) => vec![name],
            Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
            _ => return "any JSON".to_owned(),
        };
        let decimal = names.contains(&"string") && names.contains(&"number");
        let each = names.iter().filter_map(|name| match *name {
            "string" if decimal => Some("decimal".to_owned()),
            "number" if decimal => None,
            "string" => Some(
                match schema["format"].as_str() {
                    Some("date-time") => "time",
                    Some("date") => "date",
                    _ => "text",
                }
                .to_owned(),
            ),
            "array" => Some(format!("list of {}", self.type_of(&schema["items"]))),
            "object" => Some(match schema.get("additionalProperties") {
                Some(values @ Value::Object(_)) => format!("object of {}", self.type_of(values)),
                _ => self.inline(schema),
            }),
            name => Some(name.to_owned()),
        });
        each.collect::<Vec<_>>().join(" or ")
    }

    /// An object without a name: its fields and their types.
    fn inline(&self, schema: &'a Value) -> String {
        let fields =
            visible(schema).into_iter().map(|(name, field)| format!("`{name}`: {}", self.type_of(field)));
        let fields: Vec<String> = fields.collect();
        if fields.is_empty() { "object".to_owned() } else { format!("object of {}", fields.join(", ")) }
    }

    /// Where a type is explained: params are in their workflow's section.
    fn section(&self, name: &'a str) -> &'a str {
        let of_params = |(_, workflow): &(&'a String, &'a Value)| name_of(&workflow["params"]) == Some(name);
        self.workflows.iter().find(of_params).map_or(name, |(workflow, _)| workflow)
    }

    /// Types that clients send.
    fn sent(&self, workflows: &'a Map<String, Value>) -> BTreeSet<&'a str> {
        let handlers = |workflow: &'a Value| {
            ["signals", "queries", "updates"]
                .into_iter()
                .flat_map(|group| workflow[group].as_object().unwrap().values())
        };
        let arguments = workflows.values().flat_map(handlers).filter_map(|handler| handler.get("argument"));
        self.reachable(workflows.values().map(|workflow| &workflow["params"]).chain(arguments).collect())
    }

    fn reachable(&self, mut waiting: Vec<&'a Value>) -> BTreeSet<&'a str> {
        let mut found = BTreeSet::new();
        while let Some(schema) = waiting.pop() {
            if let Some(name) = name_of(schema)
                && found.insert(name)
            {
                waiting.push(&self.definitions[name]);
            }
            match schema {
                Value::Object(parts) => waiting.extend(parts.values().filter(|part| !is_internal(part))),
                Value::Array(parts) => waiting.extend(parts),
                _ => {}
            }
        }
        found
    }
}

fn is_internal(schema: &Value) -> bool {
    schema["x-internal"] == Value::Bool(true)
}

/// The fields that clients see, those that must be there first.
fn visible(definition: &Value) -> Vec<(&String, &Value)> {
    let fields = definition["properties"].as_object().into_iter().flatten();
    let mut fields: Vec<_> = fields.filter(|(_, field)| !is_internal(field)).collect();
    fields.sort_by_key(|(name, _)| !is_required(definition, name));
    fields
}

fn is_required(definition: &Value, name: &str) -> bool {
    definition["required"].as_array().is_some_and(|names| names.iter().any(|required| required == name))
}

fn name_of(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

fn link(name: &str) -> String {
    format!("[{name}](#{})", name.to_lowercase())
}

/// `required`, `–` for null, or the default as JSON where that is short.
fn default(field: &Value, required: bool) -> String {
    match field.get("default") {
        _ if required => "required".to_owned(),
        None | Some(Value::Null) => "–".to_owned(),
        Some(value) => match value.to_string() {
            json if json.len() <= 40 => format!("`{json}`"),
            _ => "its own".to_owned(),
        },
    }
}

/// A text in one line, as a cell of a table takes it.
fn said(text: &Value) -> String {
    text.as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
