//! What waits for one reader: in the order of arrival, quotes and Greeks conflated to the newest of a symbol, the rest kept.
//!
//! What must be kept is bounded: a mailbox that is full closes the [`Gate`], and its stream takes in nothing until the
//! reader has made room. A socket is not read then, so that the server's own buffers fill; a market is not asked. Nothing
//! is left out on our side.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use ttai_ports::{StreamEvent, StreamGreeks, StreamQuote};

/// Number of a symbol in its stream, never used twice.
pub(crate) type SymbolId = u64;

/// Closed while any mailbox is full.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    full: AtomicUsize,
    opened: Notify,
}

impl Gate {
    /// Whether more may be taken in.
    pub(crate) fn is_open(&self) -> bool {
        self.full.load(Ordering::Acquire) == 0
    }

    /// Waits until a mailbox has room again; look at [`Gate::is_open`] then.
    pub(crate) async fn opened(&self) {
        self.opened.notified().await;
    }

    fn close(&self) {
        self.full.fetch_add(1, Ordering::AcqRel);
    }

    fn open(&self) {
        self.full.fetch_sub(1, Ordering::AcqRel);
        self.opened.notify_one();
    }
}

#[derive(Debug)]
enum Item {
    /// The newest quote of the symbol stands in `quotes`.
    Quote(SymbolId),
    /// The newest Greeks stand in `greeks`.
    Greeks(SymbolId),
    /// Kept as it is.
    Kept(StreamEvent),
}

#[derive(Debug, Default)]
struct Queue {
    order: VecDeque<Item>,
    quotes: HashMap<SymbolId, StreamQuote>,
    greeks: HashMap<SymbolId, StreamGreeks>,
    kept: usize,
    full: bool,
    closed: bool,
}

/// What waits for one reader.
#[derive(Debug)]
pub(crate) struct Mailbox {
    queue: Mutex<Queue>,
    arrived: Notify,
    capacity: usize,
    gate: Arc<Gate>,
    /// Whether it was there while the stream stood: only then it can miss something.
    pub(crate) has_been_live: AtomicBool,
}

impl Mailbox {
    /// Full once `capacity` events that must be kept wait.
    pub(crate) fn new(capacity: usize, gate: Arc<Gate>) -> Self {
        Self {
            queue: Mutex::default(),
            arrived: Notify::new(),
            capacity: capacity.max(1),
            gate,
            has_been_live: AtomicBool::new(false),
        }
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

    /// An event that must be kept.
    pub(crate) fn keep(&self, event: StreamEvent) {
        let mut queue = self.lock();
        if queue.closed {
            return;
        }
        queue.order.push_back(Item::Kept(event));
        queue.kept += 1;
        if queue.kept >= self.capacity && !queue.full {
            queue.full = true;
            self.gate.close();
        }
        self.arrived.notify_one();
    }

    /// Leaves out what is conflated of a symbol that was taken out.
    pub(crate) fn forget(&self, id: SymbolId) {
        let mut queue = self.lock();
        queue.quotes.remove(&id);
        queue.greeks.remove(&id);
    }

    /// Nothing will come any more; a full mailbox holds nobody up any longer.
    pub(crate) fn close(&self) {
        let mut queue = self.lock();
        queue.closed = true;
        if std::mem::take(&mut queue.full) {
            self.gate.open();
        }
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
        while let Some(item) = queue.order.pop_front() {
            let event = match item {
                Item::Quote(id) => queue.quotes.remove(&id).map(StreamEvent::Quote),
                Item::Greeks(id) => queue.greeks.remove(&id).map(StreamEvent::Greeks),
                Item::Kept(event) => {
                    queue.kept -= 1;
                    // Half empty, so that the gate does not flutter.
                    if queue.full && queue.kept <= self.capacity / 2 {
                        queue.full = false;
                        self.gate.open();
                    }
                    Some(event)
                }
            };
            if event.is_some() {
                return event;
            }
        }
        None
    }
}

/// Everything but the symbol, which is the same: no allocation.
fn replace_quote(old: &mut StreamQuote, new: &StreamQuote) {
    let StreamQuote { symbol: _, bid, ask, bid_size, ask_size, market_time, received_at } = *new;
    (old.bid, old.ask, old.bid_size, old.ask_size) = (bid, ask, bid_size, ask_size);
    (old.market_time, old.received_at) = (market_time, received_at);
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, Utc};
    use rust_decimal::Decimal;
    use ttai_core::Symbol;
    use ttai_ports::{StreamSymbol, StreamTrade};

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
            market_time: at(),
            received_at: at(),
        }
    }

    fn trade(size: f64) -> StreamEvent {
        StreamEvent::Trade(StreamTrade {
            symbol: symbol("AAPL"),
            price: Decimal::ONE,
            size,
            market_time: at(),
            received_at: at(),
            day_volume: None,
            eligible: true,
        })
    }

    fn mailbox(capacity: usize) -> (Arc<Gate>, Mailbox) {
        let gate = Arc::new(Gate::default());
        (Arc::clone(&gate), Mailbox::new(capacity, gate))
    }

    #[tokio::test]
    async fn a_slow_reader_sees_the_newest_quote_and_every_trade() {
        let (_, mailbox) = mailbox(10);
        mailbox.quote(1, &quote("AAPL", 1));
        mailbox.keep(trade(1.0));
        mailbox.quote(2, &quote("SPY", 7));
        mailbox.quote(1, &quote("AAPL", 2));
        mailbox.keep(trade(2.0));
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
    async fn a_full_mailbox_closes_the_gate_until_it_is_half_empty() {
        let (gate, mailbox) = mailbox(4);
        for size in [1.0, 2.0, 3.0, 4.0, 5.0] {
            mailbox.keep(trade(size));
        }
        assert!(!gate.is_open());
        for size in [1.0, 2.0] {
            assert_eq!(mailbox.next().await, Some(trade(size)));
            assert!(!gate.is_open());
        }
        assert_eq!(mailbox.next().await, Some(trade(3.0)));
        assert!(gate.is_open());
    }

    #[test]
    fn a_reader_that_goes_holds_nobody_up() {
        let (gate, mailbox) = mailbox(1);
        mailbox.keep(trade(1.0));
        assert!(!gate.is_open());
        mailbox.close();
        assert!(gate.is_open());
        mailbox.keep(trade(2.0));
        assert!(gate.is_open());
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
