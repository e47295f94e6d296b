//! ntfy's topics as a sink: what its server refuses, with its codes; what passes lies in the inbox, and in the topic to be polled.
//!
//! Any topic takes messages, but for five: `unauthorized` (401), `forbidden` (403), `quota` (429), `no-files` (files are not allowed),
//! `small-files` (every file is too large).

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use super::SimState;
use super::inbox::{InboxFile, InboxMessage, saved_headers};
use super::throttle::Throttle;

/// A longer text becomes a file.
const LONGEST_MESSAGE: usize = 4_096;
const LARGEST_FILE: usize = 15 << 20;

struct Sink {
    state: SimState,
    /// 60 at once, and one more each five seconds: as many in five minutes.
    throttle: Throttle,
}

/// ntfy's code, its status and its sentence.
type Refusal = (u32, StatusCode, &'static str);

pub(crate) fn router(state: SimState) -> Router {
    let sink = Arc::new(Sink { state, throttle: Throttle::new(60, Duration::from_secs(300)) });
    Router::new()
        .route("/{topic}", post(publish).put(publish))
        .route("/{topic}/json", get(poll))
        .layer(DefaultBodyLimit::max(LARGEST_FILE))
        .with_state(sink)
}

async fn publish(
    State(sink): State<Arc<Sink>>,
    Path(topic): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match take(&sink, &topic, &headers, &body) {
        Ok(message) => Json(message).into_response(),
        Err((code, status, error)) => {
            let refusal = json!({
                "code": code,
                "http": status.as_u16(),
                "error": error,
                "link": "https://ntfy.sh/docs/publish/",
            });
            (status, Json(refusal)).into_response()
        }
    }
}

/// What the topic holds, a line of JSON a message: `GET /TOPIC/json?poll=1`. No stream is served.
async fn poll(
    State(sink): State<Arc<Sink>>,
    Path(topic): Path<String>,
    Query(parameters): Query<Vec<(String, String)>>,
) -> Response {
    if !parameters.iter().any(|(name, value)| name == "poll" && value == "1") {
        return (StatusCode::BAD_REQUEST, "the simulated ntfy serves ?poll=1 only").into_response();
    }
    let messages = sink.state.inbox.read(Some("ntfy"));
    let lines: String = messages
        .iter()
        .filter(|message| message.target == topic)
        .map(|message| format!("{}\n", message.body))
        .collect();
    ([(header::CONTENT_TYPE, "application/x-ndjson; charset=utf-8")], lines).into_response()
}

fn take(sink: &Sink, topic: &str, headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    check_topic(topic)?;
    if !sink.throttle.take(topic, Instant::now()).passes {
        return Err((42_901, StatusCode::TOO_MANY_REQUESTS, "limit reached: too many requests"));
    }
    let value = |names: [&str; 2]| names.iter().find_map(|name| header_value(headers, name));
    let file_name = value(["x-filename", "filename"]);
    let is_text = file_name.is_none() && body.len() < LONGEST_MESSAGE && std::str::from_utf8(body).is_ok();
    let mut message = json!({
        "id": format!("sim{:09}", sink.state.inbox.received()),
        "time": sink.state.market.now().timestamp(),
        "event": "message",
        "topic": topic,
        "priority": priority(value(["x-priority", "priority"]).as_deref())?,
    });
    for (field, found) in [("title", value(["x-title", "title"])), ("click", value(["x-click", "click"]))] {
        if let Some(found) = found {
            message[field] = found.into();
        }
    }
    if let Some(tags) = value(["x-tags", "tags"]) {
        let tags: Vec<&str> = tags.split(',').map(str::trim).filter(|tag| !tag.is_empty()).collect();
        message["tags"] = json!(tags);
    }
    let text = value(["x-message", "message"]).map(|text| text.replace("\\n", "\n"));
    let mut files = Vec::new();
    if is_text {
        let body = String::from_utf8_lossy(body).trim().to_owned();
        let text = Some(body).filter(|body| !body.is_empty()).or(text);
        message["message"] = text.unwrap_or_else(|| "triggered".to_owned()).into();
    } else {
        check_file(topic)?;
        let name = file_name.unwrap_or_else(|| "attachment.txt".to_owned());
        let kind = header_value(headers, "content-type").unwrap_or_default();
        message["message"] = text.unwrap_or_else(|| format!("You received a file: {name}")).into();
        message["attachment"] = json!({"name": name, "type": kind, "size": body.len()});
        files.push(InboxFile::new(&name, &kind, body));
    }
    sink.state.inbox.push(InboxMessage {
        channel: "ntfy".to_owned(),
        target: topic.to_owned(),
        received_at: sink.state.market.now(),
        headers: saved_headers(headers, &["user-agent", "content-type"]),
        body: message.clone(),
        files,
    });
    Ok(message)
}

fn check_topic(topic: &str) -> Result<(), Refusal> {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    match topic {
        "unauthorized" => Err((40_101, StatusCode::UNAUTHORIZED, "unauthorized")),
        "forbidden" => Err((40_301, StatusCode::FORBIDDEN, "forbidden")),
        "quota" => Err((42_908, StatusCode::TOO_MANY_REQUESTS, "limit reached: daily message quota reached")),
        _ if (1..=64).contains(&topic.len()) && topic.bytes().all(is_letter) => Ok(()),
        _ => Err((40_401, StatusCode::NOT_FOUND, "page not found")),
    }
}

fn check_file(topic: &str) -> Result<(), Refusal> {
    match topic {
        "no-files" => Err((40_014, StatusCode::BAD_REQUEST, "invalid request: attachments not allowed")),
        "small-files" => {
            let error = "attachment too large, or bandwidth limit reached";
            Err((41_301, StatusCode::PAYLOAD_TOO_LARGE, error))
        }
        _ => Ok(()),
    }
}

fn priority(text: Option<&str>) -> Result<u8, Refusal> {
    match text.unwrap_or("3") {
        "1" | "min" => Ok(1),
        "2" | "low" => Ok(2),
        "3" | "default" => Ok(3),
        "4" | "high" => Ok(4),
        "5" | "max" | "urgent" => Ok(5),
        _ => Err((40_007, StatusCode::BAD_REQUEST, "invalid priority parameter")),
    }
}

/// A header's value, which may be an encoded word of RFC 2047.
fn header_value(headers: &HeaderMap, name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(headers.get(name)?.as_bytes()).into_owned();
    let encoded = || {
        let word = text.strip_prefix("=?")?.strip_suffix("?=")?;
        let (charset, rest) = word.split_once('?')?;
        let (encoding, word) = rest.split_once('?')?;
        let is_known = charset.eq_ignore_ascii_case("utf-8") && encoding.eq_ignore_ascii_case("b");
        String::from_utf8(STANDARD.decode(word).ok().filter(|_| is_known)?).ok()
    };
    let value = encoded().unwrap_or_else(|| text.clone());
    Some(value.trim().to_owned()).filter(|value| !value.is_empty())
}
