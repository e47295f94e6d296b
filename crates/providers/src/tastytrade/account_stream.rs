//! The account streamer: every change of an account's orders. One connection a reader, kept alive by heartbeats that bear the
//! access token, made anew when it is lost or silent; after each reconnection a gap is told.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::{SinkExt, StreamExt};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use tokio_util::sync::{CancellationToken, DropGuard};
use ttai_ports::{OrderUpdate, OrderUpdates, PortError, StreamGap};

use super::model::TastytradeOrder;
use super::{PROVIDER, Tastytrade, error, order_view};

/// The service wants one every 2 to 60 seconds, and answers it.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// A connection without any message for so long is lost.
const SILENCE: Duration = Duration::from_secs(15);
/// Longest wait for a connection and for the answer to the subscription.
const GREETING_TIME: Duration = Duration::from_secs(10);
/// First and longest wait before a connection is tried again.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Largest message that is read, in bytes.
const LARGEST_MESSAGE: usize = 4 << 20;
/// Subscriptions refused in a row before the stream ends: the first may have borne a token that has just ended.
const MOST_REFUSALS: u32 = 2;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// One reader's connection; dropping it closes it.
pub(super) struct AccountUpdates {
    events: mpsc::UnboundedReceiver<OrderUpdate>,
    _stop: DropGuard,
}

#[async_trait]
impl OrderUpdates for AccountUpdates {
    async fn next(&mut self) -> Option<OrderUpdate> {
        self.events.recv().await
    }
}

/// Subscribes to an account.
///
/// # Errors
/// [`PortError::Authentication`] for a refused token or account; [`PortError::Unavailable`] where no connection stands in time.
pub(super) async fn open(service: &Tastytrade, account: &str) -> Result<AccountUpdates, PortError> {
    let (sender, events) = mpsc::unbounded_channel();
    let stop = CancellationToken::new();
    let (ready, stands) = oneshot::channel();
    let mut line = AccountLine {
        service: service.clone(),
        account: account.to_owned(),
        sender,
        ready: Some(ready),
        heard_at: None,
        lost: None,
        refusals: 0,
    };
    let ending = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            () = ending.cancelled() => {}
            () = line.stay_connected() => {}
        }
    });
    let updates = AccountUpdates { events, _stop: stop.drop_guard() };
    match timeout(GREETING_TIME * 2, stands).await {
        Ok(Ok(outcome)) => outcome.map(|()| updates),
        _ => Err(unavailable("the account streamer does not stand yet")),
    }
}

struct AccountLine {
    service: Tastytrade,
    account: String,
    sender: mpsc::UnboundedSender<OrderUpdate>,
    /// Whoever waits for the first subscription.
    ready: Option<oneshot::Sender<Result<(), PortError>>>,
    /// When the last message came.
    heard_at: Option<DateTime<Utc>>,
    /// Since when changes may be missing, and why.
    lost: Option<(DateTime<Utc>, String)>,
    refusals: u32,
}

/// Why a connection ended.
enum End {
    Lost(String),
    Refused(PortError),
}

/// A message of the service: an answer has an `action`, a notification a `type`.
#[derive(Deserialize)]
struct Incoming {
    #[serde(default)]
    action: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    data: Value,
}

