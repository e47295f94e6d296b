//! The OAuth issuer of `[oauth]`: its keys, and whose an access token is (RFC 9068, RFC 8707).

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use async_trait::async_trait;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use ttai_config::sections::OauthSection;
use ttai_contract::UserId;
use ttai_http::{LocalLimits, Service, ServiceConfig};
use ttai_mcp::{AccessTokens, Caller, ProtectedResource, TokenProblem};
use ttai_ports::PortError;
use url::Url;

/// The issuer in errors and metrics.
const PROVIDER: &str = "oauth";
/// Signatures by a public key; a shared secret, and none at all, prove nothing here.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];
/// How long keys are taken for the issuer's without asking.
const KEYS_LAST: Duration = Duration::from_secs(3_600);
/// How soon it is asked again for a key that it did not have: anybody can send a token with an invented one.
const ASK_AGAIN: Duration = Duration::from_secs(30);
/// How far the issuer's clock may be from ours, in seconds.
const LEEWAY: u64 = 30;
/// Longest document of an issuer, in bytes.
const LONGEST: usize = 1 << 20;

/// An issuer, and what its tokens must say.
pub(crate) struct Issuer {
    issuer: String,
    resource: String,
    scope: Option<String>,
    user_claim: String,
    owners: Vec<UserId>,
    keys: Mutex<Option<Keys>>,
}

/// Its keys, and when it was asked for them.
#[derive(Clone)]
struct Keys {
    set: Arc<JwkSet>,
    asked: Instant,
}

/// What of a token is ours to check beside its signature, audience, issuer and expiry. A `nbf` that is no number is no token.
#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    scope: Option<String>,
    #[serde(rename = "nbf", default)]
    _not_before: Option<u64>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// The issuer's metadata (RFC 8414).
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: Url,
}

impl Issuer {
    /// The issuer of the configuration, as what protects this server.
    ///
    /// # Errors
    /// An issuer without a resource, addresses that are none, or an owner that no user can be.
    pub(crate) fn configured(section: &OauthSection) -> anyhow::Result<Option<ProtectedResource>> {
        let Some(issuer) = section.issuer.clone() else { return Ok(None) };
        let resource = section.resource.clone().context(
            "oauth.resource is missing: the address of this server, such as https://ttai.example/mcp",
        )?;
        for (key, address) in [("issuer", &issuer), ("resource", &resource)] {
            let url = Url::parse(address).with_context(|| format!("oauth.{key}: {address} is no address"))?;
            let is_here =
                url.host_str().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]"));
            if url.scheme() != "https" && !is_here {
                bail!("oauth.{key}: {address} must begin with https://, except on this host");
            }
        }
        let owners =
            section.owners.iter().map(|user| user.parse().with_context(|| format!("oauth.owners: {user}")));
        let scope = section.scope.clone();
        let tokens = Self {
            issuer: issuer.clone(),
            resource: resource.clone(),
            scope: scope.clone(),
            user_claim: section.user_claim.clone(),
            owners: owners.collect::<anyhow::Result<_>>()?,
            keys: Mutex::new(None),
        };
        Ok(Some(ProtectedResource { resource, issuer, scope, tokens: Arc::new(tokens) }))
    }

    /// The key of that id, or the only one there is; asked for anew where it is not known.
    async fn key(&self, id: Option<&str>) -> Result<Jwk, TokenProblem> {
        let mut known = self.keys.lock().await;
        let fresh = known.as_ref().filter(|keys| keys.asked.elapsed() < KEYS_LAST);
        if let Some(key) = fresh.and_then(|keys| find(&keys.set, id)) {
            return Ok(key);
        }
        let unknown = || {
            TokenProblem::Invalid("the token is signed by a key that its issuer does not publish".to_owned())
        };
        if fresh.is_some_and(|keys| keys.asked.elapsed() < ASK_AGAIN) {
            return Err(unknown());
        }
        let set = fetch_keys(&self.issuer).await.map_err(|error| {
            TokenProblem::Unchecked(format!("{} does not give its keys: {error:#}", self.issuer))
        })?;
        let found = find(&set, id);
        *known = Some(Keys { set: Arc::new(set), asked: Instant::now() });
        found.ok_or_else(unknown)
    }

    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.set_audience(&[&self.resource]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY;
        validation
    }

    /// Whose a token with these claims is.
    fn caller_of(&self, claims: &Claims) -> Result<Caller, TokenProblem> {
        if let Some(scope) = &self.scope {
            let given = claims.scope.as_deref().unwrap_or_default();
            if !given.split(' ').any(|given| given == scope) {
                return Err(TokenProblem::LacksScope(scope.clone()));
            }
        }
        let named = claims.others.get(&self.user_claim).and_then(Value::as_str);
        let named = named
            .ok_or_else(|| TokenProblem::Invalid(format!("the token has no claim {}", self.user_claim)))?;
        let user: UserId = named.parse().map_err(|_| {
            TokenProblem::Invalid(format!("the token's {} cannot be a user of ttai", self.user_claim))
        })?;
        let owns_desk = self.owners.contains(&user);
        // Whoever can choose a name at the issuer must not become the owner of the desk by it.
        if user == UserId::default() && !owns_desk {
            return Err(TokenProblem::Invalid(format!("{user} is not among oauth.owners")));
        }
        Ok(Caller { user, owns_desk })
    }
}

