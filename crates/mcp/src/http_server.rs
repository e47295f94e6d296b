//! Streamable HTTP: whoever calls names itself by a bearer token; other sites' pages and other hosts' names are refused.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use rmcp::transport::StreamableHttpServerConfig;
use rmcp::transport::StreamableHttpService;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::server::McpServer;
use crate::tokens::BearerTokens;

/// Longest body of a request, in bytes.
const LONGEST_BODY: usize = 1 << 20;
/// Where the protocol is spoken.
const PATH: &str = "/mcp";

/// Who may call, and from where.
pub struct HttpSettings {
    /// Tokens, each with its user.
    pub tokens: BearerTokens,
    /// Names under which the server may be addressed beside this host's own: `mcp.example`, `mcp.example:8443`.
    pub hosts: Vec<String>,
    /// Origins of web pages that may call: `https://app.example`.
    pub origins: Vec<String>,
}

/// Serves until the shutdown.
///
/// # Errors
/// A socket that breaks.
pub async fn serve_http(
    listener: TcpListener,
    server: McpServer,
    settings: HttpSettings,
    shutdown: CancellationToken,
) -> std::io::Result<()> {
    let own = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let port = listener.local_addr()?.port();
    // A page that this host serves at the same address is not another site's.
    let own_origins = ["localhost", "127.0.0.1", "[::1]"].map(|host| format!("http://{host}:{port}"));
    let config = StreamableHttpServerConfig::default()
        // A session would end with this process; without one the same call works after a restart.
        .with_legacy_session_mode(false)
        .with_allowed_hosts(own.into_iter().chain(settings.hosts))
        .with_allowed_origins(own_origins.into_iter().chain(settings.origins))
        .enforce_origin_validation()
        .with_max_request_body_bytes(LONGEST_BODY)
        .with_cancellation_token(shutdown.clone());
    let connection = move || Ok(server.for_connection());
    let service = StreamableHttpService::new(connection, Arc::new(NeverSessionManager::default()), config);
    let router = Router::new()
        .route_service(PATH, service)
        .layer(middleware::from_fn_with_state(Arc::new(settings.tokens), authenticate));
    axum::serve(listener, router).with_graceful_shutdown(shutdown.cancelled_owned()).await
}

/// Finds whom a request acts as; without one it goes no further.
async fn authenticate(State(tokens): State<Arc<BearerTokens>>, mut request: Request, next: Next) -> Response {
    let header = match request.headers().get(header::AUTHORIZATION).map(|header| header.to_str()) {
        None => None,
        Some(Ok(header)) => Some(header),
        Some(Err(_)) => Some(""),
    };
    let Some(caller) = tokens.caller(header).cloned() else { return unauthorized(header.is_some()) };
    request.extensions_mut().insert(caller);
    next.run(request).await
}

fn unauthorized(was_wrong: bool) -> Response {
    let challenge = if was_wrong { "Bearer error=\"invalid_token\"" } else { "Bearer" };
    let what = if was_wrong { "this bearer token is not known" } else { "a bearer token is missing" };
    let body = json!({"error": "invalid_token", "error_description": format!("{what}; tokens are in ttai's configuration")});
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)], axum::Json(body)).into_response()
}
