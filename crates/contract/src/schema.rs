//! JSON Schema of the whole wire, generated from the catalogues. Types and references for other languages are made of it.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::activities::activities;
use crate::call::AttemptProgress;
use crate::failure::FailureType;
use crate::handlers::{Handler, HandlerKind};
use crate::workflows::{WorkflowEntry, workflows};

/// One document: the workflows and activities with what they take and answer, and `$defs` by type name.
#[must_use]
pub fn document() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    generator.subschema_for::<AttemptProgress>();
    let failure = generator.subschema_for::<FailureType>();
    let workflows: Map<String, Value> = workflows()
        .into_iter()
        .map(|workflow| (workflow.name.to_owned(), described(&workflow, &mut generator)))
        .collect();
    let activities: Map<String, Value> = activities()
        .into_iter()
        .map(|activity| {
            let (input, output) = (activity.schemas)(&mut generator);
            let queue = activity.policy.queue.map_or("the caller's", |queue| queue.name());
            (activity.name, json!({"queue": queue, "input": input, "output": output}))
        })
        .collect();
    let mut definitions: Map<String, Value> = generator.take_definitions(true).into_iter().collect();
    for (name, definition) in &mut definitions {
        name_variants(name, definition);
        state_defaults(definition);
    }
    sorted(json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ttai wire contract",
        "workflows": workflows,
        "activities": activities,
        "failure": failure,
        "$defs": definitions,
    }))
}

/// A workflow: how it is started, what it takes while it runs, what it answers.
fn described(workflow: &WorkflowEntry, generator: &mut SchemaGenerator) -> Value {
    let [params, answer] = (workflow.schemas)(generator);
    let fields = params.as_value().pointer("/$ref").and_then(Value::as_str).and_then(|reference| {
        let name = reference.rsplit('/').next()?;
        generator.definitions().get(name)?.get("properties").cloned()
    });
    let (id, execution_timeout) = start(workflow, &fields.unwrap_or_default());
    let mut entry = json!({
        "description": workflow.does,
        "queue": workflow.queue.name(),
        "id": id,
        "params": params,
        "answer": answer,
        "signals": {},
        "queries": {},
        "updates": {},
    });
    if let Some(seconds) = execution_timeout {
        entry["execution_timeout_seconds"] = seconds.into();
    }
    if !workflow.positional.is_empty() {
        entry["positional"] = json!(workflow.positional);
    }
    for handler in (workflow.handlers)() {
        let group = match handler.kind {
            HandlerKind::Signal => "signals",
            HandlerKind::Query => "queries",
            HandlerKind::Update => "updates",
        };
        entry[group][handler.name] = handled(&handler, generator);
    }
    entry
}

fn handled(handler: &Handler, generator: &mut SchemaGenerator) -> Value {
    let mut entry = json!({"description": handler.does});
    for (name, of) in [("argument", handler.argument), ("answer", handler.answer)] {
        if let Some(of) = of {
            entry[name] = (of.schema)(generator).to_value();
        }
    }
    entry
}

/// The workflow's id, with the names of fields for what is made of them, and the seconds after which the server ends a run.
fn start(workflow: &WorkflowEntry, fields: &Value) -> (String, Option<u64>) {
    let examples = in_ids();
    let request: Map<String, Value> = examples
        .iter()
        .chain(&beside_ids())
        .filter(|(name, _)| fields.get(name).is_some())
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    match (workflow.prepare)(vec![request.into()], "KEY") {
        Ok(start) => {
            let id = examples.iter().fold(start.id.replace("KEY", "{key}"), |id, (name, value)| {
                let written = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                id.replace(&written, &format!("{{{name}}}"))
            });
            (id, start.execution_timeout.map(|timeout| timeout.as_secs()))
        }
        Err(error) => (error.to_string(), None),
    }
}

/// An example of each field that is in the id of a workflow, told apart from everything else in it.
fn in_ids() -> [(&'static str, Value); 7] {
    [
        ("symbol", json!("SYMBOL")),
        ("account_id", json!("ACCOUNT")),
        ("user_id", json!("USER")),
        ("id", json!("TRADE")),
        ("source_name", json!("daily_bars")),
        ("report_name", json!("weekly_review")),
        ("shard", json!(987_654_321)),
    ]
}

/// An example of each other field that some workflow cannot do without.
fn beside_ids() -> [(&'static str, Value); 7] {
    let leg = json!({"instrument": "AAPL  140621P00630000", "action": "sell_to_open", "ratio": 1});
    [
        ("type", json!("full_analysis")),
        ("sources", json!(["earnings"])),
        ("legs", json!([leg])),
        ("quantity", json!(1)),
        ("entry_credit", json!("5.05")),
        ("opened_at", json!("2014-06-06T19:00:00Z")),
        ("expiration", json!("2014-06-21")),
    ]
}

/// Gives each object among the variants of an enum a name, for languages in which every object has one: `AlertSubjectWatchlist`
/// of the `AlertSubject` whose `kind` is `watchlist`, `AlertRepeatRepeating` of the `AlertRepeat` with the field `repeating`.
fn name_variants(name: &str, definition: &mut Value) {
    let variants = ["oneOf", "anyOf"].into_iter().find(|key| definition.get(key).is_some());
    let Some(Value::Array(variants)) = variants.and_then(|key| definition.get_mut(key)) else { return };
    for variant in variants {
        let Some(fields) = variant.get("properties").and_then(Value::as_object) else { continue };
        let tag = fields.values().find_map(|field| field.get("const")?.as_str());
        let only = fields.keys().next().filter(|_| fields.len() == 1).map(String::as_str);
        if let Some(tag) = tag.or(only) {
            let capitalised = tag.split('_').map(|word| {
                let (first, rest) = word.split_at(word.len().min(1));
                first.to_ascii_uppercase() + rest
            });
            variant["title"] = format!("{name}{}", capitalised.collect::<String>()).into();
        }
    }
}

/// What a field is that may be absent and not null: serde leaves it out where it is false or empty, and schemars its default then.
fn state_defaults(schema: &mut Value) {
    let required = schema.get("required").cloned().unwrap_or_default();
    if let Some(Value::Object(fields)) = schema.get_mut("properties") {
        for (name, field) in fields {
            let is_required = required.as_array().is_some_and(|names| names.contains(&json!(name)));
            let default = match field.get("type").and_then(Value::as_str) {
                Some("boolean") => json!(false),
                Some("array") => json!([]),
                None if field.get("$ref").is_some() => json!({}),
                _ => continue,
            };
            if let Value::Object(field) = field
                && !is_required
            {
                field.entry("default").or_insert(default);
            }
        }
    }
    match schema {
        Value::Object(parts) => parts.values_mut().for_each(state_defaults),
        Value::Array(parts) => parts.iter_mut().for_each(state_defaults),
        _ => {}
    }
}

/// A wrapper that nobody sees on the wire: its schema is that of what it wraps.
macro_rules! schema_of_content {
    ($wrapper:ident) => {
        impl<T: schemars::JsonSchema> schemars::JsonSchema for $wrapper<T> {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> std::borrow::Cow<'static, str> {
                T::schema_name()
            }
            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                generator.subschema_for::<T>()
            }
        }
    };
}
pub(crate) use schema_of_content;

