//! A JSON Schema of every request and answer.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};
use ttai_quant::levels::LevelMap;
use ttai_quant::wheel::WheelReport;

use crate::ops::{
    assignment, chain, implied_vol, indicator, levels, margin, portfolio, price, select, session, strategy,
    wheel,
};
use crate::request::Operation;

fn pair<Q: JsonSchema, A: JsonSchema>(generator: &mut SchemaGenerator) -> (Schema, Schema) {
    (generator.subschema_for::<Q>(), generator.subschema_for::<A>())
}

/// A JSON Schema (draft 2020-12) with `requests` and `answers` by operation; an answer may be `{"error": …}` instead.
#[must_use]
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let (mut requests, mut answers) = (Map::new(), Map::new());
    for operation in Operation::ALL {
        let generator = &mut generator;
        let (request, answer) = match operation {
            Operation::European | Operation::American => {
                pair::<price::PriceRequest, price::PriceAnswer>(generator)
            }
            Operation::ImpliedVol => {
                pair::<implied_vol::ImpliedVolRequest, implied_vol::ImpliedVolAnswer>(generator)
            }
            Operation::Chain => pair::<chain::ChainRequest, chain::ChainAnswer>(generator),
            Operation::Select => pair::<select::SelectRequest, select::SelectAnswer>(generator),
            Operation::Strategy => pair::<strategy::StrategyRequest, strategy::StrategyAnswer>(generator),
            Operation::Margin => pair::<margin::MarginRequest, margin::MarginAnswer>(generator),
            Operation::AssignmentRisk => {
                pair::<assignment::AssignmentRequest, assignment::AssignmentAnswer>(generator)
            }
            Operation::Indicator => {
                pair::<indicator::IndicatorRequest, indicator::IndicatorAnswer>(generator)
            }
            Operation::Levels => pair::<levels::LevelsRequest, LevelMap>(generator),
            Operation::Session => pair::<session::SessionRequest, session::SessionAnswer>(generator),
            Operation::Portfolio => {
                pair::<portfolio::PortfolioRequest, portfolio::PortfolioAnswer>(generator)
            }
            Operation::Wheel => pair::<wheel::WheelRequest, WheelReport>(generator),
        };
        requests.insert(operation.name().to_owned(), request.to_value());
        answers.insert(operation.name().to_owned(), answer.to_value());
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ttai calc",
        "description": "One request a line: the operation's name in 'op', its fields beside it, any 'id' comes back. One answer a line, in order.",
        "requests": requests,
        "answers": answers,
        "error": {
            "type": "object",
            "required": ["error"],
            "properties": {
                "error": {"type": "string", "description": "What is wrong and what to change."},
                "line": {"type": "integer", "description": "The request's line, from 1."},
                "id": {"type": ["string", "number"], "description": "The request's own."}
            }
        },
        "$defs": generator.take_definitions(true)
    })
}
