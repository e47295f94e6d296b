//! The trading websocket: order updates of the caller's account, as JSON in binary frames.

use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::orders;
use super::wire::{Caller, decimal, time};
use crate::server::SimState;
use crate::server::exchange::{EventKind, OrderEvent, Side, in_order};
use crate::server::faults::StreamFault;

/// Where it is, as faults name it.
const STREAM: &str = "/trading/stream";
/// How often the faults are asked for.
const LOOK: Duration = Duration::from_millis(50);

/// `/stream`
pub(super) async fn connect(State(state): State<SimState>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| async move {
        let events = state.exchange.subscribe();
        let connection = Connection { socket, state, account: None, listens: false, events };
        // A client that is gone is no failure of the market.
        let _ = connection.run().await;
    })
}

/// The connection is over.
struct Over;

struct Connection {
    socket: WebSocket,
    state: SimState,
    account: Option<String>,
    listens: bool,
    events: Receiver<OrderEvent>,
}

impl Connection {
    async fn run(mut self) -> Result<(), Over> {
        let ending = self.state.ending.clone();
        let mut looks = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                biased;
                () = ending.cancelled() => return Ok(()),
                _ = looks.tick() => self.look().await?,
                event = self.events.recv() => match event {
                    Ok(event) => {
                        let disordered = self.state.faults.is_disordered("alpaca", self.state.market.now());
                        for event in in_order(event, &mut self.events, disordered).await {
                            self.notify(&event).await?;
                        }
                    }
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return Ok(()),
                },
                message = self.socket.recv() => match message {
                    Some(Ok(Message::Text(text))) => self.hear(text.as_bytes()).await?,
                    Some(Ok(Message::Binary(bytes))) => self.hear(&bytes).await?,
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(()),
                },
            }
        }
    }

    async fn look(&mut self) -> Result<(), Over> {
        match self.state.faults.stream("alpaca", STREAM, self.state.market.now()) {
            None => Ok(()),
            Some(StreamFault::Reset) => Err(Over),
            Some(StreamFault::Malformed) => {
                self.socket.send(Message::Binary(b"{\"stream\":".to_vec().into())).await.map_err(|_| Over)
            }
            Some(StreamFault::Gap | StreamFault::Silent) => {
                while matches!(
                    self.state.faults.stream("alpaca", STREAM, self.state.market.now()),
                    Some(StreamFault::Gap | StreamFault::Silent)
                ) {
                    tokio::select! {
                        () = self.state.ending.cancelled() => return Err(Over),
                        () = tokio::time::sleep(LOOK) => {}
                    }
                }
                // What happened meanwhile is never told.
                self.events = self.state.exchange.subscribe();
                Ok(())
            }
        }
    }

    async fn hear(&mut self, bytes: &[u8]) -> Result<(), Over> {
        let message: Value = serde_json::from_slice(bytes).unwrap_or_default();
        match message.get("action").and_then(Value::as_str) {
            Some("authenticate") => {
                let data = message.get("data").cloned().unwrap_or_default();
                self.authenticate(&data, "key_id", "secret_key", "authenticate").await
            }
            Some("auth") => self.authenticate(&message, "key", "secret", "auth").await,
            Some("listen") if self.account.is_some() => {
                let streams = message.pointer("/data/streams").and_then(Value::as_array);
                self.listens =
                    streams.is_some_and(|streams| streams.iter().any(|name| name == "trade_updates"));
                let streams: &[&str] = if self.listens { &["trade_updates"] } else { &[] };
                self.send(&json!({ "stream": "listening", "data": { "streams": streams } })).await
            }
            Some("listen") => {
                let data = json!({ "status": "unauthorized", "action": "listen" });
                self.send(&json!({ "stream": "authorization", "data": data })).await
            }
            _ => self.send(&json!({ "stream": "listening", "data": { "error": "invalid message" } })).await,
        }
    }

    async fn authenticate(
        &mut self,
        from: &Value,
        key: &str,
        secret: &str,
        action: &str,
    ) -> Result<(), Over> {
        let text = |name: &str| from.get(name).and_then(Value::as_str).unwrap_or_default();
        self.account = Caller::of(&self.state, text(key), text(secret)).map(|caller| caller.account);
        let status = if self.account.is_some() { "authorized" } else { "unauthorized" };
        let data = json!({ "status": status, "action": action });
        self.send(&json!({ "stream": "authorization", "data": data })).await
    }

    async fn notify(&mut self, event: &OrderEvent) -> Result<(), Over> {
        if !self.listens || self.account.as_deref() != Some(event.order.account.as_str()) {
            return Ok(());
        }
        self.send(&json!({ "stream": "trade_updates", "data": update(event) })).await
    }

    async fn send(&mut self, message: &Value) -> Result<(), Over> {
        let bytes = message.to_string().into_bytes();
        self.socket.send(Message::Binary(bytes.into())).await.map_err(|_| Over)
    }
}

fn event_name(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Accepted => "accepted",
        EventKind::New => "new",
        EventKind::PartialFill => "partial_fill",
        EventKind::Fill => "fill",
        EventKind::Canceled => "canceled",
        EventKind::Rejected => "rejected",
        EventKind::Expired => "expired",
        EventKind::Replaced => "replaced",
    }
}

fn update(event: &OrderEvent) -> Value {
    let mut data = json!({
        "event": event_name(event.kind),
        "timestamp": time(event.at),
        "order": orders::shown(&event.order),
    });
    let (Some(first), Some(fields)) = (event.fills.first(), data.as_object_mut()) else { return data };
    let ratio = event.order.legs.first().map_or(Decimal::ONE, |leg| leg.ratio);
    let price = match event.fills.as_slice() {
        [only] => only.price,
        fills => {
            fills
                .iter()
                .map(|fill| Side::of(fill.action).sign() * fill.price * fill.quantity)
                .sum::<Decimal>()
                / (first.quantity / ratio)
        }
    };
    let own = [
        ("execution_id", json!(first.id)),
        ("price", decimal(price)),
        ("qty", decimal(first.quantity / ratio)),
        ("position_qty", decimal(event.position_quantity)),
    ];
    fields.extend(own.map(|(name, value)| (name.to_owned(), value)));
    data
}
