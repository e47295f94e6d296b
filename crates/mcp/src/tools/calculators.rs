//! Calculators: the numbers alone, without a market.

use async_trait::async_trait;
use serde_json::{Map, Value};
use ttai_calc::Operation;

use crate::answer::ToolAnswer;
use crate::field::{FieldKind, ToolField, required};
use crate::problem::ToolProblem;
use crate::tool::{McpCall, McpTool, ToolEffect, ToolSpec};
use crate::toolset::Toolset;

/// What can be calculated.
const OPERATIONS: &[&str] = &[
    "european",
    "american",
    "implied_vol",
    "chain",
    "select",
    "strategy",
    "margin",
    "assignment_risk",
    "indicator",
    "levels",
    "session",
    "portfolio",
    "wheel",
];

const OPERATION: ToolField = required(
    "operation",
    FieldKind::Choice(OPERATIONS),
    "european, american: price and Greeks; implied_vol; strategy: what legs can make, lose and tie up; margin: Regulation T; \
     assignment_risk; session: the exchange's hours on a date; indicator, levels: over bars; chain, select, portfolio, wheel.",
);

/// `ttai_calculate`.
pub(crate) struct Calculate;
/// `ttai_calculator_describe`.
pub(crate) struct DescribeCalculator;

#[async_trait]
impl McpTool for Calculate {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_calculate",
            title: "Calculate",
            about: "Exact option mathematics without a market: prices, Greeks, implied volatility, payoff, margin, assignment risk, \
                    trading sessions, indicators. Call ttai_calculator_describe first for an operation's fields. Example: \
                    operation=american, fields={\"right\":\"put\",\"spot\":100,\"strike\":95,\"days\":30,\"rate\":0.04,\"volatility\":0.3}.",
            toolset: Toolset::Calculators,
            standard: true,
            effect: ToolEffect::Reads,
            arguments: &[
                OPERATION,
                required("fields", FieldKind::Object, "The operation's fields as an object."),
            ],
            answers: &[crate::field::field("answer", FieldKind::Object, "The operation's answer.")],
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        let operation = call.arguments.text("operation").unwrap_or_default().to_owned();
        let mut fields: Map<String, Value> = call.arguments.typed("fields").unwrap_or_default();
        fields.insert("op".to_owned(), operation.clone().into());
        let calculated = tokio::task::spawn_blocking(move || ttai_calc::evaluate(fields)).await;
        let calculated =
            calculated.map_err(|_| ToolProblem::new("the calculation broke off", "Simplify the request."))?;
        let next = format!("ttai_calculator_describe with operation={operation} lists its fields.");
        let answer = calculated.map_err(|error| ToolProblem::of("fields", error.to_string(), next))?;
        ToolAnswer::of("answer", answer)
    }
}

#[async_trait]
impl McpTool for DescribeCalculator {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_calculator_describe",
            title: "Describe a calculator",
            about: "The JSON Schema of an operation's fields and answer, for ttai_calculate.",
            toolset: Toolset::Calculators,
            standard: true,
            effect: ToolEffect::Reads,
            arguments: &[OPERATION],
            answers: &[crate::field::field("schema", FieldKind::Object, "Its fields and its answer.")],
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        ToolAnswer::of("schema", describe(call.arguments.text("operation").unwrap_or_default()))
    }
}

/// The schema of an operation's request and answer, with the definitions that they use; null for no operation.
pub(crate) fn describe(operation: &str) -> Value {
    if !Operation::ALL.into_iter().any(|known| known.name() == operation) {
        return Value::Null;
    }
    let whole = ttai_calc::schema();
    let part = |kind: &str| whole.get(kind).and_then(|all| all.get(operation)).cloned().unwrap_or_default();
    let (fields, answer) = (part("requests"), part("answers"));
    let all = whole.get("$defs").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut used = Map::new();
    collect(&fields, &all, &mut used);
    collect(&answer, &all, &mut used);
    serde_json::json!({"fields": fields, "answer": answer, "$defs": used})
}

/// Follows references into the definitions.
fn collect(schema: &Value, all: &Map<String, Value>, used: &mut Map<String, Value>) {
    match schema {
        Value::Object(fields) => {
            let name =
                fields.get("$ref").and_then(Value::as_str).and_then(|place| place.strip_prefix("#/$defs/"));
            if let Some((name, definition)) = name.and_then(|name| all.get_key_value(name))
                && !used.contains_key(name)
            {
                used.insert(name.clone(), definition.clone());
                collect(definition, all, used);
            }
            fields.values().for_each(|value| collect(value, all, used));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, all, used)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_offered_and_described() {
        let known: Vec<&str> = Operation::ALL.map(Operation::name).to_vec();
        assert_eq!(OPERATIONS, known);
        for operation in OPERATIONS {
            let described = describe(operation);
            let named =
                described["fields"].get("$ref").is_some() || described["fields"].get("properties").is_some();
            assert!(named, "{operation}: {described}");
            assert!(described.to_string().len() < crate::LONGEST_ANSWER, "{operation}");
        }
    }
}
