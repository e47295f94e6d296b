//! How tastytrade is reached and with which grant.

use std::time::Duration;

use secrecy::SecretString;
use ttai_http::ServiceConfig;
use ttai_ports::RateLimit;
use url::Url;

use super::PROVIDER;

/// The version of the API that this adapter was written against; the sandbox takes none.
const API_VERSION: &str = "20251101";

/// Settings of one grant.
#[derive(Clone, Debug)]
pub struct TastytradeSettings {
    /// `https://api.tastyworks.com`, or the sandbox's, or a simulation's.
    pub base_url: Url,
    /// Whose rate limit is used up; two grants of one login share a name.
    pub account: String,
    /// Whether no real money is behind it.
    pub sandbox: bool,
    /// Of the OAuth application that made the grant.
    pub client_secret: SecretString,
    /// The grant's, which does not expire.
    pub refresh_token: SecretString,
    /// `Accept-Version`, a date `YYYYMMDD`; none for the newest.
    pub api_version: Option<String>,
    /// How often the login may be used.
    pub rate: RateLimit,
    /// Longest wait for one answer.
    pub timeout: Duration,
}

impl TastytradeSettings {
    /// The usual settings at an address: 120 calls a minute of which 60 at once (a large chain takes some 40), 15 s.
    #[must_use]
    pub fn new(base_url: Url, client_secret: SecretString, refresh_token: SecretString) -> Self {
        Self {
            base_url,
            account: PROVIDER.to_owned(),
            sandbox: false,
            client_secret,
            refresh_token,
            api_version: Some(API_VERSION.to_owned()),
            rate: RateLimit { per_minute: 120, burst: 60 },
            timeout: Duration::from_secs(15),
        }
    }

    /// For the sandbox: no real money, late quotes, and no API version.
    #[must_use]
    pub fn for_sandbox(mut self) -> Self {
        self.sandbox = true;
        self.api_version = None;
        self
    }

    pub(super) fn service(&self) -> ServiceConfig {
        ServiceConfig {
            account: self.account.clone(),
            timeout: self.timeout,
            rate: self.rate,
            ..ServiceConfig::new(PROVIDER, self.base_url.clone())
        }
    }
}
