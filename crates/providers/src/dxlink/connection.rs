//! One connection, from the handshake to its end: frames in, frames out, keepalives both ways, channels.
//!
//! Writing never waits: frames go to an outbox that is emptied while frames are read, so that a server that reads slowly and
//! writes much cannot lock us up. Reading never waits for a reader either.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use secrecy::ExposeSecret;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use ttai_ports::PortError;

use super::candles::{CandleJob, Candles};
use super::error::{corrupt, refused_token, reported, unavailable, websocket};
use super::fields::{EventFields, EventType};
use super::frame::{ErrorKind, FeedConfig, FeedData, Frame, parse_frame};
use super::hub::Hub;
use super::outgoing;
use super::token::StreamAccess;

/// Largest frame that is read. Servers send a few hundred kilobytes at most.
const FRAME_LIMIT: usize = 16 << 20;
/// The channel of quotes, Greeks and profiles, which the server conflates.
const QUOTES: u64 = 1;
/// The channel of trades.
const TRADES: u64 = 3;
/// What each standing channel carries.
const CHANNELS: [(u64, &[EventType]); 2] = [
    (QUOTES, &[EventType::Quote, EventType::Greeks, EventType::Profile]),
    (TRADES, &[EventType::Trade, EventType::TradeEth]),
];
/// The server's keepalive timeout where it does not say one.
const DEFAULT_KEEPALIVE: Duration = Duration::from_secs(60);
/// How often timeouts are looked at.
const TICK: Duration = Duration::from_millis(250);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A connection that is set up and authorised.
pub(super) struct Connection<'h> {
    hub: &'h Hub,
    sink: SplitSink<Socket, Message>,
    stream: SplitStream<Socket>,
    outbox: VecDeque<String>,
    /// Whether something was written that may not have left yet.
    unflushed: bool,
    fields: HashMap<u64, EventFields>,
    /// Standing channels that the server has opened.
    open: Vec<u64>,
    next_channel: u64,
    candles: Candles,
    /// The channel whose opening proves that the server has read every subscription before it.
    fence: Option<u64>,
    last_sent: Instant,
    last_frame: Instant,
    keepalive_every: Duration,
}

fn channel_of(event_type: EventType) -> u64 {
    match event_type {
        EventType::Trade | EventType::TradeEth => TRADES,
        _ => QUOTES,
    }
}

/// Opens a connection and authorises it.
pub(super) async fn open<'h>(hub: &'h Hub, access: &StreamAccess) -> Result<Connection<'h>, PortError> {
    let wait = hub.config.connect_timeout;
    let late = |what: &str| unavailable(format!("{what} within {} s", wait.as_secs_f64()));
    let mut config = WebSocketConfig::default();
    config.max_message_size = Some(FRAME_LIMIT);
    config.max_frame_size = Some(FRAME_LIMIT);
    let connecting = connect_async_with_config(access.url.as_str(), Some(config), true);
    let (socket, answer) = timeout(wait, connecting)
        .await
        .map_err(|_| late("it did not answer the connection"))?
        .map_err(|error| websocket(&error))?;
    if let Some(date) = answer.headers().get(http::header::DATE).and_then(|date| date.to_str().ok()) {
        hub.clock.observe(date);
    }
    let (sink, stream) = socket.split();
    let now = Instant::now();
    let mut connection = Connection {
        hub,
        sink,
        stream,
        outbox: VecDeque::new(),
        unflushed: false,
        fields: HashMap::new(),
        open: Vec::new(),
        next_channel: TRADES + 2,
        candles: Candles::default(),
        fence: None,
        last_sent: now,
        last_frame: now,
        keepalive_every: DEFAULT_KEEPALIVE / 2,
    };
    timeout(wait, connection.authorise(access)).await.map_err(|_| late("it did not authorise us"))??;
    hub.heard();
    Ok(connection)
}

