//! How accounts are called as the configuration wants it: rate, timeout, retries, over what the adapters ask for.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use ttai_config::sections::{Calls, ChannelSection, Vendor};
use ttai_config::{Chosen, Config};
use ttai_ports::{AccountLimits, Patience, PortError, RateLimit};

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
        let providers = Vendor::ALL
            .iter()
            .map(|vendor| of_calls(vendor.as_str().to_owned(), config.providers.calls(*vendor)));
        let channels = config.channels.iter().filter_map(|(name, section)| {
            Some(of_channel(format!("{}/{name}", section.kind?.as_str()), section))
        });
        let models =
            config.models.iter().map(|(name, section)| of_calls(format!("llm/{name}"), &section.calls));
        Arc::new(Self { inner, wishes: providers.chain(channels).chain(models).collect() })
    }

    fn wish(&self, account: &str) -> Option<&Wish> {
        self.wishes.iter().find(|wish| {
            account
                .strip_prefix(&wish.account)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':']))
        })
    }
}

fn of_calls(account: String, calls: &Calls) -> Wish {
    let is_rated = calls.rate_limit.chosen().is_some() || calls.burst.chosen().is_some();
    let rate = RateLimit { per_minute: calls.rate_limit.0, burst: *calls.burst };
    let patience = patience(&calls.timeout, &calls.retries);
    Wish { account, rate: is_rated.then_some(rate), patience }
}

fn of_channel(account: String, section: &ChannelSection) -> Wish {
    let ChannelSection { rate_limit, burst, .. } = section;
    let is_rated = rate_limit.is_some() || burst.is_some();
    let rate = RateLimit { per_minute: rate_limit.map_or(60, |rate| rate.0), burst: burst.unwrap_or(5) };
    let patience = patience(&section.timeout, &section.retries);
    Wish { account, rate: is_rated.then_some(rate), patience }
}

fn patience(timeout: &Chosen<Duration>, retries: &Chosen<u32>) -> Patience {
    Patience { timeout: timeout.chosen().copied(), attempts: retries.chosen().map(|retries| retries + 1) }
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
    use super::*;
    use ttai_config::{Environment, of_environment};

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
