//! What a reader of several streams sees when some of them fail.

use std::sync::Mutex;

use chrono::TimeDelta;
use tokio::sync::mpsc;
use ttai_core::Symbol;
use ttai_ports::StreamTrade;

use super::*;

/// A stream that does as it is told.
#[derive(Default)]
struct Fake {
    name: &'static str,
    refusal: Mutex<Option<PortError>>,
    connected: Mutex<bool>,
    readers: Mutex<Vec<mpsc::UnboundedSender<StreamEvent>>>,
    subscribed: Mutex<Vec<Vec<StreamSymbol>>>,
}

struct FakeReader(mpsc::UnboundedReceiver<StreamEvent>);

#[async_trait]
impl StreamReader for FakeReader {
    async fn next(&mut self) -> Option<StreamEvent> {
        self.0.recv().await
    }
    async fn add(&mut self, _: &[StreamSymbol]) -> Result<(), PortError> {
        Ok(())
    }
    async fn remove(&mut self, _: &[StreamSymbol]) -> Result<(), PortError> {
        Ok(())
    }
}

#[async_trait]
impl QuoteStream for Fake {
    fn name(&self) -> &str {
        self.name
    }
    async fn subscribe(
        &self,
        symbols: &[StreamSymbol],
        _: StreamKinds,
    ) -> Result<Box<dyn StreamReader>, PortError> {
        if let Some(refusal) = self.refusal.lock().unwrap().clone() {
            return Err(refusal);
        }
        let (sender, receiver) = mpsc::unbounded_channel();
        self.readers.lock().unwrap().push(sender);
        self.subscribed.lock().unwrap().push(symbols.to_vec());
        Ok(Box::new(FakeReader(receiver)))
    }
    fn health(&self) -> StreamHealth {
        StreamHealth { connected: *self.connected.lock().unwrap(), ..StreamHealth::default() }
    }
}

impl Fake {
    fn new(name: &'static str) -> Arc<Self> {
        Arc::new(Self { name, connected: Mutex::new(true), ..Self::default() })
    }
    fn connect(&self, connected: bool) {
        *self.connected.lock().unwrap() = connected;
    }
    /// A trade for whoever subscribed last.
    fn trade(&self, second: i64) {
        let event = StreamEvent::Trade(StreamTrade {
            symbol: share("SPY"),
            price: 100.into(),
            size: 1.0,
            market_time: at(second),
            received_at: at(second),
            day_volume: None,
            eligible: true,
        });
        self.readers.lock().unwrap().last().unwrap().send(event).unwrap();
    }
    fn end(&self) {
        self.readers.lock().unwrap().clear();
    }
}

fn at(second: i64) -> DateTime<Utc> {
    "2026-09-18T14:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(second)
}

fn share(name: &str) -> StreamSymbol {
    StreamSymbol::Equity(Symbol::new(name).unwrap())
}

fn both(first: &Arc<Fake>, second: &Arc<Fake>) -> StreamFallback {
    let member = |fake: &Arc<Fake>| {
        let source =
            DataSource { name: fake.name.to_owned(), simulated: true, description: fake.name.to_owned() };
        (source, Arc::clone(fake) as Arc<dyn QuoteStream>)
    };
    StreamFallback::new(vec![member(first), member(second)], StreamPatience::default())
}

async fn reader(all: &StreamFallback) -> Box<dyn StreamReader> {
    all.subscribe(&[share("SPY")], StreamKinds::ALL).await.unwrap()
}

async fn time_of_trade(reader: &mut dyn StreamReader) -> DateTime<Utc> {
    match reader.next().await {
        Some(StreamEvent::Trade(trade)) => trade.market_time,
        other => panic!("no trade: {other:?}"),
    }
}

