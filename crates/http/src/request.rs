//! One call: built, sent, repeated where that is safe, and read.

use std::fmt;

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use http::{HeaderMap, Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use ttai_ports::PortError;

use crate::failure;
use crate::service::Service;

/// What repeating a call would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It only reads.
    Read,
    /// It changes something, and a second time changes nothing more.
    Idempotent,
    /// It changes something each time: sent once, and a lost answer is [`PortError::OutcomeUnknown`].
    Once,
}

#[derive(Clone)]
enum Body {
    Empty,
    Bytes { content_type: String, bytes: Bytes },
}

/// A call that is being built. Values are encoded; nothing a caller passes can break out of its place.
///
/// Its `Debug` shows whose call it is and nothing that was put into it: paths, queries and bodies may be secrets.
#[derive(Clone)]
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    service: Service,
    method: Method,
    operation: &'static str,
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(&'static str, String)>,
    secret_headers: Vec<(&'static str, SecretString)>,
    body: Body,
    effect: Effect,
    accepted: Vec<StatusCode>,
    broken: Option<String>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("provider", &self.service.provider())
            .field("operation", &self.operation)
            .finish_non_exhaustive()
    }
}

impl Request {
    pub(crate) fn new(service: Service, method: Method, operation: &'static str, path: &str) -> Self {
        let effect =
            if method == Method::GET || method == Method::HEAD { Effect::Read } else { Effect::Once };
        Self {
            service,
            method,
            operation,
            path: path.to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            secret_headers: Vec::new(),
            body: Body::Empty,
            effect,
            accepted: Vec::new(),
            broken: None,
        }
    }

    /// Adds a query parameter; may be repeated for lists.
    pub fn query(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Adds a header whose value is shown nowhere.
    pub fn secret_header(mut self, name: &'static str, value: &SecretString) -> Self {
        self.secret_headers.push((name, value.clone()));
        self
    }

    /// `Authorization: Bearer token`.
    pub fn bearer(self, token: &SecretString) -> Self {
        let value = SecretString::from(format!("Bearer {}", token.expose_secret()));
        self.secret_header("authorization", &value)
    }

    /// A JSON body.
    pub fn json(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => {
                self.body = Body::Bytes { content_type: "application/json".to_owned(), bytes: bytes.into() };
            }
            Err(error) => self.broken = Some(format!("the body cannot be written: {error}")),
        }
        self
    }

