//! One line: which operation it asks for, and its answer or its error.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::CalcError;
use crate::ops::{
    assignment, chain, implied_vol, indicator, levels, margin, portfolio, price, select, session, strategy,
    wheel,
};

/// What can be asked, by the name in `op`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Price and Greeks of a European option.
    European,
    /// Price and Greeks of an American option, with a yield or with cash dividends.
    American,
    /// The volatility that a price implies.
    ImpliedVol,
    /// Statuses, implied volatilities and Greeks of a chain.
    Chain,
    /// Which contract of a chain to sell under constraints.
    Select,
    /// What legs can make, lose and tie up.
    Strategy,
    /// What Regulation T asks for legs.
    Margin,
    /// How likely a short option is to be assigned.
    AssignmentRisk,
    /// A technical indicator over bars.
    Indicator,
    /// Support, resistance, Fibonacci, gaps and trend lines of bars.
    Levels,
    /// The exchange's session of a date.
    Session,
    /// Value, Greeks, payoff, margin and assignment risk of positions.
    Portfolio,
    /// Wheel cycles, basis and income out of transactions.
    Wheel,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 13] = [
        Self::European,
        Self::American,
        Self::ImpliedVol,
        Self::Chain,
        Self::Select,
        Self::Strategy,
        Self::Margin,
        Self::AssignmentRisk,
        Self::Indicator,
        Self::Levels,
        Self::Session,
        Self::Portfolio,
        Self::Wheel,
    ];

    /// The name in `op`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::European => "european",
            Self::American => "american",
            Self::ImpliedVol => "implied_vol",
            Self::Chain => "chain",
            Self::Select => "select",
            Self::Strategy => "strategy",
            Self::Margin => "margin",
            Self::AssignmentRisk => "assignment_risk",
            Self::Indicator => "indicator",
            Self::Levels => "levels",
            Self::Session => "session",
            Self::Portfolio => "portfolio",
            Self::Wheel => "wheel",
        }
    }

    /// All names, for messages.
    pub(crate) fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }

    fn of(name: &str) -> Option<Self> {
        let plain = name.trim().to_ascii_lowercase().replace('-', "_");
        Self::ALL.into_iter().find(|operation| operation.name() == plain)
    }
}

/// The answer to one line as a JSON object: the operation's fields, or `error`. An `id` in the request comes back.
#[must_use]
pub fn answer(line: &[u8]) -> Value {
    let parsed = serde_json::from_slice::<Value>(line);
    let (id, found) = match parsed {
        Err(error) => (None, Err(CalcError::Malformed(error.to_string()))),
        Ok(Value::Object(mut fields)) => {
            let id = fields.remove("id").filter(|id| id.is_string() || id.is_number());
            (id, evaluate(fields))
        }
        Ok(_) => (None, Err(CalcError::NotAnObject)),
    };
    let mut fields = match found {
        Ok(fields) => fields,
        Err(error) => Map::from_iter([("error".to_owned(), Value::String(error.to_string()))]),
    };
    if let Some(id) = id {
        fields.insert("id".to_owned(), id);
    }
    Value::Object(fields)
}

/// The answer to the fields of one request, `op` among them.
///
/// # Errors
/// [`CalcError`] says which field is wrong and what it may be.
pub fn evaluate(mut fields: Map<String, Value>) -> Result<Map<String, Value>, CalcError> {
    let named = fields.remove("op").ok_or(CalcError::NoOperation)?;
    let unknown = || CalcError::UnknownOperation(named.to_string().chars().take(40).collect());
    let operation = named.as_str().and_then(Operation::of).ok_or_else(unknown)?;
    match operation {
        Operation::European => run(operation, fields, |request| price::european(&request)),
        Operation::American => run(operation, fields, |request| price::american(&request)),
        Operation::ImpliedVol => run(operation, fields, |request| implied_vol::implied_vol(&request)),
        Operation::Chain => run(operation, row_as_request(fields), chain::chain),
        Operation::Select => run(operation, row_as_request(fields), select::select),
        Operation::Strategy => run(operation, fields, |request| strategy::strategy(&request)),
        Operation::Margin => run(operation, fields, |request| margin::margin(&request)),
        Operation::AssignmentRisk => run(operation, fields, |request| assignment::assignment_risk(&request)),
        Operation::Indicator => run(operation, fields, |request| indicator::indicator(&request)),
        Operation::Levels => run(operation, fields, |request| levels::levels(&request)),
        Operation::Session => run(operation, fields, |request| session::session(&request)),
        Operation::Portfolio => run(operation, fields, portfolio::portfolio),
        Operation::Wheel => run(operation, fields, |request| wheel::wheel(&request)),
    }
}

/// A row of a chains file with an `op` becomes a request about that row.
fn row_as_request(mut fields: Map<String, Value>) -> Map<String, Value> {
    const BESIDE_A_ROW: [&str; 9] =
        ["rate", "r", "rate_continuous", "dividends", "as_of", "meta", "constraints", "filter", "strategy"];
    if !fields.contains_key("bid") {
        return fields;
    }
    let beside: Vec<(String, Value)> =
        BESIDE_A_ROW.iter().filter_map(|name| Some(((*name).to_owned(), fields.remove(*name)?))).collect();
    let mut request = Map::from_iter([("row".to_owned(), Value::Object(fields))]);
    request.extend(beside);
    request
}

/// Reads the request, answers it, writes the answer.
fn run<Q: DeserializeOwned, A: Serialize>(
    operation: Operation,
    fields: Map<String, Value>,
    ask: impl FnOnce(Q) -> Result<A, CalcError>,
) -> Result<Map<String, Value>, CalcError> {
    let request: Q = serde_path_to_error::deserialize(Value::Object(fields)).map_err(|error| {
        let path = error.path().to_string();
        let place = if path == "." { String::new() } else { format!("{path}: ") };
        CalcError::Field { operation: operation.name(), place, problem: error.into_inner().to_string() }
    })?;
    match serde_json::to_value(ask(request)?) {
        Ok(Value::Object(fields)) => Ok(fields),
        _ => Err(CalcError::NotFinite),
    }
}
