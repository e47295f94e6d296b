//! `cargo run --release -p ttai-providers --example dxlink_load -- [SYMBOLS] [ROUNDS]`: subscribes 100,000 symbols over a real
//! websocket to a server in the same process, which then sends quotes of all of them as fast as they are taken, first to a
//! reader that reads, then to one that does not. Prints the rates and the peak of the resident memory of client and server.
#![allow(clippy::print_stdout, reason = "it prints its table")]

use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{SinkExt, StreamExt};
use rust_decimal::Decimal;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use ttai_core::{OccSymbol, OptionRight, Symbol};
use ttai_ports::{QuoteStream, StreamEvent, StreamKinds, StreamReader, StreamSymbol};
use ttai_providers::dxlink::{DxLink, DxLinkConfig, FixedToken, StreamAccess};

type Failure = Box<dyn Error + Send + Sync>;

/// Quotes in one frame.
const FRAME_QUOTES: usize = 250;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: usize| arguments.next().map_or(Ok(default), |text| text.parse());
    let (symbols, rounds) = (number(100_000)?, number(10)?);
    let before = peak_memory();

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("ws://{}", listener.local_addr()?);
    let (orders, incoming) = mpsc::channel(1);
    let (told, mut progress) = mpsc::unbounded_channel();
    tokio::spawn(async move { serve(listener, symbols, incoming, told).await });

    let access = StreamAccess { url, token: SecretString::from("none".to_owned()) };
    let client = DxLink::new(DxLinkConfig::default(), Arc::new(FixedToken(access)));
    let begun = Instant::now();
    let kinds = StreamKinds { quotes: true, trades: false, greeks: false };
    let mut reader = client.subscribe(&invented(symbols)?, kinds).await?;
    progress.recv().await.ok_or("the server has ended")?;
    let subscribed = begun.elapsed();
    let after_subscribing = peak_memory();

    let begun = Instant::now();
    orders.send(rounds).await?;
    let read = drain(&mut reader, rounds, symbols).await?;
    let reading = begun.elapsed();

    let begun = Instant::now();
    orders.send(rounds).await?;
    while progress.recv().await.ok_or("the server has ended")? < 2 {}
    let writing = begun.elapsed();
    let left = drain(&mut reader, rounds, symbols).await?;

    let sent = (rounds * symbols) as f64;
    let rate = |time: Duration| sent / time.as_secs_f64();
    println!("{:<52}{:>12}", "symbols subscribed", client.health().symbols);
    println!("{:<52}{:>10.2} s", "until the server knew them all", subscribed.as_secs_f64());
    println!("{:<52}{sent:>12.0}", "quotes sent in each run");
    println!("{:<52}{:>12.0}", "quotes/s from the server to a reader that reads", rate(reading));
    println!("{:<52}{read:>12}", "  events it saw (the rest was conflated)");
    println!("{:<52}{:>12.0}", "quotes/s taken while the reader does not read", rate(writing));
    println!("{:<52}{left:>12}", "  events it saw when it read again");
    println!("{:<52}{:>8.0} MiB", "peak memory before", before);
    println!("{:<52}{:>8.0} MiB", "peak memory once subscribed", after_subscribing);
    println!("{:<52}{:>8.0} MiB", "peak memory at the end, client and server", peak_memory());
    Ok(())
}

/// A tenth shares, the rest contracts.
fn invented(count: usize) -> Result<Vec<StreamSymbol>, Failure> {
    let expiration = chrono::NaiveDate::from_ymd_opt(2026, 12, 18).ok_or("no such day")?;
    (0..count)
        .map(|n| {
            if n.is_multiple_of(10) {
                return Ok(StreamSymbol::Equity(Symbol::new(&format!("S{n}"))?));
            }
            let strike = Decimal::new(i64::try_from(n % 4000 + 1)? * 5, 1);
            let root = Symbol::new(&format!("R{}", n / 4000))?;
            let right = if n % 2 == 0 { OptionRight::Call } else { OptionRight::Put };
            Ok(StreamSymbol::Option(OccSymbol { root, expiration, right, strike }))
        })
        .collect()
}

