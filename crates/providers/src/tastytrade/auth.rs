//! The access token: bought with the long-lived grant, kept for its 15 minutes, renewed before they end and once only,
//! however many tasks want it. A refusal that passes is told from a grant that is dead.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::Instant;
use ttai_http::{Effect, Service};
use ttai_ports::PortError;

use super::PROVIDER;
use super::error::printable;

/// Renewed this long before its end.
const MARGIN: Duration = Duration::from_secs(60);
/// Lifetime where the service names none (RFC 6749 section 5.1 only recommends it), and the shortest believed.
const SHORTEST_LIFE: Duration = Duration::from_secs(60);
/// The longest lifetime believed; the service's own is 900 s.
const LONGEST_LIFE: Duration = Duration::from_secs(86_400);
/// After a refusal that passes, the next attempt waits this long while the old token still serves.
const PAUSE_AFTER_REFUSAL: Duration = Duration::from_secs(5);
/// A dead grant is not asked for again within this: repeating it only draws attention.
const PAUSE_AFTER_DEATH: Duration = Duration::from_secs(60);

/// What the token endpoint gives.
pub(super) struct Granted {
    pub(super) token: SecretString,
    pub(super) lives: Duration,
}

/// Where tokens come from.
#[async_trait]
pub(super) trait Grant: Send + Sync {
    /// Buys a new access token.
    async fn renew(&self) -> Result<Granted, PortError>;
}

/// The access token of one grant.
pub(super) struct Tokens {
    grant: Box<dyn Grant>,
    state: Mutex<State>,
    /// Attempts that ended, so that those who waited for one share how it ended.
    attempts: AtomicU64,
}

#[derive(Default)]
struct State {
    token: Option<CachedToken>,
    refused: Option<Refused>,
}

struct CachedToken {
    token: SecretString,
    renew_at: Instant,
    ends_at: Instant,
}

struct Refused {
    error: PortError,
    until: Instant,
}

impl Tokens {
    pub(super) fn new(grant: Box<dyn Grant>) -> Self {
        Self { grant, state: Mutex::default(), attempts: AtomicU64::new(0) }
    }

    /// A token that is good for a minute at least, or the old one while only the renewal fails.
    ///
    /// # Errors
    /// [`PortError::Authentication`] for a dead grant; [`PortError::Unavailable`] where no token could be bought now.
    pub(super) async fn token(&self) -> Result<SecretString, PortError> {
        let seen = self.attempts.load(Ordering::Acquire);
        let mut state = self.state.lock().await;
        let now = Instant::now();
        if let Some(held) = state.token.as_ref().filter(|held| now < held.renew_at) {
            return Ok(held.token.clone());
        }
        let waited = self.attempts.load(Ordering::Acquire) != seen;
        if let Some(refused) = &state.refused
            && (waited || now < refused.until)
        {
            return state.usable(now).ok_or_else(|| refused.error.clone());
        }
        let renewed = self.grant.renew().await;
        self.attempts.fetch_add(1, Ordering::AcqRel);
        state.take(renewed)
    }

    /// Throws a token away that the service refused, unless it was replaced meanwhile.
    pub(super) async fn discard(&self, token: &SecretString) {
        let mut state = self.state.lock().await;
        if state.token.as_ref().is_some_and(|held| held.token.expose_secret() == token.expose_secret()) {
            state.token = None;
        }
    }
}

impl State {
    /// The token held, if it has not ended.
    fn usable(&self, now: Instant) -> Option<SecretString> {
        self.token.as_ref().filter(|held| now < held.ends_at).map(|held| held.token.clone())
    }

    fn take(&mut self, renewed: Result<Granted, PortError>) -> Result<SecretString, PortError> {
        let now = Instant::now();
        match renewed {
            Ok(granted) => {
                let lives = granted.lives.clamp(SHORTEST_LIFE, LONGEST_LIFE);
                let margin = MARGIN.min(lives / 10);
                let token = granted.token;
                self.token = Some(CachedToken {
                    token: token.clone(),
                    renew_at: now + (lives - margin),
                    ends_at: now + lives,
                });
                self.refused = None;
                Ok(token)
            }
            Err(error) => {
                let dead = matches!(error, PortError::Authentication { .. });
                if dead {
                    self.token = None;
                }
                let asked_wait = match &error {
                    PortError::Unavailable { retry_after, .. } => retry_after.unwrap_or_default(),
                    _ => Duration::ZERO,
                };
                let pause = if dead { PAUSE_AFTER_DEATH } else { PAUSE_AFTER_REFUSAL.max(asked_wait) };
                self.refused = Some(Refused { error: error.clone(), until: now + pause });
                self.usable(now).ok_or(error)
            }
        }
    }
}

