//! Rate limits that several pools and processes share.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use sqlx::AssertSqlSafe;
use ttai_ports::{AccountLimits, PortError, RateLimit};
use ttai_store::open_limits;

use super::Bench;

/// One call takes 50 ms of it.
pub(crate) const RATE: RateLimit = RateLimit { per_minute: 1_200, burst: 2 };
/// The calls that a pool or process makes.
pub(crate) const CALLS: u32 = 8;

/// Waits longer than any turn here should take.
async fn soon(limits: &dyn AccountLimits, account: &str, rate: RateLimit) {
    tokio::time::timeout(Duration::from_secs(20), limits.acquire(account, rate)).await.unwrap().unwrap();
}

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
    soon(two.as_ref(), "broker/bob", RATE).await;
}

/// The least time of twice [`CALLS`] over one account: the burst is free.
pub(crate) fn shared_time() -> Duration {
    Duration::from_millis(50) * (2 * CALLS - RATE.burst)
}

/// A state that no present clock or rate can have made does not close an account.
pub(crate) async fn a_wrong_clock_or_an_older_rate_closes_no_account(bench: &Bench) {
    let limits = open_limits(bench.url()).await.unwrap();
    let year = Utc::now() + Duration::from_secs(400 * 86_400);
    for account in ["broker/ann", "broker/cleo"] {
        limits.acquire(account, RATE).await.unwrap();
    }
    limits.pause("broker/cleo", year).await;
    let wrong = format!("UPDATE account_limits SET paused_until = {}", year.timestamp_micros());
    bench.tamper(AssertSqlSafe(wrong)).await.close().await;
    let slow = RateLimit { per_minute: 1, burst: 60 };
    for _ in 0..slow.burst {
        limits.acquire("broker/bob", slow).await.unwrap();
    }
    for account in ["broker/ann", "broker/bob", "broker/cleo"] {
        soon(limits.as_ref(), account, RATE).await;
        soon(open_limits(bench.url()).await.unwrap().as_ref(), account, RATE).await;
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

/// Who holds turns notices within a second that another was told to stop, and uses none of them after it.
pub(crate) async fn a_pause_stops_who_holds_turns(bench: &Bench) {
    // A quarter of the burst is held: more turns than anybody could use until it is noticed.
    let roomy = RateLimit { per_minute: 60_000, burst: 40_000_000 };
    let (one, two) = (open_limits(bench.url()).await.unwrap(), open_limits(bench.url()).await.unwrap());
    one.acquire("broker/ann", roomy).await.unwrap();
    two.pause("broker/ann", Utc::now() + Duration::from_secs(3_600)).await;
    let paused = Instant::now();
    let mut used = 1;
    while one.acquire("broker/ann", roomy).await.is_ok() {
        used += 1;
        assert!(paused.elapsed() < Duration::from_secs(5), "{used} turns used, and it goes on");
    }
    assert!(used < roomy.burst / 4, "all that it held: {used}");
}

/// Who gives up takes nothing: the turn that it waited for is another's. Only one may be lost, to the moment between.
pub(crate) async fn who_gives_up_takes_no_turn(bench: &Bench) {
    let rate = RateLimit { per_minute: 6, burst: 4 };
    let limits = open_limits(bench.url()).await.unwrap();
    let mut taken = 0;
    for _ in 0..50 {
        // Dropped after one poll, wherever that was; now and then the store had answered by then, and the turn was used.
        let mut waiting = Box::pin(limits.acquire("broker/ann", rate));
        taken += u32::from(at_once(waiting.as_mut()).await.is_some());
    }
    for _ in 1 + taken..rate.burst {
        let turn = tokio::time::timeout(Duration::from_secs(5), limits.acquire("broker/ann", rate));
        turn.await.unwrap().unwrap();
    }
}

/// What a future answers at once.
async fn at_once<T>(mut future: std::pin::Pin<&mut (impl Future<Output = T> + ?Sized)>) -> Option<T> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match future.as_mut().poll(context) {
            std::task::Poll::Ready(answer) => Some(answer),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

/// A process that dies loses the turns that it holds, and no more: the account recovers by its rate.
pub(crate) async fn who_dies_loses_at_most_its_block(bench: &Bench) {
    let rate = RateLimit { per_minute: 60, burst: 40 };
    let dying = open_limits(bench.url()).await.unwrap();
    dying.acquire("broker/ann", rate).await.unwrap();
    drop(dying);
    let heir = open_limits(bench.url()).await.unwrap();
    // One was used and ten are lost.
    for _ in 0..rate.burst - 11 {
        let turn = tokio::time::timeout(Duration::from_millis(700), heir.acquire("broker/ann", rate));
        turn.await.unwrap().unwrap();
    }
}

/// While the store is away calls go on, slower; afterwards the account is shared again.
pub(crate) async fn a_store_that_is_away_slows_calls_and_stops_none(bench: &Bench, lock: &'static str) {
    let rate = RateLimit { per_minute: 600, burst: 8 };
    let limits: Arc<dyn AccountLimits> = open_limits(bench.url()).await.unwrap();
    let lock = bench.tamper(lock).await;
    let began = Instant::now();
    for _ in 0..4 {
        soon(limits.as_ref(), "broker/ann", rate).await;
    }
    // A quarter of ten a second: the first one after the store had its two seconds.
    assert!(began.elapsed() >= Duration::from_millis(2_000 + 3 * 400), "{:?}", began.elapsed());
    lock.close().await;
    soon(limits.as_ref(), "broker/ann", rate).await;
}
