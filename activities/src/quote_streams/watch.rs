//! The watch of a quote stream: keeps its symbols subscribed and notes what comes, until it is recalled. A stream that is gone is sought
//! again and again, and said.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use ttai_contract::{LatestValues, QuoteStreamHealth, ReadQuotesParams, WatchQuotesParams};
use ttai_ports::{PortError, QuoteStream, StreamEvent, StreamSymbol};

use super::board::QuoteBoard;
use super::registry::{LocalStream, StreamRegistry, StreamSubscription};
use super::{stream_kinds, stream_symbols};
use crate::clock::{patient, wall_clock};
use crate::failure::AnalystError;
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
    subscription: Option<StreamSubscription>,
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
    let kept = kept.filter(|kept| kept.kinds == kinds);
    local.board().begin(&params.symbols, wall_clock());
    let mut watch = QuoteWatch {
        streams: streams.as_ref(),
        wanted: stream_symbols(&params.symbols),
        local: local.clone(),
        subscription: None,
        again_at: Instant::now(),
        wait: AGAIN,
    };
    watch.resume(kept).await;
    watch.run(&params, &progress, &stop).await;
    let health = local.board().health();
    registry.hand_over(&params.stream, &local, watch.subscription);
    Ok(health)
}

impl QuoteWatch<'_> {
    /// Goes on with the subscription of the watch before: symbols come and go without dropping it.
    async fn resume(&mut self, kept: Option<StreamSubscription>) {
        let Some(mut kept) = kept else { return };
        let gone: Vec<StreamSymbol> =
            kept.symbols.iter().filter(|symbol| !self.wanted.contains(symbol)).cloned().collect();
        let new: Vec<StreamSymbol> =
            self.wanted.iter().filter(|symbol| !kept.symbols.contains(symbol)).cloned().collect();
        let changed = async {
            if !gone.is_empty() {
                kept.reader.remove(&gone).await?;
            }
            if !new.is_empty() {
                kept.reader.add(&new).await?;
            }
            Ok::<_, PortError>(())
        };
        match changed.await {
            Ok(()) => self.subscription = Some(StreamSubscription { symbols: self.wanted.clone(), ..kept }),
            Err(error) => tracing::warn!("a quote stream is subscribed anew: {error}"),
        }
    }

    async fn run(&mut self, params: &WatchQuotesParams, progress: &Progress, stop: &CancellationToken) {
        let recall = self.local.recall.clone();
        let mut looks = patient(LOOK);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = recall.cancelled() => return,
                _ = looks.tick() => self.look(progress),
                event = next(&mut self.subscription) => self.take(event.as_ref()),
                () = sleep_until(self.again_at), if self.subscription.is_none() => {
                    self.subscribe(params).await;
                }
            }
        }
    }

    fn look(&self, progress: &Progress) {
        let mut board = self.local.board();
        board.look(self.streams.name(), &self.streams.health(), self.subscription.is_some(), wall_clock());
        progress.step(&board.line());
    }

    fn take(&mut self, event: Option<&StreamEvent>) {
        match event {
            Some(event) => self.local.board().take(event, self.streams.name()),
            // It has ended for good: another one begins.
            None => {
                self.subscription = None;
                self.again_at = Instant::now() + AGAIN;
            }
        }
    }

    async fn subscribe(&mut self, params: &WatchQuotesParams) {
        let kinds = stream_kinds(&params.kinds);
        match self.streams.subscribe(&self.wanted, kinds).await {
            Ok(reader) => {
                self.wait = AGAIN;
                self.local.board().subscribed(wall_clock());
                self.subscription = Some(StreamSubscription { reader, symbols: self.wanted.clone(), kinds });
            }
            Err(error) => {
                self.local.board().failed(error.to_string());
                self.again_at = Instant::now() + self.wait;
                self.wait = (self.wait * 2).min(LONGEST_WAIT);
            }
        }
    }
}

async fn next(subscription: &mut Option<StreamSubscription>) -> Option<StreamEvent> {
    match subscription {
        Some(subscription) => subscription.reader.next().await,
        None => std::future::pending().await,
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
