//! How accounts are called as the configuration wants it: rate, timeout, retries, over what the adapters ask for.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use ttai_ports::{AccountLimits, Patience, PortError, RateLimit};

use crate::config::{Config, Datum};

/// What somebody configured for a provider or a channel.
struct Wish {
    /// The account's name, or what it begins with before a `/` or `:`.
    account: String,
    rate: Option<RateLimit>,
    patience: Patience,
}

/// The configuration's wishes over other limits.
pub(crate) struct ConfiguredLimits {
    inner: Arc<dyn AccountLimits>,
    wishes: Vec<Wish>,
}

impl ConfiguredLimits {
    /// The configuration's wishes over `inner`.
    pub(crate) fn over(inner: Arc<dyn AccountLimits>, config: &Config) -> Arc<dyn AccountLimits> {
        let providers = config.names("providers").into_iter().map(|name| (format!("providers.{name}"), name));
        let channels = config.names("channels").into_iter().filter_map(|name| {
            let section = format!("channels.{name}");
            let kind = config.text(&section, "type")?;
            Some((section, format!("{kind}/{name}")))
        });
        let models =
            config.names("models").into_iter().map(|name| (format!("models.{name}"), format!("llm/{name}")));
        let wishes =
            providers.chain(channels).chain(models).map(|(section, account)| wish(config, &section, account));
        Arc::new(Self { inner, wishes: wishes.collect() })
    }

    fn wish(&self, account: &str) -> Option<&Wish> {
        self.wishes.iter().find(|wish| {
            account
                .strip_prefix(&wish.account)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':']))
        })
    }
}

fn wish(config: &Config, section: &str, account: String) -> Wish {
    let set = |key: &str| config.is_set(section, key);
    let wanted = config.provider(section, "base_url");
    Wish {
        account,
        rate: (set("rate_limit") || set("burst")).then_some(wanted.rate),
        patience: Patience {
            timeout: match config.get(section, "timeout") {
                Some(Datum::Duration(span)) if set("timeout") => Some(span),
                _ => None,
            },
            attempts: set("retries").then_some(wanted.attempts),
        },
    }
}

#[async_trait]
impl AccountLimits for ConfiguredLimits {
    async fn acquire(&self, account: &str, rate: RateLimit) -> Result<(), PortError> {
        let rate = self.wish(account).and_then(|wish| wish.rate).unwrap_or(rate);
        self.inner.acquire(account, rate).await
    }

    async fn pause(&self, account: &str, until: DateTime<Utc>) {
        self.inner.pause(account, until).await;
    }

    fn patience(&self, account: &str) -> Patience {
        let inner = self.inner.patience(account);
        let wished = self.wish(account).map(|wish| wish.patience).unwrap_or_default();
        Patience { timeout: wished.timeout.or(inner.timeout), attempts: wished.attempts.or(inner.attempts) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::{Environment, of_environment};

    #[test]
    fn what_is_configured_holds_for_every_account_of_the_provider_and_nothing_else_changes() {
        let config = of_environment(&Environment::of(&[
            ("TTAI__PROVIDERS__ALPACA__RETRIES", "0"),
            ("TTAI__PROVIDERS__CBOE__TIMEOUT", "3s"),
            ("TTAI__CHANNELS__DESK__TYPE", "discord"),
            ("TTAI__CHANNELS__DESK__RETRIES", "4"),
            ("TTAI__MODELS__LOCAL__BASE_URL", "http://127.0.0.1:4000/v1"),
            ("TTAI__MODELS__LOCAL__RETRIES", "0"),
        ]));
        let limits = ConfiguredLimits::over(Arc::new(ttai_http::LocalLimits::default()), &config);
        let attempts = |account: &str| limits.patience(account).attempts;
        assert_eq!((attempts("alpaca/paper"), attempts("alpacas"), attempts("cboe")), (Some(1), None, None));
        assert_eq!((attempts("discord/desk"), attempts("llm/local")), (Some(5), Some(1)));
        assert_eq!(limits.patience("cboe").timeout, Some(Duration::from_secs(3)));
        assert_eq!(limits.patience("tastytrade"), Patience::default());
    }
}