    /// A form body; the values may be secrets and are shown nowhere.
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.bytes("application/x-www-form-urlencoded", text.into_bytes())
    }

    /// A body of bytes.
    pub fn bytes(mut self, content_type: &str, bytes: impl Into<Bytes>) -> Self {
        self.body = Body::Bytes { content_type: content_type.to_owned(), bytes: bytes.into() };
        self
    }

    /// Says what repeating it would do.
    pub fn effect(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }

    /// Takes an answer without success as an answer: 304, 404.
    pub fn accept(mut self, status: StatusCode) -> Self {
        self.accepted.push(status);
        self
    }

    /// Sends it, and again while it is safe and of use: reads and idempotent calls after a failure that passes.
    ///
    /// # Errors
    /// The taxonomy of [`PortError`].
    pub async fn send(self) -> Result<Response, PortError> {
        self.service.call(self.operation, self.effect, || self.exchange()).await
    }

    async fn exchange(&self) -> Result<Response, PortError> {
        let lost = |error: &reqwest::Error| {
            failure::of_transport(self.service.provider(), self.operation, self.effect, error)
        };
        let answer = self.built()?.send().await.map_err(|error| lost(&error))?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        if let Some(date) = headers.get(http::header::DATE).and_then(|date| date.to_str().ok()) {
            self.service.shared.clock.observe(date);
        }
        let body = self.read(answer).await?;
        if status.is_success() || self.accepted.contains(&status) {
            return Ok(Response {
                provider: self.service.provider().to_owned(),
                operation: self.operation,
                effect: self.effect,
                status,
                headers,
                body,
            });
        }
        Err(self.refusal(status, &headers, &body))
    }

    fn refusal(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> PortError {
        let retry_after = failure::retry_after(headers);
        let own = self.service.shared.error_body.and_then(|read| read(status, body));
        match own {
            Some(PortError::Unavailable { provider, detail, retry_after: None }) => {
                PortError::Unavailable { provider, detail, retry_after }
            }
            Some(error) => error,
            None => failure::of_status(
                self.service.provider(),
                self.operation,
                self.effect,
                status,
                retry_after,
                body,
            ),
        }
    }

    async fn read(&self, answer: reqwest::Response) -> Result<Bytes, PortError> {
        let most = self.service.shared.config.max_body;
        let mut body = BytesMut::new();
        let mut chunks = answer.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| {
                failure::of_transport(self.service.provider(), self.operation, self.effect, &error)
            })?;
            if body.len() + chunk.len() > most {
                return Err(unusable(
                    self.service.provider(),
                    self.effect,
                    format!("{} answered more than {most} bytes", self.operation),
                ));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    fn built(&self) -> Result<reqwest::RequestBuilder, PortError> {
        let shared = &self.service.shared;
        if let Some(detail) = &self.broken {
            return Err(PortError::Invalid {
                provider: shared.config.provider.clone(),
                detail: detail.clone(),
            });
        }
        let mut url = shared.config.base_url.clone();
        let path = self.path.trim_start_matches('/');
        if path.split(['/', '\\']).any(leads_elsewhere) {
            return Err(PortError::Invalid {
                provider: shared.config.provider.clone(),
                detail: format!("{}: '.' and '..' cannot be a part of the path {path}", self.operation),
            });
        }
        let base = url.path().trim_end_matches('/');
        // A slash at the end belongs to the path: without it some servers answer with a redirect.
        let path = if path.is_empty() { base.to_owned() } else { format!("{base}/{path}") };
        url.set_path(&path);
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        let mut request = shared.client.request(self.method.clone(), url);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        for (name, value) in &self.secret_headers {
            let mut value = http::HeaderValue::from_str(value.expose_secret()).map_err(|_| {
                PortError::Authentication {
                    provider: shared.config.provider.clone(),
                    detail: format!("the secret for {name} has characters that no header may have"),
                }
            })?;
            value.set_sensitive(true);
            request = request.header(*name, value);
        }
        if let Body::Bytes { content_type, bytes } = &self.body {
            request = request.header(http::header::CONTENT_TYPE, content_type).body(bytes.clone());
        }
        Ok(request)
    }
}

/// An answer that cannot be used: after something took effect that is an unknown outcome, else broken data.
fn unusable(provider: &str, effect: Effect, detail: String) -> PortError {
    let provider = provider.to_owned();
    match effect {
        Effect::Once => PortError::OutcomeUnknown { provider, detail },
        Effect::Read | Effect::Idempotent => PortError::Corrupt { provider, detail },
    }
}

/// A whole answer. Its `Debug` shows no headers and no body: they may hold tokens.
#[derive(Clone)]
pub struct Response {
    provider: String,
    operation: &'static str,
    effect: Effect,
    /// Its status: a success, or one that was accepted.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, decompressed.
    pub body: Bytes,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("provider", &self.provider)
            .field("operation", &self.operation)
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl Response {
    /// A header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// [`PortError::Corrupt`] with the path of what does not fit; [`PortError::OutcomeUnknown`] where the call took effect.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, PortError> {
        let mut reader = serde_json::Deserializer::from_slice(&self.body);
        serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let detail = format!("{} at {}: {}", self.operation, error.path(), error.inner());
            unusable(&self.provider, self.effect, detail)
        })
    }
}

