//! One connection shared by all readers: it is opened for the first, closed some time after the last, and opened again,
//! with a growing and jittered delay, whenever it is lost.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use backon::{BackoffBuilder, ExponentialBuilder};
use chrono::{DateTime, Utc};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use ttai_http::ProviderClock;
use ttai_ports::{PortError, StreamGap, StreamHealth};

use super::candles::CandleJob;
use super::client::DxLinkConfig;
use super::connection;
use super::fields::EventFields;
use super::frame::FeedData;
use super::registry::Registry;
use super::token::TokenSource;
use crate::mailbox::Gate;

/// How the connection is.
#[derive(Clone, Debug)]
pub(super) enum Link {
    /// Not wanted, or not tried yet.
    Idle,
    /// Being opened for the first time or again.
    Connecting,
    /// Connected and authorised.
    Live,
    /// The last attempt failed; another one follows.
    Down(PortError),
}

/// The newest event, and what the stream has been through.
#[derive(Debug, Default)]
struct Past {
    last_event: Option<DateTime<Utc>>,
    reconnects: u64,
    last_error: Option<String>,
    /// Since when events may have been missed, and why.
    lost: Option<(DateTime<Utc>, String)>,
    /// When the last reader left.
    idle_since: Option<Instant>,
}

/// What readers and the connection share.
pub(super) struct Hub {
    pub(super) config: DxLinkConfig,
    pub(super) clock: ProviderClock,
    pub(super) gate: Arc<Gate>,
    /// Readers have changed what they want.
    pub(super) changed: Notify,
    /// Everything is to end.
    pub(super) closing: CancellationToken,
    pub(super) link: watch::Sender<Link>,
    tokens: Arc<dyn TokenSource>,
    registry: Mutex<Registry>,
    past: Mutex<Past>,
    jobs: mpsc::UnboundedSender<CandleJob>,
}

impl Hub {
    pub(super) fn new(
        config: DxLinkConfig,
        tokens: Arc<dyn TokenSource>,
    ) -> (Self, mpsc::UnboundedReceiver<CandleJob>) {
        let (jobs, incoming) = mpsc::unbounded_channel();
        let hub = Self {
            config,
            clock: ProviderClock::default(),
            gate: Arc::default(),
            changed: Notify::new(),
            closing: CancellationToken::new(),
            link: watch::Sender::new(Link::Idle),
            tokens,
            registry: Mutex::default(),
            past: Mutex::default(),
            jobs,
        };
        (hub, incoming)
    }

    pub(super) fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn past(&self) -> MutexGuard<'_, Past> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The provider's now: the `Date` of its handshake going on, never before the newest event.
    pub(super) fn now(&self) -> DateTime<Utc> {
        let now = self.clock.now().unwrap_or_else(Utc::now);
        self.past().last_event.map_or(now, |event| event.max(now))
    }

    pub(super) fn request_candles(&self, job: CandleJob) {
        // The receiver lives as long as the supervisor, and that until `closing`, when the job's own reply is dropped.
        let _ = self.jobs.send(job);
    }

    /// Hands a frame's events to the readers.
    pub(super) fn deliver(&self, data: FeedData<'_>, fields: &EventFields) -> Result<(), PortError> {
        let now = self.now();
        let mut newest = None;
        let mut registry = self.registry();
        let decoded = data.decode(fields, |event| newest = newest.max(registry.deliver(&event, now)));
        drop(registry);
        if newest.is_some() {
            let mut past = self.past();
            past.last_event = past.last_event.max(newest);
        }
        decoded
    }

    /// The stream stands; after a loss, readers are told of the gap.
    pub(super) fn stands(&self, after_loss: Option<()>) {
        let until = self.now();
        let lost = self.past().lost.take();
        let registry = self.registry();
        if let (Some(()), Some((from, reason))) = (after_loss, lost) {
            registry.tell_gap(&StreamGap { symbols: Vec::new(), from: from.min(until), until, reason });
        }
        registry.mark_live();
        drop(registry);
        self.link.send_replace(Link::Live);
    }

    pub(super) fn note_error(&self, error: String) {
        self.past().last_error = Some(error);
    }

