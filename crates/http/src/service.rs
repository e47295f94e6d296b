//! One account at one provider, and how it is called.

use std::fmt;
use std::sync::{Arc, Once};
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use ttai_ports::{AccountLimits, PortError, RateLimit};
use url::Url;

use crate::clock::ProviderClock;
use crate::request::Request;

/// How a provider is called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceConfig {
    /// The provider's name in errors, metrics and rate limits: `tastytrade`.
    pub provider: String,
    /// Whose rate limit is used up: the provider's name and the account, without secrets.
    pub account: String,
    /// Everything is relative to it; a path in it is kept.
    pub base_url: Url,
    /// Longest wait for one whole answer.
    pub timeout: Duration,
    /// How often the account may be used.
    pub rate: RateLimit,
    /// How often a call that may be repeated is tried, at least 1.
    pub attempts: u32,
    /// `User-Agent`.
    pub user_agent: String,
    /// Largest body that is read, in bytes.
    pub max_body: usize,
}

impl ServiceConfig {
    /// The usual settings: 10 s, 120 calls a minute of which 20 at once, 3 attempts, 32 MiB.
    #[must_use]
    pub fn new(provider: &str, base_url: Url) -> Self {
        Self {
            provider: provider.to_owned(),
            account: provider.to_owned(),
            base_url,
            timeout: Duration::from_secs(10),
            rate: RateLimit { per_minute: 120, burst: 20 },
            attempts: 3,
            user_agent: concat!("ttai/", env!("CARGO_PKG_VERSION")).to_owned(),
            max_body: 32 << 20,
        }
    }
}

/// Reads a provider's own error body: `None` where it says nothing that the status does not.
pub type ErrorBody = fn(StatusCode, &[u8]) -> Option<PortError>;

pub(crate) struct Shared {
    pub(crate) config: ServiceConfig,
    pub(crate) client: reqwest::Client,
    pub(crate) limits: Arc<dyn AccountLimits>,
    pub(crate) clock: ProviderClock,
    pub(crate) error_body: Option<ErrorBody>,
}

/// One account at one provider. Clones share the connection pool and the clock.
#[derive(Clone)]
pub struct Service {
    pub(crate) shared: Arc<Shared>,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("provider", &self.shared.config.provider).finish_non_exhaustive()
    }
}

impl Service {
    /// Prepares the calls; nothing is sent yet. The patience that `limits` has for the account wins over the configuration's.
    /// Redirects are not followed: they would carry credentials elsewhere.
    ///
    /// # Errors
    /// [`PortError::Invalid`] for an address that is neither http nor https, or a system without certificates.
    pub fn new(
        mut config: ServiceConfig,
        limits: Arc<dyn AccountLimits>,
        error_body: Option<ErrorBody>,
    ) -> Result<Self, PortError> {
        let patience = limits.patience(&config.account);
        config.timeout = patience.timeout.unwrap_or(config.timeout);
        config.attempts = patience.attempts.unwrap_or(config.attempts).max(1);
        let invalid = |detail: String| PortError::Invalid { provider: config.provider.clone(), detail };
        if !matches!(config.base_url.scheme(), "http" | "https") || config.base_url.cannot_be_a_base() {
            return Err(invalid("its address must begin with http:// or https://".to_owned()));
        }
        choose_tls();
        let client = reqwest::Client::builder()
            .user_agent(&config.user_agent)
            .timeout(config.timeout)
            .connect_timeout(config.timeout.min(Duration::from_secs(5)))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| invalid(format!("no HTTP client can be made: {}", error.without_url())))?;
        Ok(Self {
            shared: Arc::new(Shared { config, client, limits, clock: ProviderClock::default(), error_body }),
        })
    }

    /// The provider's name.
    #[must_use]
    pub fn provider(&self) -> &str {
        &self.shared.config.provider
    }

    /// The provider's now by its last answer; the local clock before the first.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.shared.clock.now().unwrap_or_else(Utc::now)
    }

    /// The client behind it, with its timeouts, for a library that sends by itself: under [`Service::call`] only.
    #[must_use]
    pub fn client(&self) -> reqwest::Client {
        self.shared.client.clone()
    }

    /// The provider's clock.
    #[must_use]
    pub fn clock(&self) -> &ProviderClock {
        &self.shared.clock
    }

    /// A call to `path` under the base address. `operation` is its name in errors and metrics: `quotes`.
    /// GET and HEAD are reads; other methods take effect once unless [`Request::effect`] says otherwise.
    pub fn request(&self, method: Method, operation: &'static str, path: &str) -> Request {
        Request::new(self.clone(), method, operation, path)
    }

    /// `GET path`.
    pub fn get(&self, operation: &'static str, path: &str) -> Request {
        self.request(Method::GET, operation, path)
    }

    /// `POST path`, with effect once.
    pub fn post(&self, operation: &'static str, path: &str) -> Request {
        self.request(Method::POST, operation, path)
    }

    /// `DELETE path`; repeating it changes nothing.
    pub fn delete(&self, operation: &'static str, path: &str) -> Request {
        self.request(Method::DELETE, operation, path).effect(crate::Effect::Idempotent)
    }
}

/// One TLS implementation for the whole program; whoever comes second keeps the first's choice.
fn choose_tls() {
    static CHOSEN: Once = Once::new();
    CHOSEN.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
