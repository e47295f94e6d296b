//! Rate limits that several pools and processes share.

use std::time::{Duration, Instant};

use chrono::Utc;
use ttai_ports::{AccountLimits, PortError, RateLimit};
use ttai_store::open_limits;

use super::Bench;

/// One call takes 50 ms of it.
pub(crate) const RATE: RateLimit = RateLimit { per_minute: 1_200, burst: 2 };
/// The calls that a pool or process makes.
pub(crate) const CALLS: u32 = 8;

/// Two pools of their own, as two processes have: together they are no faster than the account allows.
pub(crate) async fn calls_of_two_pools_share_an_accounts_limit(bench: &Bench) {
    let (one, two) = (open_limits(bench.url()).await.unwrap(), open_limits(bench.url()).await.unwrap());
    let began = Instant::now();
    let all = async |limits: &dyn AccountLimits| {
        for _ in 0..CALLS {
            limits.acquire("broker/ann", RATE).await.unwrap();
        }
    };
    tokio::join!(all(one.as_ref()), all(two.as_ref()));
    assert!(began.elapsed() >= shared_time(), "{:?} for {} calls", began.elapsed(), 2 * CALLS);
    // Another account has a limit of its own.
    tokio::time::timeout(Duration::from_secs(20), two.acquire("broker/bob", RATE)).await.unwrap().unwrap();
}

/// The least time of twice [`CALLS`] over one account: the burst is free.
pub(crate) fn shared_time() -> Duration {
    Duration::from_millis(50) * (2 * CALLS - RATE.burst)
}

/// A state that no present clock or rate can have made does not close an account.
pub(crate) async fn a_wrong_clock_or_an_older_rate_closes_no_account(bench: &Bench) {
    let limits = open_limits(bench.url()).await.unwrap();
    limits.pause("broker/ann", Utc::now() + Duration::from_secs(400 * 86_400)).await;
    let slow = RateLimit { per_minute: 1, burst: 60 };
    for _ in 0..slow.burst {
        limits.acquire("broker/bob", slow).await.unwrap();
    }
    for account in ["broker/ann", "broker/bob"] {
        let turn = tokio::time::timeout(Duration::from_secs(20), limits.acquire(account, RATE));
        turn.await.unwrap().unwrap();
    }
}

/// Who is told to stop by the provider stops the others too, and no shorter pause ends a longer one.
pub(crate) async fn a_pause_is_seen_by_all(bench: &Bench) {
    let (one, two) = (open_limits(bench.url()).await.unwrap(), open_limits(bench.url()).await.unwrap());
    one.acquire("broker/ann", RATE).await.unwrap();
    one.pause("broker/ann", Utc::now() + Duration::from_secs(3_600)).await;
    two.pause("broker/ann", Utc::now() + Duration::from_secs(1)).await;
    for limits in [&one, &two] {
        let refused = limits.acquire("broker/ann", RATE).await.unwrap_err();
        let PortError::Unavailable { retry_after, .. } = &refused else { unreachable!("{refused:?}") };
        assert!(retry_after.is_some_and(|left| left.as_secs() > 3_000), "{refused}");
        limits.acquire("broker/bob", RATE).await.unwrap();
    }
}
