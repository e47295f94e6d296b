//! Slack's incoming webhooks as a sink: the rules on blocks, the one-word answers, the rate limit; what passes lies in the
//! inbox.
//!
//! Any path of `/services/T…/B…/…` is a webhook, but for three last parts: `revoked` has no service (404), `archived` leads
//! to an archived channel (410), `prohibited` to one that is restricted (403).

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use serde_json::Value;

use super::SimState;
use super::inbox::{InboxMessage, saved_headers};
use super::throttle::Throttle;

mod blocks;

struct Sink {
    state: SimState,
    /// "1 per second … short bursts of >1 allowed": one more than that in three seconds.
    throttle: Throttle,
}

pub(crate) fn router(state: SimState) -> Router {
    let sink = Arc::new(Sink { state, throttle: Throttle::new(4, Duration::from_secs(3)) });
    Router::new()
        .route("/services/{team}/{service}/{token}", post(receive))
        .layer(DefaultBodyLimit::max(4 << 20))
        .with_state(sink)
}

async fn receive(
    State(sink): State<Arc<Sink>>,
    Path((team, service, token)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let target = format!("{team}/{service}");
    let allowance = sink.throttle.take(&format!("{target}/{token}"), Instant::now());
    if !allowance.passes {
        let wait = allowance.reset_after.as_secs() + 1;
        return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, wait.to_string())], "rate_limited")
            .into_response();
    }
    match take(&sink.state, &target, &token, &headers, &body) {
        Ok(()) => (StatusCode::OK, "ok").into_response(),
        Err((status, word)) => (status, word).into_response(),
    }
}

fn take(
    state: &SimState,
    target: &str,
    token: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(), (StatusCode, &'static str)> {
    match token {
        "revoked" => return Err((StatusCode::NOT_FOUND, "no_service")),
        "archived" => return Err((StatusCode::GONE, "channel_is_archived")),
        "prohibited" => return Err((StatusCode::FORBIDDEN, "action_prohibited")),
        _ => {}
    }
    let invalid = |word: &'static str| (StatusCode::BAD_REQUEST, word);
    let payload: Value = serde_json::from_slice(body).map_err(|_| invalid("invalid_payload"))?;
    if !payload.is_object() {
        return Err(invalid("invalid_payload"));
    }
    let has_text = payload["text"].as_str().is_some_and(|text| !text.trim().is_empty());
    let has_blocks = payload["blocks"].as_array().is_some_and(|blocks| !blocks.is_empty());
    if !has_text && !has_blocks && payload["attachments"].as_array().is_none_or(Vec::is_empty) {
        return Err(invalid("no_text"));
    }
    blocks::check(&payload["blocks"]).map_err(invalid)?;
    state.inbox.push(InboxMessage {
        channel: "slack".to_owned(),
        target: target.to_owned(),
        received_at: state.market.now(),
        headers: saved_headers(headers, &["user-agent", "content-type"]),
        body: payload,
        files: Vec::new(),
    });
    Ok(())
}
