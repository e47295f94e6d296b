//! A bounded pool for work that takes longer than 5 ms: on the async threads it would starve heartbeats and streams.

use std::sync::Arc;

use tokio::sync::{Mutex, Semaphore};
use ttai_chart::Canvas;

use crate::failure::AnalystError;
use crate::options::Pricers;

/// Runs computations, a few at a time, and keeps what several of them need of one snapshot.
#[derive(Clone)]
pub struct Compute {
    slots: Arc<Semaphore>,
    pricers: Pricers,
    /// One, because it is some megabytes, and a picture takes milliseconds.
    canvas: Arc<Mutex<Canvas>>,
}

impl std::fmt::Debug for Compute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compute").field("slots", &self.slots).finish_non_exhaustive()
    }
}

/// Cores that this process may use; two where the system does not say.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, std::num::NonZero::get)
}

impl Compute {
    /// At most `parallel` computations at once (at least one).
    #[must_use]
    pub fn new(parallel: usize) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(parallel.max(1))),
            pricers: Pricers::default(),
            canvas: Arc::default(),
        }
    }

    /// One computation a core.
    #[must_use]
    pub fn per_core() -> Self {
        Self::new(cores())
    }

    /// The chains that were priced last.
    pub(crate) fn pricers(&self) -> &Pricers {
        &self.pricers
    }

    /// Runs `work` off the async threads, with the canvas for itself.
    pub(crate) async fn draw<T, F>(&self, work: F) -> Result<T, AnalystError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Canvas) -> T + Send + 'static,
    {
        let mut canvas = Arc::clone(&self.canvas).lock_owned().await;
        self.run(move || work(&mut canvas)).await
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