/// The token endpoint, `POST /oauth/token` with a refresh token.
pub(super) struct RefreshGrant {
    pub(super) service: Service,
    pub(super) client_secret: SecretString,
    pub(super) refresh_token: SecretString,
}

/// RFC 6749 section 5.1.
#[derive(Deserialize)]
struct TokenAnswer {
    access_token: SecretString,
    #[serde(default)]
    expires_in: serde_json::Value,
}

impl TokenAnswer {
    /// Seconds, as a number or as text; none where the endpoint does not say.
    fn seconds(&self) -> Option<f64> {
        let text = || self.expires_in.as_str().and_then(|text| text.trim().parse().ok());
        self.expires_in.as_f64().or_else(text).filter(|seconds: &f64| seconds.is_finite() && *seconds > 0.0)
    }
}

/// RFC 6749 section 5.2, in its own words and in the service's (`error_code`).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TokenRefusal {
    error: Option<serde_json::Value>,
    error_code: Option<String>,
    error_description: Option<String>,
}

#[async_trait]
impl Grant for RefreshGrant {
    async fn renew(&self) -> Result<Granted, PortError> {
        let body = json!({
            "grant_type": "refresh_token",
            "refresh_token": self.refresh_token.expose_secret(),
            "client_secret": self.client_secret.expose_secret(),
        });
        // A second token does not end the first, so that buying one may be repeated.
        let request = self.service.post("token", "/oauth/token").json(&body).effect(Effect::Idempotent);
        let refusals = [StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN];
        let request = refusals.into_iter().fold(request, ttai_http::Request::accept);
        let answer = request.send().await?;
        if !answer.status.is_success() {
            return Err(refusal(answer.status, &answer.body));
        }
        granted(&answer.body)
    }
}

/// Reads a token. What does not fit is not repeated: it may be a secret.
fn granted(body: &[u8]) -> Result<Granted, PortError> {
    let answer: TokenAnswer = serde_json::from_slice(body)
        .map_err(|_| unavailable("the token endpoint's answer holds no token"))?;
    if answer.access_token.expose_secret().is_empty() {
        return Err(unavailable("the token endpoint gave an empty token"));
    }
    let seconds = answer.seconds().unwrap_or(0.0).min(LONGEST_LIFE.as_secs_f64());
    Ok(Granted { token: answer.access_token, lives: Duration::from_secs_f64(seconds) })
}

/// What a refused renewal means: RFC 6749 names the errors with which the grant or the client is at fault, and anything
/// else that the endpoint says may pass.
fn refusal(status: StatusCode, body: &[u8]) -> PortError {
    let words: TokenRefusal = serde_json::from_slice(body).unwrap_or_default();
    let error = words.error.as_ref().and_then(serde_json::Value::as_str);
    let code = words.error_code.as_deref().or(error).unwrap_or_default();
    let said = printable(words.error_description.as_deref().unwrap_or(code));
    let dead = |detail: String| PortError::Authentication { provider: PROVIDER.to_owned(), detail };
    match code {
        "invalid_grant" => dead(format!(
            "the grant is dead ({said}); create a new one at my.tastytrade.com, Manage, My Profile, API, and set its refresh token"
        )),
        "invalid_client" | "unauthorized_client" => dead(format!(
            "the client secret is refused ({said}); set the one of the application that made the grant"
        )),
        "invalid_request" | "unsupported_grant_type" | "invalid_scope" => dead(format!(
            "the token request is refused ({code}: {said}); check the client secret and the refresh token"
        )),
        "temporarily_unavailable" | "server_error" => unavailable(&format!("the token endpoint says {code}")),
        _ if status == StatusCode::UNAUTHORIZED => {
            dead(format!("the token endpoint answered {status}; check the credentials"))
        }
        // A proxy or a gate before the endpoint answers without OAuth's words: that says nothing about the grant.
        _ => unavailable(&format!("the token endpoint answered {status} without an OAuth error")),
    }
}

fn unavailable(detail: &str) -> PortError {
    PortError::Unavailable { provider: PROVIDER.to_owned(), detail: detail.to_owned(), retry_after: None }
}

#[cfg(test)]
mod tests;
