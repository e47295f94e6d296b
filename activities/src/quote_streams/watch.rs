//! The watch of a quote stream: keeps its symbols subscribed and notes what comes, until it is recalled. A stream that is gone is sought
//! again and again, and said.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use ttai_contract::{LatestValues, QuoteStreamHealth, ReadQuotesParams, WatchQuotesParams};
use ttai_ports::{QuoteStream, StreamEvent, StreamSymbol};

use super::board::QuoteBoard;
use super::registry::{LocalStream, StreamRegistry};
use super::{stream_kinds, stream_symbols};
use crate::clock::{patient, wall_clock};
use crate::failure::AnalystError;
use crate::subscription::Subscription;
use crate::supervise::Progress;

/// How often the stream's health is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// First and longest wait before a stream that is gone is subscribed to again.
const AGAIN: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// How long a look from outside the watch waits for the symbols' present state.
const PRESENT_STATE: Duration = Duration::from_secs(3);

/// A watch at work.
struct QuoteWatch<'a> {
    streams: &'a dyn QuoteStream,
    wanted: Vec<StreamSymbol>,
    local: LocalStream,
    subscription: Subscription,
    /// When to subscribe again, and how long to wait after that fails.
    again_at: Instant,
    wait: Duration,
}

pub(super) async fn watch(
    streams: Arc<dyn QuoteStream>,
    registry: StreamRegistry,
    params: WatchQuotesParams,
    progress: Progress,
    stop: CancellationToken,
) -> Result<QuoteStreamHealth, AnalystError> {
    let kinds = stream_kinds(&params.kinds);
    let (local, kept) = registry.begin(&params.stream);
    let kept = kept.filter(|kept| kept.is_open() && kept.kinds() == kinds);
    let is_kept = kept.is_some();
    local.board().begin(&params.symbols, wall_clock());
    let mut watch = QuoteWatch {
        streams: streams.as_ref(),
        wanted: stream_symbols(&params.symbols),
        local: local.clone(),
        subscription: kept.unwrap_or_else(|| Subscription::new(kinds)),
        again_at: Instant::now(),
        wait: AGAIN,
    };
    if is_kept {
        watch.resume().await;
    } else if watch.wanted.is_empty() {
        local.board().subscribed(wall_clock());
    }
    watch.run(&progress, &stop).await;
    let health = local.board().health();
    registry.hand_over(&params.stream, &local, watch.subscription);
    Ok(health)
}

impl QuoteWatch<'_> {
    /// Goes on with the subscription of the watch before: symbols come and go without dropping it.
    async fn resume(&mut self) {
        if let Err(error) = self.subscription.follow(self.streams, self.wanted.clone()).await {
            tracing::warn!("a quote stream is subscribed anew: {error}");
            self.subscription.close();
        }
    }

    async fn run(&mut self, progress: &Progress, stop: &CancellationToken) {
        let recall = self.local.recall.clone();
        let mut looks = patient(LOOK);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = recall.cancelled() => return,
                _ = looks.tick() => self.look(progress),
                event = self.subscription.next() => self.take(event.as_ref()),
                () = sleep_until(self.again_at), if !self.is_subscribed() => {
                    self.subscribe().await;
                }
            }
        }
    }

    /// A stream without symbols needs no subscription.
    fn is_subscribed(&self) -> bool {
        self.subscription.is_open() || self.wanted.is_empty()
    }

    fn look(&self, progress: &Progress) {
        let mut board = self.local.board();
        board.look(self.streams.name(), &self.streams.health(), self.is_subscribed(), wall_clock());
        progress.step(&board.line());
        progress.report(&board.health());
    }

    fn take(&mut self, event: Option<&StreamEvent>) {
        match event {
            Some(event) => self.local.board().take(event, self.streams.name()),
            // It has ended for good: another one begins.
            None => {
                self.subscription.close();
                self.again_at = Instant::now() + AGAIN;
            }
        }
    }

    async fn subscribe(&mut self) {
        match self.subscription.follow(self.streams, self.wanted.clone()).await {
            Ok(()) => {
                self.wait = AGAIN;
                self.local.board().subscribed(wall_clock());
            }
            Err(error) => {
                self.local.board().failed(error.to_string());
                self.again_at = Instant::now() + self.wait;
                self.wait = (self.wait * 2).min(LONGEST_WAIT);
            }
        }
    }
}

/// A look from outside the watch: the symbols' present state, as a subscription of a moment brings it.
pub(super) async fn look(
    streams: &dyn QuoteStream,
    params: &ReadQuotesParams,
) -> Result<LatestValues, AnalystError> {
    let mut board = QuoteBoard::default();
    board.begin(&params.symbols, wall_clock());
    if !params.symbols.is_empty() {
        let wanted = stream_symbols(&params.symbols);
        let mut reader = streams.subscribe(&wanted, stream_kinds(&params.kinds)).await?;
        let fill = async {
            while !board.has_all(&params.symbols) {
                let Some(event) = reader.next().await else { break };
                board.take(&event, streams.name());
            }
        };
        // What has not come by then is said as missing.
        let _ = timeout(PRESENT_STATE, fill).await;
    }
    board.look(streams.name(), &streams.health(), true, wall_clock());
    Ok(board.latest(&params.symbols, false))
}
