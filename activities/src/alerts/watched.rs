//! The shards that this process watches, for its metrics and its guard.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

static SHARDS: Mutex<BTreeMap<String, Seen>> = Mutex::new(BTreeMap::new());

struct Seen {
    event: Instant,
    answer: Instant,
    blind_since: Option<DateTime<Utc>>,
}

/// A shard that this process watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchedShard {
    /// The shard's lease: `price-alerts/shard-0`.
    pub name: String,
    /// How long ago the stream brought the last event; since the watch began, where it brought none.
    pub since_event: Duration,
    /// How long ago the server last acknowledged the watch.
    pub since_answer: Duration,
    /// Since when nothing can be seen, in market time.
    pub blind_since: Option<DateTime<Utc>>,
}

fn shards() -> MutexGuard<'static, BTreeMap<String, Seen>> {
    SHARDS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The shards that this process watches now, by name.
#[must_use]
pub fn watched_shards() -> Vec<WatchedShard> {
    let watched = |(name, seen): (&String, &Seen)| WatchedShard {
        name: name.clone(),
        since_event: seen.event.elapsed(),
        since_answer: seen.answer.elapsed(),
        blind_since: seen.blind_since,
    };
    shards().iter().map(watched).collect()
}

/// Notes how a watch is.
pub(super) fn note(name: &str, event: Instant, since_answer: Duration, blind_since: Option<DateTime<Utc>>) {
    let now = Instant::now();
    let answer = now.checked_sub(since_answer).unwrap_or(now);
    shards().insert(name.to_owned(), Seen { event, answer, blind_since });
}

/// Forgets a watch that has ended.
pub(super) fn forget(name: &str) {
    shards().remove(name);
}
