//! What a watch runs in, and why it ends.

use std::time::{Duration, SystemTime};

use temporalio_sdk::activities::ActivityContext;
use ttai_contract::WatchProgress;
use ttai_contract::policy::WATCH_SPAN;

use crate::failure::AnalystError;
use crate::supervise::{Shutdown, Supervisor};

/// Why a watch ends.
pub(super) enum End {
    /// The shard wants it back, its span is over, or another attempt has its place.
    Recalled,
    /// The worker goes away.
    Shutdown,
    /// An operator paused or reset it.
    Interrupted,
    /// It cannot go on; another attempt does.
    Failed(AnalystError),
}

impl<E: Into<AnalystError>> From<E> for End {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// What a watch runs in.
pub(super) struct Host<'a> {
    pub(super) ctx: &'a ActivityContext,
    pub(super) supervisor: &'a Supervisor,
    pub(super) shutdown: Shutdown,
    /// The longest silence that the server takes for a living worker.
    pub(super) silence: Duration,
}

impl Host<'_> {
    /// Returns when the watch has to end.
    pub(super) async fn ended(&self) -> End {
        tokio::select! {
            biased;
            () = self.ctx.cancelled() => self.stopped().await,
            () = self.shutdown.begun() => End::Shutdown,
            () = tokio::time::sleep(span_left(self.ctx.info().scheduled_time, SystemTime::now())) => End::Recalled,
        }
    }

    /// An operator's pause or reset is obeyed, and is no recall.
    async fn stopped(&self) -> End {
        if !self.shutdown.has_begun() && self.supervisor.is_interrupted(self.ctx).await {
            return End::Interrupted;
        }
        if self.shutdown.has_begun() { End::Shutdown } else { End::Recalled }
    }

    pub(super) async fn beat(&self, progress: &WatchProgress) {
        if let Err(error) = self.ctx.record_heartbeat(progress.clone()).await {
            tracing::warn!("a heartbeat could not be encoded: {error}");
        }
    }
}

/// What is left of a watch's span. It counts from the call, whose own time goes on from attempt to attempt.
fn span_left(called: Option<SystemTime>, now: SystemTime) -> Duration {
    let gone = called.and_then(|called| now.duration_since(called).ok()).unwrap_or_default();
    WATCH_SPAN.saturating_sub(gone)
}

#[cfg(test)]
mod tests {
    use ttai_contract::policy::WATCH;

    use super::*;

    #[test]
    fn a_later_attempt_has_what_the_call_has_left() {
        let (now, hours) = (SystemTime::now(), |hours: u64| Duration::from_secs(hours * 3_600));
        assert_eq!(span_left(Some(now), now), WATCH_SPAN);
        assert_eq!(span_left(Some(now - hours(20)), now), WATCH_SPAN - hours(20));
        assert_eq!(span_left(Some(now - hours(30)), now), Duration::ZERO);
        // The server's clock may be ahead.
        assert_eq!(span_left(Some(now + hours(1)), now), WATCH_SPAN);
        assert_eq!(span_left(None, now), WATCH_SPAN);
        const { assert!(WATCH_SPAN.as_secs() < WATCH.start_to_close.as_secs()) };
    }
}
