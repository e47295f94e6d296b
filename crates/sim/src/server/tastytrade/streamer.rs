//! The account streamer: a websocket that tells of orders, positions and balances. A client says who it is in every
//! message, subscribes with `connect`, and keeps the line alive with `heartbeat`.

use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use super::orders::json_of;
use super::{ACCOUNT, Tasty, accounts};
use crate::server::exchange::{EventKind, OrderEvent, in_order, uuid};
use crate::server::faults::StreamFault;

/// How often the faults are asked for.
const LOOK: Duration = Duration::from_millis(50);

/// Largest message of a client, in bytes.
const LARGEST_MESSAGE: usize = 1 << 20;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Request {
    action: String,
    #[serde(default)]
    value: Value,
    #[serde(default)]
    auth_token: String,
    #[serde(default)]
    request_id: Value,
}

/// What a client has asked for so far.
struct Client {
    session: String,
    connected: bool,
}

/// `GET /streamer`, a websocket.
pub(super) async fn open(State(state): State<Tasty>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.max_message_size(LARGEST_MESSAGE).on_upgrade(move |socket| talk(socket, state))
}

async fn talk(mut socket: WebSocket, state: Tasty) {
    let mut events = state.sim.exchange.subscribe();
    let session = uuid("account streamer", &state.identities.next()).chars().take(8).collect();
    let mut client = Client { session, connected: false };
    let mut looks = tokio::time::interval(LOOK);
    let mut muted = None;
    loop {
        let sent = tokio::select! {
            biased;
            () = state.sim.ending.cancelled() => return,
            _ = looks.tick() => {
                muted = state.sim.faults.stream("tastytrade", "/streamer", state.sim.market.now());
                match muted {
                    Some(StreamFault::Reset) => return,
                    Some(StreamFault::Malformed) => socket.send(Message::Text("{\"type\":".into())).await,
                    _ => Ok(()),
                }
            }
            // It reads nothing, and so answers no heartbeat.
            () = std::future::ready(()), if muted == Some(StreamFault::Silent) => {
                looks.tick().await;
                muted = state.sim.faults.stream("tastytrade", "/streamer", state.sim.market.now());
                events = state.sim.exchange.subscribe();
                Ok(())
            }
            received = socket.recv() => match received {
                Some(Ok(Message::Text(text))) => send(&mut socket, &client.answer(&state, &text)).await,
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => Ok(()),
            },
            event = events.recv() => match event {
                Ok(event) if client.connected && muted != Some(StreamFault::Gap) => {
                    let disordered = state.sim.faults.is_disordered("tastytrade", state.sim.market.now());
                    let mut told = Ok(());
                    for event in in_order(event, &mut events, disordered).await {
                        if event.order.account == ACCOUNT && told.is_ok() {
                            told = notify(&mut socket, &state, &event).await;
                        }
                    }
                    told
                }
                Ok(_) | Err(RecvError::Lagged(_)) => Ok(()),
                Err(RecvError::Closed) => return,
            },
        };
        if sent.is_err() {
            return;
        }
    }
}

async fn send(socket: &mut WebSocket, message: &Value) -> Result<(), axum::Error> {
    socket.send(Message::Text(message.to_string().into())).await
}

impl Client {
    fn answer(&mut self, state: &Tasty, text: &str) -> Value {
        let Ok(request) = serde_json::from_str::<Request>(text) else {
            return json!({ "status": "error", "message": "invalid-message" });
        };
        let refused = self.refused(state, &request);
        if request.action == "connect" && refused.is_none() {
            self.connected = true;
        }
        let mut answer = json!({
            "status": if refused.is_none() { "ok" } else { "error" },
            "action": request.action,
            "web-socket-session-id": self.session,
            "request-id": request.request_id,
        });
        if let Some(message) = refused {
            answer["message"] = json!(message);
        } else if request.action == "connect" {
            answer["value"] = match request.value {
                Value::String(account) => json!([account]),
                list => list,
            };
        }
        answer
    }

    fn refused(&self, state: &Tasty, request: &Request) -> Option<&'static str> {
        let token = request.auth_token.strip_prefix("Bearer ").unwrap_or_default();
        if !state.tokens.knows(token) {
            return Some("invalid-token");
        }
        match request.action.as_str() {
            "heartbeat" => None,
            "connect" | "account-subscribe" => {
                let own = |value: &Value| value == ACCOUNT;
                let permitted = match &request.value {
                    Value::Array(accounts) => !accounts.is_empty() && accounts.iter().all(own),
                    account => own(account),
                };
                (!permitted).then_some("not-permitted")
            }
            "public-watchlists-subscribe" | "quote-alerts-subscribe" | "user-message-subscribe" => {
                (!self.connected).then_some("connect-not-completed")
            }
            _ => Some("not-implemented"),
        }
    }
}

/// The whole order after each change; after a fill the positions and the balance too.
async fn notify(socket: &mut WebSocket, state: &Tasty, event: &OrderEvent) -> Result<(), axum::Error> {
    let timestamp = event.at.timestamp_millis();
    let order = state.sim.exchange.read(|book| json_of(state, &event.order, book));
    send(socket, &json!({ "type": "Order", "data": order, "timestamp": timestamp })).await?;
    if matches!(event.kind, EventKind::PartialFill | EventKind::Fill) {
        for position in accounts::positions_json(state, false).await {
            send(socket, &json!({ "type": "CurrentPosition", "data": position, "timestamp": timestamp }))
                .await?;
        }
        let balance = accounts::balance_json(state).await;
        send(socket, &json!({ "type": "AccountBalance", "data": balance, "timestamp": timestamp })).await?;
    }
    Ok(())
}
