//! A quote stream in front of a real server: symbols come and go on one subscription, the latest values come from the process that
//! watches, a stream that is cut is said to be blind and its end too, and malformed messages freeze nothing.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::Utc;
use rust_decimal::Decimal;
use serde_json::json;
use tokio::sync::mpsc;
use ttai_activities::Ports;
use ttai_client::QuoteStreamHandle;
use ttai_contract::entity::EntityState;
use ttai_contract::{LatestValues, QuoteStreamParams, QuoteStreamStatus, StreamedSymbol};
use ttai_ports::{
    PortError, QuoteStream, StreamEvent, StreamHealth, StreamKinds, StreamQuote, StreamReader, StreamSymbol,
};

use crate::foreign::ForeignHandle;
use crate::lab::{DEADLINE, Lab, eventually};

/// A stream that quotes each symbol once when it is subscribed, and can be cut.
#[derive(Default)]
struct CuttableStream {
    is_cut: AtomicBool,
    subscriptions: AtomicUsize,
    subscribed: Arc<Mutex<Vec<String>>>,
}

struct CuttableReader {
    events: mpsc::UnboundedReceiver<StreamEvent>,
    sender: mpsc::UnboundedSender<StreamEvent>,
    subscribed: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl QuoteStream for CuttableStream {
    fn name(&self) -> &str {
        "cuttable"
    }

    async fn subscribe(
        &self,
        symbols: &[StreamSymbol],
        _: StreamKinds,
    ) -> Result<Box<dyn StreamReader>, PortError> {
        self.subscriptions.fetch_add(1, Ordering::SeqCst);
        let (sender, events) = mpsc::unbounded_channel();
        let mut reader = CuttableReader { events, sender, subscribed: Arc::clone(&self.subscribed) };
        reader.add(symbols).await?;
        Ok(Box::new(reader))
    }

    fn health(&self) -> StreamHealth {
        StreamHealth { connected: !self.is_cut.load(Ordering::SeqCst), ..StreamHealth::default() }
    }
}

#[async_trait]
impl StreamReader for CuttableReader {
    async fn next(&mut self) -> Option<StreamEvent> {
        self.events.recv().await
    }

    async fn add(&mut self, symbols: &[StreamSymbol]) -> Result<(), PortError> {
        for symbol in symbols {
            self.subscribed.lock().expect("nobody panicked").push(symbol.to_string());
            let quote = StreamQuote {
                symbol: symbol.clone(),
                bid: Some(Decimal::from(100)),
                ask: Some(Decimal::from(101)),
                bid_size: 1.0,
                ask_size: 1.0,
                market_time: Some(Utc::now()),
                received_at: Utc::now(),
                condition: None,
            };
            let _ = self.sender.send(StreamEvent::Quote(quote));
        }
        Ok(())
    }

    async fn remove(&mut self, symbols: &[StreamSymbol]) -> Result<(), PortError> {
        let gone: Vec<String> = symbols.iter().map(ToString::to_string).collect();
        self.subscribed.lock().expect("nobody panicked").retain(|symbol| !gone.contains(symbol));
        Ok(())
    }
}

fn symbol(text: &str) -> StreamedSymbol {
    text.parse().expect("a symbol")
}

fn names(values: &LatestValues) -> Vec<String> {
    values.values.iter().map(|value| value.symbol.to_string()).collect()
}

async fn until_latest(
    stream: &QuoteStreamHandle,
    what: &str,
    holds: impl Fn(&LatestValues) -> bool,
) -> anyhow::Result<LatestValues> {
    eventually(what, async || Ok(Some(stream.latest(Vec::new()).await?).filter(|values| holds(values)))).await
}

#[tokio::test]
async fn symbols_come_and_go_on_one_subscription_and_a_cut_is_said() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let market = Arc::new(CuttableStream::default());
    let streams: Arc<dyn QuoteStream> = Arc::clone(&market) as _;
    let workers = lab.workers_over(|ports| Ports { streams, ..ports }).await?;
    let params = QuoteStreamParams { symbols: vec![symbol("AAPL")], drill: true, ..Default::default() };
    let stream = lab.client.start_quote_stream("1", &params).await?;
    assert_eq!(stream.workflow_id(), "quote-stream-1");
    let first = until_latest(&stream, "a quote", |values| {
        values.from_watch && values.values.iter().all(|value| value.quote.is_some())
    });
    let first = first.await?;
    assert_eq!(
        (names(&first), first.values[0].source.as_deref()),
        (vec!["AAPL".to_owned()], Some("cuttable"))
    );

