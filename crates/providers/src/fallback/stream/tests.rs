//! What a reader of several streams sees when some of them fail.

use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use ttai_core::Symbol;
use ttai_ports::{StreamEvent, StreamGap, StreamTrade};

use super::*;

/// A stream that does as it is told.
#[derive(Default)]
struct Fake {
    name: &'static str,
    refusal: Mutex<Option<PortError>>,
    connected: Mutex<bool>,
    readers: Mutex<Vec<mpsc::UnboundedSender<StreamEvent>>>,
    subscribed: Mutex<Vec<Vec<StreamSymbol>>>,
    /// How long a subscription takes.
    handshake: Mutex<Duration>,
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
        let handshake = *self.handshake.lock().unwrap();
        tokio::time::sleep(handshake).await;
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
    fn refuse(&self, refusal: Option<PortError>) {
        *self.refusal.lock().unwrap() = refusal;
    }
    /// A trade for whoever subscribed last.
    fn trade(&self, second: i64) {
        self.late_trade(second, second);
    }
    /// A trade that was received some time after it was made.
    fn late_trade(&self, made: i64, received: i64) {
        let event = StreamEvent::Trade(StreamTrade {
            symbol: share("SPY"),
            price: 100.into(),
            size: 1.0,
            market_time: Some(at(made)),
            received_at: at(received),
            condition: None,
            day_volume: None,
            eligible: true,
        });
        self.readers.lock().unwrap().last().unwrap().send(event).unwrap();
    }
    fn subscriptions(&self) -> Vec<Vec<StreamSymbol>> {
        self.subscribed.lock().unwrap().clone()
    }
    fn end(&self) {
        self.readers.lock().unwrap().clear();
    }
}

/// Longer than anything that is waited for here; the clock of these tests jumps.
const DEADLINE: Duration = Duration::from_secs(3_600);

fn at(second: i64) -> DateTime<Utc> {
    "2026-09-18T14:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(second)
}

fn share(name: &str) -> StreamSymbol {
    StreamSymbol::Equity(Symbol::new(name).unwrap())
}

fn closed() -> PortError {
    PortError::Authentication { provider: "first".to_owned(), detail: "no grant".to_owned() }
}

fn both(first: &Arc<Fake>, second: &Arc<Fake>) -> StreamFallback {
    all(&[first, second])
}

fn all(streams: &[&Arc<Fake>]) -> StreamFallback {
    let member = |fake: &Arc<Fake>| {
        let source =
            DataSource { name: fake.name.to_owned(), simulated: true, description: fake.name.to_owned() };
        (source, Arc::clone(fake) as Arc<dyn QuoteStream>)
    };
    StreamFallback::new(streams.iter().copied().map(member).collect(), StreamPatience::default())
}

async fn reader(all: &StreamFallback) -> Box<dyn StreamReader> {
    all.subscribe(&[share("SPY")], StreamKinds::ALL).await.unwrap()
}

async fn time_of_trade(reader: &mut dyn StreamReader) -> DateTime<Utc> {
    match timeout(DEADLINE, reader.next()).await.expect("an event in time") {
        Some(StreamEvent::Trade(trade)) => trade.market_time.unwrap(),
        other => panic!("no trade: {other:?}"),
    }
}

