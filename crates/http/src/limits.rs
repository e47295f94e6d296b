//! Rate limits within one process.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use governor::{DefaultDirectRateLimiter, Quota};
use ttai_ports::{AccountLimits, PortError, RateLimit};

/// Whoever would wait longer than this is told to come back instead.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Shares each account's calls among the tasks of this process.
#[derive(Debug, Default)]
pub struct LocalLimits {
    accounts: Mutex<HashMap<String, Account>>,
}

#[derive(Debug, Default)]
struct Account {
    limiter: Option<(RateLimit, Arc<DefaultDirectRateLimiter>)>,
    paused_until: Option<DateTime<Utc>>,
}

impl LocalLimits {
    fn limiter(&self, account: &str, rate: RateLimit) -> Arc<DefaultDirectRateLimiter> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = accounts.entry(account.to_owned()).or_default();
        match &entry.limiter {
            Some((known, limiter)) if *known == rate => Arc::clone(limiter),
            _ => {
                let limiter = Arc::new(DefaultDirectRateLimiter::direct(quota(rate)));
                entry.limiter = Some((rate, Arc::clone(&limiter)));
                limiter
            }
        }
    }

    fn pause_left(&self, account: &str) -> Option<Duration> {
        let accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let until = accounts.get(account)?.paused_until?;
        (until - Utc::now()).to_std().ok()
    }
}

fn quota(rate: RateLimit) -> Quota {
    let at_least_one = |number: u32| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
    Quota::per_minute(at_least_one(rate.per_minute)).allow_burst(at_least_one(rate.burst))
}

#[async_trait]
impl AccountLimits for LocalLimits {
    async fn acquire(&self, account: &str, rate: RateLimit) -> Result<(), PortError> {
        if let Some(left) = self.pause_left(account) {
            if left > LONGEST_WAIT {
                return Err(too_long(account, left));
            }
            tokio::time::sleep(left).await;
        }
        let limiter = self.limiter(account, rate);
        tokio::time::timeout(LONGEST_WAIT, limiter.until_ready())
            .await
            .map_err(|_| too_long(account, LONGEST_WAIT))
    }

    async fn pause(&self, account: &str, until: DateTime<Utc>) {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = accounts.entry(account.to_owned()).or_default();
        entry.paused_until = entry.paused_until.max(Some(until));
    }
}

fn too_long(account: &str, left: Duration) -> PortError {
    PortError::Unavailable {
        provider: account.to_owned(),
        detail: format!("its rate limit is used up for another {} s", left.as_secs().max(1)),
        retry_after: Some(left),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: RateLimit = RateLimit { per_minute: 60, burst: 2 };

    #[tokio::test]
    async fn a_long_pause_is_an_answer_and_not_a_wait() {
        let limits = LocalLimits::default();
        limits.pause("a", Utc::now() + chrono::Duration::hours(1)).await;
        let refused = limits.acquire("a", RATE).await.unwrap_err();
        assert!(
            matches!(refused, PortError::Unavailable { retry_after: Some(left), .. } if left.as_secs() > 3_500)
        );
        limits.acquire("b", RATE).await.unwrap();
    }

    #[tokio::test]
    async fn a_later_shorter_pause_does_not_end_a_longer_one() {
        let limits = LocalLimits::default();
        limits.pause("a", Utc::now() + chrono::Duration::hours(1)).await;
        limits.pause("a", Utc::now()).await;
        assert!(limits.acquire("a", RATE).await.is_err());
    }

    #[tokio::test]
    async fn a_burst_passes_and_the_next_call_waits() {
        let limits = LocalLimits::default();
        let slow = RateLimit { per_minute: 1, burst: 2 };
        for _ in 0..2 {
            limits.acquire("a", slow).await.unwrap();
        }
        assert!(limits.limiter("a", slow).check().is_err());
    }
}
