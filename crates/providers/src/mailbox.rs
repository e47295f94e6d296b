//! What waits for one reader: in the order of arrival, quotes and Greeks conflated to the newest of a symbol, the rest kept.
//!
//! What must be kept is bounded, and a reader that lets it fill up is held up by itself alone: from then on what comes for it
//! is merged into one gap, which it gets once it has read what waits. No stream, no other reader and no request waits for it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use tokio::sync::Notify;
use ttai_ports::{HeldUp, StreamEvent, StreamGap, StreamGreeks, StreamHalt, StreamQuote, StreamSymbol};

use crate::event_time;

/// Why a reader that was too slow has a gap.
const TOO_SLOW: &str = "the reader did not keep up";

/// Number of a symbol in its stream, never used twice.
pub(crate) type SymbolId = u64;

/// The readers of a stream, as far as they are counted.
#[derive(Debug, Default)]
pub(crate) struct Census {
    readers: AtomicU64,
    merged: AtomicU64,
}

impl Census {
    /// A number for a new reader, from 1.
    pub(crate) fn join(&self) -> u64 {
        self.readers.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Events that were merged into gaps since the start.
    pub(crate) fn merged(&self) -> u64 {
        self.merged.load(Ordering::Relaxed)
    }
}

/// What came for a reader whose mailbox was full.
#[derive(Debug)]
struct Backlog {
    since: DateTime<Utc>,
    gap: StreamGap,
    /// Of which symbols something is missing; none for all.
    symbols: Option<HashSet<StreamSymbol>>,
    /// The newest halt of each symbol, or its end, in the order of arrival.
    halts: Vec<StreamHalt>,
    merged: u64,
}

impl Backlog {
    /// Begins after the last event that was kept.
    fn begin(from: DateTime<Utc>) -> Self {
        let gap = StreamGap { symbols: Vec::new(), from, until: from, reason: TOO_SLOW.to_owned() };
        Self { since: Utc::now(), gap, symbols: Some(HashSet::new()), halts: Vec::new(), merged: 0 }
    }

    fn merge(&mut self, event: StreamEvent) {
        self.merged += 1;
        let time = event_time::believed(&event);
        match event {
            StreamEvent::Trade(trade) => {
                self.span(time, time);
                self.lacks([trade.symbol]);
            }
            StreamEvent::Gap(gap) => {
                self.span(gap.from, gap.until);
                if gap.symbols.is_empty() {
                    self.symbols = None;
                }
                self.lacks(gap.symbols);
            }
            StreamEvent::Halt(halt) => {
                self.halts.retain(|known| known.symbol != halt.symbol);
                self.halts.push(halt);
            }
            // Conflated: never merged.
            StreamEvent::Quote(_) | StreamEvent::Greeks(_) => {}
        }
    }

    fn span(&mut self, from: DateTime<Utc>, until: DateTime<Utc>) {
        (self.gap.from, self.gap.until) = (self.gap.from.min(from), self.gap.until.max(until));
    }

    fn lacks(&mut self, symbols: impl IntoIterator<Item = StreamSymbol>) {
        if let Some(known) = &mut self.symbols {
            known.extend(symbols);
        }
    }

