//! Our model client against the simulated model, over OpenAI's protocol.

use std::sync::Arc;

use serde_json::json;
use ttai_http::LocalLimits;
use ttai_ports::{AccountLimits, Model, ModelMessage, ModelRequest, PortError, StopReason, ToolDefinition};
use ttai_providers::llm::{Llm, LlmSettings};
use ttai_sim::server::RunningSim;

use crate::support::{arm, sim};

const KEY: &str = "sk-planted-in-the-test";

fn llm(sim: &RunningSim) -> Llm {
    let settings: LlmSettings = serde_json::from_value(json!({
        "providers": {
            "sim": {"base_url": sim.endpoints.openai, "api_key": KEY},
            "anonymous": {"base_url": sim.endpoints.openai},
            // The crate's adapter of OpenAI's protocol, pointed at the simulation.
            "groq": {"protocol": "native", "base_url": sim.endpoints.openai, "api_key": KEY},
        },
        "prices": {"sim/analyst": {"input": 1.0, "output": 2.0}},
    }))
    .unwrap();
    let limits: Arc<dyn AccountLimits> = Arc::new(LocalLimits::default());
    Llm::new(&settings, &limits).unwrap()
}

fn request(model: &str) -> ModelRequest {
    let facts = json!({"verdicts_from_bold_to_cautious": ["select", "watchlist"],
        "deterministic_result": {"recommendation": "select", "price": 101.25}});
    let schema = json!({"type": "object", "properties": {
            "recommendation": {"type": "string", "enum": ["select", "watchlist"]}, "summary": {"type": "string"}},
        "required": ["recommendation", "summary"], "additionalProperties": false});
    let tool = ToolDefinition {
        name: "levels".to_owned(),
        description: "levels".to_owned(),
        parameters: json!({"type": "object", "properties": {}}),
    };
    ModelRequest {
        model: model.to_owned(),
        messages: vec![
            ModelMessage::System { text: "rules".to_owned() },
            ModelMessage::User { text: format!("The facts, as JSON.\n{facts}") },
        ],
        tools: vec![tool],
        answer_schema: Some(("answer".to_owned(), schema)),
        max_output_tokens: 500,
    }
}

/// Tools first, then the answer.
async fn converse(llm: &Llm, model: &str) -> serde_json::Value {
    let mut request = request(model);
    let turn = llm.turn(&request).await.unwrap();
    assert_eq!((turn.stop, turn.tool_calls[0].name.as_str()), (StopReason::ToolCalls, "levels"));
    assert!(turn.usage.input_tokens > 0 && turn.usage.output_tokens > 0, "{turn:?}");
    let call_id = turn.tool_calls[0].id.clone();
    request.messages.push(turn.message());
    request.messages.push(ModelMessage::Tool { call_id, content: "{\"support\": 99.5}".to_owned() });
    let turn = llm.turn(&request).await.unwrap();
    assert_eq!(turn.stop, StopReason::Finished);
    serde_json::from_str(&turn.text).unwrap()
}

#[tokio::test]
async fn a_conversation_with_tools_ends_in_json_that_fits() {
    let sim = sim().await;
    let llm = llm(&sim);
    for provider in ["sim", "groq"] {
        let answer = converse(&llm, &format!("{provider}/analyst")).await;
        assert_eq!(answer["recommendation"], "select", "{provider}: {answer}");
        assert!(answer["summary"].as_str().unwrap().contains("101.25"), "{provider}: {answer}");
    }
    sim.shutdown().await;
}

#[tokio::test]
async fn a_turn_says_what_it_cost() {
    let sim = sim().await;
    let llm = llm(&sim);
    let turn = llm.turn(&request("sim/analyst")).await.unwrap();
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    let expected = (turn.usage.input_tokens as f64 + 2.0 * turn.usage.output_tokens as f64) / 1e6;
    assert!((turn.usage.cost_usd.unwrap() - expected).abs() < 1e-12);
    assert_eq!(llm.turn(&request("sim/cautious")).await.unwrap().usage.cost_usd, None);
    sim.shutdown().await;
}

#[tokio::test]
async fn a_model_without_schemas_answers_by_a_tool() {
    let sim = sim().await;
    let llm = llm(&sim);
    let answer = converse(&llm, "sim/no-schema").await;
    assert_eq!(answer["recommendation"], "select", "{answer}");
    sim.shutdown().await;
}

#[tokio::test]
async fn endings_are_seen_as_what_they_are() {
    let sim = sim().await;
    let llm = llm(&sim);
    for (model, stop) in [
        ("refusal", StopReason::Filtered),
        ("filtered", StopReason::Filtered),
        ("truncated", StopReason::Length),
        ("loop", StopReason::ToolCalls),
        ("malformed", StopReason::Finished),
    ] {
        assert_eq!(llm.turn(&request(&format!("sim/{model}"))).await.unwrap().stop, stop, "{model}");
    }
    sim.shutdown().await;
}

#[tokio::test]
async fn refusals_have_their_class_and_no_key() {
    let sim = sim().await;
    let fault = |status: u16, body: serde_json::Value| {
        json!({"service": "openai", "times": 2, "action": "status", "status": status, "body": body.to_string()}).to_string()
    };
    let echo = json!({"error": {"message": format!("Incorrect API key provided: {KEY}"), "code": "invalid_api_key"}});
    let long = json!({"error": {"message": "maximum context length is 8192 tokens", "code": "context_length_exceeded"}});
    for provider in ["sim", "groq"] {
        for (status, body, wanted) in [
            (401, &echo, "refuses the credentials"),
            (400, &long, "longer than the model takes"),
            (503, &json!({"error": {"message": "overloaded"}}), "unavailable"),
        ] {
            let llm = llm(&sim);
            arm(&sim, &fault(status, body.clone()));
            let error = llm.turn(&request(&format!("{provider}/analyst"))).await.unwrap_err().to_string();
            assert!(error.contains(wanted) && error.contains(provider) && !error.contains(KEY), "{error}");
            sim.state.faults.remove(None, &sim.state.market);
        }
        let llm = llm(&sim);
        arm(&sim, r#"{"service":"openai","action":"status","status":429,"retry_after":70}"#);
        let error = llm.turn(&request(&format!("{provider}/analyst"))).await.unwrap_err();
        assert!(
            matches!(error, PortError::Unavailable { retry_after: Some(wait), .. } if wait.as_secs() == 70),
            "{provider}: {error}"
        );
        // The account is held up until then.
        let error = llm.turn(&request(&format!("{provider}/analyst"))).await.unwrap_err();
        assert!(error.to_string().contains("rate limit"), "{provider}: {error}");
    }
    let error = llm(&sim).turn(&request("anonymous/analyst")).await.unwrap_err();
    assert!(matches!(error, PortError::Authentication { .. }), "{error}");
    let error = llm(&sim).turn(&request("sim/unheard")).await.unwrap_err();
    assert!(matches!(error, PortError::Invalid { .. }), "{error}");
    sim.shutdown().await;
}

#[tokio::test]
async fn a_lost_or_cut_answer_is_asked_for_again() {
    let sim = sim().await;
    let llm = llm(&sim);
    for fault in [
        r#"{"service":"openai","action":"lost_reply"}"#,
        r#"{"service":"openai","action":"reset"}"#,
        r#"{"service":"openai","action":"cut_body","after_bytes":20}"#,
    ] {
        arm(&sim, fault);
        let turn = llm.turn(&request("sim/analyst")).await;
        assert!(turn.is_ok(), "{fault}: {turn:?}");
    }
    sim.shutdown().await;
}