/// Keys in alphabetical order, whichever map another crate of the program makes `serde_json` use.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields: std::collections::BTreeMap<String, Value> =
                fields.into_iter().map(|(key, field)| (key, sorted(field))).collect();
            Value::Object(fields.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::{Map, Value, json};
    use ttai_core::alert::AlertDefinition;

    use crate::lenient;
    use crate::workflows::workflows;

    /// Holds a generated file against the committed one, or writes it.
    fn check(path: &str, generated: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        if std::env::var_os("TTAI_UPDATE_SCHEMA").is_some() {
            std::fs::write(&path, generated).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == generated,
            "{} is stale; run TTAI_UPDATE_SCHEMA=1 cargo test -p ttai-contract",
            path.display()
        );
    }

    #[test]
    fn the_committed_schema_is_the_types_schema() {
        let mut generated = serde_json::to_string_pretty(&super::document()).unwrap();
        generated.push('\n');
        check("schema/contract.json", &generated);
    }

    #[test]
    fn the_committed_reference_is_the_schemas() {
        check("../../docs/wire.md", &crate::reference::of(&super::document()));
    }

    #[test]
    fn every_id_and_every_variant_has_its_name() {
        let document = super::document();
        for (name, workflow) in document["workflows"].as_object().unwrap() {
            let id = workflow["id"].as_str().unwrap();
            assert!(!id.contains(|c: char| c.is_ascii_uppercase() || c == ' '), "{name}: {id}");
        }
        assert_eq!(document["workflows"]["AlertShardWorkflow"]["id"], "price-alerts/{user_id}/shard-{shard}");
        assert_eq!(document["workflows"]["SyncSourceWorkflow"]["id"], "sync-{source_name}-{key}");
        assert_eq!(document["workflows"]["PositionMonitorWorkflow"]["id"], "monitor-{id}");
        assert_eq!(document["$defs"]["AlertSubject"]["oneOf"][2]["title"], "AlertSubjectWatchlist");
    }

    /// What a client sends that knows the schema and states every default: a Python dataclass does.
    fn stated(schema: &Value, definitions: &Value) -> Value {
        let definition = schema["$ref"]
            .as_str()
            .map_or(schema, |name| definitions.pointer(name.trim_start_matches("#/$defs")).unwrap());
        let Some(fields) = definition["properties"].as_object() else { return Value::Null };
        let required =
            |name: &str| definition["required"].as_array().is_some_and(|names| names.contains(&json!(name)));
        let all = fields.iter().filter(|(name, _)| !required(name)).map(|(name, field)| {
            let mut value = field.get("default").cloned().unwrap_or_default();
            if let (Some(given), Value::Object(inner)) = (value.as_object_mut(), stated(field, definitions)) {
                for (name, default) in inner {
                    given.entry(name).or_insert(default);
                }
            }
            (name.clone(), value)
        });
        Value::Object(all.collect())
    }

    #[test]
    fn a_field_that_is_absent_means_its_stated_default() {
        let document = super::document();
        for workflow in workflows() {
            let params = &document["workflows"][workflow.name]["params"];
            let mut everything = stated(params, &document["$defs"]);
            let fields = everything.as_object_mut().unwrap();
            let mut least = Map::new();
            for (name, value) in super::in_ids().into_iter().chain(super::beside_ids()) {
                let definition = &document.pointer(&params["$ref"].as_str().unwrap()[1..]).unwrap();
                if definition["required"].as_array().is_some_and(|names| names.contains(&json!(name))) {
                    least.insert(name.to_owned(), value.clone());
                    fields.insert(name.to_owned(), value);
                }
            }
            let (least, everything) = (Value::Object(least), everything.clone());
            assert!(
                (workflow.same_request)(&least, &everything),
                "{}: {least} is not {everything}",
                workflow.name
            );
        }
        let mut alert = stated(&json!({"$ref": "#/$defs/AlertDefinition"}), &document["$defs"]);
        let least = json!({"id": "1", "symbol": "AAPL", "condition": "below", "target_price": 90});
        alert.as_object_mut().unwrap().extend(least.as_object().unwrap().clone());
        let read = |alert| lenient::read::<AlertDefinition>(vec![alert]).unwrap();
        assert_eq!(read(least), read(alert));
    }
}
