//! The streams against a server that does what each test tells it.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use futures::{SinkExt, StreamExt};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};
use ttai_core::OccSymbol;
use ttai_http::LocalLimits;
use ttai_ports::{AccountLimits, StreamHalt};

use super::*;

/// Generous: the machine may be busy. No test waits for it to pass.
const DEADLINE: Duration = Duration::from_secs(60);
/// Much more than the buffers of a connection take in.
const MORE_THAN_BUFFERS: usize = 24 << 20;

/// Takes connections of the streams, one after another.
struct Server {
    listener: TcpListener,
    alpaca: Alpaca,
}

/// One connection, from the server's side.
struct Connection {
    socket: WebSocketStream<TcpStream>,
    packed: bool,
}

impl Server {
    async fn new(patience: PeerPatience) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let secret = |text: &str| SecretString::from(text.to_owned());
        let mut config = AlpacaConfig::new(secret("key"), secret("secret"), true).unwrap();
        config.stream_url = format!("ws://{}", listener.local_addr().unwrap()).parse().unwrap();
        let limits: Arc<dyn AccountLimits> = Arc::new(LocalLimits::default());
        let alpaca = Alpaca::new(config, &limits).unwrap();
        alpaca.set_patience(patience);
        Self { listener, alpaca }
    }

    /// A connection whose keys have come and are not answered yet; `packed` for that of the options.
    async fn accept(&self, packed: bool) -> Connection {
        let accepted = async {
            let (stream, _) = self.listener.accept().await.unwrap();
            Connection { socket: accept_async(stream).await.unwrap(), packed }
        };
        let mut connection = timeout(DEADLINE, accepted).await.expect("a connection in time");
        connection.say(json!([{ "T": "success", "msg": "connected" }])).await;
        connection.hear().await;
        connection
    }

    /// A connection that is subscribed.
    async fn stand(&self) -> Connection {
        let mut connection = self.accept(false).await;
        connection.let_in().await;
        connection
    }

    fn subscribe(&self, symbols: &[StreamSymbol]) -> tokio::task::JoinHandle<Subscribed> {
        let (alpaca, symbols) = (self.alpaca.clone(), symbols.to_vec());
        tokio::spawn(async move { alpaca.subscribe(&symbols, StreamKinds::ALL).await })
    }

    /// A reader of shares, and the first connection.
    async fn reader(&self) -> (Box<dyn StreamReader>, Connection) {
        let subscribed = self.subscribe(&[aapl()]);
        let connection = self.stand().await;
        (subscribed.await.unwrap().unwrap(), connection)
    }
}

type Subscribed = Result<Box<dyn StreamReader>, PortError>;

impl Connection {
    async fn say(&mut self, messages: Value) {
        let message = if self.packed {
            Message::Binary(frame::to_msgpack(&messages).into())
        } else {
            Message::text(messages.to_string())
        };
        self.socket.send(message).await.unwrap();
    }

    /// The next message that is no ping.
    async fn hear(&mut self) -> Message {
        loop {
            let message = timeout(DEADLINE, self.socket.next()).await.expect("a message in time");
            match message.unwrap().unwrap() {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return message,
            }
        }
    }

    /// Takes the keys, and acknowledges the subscription.
    async fn let_in(&mut self) {
        self.say(json!([{ "T": "success", "msg": "authenticated" }])).await;
        self.hear().await;
        self.say(json!([{ "T": "subscription" }])).await;
    }

    async fn halt(&mut self, at: DateTime<Utc>) {
        self.say(json!([{ "T": "s", "S": "AAPL", "sc": "H", "rm": "News Pending", "t": text(at) }])).await;
    }

    async fn trades(&mut self, count: usize, at: DateTime<Utc>) {
        let trade = json!({ "T": "t", "S": "AAPL", "p": 200.5, "s": 100, "c": ["@"], "t": text(at) });
        self.say(Value::Array(vec![trade; count])).await;
    }
}

fn aapl() -> StreamSymbol {
    StreamSymbol::Equity(Symbol::new("AAPL").unwrap())
}

fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Nanos, true)
}

fn patience(milliseconds: u64) -> PeerPatience {
    PeerPatience {
        ping: Duration::from_millis(milliseconds / 4),
        silence: Duration::from_millis(milliseconds),
    }
}

