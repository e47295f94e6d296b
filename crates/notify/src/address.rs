//! The address of a webhook. Whoever knows it can post, so the whole of it is a secret.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use ttai_http::{Request, Service, ServiceConfig};
use ttai_ports::{PortError, RateLimit};
use url::{Host, Url};

/// A webhook's address in the parts that a call needs. Only the host shows in `Debug`.
#[derive(Clone)]
pub(crate) struct WebhookAddress {
    /// Scheme, host and port: no secret.
    pub(crate) origin: Url,
    path: SecretString,
    query: Vec<(String, SecretString)>,
}

impl fmt::Debug for WebhookAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookAddress").field("origin", &self.origin.as_str()).finish_non_exhaustive()
    }
}

impl WebhookAddress {
    /// Reads an address. Plain http is for this machine only: elsewhere the secret would travel openly.
    ///
    /// # Errors
    /// [`PortError::Invalid`] without the address in it.
    pub(crate) fn parse(provider: &str, channel: &str, secret: &SecretString) -> Result<Self, PortError> {
        let invalid = |detail: &str| PortError::Invalid {
            provider: provider.to_owned(),
            detail: format!("the address of channel {channel} {detail}"),
        };
        let url = Url::parse(secret.expose_secret().trim())
            .map_err(|error| invalid(&format!("is none: {error}")))?;
        match url.scheme() {
            "https" => {}
            "http" if is_this_machine(&url) => {}
            _ => return Err(invalid("must begin with https://")),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("must not have a user or a password in it"));
        }
        let mut origin = url.clone();
        origin.set_path("/");
        origin.set_query(None);
        origin.set_fragment(None);
        let query = url
            .query_pairs()
            .map(|(name, value)| (name.into_owned(), SecretString::from(value.into_owned())))
            .collect();
        Ok(Self { origin, path: SecretString::from(url.path().to_owned()), query })
    }

    /// The settings of a channel's calls to it.
    pub(crate) fn settings(
        &self,
        provider: &str,
        channel: &str,
        timeout_seconds: u64,
        rate: RateLimit,
    ) -> ServiceConfig {
        ServiceConfig {
            account: format!("{provider}/{channel}"),
            timeout: Duration::from_secs(timeout_seconds.max(1)),
            rate,
            max_body: 64 << 10,
            ..ServiceConfig::new(provider, self.origin.clone())
        }
    }

    /// A call to it.
    pub(crate) fn post(&self, service: &Service, operation: &'static str) -> Request {
        let request = service.post(operation, self.path());
        self.query().fold(request, |request, (name, value)| request.query(name, value))
    }

    /// The path, for the call alone.
    pub(crate) fn path(&self) -> &str {
        self.path.expose_secret()
    }

    /// The query's names and values, for the call alone.
    pub(crate) fn query(&self) -> impl Iterator<Item = (&str, &str)> {
        self.query.iter().map(|(name, value)| (name.as_str(), value.expose_secret()))
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<WebhookAddress, PortError> {
        WebhookAddress::parse("slack", "alerts", &SecretString::from(text.to_owned()))
    }

    #[test]
    fn an_address_comes_apart() {
        let address = parse("https://hooks.example.org:8443/services/T/B/x?key=a%20b\n").unwrap();
        assert_eq!(address.origin.as_str(), "https://hooks.example.org:8443/");
        assert_eq!(address.path(), "/services/T/B/x");
        assert_eq!(address.query().collect::<Vec<_>>(), [("key", "a b")]);
    }

    #[test]
    fn a_secret_never_travels_openly() {
        assert!(parse("http://hooks.example.org/services/T").is_err());
        assert!(parse("ftp://127.0.0.1/a").is_err());
        assert!(parse("https://user:word@hooks.example.org/").is_err());
        for local in ["http://127.0.0.1:9/a", "http://localhost/a", "http://[::1]:9/a"] {
            assert!(parse(local).is_ok(), "{local}");
        }
    }

    #[test]
    fn neither_errors_nor_debug_show_it() {
        let error = parse("http://hooks.example.org/services/planted").unwrap_err();
        assert!(!error.to_string().contains("planted") && !error.to_string().contains("hooks"), "{error}");
        let shown = format!("{:?}", parse("https://hooks.example.org/services/planted?k=planted").unwrap());
        assert!(!shown.contains("planted"), "{shown}");
    }
}
