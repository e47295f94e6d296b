//! An OpenAI-compatible model with scripted answers: `/v1/chat/completions` and `/v1/models`.
//!
//! The model's name chooses the script (`GET /v1/models` lists them). Answers may also be given beforehand: `POST
//! /v1/_script` with a list of `{"text": …}` or `{"tool_calls": [{"name", "arguments"}]}` is played before anything else,
//! one answer a request; so a file of answers is sent with one call.

mod analyst;
mod script;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::SimState;
use script::{Reply, SCRIPTS, Said};

#[derive(Clone)]
struct Endpoint {
    state: SimState,
    queue: Arc<Mutex<VecDeque<Reply>>>,
}

pub(crate) fn router(state: SimState) -> Router {
    let endpoint = Endpoint { state, queue: Arc::default() };
    Router::new()
        .route("/v1/chat/completions", post(complete))
        .route("/v1/models", get(models))
        .route("/v1/_script", post(load).delete(unload))
        .with_state(endpoint)
}

async fn models(State(endpoint): State<Endpoint>, headers: HeaderMap) -> Response {
    if let Some(refusal) = unauthorised(&headers) {
        return refusal;
    }
    let created = endpoint.state.market.now().timestamp();
    let model = |(name, _): &(&str, &str)| json!({"id": name, "object": "model", "created": created, "owned_by": "ttai-sim"});
    Json(json!({"object": "list", "data": SCRIPTS.iter().map(model).collect::<Vec<_>>()})).into_response()
}

async fn load(State(endpoint): State<Endpoint>, Json(replies): Json<Vec<Reply>>) -> StatusCode {
    endpoint.queue.lock().unwrap_or_else(PoisonError::into_inner).extend(replies);
    StatusCode::NO_CONTENT
}

async fn unload(State(endpoint): State<Endpoint>) -> StatusCode {
    endpoint.queue.lock().unwrap_or_else(PoisonError::into_inner).clear();
    StatusCode::NO_CONTENT
}

async fn complete(State(endpoint): State<Endpoint>, headers: HeaderMap, body: axum::body::Bytes) -> Response {
    if let Some(refusal) = unauthorised(&headers) {
        return refusal;
    }
    let Ok(request) = serde_json::from_slice::<Value>(&body) else {
        return refuse(
            StatusCode::BAD_REQUEST,
            "invalid_json",
            "We could not parse the JSON body of your request.",
        );
    };
    let name = request["model"].as_str().unwrap_or_default();
    // A gateway's prefix is not the model's name.
    let name = name.rsplit('/').next().unwrap_or_default();
    if !SCRIPTS.iter().any(|(script, _)| *script == name) {
        return refuse(
            StatusCode::NOT_FOUND,
            "model_not_found",
            &format!("The model '{name}' does not exist."),
        );
    }
    if request["messages"].as_array().is_none_or(Vec::is_empty) {
        return refuse(
            StatusCode::BAD_REQUEST,
            "invalid_request_error",
            "'messages' must be a list with at least one message.",
        );
    }
    if request["stream"] == true {
        return refuse(StatusCode::BAD_REQUEST, "unsupported_value", "This simulation does not stream.");
    }
    if name == "no-schema" && !request["response_format"].is_null() {
        let message =
            "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.";
        return refuse(StatusCode::BAD_REQUEST, "invalid_request_error", message);
    }
    let queued = endpoint.queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let said = match queued {
        Some(reply) => reply.into_said(),
        None => script::play(name, &request),
    };
    let created = endpoint.state.market.now().timestamp();
    Json(completion(name, created, &request, &said)).into_response()
}

fn completion(name: &str, created: i64, request: &Value, said: &Said) -> Value {
    let calls: Vec<Value> = said
        .calls
        .iter()
        .enumerate()
        .map(|(index, (tool, arguments))| {
            json!({"id": format!("call_{}_{index}", script::turns_taken(request)), "type": "function",
                "function": {"name": tool, "arguments": arguments.to_string()}})
        })
        .collect();
    let content = if said.text.is_empty() { Value::Null } else { json!(said.text) };
    let mut message = json!({"role": "assistant", "content": content, "refusal": said.refusal});
    if !calls.is_empty() {
        message["tool_calls"] = json!(calls);
    }
    let prompt = tokens(&request["messages"].to_string());
    let written = tokens(&said.text) + tokens(&json!(calls).to_string());
    json!({
        "id": format!("chatcmpl-sim-{created}-{}", script::turns_taken(request)),
        "object": "chat.completion",
        "created": created,
        "model": name,
        "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": said.finish}],
        "usage": {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written},
        "system_fingerprint": "fp_sim",
    })
}

/// About four letters a token, as the vendors say.
fn tokens(text: &str) -> usize {
    text.chars().count().div_ceil(4)
}

fn unauthorised(headers: &HeaderMap) -> Option<Response> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let key = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default().trim();
    let missing = "You didn't provide an API key.";
    key.is_empty().then(|| refuse(StatusCode::UNAUTHORIZED, "invalid_api_key", missing))
}

fn refuse(status: StatusCode, code: &str, message: &str) -> Response {
    let body =
        json!({"error": {"message": message, "type": "invalid_request_error", "param": null, "code": code}});
    (status, Json(body)).into_response()
}
