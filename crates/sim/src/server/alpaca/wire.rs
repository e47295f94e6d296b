//! What all of Alpaca's endpoints share: credentials, query parameters, errors, numbers and times.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Value, json};
use ttai_core::{NEW_YORK, Symbol};
use ttai_ports::PortError;

use crate::server::SimState;
use crate::server::exchange::uuid;

/// A new account's cash in dollars, as at a new paper account.
const OPENING_CASH: u32 = 100_000;

/// Credentials that are always refused, to try that.
pub(super) const REFUSED_KEY: &str = "refused";

/// An error as Alpaca words it.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    body: Value,
}

impl ApiError {
    /// A trading error: `code` is the status and four digits.
    pub(super) fn trading(status: StatusCode, code: u32, message: impl Into<String>) -> Self {
        Self { status, body: json!({ "code": code, "message": message.into() }) }
    }

    /// A market data error, which has no code.
    pub(super) fn data(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, body: json!({ "message": message.into() }) }
    }

    /// The same error with more fields in its body.
    pub(super) fn with(mut self, name: &str, value: Value) -> Self {
        if let Some(fields) = self.body.as_object_mut() {
            fields.insert(name.to_owned(), value);
        }
        self
    }

    /// A parameter that cannot be read.
    pub(super) fn bad_parameter(name: &str, value: &str) -> Self {
        Self::data(
            StatusCode::BAD_REQUEST,
            format!("invalid {name}: {}", value.chars().take(60).collect::<String>()),
        )
    }

    /// The market itself failed.
    pub(super) fn market(error: &PortError) -> Self {
        Self::data(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}

pub(super) type Answer = Result<Json<Value>, ApiError>;

/// The account of a key.
pub(crate) fn account_of(key: &str) -> String {
    let digits = uuid("alpaca account", key).replace('-', "").to_uppercase();
    format!("PA3{}", &digits[..9])
}

/// Whoever calls: each key has an account of its own.
pub(super) struct Caller {
    pub(super) account: String,
}

impl Caller {
    /// The account of a key, opened at its first use; none for credentials that are refused.
    pub(super) fn of(state: &SimState, key: &str, secret: &str) -> Option<Self> {
        if key.is_empty() || secret.is_empty() || key == REFUSED_KEY {
            return None;
        }
        let account = account_of(key);
        state.exchange.open_account(&account, Decimal::from(OPENING_CASH));
        Some(Self { account })
    }
}

impl FromRequestParts<SimState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &SimState) -> Result<Self, ApiError> {
        let header =
            |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let bearer = header("authorization").strip_prefix("Bearer ").unwrap_or_default();
        let (key, secret) = match bearer {
            "" => (header("apca-api-key-id"), header("apca-api-secret-key")),
            token => (token, token),
        };
        Self::of(state, key, secret).ok_or_else(|| {
            ApiError::trading(StatusCode::UNAUTHORIZED, 40_110_000, "request is not authorized")
        })
    }
}

/// The query's parameters.
pub(super) struct Params(BTreeMap<String, String>);

impl FromRequestParts<SimState> for Params {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &SimState) -> Result<Self, ApiError> {
        Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map(|Query(pairs)| Self(pairs.into_iter().collect()))
            .map_err(|error| ApiError::data(StatusCode::BAD_REQUEST, error.to_string()))
    }
}

impl Params {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A comma-separated list; empty where it is absent.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        self.text(name)
            .map(|text| text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect())
            .unwrap_or_default()
    }

    /// Symbols that must be there.
    pub(super) fn symbols(&self) -> Result<Vec<Symbol>, ApiError> {
        let symbols: Result<Vec<Symbol>, ApiError> = self
            .list("symbols")
            .into_iter()
            .map(|text| Symbol::new(text).map_err(|_| ApiError::bad_parameter("symbols", text)))
            .collect();
        let symbols = symbols?;
        if symbols.is_empty() {
            return Err(ApiError::data(StatusCode::BAD_REQUEST, "symbols is required"));
        }
        Ok(symbols)
    }

    pub(super) fn decimal(&self, name: &str) -> Result<Option<Decimal>, ApiError> {
        self.text(name).map(|text| text.parse().map_err(|_| ApiError::bad_parameter(name, text))).transpose()
    }

    pub(super) fn date(&self, name: &str) -> Result<Option<NaiveDate>, ApiError> {
        self.text(name)
            .map(|text| {
                let date = text.get(..10).unwrap_or(text);
                date.parse().map_err(|_| ApiError::bad_parameter(name, text))
            })
            .transpose()
    }

    /// RFC 3339, or a date: its first moment in New York, or its last where `end`.
    pub(super) fn time(&self, name: &str, end: bool) -> Result<Option<DateTime<Utc>>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let bad = || ApiError::bad_parameter(name, text);
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Ok(Some(time.to_utc()));
        }
        let date: NaiveDate = text.parse().map_err(|_| bad())?;
        let date = if end { date.succ_opt().ok_or_else(bad)? } else { date };
        midnight(date).map(Some).ok_or_else(bad)
    }

    /// A page's size between 1 and `most`.
    pub(super) fn limit(&self, usual: usize, most: usize) -> Result<usize, ApiError> {
        let Some(text) = self.text("limit") else { return Ok(usual) };
        text.parse()
            .ok()
            .filter(|limit| (1..=most).contains(limit))
            .ok_or_else(|| ApiError::bad_parameter("limit", text))
    }

    /// Where the page begins: what the last page's token said.
    pub(super) fn offset(&self) -> Result<usize, ApiError> {
        let Some(token) = self.text("page_token") else { return Ok(0) };
        token
            .strip_prefix('p')
            .and_then(|offset| offset.parse().ok())
            .ok_or_else(|| ApiError::bad_parameter("page_token", token))
    }
}

/// One page of `rows` and the token of the next, null at the end.
pub(super) fn page<T>(rows: Vec<T>, offset: usize, limit: usize) -> (Vec<T>, Value) {
    let next = offset.saturating_add(limit);
    let token = if next < rows.len() { json!(format!("p{next}")) } else { Value::Null };
    (rows.into_iter().skip(offset).take(limit).collect(), token)
}

/// A decimal as Alpaca writes it: a string without trailing zeros.
pub(super) fn decimal(value: Decimal) -> Value {
    Value::String(value.round_dp(9).normalize().to_string())
}

/// A price as market data has it: a JSON number, 0 where there is none.
pub(super) fn number(value: Option<Decimal>) -> Value {
    json!(value.and_then(|value| value.to_f64()).unwrap_or(0.0))
}

/// RFC 3339 with nanoseconds in UTC.
pub(super) fn time(value: DateTime<Utc>) -> Value {
    Value::String(value.to_rfc3339_opts(SecondsFormat::Nanos, true))
}

/// RFC 3339 with New York's offset.
pub(super) fn new_york_time(value: DateTime<Utc>) -> Value {
    Value::String(value.with_timezone(&NEW_YORK).to_rfc3339_opts(SecondsFormat::Secs, false))
}

/// The first moment of a New York day.
pub(super) fn midnight(date: NaiveDate) -> Option<DateTime<Utc>> {
    date.and_hms_opt(0, 0, 0)?.and_local_timezone(NEW_YORK).earliest().map(|time| time.to_utc())
}

/// The UUID by which Alpaca knows a share or contract.
pub(super) fn asset_id(symbol: &str) -> String {
    uuid("alpaca asset", symbol)
}
