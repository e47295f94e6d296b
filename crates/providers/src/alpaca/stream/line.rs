//! One websocket that is kept: connected, authenticated, subscribed, watched for silence, and connected again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{SinkExt, StreamExt};
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use tokio_util::sync::CancellationToken;
use ttai_ports::{PortError, StreamHealth};
use url::Url;

use super::super::client::Client;
use super::super::{PROVIDER, corrupt};
use super::frame::{self, Incoming, TradeUpdate, TradingMessage};
use crate::event_time::MOST_AHEAD;

/// Longest wait for a connection, and for each answer of its greeting.
const GREETING_TIME: Duration = Duration::from_secs(10);
/// First and longest wait before a connection is tried again.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Largest frame that is read.
const MAX_FRAME: usize = 16 << 20;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How often a silent peer is asked whether it lives, and how long it may stay silent.
#[derive(Clone, Copy, Debug)]
pub struct PeerPatience {
    /// A ping after this long without a frame.
    pub ping: Duration,
    /// The connection is given up after this long without a frame, or with a frame of ours that does not get through.
    pub silence: Duration,
}

impl Default for PeerPatience {
    fn default() -> Self {
        Self { ping: Duration::from_secs(10), silence: Duration::from_secs(30) }
    }
}

/// Which of Alpaca's websockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flavor {
    /// Market data or news as JSON.
    Json,
    /// Option data, which exists as MessagePack only.
    MessagePack,
    /// Order updates.
    Trading,
}

/// What a line tells its owner.
#[derive(Debug)]
pub(super) enum LineEvent {
    Market(Incoming),
    Order(Box<TradeUpdate>),
    /// Something may have been missed since `from`.
    Gap {
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        reason: String,
    },
    /// It is over: the keys or the subscription are refused.
    Refused {
        at: DateTime<Utc>,
    },
}

/// How a line stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Standing {
    Waiting,
    Ready,
    Refused(PortError),
}

/// Names by channel.
pub(super) type Wanted = BTreeMap<&'static str, BTreeSet<String>>;

/// The keys and the address of a line.
pub(super) struct Access {
    pub(super) url: Url,
    pub(super) key: SecretString,
    pub(super) secret: SecretString,
    pub(super) client: Client,
    pub(super) patience: PeerPatience,
}

/// One websocket, from its owner's side.
pub(super) struct Line {
    access: Access,
    flavor: Flavor,
    wanted: Mutex<Wanted>,
    changed: Notify,
    standing: watch::Sender<Standing>,
    health: Mutex<StreamHealth>,
    /// When the connection last proved to stand: its last frame of any kind that could be read.
    proved_at: Mutex<Option<DateTime<Utc>>>,
    notify: Box<dyn Fn(LineEvent) + Send + Sync>,
}

/// Why a connection ended.
enum End {
    /// Try again.
    Lost(String),
    /// Trying again changes nothing.
    Refused(PortError),
    /// Nobody wants anything any more.
    Idle,
}

impl From<SocketError> for End {
    fn from(error: SocketError) -> Self {
        Self::Lost(error.to_string())
    }
}

impl Line {
    pub(super) fn new(
        access: Access,
        flavor: Flavor,
        notify: Box<dyn Fn(LineEvent) + Send + Sync>,
    ) -> Arc<Self> {
        Arc::new(Self {
            access,
            flavor,
            wanted: Mutex::default(),
            changed: Notify::new(),
            standing: watch::Sender::new(Standing::Waiting),
            health: Mutex::default(),
            proved_at: Mutex::default(),
            notify,
        })
    }