/// One path segment, with everything encoded that is not unreserved (RFC 3986 section 2.3): whatever a
/// caller passes, it begins no other segment and no query.
#[must_use]
pub fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Whether a segment of a path is none but leads to another one, as URLs resolve them (RFC 3986 section 5.2.4).
fn leads_elsewhere(segment: &str) -> bool {
    let decoded = segment.to_ascii_lowercase().replace("%2e", ".");
    decoded == "." || decoded == ".."
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::Router;
    use axum::http::StatusCode as Code;
    use axum::response::IntoResponse;
    use axum::routing::any;

    use super::*;
    use crate::{LocalLimits, ServiceConfig};

    /// A server that answers the n-th call as told, and the last one for ever after.
    async fn service(answers: Vec<(u16, &'static str)>) -> (Service, Arc<AtomicUsize>) {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let app = Router::new().route(
            "/base/{*rest}",
            any(move || {
                let call = counted.fetch_add(1, Ordering::SeqCst);
                let (status, body) = answers[call.min(answers.len() - 1)];
                async move {
                    let headers = [("retry-after", if status == 429 { "0" } else { "" })];
                    (Code::from_u16(status).unwrap(), headers, body).into_response()
                }
            }),
        );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        let config = ServiceConfig::new("test", format!("http://{address}/base").parse().unwrap());
        (Service::new(config, Arc::new(LocalLimits::default()), None).unwrap(), calls)
    }

    #[tokio::test]
    async fn a_read_is_repeated_until_it_answers() {
        let (service, calls) = service(vec![(503, ""), (429, ""), (200, "{\"a\": 1}")]).await;
        let answer: serde_json::Value =
            service.get("things", "/things").query("q", "a b&c").send().await.unwrap().json().unwrap();
        assert_eq!((answer["a"].as_i64(), calls.load(Ordering::SeqCst)), (Some(1), 3));
    }

    #[tokio::test]
    async fn an_order_is_sent_once_and_its_lost_answer_is_an_unknown_outcome() {
        let (service, calls) = service(vec![(503, "")]).await;
        let error = service.post("orders", "/orders").json(&1).send().await.unwrap_err();
        assert!(matches!(error, PortError::OutcomeUnknown { .. }), "{error}");
        assert_eq!(calls.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn nothing_breaks_out_of_a_path() {
        assert_eq!(segment("BRK/B"), "BRK%2FB");
        assert_eq!(segment("AAPL  260612C00110000"), "AAPL%20%20260612C00110000");
        assert_eq!(segment("a?b#c/é"), "a%3Fb%23c%2F%C3%A9");
    }

    #[tokio::test]
    async fn no_path_leads_out_of_its_place() {
        let (service, calls) = service(vec![(200, "{}")]).await;
        for path in ["orders/../orders", "orders/..", "orders/%2E%2e", "orders\\..", "./orders"] {
            let error = service.get("order", path).send().await.unwrap_err();
            assert!(matches!(error, PortError::Invalid { .. }), "{path}: {error}");
        }
        assert_eq!(calls.load(Ordering::SeqCst), 0);
        service.get("order", "orders/a..b/...").send().await.unwrap();
    }

    #[tokio::test]
    async fn an_answer_that_does_not_fit_names_the_place() {
        let (service, _) = service(vec![(200, "{\"a\": \"x\"}")]).await;
        #[derive(Debug, serde::Deserialize)]
        struct Shape {
            #[allow(dead_code, reason = "only its type matters")]
            a: u32,
        }
        let error = service.get("things", "things").send().await.unwrap().json::<Shape>().unwrap_err();
        assert!(error.to_string().contains("things at a:"), "{error}");
    }

    #[tokio::test]
    async fn nobody_listening_is_unavailable_even_for_an_order() {
        // Bound and kept, so that no other test listens there.
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = socket.local_addr().unwrap();
        let config = ServiceConfig::new("test", format!("http://{address}/").parse().unwrap());
        let service = Service::new(config, Arc::new(LocalLimits::default()), None).unwrap();
        let error = service.post("orders", "/orders").send().await.unwrap_err();
        assert!(matches!(error, PortError::Unavailable { .. }), "{error}");
        assert!(!error.to_string().contains("127.0.0.1"), "{error}");
    }
}
