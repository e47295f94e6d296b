//! A bounded pool for work that takes longer than 5 ms: on the async threads it would starve heartbeats and streams.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;
use ttai_chart::Canvas;

use crate::failure::AnalystError;
use crate::options::Pricers;

/// Runs computations, a few at a time, and keeps what several of them need of one snapshot.
#[derive(Clone)]
pub struct Compute {
    slots: Arc<Semaphore>,
    pricers: Pricers,
    /// Those that nobody draws on now, at most one a slot.
    canvases: Arc<Mutex<Vec<Canvas>>>,
}

impl std::fmt::Debug for Compute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compute").field("slots", &self.slots).finish_non_exhaustive()
    }
}

impl Compute {
    /// At most `parallel` computations at once (at least one).
    #[must_use]
    pub fn new(parallel: usize) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(parallel.max(1))),
            pricers: Pricers::default(),
            canvases: Arc::default(),
        }
    }

    /// One computation a core.
    #[must_use]
    pub fn per_core() -> Self {
        Self::new(std::thread::available_parallelism().map_or(2, std::num::NonZero::get))
    }

    /// The chains that were priced last.
    pub(crate) fn pricers(&self) -> &Pricers {
        &self.pricers
    }

    /// Runs `work` off the async threads, with a canvas for itself.
    pub(crate) async fn draw<T, F>(&self, work: F) -> Result<T, AnalystError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Canvas) -> T + Send + 'static,
    {
        let canvases = Arc::clone(&self.canvases);
        self.run(move || {
            let mut canvas = free(&canvases).pop().unwrap_or_default();
            let drawn = work(&mut canvas);
            free(&canvases).push(canvas);
            drawn
        })
        .await
    }

    /// Runs `work` off the async threads.
    pub(crate) async fn run<T, F>(&self, work: F) -> Result<T, AnalystError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let slot = Arc::clone(&self.slots)
            .acquire_owned()
            .await
            .map_err(|_| AnalystError::Crashed("the computing pool is closed".to_owned()))?;
        tokio::task::spawn_blocking(move || {
            let _slot = slot;
            work()
        })
        .await
        .map_err(|error| AnalystError::Crashed(error.to_string()))
    }
}

/// A list is whole after every change, so a panic while it was held does no harm.
fn free(canvases: &Mutex<Vec<Canvas>>) -> MutexGuard<'_, Vec<Canvas>> {
    canvases.lock().unwrap_or_else(PoisonError::into_inner)
}