async fn gap(reader: &mut dyn StreamReader) -> StreamGap {
    match reader.next().await {
        Some(StreamEvent::Gap(gap)) => gap,
        other => panic!("no gap: {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_takes_no_subscription_is_passed_over() {
    let (first, second) = (Fake::new("first"), Fake::new("second"));
    let refusal = PortError::Authentication { provider: "first".to_owned(), detail: "no grant".to_owned() };
    *first.refusal.lock().unwrap() = Some(refusal);
    let all = both(&first, &second);
    let mut reader = reader(&all).await;
    second.trade(1);
    assert_eq!(time_of_trade(reader.as_mut()).await, at(1), "nothing was missed, so no gap");
    assert_eq!((all.name(), all.source().unwrap().name.as_str()), ("second", "second"));
    assert!(all.health().last_error.unwrap().starts_with("first: "));
    *second.refusal.lock().unwrap() = first.refusal.lock().unwrap().clone();
    let none = all.subscribe(&[share("SPY")], StreamKinds::ALL).await.err().unwrap();
    assert!(matches!(none, PortError::Authentication { .. }), "{none}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_ends_or_stays_silent_is_left_with_a_gap() {
    for ends in [true, false] {
        let (first, second) = (Fake::new("first"), Fake::new("second"));
        let all = both(&first, &second);
        let mut reader = reader(&all).await;
        reader.add(&[share("NVDA"), share("SPY")]).await.unwrap();
        first.trade(1);
        assert_eq!(time_of_trade(reader.as_mut()).await, at(1));
        first.connect(false);
        if ends {
            first.end();
        }
        let begun = Instant::now();
        let waited = tokio::time::timeout(Duration::from_secs(30), reader.next()).await;
        assert!(waited.is_err(), "{waited:?}");
        assert_eq!(second.subscribed.lock().unwrap().as_slice(), [[share("SPY"), share("NVDA")]]);
        second.trade(40);
        let gap = gap(reader.as_mut()).await;
        assert_eq!((gap.from, gap.until), (at(1), at(40)));
        assert!(gap.reason.contains("first") && gap.reason.contains("second is read"), "{}", gap.reason);
        assert_eq!(time_of_trade(reader.as_mut()).await, at(40));
        assert!(begun.elapsed() <= Duration::from_secs(31));
    }
}

#[tokio::test(start_paused = true)]
async fn a_short_silence_changes_nothing() {
    let (first, second) = (Fake::new("first"), Fake::new("second"));
    let mut reader = reader(&both(&first, &second)).await;
    for _ in 0..5 {
        first.connect(false);
        assert!(tokio::time::timeout(Duration::from_secs(15), reader.next()).await.is_err());
        first.connect(true);
        assert!(tokio::time::timeout(Duration::from_secs(5), reader.next()).await.is_err());
    }
    assert!(second.subscribed.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_first_choice_is_read_again_once_it_stands() {
    let (first, second) = (Fake::new("first"), Fake::new("second"));
    let all = both(&first, &second);
    let mut reader = reader(&all).await;
    first.trade(1);
    time_of_trade(reader.as_mut()).await;
    first.connect(false);
    assert!(tokio::time::timeout(Duration::from_secs(25), reader.next()).await.is_err());
    second.trade(40);
    gap(reader.as_mut()).await;
    assert_eq!(time_of_trade(reader.as_mut()).await, at(40));
    first.connect(true);
    assert!(tokio::time::timeout(Duration::from_secs(90), reader.next()).await.is_err());
    first.trade(200);
    let back = gap(reader.as_mut()).await;
    assert_eq!((back.from, back.until), (at(40), at(200)));
    assert!(back.reason.contains("first stands again"), "{}", back.reason);
    assert_eq!(time_of_trade(reader.as_mut()).await, at(200));
    assert_eq!((all.name(), all.health().last_error), ("first", None));
}

#[tokio::test(start_paused = true)]
async fn a_busy_stream_does_not_keep_the_first_choice_away() {
    let (first, second) = (Fake::new("first"), Fake::new("second"));
    let mut reader = reader(&both(&first, &second)).await;
    first.connect(false);
    assert!(tokio::time::timeout(Duration::from_secs(25), reader.next()).await.is_err());
    first.connect(true);
    for second_of_day in 0..10_000 {
        second.trade(second_of_day);
    }
    for _ in 0..5_000 {
        tokio::time::advance(Duration::from_secs(1)).await;
        reader.next().await.unwrap();
        if first.subscribed.lock().unwrap().len() == 2 {
            return;
        }
    }
    panic!("the first choice was never tried again");
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_last_stream_is_the_end() {
    let (first, second) = (Fake::new("first"), Fake::new("second"));
    let mut reader = reader(&both(&first, &second)).await;
    first.end();
    assert!(tokio::time::timeout(Duration::from_secs(1), reader.next()).await.is_err());
    second.end();
    assert_eq!(reader.next().await, None);
}
