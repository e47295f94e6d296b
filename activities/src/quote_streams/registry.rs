//! The quote streams of this process: those that are watched, and those whose watch has just been handed over, which keep their
//! subscription for a moment, so that the next watch goes on with it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use ttai_contract::{LatestValues, ReadQuotesParams};

use super::board::QuoteBoard;
use crate::subscription::Subscription;

/// How long a subscription waits for the next watch: longer than a hand-over takes.
const KEPT: Duration = Duration::from_secs(15);

/// A stream of this process.
#[derive(Clone, Default)]
pub(super) struct LocalStream {
    pub(super) board: Arc<Mutex<QuoteBoard>>,
    /// Recalls the watch that runs.
    pub(super) recall: CancellationToken,
    /// Which of the watches of this stream it is.
    number: u64,
    kept: Arc<Mutex<Option<Subscription>>>,
}

impl LocalStream {
    /// The board, to read or to write.
    pub(super) fn board(&self) -> MutexGuard<'_, QuoteBoard> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All of them, by workflow id.
#[derive(Clone, Default)]
pub(super) struct StreamRegistry(Arc<Mutex<HashMap<String, LocalStream>>>);

impl StreamRegistry {
    fn streams(&self) -> MutexGuard<'_, HashMap<String, LocalStream>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A watch begins: with what the one before has left, if it was here.
    pub(super) fn begin(&self, stream: &str) -> (LocalStream, Option<Subscription>) {
        let mut streams = self.streams();
        let before = streams.remove(stream);
        let kept = before.as_ref().and_then(|before| locked(&before.kept).take());
        let local = LocalStream {
            board: before.as_ref().map(|before| Arc::clone(&before.board)).unwrap_or_default(),
            recall: CancellationToken::new(),
            number: before.map_or(0, |before| before.number + 1),
            kept: Arc::default(),
        };
        streams.insert(stream.to_owned(), local.clone());
        (local, kept)
    }

    /// A watch ends: its subscription waits a moment for the next one.
    pub(super) fn hand_over(&self, stream: &str, local: &LocalStream, subscription: Subscription) {
        *locked(&local.kept) = Some(subscription);
        let (registry, stream, number) = (self.clone(), stream.to_owned(), local.number);
        tokio::spawn(async move {
            tokio::time::sleep(KEPT).await;
            let mut streams = registry.streams();
            if streams.get(&stream).is_some_and(|there| there.number == number) {
                streams.remove(&stream);
            }
        });
    }

    /// What came last of a stream that is in this process.
    pub(super) fn read(&self, params: &ReadQuotesParams) -> Option<LatestValues> {
        let local = self.streams().get(&params.stream).cloned()?;
        let values = local.board().latest(&params.symbols, true);
        Some(values)
    }

    /// Recalls a stream's watch; whether there is one.
    pub(super) fn recall(&self, stream: &str) -> bool {
        let local = self.streams().get(stream).cloned();
        local.is_some_and(|local| {
            local.recall.cancel();
            true
        })
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