async fn gap(reader: &mut dyn StreamReader) -> StreamGap {
    match timeout(DEADLINE, reader.next()).await.expect("an event in time") {
        Some(StreamEvent::Gap(gap)) => gap,
        other => panic!("no gap: {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_takes_no_subscription_is_passed_over() {
    let (first, second) = (Fake::new("first"), Fake::new("second"));
    first.refuse(Some(closed()));
    let all = both(&first, &second);
    let mut reader = reader(&all).await;
    second.trade(1);
    assert_eq!(time_of_trade(reader.as_mut()).await, at(1), "nothing was missed, so no gap");
    assert_eq!((all.name(), all.source().unwrap().name.as_str()), ("second", "second"));
    let why = all.health().last_error.unwrap();
    assert!(
        why.starts_with("first: ") && why.contains("no grant") && why.ends_with("second is read"),
        "{why}"
    );
    second.refuse(Some(closed()));
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
        let waited = timeout(Duration::from_secs(30), reader.next()).await;
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
        assert!(timeout(Duration::from_secs(15), reader.next()).await.is_err());
        first.connect(true);
        assert!(timeout(Duration::from_secs(5), reader.next()).await.is_err());
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
    assert!(timeout(Duration::from_secs(25), reader.next()).await.is_err());
    second.trade(40);
    gap(reader.as_mut()).await;
    assert_eq!(time_of_trade(reader.as_mut()).await, at(40));
    first.connect(true);
    assert!(timeout(Duration::from_secs(90), reader.next()).await.is_err());
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
    assert!(timeout(Duration::from_secs(25), reader.next()).await.is_err());
    first.connect(true);
    for second_of_day in 0..10_000 {
        second.trade(second_of_day);
    }
    for _ in 0..5_000 {
        tokio::time::advance(Duration::from_secs(1)).await;
        timeout(DEADLINE, reader.next()).await.expect("an event in time").unwrap();
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
    assert!(timeout(Duration::from_secs(1), reader.next()).await.is_err());
    second.end();
    assert_eq!(timeout(DEADLINE, reader.next()).await, Ok(None));
}

async fn silence(reader: &mut dyn StreamReader, seconds: u64) {
    let waited = timeout(Duration::from_secs(seconds), reader.next()).await;
    assert!(waited.is_err(), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn what_one_stream_takes_for_a_wrong_request_another_may_serve() {
    let (first, second) = (Fake::new("first"), Fake::new("second"));
    let too_many = || PortError::Invalid { provider: "first".to_owned(), detail: "too many".to_owned() };
    first.refuse(Some(too_many()));
    let all = both(&first, &second);
    reader(&all).await;
    assert_eq!(all.name(), "second");
    second.refuse(Some(too_many()));
    let refused = all.subscribe(&[share("SPY")], StreamKinds::ALL).await.err().unwrap();
    assert!(matches!(refused, PortError::Invalid { .. }), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn the_next_stream_is_asked_for_the_symbols_of_now_each_once() {
    let (first, second) = (Fake::new("first"), Fake::new("second"));
    let all = both(&first, &second);
    let mut reader = all.subscribe(&[share("SPY"), share("SPY")], StreamKinds::ALL).await.unwrap();
    assert_eq!(first.subscriptions(), [[share("SPY")]]);
    reader.add(&[share("NVDA"), share("SPY"), share("NVDA")]).await.unwrap();
    reader.remove(&[share("SPY")]).await.unwrap();
    first.end();
    silence(reader.as_mut(), 1).await;
    assert_eq!(second.subscriptions(), [[share("NVDA")]]);
    let mut none = all.subscribe(&[], StreamKinds::ALL).await.unwrap();
    silence(none.as_mut(), 1).await;
    assert_eq!(first.subscriptions().last().unwrap(), &[]);
}

#[tokio::test(start_paused = true)]
async fn symbols_added_during_a_change_are_not_forgotten_by_it() {
    let (first, second) = (Fake::new("first"), Fake::new("second"));
    let mut reader = reader(&both(&first, &second)).await;
    *second.handshake.lock().unwrap() = Duration::from_secs(5);
    first.end();
    silence(reader.as_mut(), 3).await;
    reader.add(&[share("NVDA")]).await.unwrap();
    silence(reader.as_mut(), 6).await;
    assert_eq!(second.subscriptions(), [[share("SPY"), share("NVDA")]]);
}

#[tokio::test(start_paused = true)]
async fn a_change_before_any_event_is_a_gap_since_the_subscription() {
    let (first, second) = (Fake::new("first"), Fake::new("second"));
    let mut reader = reader(&both(&first, &second)).await;
    first.connect(false);
    silence(reader.as_mut(), 30).await;
    second.trade(40);
    let gap = gap(reader.as_mut()).await;
    assert_eq!((gap.from, gap.until), (at(10), at(40)));
}

#[tokio::test(start_paused = true)]
async fn a_gap_ends_when_the_stream_stood_even_where_the_market_had_not_moved() {
    let (first, second) = (Fake::new("first"), Fake::new("second"));
    let mut reader = reader(&both(&first, &second)).await;
    first.trade(10);
    time_of_trade(reader.as_mut()).await;
    first.end();
    silence(reader.as_mut(), 1).await;
    second.late_trade(5, 33);
    let gap = gap(reader.as_mut()).await;
    assert_eq!((gap.from, gap.until), (at(10), at(33)));
}

#[tokio::test(start_paused = true)]
async fn an_event_from_the_far_future_hides_no_gap() {
    let (first, second) = (Fake::new("first"), Fake::new("second"));
    let mut reader = reader(&both(&first, &second)).await;
    first.late_trade(86_400, 10);
    time_of_trade(reader.as_mut()).await;
    first.end();
    silence(reader.as_mut(), 1).await;
    second.trade(1_000);
    let gap = gap(reader.as_mut()).await;
    assert_eq!((gap.from, gap.until), (at(310), at(1_000)));
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_gives_up_every_second_still_gets_the_next_stream() {
    let (first, second) = (Fake::new("first"), Fake::new("second"));
    let mut reader = reader(&both(&first, &second)).await;
    *second.handshake.lock().unwrap() = Duration::from_secs(5);
    first.end();
    for _ in 0..6 {
        silence(reader.as_mut(), 1).await;
    }
    assert_eq!(second.subscriptions().len(), 1);
    second.trade(6);
    gap(reader.as_mut()).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_stream_has_said_before_it_is_left_is_read() {
    let (first, second) = (Fake::new("first"), Fake::new("second"));
    let mut reader = reader(&both(&first, &second)).await;
    first.connect(false);
    silence(reader.as_mut(), 25).await;
    first.connect(true);
    silence(reader.as_mut(), 70).await;
    for second_of_day in 90..93 {
        second.trade(second_of_day);
    }
    first.trade(95);
    gap(reader.as_mut()).await;
    for second_of_day in 90..93 {
        assert_eq!(time_of_trade(reader.as_mut()).await, at(second_of_day));
    }
    let back = gap(reader.as_mut()).await;
    assert_eq!((back.from, back.until), (at(92), at(95)));
}

#[tokio::test(start_paused = true)]
async fn a_better_stream_is_turned_to_once_it_speaks_and_not_before() {
    let (first, second) = (Fake::new("first"), Fake::new("second"));
    let all = both(&first, &second);
    let mut reader = reader(&all).await;
    first.connect(false);
    silence(reader.as_mut(), 100).await;
    assert_eq!(first.subscriptions().len(), 2, "it is tried while the other one is read");
    first.trade(1);
    silence(reader.as_mut(), 100).await;
    assert_eq!(all.name(), "second", "what it had kept does not prove that it stands");
    first.connect(true);
    silence(reader.as_mut(), 100).await;
    assert_eq!(all.name(), "second", "it is connected and says nothing");
    first.trade(300);
    gap(reader.as_mut()).await;
    assert_eq!(all.name(), "first");
    assert_eq!(first.subscriptions().len(), 2, "one subscription waits, however long it takes");
}

#[tokio::test(start_paused = true)]
async fn a_dead_first_choice_does_not_stand_in_the_way_of_the_second() {
    let (first, second, third) = (Fake::new("first"), Fake::new("second"), Fake::new("third"));
    let streams = all(&[&first, &second, &third]);
    let mut reader = reader(&streams).await;
    first.connect(false);
    second.connect(false);
    silence(reader.as_mut(), 50).await;
    assert_eq!(streams.name(), "third");
    second.connect(true);
    silence(reader.as_mut(), 70).await;
    second.trade(100);
    gap(reader.as_mut()).await;
    assert_eq!(streams.name(), "second");
    time_of_trade(reader.as_mut()).await;
    first.connect(true);
    first.trade(200);
    gap(reader.as_mut()).await;
    assert_eq!(streams.name(), "first", "the first choice is still waited for");
}

#[tokio::test(start_paused = true)]
async fn when_the_last_stream_ends_an_earlier_one_is_read_again() {
    let (first, second) = (Fake::new("first"), Fake::new("second"));
    let all = both(&first, &second);
    first.refuse(Some(closed()));
    let mut reader = reader(&all).await;
    second.trade(1);
    time_of_trade(reader.as_mut()).await;
    first.refuse(None);
    second.end();
    silence(reader.as_mut(), 1).await;
    first.trade(9);
    let gap = gap(reader.as_mut()).await;
    assert_eq!((gap.from, gap.until), (at(1), at(9)));
    assert_eq!((all.name(), all.health().last_error), ("first", None));
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_rested_does_not_blame_the_stream() {
    let (first, second) = (Fake::new("first"), Fake::new("second"));
    let mut reader = reader(&both(&first, &second)).await;
    silence(reader.as_mut(), 1).await;
    tokio::time::advance(Duration::from_secs(3_600)).await;
    first.connect(false);
    silence(reader.as_mut(), 15).await;
    assert!(second.subscriptions().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_back_before_the_next_one_has_answered_is_kept() {
    let (first, second) = (Fake::new("first"), Fake::new("second"));
    let all = both(&first, &second);
    let mut reader = reader(&all).await;
    *second.handshake.lock().unwrap() = Duration::from_secs(10);
    first.connect(false);
    silence(reader.as_mut(), 25).await;
    first.connect(true);
    silence(reader.as_mut(), 30).await;
    assert_eq!((second.subscriptions().len(), all.name()), (1, "first"));
    first.trade(60);
    assert_eq!(time_of_trade(reader.as_mut()).await, at(60));
}