async fn event(reader: &mut Box<dyn StreamReader>) -> StreamEvent {
    timeout(DEADLINE, reader.next()).await.expect("an event in time").expect("a stream that stands")
}

async fn gap(reader: &mut Box<dyn StreamReader>) -> StreamGap {
    match event(reader).await {
        StreamEvent::Gap(gap) => gap,
        other => panic!("{other:?}"),
    }
}

async fn halt(reader: &mut Box<dyn StreamReader>) -> StreamHalt {
    match event(reader).await {
        StreamEvent::Halt(halt) => halt,
        other => panic!("{other:?}"),
    }
}

/// Waits until a condition holds.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let looking = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(DEADLINE, looking).await.unwrap_or_else(|_| panic!("{what} in time"));
}

fn is_halted(server: &Server) -> bool {
    server.alpaca.streams.is_halted(&Symbol::new("AAPL").unwrap())
}

#[tokio::test]
async fn a_halt_is_not_known_any_more_after_a_lost_connection() {
    let server = Server::new(PeerPatience::default()).await;
    let (mut reader, mut connection) = server.reader().await;
    connection.halt(Utc::now()).await;
    assert!(halt(&mut reader).await.halted && is_halted(&server));
    // Who came after the halt was told of none, and hears of no end.
    let mut late = server.alpaca.subscribe(&[aapl()], StreamKinds::ALL).await.unwrap();
    drop(connection);
    let mut connection = server.stand().await;
    let lost = gap(&mut reader).await;
    let end = halt(&mut reader).await;
    assert!(!end.halted && end.reason.contains("connection was lost"), "{end:?}");
    assert_eq!(end.market_time, lost.until);
    assert!(!is_halted(&server));
    gap(&mut late).await;
    connection.trades(1, Utc::now()).await;
    assert!(matches!(event(&mut late).await, StreamEvent::Trade(_)));
}

#[tokio::test]
async fn a_trade_that_counts_ends_a_halt() {
    let server = Server::new(PeerPatience::default()).await;
    let (mut reader, mut connection) = server.reader().await;
    let began = Utc::now();
    connection.halt(began).await;
    assert!(halt(&mut reader).await.halted);
    // Made before the halt, told after it.
    connection.trades(1, began - chrono::Duration::seconds(1)).await;
    assert!(matches!(event(&mut reader).await, StreamEvent::Trade(_)));
    assert!(is_halted(&server));
    connection.trades(1, began + chrono::Duration::seconds(1)).await;
    assert!(!halt(&mut reader).await.halted);
    assert!(matches!(event(&mut reader).await, StreamEvent::Trade(_)));
    assert!(!is_halted(&server));
}

#[tokio::test]
async fn a_halt_that_nobody_listens_to_is_forgotten() {
    let server = Server::new(PeerPatience::default()).await;
    let (mut reader, mut connection) = server.reader().await;
    connection.halt(Utc::now()).await;
    assert!(halt(&mut reader).await.halted);
    reader.remove(&[aapl()]).await.unwrap();
    assert!(!is_halted(&server));
    reader.add(&[aapl()]).await.unwrap();
    connection.halt(Utc::now()).await;
    assert!(halt(&mut reader).await.halted && is_halted(&server));
    drop(reader);
    assert!(!is_halted(&server));
}

#[tokio::test]
async fn a_refused_feed_of_options_leaves_readers_of_shares_alone() {
    let server = Server::new(PeerPatience::default()).await;
    let put = StreamSymbol::Option(OccSymbol::parse("AAPL260918P00200000").unwrap());
    let options = server.subscribe(&[put]);
    let mut refused = server.accept(true).await;
    let shares = server.subscribe(&[aapl()]);
    let mut stocks = server.stand().await;
    // It stands though the options are not let in yet.
    let mut reader = timeout(DEADLINE, shares).await.unwrap().unwrap().expect("shares are subscribed");
    refused.say(json!([{ "T": "error", "code": 409, "msg": "insufficient subscription" }])).await;
    let error = options.await.unwrap().err().expect("options are refused");
    assert!(matches!(error, PortError::Authentication { .. }), "{error}");
    stocks.trades(1, Utc::now()).await;
    assert!(matches!(event(&mut reader).await, StreamEvent::Trade(_)));
    assert!(server.alpaca.health().connected);
}

