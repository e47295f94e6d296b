//! What a person may change about the calls to a provider that needs no account.

use std::time::Duration;

use ttai_http::ServiceConfig;
use ttai_ports::RateLimit;

/// Settings of the calls; none leaves the provider's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tuning {
    /// Longest wait for one whole answer.
    pub timeout: Option<Duration>,
    /// How often a call that may be repeated is tried, at least 1.
    pub attempts: Option<u32>,
    /// How often the provider may be called.
    pub rate: Option<RateLimit>,
}

impl Tuning {
    pub(crate) fn apply(&self, config: &mut ServiceConfig) {
        config.timeout = self.timeout.unwrap_or(config.timeout);
        config.attempts = self.attempts.unwrap_or(config.attempts).max(1);
        config.rate = self.rate.unwrap_or(config.rate);
    }
}
