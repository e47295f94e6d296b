//! One reader's queue: the newest quote of each symbol, and every other event in its order.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use ttai_ports::{StreamEvent, StreamKinds, StreamQuote, StreamSymbol};

#[derive(Debug)]
enum Slot {
    /// The newest quote of the symbol stands in `quotes`.
    Quote(StreamSymbol),
    Event(StreamEvent),
}

#[derive(Debug, Default)]
struct Inside {
    symbols: HashSet<StreamSymbol>,
    quotes: HashMap<StreamSymbol, StreamQuote>,
    slots: VecDeque<Slot>,
    closed: bool,
}

/// Filled by the connection, emptied by the reader. A slow reader costs one quote a symbol, and its trades.
#[derive(Debug)]
pub(super) struct Queue {
    kinds: StreamKinds,
    inside: Mutex<Inside>,
    filled: Notify,
}

impl Queue {
    pub(super) fn new(kinds: StreamKinds) -> Self {
        Self { kinds, inside: Mutex::default(), filled: Notify::new() }
    }

    pub(super) fn kinds(&self) -> StreamKinds {
        self.kinds
    }

    pub(super) fn symbols(&self) -> HashSet<StreamSymbol> {
        self.lock().symbols.clone()
    }

    pub(super) fn add(&self, symbols: &[StreamSymbol]) {
        self.lock().symbols.extend(symbols.iter().cloned());
    }

    pub(super) fn remove(&self, symbols: &[StreamSymbol]) {
        let mut inside = self.lock();
        for symbol in symbols {
            inside.symbols.remove(symbol);
        }
    }

    /// Takes an event where the reader wants it.
    pub(super) fn push(&self, event: &StreamEvent) {
        let mut inside = self.lock();
        match event {
            StreamEvent::Quote(quote) => {
                if !self.kinds.quotes || !inside.symbols.contains(&quote.symbol) {
                    return;
                }
                if inside.quotes.insert(quote.symbol.clone(), quote.clone()).is_none() {
                    inside.slots.push_back(Slot::Quote(quote.symbol.clone()));
                }
            }
            StreamEvent::Trade(trade) if !self.kinds.trades || !inside.symbols.contains(&trade.symbol) => {
                return;
            }
            StreamEvent::Halt(halt) if !inside.symbols.contains(&halt.symbol) => return,
            other => inside.slots.push_back(Slot::Event(other.clone())),
        }
        drop(inside);
        self.filled.notify_one();
    }

    /// No event will follow those that are queued.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_one();
    }

    /// The oldest event, as soon as there is one.
    pub(super) async fn pop(&self) -> Option<StreamEvent> {
        loop {
            let filled = self.filled.notified();
            {
                let mut inside = self.lock();
                if let Some(event) = next(&mut inside) {
                    return Some(event);
                }
                if inside.closed {
                    return None;
                }
            }
            filled.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn next(inside: &mut Inside) -> Option<StreamEvent> {
    while let Some(slot) = inside.slots.pop_front() {
        match slot {
            Slot::Event(event) => return Some(event),
            Slot::Quote(symbol) => {
                // The symbol may have been taken out meanwhile.
                let quote = inside.quotes.remove(&symbol);
                if let Some(quote) = quote.filter(|_| inside.symbols.contains(&symbol)) {
                    return Some(StreamEvent::Quote(quote));
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use rust_decimal::Decimal;
    use ttai_core::Symbol;
    use ttai_ports::StreamTrade;

    use super::*;

    #[tokio::test]
    async fn a_slow_reader_sees_the_newest_quote_and_every_trade() {
        let symbol = StreamSymbol::Equity(Symbol::new("AAPL").unwrap());
        let queue = Queue::new(StreamKinds::ALL);
        queue.add(std::slice::from_ref(&symbol));
        let time = DateTime::UNIX_EPOCH;
        for price in 1..=1000 {
            let price = Decimal::from(price);
            queue.push(&StreamEvent::Quote(StreamQuote {
                symbol: symbol.clone(),
                bid: Some(price),
                ask: Some(price),
                bid_size: 1.0,
                ask_size: 1.0,
                market_time: time,
                received_at: time,
            }));
            queue.push(&StreamEvent::Trade(StreamTrade {
                symbol: symbol.clone(),
                price,
                size: 1.0,
                market_time: time,
                received_at: time,
                day_volume: None,
                eligible: true,
            }));
        }
        queue.close();
        let (mut quotes, mut trades) = (Vec::new(), Vec::new());
        while let Some(event) = queue.pop().await {
            match event {
                StreamEvent::Quote(quote) => quotes.extend(quote.bid),
                StreamEvent::Trade(trade) => trades.push(trade.price),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(quotes, [Decimal::from(1000)]);
        assert_eq!(trades, (1..=1000).map(Decimal::from).collect::<Vec<_>>());
    }
}