#[tokio::test]
async fn a_server_that_takes_nothing_in_is_a_lost_connection() {
    let server = Server::new(patience(3_000)).await;
    let (mut reader, mut connection) = server.reader().await;
    let names = vec!["x".repeat(1 << 20); MORE_THAN_BUFFERS >> 20];
    let names = names.into_iter().enumerate().map(|(number, name)| format!("{number}{name}")).collect();
    // Nothing is read of this, while there is something to hear.
    let talking = tokio::spawn(async move {
        while connection.socket.send(Message::text("[]")).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let line = lock(&server.alpaca.streams.stocks).as_ref().map(|feed| Arc::clone(&feed.line)).unwrap();
    line.want(Wanted::from([("trades", names)]));
    until("the loss", || line.health_now().reconnects > 0).await;
    let error = line.health_now().last_error.unwrap_or_default();
    assert!(error.contains("nothing could be sent"), "{error}");
    line.want(Wanted::from([("trades", BTreeSet::from(["AAPL".to_owned()]))]));
    let _again = server.stand().await;
    gap(&mut reader).await;
    talking.abort();
}

#[tokio::test]
async fn a_gap_begins_when_the_connection_last_proved_to_stand() {
    let longest = 1_000;
    let server = Server::new(patience(longest)).await;
    let (mut reader, _mute) = server.reader().await;
    // Neither events nor answers to pings come until the silence is noticed.
    let _again = server.stand().await;
    let gap = gap(&mut reader).await;
    // The two clocks differ by a little.
    let silence = chrono::Duration::milliseconds(longest as i64 - 100);
    assert!(gap.until - gap.from >= silence, "{gap:?}");
}

#[tokio::test]
async fn an_event_from_the_future_hides_no_gap() {
    let server = Server::new(PeerPatience::default()).await;
    let (mut reader, mut connection) = server.reader().await;
    let future = Utc::now() + chrono::Duration::days(365);
    connection.trades(1, future).await;
    assert!(matches!(event(&mut reader).await, StreamEvent::Trade(_)));
    assert_eq!(server.alpaca.health().last_event, None);
    drop(connection);
    let _again = server.stand().await;
    let gap = gap(&mut reader).await;
    assert!(gap.from <= gap.until && gap.until < future, "{gap:?}");
}

#[tokio::test]
async fn a_reader_that_never_reads_holds_up_nobody() {
    let server = Server::new(PeerPatience::default()).await;
    let (mut stuck, mut connection) = server.reader().await;
    let mut other = server.alpaca.subscribe(&[aapl()], StreamKinds::ALL).await.unwrap();
    let began = Utc::now() - chrono::Duration::seconds(10);
    let (frames, a_frame) = (100, 1_000);
    for frame in 0..frames {
        connection.trades(a_frame, began + chrono::Duration::milliseconds(frame)).await;
        for _ in 0..a_frame {
            assert!(matches!(event(&mut other).await, StreamEvent::Trade(_)));
        }
    }
    let missed = 100_000 - queue::QUEUED_EVENTS;
    let health = server.alpaca.health();
    assert!(health.connected && health.reconnects == 0, "{health:?}");
    assert_eq!((health.held_up.len(), health.held_up[0].merged), (1, missed as u64), "{health:?}");
    for _ in 0..queue::QUEUED_EVENTS {
        assert!(matches!(event(&mut stuck).await, StreamEvent::Trade(_)));
    }
    let gap = gap(&mut stuck).await;
    let last = began + chrono::Duration::milliseconds(frames - 1);
    assert!(gap.symbols == [aapl()] && gap.from < gap.until && gap.until == last, "{gap:?}");
    // One that is gone holds nobody up either.
    drop(other);
    connection.trades(1, Utc::now()).await;
    assert!(matches!(event(&mut stuck).await, StreamEvent::Trade(_)));
    let health = server.alpaca.health();
    assert_eq!((health.held_up.len(), health.merged), (0, missed as u64), "{health:?}");
}
