//! Keeps what a provider's file said for a while, and fetches it once however many ask. What has not changed is not sent
//! again.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use ttai_ports::PortError;

/// A file as it was read.
#[derive(Debug)]
pub(crate) struct Cached<T> {
    /// What it says.
    pub(crate) value: Arc<T>,
    /// The provider's time when it came.
    pub(crate) received_at: DateTime<Utc>,
    /// Its mark, to ask whether it changed.
    pub(crate) etag: Option<String>,
    asked: Instant,
}

impl<T> Cached<T> {
    pub(crate) fn new(value: Arc<T>, received_at: DateTime<Utc>, etag: Option<String>) -> Self {
        Self { value, received_at, etag, asked: Instant::now() }
    }
}

impl<T> Clone for Cached<T> {
    fn clone(&self) -> Self {
        Self {
            value: Arc::clone(&self.value),
            received_at: self.received_at,
            etag: self.etag.clone(),
            asked: self.asked,
        }
    }
}

type Slot<T> = Arc<tokio::sync::Mutex<Option<Cached<T>>>>;

/// Files by name.
#[derive(Debug)]
pub(crate) struct Cache<T> {
    slots: Mutex<HashMap<String, (Instant, Slot<T>)>>,
    capacity: usize,
    fresh: Duration,
}

impl<T> Cache<T> {
    /// A cache of at most `capacity` files, each asked for again when it is `fresh` old.
    pub(crate) fn new(capacity: usize, fresh: Duration) -> Self {
        Self { slots: Mutex::default(), capacity, fresh }
    }

    /// The file, fetched where it is too old. `fetch` gets what is known and may answer with the same.
    pub(crate) async fn get<F>(
        &self,
        name: &str,
        fetch: impl FnOnce(Option<Cached<T>>) -> F,
    ) -> Result<Cached<T>, PortError>
    where
        F: Future<Output = Result<Cached<T>, PortError>>,
    {
        let slot = self.slot(name);
        // Whoever comes while it is being fetched waits here and finds it done.
        let mut cached = slot.lock().await;
        if let Some(cached) = cached.as_ref().filter(|cached| cached.asked.elapsed() < self.fresh) {
            return Ok(cached.clone());
        }
        let fresh = fetch(cached.clone()).await?;
        *cached = Some(fresh.clone());
        Ok(fresh)
    }

    /// The file where it is in memory, young enough, and nobody is fetching it.
    pub(crate) fn peek(&self, name: &str) -> Option<Cached<T>> {
        let slot = {
            let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(&slots.get(name)?.1)
        };
        let cached = slot.try_lock().ok()?;
        cached.as_ref().filter(|cached| cached.asked.elapsed() < self.fresh).cloned()
    }

    fn slot(&self, name: &str) -> Slot<T> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= self.capacity
            && !slots.contains_key(name)
            && let Some(oldest) =
                slots.iter().min_by_key(|(_, (used, _))| *used).map(|(name, _)| name.clone())
        {
            slots.remove(&oldest);
        }
        let (used, slot) = slots.entry(name.to_owned()).or_insert_with(|| (Instant::now(), Arc::default()));
        *used = Instant::now();
        Arc::clone(slot)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn many_that_ask_at_once_cause_one_call() {
        let cache = Arc::new(Cache::<u32>::new(2, Duration::from_secs(60)));
        let calls = Arc::new(AtomicUsize::new(0));
        let asks = (0..20).map(|_| {
            let (cache, calls) = (Arc::clone(&cache), Arc::clone(&calls));
            tokio::spawn(async move {
                let fetch = |_| async move {
                    calls.fetch_add(1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                    Ok(Cached::new(Arc::new(7), Utc::now(), None))
                };
                cache.get("AAPL", fetch).await.map(|cached| *cached.value)
            })
        });
        for answer in futures::future::join_all(asks).await {
            assert_eq!(answer.unwrap(), Ok(7));
        }
        assert_eq!(calls.load(Ordering::SeqCst), 1);
        assert_eq!(cache.peek("AAPL").map(|cached| *cached.value), Some(7));
        assert!(cache.peek("SPY").is_none());
    }

    #[tokio::test]
    async fn a_failure_is_not_kept_and_old_ones_make_room() {
        let cache = Cache::<u32>::new(1, Duration::from_secs(60));
        let failure = PortError::Invalid { provider: "x".into(), detail: "y".into() };
        let failed = cache.get("A", |_| std::future::ready(Err(failure.clone()))).await;
        assert_eq!(failed.map(|cached| *cached.value), Err(failure));
        let cached = |value| Ok(Cached::new(Arc::new(value), Utc::now(), None));
        cache.get("A", |_| std::future::ready(cached(1))).await.map(|_| ()).unwrap();
        cache.get("B", |_| std::future::ready(cached(2))).await.map(|_| ()).unwrap();
        assert!(cache.peek("A").is_none() && cache.peek("B").is_some());
    }
}