    /// What the reader gets for it. Halts alone leave no gap.
    fn into_events(self) -> Vec<StreamEvent> {
        let Self { mut gap, symbols, halts, .. } = self;
        let is_gap = symbols.as_ref().is_none_or(|symbols| !symbols.is_empty());
        gap.symbols = symbols.map(|symbols| symbols.into_iter().collect()).unwrap_or_default();
        let gap = is_gap.then_some(StreamEvent::Gap(gap));
        gap.into_iter().chain(halts.into_iter().map(StreamEvent::Halt)).collect()
    }
}

#[derive(Debug)]
enum Item {
    /// The newest quote of the symbol stands in `quotes`.
    Quote(SymbolId),
    /// The newest Greeks stand in `greeks`.
    Greeks(SymbolId),
    /// Kept as it is.
    Queued(StreamEvent),
}

#[derive(Debug, Default)]
struct Queue {
    order: VecDeque<Item>,
    quotes: HashMap<SymbolId, StreamQuote>,
    greeks: HashMap<SymbolId, StreamGreeks>,
    queued: usize,
    /// Time of the newest event that was kept.
    newest: Option<DateTime<Utc>>,
    backlog: Option<Backlog>,
    closed: bool,
}

/// What waits for one reader.
#[derive(Debug)]
pub(crate) struct Mailbox {
    queue: Mutex<Queue>,
    arrived: Notify,
    capacity: usize,
    number: u64,
    census: Arc<Census>,
    /// Whether it was there while the stream stood: only then it can miss something.
    pub(crate) has_been_live: AtomicBool,
}

impl Mailbox {
    /// Of a new reader; full once `capacity` events that must be kept wait.
    pub(crate) fn new(capacity: usize, census: &Arc<Census>) -> Self {
        Self::of_reader(census.join(), capacity, census)
    }

    /// One of several of the reader with this number.
    pub(crate) fn of_reader(number: u64, capacity: usize, census: &Arc<Census>) -> Self {
        Self {
            queue: Mutex::default(),
            arrived: Notify::new(),
            capacity: capacity.max(1),
            number,
            census: Arc::clone(census),
            has_been_live: AtomicBool::new(false),
        }
    }

    /// Whether the reader does not keep up now.
    pub(crate) fn held_up(&self) -> Option<HeldUp> {
        let queue = self.lock();
        let backlog = queue.backlog.as_ref()?;
        Some(HeldUp { reader: self.number, since: backlog.since, merged: backlog.merged })
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A quote takes the place of the one of the same symbol that still waits.
    pub(crate) fn quote(&self, id: SymbolId, quote: &StreamQuote) {
        let mut queue = self.lock();
        if let Some(waiting) = queue.quotes.get_mut(&id) {
            replace_quote(waiting, quote);
            return;
        }
        queue.quotes.insert(id, quote.clone());
        queue.order.push_back(Item::Quote(id));
        self.arrived.notify_one();
    }

    /// Greeks take the place of those of the same symbol that still wait.
    pub(crate) fn greeks(&self, id: SymbolId, greeks: &StreamGreeks) {
        let mut queue = self.lock();
        if queue.greeks.insert(id, greeks.clone()).is_none() {
            queue.order.push_back(Item::Greeks(id));
            self.arrived.notify_one();
        }
    }

    /// An event that must be kept, or be in a gap.
    pub(crate) fn push(&self, event: StreamEvent) {
        let mut queue = self.lock();
        if queue.closed {
            return;
        }
        if queue.backlog.is_some() || queue.queued >= self.capacity {
            self.add_to_backlog(&mut queue, event);
            return;
        }
        queue.newest = queue.newest.max(Some(event_time::believed(&event)));
        queue.order.push_back(Item::Queued(event));
        queue.queued += 1;
        self.arrived.notify_one();
    }

    fn add_to_backlog(&self, queue: &mut Queue, event: StreamEvent) {
        let from = queue.newest.unwrap_or_else(|| event_time::believed(&event));
        let backlog = queue.backlog.get_or_insert_with(|| {
            tracing::warn!(reader = self.number, waiting = queue.queued, "{TOO_SLOW}; what comes is one gap");
            Backlog::begin(from)
        });
        backlog.merge(event);
        self.census.merged.fetch_add(1, Ordering::Relaxed);
    }

    /// Leaves out what is conflated of a symbol that was taken out.
    pub(crate) fn forget(&self, id: SymbolId) {
        let mut queue = self.lock();
        queue.quotes.remove(&id);
        queue.greeks.remove(&id);
    }

    /// Nothing will come any more.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_one();
    }

