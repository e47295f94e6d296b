//! JSON Schema of every param and result, generated from the types.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use crate::{analysis, chart, full, notification, options, progress, research, storage};

/// One document: `$defs` by type name.
#[must_use]
pub fn document() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    generator.subschema_for::<chart::ChartAnalysisParams>();
    generator.subschema_for::<chart::ChartAnalysisResult>();
    generator.subschema_for::<options::OptionsAnalysisParams>();
    generator.subschema_for::<options::OptionsAnalysisResult>();
    generator.subschema_for::<research::ResearchAnalysisParams>();
    generator.subschema_for::<research::ResearchAnalysisResult>();
    generator.subschema_for::<full::FullAnalysisParams>();
    generator.subschema_for::<full::FullAnalysisResult>();
    generator.subschema_for::<full::SynthesizeParams>();
    generator.subschema_for::<full::SynthesizedRecommendation>();
    generator.subschema_for::<analysis::AnalysisParams>();
    generator.subschema_for::<analysis::AnalysisResult>();
    generator.subschema_for::<storage::SaveAnalysisParams>();
    generator.subschema_for::<notification::NotificationParams>();
    generator.subschema_for::<notification::NotificationReceipt>();
    generator.subschema_for::<notification::RouteAlertsParams>();
    generator.subschema_for::<progress::AnalysisProgress>();
    let definitions: Map<String, Value> = generator.take_definitions(true).into_iter().collect();
    sorted(serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ttai wire contract",
        "$defs": definitions,
    }))
}

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
