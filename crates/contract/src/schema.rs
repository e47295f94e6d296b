//! JSON Schema of the whole wire, generated from the catalogues.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::activities::activities;
use crate::call::AttemptProgress;
use crate::workflows::workflows;

/// One document: the workflows and activities with what they take and answer, and `$defs` by type name.
#[must_use]
pub fn document() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    generator.subschema_for::<AttemptProgress>();
    let workflows: Map<String, Value> = workflows()
        .into_iter()
        .map(|workflow| {
            let [params, answer, status] = (workflow.schemas)(&mut generator);
            let entry =
                json!({"queue": workflow.queue.name(), "params": params, "answer": answer, "status": status});
            (workflow.name.to_owned(), entry)
        })
        .collect();
    let activities: Map<String, Value> = activities()
        .into_iter()
        .map(|activity| {
            let (input, output) = (activity.schemas)(&mut generator);
            let queue = activity.policy.queue.map_or("the caller's", |queue| queue.name());
            (activity.name, json!({"queue": queue, "input": input, "output": output}))
        })
        .collect();
    let definitions: Map<String, Value> = generator.take_definitions(true).into_iter().collect();
    sorted(json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ttai wire contract",
        "workflows": workflows,
        "activities": activities,
        "$defs": definitions,
    }))
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

    #[test]
    fn the_committed_schema_is_the_types_schema() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/contract.json");
        let mut generated = serde_json::to_string_pretty(&super::document()).unwrap();
        generated.push('\n');
        if std::env::var_os("TTAI_UPDATE_SCHEMA").is_some() {
            std::fs::write(&path, &generated).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == generated,
            "schema/contract.json is stale; run the tests once with TTAI_UPDATE_SCHEMA=1"
        );
    }
}