impl AccountLine {
    async fn stay_connected(&mut self) {
        let mut wait = FIRST_WAIT;
        loop {
            let begun = Instant::now();
            let Err(end) = self.converse().await;
            let reason = match end {
                End::Refused(refused) if self.refusals >= MOST_REFUSALS => {
                    tracing::warn!("{refused}; the account's order updates end");
                    if let Some(ready) = self.ready.take() {
                        let _ = ready.send(Err(refused));
                    }
                    return;
                }
                End::Refused(refused) => refused.to_string(),
                End::Lost(reason) => reason,
            };
            tracing::info!(provider = PROVIDER, reason, "account streamer lost");
            if let Some(heard_at) = self.heard_at {
                self.lost.get_or_insert((heard_at, reason));
            }
            wait = if begun.elapsed() > LONGEST_WAIT { FIRST_WAIT } else { wait };
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// Connects, subscribes and reads until the connection ends.
    async fn converse(&mut self) -> Result<std::convert::Infallible, End> {
        let connected = timeout(GREETING_TIME, self.connect()).await;
        let mut socket = connected.map_err(|_| End::Lost("connecting took too long".to_owned()))??;
        self.say(&mut socket, "connect", json!([self.account])).await?;
        let mut heartbeat = tokio::time::interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
        let mut heard = Instant::now();
        loop {
            tokio::select! {
                message = socket.next() => {
                    heard = Instant::now();
                    match message {
                        Some(Ok(Message::Text(text))) => self.hear(text.as_bytes()).await?,
                        Some(Ok(Message::Binary(bytes))) => self.hear(&bytes).await?,
                        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                        Some(Ok(Message::Close(_))) | None => {
                            return Err(End::Lost("the connection was closed".to_owned()));
                        }
                        Some(Err(error)) => return Err(End::Lost(error.to_string())),
                    }
                }
                _ = heartbeat.tick() => self.say(&mut socket, "heartbeat", Value::Null).await?,
                () = tokio::time::sleep_until(heard + SILENCE) => {
                    return Err(End::Lost(format!("no message for {} s", SILENCE.as_secs())));
                }
            }
        }
    }

    async fn connect(&self) -> Result<Socket, End> {
        let limits = WebSocketConfig::default()
            .max_message_size(Some(LARGEST_MESSAGE))
            .max_frame_size(Some(LARGEST_MESSAGE));
        let url = self.service.streamer_url.as_str();
        match connect_async_with_config(url, Some(limits), true).await {
            Ok((socket, _)) => Ok(socket),
            Err(error) => Err(End::Lost(error.to_string())),
        }
    }

    /// Says something with the token of this moment, within bounds: nothing is read meanwhile.
    async fn say(&mut self, socket: &mut Socket, action: &str, value: Value) -> Result<(), End> {
        let token = self.token().await?;
        let bearer = format!("Bearer {}", token.expose_secret());
        let message = json!({ "action": action, "value": value, "auth-token": bearer, "request-id": 1 });
        match timeout(SILENCE, socket.send(Message::Text(message.to_string().into()))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(End::Lost(error.to_string())),
            Err(_) => Err(End::Lost("nothing could be sent".to_owned())),
        }
    }

    async fn token(&mut self) -> Result<SecretString, End> {
        self.service.client.tokens.token().await.map_err(|error| match error {
            PortError::Authentication { .. } => {
                self.refusals = MOST_REFUSALS;
                End::Refused(error)
            }
            passing => End::Lost(passing.to_string()),
        })
    }

    async fn hear(&mut self, bytes: &[u8]) -> Result<(), End> {
        let broken = |error: serde_json::Error| End::Lost(format!("a message that cannot be read: {error}"));
        let incoming: Incoming = serde_json::from_slice(bytes).map_err(broken)?;
        if incoming.status.as_deref() == Some("error") {
            return Err(self.refused(incoming.message.as_deref().unwrap_or_default()).await);
        }
        let now = self.service.client.service.now();
        if incoming.action.as_deref() == Some("connect") {
            self.stands(now);
        }
        if incoming.kind.as_deref() == Some("Order") {
            let order: TastytradeOrder = serde_json::from_value(incoming.data).map_err(broken)?;
            // One of a kind that is not traded here is nobody's.
            if let Some(order) = order_view::order(&order, &self.account) {
                // A reader that is gone ends the line itself.
                let _ = self.sender.send(OrderUpdate::Changed(Box::new(order)));
            }
        }
        self.heard_at = Some(now);
        Ok(())
    }

    fn stands(&mut self, now: DateTime<Utc>) {
        self.refusals = 0;
        if let Some(ready) = self.ready.take() {
            let _ = ready.send(Ok(()));
        }
        if let Some((from, reason)) = self.lost.take() {
            let gap = StreamGap { symbols: Vec::new(), from, until: now.max(from), reason };
            let _ = self.sender.send(OrderUpdate::Gap(gap));
        }
    }

    async fn refused(&mut self, words: &str) -> End {
        self.refusals += 1;
        if let Ok(token) = self.service.client.tokens.token().await {
            self.service.client.tokens.discard(&token).await;
        }
        End::Refused(PortError::Authentication {
            provider: PROVIDER.to_owned(),
            detail: format!("the account streamer refuses: {}", error::printable(words)),
        })
    }
}

fn unavailable(detail: &str) -> PortError {
    PortError::Unavailable { provider: PROVIDER.to_owned(), detail: detail.to_owned(), retry_after: None }
}