    /// The next event; none once it is closed and empty.
    pub(crate) async fn next(&self) -> Option<StreamEvent> {
        loop {
            {
                let mut queue = self.lock();
                if let Some(event) = self.pop(&mut queue) {
                    return Some(event);
                }
                if queue.closed {
                    return None;
                }
            }
            self.arrived.notified().await;
        }
    }

    fn pop(&self, queue: &mut Queue) -> Option<StreamEvent> {
        loop {
            if queue.queued == 0
                && let Some(backlog) = queue.backlog.take()
            {
                self.release(queue, backlog);
            }
            let event = match queue.order.pop_front()? {
                Item::Quote(id) => queue.quotes.remove(&id).map(StreamEvent::Quote),
                Item::Greeks(id) => queue.greeks.remove(&id).map(StreamEvent::Greeks),
                Item::Queued(event) => {
                    queue.queued -= 1;
                    Some(event)
                }
            };
            if event.is_some() {
                return event;
            }
        }
    }

    /// The reader has read what waited: it gets the gap next, and from then on every event again.
    fn release(&self, queue: &mut Queue, backlog: Backlog) {
        tracing::info!(reader = self.number, merged = backlog.merged, "the reader keeps up again");
        queue.newest = queue.newest.max(Some(backlog.gap.until));
        let events = backlog.into_events();
        queue.queued += events.len();
        for event in events.into_iter().rev() {
            queue.order.push_front(Item::Queued(event));
        }
    }
}

/// Everything but the symbol, which is the same: no allocation.
fn replace_quote(old: &mut StreamQuote, new: &StreamQuote) {
    let StreamQuote { symbol: _, bid, ask, bid_size, ask_size, market_time, received_at, condition } = *new;
    (old.bid, old.ask, old.bid_size, old.ask_size) = (bid, ask, bid_size, ask_size);
    (old.market_time, old.received_at, old.condition) = (market_time, received_at, condition);
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use rust_decimal::Decimal;
    use ttai_core::Symbol;
    use ttai_ports::StreamTrade;

    fn at() -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).unwrap()
    }

    fn symbol(text: &str) -> StreamSymbol {
        StreamSymbol::Equity(Symbol::new(text).unwrap())
    }

    fn quote(text: &str, bid: i64) -> StreamQuote {
        StreamQuote {
            symbol: symbol(text),
            bid: Some(Decimal::from(bid)),
            ask: None,
            bid_size: 1.0,
            ask_size: 0.0,
            market_time: Some(at()),
            received_at: at(),
            condition: None,
        }
    }

    fn trade(size: f64) -> StreamEvent {
        trade_of("AAPL", size, 0)
    }

    fn trade_of(text: &str, size: f64, second: i64) -> StreamEvent {
        let time = at() + TimeDelta::seconds(second);
        StreamEvent::Trade(StreamTrade {
            symbol: symbol(text),
            price: Decimal::ONE,
            size,
            market_time: Some(time),
            received_at: time,
            condition: None,
            day_volume: None,
            eligible: true,
        })
    }

    fn mailbox(capacity: usize) -> (Arc<Census>, Mailbox) {
        let census = Arc::default();
        let mailbox = Mailbox::new(capacity, &census);
        (census, mailbox)
    }

    fn halt(text: &str, halted: bool) -> StreamEvent {
        let reason = String::new();
        StreamEvent::Halt(StreamHalt { symbol: symbol(text), halted, reason, market_time: at() })
    }

    #[tokio::test]
    async fn a_slow_reader_sees_the_newest_quote_and_every_trade() {
        let (_, mailbox) = mailbox(10);
        mailbox.quote(1, &quote("AAPL", 1));
        mailbox.push(trade(1.0));
        mailbox.quote(2, &quote("SPY", 7));
        mailbox.quote(1, &quote("AAPL", 2));
        mailbox.push(trade(2.0));
        mailbox.close();
        let mut events = Vec::new();
        while let Some(event) = mailbox.next().await {
            events.push(event);
        }
        let expected = [
            StreamEvent::Quote(quote("AAPL", 2)),
            trade(1.0),
            StreamEvent::Quote(quote("SPY", 7)),
            trade(2.0),
        ];
        assert_eq!(events, expected);
    }

    #[tokio::test]
    async fn what_does_not_fit_is_one_gap_after_what_waits() {
        let (census, mailbox) = mailbox(2);
        for second in 0..5 {
            mailbox.push(trade_of("AAPL", 1.0, second));
        }
        let backlog = mailbox.held_up().unwrap();
        assert_eq!((backlog.reader, backlog.merged, census.merged()), (1, 3, 3));
        mailbox.quote(1, &quote("AAPL", 7));
        for second in 0..2 {
            assert_eq!(mailbox.next().await, Some(trade_of("AAPL", 1.0, second)));
        }
        // Not read yet: it still merges.
        mailbox.push(trade_of("AAPL", 1.0, 5));
        let second = |second| at() + TimeDelta::seconds(second);
        let gap = StreamGap {
            symbols: vec![symbol("AAPL")],
            from: second(1),
            until: second(5),
            reason: TOO_SLOW.to_owned(),
        };
        assert_eq!(mailbox.next().await, Some(StreamEvent::Gap(gap)));
        assert_eq!((mailbox.held_up(), census.merged()), (None, 4));
        mailbox.push(trade_of("AAPL", 1.0, 6));
        assert_eq!(mailbox.next().await, Some(StreamEvent::Quote(quote("AAPL", 7))));
        assert_eq!(mailbox.next().await, Some(trade_of("AAPL", 1.0, 6)));
    }

    #[tokio::test]
    async fn a_gap_takes_in_other_gaps_and_the_newest_halts_follow_it() {
        let (_, mailbox) = mailbox(1);
        mailbox.push(trade_of("AAPL", 1.0, 10));
        for event in [halt("SPY", true), halt("AAPL", true), halt("SPY", false), trade_of("SPY", 1.0, 11)] {
            mailbox.push(event);
        }
        let (from, until) = (at(), at() + TimeDelta::seconds(60));
        let reason = "the connection was reset".to_owned();
        mailbox.push(StreamEvent::Gap(StreamGap { symbols: Vec::new(), from, until, reason }));
        mailbox.close();
        mailbox.next().await.unwrap();
        let Some(StreamEvent::Gap(gap)) = mailbox.next().await else { panic!("no gap") };
        assert_eq!((gap.symbols.len(), gap.from, gap.until), (0, from, until));
        assert_eq!(mailbox.next().await, Some(halt("AAPL", true)));
        assert_eq!(mailbox.next().await, Some(halt("SPY", false)));
        assert_eq!(mailbox.next().await, None);
    }

    #[tokio::test]
    async fn a_reader_that_never_reads_takes_no_more_memory_for_more_events() {
        let (census, mailbox) = mailbox(1_000);
        for second in 0..100_000 {
            mailbox.push(trade_of("AAPL", 1.0, second));
            mailbox.quote(1, &quote("AAPL", second));
        }
        assert_eq!(census.merged(), 99_000);
        assert_eq!(mailbox.lock().order.len(), 1_001);
        mailbox.close();
        let (mut trades, mut gaps) = (0, 0);
        while let Some(event) = mailbox.next().await {
            trades += usize::from(matches!(event, StreamEvent::Trade(_)));
            gaps += usize::from(matches!(event, StreamEvent::Gap(_)));
        }
        assert_eq!((trades, gaps), (1_000, 1));
    }

    #[tokio::test]
    async fn a_symbol_taken_out_is_not_heard_of() {
        let (_, mailbox) = mailbox(1);
        mailbox.quote(1, &quote("AAPL", 1));
        mailbox.quote(2, &quote("SPY", 1));
        mailbox.forget(1);
        assert_eq!(mailbox.next().await, Some(StreamEvent::Quote(quote("SPY", 1))));
    }
}
