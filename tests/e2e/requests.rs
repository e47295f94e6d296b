//! What a workflow is asked where a test asks all of them. Most need a symbol only; one that needs more has its line here.

use serde_json::{Value, json};

/// The smallest request of the workflow of that type, about AAPL.
pub(crate) fn request(workflow: &str) -> Value {
    let mut request = json!({"symbol": "AAPL"});
    if workflow == "AnalysisWorkflow" {
        request["type"] = json!("full_analysis");
    }
    request
}

/// How a case of the workflow is called: `chart-analysis` of `ChartAnalysisWorkflow`.
pub(crate) fn case_name(workflow: &str) -> String {
    let mut name = String::new();
    for character in workflow.trim_end_matches("Workflow").chars() {
        if character.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(character.to_ascii_lowercase());
    }
    name
}
