//! One reader's share of both feeds: what it reads, and what waits for it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use chrono::{DateTime, Utc};
use ttai_ports::{
    HeldUp, StreamEvent, StreamGap, StreamHalt, StreamKinds, StreamQuote, StreamSymbol, StreamTrade,
};

use super::{is_option, lock};
use crate::mailbox::{Census, Mailbox, SymbolId};

/// Trades, halts and gaps of one feed that may wait for a reader; what comes then is one gap for it.
pub(super) const QUEUED_EVENTS: usize = 65_536;

#[derive(Debug, Default)]
struct Inside {
    /// What is read, with its number in the mailboxes.
    symbols: HashMap<StreamSymbol, SymbolId>,
    next_id: SymbolId,
    /// Of which the reader was told that trading stopped, and not yet that it goes on.
    halted: HashSet<StreamSymbol>,
    closed: bool,
}

/// Filled by the connections, emptied by the reader. Each feed has a mailbox of its own, so that a gap concerns one feed only;
/// events of two connections have no order between them anyway.
#[derive(Debug)]
pub(super) struct Queue {
    kinds: StreamKinds,
    inside: Mutex<Inside>,
    stocks: Mailbox,
    options: Mailbox,
}

impl Queue {
    pub(super) fn new(kinds: StreamKinds, census: &Arc<Census>) -> Self {
        let number = census.join();
        let mailbox = || Mailbox::of_reader(number, QUEUED_EVENTS, census);
        Self { kinds, inside: Mutex::default(), stocks: mailbox(), options: mailbox() }
    }

    /// What the reader does not keep up with, of either feed.
    pub(super) fn held_up(&self) -> impl Iterator<Item = HeldUp> {
        [&self.stocks, &self.options].into_iter().filter_map(Mailbox::held_up)
    }

    pub(super) fn kinds(&self) -> StreamKinds {
        self.kinds
    }

    pub(super) fn symbols(&self) -> HashSet<StreamSymbol> {
        self.lock().symbols.keys().cloned().collect()
    }

    pub(super) fn reads(&self, symbol: &StreamSymbol) -> bool {
        self.lock().symbols.contains_key(symbol)
    }

    /// Whether it reads any symbol of one of the two feeds.
    pub(super) fn reads_feed(&self, options: bool) -> bool {
        self.lock().symbols.keys().any(|symbol| is_option(symbol) == options)
    }

    /// Reads these too; one that is closed reads nothing.
    pub(super) fn add(&self, symbols: &[StreamSymbol]) {
        let mut inside = self.lock();
        if inside.closed {
            return;
        }
        for symbol in symbols {
            let id = inside.next_id;
            inside.next_id += 1;
            inside.symbols.entry(symbol.clone()).or_insert(id);
        }
    }

    pub(super) fn remove(&self, symbols: &[StreamSymbol]) {
        let mut inside = self.lock();
        for symbol in symbols {
            inside.halted.remove(symbol);
            if let Some(id) = inside.symbols.remove(symbol) {
                self.mailbox(is_option(symbol)).forget(id);
            }
        }
    }

    pub(super) fn quote(&self, quote: &StreamQuote) {
        let inside = self.lock();
        if let Some(id) = inside.symbols.get(&quote.symbol).filter(|_| self.kinds.quotes) {
            self.mailbox(is_option(&quote.symbol)).quote(*id, quote);
        }
    }

    pub(super) fn trade(&self, trade: &StreamTrade) {
        if self.kinds.trades && self.reads(&trade.symbol) {
            self.mailbox(is_option(&trade.symbol)).push(StreamEvent::Trade(trade.clone()));
        }
    }

    /// A halt or its end, as the feed says it.
    pub(super) fn halt(&self, halt: &StreamHalt) {
        let mut inside = self.lock();
        if !inside.symbols.contains_key(&halt.symbol) {
            return;
        }
        if halt.halted {
            inside.halted.insert(halt.symbol.clone());
        } else {
            inside.halted.remove(&halt.symbol);
        }
        self.mailbox(is_option(&halt.symbol)).push(StreamEvent::Halt(halt.clone()));
    }

    /// The end of a halt that no status says; told where its beginning was told.
    pub(super) fn end_halt(&self, symbol: &StreamSymbol, reason: &str, at: DateTime<Utc>) {
        if self.lock().halted.remove(symbol) {
            let (symbol, reason) = (symbol.clone(), reason.to_owned());
            let end = StreamHalt { halted: false, reason, market_time: at, symbol };
            self.mailbox(is_option(&end.symbol)).push(StreamEvent::Halt(end));
        }
    }

    /// A gap of one of the two feeds.
    pub(super) fn gap(&self, gap: StreamGap, options: bool) {
        self.mailbox(options).push(StreamEvent::Gap(gap));
    }

    /// Reads nothing any more: no event will follow those that wait.
    pub(super) fn close(&self) {
        let mut inside = self.lock();
        inside.closed = true;
        inside.symbols.clear();
        inside.halted.clear();
        self.stocks.close();
        self.options.close();
    }

    /// The next event, as soon as there is one; none once it is closed and empty.
    pub(super) async fn pop(&self) -> Option<StreamEvent> {
        tokio::select! {
            Some(event) = self.stocks.next() => Some(event),
            Some(event) = self.options.next() => Some(event),
            else => None,
        }
    }

    fn mailbox(&self, options: bool) -> &Mailbox {
        if options { &self.options } else { &self.stocks }
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        lock(&self.inside)
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;
    use ttai_core::Symbol;

    use super::*;

    #[tokio::test]
    async fn a_slow_reader_sees_the_newest_quote_and_every_trade() {
        let symbol = StreamSymbol::Equity(Symbol::new("AAPL").unwrap());
        let queue = Queue::new(StreamKinds::ALL, &Arc::default());
        queue.add(std::slice::from_ref(&symbol));
        let time = DateTime::UNIX_EPOCH;
        for price in 1..=1000 {
            let price = Decimal::from(price);
            queue.quote(&StreamQuote {
                symbol: symbol.clone(),
                bid: Some(price),
                ask: Some(price),
                bid_size: 1.0,
                ask_size: 1.0,
                market_time: Some(time),
                received_at: time,
                condition: None,
            });
            queue.trade(&StreamTrade {
                symbol: symbol.clone(),
                price,
                size: 1.0,
                market_time: Some(time),
                received_at: time,
                condition: None,
                day_volume: None,
                eligible: true,
            });
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
