//! What the last look of this process's guard found, for its pages and its ping.

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::ROUND;
use super::look::StoreLook;

/// A report that is older is none: the guard itself hangs.
const FRESH: Duration = Duration::from_secs(ROUND.as_secs() * 4);

static REPORT: Mutex<Option<Report>> = Mutex::new(None);
static HOST: LazyLock<String> = LazyLock::new(|| {
    let named = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let named = named.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    named.or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_else(|| "this host".to_owned())
});

/// This host's name.
pub(super) fn host() -> &'static str {
    &HOST
}

/// What a look found.
#[derive(Clone, Debug)]
pub(super) struct Report {
    at: Instant,
    /// What the store said; none where it did not answer.
    pub(super) store: Option<StoreLook>,
    /// Why it did not.
    store_trouble: Option<String>,
    /// The titles of what lasts.
    lasting: Vec<String>,
}

impl Report {
    /// Makes it this process's last one.
    pub(super) fn publish(store: Option<StoreLook>, store_trouble: Option<String>, lasting: Vec<String>) {
        *last() = Some(Self { at: Instant::now(), store, store_trouble, lasting });
    }

    /// The last one, while it is fresh.
    pub(super) fn fresh() -> Option<Self> {
        last().clone().filter(|report| report.at.elapsed() < FRESH)
    }

    /// How old it is.
    pub(super) fn age(&self) -> Duration {
        self.at.elapsed()
    }

    /// Everything that is wrong; empty where all is well.
    pub(super) fn troubles(&self) -> Vec<String> {
        let blind = ttai_activities::watched_shards().into_iter().filter(|shard| shard.blind_since.is_some());
        let blind = blind.map(|shard| format!("Price alerts are blind: {}", shard.name));
        let store = self.store_trouble.iter().map(|why| format!("The store does not answer: {why}"));
        self.lasting.iter().cloned().chain(store).chain(blind).collect()
    }
}

fn last() -> MutexGuard<'static, Option<Report>> {
    REPORT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why the store did not answer this process's guard at its last look, if it did not.
pub(crate) fn store_trouble() -> Option<String> {
    Report::fresh()?.store_trouble
}