    /// Whether nobody has wanted anything for a while.
    pub(super) fn is_idle(&self) -> bool {
        let has_readers = self.registry().has_readers();
        let mut past = self.past();
        if has_readers {
            past.idle_since = None;
            return false;
        }
        let since = *past.idle_since.get_or_insert_with(Instant::now);
        since.elapsed() > self.config.linger
    }

    fn lost(&self, error: &PortError) {
        let now = self.now();
        let mut past = self.past();
        past.reconnects += 1;
        past.last_error = Some(error.to_string());
        let from = past.last_event.unwrap_or(now);
        past.lost.get_or_insert_with(|| (from, error.to_string()));
    }

    pub(super) fn health(&self) -> StreamHealth {
        let symbols = self.registry().symbols();
        let past = self.past();
        StreamHealth {
            connected: matches!(*self.link.borrow(), Link::Live),
            last_event: past.last_event,
            reconnects: past.reconnects,
            symbols,
            last_error: past.last_error.clone(),
        }
    }
}

/// Keeps the connection for as long as anybody wants it, until the hub is closed.
pub(super) async fn supervise(hub: Arc<Hub>, mut jobs: mpsc::UnboundedReceiver<CandleJob>) {
    let closing = hub.closing.clone();
    tokio::select! {
        () = closing.cancelled() => {}
        () = keep(&hub, &mut jobs) => {}
    }
    hub.registry().close();
    hub.link.send_replace(Link::Idle);
}

async fn keep(hub: &Hub, jobs: &mut mpsc::UnboundedReceiver<CandleJob>) {
    let delays = || {
        ExponentialBuilder::default()
            .with_min_delay(hub.config.first_delay)
            .with_max_delay(hub.config.longest_delay)
            .with_jitter()
            .without_max_times()
            .build()
    };
    let mut delay = delays();
    let mut stood = false;
    loop {
        wanted(hub, jobs).await;
        hub.link.send_replace(Link::Connecting);
        let begun = Instant::now();
        let error = match connect(hub).await {
            Ok(connection) => {
                hub.registry().forget_sent();
                let error = connection.run(jobs, stood).await;
                if hub.is_idle() {
                    tracing::debug!("nobody reads DXLink any more");
                    (stood, delay) = (false, delays());
                    hub.link.send_replace(Link::Idle);
                    continue;
                }
                stood = true;
                hub.lost(&error);
                if begun.elapsed() > hub.config.longest_delay {
                    delay = delays();
                }
                error
            }
            Err(error) => {
                hub.note_error(error.to_string());
                refuse(jobs, &error);
                error
            }
        };
        // Nobody is left without data where nobody reads.
        if hub.registry().has_readers() {
            tracing::warn!(%error, "the connection to DXLink is down");
        } else {
            tracing::debug!(%error, "the connection to DXLink is down");
        }
        let wait = delay.next().unwrap_or(hub.config.longest_delay).min(hub.config.longest_delay);
        let asked = if let PortError::Unavailable { retry_after, .. } = &error { *retry_after } else { None };
        hub.link.send_replace(Link::Down(error));
        tokio::time::sleep(asked.unwrap_or_default().max(wait)).await;
    }
}

/// Waits until there is a reader or a request.
async fn wanted(hub: &Hub, jobs: &mpsc::UnboundedReceiver<CandleJob>) {
    while !hub.registry().has_readers() && jobs.is_empty() {
        hub.changed.notified().await;
    }
}

/// With a fresh token where the first one is refused.
async fn connect(hub: &Hub) -> Result<connection::Connection<'_>, PortError> {
    let access = hub.tokens.access(None).await?;
    match connection::open(hub, &access).await {
        Err(PortError::Authentication { .. }) => {
            let fresh = hub.tokens.access(Some(&access.token)).await?;
            connection::open(hub, &fresh).await
        }
        other => other,
    }
}

/// Without a connection a request gets its error at once; its caller knows when to ask again.
fn refuse(jobs: &mut mpsc::UnboundedReceiver<CandleJob>, error: &PortError) {
    while let Ok(job) = jobs.try_recv() {
        let _ = job.reply.send(Err(error.clone()));
    }
}
