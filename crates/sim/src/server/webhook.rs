//! A receiver of ttai's signed webhooks, as a user would write one: it checks the signature and its time, takes a repeated
//! key once, and keeps what passes in the inbox, with files' contents replaced by their size and digest.
//!
//! Requests are signed with [`WEBHOOK_SIGNING_KEY`]. Any path is a receiver, but for two: `gone` (410) and `moved` (302).

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::Utc;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::SimState;
use super::inbox::{InboxFile, InboxMessage, saved_headers};

/// The key that this receiver shares with its senders.
pub const WEBHOOK_SIGNING_KEY: &str = "ttai-sim-webhook-signing-key";

/// Older and newer requests than this are not believed, in seconds.
const TOLERANCE: u64 = 300;

struct Sink {
    state: SimState,
    seen: Mutex<HashSet<String>>,
}

type Refusal = (StatusCode, &'static str);

pub(crate) fn router(state: SimState) -> Router {
    let sink = Arc::new(Sink { state, seen: Mutex::default() });
    Router::new().route("/{*name}", post(receive)).layer(DefaultBodyLimit::max(64 << 20)).with_state(sink)
}

async fn receive(
    State(sink): State<Arc<Sink>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match name.as_str() {
        "gone" => return StatusCode::GONE.into_response(),
        "moved" => return (StatusCode::FOUND, [(header::LOCATION, "/webhook/elsewhere")]).into_response(),
        _ => {}
    }
    match take(&sink, &name, &headers, &body) {
        Ok(duplicate) => Json(json!({"received": true, "duplicate": duplicate})).into_response(),
        Err((status, reason)) => (status, Json(json!({"error": reason}))).into_response(),
    }
}

/// Whether the key had been seen before.
fn take(sink: &Sink, name: &str, headers: &HeaderMap, body: &[u8]) -> Result<bool, Refusal> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    check_signature(header("x-ttai-signature"), body)?;
    let key = header("idempotency-key");
    if key.is_empty() {
        return Err((StatusCode::BAD_REQUEST, "no idempotency key"));
    }
    let mut payload: Value =
        serde_json::from_slice(body).map_err(|_| (StatusCode::BAD_REQUEST, "no JSON"))?;
    if payload["version"] != 1 {
        return Err((StatusCode::BAD_REQUEST, "not version 1"));
    }
    if !sink.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(format!("{name}/{key}")) {
        return Ok(true);
    }
    let files = take_files(&mut payload)?;
    sink.state.inbox.push(InboxMessage {
        channel: "webhook".to_owned(),
        target: name.to_owned(),
        received_at: sink.state.market.now(),
        headers: saved_headers(
            headers,
            &["user-agent", "content-type", "x-ttai-signature", "idempotency-key"],
        ),
        body: payload,
        files,
    });
    Ok(false)
}

fn check_signature(header: &str, body: &[u8]) -> Result<(), Refusal> {
    let refused = |reason| (StatusCode::UNAUTHORIZED, reason);
    let values = |name: &'static str| {
        header.split(',').filter_map(move |part| {
            part.split_once('=').filter(|(own, _)| *own == name).map(|(_, value)| value)
        })
    };
    let time: i64 = values("t").next().and_then(|time| time.parse().ok()).ok_or(refused("no signature"))?;
    if Utc::now().timestamp().abs_diff(time) > TOLERANCE {
        return Err(refused("the signature is too old"));
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(WEBHOOK_SIGNING_KEY.as_bytes())
        .map_err(|_| refused("no signing key"))?;
    mac.update(format!("{time}.").as_bytes());
    mac.update(body);
    let wanted: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    if values("v1").any(|signature| signature == wanted) {
        Ok(())
    } else {
        Err(refused("the signature does not fit"))
    }
}

/// The files out of the body; their contents stay out of the inbox.
fn take_files(payload: &mut Value) -> Result<Vec<InboxFile>, Refusal> {
    let mut files = Vec::new();
    for attachment in payload["attachments"].as_array_mut().into_iter().flatten() {
        let bytes = attachment["base64"].as_str().and_then(|text| STANDARD.decode(text).ok());
        let bytes = bytes.ok_or((StatusCode::BAD_REQUEST, "an attachment is not base64"))?;
        let text = |name: &str| attachment[name].as_str().unwrap_or_default().to_owned();
        files.push(InboxFile::new(&text("file_name"), &text("media_type"), &bytes));
        if let Some(attachment) = attachment.as_object_mut() {
            attachment.remove("base64");
        }
    }
    Ok(files)
}