/// Reads until the last round's quote of every symbol has come, and counts.
async fn drain(reader: &mut Box<dyn StreamReader>, rounds: usize, symbols: usize) -> Result<usize, Failure> {
    let last = Decimal::from(rounds);
    let (mut finished, mut events) = (0, 0);
    while finished < symbols {
        if let StreamEvent::Quote(quote) = reader.next().await.ok_or("the stream has ended")? {
            events += 1;
            finished += usize::from(quote.bid == Some(last));
        }
    }
    Ok(events)
}

/// Peak resident memory of this process in MiB; 0 where the system does not say.
fn peak_memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB"));
    peak.and_then(|kilobytes| kilobytes.trim().parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

/// The least of a DXLink server: one client, everything allowed, quotes on demand.
async fn serve(
    listener: TcpListener,
    symbols: usize,
    mut orders: mpsc::Receiver<usize>,
    told: mpsc::UnboundedSender<usize>,
) -> Result<(), Failure> {
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    let mut socket = tokio_tungstenite::accept_async(stream).await?;
    let mut known: Vec<String> = Vec::with_capacity(symbols);
    let mut runs = 0;
    loop {
        tokio::select! {
            message = socket.next() => {
                let Some(Ok(Message::Text(text))) = message else { return Ok(()) };
                let frame: Value = serde_json::from_str(&text)?;
                for answer in answers(&frame) {
                    socket.send(Message::text(answer.to_string())).await?;
                }
                let before = known.len();
                known.extend(added_quotes(&frame));
                if before < symbols && known.len() >= symbols {
                    told.send(0)?;
                }
            }
            Some(rounds) = orders.recv() => {
                flood(&mut socket, &known, rounds).await?;
                runs += 1;
                told.send(runs)?;
            }
        }
    }
}

fn answers(frame: &Value) -> Vec<Value> {
    let channel = &frame["channel"];
    match frame["type"].as_str() {
        Some("SETUP") => vec![
            json!({"type": "SETUP", "channel": 0, "keepaliveTimeout": 60, "version": "1.0"}),
            json!({"type": "AUTH_STATE", "channel": 0, "state": "AUTHORIZED"}),
        ],
        Some("CHANNEL_REQUEST") => {
            vec![json!({"type": "CHANNEL_OPENED", "channel": channel, "service": "FEED", "parameters": {}})]
        }
        Some("FEED_SETUP") => vec![json!({
            "type": "FEED_CONFIG",
            "channel": channel,
            "aggregationPeriod": 0,
            "dataFormat": "COMPACT",
            "eventFields": frame["acceptEventFields"],
        })],
        _ => Vec::new(),
    }
}

fn added_quotes(frame: &Value) -> impl Iterator<Item = String> + '_ {
    let items = frame["add"].as_array().map(Vec::as_slice).unwrap_or_default();
    items
        .iter()
        .filter(|item| item["type"] == "Quote")
        .filter_map(|item| item["symbol"].as_str().map(str::to_owned))
}

type Socket = tokio_tungstenite::WebSocketStream<TcpStream>;

/// Every round a new quote of every symbol; the bid is the round's number.
async fn flood(socket: &mut Socket, symbols: &[String], rounds: usize) -> Result<(), Failure> {
    for round in 1..=rounds {
        for chunk in symbols.chunks(FRAME_QUOTES) {
            let mut frame = String::from(r#"{"type":"FEED_DATA","channel":1,"data":["Quote",["#);
            for (n, symbol) in chunk.iter().enumerate() {
                let comma = if n > 0 { "," } else { "" };
                write!(
                    frame,
                    r#"{comma}"{symbol}",{round}.0,{round}.25,100.0,200.0,1789761600000,1789761600000"#
                )?;
            }
            frame.push_str("]]}");
            socket.send(Message::text(frame)).await?;
        }
    }
    Ok(())
}