impl Connection<'_> {
    /// SETUP both ways, then AUTH where the server wants it.
    async fn authorise(&mut self, access: &StreamAccess) -> Result<(), PortError> {
        self.send_now(outgoing::setup(self.hub.config.keepalive_timeout.as_secs().max(1))).await?;
        let mut token_sent = false;
        let mut is_set_up = false;
        loop {
            let message = self.stream.next().await;
            let Some(bytes) = text_of(message)? else { continue };
            match parse_frame(&bytes)? {
                Frame::Setup { version, keepalive_timeout } => {
                    tracing::debug!(%version, "DXLink answers");
                    self.set_keepalive(keepalive_timeout);
                    is_set_up = true;
                }
                Frame::AuthState { authorized: true } => {
                    if !is_set_up {
                        return Err(corrupt("it authorised us before its SETUP".to_owned()));
                    }
                    return Ok(());
                }
                Frame::AuthState { authorized: false } if token_sent => return Err(refused_token()),
                Frame::AuthState { authorized: false } => {
                    self.send_now(outgoing::auth(access.token.expose_secret())).await?;
                    token_sent = true;
                }
                Frame::Error { kind: ErrorKind::Unauthorized, .. } => return Err(refused_token()),
                Frame::Error { kind, message, .. } => return Err(reported(&kind, &message)),
                _ => {}
            }
        }
    }

    fn set_keepalive(&mut self, timeout: Option<f64>) {
        let timeout =
            timeout.map_or(DEFAULT_KEEPALIVE, |seconds| Duration::from_secs_f64(seconds.clamp(0.1, 3600.0)));
        // Half of it, so that one lost tick does not cost the connection.
        self.keepalive_every = timeout / 2;
    }

    async fn send_now(&mut self, frame: String) -> Result<(), PortError> {
        self.sink.send(Message::text(frame)).await.map_err(|error| websocket(&error))?;
        self.last_sent = Instant::now();
        Ok(())
    }

    /// Serves until the connection ends; the error says why. Jobs under way end with it.
    pub(super) async fn run(
        mut self,
        jobs: &mut mpsc::UnboundedReceiver<CandleJob>,
        again: bool,
    ) -> PortError {
        for (channel, _) in CHANNELS {
            self.outbox.push_back(outgoing::channel_request(channel));
        }
        if !again {
            self.hub.stands(None);
        }
        let end = self.serve(jobs, again).await.err();
        let error = end.unwrap_or_else(|| unavailable("the stream was closed"));
        self.candles.fail(&error);
        if self.last_frame.elapsed() < self.hub.config.keepalive_timeout {
            let _ = timeout(Duration::from_secs(1), self.sink.close()).await;
        }
        error
    }

    async fn serve(
        &mut self,
        jobs: &mut mpsc::UnboundedReceiver<CandleJob>,
        again: bool,
    ) -> Result<(), PortError> {
        let mut ticks = tokio::time::interval(TICK);
        let hub = self.hub;
        let mut fence_due = again;
        loop {
            let writes = !self.outbox.is_empty() || self.unflushed;
            tokio::select! {
                () = hub.closing.cancelled() => return Ok(()),
                message = self.stream.next() => {
                    if let Some(bytes) = text_of(message)? {
                        self.frame(&bytes)?;
                    }
                    if fence_due && self.open.len() == CHANNELS.len() {
                        fence_due = false;
                        self.raise_fence();
                    }
                }
                written = write(&mut self.sink, &mut self.outbox, &mut self.unflushed), if writes => {
                    written?;
                    self.last_sent = Instant::now();
                }
                () = hub.changed.notified() => self.subscribe(),
                Some(job) = jobs.recv() => self.begin_candles(job),
                _ = ticks.tick() => self.look_at_the_clock()?,
            }
            if hub.is_idle() && self.candles.is_empty() && jobs.is_empty() {
                return Ok(());
            }
        }
    }

    fn look_at_the_clock(&mut self) -> Result<(), PortError> {
        let now = Instant::now();
        let silence = now.duration_since(self.last_frame);
        if silence > self.hub.config.keepalive_timeout {
            let message = format!("nothing came for {:.1} s, not even a keepalive", silence.as_secs_f64());
            return Err(unavailable(message));
        }
        if now.duration_since(self.last_sent) >= self.keepalive_every && self.outbox.is_empty() {
            self.outbox.push_back(outgoing::keepalive());
        }
        for channel in self.candles.expire(now) {
            self.outbox.push_back(outgoing::channel_cancel(channel));
        }
        Ok(())
    }

    /// Tells the server what readers want now, once its channels stand.
    fn subscribe(&mut self) {
        if self.open.len() < CHANNELS.len() {
            return;
        }
        let changes = self.hub.registry().take_changes();
        for (channel, _) in CHANNELS {
            let own: Vec<_> =
                changes.iter().filter(|change| channel_of(change.event_type) == channel).cloned().collect();
            self.outbox.extend(outgoing::subscriptions(channel, &own));
        }
    }

    fn raise_fence(&mut self) {
        let channel = self.take_channel();
        self.fence = Some(channel);
        self.outbox.push_back(outgoing::channel_request(channel));
    }

    fn take_channel(&mut self) -> u64 {
        let channel = self.next_channel;
        self.next_channel += 2;
        channel
    }

    fn begin_candles(&mut self, job: CandleJob) {
        let channel = self.take_channel();
        self.outbox.push_back(outgoing::channel_request(channel));
        self.candles.begin(channel, job);
    }

    fn frame(&mut self, bytes: &[u8]) -> Result<(), PortError> {
        self.last_frame = Instant::now();
        self.hub.heard();
        match parse_frame(bytes) {
            Ok(Frame::FeedData { channel, data }) => self.data(channel, data),
            Ok(Frame::FeedConfig { channel, config }) => self.configured(channel, &config),
            Ok(Frame::ChannelOpened { channel }) => {
                self.opened(channel);
                Ok(())
            }
            Ok(Frame::ChannelClosed { channel }) => self.closed(channel),
            Ok(Frame::AuthState { authorized: false }) => Err(refused_token()),
            Ok(Frame::Error { channel, kind, message }) => self.reported(channel, &kind, &message),
            Ok(Frame::Setup { keepalive_timeout, .. }) => {
                self.set_keepalive(keepalive_timeout);
                Ok(())
            }
            Ok(Frame::AuthState { authorized: true } | Frame::Keepalive | Frame::Other { .. }) => Ok(()),
            Err(error) => Err(self.unreadable(0, error)),
        }
    }

    /// What was in an unreadable frame is lost, so the connection is given up and its gap told.
    fn unreadable(&mut self, channel: u64, error: PortError) -> PortError {
        self.outbox.push_back(outgoing::error(channel, "INVALID_MESSAGE", &error.to_string()));
        error
    }

    fn data(&mut self, channel: u64, data: FeedData<'_>) -> Result<(), PortError> {
        static UNKNOWN: std::sync::LazyLock<EventFields> = std::sync::LazyLock::new(EventFields::default);
        let fields = self.fields.get(&channel).unwrap_or(&UNKNOWN);
        let result = if channel == QUOTES || channel == TRADES {
            self.hub.deliver(data, fields)
        } else {
            let done = self.candles.data(channel, data, fields);
            if matches!(done, Ok(true)) {
                self.outbox.push_back(outgoing::channel_cancel(channel));
                self.fields.remove(&channel);
            }
            done.map(drop)
        };
        result.map_err(|error| self.unreadable(channel, error))
    }

    fn configured(&mut self, channel: u64, config: &FeedConfig) -> Result<(), PortError> {
        tracing::debug!(channel, ?config, "DXLink configures a channel");
        let types = config.event_fields.iter().map(|(name, fields)| (name.as_str(), fields.as_slice()));
        self.fields.entry(channel).or_default().merge(types);
        Ok(())
    }

    fn opened(&mut self, channel: u64) {
        let config = &self.hub.config;
        let setup = |period, types| outgoing::feed_setup(channel, config.format, period, types);
        if let Some((_, types)) = CHANNELS.iter().find(|(standing, _)| *standing == channel) {
            let period = if channel == QUOTES { config.aggregation_period } else { 0.0 };
            self.outbox.push_back(setup(period, types));
            if !self.open.contains(&channel) {
                self.open.push(channel);
            }
            self.subscribe();
        } else if self.fence.take_if(|fence| *fence == channel).is_some() {
            self.outbox.push_back(outgoing::channel_cancel(channel));
            self.hub.stands(Some(()));
        } else if let Some((symbol, from)) = self.candles.opened(channel) {
            self.outbox.push_back(setup(0.0, &[EventType::Candle]));
            self.outbox.push_back(outgoing::candle_subscription(channel, &symbol, from));
        }
    }

    fn closed(&mut self, channel: u64) -> Result<(), PortError> {
        self.fields.remove(&channel);
        if CHANNELS.iter().any(|(standing, _)| *standing == channel) {
            return Err(unavailable(format!("it closed channel {channel}")));
        }
        self.candles.end(channel, unavailable("it closed the channel"));
        Ok(())
    }

    /// An ERROR frame is for information, but for those that end what they are about.
    fn reported(&mut self, channel: u64, kind: &ErrorKind, message: &str) -> Result<(), PortError> {
        tracing::warn!(channel, ?kind, message, "DXLink reports an error");
        self.hub.note_error(format!("it reports: {message}"));
        match kind {
            ErrorKind::Unauthorized if channel == 0 => Err(refused_token()),
            ErrorKind::Timeout | ErrorKind::UnsupportedProtocol if channel == 0 => {
                Err(reported(kind, message))
            }
            _ => {
                self.candles.end(channel, reported(kind, message));
                Ok(())
            }
        }
    }
}

