//! One connection shared by all readers: it is opened for the first, closed some time after the last, and opened again,
//! with a growing and jittered delay, whenever it is lost.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use backon::{BackoffBuilder, ExponentialBuilder};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use ttai_http::ProviderClock;
use ttai_ports::{PortError, StreamGap, StreamHealth};

use super::candles::CandleJob;
use super::client::DxLinkConfig;
use super::connection;
use super::error::LONGEST_RETRY_AFTER;
use super::fields::EventFields;
use super::frame::FeedData;
use super::registry::{Delivered, Registry};
use super::token::TokenSource;
use crate::event_time::MOST_AHEAD;
use crate::mailbox::Census;

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
    /// Market time of the newest event that has one; no further ahead of the provider's clock than [`MOST_AHEAD`].
    last_event: Option<DateTime<Utc>>,
    /// Up to when events are known to have come: their market time, or their receipt where they have none.
    complete_to: Option<DateTime<Utc>>,
    /// When the link last proved to stand, by any frame.
    heard: Option<Instant>,
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
    pub(super) census: Arc<Census>,
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
            census: Arc::default(),
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
        let now = self.clock_now();
        self.past().last_event.map_or(now, |event| event.max(now))
    }

    fn clock_now(&self) -> DateTime<Utc> {
        self.clock.now().unwrap_or_else(Utc::now)
    }

    /// A frame came, if only a keepalive: up to here nothing was lost.
    pub(super) fn heard(&self) {
        self.past().heard = Some(Instant::now());
    }

    pub(super) fn request_candles(&self, job: CandleJob) {
        // The receiver lives as long as the supervisor, and that until `closing`, when the job's own reply is dropped.
        let _ = self.jobs.send(job);
    }

    /// Hands a frame's events to the readers.
    pub(super) fn deliver(&self, data: FeedData<'_>, fields: &EventFields) -> Result<(), PortError> {
        let mut now = self.now();
        let (mut newest, mut complete_to) = (None, None);
        let mut registry = self.registry();
        let decoded = data.decode(fields, |event| {
            if self.config.played {
                let time = event.time_millis().and_then(DateTime::from_timestamp_millis);
                now = time.map_or(now, |time| time.max(now));
            }
            // One event from the far future would hide every later one, and with it the beginning of every later gap.
            let believed = |time: &DateTime<Utc>| *time <= now + MOST_AHEAD;
            if let Some(Delivered { market_time }) = registry.deliver(&event, now) {
                newest = newest.max(market_time.filter(believed));
                complete_to = complete_to.max(Some(market_time.unwrap_or(now)).filter(believed));
            }
        });
        drop(registry);
        if complete_to.is_some() {
            let mut past = self.past();
            past.last_event = past.last_event.max(newest);
            past.complete_to = past.complete_to.max(complete_to);
        }
        decoded
    }

    /// The stream stands; after a loss, readers are told of the gap.
    pub(super) fn stands(&self, after_loss: Option<()>) {
        let until = self.now();
        let lost = self.past().lost.take();
        let registry = self.registry();
        if let (Some(()), Some((from, reason))) = (after_loss, lost) {
            registry.notify_gap(&StreamGap { symbols: Vec::new(), from: from.min(until), until, reason });
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
        let now = self.clock_now();
        let mut past = self.past();
        past.reconnects += 1;
        past.last_error = Some(error.to_string());
        let silence = past.heard.map(|heard| heard.elapsed()).unwrap_or_default();
        // A loss is found out long after it began where the server just fell silent.
        let heard = now - TimeDelta::from_std(silence).unwrap_or_default();
        let from = past.complete_to.map_or(heard, |event| event.min(heard));
        past.lost.get_or_insert_with(|| (from, error.to_string()));
    }

    pub(super) fn health(&self) -> StreamHealth {
        let (symbols, held_up) = {
            let registry = self.registry();
            (registry.symbols(), registry.held_up())
        };
        let past = self.past();
        StreamHealth {
            connected: matches!(*self.link.borrow(), Link::Live),
            last_event: past.last_event,
            reconnects: past.reconnects,
            symbols,
            last_error: past.last_error.clone(),
            held_up,
            merged: self.census.merged(),
        }
    }
}

