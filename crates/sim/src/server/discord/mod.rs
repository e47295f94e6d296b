//! Discord's "Execute Webhook" (API v10) as a sink: the vendor's limits, refusals, rate limits and answers; what passes
//! lies in the inbox.
//!
//! Any id and token is a webhook, but for two tokens: `deleted` is an unknown webhook (404), `wrong` an invalid token (401).

mod answer;
mod form;
mod validate;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use self::form::{Form, FormError, from_multipart};
use super::SimState;
use super::inbox::{InboxMessage, saved_headers};
use super::throttle::{Allowance, Throttle};

/// "The default limit is 10 MiB" (it was 25 before and 20 after; the lowest is the one to be safe with).
const LARGEST_FILE: usize = 10 << 20;
const LARGEST_REQUEST: usize = 128 << 20;

struct Sink {
    state: SimState,
    /// Five in two seconds for a webhook, as Discord's headers say in practice.
    throttle: Throttle,
}

#[derive(Deserialize)]
struct ExecuteQuery {
    wait: Option<String>,
    thread_id: Option<String>,
}

pub(crate) fn router(state: SimState) -> Router {
    let sink = Arc::new(Sink { state, throttle: Throttle::new(5, Duration::from_secs(2)) });
    let webhook = || post(execute);
    Router::new()
        .route("/webhooks/{id}/{token}", webhook())
        .route("/api/webhooks/{id}/{token}", webhook())
        .route("/api/v10/webhooks/{id}/{token}", webhook())
        .layer(DefaultBodyLimit::max(LARGEST_REQUEST))
        .with_state(sink)
}

async fn execute(
    State(sink): State<Arc<Sink>>,
    Path((id, token)): Path<(String, String)>,
    Query(query): Query<ExecuteQuery>,
    request: Request,
) -> Response {
    let allowance = sink.throttle.take(&format!("{id}/{token}"), Instant::now());
    let mut answer = if allowance.passes {
        let taken = take(&sink.state, &id, &token, &query, request).await;
        taken.unwrap_or_else(Refusal::into_response)
    } else {
        too_many(allowance)
    };
    add_limits(answer.headers_mut(), &sink, allowance);
    answer
}

async fn take(
    state: &SimState,
    id: &str,
    token: &str,
    query: &ExecuteQuery,
    request: Request,
) -> Result<Response, Refusal> {
    if !is_snowflake(id) {
        return Err(Refusal::form(vec![FormError::at(
            &["webhook_id"],
            "NUMBER_TYPE_COERCE",
            &format!("Value \"{id}\" is not snowflake."),
        )]));
    }
    match token {
        "deleted" => return Err(Refusal::new(StatusCode::NOT_FOUND, 10_015, "Unknown Webhook")),
        "wrong" => return Err(Refusal::new(StatusCode::UNAUTHORIZED, 50_027, "Invalid Webhook Token")),
        _ => {}
    }
    if query.thread_id.as_deref().is_some_and(|thread| !is_snowflake(thread)) {
        return Err(Refusal::form(vec![FormError::at(
            &["thread_id"],
            "NUMBER_TYPE_COERCE",
            "Value is not snowflake.",
        )]));
    }
    let headers = saved_headers(request.headers(), &["user-agent", "content-type"]);
    let form = read(state, request).await?;
    if form.files.iter().any(|file| file.size > LARGEST_FILE) {
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, 40_005, "Request entity too large"));
    }
    if form.files.len() > 10 {
        return Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            30_015,
            "Maximum number of attachments in a message reached (10)",
        ));
    }
    let errors = validate::errors(&form.payload);
    if !errors.is_empty() {
        return Err(Refusal::form(errors));
    }
    if form.files.is_empty() && validate::is_empty(&form.payload) {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, 50_006, "Cannot send an empty message"));
    }
    let message = answer::message(state, id, &form);
    state.inbox.push(InboxMessage {
        channel: "discord".to_owned(),
        target: id.to_owned(),
        received_at: state.market.now(),
        headers,
        body: form.payload,
        files: form.files,
    });
    Ok(if is_true(query.wait.as_deref()) {
        Json(message).into_response()
    } else {
        StatusCode::NO_CONTENT.into_response()
    })
}

async fn read(state: &SimState, request: Request) -> Result<Form, Refusal> {
    let content_type = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    if content_type.starts_with("multipart/form-data") {
        let parts = Multipart::from_request(request, state).await.map_err(|_| Refusal::unreadable())?;
        return from_multipart(parts).await.map_err(|()| Refusal::unreadable());
    }
    if !content_type.starts_with("application/json") {
        let message =
            "Expected \"Content-Type\" header to be one of {'application/json', 'multipart/form-data'}.";
        return Err(Refusal::form(vec![FormError::at(&[], "CONTENT_TYPE_INVALID", message)]));
    }
    let body = Bytes::from_request(request, state).await.map_err(|_| Refusal::unreadable())?;
    let payload = serde_json::from_slice(&body).map_err(|_| Refusal::unreadable())?;
    Ok(Form { payload, files: Vec::new() })
}

fn is_snowflake(text: &str) -> bool {
    text.parse::<u64>().is_ok()
}

/// "Boolean Query Strings".
fn is_true(text: Option<&str>) -> bool {
    matches!(text, Some("true" | "True" | "1"))
}

/// An error body of Discord's.
struct Refusal {
    status: StatusCode,
    body: Value,
}

impl Refusal {
    fn new(status: StatusCode, code: u32, message: &str) -> Self {
        Self { status, body: json!({"message": message, "code": code}) }
    }

    fn unreadable() -> Self {
        Self::new(StatusCode::BAD_REQUEST, 50_109, "The request body contains invalid JSON.")
    }

    fn form(errors: Vec<FormError>) -> Self {
        let body = json!({"message": "Invalid Form Body", "code": 50_035, "errors": form::tree(errors)});
        Self { status: StatusCode::BAD_REQUEST, body }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}

fn too_many(allowance: Allowance) -> Response {
    let wait = allowance.reset_after.as_secs_f64();
    let body =
        json!({"message": "You are being rate limited.", "retry_after": wait, "global": false, "code": 0});
    let mut answer = (StatusCode::TOO_MANY_REQUESTS, Json(body)).into_response();
    answer.headers_mut().insert(header::RETRY_AFTER, whole_seconds(allowance.reset_after).into());
    answer.headers_mut().insert("x-ratelimit-scope", HeaderValue::from_static("user"));
    answer
}

fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// "Header Format".
fn add_limits(headers: &mut HeaderMap, sink: &Sink, allowance: Allowance) {
    let after = allowance.reset_after;
    let reset = sink.state.market.now() + after;
    let values = [
        ("x-ratelimit-limit", sink.throttle.limit().to_string()),
        ("x-ratelimit-remaining", allowance.remaining.to_string()),
        ("x-ratelimit-reset", format!("{}.{:03}", reset.timestamp(), reset.timestamp_subsec_millis())),
        ("x-ratelimit-reset-after", format!("{:.3}", after.as_secs_f64())),
        ("x-ratelimit-bucket", "1f3a0e".to_owned()),
    ];
    for (name, value) in values {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
}
