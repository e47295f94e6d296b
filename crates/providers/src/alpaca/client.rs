//! The calls: two addresses, one pair of keys, and paging with an end.

use std::sync::Arc;

use http::Method;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use ttai_http::{Request, Service, ServiceConfig};
use ttai_ports::{AccountLimits, PortError, RateLimit};

use super::error::of_body;
use super::{AlpacaConfig, PROVIDER};

/// Pages of one listing at most; more than that is no listing but a fault.
pub(super) const MAX_PAGES: usize = 100;

/// Trading and market data with the same keys.
#[derive(Clone, Debug)]
pub(super) struct Client {
    trading: Service,
    data: Service,
    key: SecretString,
    secret: SecretString,
}

impl Client {
    pub(super) fn new(config: &AlpacaConfig, limits: &Arc<dyn AccountLimits>) -> Result<Self, PortError> {
        let service = |base: &url::Url, account: &str| {
            let mut settings = ServiceConfig::new(PROVIDER, base.clone());
            settings.account = account.to_owned();
            settings.timeout = config.timeout;
            // Alpaca's basic plan: 200 calls a minute, for trading and for data each.
            settings.rate = RateLimit { per_minute: config.calls_per_minute, burst: 20 };
            Service::new(settings, Arc::clone(limits), Some(of_body))
        };
        let account = format!("{PROVIDER}/{}", config.account_name);
        Ok(Self {
            trading: service(&config.trading_url, &account)?,
            data: service(&config.data_url, &format!("{account}/data"))?,
            key: config.key_id.clone(),
            secret: config.secret_key.clone(),
        })
    }

    /// The market's now as Alpaca's answers say it; `None` before the first.
    pub(super) fn seen_now(&self) -> Option<chrono::DateTime<chrono::Utc>> {
        self.data.clock().now().or_else(|| self.trading.clock().now())
    }

    /// Notes the `Date` of an answer that came over another connection.
    pub(super) fn observe(&self, date: &str) {
        self.data.clock().observe(date);
    }

    fn signed(&self, request: Request) -> Request {
        request.secret_header("apca-api-key-id", &self.key).secret_header("apca-api-secret-key", &self.secret)
    }

    pub(super) fn trading(&self, method: Method, operation: &'static str, path: &str) -> Request {
        self.signed(self.trading.request(method, operation, path))
    }

    /// A deletion; repeating it changes nothing.
    pub(super) fn delete(&self, operation: &'static str, path: &str) -> Request {
        self.signed(self.trading.delete(operation, path))
    }

    pub(super) fn data(&self, operation: &'static str, path: &str) -> Request {
        self.signed(self.data.get(operation, path))
    }

    /// All pages of a listing: `take` gives a page's rows to the caller and answers with the next page's token.
    pub(super) async fn pages<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        first: impl Fn() -> Request + Send + Sync,
        mut take: impl FnMut(T) -> Option<String> + Send,
    ) -> Result<(), PortError> {
        let mut token: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let request = match &token {
                Some(token) => first().query("page_token", token),
                None => first(),
            };
            let next = take(request.send().await?.json()?);
            if next.is_none() || next == token {
                return Ok(());
            }
            token = next;
        }
        Err(endless(operation))
    }
}

/// A listing that does not end.
pub(super) fn endless(operation: &str) -> PortError {
    PortError::Corrupt {
        provider: PROVIDER.to_owned(),
        detail: format!("{operation} goes on after {MAX_PAGES} pages"),
    }
}