    // Who asks before the watch stands has looked for itself.
    let subscriptions = market.subscriptions.load(Ordering::SeqCst);
    stream.add_symbols(vec![symbol("SPY"), symbol("SPY"), symbol("AAPL  261218P00100000")]).await?;
    until_latest(&stream, "three quotes", |values| {
        values.values.len() == 3 && values.values.iter().all(|value| value.quote.is_some())
    })
    .await?;
    stream.remove_symbols(vec![symbol("AAPL")]).await?;
    until_latest(&stream, "two symbols", |values| values.values.len() == 2 && values.health.symbols == 2)
        .await?;
    assert_eq!(*market.subscribed.lock().expect("nobody panicked"), ["SPY", "AAPL  261218P00100000"]);
    assert_eq!(stream.latest(vec![symbol("AAPL")]).await?.unknown, [symbol("AAPL")]);

    market.is_cut.store(true, Ordering::SeqCst);
    let cut = until_latest(&stream, "a blind stream", |values| values.health.blind_since.is_some()).await?;
    assert!(!cut.health.connected && stream.health().await?.blind_since.is_some());
    market.is_cut.store(false, Ordering::SeqCst);
    until_latest(&stream, "the end of it", |values| values.health.blind_since.is_none()).await?;
    let later = market.subscriptions.load(Ordering::SeqCst);
    assert_eq!(later, subscriptions, "the stream was not dropped");

    stream.shut_down().await?;
    let farewell = lab.client.any_run(stream.workflow_id()).answer(Some(DEADLINE)).await?;
    assert_eq!(farewell["state"]["symbols"], json!(["SPY", "AAPL  261218P00100000"]));
    assert!(farewell["state"]["handovers"].as_u64() >= Some(3), "{farewell}");
    workers.stop().await
}

#[tokio::test]
async fn malformed_messages_are_listed_and_an_empty_stream_waits() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let stream = lab.client.start_quote_stream("2", &QuoteStreamParams::default()).await?;
    let id = stream.workflow_id();
    let handle = ForeignHandle::of(&lab, id);
    for argument in [json!(7), json!({}), json!({"symbols": ["not a ticker, not a contract"]})] {
        handle.signal("add_symbols", &[argument]).await?;
    }
    handle.signal("remove_symbols", &[json!({"symbls": ["AAPL"]})]).await?;
    let rejected = |status: &QuoteStreamStatus| status.entity.rejected_total == 4;
    let status = handle.status_until(rejected).await?;
    assert!(status.entity.rejected[2].reason.contains("a contract is written as"), "{status:?}");
    assert!(handle.update::<LatestValues>("latest", &[json!({"symbols": 7})]).await?.is_err());
    assert_eq!(stream.latest(Vec::new()).await?.values, []);

    handle.signal("pause", &[json!(null)]).await?;
    handle.signal("add_symbols", &[json!({"symbols": ["AAPL"]})]).await?;
    let waiting = |status: &QuoteStreamStatus| status.entity.waiting == 1;
    let paused = handle.status_until(waiting).await?;
    assert_eq!((paused.entity.state, paused.state.symbols.len()), (EntityState::Paused, 0));
    handle.signal("resume", &[json!(null)]).await?;
    until_latest(&stream, "a quote of the market", |values| {
        values.values.first().is_some_and(|value| value.quote.is_some())
    })
    .await?;
    stream.shut_down().await?;
    lab.client.any_run(id).answer(Some(DEADLINE)).await?;
    Ok(())
}
