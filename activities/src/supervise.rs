//! What every activity attempt has in common: heartbeats with progress, a prompt end on cancellation and shutdown, its time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio_util::sync::CancellationToken;
use ttai_contract::Timed;

use crate::failure::{AnalystError, shutting_down};

/// Raised once when the worker begins to shut down.
#[derive(Clone, Debug, Default)]
pub struct Shutdown(CancellationToken);

impl Shutdown {
    /// Tells every running activity to stop.
    pub fn begin(&self) {
        self.0.cancel();
    }

    /// Whether the shutdown has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Returns when the shutdown has begun.
    pub async fn begun(&self) {
        self.0.cancelled().await;
    }
}

/// What an attempt is doing, for its heartbeats.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress(Arc<Mutex<String>>);

impl Progress {
    /// Says what is being done now.
    pub(crate) fn step(&self, text: &str) {
        text.clone_into(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn current(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Runs `work` with heartbeats until it answers, is cancelled, or the worker goes away.
pub(crate) async fn supervised<T, F>(
    ctx: &ActivityContext,
    shutdown: &Shutdown,
    work: impl FnOnce(Progress) -> F,
) -> Result<Timed<T>, ActivityError>
where
    F: Future<Output = Result<T, AnalystError>>,
{
    let began = Instant::now();
    let progress = Progress::default();
    let work = work(progress.clone());
    tokio::select! {
        biased;
        () = ctx.cancelled() => Err(stopped(shutdown)),
        () = shutdown.begun() => Err(shutting_down()),
        () = heartbeat(ctx, &progress) => Err(ActivityError::cancelled()),
        answer = work => match answer {
            Ok(result) => Ok(Timed { result, working_ms: milliseconds(began.elapsed()) }),
            Err(error) => Err(error.into_activity_error()),
        },
    }
}

/// A cancellation comes from the server or, past the grace period, from the worker's own shutdown.
fn stopped(shutdown: &Shutdown) -> ActivityError {
    if shutdown.0.is_cancelled() { shutting_down() } else { ActivityError::cancelled() }
}

/// Beats three times within the timeout, for ever.
async fn heartbeat(ctx: &ActivityContext, progress: &Progress) {
    let timeout = ctx.info().heartbeat_timeout.unwrap_or(Duration::from_secs(30));
    let mut beat = tokio::time::interval((timeout / 3).max(Duration::from_millis(100)));
    loop {
        beat.tick().await;
        if let Err(error) = ctx.record_heartbeat(progress.current()).await {
            tracing::warn!("a heartbeat could not be encoded: {error}");
        }
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
