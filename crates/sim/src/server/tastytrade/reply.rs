//! Answers and refusals in the service's form, and what a caller brings: a token, a user agent, query parameters.

use axum::Json;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use ttai_ports::PortError;

use super::Tasty;

/// Pages a listing has at most; the real service has its own limits, which it does not publish.
const LARGEST_PAGE: usize = 2_000;
/// Versions before this are no longer served.
const OLDEST_VERSION: u32 = 20_240_501;

/// An answer or a refusal.
pub(super) type Answer = Result<Response, Refusal>;

/// A refusal.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    code: String,
    message: String,
    errors: Vec<Value>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &str, message: &str) -> Self {
        Self { status, code: code.to_owned(), message: message.to_owned(), errors: Vec::new() }
    }

    pub(super) fn not_permitted() -> Self {
        Self::new(StatusCode::FORBIDDEN, "not_permitted", "User not permitted access")
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "record_not_found", &format!("Couldn't find {what}"))
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "token_invalid", "This token is invalid or has expired")
    }

    /// A request whose parameters cannot be used: each with what is wrong with it.
    pub(super) fn validation(domain: &str, reason: &str) -> Self {
        let errors = vec![json!({ "domain": domain, "reason": reason })];
        Self { errors, ..Self::new(StatusCode::BAD_REQUEST, "validation_error", "Request validation failed") }
    }

    /// An order that fails its checks.
    pub(super) fn preflight(code: &str, message: &str) -> Self {
        let errors = vec![json!({ "code": code, "message": message })];
        let top = "One or more preflight checks failed";
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "preflight_check_failure", top) }
    }

    /// What the market could not answer.
    pub(super) fn market(error: &PortError) -> Self {
        match error {
            PortError::UnknownSymbol { symbol, .. } | PortError::NoData { symbol, .. } => {
                Self::not_found(symbol)
            }
            error => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_server_error", &error.to_string())
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut error = json!({ "code": self.code, "message": self.message });
        if !self.errors.is_empty() {
            error["errors"] = Value::Array(self.errors);
        }
        (self.status, Json(json!({ "error": error }))).into_response()
    }
}

pub(super) async fn no_route() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "not_found", "The requested resource was not found")
}

/// A call with a good token.
pub(super) struct Call {
    path: String,
    params: Vec<(String, String)>,
}

impl FromRequestParts<Tasty> for Call {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &Tasty) -> Result<Self, Response> {
        check_agent(parts).map_err(IntoResponse::into_response)?;
        check_version(parts).map_err(IntoResponse::into_response)?;
        let token = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let known = token
            .and_then(|text| text.strip_prefix("Bearer "))
            .is_some_and(|token| state.tokens.knows(token));
        if !known {
            return Err(Refusal::unauthorized().into_response());
        }
        let Query(params) = Query::<Vec<(String, String)>>::from_request_parts(parts, state)
            .await
            .map_err(|_| Refusal::validation("query", "cannot be read").into_response())?;
        Ok(Self { path: parts.uri.path().to_owned(), params })
    }
}

/// Every call must say who makes it.
fn check_agent(parts: &Parts) -> Result<(), Refusal> {
    let agent = parts.headers.get(header::USER_AGENT).is_some_and(|agent| !agent.is_empty());
    if agent { Ok(()) } else { Err(Refusal::validation("User-Agent", "is missing")) }
}

fn check_version(parts: &Parts) -> Result<(), Refusal> {
    let Some(version) = parts.headers.get("accept-version") else { return Ok(()) };
    let number: Option<u32> =
        version.to_str().ok().filter(|text| text.len() == 8).and_then(|text| text.parse().ok());
    match number {
        Some(number) if number >= OLDEST_VERSION => Ok(()),
        _ => Err(Refusal::new(StatusCode::NOT_ACCEPTABLE, "406", "The requested version is not supported.")),
    }
}

impl Call {
    /// A parameter.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All values of a parameter: `key=a&key=b`, `key[]=a&key[]=b` and `key=a,b` mean the same.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        let fitting = self.params.iter().filter(|(key, _)| key.strip_suffix("[]").unwrap_or(key) == name);
        fitting.flat_map(|(_, value)| value.split(',')).filter(|value| !value.is_empty()).collect()
    }

    /// A whole number, or what is used without one.
    pub(super) fn number(&self, name: &str, otherwise: usize) -> Result<usize, Refusal> {
        match self.param(name) {
            None | Some("") => Ok(otherwise),
            Some(text) => text.parse().map_err(|_| Refusal::validation(name, "is invalid")),
        }
    }

    /// One thing.
    pub(super) fn data(&self, data: &Value) -> Answer {
        self.with_status(StatusCode::OK, data)
    }

    /// One thing that was made.
    pub(super) fn created(&self, data: &Value) -> Answer {
        self.with_status(StatusCode::CREATED, data)
    }

    fn with_status(&self, status: StatusCode, data: &Value) -> Answer {
        Ok((status, Json(json!({ "data": data, "context": self.path }))).into_response())
    }

    /// A whole list.
    pub(super) fn items(&self, items: &[Value]) -> Answer {
        self.data(&json!({ "items": items }))
    }

    /// A page of a list.
    pub(super) fn page(&self, items: &[Value], per_page: usize) -> Answer {
        let per_page = self.number("per-page", per_page)?.clamp(1, LARGEST_PAGE);
        let offset = self.number("page-offset", 0)?;
        let first = offset.saturating_mul(per_page);
        let page: Vec<&Value> = items.iter().skip(first).take(per_page).collect();
        let pagination = json!({
            "per-page": per_page,
            "page-offset": offset,
            "item-offset": first,
            "total-items": items.len(),
            "total-pages": items.len().div_ceil(per_page),
            "current-item-count": page.len(),
            "previous-link": null,
            "next-link": null,
            "paging-link-template": null,
        });
        let body = json!({ "data": { "items": page }, "context": self.path, "pagination": pagination });
        Ok(Json(body).into_response())
    }
}
