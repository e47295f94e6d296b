//! OAuth: this server as a protected resource (RFC 9728). Tokens are the issuer's; a client finds the issuer by this server's metadata.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};

use crate::desk::Caller;

/// Where RFC 9728, section 3.1, has a client look for the metadata of a resource with a path.
const METADATA: &str = "/.well-known/oauth-protected-resource";

/// Tells whose an access token is.
#[async_trait]
pub trait AccessTokens: Send + Sync {
    /// As whom a call with this token acts.
    ///
    /// # Errors
    /// Why it acts as nobody.
    async fn caller(&self, token: &str) -> Result<Caller, TokenProblem>;
}

/// Why an access token is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenProblem {
    /// It is not the issuer's, not for this server, not now, or not read.
    #[error("{0}")]
    Invalid(String),
    /// It is good and does not allow this.
    #[error("the token lacks the scope {0}")]
    LacksScope(String),
    /// The issuer's keys cannot be had; the same token may be good later.
    #[error("the token cannot be checked now: {0}")]
    Unchecked(String),
}

/// This server, as an issuer protects it.
#[derive(Clone)]
pub struct ProtectedResource {
    /// The address under which clients know this server, with its path: `https://ttai.example/mcp`. Tokens are for it.
    pub resource: String,
    /// Who issues tokens.
    pub issuer: String,
    /// The scope that a token needs, if any.
    pub scope: Option<String>,
    /// What checks them.
    pub tokens: Arc<dyn AccessTokens>,
}

impl ProtectedResource {
    /// The metadata, under the path of the resource and without it: some clients look at one of them only.
    pub(crate) fn routes(&self, path: &str) -> Router {
        let document = self.metadata();
        let answer = move || async move { axum::Json(document) };
        Router::new().route(METADATA, get(answer.clone())).route(&format!("{METADATA}{path}"), get(answer))
    }

    fn metadata(&self) -> Value {
        let mut document = json!({
            "resource": self.resource,
            "authorization_servers": [self.issuer],
            "bearer_methods_supported": ["header"],
            "resource_name": "ttai",
        });
        if let (Some(scope), Some(document)) = (&self.scope, document.as_object_mut()) {
            document.insert("scopes_supported".to_owned(), json!([scope]));
        }
        document
    }

    /// The address of the metadata, as a challenge names it: the well-known path stands between host and path.
    fn metadata_url(&self) -> String {
        let after_scheme = self.resource.find("://").map_or(0, |at| at + 3);
        let host_ends =
            self.resource[after_scheme..].find('/').map_or(self.resource.len(), |at| after_scheme + at);
        let (host, path) = self.resource.split_at(host_ends);
        format!("{host}{METADATA}{}", path.trim_end_matches('/'))
    }

    /// The parameters of a `WWW-Authenticate` challenge that lead to the issuer.
    pub(crate) fn challenge(&self) -> String {
        let scope = self.scope.as_ref().map(|scope| format!(", scope=\"{scope}\"")).unwrap_or_default();
        format!("resource_metadata=\"{}\"{scope}", self.metadata_url())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nobody;

    #[async_trait]
    impl AccessTokens for Nobody {
        async fn caller(&self, _: &str) -> Result<Caller, TokenProblem> {
            Err(TokenProblem::Invalid("nobody".to_owned()))
        }
    }

    #[test]
    fn the_metadata_stands_between_host_and_path() {
        let resource = |address: &str| ProtectedResource {
            resource: address.to_owned(),
            issuer: "https://login.example".to_owned(),
            scope: Some("ttai".to_owned()),
            tokens: Arc::new(Nobody),
        };
        let url = |address: &str| resource(address).metadata_url();
        assert_eq!(
            url("https://ttai.example/mcp"),
            "https://ttai.example/.well-known/oauth-protected-resource/mcp"
        );
        assert_eq!(url("https://ttai.example"), "https://ttai.example/.well-known/oauth-protected-resource");
        assert_eq!(resource("https://a/mcp").metadata()["scopes_supported"], json!(["ttai"]));
    }
}