/// The bytes of a frame of the protocol; none for websocket's own pings. The end of the stream is an error.
fn text_of(
    message: Option<Result<Message, tokio_tungstenite::tungstenite::Error>>,
) -> Result<Option<bytes::Bytes>, PortError> {
    match message {
        None => Err(unavailable("it closed the connection")),
        Some(Err(error)) => Err(websocket(&error)),
        Some(Ok(Message::Close(frame))) => {
            let reason = frame.map(|frame| format!(": {} {}", u16::from(frame.code), frame.reason));
            Err(unavailable(format!("it closed the connection{}", reason.unwrap_or_default())))
        }
        Some(Ok(Message::Text(text))) => Ok(Some(text.into())),
        Some(Ok(Message::Binary(bytes))) => Ok(Some(bytes)),
        Some(Ok(_)) => Ok(None),
    }
}

/// Hands one frame to the socket, or flushes it. Nothing is lost where this is not awaited to its end.
async fn write(
    sink: &mut SplitSink<Socket, Message>,
    outbox: &mut VecDeque<String>,
    unflushed: &mut bool,
) -> Result<(), PortError> {
    let failed = |error: tokio_tungstenite::tungstenite::Error| websocket(&error);
    if outbox.is_empty() {
        futures::future::poll_fn(|context| sink.poll_flush_unpin(context)).await.map_err(failed)?;
        *unflushed = false;
        return Ok(());
    }
    futures::future::poll_fn(|context| sink.poll_ready_unpin(context)).await.map_err(failed)?;
    if let Some(frame) = outbox.pop_front() {
        sink.start_send_unpin(Message::text(frame)).map_err(failed)?;
        *unflushed = true;
    }
    Ok(())
}
