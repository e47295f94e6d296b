//! The market data websockets: authentication, subscriptions, and events as JSON or MessagePack.

use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::DateTime;
use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior};

use super::feed::{Feed, Kind, Subscriptions};
use super::wire::Caller;
use crate::server::SimState;
use crate::server::faults::StreamFault;

/// How often a stream looks at the market, in real time.
const LOOK: Duration = Duration::from_millis(50);
/// A client that has not authenticated by then is turned away.
const AUTHENTICATION_TIME: Duration = Duration::from_secs(10);
/// The type of MessagePack's timestamp extension.
const TIMESTAMP_EXTENSION: i8 = -1;

/// `/v2/{feed}`
pub(super) async fn stocks(
    state: State<SimState>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    connect(state, &headers, upgrade, Kind::Stocks)
}

/// `/v1beta1/{feed}`
pub(super) async fn options(
    state: State<SimState>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    connect(state, &headers, upgrade, Kind::Options)
}

/// `/v1beta1/news`
pub(super) async fn news(state: State<SimState>, headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    connect(state, &headers, upgrade, Kind::News)
}

fn connect(
    State(state): State<SimState>,
    headers: &HeaderMap,
    upgrade: WebSocketUpgrade,
    kind: Kind,
) -> Response {
    let content = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let codec = if content == "application/msgpack" { Codec::MessagePack } else { Codec::Json };
    upgrade.on_upgrade(move |socket| async move {
        let feed = Feed::new(kind, state.market.now());
        let connection =
            Connection { socket, codec, kind, state, wanted: Subscriptions::default(), feed, known: false };
        // A client that is gone is no failure of the market.
        let _ = connection.run().await;
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Codec {
    Json,
    MessagePack,
}

impl Codec {
    fn encode(self, events: Vec<Value>) -> Message {
        match self {
            Self::Json => Message::Text(Value::Array(events).to_string().into()),
            Self::MessagePack => {
                let mut bytes = Vec::new();
                // Writing to memory cannot fail.
                let _ = rmpv::encode::write_value(&mut bytes, &packed(None, Value::Array(events)));
                Message::Binary(bytes.into())
            }
        }
    }

    fn decode(self, message: &[u8]) -> Option<Value> {
        match self {
            Self::Json => serde_json::from_slice(message).ok(),
            Self::MessagePack => {
                let mut rest = message;
                unpacked(rmpv::decode::read_value_with_max_depth(&mut rest, 16).ok()?)
            }
        }
    }

    /// Bytes that no reader of the codec understands.
    fn nonsense(self) -> Message {
        match self {
            Self::Json => Message::Text("[{\"T\":".into()),
            Self::MessagePack => Message::Binary(vec![0xc1].into()),
        }
    }
}

/// Times become MessagePack timestamps, as Alpaca's clients expect.
fn packed(name: Option<&str>, value: Value) -> rmpv::Value {
    match value {
        Value::Null => rmpv::Value::Nil,
        Value::Bool(value) => value.into(),
        Value::Number(number) => {
            let whole =
                number.as_u64().map(rmpv::Value::from).or_else(|| number.as_i64().map(rmpv::Value::from));
            whole.unwrap_or_else(|| number.as_f64().unwrap_or_default().into())
        }
        Value::String(text) => match name {
            Some("t" | "created_at" | "updated_at") => timestamp(&text),
            _ => text.into(),
        },
        Value::Array(items) => items.into_iter().map(|item| packed(None, item)).collect(),
        Value::Object(fields) => rmpv::Value::Map(
            fields
                .into_iter()
                .map(|(name, value)| (name.as_str().into(), packed(Some(&name), value)))
                .collect(),
        ),
    }
}

fn timestamp(text: &str) -> rmpv::Value {
    let Ok(time) = DateTime::parse_from_rfc3339(text) else { return text.into() };
    let seconds = u64::try_from(time.timestamp()).unwrap_or_default();
    let packed = (u64::from(time.timestamp_subsec_nanos()) << 34) | (seconds & ((1 << 34) - 1));
    rmpv::Value::Ext(TIMESTAMP_EXTENSION, packed.to_be_bytes().to_vec())
}

fn unpacked(value: rmpv::Value) -> Option<Value> {
    Some(match value {
        rmpv::Value::Nil => Value::Null,
        rmpv::Value::Boolean(value) => json!(value),
        rmpv::Value::Integer(number) => json!(number.as_i64()?),
        rmpv::Value::F32(number) => json!(number),
        rmpv::Value::F64(number) => json!(number),
        rmpv::Value::String(text) => json!(text.as_str()?),
        rmpv::Value::Array(items) => items.into_iter().map(unpacked).collect::<Option<Value>>()?,
        rmpv::Value::Map(fields) => {
            let fields =
                fields.into_iter().map(|(name, value)| Some((name.as_str()?.to_owned(), unpacked(value)?)));
            Value::Object(fields.collect::<Option<_>>()?)
        }
        rmpv::Value::Binary(_) | rmpv::Value::Ext(..) => return None,
    })
}

fn error(code: u16, message: &str) -> Value {
    json!({ "T": "error", "code": code, "msg": message })
}

fn success(message: &str) -> Value {
    json!({ "T": "success", "msg": message })
}

/// The connection is over.
struct Over;

struct Connection {
    socket: WebSocket,
    codec: Codec,
    kind: Kind,
    state: SimState,
    wanted: Subscriptions,
    feed: Feed,
    known: bool,
}

impl Connection {
    async fn run(mut self) -> Result<(), Over> {
        // A silent stream does not even greet.
        self.look().await?;
        self.send(vec![success("connected")]).await?;
        let deadline = Instant::now() + AUTHENTICATION_TIME;
        let ending = self.state.ending.clone();
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = ending.cancelled() => return Ok(()),
                _ = looks.tick() => {
                    if !self.known && Instant::now() > deadline {
                        return self.send(vec![error(404, "auth timeout")]).await;
                    }
                    self.look().await?;
                }
                message = self.socket.recv() => match message {
                    Some(Ok(Message::Text(text))) => self.hear(text.as_bytes()).await?,
                    Some(Ok(Message::Binary(bytes))) => self.hear(&bytes).await?,
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(()),
                },
            }
        }
    }

    /// Tells what is new, or does what a fault wants.
    async fn look(&mut self) -> Result<(), Over> {
        let fault = self.state.faults.stream("alpaca", "/stream", self.state.market.now());
        match fault {
            None => {}
            Some(StreamFault::Reset) => return Err(Over),
            Some(StreamFault::Malformed) => {
                self.socket.send(self.codec.nonsense()).await.map_err(|_| Over)?;
            }
            Some(StreamFault::Gap) => {
                self.feed.news(&self.state, &self.wanted).await;
                return Ok(());
            }
            Some(StreamFault::Silent) => {
                // Not even a ping is read, so none is answered.
                self.feed.news(&self.state, &self.wanted).await;
                while self.state.faults.stream("alpaca", "/stream", self.state.market.now())
                    == Some(StreamFault::Silent)
                {
                    tokio::select! {
                        () = self.state.ending.cancelled() => return Err(Over),
                        () = tokio::time::sleep(LOOK) => {}
                    }
                }
                return Ok(());
            }
        }
        if self.known {
            let events = self.feed.news(&self.state, &self.wanted).await;
            if !events.is_empty() {
                self.send(events).await?;
            }
        }
        Ok(())
    }

    async fn hear(&mut self, bytes: &[u8]) -> Result<(), Over> {
        let Some(message) = self.codec.decode(bytes) else {
            return self.send(vec![error(400, "invalid syntax")]).await;
        };
        match message.get("action").and_then(Value::as_str) {
            Some("auth") => self.authenticate(&message).await,
            Some(_) if !self.known => self.send(vec![error(401, "not authenticated")]).await,
            Some("subscribe") => self.change(&message, true).await,
            Some("unsubscribe") => self.change(&message, false).await,
            _ => self.send(vec![error(400, "invalid syntax")]).await,
        }
    }

    async fn authenticate(&mut self, message: &Value) -> Result<(), Over> {
        if self.known {
            return self.send(vec![error(403, "already authenticated")]).await;
        }
        let text = |name: &str| message.get(name).and_then(Value::as_str).unwrap_or_default();
        if Caller::of(&self.state, text("key"), text("secret")).is_none() {
            self.send(vec![error(402, "auth failed")]).await?;
            return Err(Over);
        }
        if self.kind == Kind::Options && self.codec == Codec::Json {
            return self.send(vec![error(412, "option messages are only available in MsgPack format")]).await;
        }
        self.known = true;
        self.send(vec![success("authenticated")]).await
    }

    async fn change(&mut self, message: &Value, add: bool) -> Result<(), Over> {
        for channel in self.kind.channels() {
            let Some(symbols) = message.get(*channel) else { continue };
            let Some(symbols) = symbols.as_array() else {
                return self.send(vec![error(400, "invalid syntax")]).await;
            };
            let names = symbols.iter().filter_map(Value::as_str).map(str::to_owned);
            if add {
                self.wanted.add(channel, names);
            } else {
                self.wanted.remove(channel, names);
            }
        }
        let shown = self.wanted.shown(self.kind);
        self.send(vec![shown]).await
    }

    async fn send(&mut self, events: Vec<Value>) -> Result<(), Over> {
        self.socket.send(self.codec.encode(events)).await.map_err(|_| Over)
    }
}