#[async_trait]
impl AccessTokens for Issuer {
    async fn caller(&self, token: &str) -> Result<Caller, TokenProblem> {
        let invalid = |why: String| TokenProblem::Invalid(format!("the token is not good here: {why}"));
        let header = decode_header(token).map_err(|error| invalid(error.to_string()))?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(invalid(format!("{:?} proves nothing", header.alg)));
        }
        let key = self.key(header.kid.as_deref()).await?;
        let key = DecodingKey::from_jwk(&key).map_err(|error| invalid(error.to_string()))?;
        let claims = decode::<Claims>(token, &key, &self.validation(header.alg));
        self.caller_of(&claims.map_err(|error| invalid(error.to_string()))?.claims)
    }
}

fn find(set: &JwkSet, id: Option<&str>) -> Option<Jwk> {
    let signs = |key: &&Jwk| !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption));
    let found = match (id, set.keys.as_slice()) {
        (Some(id), _) => set.find(id),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    found.filter(signs).cloned()
}

/// The keys of an issuer, by way of its metadata.
async fn fetch_keys(issuer: &str) -> anyhow::Result<JwkSet> {
    let mut last = None;
    for address in metadata_addresses(&Url::parse(issuer)?) {
        match read::<Metadata>(&address).await {
            Ok(metadata) if metadata.issuer == issuer => return read(&metadata.jwks_uri).await,
            Ok(metadata) => {
                last = Some(anyhow::anyhow!("{address} speaks of another issuer, {}", metadata.issuer));
            }
            Err(error) => last = Some(error.context(address.to_string())),
        }
    }
    Err(last.unwrap_or_else(|| anyhow::anyhow!("it has no address")))
}

/// Where an issuer's metadata are: RFC 8414 has the well-known name before its path, OpenID Connect after it.
fn metadata_addresses(issuer: &Url) -> Vec<Url> {
    let path = issuer.path().trim_end_matches('/');
    let paths = [
        format!("/.well-known/oauth-authorization-server{path}"),
        format!("/.well-known/openid-configuration{path}"),
        format!("{path}/.well-known/openid-configuration"),
    ];
    let mut addresses: Vec<Url> = paths.iter().filter_map(|path| issuer.join(path).ok()).collect();
    addresses.dedup();
    addresses
}

async fn read<T: serde::de::DeserializeOwned>(address: &Url) -> anyhow::Result<T> {
    let origin = address.join("/")?;
    let config = ServiceConfig { max_body: LONGEST, attempts: 2, ..ServiceConfig::new(PROVIDER, origin) };
    let service = Service::new(config, Arc::new(LocalLimits::default()), None)?;
    let answer: Result<_, PortError> = service.get("metadata", address.path()).send().await;
    Ok(answer?.json()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer() -> Issuer {
        Issuer {
            issuer: "https://login.example/desk".to_owned(),
            resource: "https://ttai.example/mcp".to_owned(),
            scope: Some("ttai".to_owned()),
            user_claim: "sub".to_owned(),
            owners: vec!["ann".parse().unwrap()],
            keys: Mutex::new(None),
        }
    }

    fn claims(text: &str) -> Claims {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_name_at_the_issuer_does_not_make_an_owner() {
        let caller = |text: &str| issuer().caller_of(&claims(text));
        let ann = caller(r#"{"sub": "ann", "scope": "openid ttai"}"#).unwrap();
        assert!(ann.owns_desk && ann.user.as_str() == "ann");
        assert!(!caller(r#"{"sub": "bob", "scope": "ttai"}"#).unwrap().owns_desk);
        let default = caller(r#"{"sub": "default", "scope": "ttai"}"#).unwrap_err();
        assert!(default.to_string().contains("not among oauth.owners"), "{default}");
        assert_eq!(
            caller(r#"{"sub": "ann", "scope": "ttaix"}"#),
            Err(TokenProblem::LacksScope("ttai".to_owned()))
        );
        assert!(matches!(caller(r#"{"scope": "ttai"}"#), Err(TokenProblem::Invalid(_))));
        assert!(serde_json::from_str::<Claims>(r#"{"nbf": "tomorrow"}"#).is_err());
    }

    #[tokio::test]
    async fn what_no_key_signed_is_refused_unseen() {
        // {"alg":"none"} and {"alg":"HS256"}, each with {"sub":"ann"}.
        for token in [
            "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2ln",
            "x",
            "a.b.c",
            "",
        ] {
            let refused = issuer().caller(token).await.unwrap_err();
            assert!(matches!(refused, TokenProblem::Invalid(_)), "{token}: {refused}");
        }
    }

    #[test]
    fn metadata_are_sought_where_the_standards_have_them() {
        let addresses = |issuer: &str| {
            metadata_addresses(&issuer.parse().unwrap()).iter().map(Url::to_string).collect::<Vec<_>>()
        };
        assert_eq!(
            addresses("https://a.example/realms/x"),
            [
                "https://a.example/.well-known/oauth-authorization-server/realms/x",
                "https://a.example/.well-known/openid-configuration/realms/x",
                "https://a.example/realms/x/.well-known/openid-configuration",
            ]
        );
        assert_eq!(addresses("https://a.example").len(), 2);
    }
}
