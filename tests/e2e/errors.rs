//! Requests that cannot be answered: a typed failure, once, whose message says what to change.

use anyhow::{Context, bail};
use serde_json::{Value, json};
use temporalio_protos::temporal::api::enums::v1::EventType;
use ttai_client::ClientError;
use ttai_contract::{FullAnalysisParams, WorkflowEntry, workflows};

use crate::lab::Lab;
use crate::market::{self, NO_BARS, NO_CHAIN};
use crate::requests;

/// A request as a foreign client sends it, and how it must fail.
struct Case {
    name: String,
    workflow: &'static str,
    arguments: Vec<Value>,
    kind: &'static str,
    says: &'static str,
    /// How many activity attempts it may cost.
    attempts: usize,
}

const FULL: &str = "FullAnalysisWorkflow";

#[tokio::test]
async fn each_bad_request_fails_once_and_says_what_to_change() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let market = market::with_faults(lab.folder())?;
    let _worker = lab.worker_with(&ttai_contract::TaskQueue::ALL, Some(market))?;
    for case in unanswerable().into_iter().chain(unusable()).chain(malformed()) {
        lab.start_raw(case.workflow, &case.name, &case.arguments).await?;
        fails_as_it_should(&lab, &case).await.with_context(|| case.name.clone())?;
    }
    Ok(())
}

async fn fails_as_it_should(lab: &Lab, case: &Case) -> anyhow::Result<()> {
    // The answer's type does not matter: there is none.
    let run = lab.client.run::<FullAnalysisParams>(&case.name);
    let ClientError::Failed { kind, message, .. } = lab.refusal(&run).await? else {
        bail!("the run did not fail");
    };
    assert_eq!(kind, case.kind, "{}: {message}", case.name);
    assert!(message.contains(case.says), "{}: {message}", case.name);
    let events = lab.events(&case.name).await?;
    let attempts = events.iter().filter(|event| event.event_type() == EventType::ActivityTaskStarted).count();
    assert_eq!(attempts, case.attempts, "{}: attempts", case.name);
    let stuck = events.iter().any(|event| event.event_type() == EventType::WorkflowTaskFailed);
    assert!(!stuck, "{}: a workflow task failed", case.name);
    Ok(())
}

/// The market does not have it.
fn unanswerable() -> Vec<Case> {
    let case = |name: &str, symbol: &str, kind, says, attempts| Case {
        name: name.to_owned(),
        workflow: FULL,
        arguments: vec![json!({"symbol": symbol})],
        kind,
        says,
        attempts,
    };
    vec![
        case("unknown symbol", "ZZZZ", "InvalidSymbolError", "ZZZZ; check the spelling", 1),
        case("no ticker", "A L", "InvalidSymbolError", "not a ticker", 0),
        case("no chain", NO_CHAIN, "DataUnavailableError", "option chain", 2),
        case("no bars", NO_BARS, "DataUnavailableError", "daily bars", 1),
    ]
}

/// What is asked makes no sense.
fn unusable() -> Vec<Case> {
    let case = |name: &str, constraints: Value, says| Case {
        name: name.to_owned(),
        workflow: FULL,
        arguments: vec![json!({"symbol": "AAPL", "constraints": constraints})],
        kind: "ValidationError",
        says,
        attempts: 0,
    };
    vec![
        case(
            "days the wrong way",
            json!({"dte_min": 40, "dte_max": 20}),
            "dte_min (40) exceeds dte_max (20)",
        ),
        case(
            "negative delta",
            json!({"maxDelta": -0.3}),
            "constraints.max_delta: -0.3 is not between 0 and 1",
        ),
        case("misspelt constraint", json!({"max_dleta": 0.3}), "max_dleta"),
    ]
}

/// What is sent cannot be read, by any of the workflows.
fn malformed() -> Vec<Case> {
    let cases = |workflow: &'static str| {
        let case = |what: &str, arguments, says| Case {
            name: format!("{workflow}, {what}"),
            workflow,
            arguments,
            kind: "ValidationError",
            says,
            attempts: 0,
        };
        let request = requests::request(workflow);
        let with = |field: &str, value: Value| {
            let mut request = request.clone();
            request[field] = value;
            request
        };
        let mut without_symbol = request.clone();
        without_symbol.as_object_mut().map(|fields| fields.remove("symbol"));
        [
            case("wrong type", vec![with("symbol", json!(7))], "invalid type"),
            case("missing field", vec![without_symbol], "ield"),
            case("no object", vec![json!("AAPL")], "no JSON object"),
            case("a list", vec![json!(["AAPL", "covered_call"])], "a list was sent"),
            case("hostile text", vec![json!("\u{7f}".repeat(200_000))], "no JSON object"),
            case("too much", vec![json!("\u{7f}".repeat(700_000))], "send at most"),
            case("hostile model", vec![with("model", json!("\u{7f}".repeat(200_000)))], "not provider/model"),
            case("another century", vec![with("as_of", json!("-262143-01-01T00:00:00Z"))], "as_of"),
            case("year 9999", vec![with("as_of", json!("9999-01-01T00:00:00Z"))], "as_of"),
            case("no argument", vec![], "no argument was sent; send one JSON object"),
            case("one too many", vec![request.clone(), request], "2 arguments were sent"),
        ]
    };
    let is_analysis = |workflow: &WorkflowEntry| requests::request(workflow.name).get("symbol").is_some();
    let (analyses, others): (Vec<_>, Vec<_>) = workflows().into_iter().partition(is_analysis);
    let analyses = analyses.into_iter().flat_map(|workflow| cases(workflow.name));
    analyses.chain(others.into_iter().flat_map(|workflow| malformed_of_other(&workflow))).collect()
}

/// The same for a workflow that is about no symbol: one that would live on, too.
fn malformed_of_other(entry: &WorkflowEntry) -> Vec<Case> {
    let workflow = entry.name;
    let with = |field: &str, value: Value| {
        let mut request = if entry.is_entity { json!({}) } else { requests::request(workflow) };
        request[field] = value;
        request
    };
    let list = if workflow == "ScheduledSyncWorkflow" { "no source 'ann'" } else { "a list was sent" };
    let case = |what: &str, arguments, says| Case {
        name: format!("{workflow}, {what}"),
        workflow,
        arguments,
        kind: "ValidationError",
        says,
        attempts: 0,
    };
    let hostile = "\u{7f}".repeat(200_000);
    vec![
        case("wrong type", vec![with("user_id", json!(7))], "invalid type"),
        case("misspelt field", vec![with("user", json!("ann"))], "user"),
        case("hostile user", vec![with("user_id", json!(hostile))], "user_id"),
        case("no object", vec![json!(7)], ""),
        case("a list", vec![json!(["ann"])], list),
        case("too much", vec![json!("\u{7f}".repeat(700_000))], "send at most"),
        case("many too many", vec![json!({}); 6], "6 arguments were sent"),
    ]
}
