//! OAuth with a refresh token (RFC 6749 section 6), tokens that end, and the token of the quote stream.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::Duration as TimeDelta;
use serde::Deserialize;
use serde_json::json;

use super::reply::{Answer, Call};
use super::{Tasty, wire};
use crate::server::exchange::uuid;

/// Life of an access token, in real time.
const LIFE: Duration = Duration::from_secs(900);
/// The token of the quote stream.
const QUOTE_TOKEN: &str = "simulated-quote-token";

/// The access tokens that were given out.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    issued: Mutex<(u64, HashMap<String, Instant>)>,
}

impl Tokens {
    /// Whether a token was given out and has not ended.
    pub(super) fn knows(&self, token: &str) -> bool {
        let issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        issued.1.get(token).is_some_and(|end| Instant::now() < *end)
    }

    fn issue(&self) -> String {
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        issued.1.retain(|_, end| now < *end);
        issued.0 += 1;
        let token = format!("simulated-access-{}", uuid("access token", &issued.0.to_string()));
        issued.1.insert(token.clone(), now + LIFE);
        token
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TokenRequest {
    grant_type: String,
    refresh_token: String,
    client_secret: String,
    scope: Option<String>,
}

/// `POST /oauth/token`.
pub(super) async fn token(State(state): State<Tasty>, body: Bytes) -> Response {
    let Ok(request) = serde_json::from_slice::<TokenRequest>(&body) else {
        return refused(StatusCode::BAD_REQUEST, "invalid_request", "The body cannot be read");
    };
    if request.grant_type != "refresh_token" {
        return refused(StatusCode::BAD_REQUEST, "unsupported_grant_type", "Only refresh_token is simulated");
    }
    if request.client_secret.is_empty() || request.client_secret.starts_with("wrong") {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client", "Client authentication failed");
    }
    if request.refresh_token.is_empty() || request.refresh_token.starts_with("wrong") {
        return refused(StatusCode::BAD_REQUEST, "invalid_grant", "Invalid JWT");
    }
    if request.refresh_token.starts_with("revoked") {
        return refused(StatusCode::BAD_REQUEST, "invalid_grant", "Grant revoked");
    }
    Json(json!({
        "access_token": state.tokens.issue(),
        "token_type": "Bearer",
        "expires_in": LIFE.as_secs(),
        "scope": request.scope.unwrap_or_else(|| "read trade".to_owned()),
    }))
    .into_response()
}

/// The service writes `error_code` where the standard writes `error`.
fn refused(status: StatusCode, code: &str, description: &str) -> Response {
    (status, Json(json!({ "error_code": code, "error_description": description }))).into_response()
}

/// `POST /sessions/validate`.
pub(super) async fn validate(call: Call) -> Answer {
    call.created(&json!({ "email": "trader@simulated.invalid", "username": "simulated", "external-id": "U0000000001" }))
}

/// `GET /api-quote-tokens`.
pub(super) async fn quote_token(State(state): State<Tasty>, call: Call) -> Answer {
    let now = state.sim.market.now();
    call.data(&json!({
        "token": QUOTE_TOKEN,
        "dxlink-url": state.sim.endpoints.dxlink,
        "level": "api",
        "issued-at": wire::instant(now),
        "expires-at": wire::instant(now + TimeDelta::hours(24)),
    }))
}
