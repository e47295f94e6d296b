//! A call within its account's limits: it waits for its turn, is counted, is repeated while that is safe and of use, and a
//! provider that says to come back later holds up everybody on the account.

use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable};
use chrono::Utc;
use ttai_ports::PortError;

use crate::metrics;
use crate::request::Effect;
use crate::service::Service;

/// A provider that says to come back later than this is not waited for within a call.
const LONGEST_RETRY: Duration = Duration::from_secs(5);

impl Service {
    /// Makes a call that another client sends, such as a vendor's library: [`crate::Request::send`] is one over this.
    ///
    /// # Errors
    /// Those of `exchange`; [`PortError::Unavailable`] where the account's turn does not come.
    pub async fn call<T, F: Future<Output = Result<T, PortError>>>(
        &self,
        operation: &'static str,
        effect: Effect,
        exchange: impl Fn() -> F,
    ) -> Result<T, PortError> {
        let attempts = if effect == Effect::Once { 1 } else { self.shared.config.attempts.max(1) };
        let waits = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(200))
            .with_max_delay(LONGEST_RETRY)
            .with_max_times(attempts as usize - 1)
            .with_jitter();
        let once = || self.call_once(operation, exchange());
        once.retry(waits).when(worth_repeating).adjust(at_least_retry_after).await
    }

    async fn call_once<T>(
        &self,
        operation: &'static str,
        exchange: impl Future<Output = Result<T, PortError>>,
    ) -> Result<T, PortError> {
        let shared = &self.shared;
        shared.limits.acquire(&shared.config.account, shared.config.rate).await?;
        let started = Instant::now();
        let outcome = exchange.await;
        if let Err(PortError::Unavailable { retry_after: Some(wait), .. }) = &outcome {
            let until = Utc::now() + chrono::Duration::from_std(*wait).unwrap_or_default();
            shared.limits.pause(&shared.config.account, until).await;
        }
        metrics::record(&shared.config.provider, operation, outcome_name(&outcome), started.elapsed());
        if let Err(error) = &outcome {
            tracing::debug!(provider = shared.config.provider, operation, %error, "call failed");
        }
        outcome
    }
}

fn worth_repeating(error: &PortError) -> bool {
    match error {
        PortError::Unavailable { retry_after, .. } => retry_after.is_none_or(|wait| wait <= LONGEST_RETRY),
        _ => false,
    }
}

/// The provider's own word on when to come back wins over our backoff.
fn at_least_retry_after(error: &PortError, wait: Option<Duration>) -> Option<Duration> {
    match error {
        PortError::Unavailable { retry_after: Some(asked), .. } => wait.map(|wait| wait.max(*asked)),
        _ => wait,
    }
}

fn outcome_name<T>(outcome: &Result<T, PortError>) -> &'static str {
    match outcome {
        Ok(_) => "ok",
        Err(PortError::Unavailable { retry_after: Some(_), .. }) => "rate_limited",
        Err(PortError::Unavailable { .. }) => "unavailable",
        Err(PortError::Authentication { .. }) => "authentication",
        Err(PortError::Corrupt { .. }) => "corrupt",
        Err(PortError::OutcomeUnknown { .. }) => "unknown",
        Err(PortError::UnknownSymbol { .. } | PortError::NoData { .. } | PortError::Invalid { .. }) => {
            "refused"
        }
    }
}