/// Keeps the connection for as long as anybody wants it, until the hub is closed.
pub(super) async fn supervise(hub: Arc<Hub>, mut jobs: mpsc::UnboundedReceiver<CandleJob>) {
    let closing = hub.closing.clone();
    tokio::select! {
        () = closing.cancelled() => {}
        () = stay_connected(&hub, &mut jobs) => {}
    }
    hub.registry().close();
    hub.link.send_replace(Link::Idle);
}

async fn stay_connected(hub: &Hub, jobs: &mut mpsc::UnboundedReceiver<CandleJob>) {
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
        tokio::time::sleep(asked.unwrap_or_default().min(LONGEST_RETRY_AFTER).max(wait)).await;
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use secrecy::SecretString;
    use ttai_core::Symbol;
    use ttai_ports::{StreamEvent, StreamKinds, StreamSymbol};

    use super::*;
    use crate::dxlink::error::unavailable;
    use crate::dxlink::frame::{Frame, parse_frame};
    use crate::dxlink::token::{FixedToken, StreamAccess};
    use crate::mailbox::Mailbox;

    fn hub() -> Hub {
        let access = StreamAccess { url: String::new(), token: SecretString::from("none") };
        Hub::new(DxLinkConfig::default(), Arc::new(FixedToken(access))).0
    }

    /// A reader of AAPL for whom the stream stands.
    fn reader(hub: &Hub) -> Arc<Mailbox> {
        let mailbox = Arc::new(Mailbox::new(100, &hub.census));
        let mut registry = hub.registry();
        registry.join(&mailbox);
        let symbol = StreamSymbol::Equity(Symbol::new("AAPL").unwrap());
        registry.add(&mailbox, &[symbol], StreamKinds::ALL);
        drop(registry);
        hub.heard();
        hub.stands(None);
        mailbox
    }

    fn trade(hub: &Hub, time: DateTime<Utc>) {
        let frame = format!(
            r#"{{"type":"FEED_DATA","channel":3,"data":[{{"eventType":"Trade","eventSymbol":"AAPL","price":1,"time":{}}}]}}"#,
            time.timestamp_millis()
        );
        let Ok(Frame::FeedData { data, .. }) = parse_frame(frame.as_bytes()) else { panic!("{frame}") };
        hub.deliver(data, &EventFields::as_wanted()).unwrap();
    }

    /// Loses the connection and finds it again.
    async fn gap(hub: &Hub, reader: &Mailbox) -> StreamGap {
        hub.lost(&unavailable("nothing came"));
        hub.stands(Some(()));
        loop {
            if let Some(StreamEvent::Gap(gap)) = reader.next().await {
                return gap;
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_gap_without_events_begins_when_the_link_last_proved_to_stand() {
        let hub = hub();
        let reader = reader(&hub);
        tokio::time::advance(Duration::from_secs(60)).await;
        let gap = gap(&hub, &reader).await;
        let seconds = (gap.until - gap.from).num_seconds();
        assert!((59..=62).contains(&seconds), "{gap:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_keepalive_proves_that_nothing_was_lost_before_it() {
        let hub = hub();
        let reader = reader(&hub);
        tokio::time::advance(Duration::from_secs(3600)).await;
        hub.heard();
        tokio::time::advance(Duration::from_secs(60)).await;
        let gap = gap(&hub, &reader).await;
        assert!((gap.until - gap.from).num_seconds() <= 62, "{gap:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_from_the_far_future_moves_neither_the_clock_nor_a_gap() {
        let hub = hub();
        let reader = reader(&hub);
        let last = Utc::now() - TimeDelta::seconds(10);
        trade(&hub, last);
        trade(&hub, last + TimeDelta::days(365));
        assert!(hub.now() < last + TimeDelta::minutes(5), "{}", hub.now());
        let last = DateTime::from_timestamp_millis(last.timestamp_millis());
        assert_eq!(hub.health().last_event, last);
        let gap = gap(&hub, &reader).await;
        assert!(Some(gap.from) == last && gap.until > gap.from, "{gap:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_that_is_a_little_ahead_is_believed() {
        let hub = hub();
        let _reader = reader(&hub);
        let ahead = Utc::now() + TimeDelta::minutes(4);
        trade(&hub, ahead);
        assert_eq!(hub.now().timestamp_millis(), ahead.timestamp_millis());
    }
}
