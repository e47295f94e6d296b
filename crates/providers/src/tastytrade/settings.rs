//! How tastytrade is reached and with which grant.

use std::time::Duration;

use secrecy::SecretString;
use ttai_http::ServiceConfig;
use ttai_ports::{PortError, RateLimit};
use url::Url;

use super::{PROVIDER, error};

/// The version of the API that this adapter was written against; the sandbox takes none.
const API_VERSION: &str = "20251101";

/// Settings of one grant.
#[derive(Clone, Debug)]
pub struct TastytradeSettings {
    /// `https://api.tastyworks.com`, or the sandbox's, or a simulation's.
    pub base_url: Url,
    /// Whose rate limit is used up; two grants of one login share a name.
    pub account: String,
    /// Whether it is the sandbox, whose quotes are late.
    pub sandbox: bool,
    /// Whether no real money is behind an address that is not the service's own.
    pub paper: bool,
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
            paper: false,
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
        (self.sandbox, self.paper) = (true, true);
        self.api_version = None;
        self
    }

    /// Whether no real money can be reached: the service's own addresses decide, behind another one (a simulation, a proxy) the
    /// setting.
    pub(super) fn is_paper(&self) -> bool {
        let of_service = |host: &str| {
            ["tastyworks.com", "tastytrade.com"]
                .iter()
                .any(|own| host.strip_suffix(own).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
        };
        match self.base_url.host_str().map(|host| host.trim_end_matches('.')) {
            Some("api.cert.tastyworks.com") => true,
            Some(host) if of_service(host) => false,
            _ => self.paper,
        }
    }

    /// The account streamer: a host of its own at the service, beside the API behind another address.
    ///
    /// # Errors
    /// [`PortError::Invalid`] for an address that cannot be a websocket's.
    pub(super) fn streamer_url(&self) -> Result<Url, PortError> {
        let bad = || error::invalid(format!("{} is no address of the service", self.base_url));
        let mut url = self.base_url.clone();
        let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
        url.set_scheme(scheme).map_err(|()| bad())?;
        match self.base_url.host_str().and_then(|host| host.strip_prefix("api.")) {
            Some(service) => {
                url.set_host(Some(&format!("streamer.{service}"))).map_err(|_| bad())?;
                url.set_path("");
            }
            None => {
                url.path_segments_mut().map_err(|()| bad())?.pop_if_empty().push("streamer");
            }
        }
        Ok(url)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(url: &str, paper: bool) -> TastytradeSettings {
        let secret = || SecretString::from("s");
        TastytradeSettings { paper, ..TastytradeSettings::new(url.parse().unwrap(), secret(), secret()) }
    }

    #[test]
    fn the_services_own_addresses_say_whether_it_is_real_money() {
        for (url, said, paper) in [
            ("https://api.tastyworks.com", false, false),
            ("https://api.tastyworks.com", true, false),
            ("https://api.tastytrade.com/", true, false),
            ("https://api.cert.tastyworks.com", false, true),
            ("http://127.0.0.1:1/tastytrade", false, false),
            ("http://127.0.0.1:1/tastytrade", true, true),
        ] {
            assert_eq!(at(url, said).is_paper(), paper, "{url} {said}");
        }
    }

    #[test]
    fn the_streamer_has_a_host_of_its_own_at_the_service() {
        for (url, wanted) in [
            ("https://api.tastyworks.com", "wss://streamer.tastyworks.com/"),
            ("https://api.cert.tastyworks.com/", "wss://streamer.cert.tastyworks.com/"),
            ("http://127.0.0.1:1/tastytrade", "ws://127.0.0.1:1/tastytrade/streamer"),
        ] {
            assert_eq!(at(url, false).streamer_url().unwrap().as_str(), wanted);
        }
    }
}