    /// Wants exactly this from now on.
    pub(super) fn want(&self, wanted: Wanted) {
        let symbols: BTreeSet<&String> = wanted.values().flatten().collect();
        self.health().symbols = symbols.len();
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) = wanted;
        self.changed.notify_one();
    }

    /// Waits until the line is subscribed for the first time.
    ///
    /// # Errors
    /// Why it never will be, or that it is not yet.
    pub(super) async fn ready(&self) -> Result<(), PortError> {
        let mut standing = self.standing.subscribe();
        let settled = standing.wait_for(|standing| *standing != Standing::Waiting);
        match timeout(GREETING_TIME * 2, settled).await {
            Ok(Ok(standing)) => match &*standing {
                Standing::Refused(error) => Err(error.clone()),
                _ => Ok(()),
            },
            _ => Err(PortError::Unavailable {
                provider: PROVIDER.to_owned(),
                detail: self
                    .health()
                    .last_error
                    .clone()
                    .unwrap_or_else(|| "the stream does not stand yet".to_owned()),
                retry_after: None,
            }),
        }
    }

    /// Whether Alpaca refused it for good.
    pub(super) fn is_refused(&self) -> bool {
        matches!(&*self.standing.borrow(), Standing::Refused(_))
    }

    pub(super) fn health_now(&self) -> StreamHealth {
        self.health().clone()
    }

    /// Keeps the connection until it is stopped or refused.
    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.stay_connected() => {}
        }
        self.health().connected = false;
    }

    async fn stay_connected(&self) {
        let mut wait = FIRST_WAIT;
        let mut lost_at: Option<(DateTime<Utc>, String)> = None;
        loop {
            if self.wanted_now().is_empty() {
                lost_at = None;
                self.changed.notified().await;
                continue;
            }
            let begun = Instant::now();
            let end = match self.open().await {
                Ok(socket) => self.stand(socket, &mut lost_at).await,
                Err(end) => end,
            };
            let was_connected = std::mem::replace(&mut self.health().connected, false);
            match end {
                End::Idle => {
                    self.standing.send_replace(Standing::Waiting);
                    continue;
                }
                End::Refused(error) => {
                    self.health().last_error = Some(error.to_string());
                    // Told first: who joins after it finds the line refused and opens another.
                    (self.notify)(LineEvent::Refused { at: self.now() });
                    self.standing.send_replace(Standing::Refused(error));
                    return;
                }
                End::Lost(reason) => {
                    tracing::info!(provider = PROVIDER, url = %self.access.url, reason, "stream lost");
                    let from = self.missing_since();
                    self.health().last_error = Some(reason.clone());
                    if was_connected {
                        self.health().reconnects += 1;
                        lost_at.get_or_insert((from, reason));
                    }
                }
            }
            wait = if begun.elapsed() > LONGEST_WAIT { FIRST_WAIT } else { wait };
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// From when on events may be missing: the newest event, but no later than when the connection last proved to stand.
    fn missing_since(&self) -> DateTime<Utc> {
        let proved_at = *self.proved_at();
        let proved_at = proved_at.unwrap_or_else(|| self.now());
        self.health().last_event.map_or(proved_at, |newest| newest.min(proved_at))
    }

    /// Connects, authenticates, subscribes.
    async fn open(&self) -> Result<Socket, End> {
        let lost = |what: &str| End::Lost(format!("{what} took longer than {} s", GREETING_TIME.as_secs()));
        let connected = timeout(GREETING_TIME, self.connect()).await.map_err(|_| lost("connecting"))??;
        timeout(GREETING_TIME, self.greet(connected)).await.map_err(|_| lost("authenticating"))?
    }

    async fn connect(&self) -> Result<Socket, End> {
        let mut request = self.access.url.as_str().into_client_request()?;
        if self.flavor == Flavor::MessagePack {
            request.headers_mut().insert("content-type", HeaderValue::from_static("application/msgpack"));
        }
        let limits =
            WebSocketConfig::default().max_message_size(Some(MAX_FRAME)).max_frame_size(Some(MAX_FRAME));
        let (socket, answer) = connect_async_with_config(request, Some(limits), true).await?;
        if let Some(date) = answer.headers().get("date").and_then(|date| date.to_str().ok()) {
            self.access.client.observe(date);
        }
        Ok(socket)
    }

    async fn greet(&self, mut socket: Socket) -> Result<Socket, End> {
        let (key, secret) = (self.access.key.expose_secret(), self.access.secret.expose_secret());
        if self.flavor == Flavor::Trading {
            let data = json!({ "key_id": key, "secret_key": secret });
            self.send(&mut socket, &json!({ "action": "authenticate", "data": data })).await?;
            loop {
                match frame::parse_trading(&self.receive(&mut socket).await?) {
                    Ok(TradingMessage::Authorization(true)) => break,
                    Ok(TradingMessage::Authorization(false)) => {
                        return Err(End::Refused(denied("the trading stream")));
                    }
                    Ok(_) => {}
                    Err(error) => return Err(End::Lost(error.to_string())),
                }
            }
        } else {
            self.await_success(&mut socket, "connected").await?;
            self.send(&mut socket, &json!({ "action": "auth", "key": key, "secret": secret })).await?;
            self.await_success(&mut socket, "authenticated").await?;
        }
        Ok(socket)
    }

    async fn await_success(&self, socket: &mut Socket, wanted: &str) -> Result<(), End> {
        loop {
            let bytes = self.receive(socket).await?;
            for message in self.read(&bytes).map_err(|error| End::Lost(error.to_string()))? {
                match message {
                    Incoming::Success(word) if word == wanted => return Ok(()),
                    Incoming::Refused { code, message } => return Err(refusal(code, &message)),
                    _ => {}
                }
            }
        }
    }

    /// Subscribes to what is wanted and reads until the connection ends.
    async fn stand(&self, mut socket: Socket, lost: &mut Option<(DateTime<Utc>, String)>) -> End {
        let mut subscribed = Wanted::new();
        if let Err(end) = self.subscribe(&mut socket, &mut subscribed).await {
            return end;
        }
        let mut notified_ready = false;
        let mut heard = Instant::now();
        let mut ping = tokio::time::interval(self.access.patience.ping);
        loop {
            tokio::select! {
                message = socket.next() => {
                    let message = match message {
                        Some(Ok(message)) => message,
                        Some(Err(error)) => return error.into(),
                        None => return End::Lost("the connection was closed".to_owned()),
                    };
                    heard = Instant::now();
                    let acknowledged = match self.take(message) {
                        Ok(acknowledged) => acknowledged,
                        Err(end) => return end,
                    };
                    // Not for one that cannot be read: what was in it is missing.
                    *self.proved_at() = Some(self.now());
                    if acknowledged && !notified_ready {
                        notified_ready = true;
                        self.stands_again(lost.take());
                    }
                }
                () = self.changed.notified() => {
                    if self.wanted_now().is_empty() {
                        let _ = timeout(self.access.patience.silence, socket.close(None)).await;
                        return End::Idle;
                    }
                    if let Err(end) = self.subscribe(&mut socket, &mut subscribed).await {
                        return end;
                    }
                }
                _ = ping.tick() => {
                    if let Err(end) = self.ask(&mut socket, heard).await {
                        return end;
                    }
                }
            }
        }
    }

    /// Asks a peer whether it lives, unless it has been silent for too long.
    async fn ask(&self, socket: &mut Socket, heard: Instant) -> Result<(), End> {
        let silence = self.access.patience.silence;
        if heard.elapsed() >= silence {
            return Err(End::Lost(format!("no frame for {silence:?}")));
        }
        self.send_frame(socket, Message::Ping(Bytes::new())).await
    }

    fn stands_again(&self, lost: Option<(DateTime<Utc>, String)>) {
        self.health().connected = true;
        self.standing.send_replace(Standing::Ready);
        if let Some((from, reason)) = lost {
            (self.notify)(LineEvent::Gap { from, until: self.now().max(from), reason });
        }
    }

    /// Tells the owner what a frame says; true where it acknowledges a subscription.
    fn take(&self, message: Message) -> Result<bool, End> {
        let bytes = match message {
            Message::Text(text) => Bytes::from(text),
            Message::Binary(bytes) => bytes,
            Message::Close(_) => return Err(End::Lost("the connection was closed".to_owned())),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => return Ok(false),
        };
        let broken = |error: PortError| End::Lost(error.to_string());
        if self.flavor == Flavor::Trading {
            return match frame::parse_trading(&bytes).map_err(broken)? {
                TradingMessage::Listening(streams) => Ok(!streams.is_empty()),
                TradingMessage::Update(update) => {
                    self.heard_of(update.at);
                    (self.notify)(LineEvent::Order(update));
                    Ok(false)
                }
                TradingMessage::Authorization(false) => Err(End::Refused(denied("the trading stream"))),
                TradingMessage::Authorization(true) | TradingMessage::Other => Ok(false),
            };
        }
        let mut acknowledged = false;
        for message in self.read(&bytes).map_err(broken)? {
            match &message {
                Incoming::Subscribed => acknowledged = true,
                Incoming::Refused { code, message } => return Err(refusal(*code, message)),
                Incoming::Quote(quote) => quote.market_time.into_iter().for_each(|time| self.heard_of(time)),
                Incoming::Trade(trade) => trade.market_time.into_iter().for_each(|time| self.heard_of(time)),
                Incoming::Story(story) => self.heard_of(story.published_at),
                Incoming::Halt(_) | Incoming::Success(_) | Incoming::Other => {}
            }
            (self.notify)(LineEvent::Market(message));
        }
        Ok(acknowledged)
    }

    fn heard_of(&self, time: DateTime<Utc>) {
        if time <= self.now() + MOST_AHEAD {
            let mut health = self.health();
            health.last_event = health.last_event.max(Some(time));
        }
    }

    /// Sends the difference between what is subscribed and what is wanted.
    async fn subscribe(&self, socket: &mut Socket, subscribed: &mut Wanted) -> Result<(), End> {
        let wanted = self.wanted_now();
        if self.flavor == Flavor::Trading {
            let streams: Vec<&str> = wanted.keys().copied().collect();
            self.send(socket, &json!({ "action": "listen", "data": { "streams": streams } })).await?;
        } else {
            for (action, from, to) in
                [("subscribe", &*subscribed, &wanted), ("unsubscribe", &wanted, &*subscribed)]
            {
                let fresh = difference(from, to);
                if !fresh.is_empty() {
                    let mut message = json!(fresh);
                    if let Some(fields) = message.as_object_mut() {
                        fields.insert("action".to_owned(), json!(action));
                    }
                    self.send(socket, &message).await?;
                }
            }
        }
        *subscribed = wanted;
        Ok(())
    }

    async fn send(&self, socket: &mut Socket, message: &Value) -> Result<(), End> {
        let message = match self.flavor {
            Flavor::MessagePack => Message::Binary(frame::to_msgpack(message).into()),
            Flavor::Json | Flavor::Trading => Message::Text(message.to_string().into()),
        };
        self.send_frame(socket, message).await
    }

    /// Nothing is read while it waits, so the wait is bounded: a peer that takes nothing in is a lost connection.
    async fn send_frame(&self, socket: &mut Socket, message: Message) -> Result<(), End> {
        let longest = self.access.patience.silence;
        match timeout(longest, socket.send(message)).await {
            Ok(sent) => Ok(sent?),
            Err(_) => Err(End::Lost(format!("nothing could be sent for {longest:?}"))),
        }
    }

    async fn receive(&self, socket: &mut Socket) -> Result<Bytes, End> {
        loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text.into()),
                Some(Ok(Message::Binary(bytes))) => return Ok(bytes),
                Some(Ok(Message::Close(_))) | None => {
                    return Err(End::Lost("the connection was closed".to_owned()));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
            }
        }
    }

    fn read(&self, bytes: &[u8]) -> Result<Vec<Incoming>, PortError> {
        match self.flavor {
            Flavor::MessagePack => frame::parse_msgpack(bytes, self.now()),
            Flavor::Json => frame::parse_json(bytes, self.now()),
            Flavor::Trading => Err(corrupt("market data on the trading stream")),
        }
    }

    fn now(&self) -> DateTime<Utc> {
        self.access.client.seen_now().unwrap_or_else(Utc::now)
    }

    fn wanted_now(&self) -> Wanted {
        let wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        wanted
            .iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(channel, names)| (*channel, names.clone()))
            .collect()
    }

    fn proved_at(&self) -> MutexGuard<'_, Option<DateTime<Utc>>> {
        self.proved_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn health(&self) -> MutexGuard<'_, StreamHealth> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What `to` has and `from` has not.
fn difference(from: &Wanted, to: &Wanted) -> BTreeMap<&'static str, Vec<String>> {
    let missing = to.iter().map(|(channel, names)| {
        let known = from.get(channel);
        let fresh = names.iter().filter(|name| !known.is_some_and(|known| known.contains(*name))).cloned();
        (*channel, fresh.collect::<Vec<String>>())
    });
    missing.filter(|(_, names)| !names.is_empty()).collect()
}

fn denied(what: &str) -> PortError {
    PortError::Authentication { provider: PROVIDER.to_owned(), detail: format!("{what} refuses the keys") }
}

/// Alpaca's stream errors: some pass, some need a person. See docs/providers/alpaca.md.
fn refusal(code: u16, message: &str) -> End {
    let detail = format!("{message} (code {code})");
    let provider = PROVIDER.to_owned();
    match code {
        401 | 402 | 409 => End::Refused(PortError::Authentication { provider, detail }),
        400 | 405 | 410 | 412 => End::Refused(PortError::Invalid { provider, detail }),
        // 404 authentication timeout, 406 another connection still stands, 407 slow client, 500.
        _ => End::Lost(detail),
    }
}
