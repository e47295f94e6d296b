//! One task that asks for all readers: it begins with the first of them and ends with the last.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::Notify;
use tokio::time::Instant;
use ttai_ports::MarketData;

use super::PollingIntervals;
use super::board::Board;
use super::question;
use crate::mailbox::Census;

/// Questions under way at once.
const AT_ONCE: usize = 8;

/// What the readers and the task share.
pub(super) struct Hub {
    pub(super) census: Arc<Census>,
    /// Readers have changed what they want.
    pub(super) changed: Notify,
    market: Arc<dyn MarketData>,
    intervals: PollingIntervals,
    board: Mutex<Board>,
}

impl Hub {
    pub(super) fn new(market: Arc<dyn MarketData>, intervals: PollingIntervals) -> Self {
        Self { census: Arc::default(), changed: Notify::new(), market, intervals, board: Mutex::default() }
    }

    pub(super) fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the task where none asks. The board says so under one lock with its readers, so that no reader is left
    /// without a task and none has two.
    pub(super) fn start(self: &Arc<Self>) {
        if !std::mem::replace(&mut self.board().is_asking, true) {
            tokio::spawn(poll(Arc::clone(self)));
        }
    }

    /// Whether the task has nobody left to ask for; then another one may be started.
    fn is_over(&self) -> bool {
        let mut board = self.board();
        board.is_asking = board.has_readers();
        !board.is_asking
    }
}

/// A provider that panics ends the stream for its readers, who would wait for ever otherwise.
struct PanicGuard(Arc<Hub>);

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.board().close();
        }
    }
}

/// Asks what is due until nobody reads.
async fn poll(hub: Arc<Hub>) {
    let _guard = PanicGuard(Arc::clone(&hub));
    let mut asked = FuturesUnordered::new();
    while !hub.is_over() {
        let due = hub.board().take_due(AT_ONCE.saturating_sub(asked.len()));
        asked.extend(due.into_iter().map(|target| question::ask(Arc::clone(&hub.market), target)));
        let next = hub.board().next_due().filter(|_| asked.len() < AT_ONCE);
        tokio::select! {
            Some(answer) = asked.next() => hub.board().take_in(answer, hub.intervals),
            () = sleep_until(next) => {}
            () = hub.changed.notified() => {}
        }
    }
}

/// For ever, where there is no moment to wait for.
async fn sleep_until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
