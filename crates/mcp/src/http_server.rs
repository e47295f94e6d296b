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

use crate::desk::Caller;
use crate::oauth::{ProtectedResource, TokenProblem};
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
    /// The issuer of further tokens, where there is one.
    pub oauth: Option<ProtectedResource>,
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
    // Where tokens come from can be asked without one.
    let metadata = settings.oauth.as_ref().map(|oauth| oauth.routes(PATH)).unwrap_or_default();
    let callers = Arc::new(Callers { tokens: settings.tokens, oauth: settings.oauth });
    let router = Router::new()
        .route_service(PATH, service)
        .layer(middleware::from_fn_with_state(callers, authenticate))
        .merge(metadata);
    axum::serve(listener, router).with_graceful_shutdown(shutdown.cancelled_owned()).await
}

/// Finds whom a request acts as; without one it goes no further.
async fn authenticate(State(callers): State<Arc<Callers>>, mut request: Request, next: Next) -> Response {
    let header = match request.headers().get(header::AUTHORIZATION).map(|header| header.to_str()) {
        None => None,
        Some(Ok(header)) => Some(header),
        Some(Err(_)) => Some(""),
    };
    match callers.caller(header).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refused) => callers.refusal(&refused),
    }
}

/// Who may call: holders of configured tokens, and of the issuer's.
struct Callers {
    tokens: BearerTokens,
    oauth: Option<ProtectedResource>,
}

/// Why a request goes no further.
enum Refused {
    Nameless,
    Token(TokenProblem),
}

impl Callers {
    async fn caller(&self, header: Option<&str>) -> Result<Caller, Refused> {
        if let Some(caller) = self.tokens.caller(header) {
            return Ok(caller.clone());
        }
        let Some(header) = header else { return Err(Refused::Nameless) };
        let unknown = "this bearer token is not known; tokens are in ttai's configuration";
        let unknown = || Refused::Token(TokenProblem::Invalid(unknown.to_owned()));
        let (Some(oauth), Some((scheme, token))) = (&self.oauth, header.split_once(' ')) else {
            return Err(unknown());
        };
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(unknown());
        }
        oauth.tokens.caller(token.trim()).await.map_err(Refused::Token)
    }

    /// The answer of RFC 6750, section 3, with the way to the issuer where there is one.
    fn refusal(&self, refused: &Refused) -> Response {
        let (status, error, what) = match refused {
            Refused::Nameless => (
                StatusCode::UNAUTHORIZED,
                None,
                "a bearer token is missing; tokens are in ttai's configuration".to_owned(),
            ),
            Refused::Token(problem @ TokenProblem::Invalid(_)) => {
                (StatusCode::UNAUTHORIZED, Some("invalid_token"), problem.to_string())
            }
            Refused::Token(problem @ TokenProblem::LacksScope(_)) => {
                (StatusCode::FORBIDDEN, Some("insufficient_scope"), problem.to_string())
            }
            Refused::Token(problem @ TokenProblem::Unchecked(_)) => {
                (StatusCode::SERVICE_UNAVAILABLE, Some("temporarily_unavailable"), problem.to_string())
            }
        };
        let parts = [
            error.map(|error| format!("error=\"{error}\"")),
            self.oauth.as_ref().map(ProtectedResource::challenge),
        ];
        let challenge = format!("Bearer {}", parts.into_iter().flatten().collect::<Vec<_>>().join(", "));
        let body = json!({"error": error.unwrap_or("invalid_token"), "error_description": what});
        (status, [(header::WWW_AUTHENTICATE, challenge.trim_end())], axum::Json(body)).into_response()
    }
}
