//! The readers of market data together: what they want of a feed, and what a feed says handed to those who read it.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, Weak};

use chrono::{DateTime, Utc};
use ttai_ports::{HeldUp, StreamGap, StreamHalt, StreamKinds, StreamSymbol, StreamTrade};

use super::frame::Incoming;
use super::line::{LineEvent, Wanted};
use super::queue::Queue;
use super::{is_option, lock, name};
use crate::mailbox::Census;

/// Why a halt is told to be over where no status says so.
const CONNECTION_LOST: &str = "not known any more after the connection was lost";
const FEED_REFUSED: &str = "not known any more: the feed is refused";
const TRADES_AGAIN: &str = "it trades again";

/// The readers of market data, and what the feeds said of halts.
#[derive(Default)]
pub(super) struct Readers {
    queues: Mutex<Vec<Weak<Queue>>>,
    /// Of what is read, what is halted and since when. Alpaca sends changes of status and no present state, so a halt
    /// that may have ended unseen is none.
    halted: Mutex<HashMap<StreamSymbol, DateTime<Utc>>>,
    census: Arc<Census>,
}

impl Readers {
    /// Lets a reader of nothing in.
    pub(super) fn join(&self, kinds: StreamKinds) -> Arc<Queue> {
        let queue = Arc::new(Queue::new(kinds, &self.census));
        lock(&self.queues).push(Arc::downgrade(&queue));
        queue
    }

    /// Readers that do not keep up.
    pub(super) fn held_up(&self) -> Vec<HeldUp> {
        self.all().iter().flat_map(|queue| queue.held_up()).collect()
    }

    /// Events that were merged into readers' gaps.
    pub(super) fn merged(&self) -> u64 {
        self.census.merged()
    }

    pub(super) fn is_halted(&self, symbol: &StreamSymbol) -> bool {
        lock(&self.halted).contains_key(symbol)
    }

    fn all(&self) -> Vec<Arc<Queue>> {
        let mut queues = lock(&self.queues);
        queues.retain(|queue| queue.strong_count() > 0);
        queues.iter().filter_map(Weak::upgrade).collect()
    }

    fn each(&self, notify: impl Fn(&Queue)) {
        for queue in self.all() {
            notify(&queue);
        }
    }

    /// Passes on what one of the two feeds says.
    pub(super) fn hear(&self, event: LineEvent, options: bool) {
        match event {
            LineEvent::Market(Incoming::Quote(quote)) => self.each(|queue| queue.quote(&quote)),
            LineEvent::Market(Incoming::Trade(trade)) => self.trade(&trade),
            LineEvent::Market(Incoming::Halt(halt)) => self.halt(&halt),
            LineEvent::Gap { from, until, reason } => {
                self.gap(from, until, &reason, options);
                self.forget_halts(options, CONNECTION_LOST, until);
            }
            LineEvent::Refused { at } => {
                self.forget_halts(options, FEED_REFUSED, at);
                self.all().iter().filter(|queue| queue.reads_feed(options)).for_each(|queue| queue.close());
            }
            LineEvent::Market(_) | LineEvent::Order(_) => {}
        }
    }

    /// A trade that counts ends a halt: its end may have gone unseen.
    fn trade(&self, trade: &StreamTrade) {
        let made = trade.market_time.filter(|_| trade.eligible);
        let ends_halt = made.filter(|made| {
            let mut halted = lock(&self.halted);
            let is_later = halted.get(&trade.symbol).is_some_and(|since| since < made);
            is_later && halted.remove(&trade.symbol).is_some()
        });
        for queue in self.all() {
            if let Some(made) = ends_halt {
                queue.end_halt(&trade.symbol, TRADES_AGAIN, made);
            }
            queue.trade(trade);
        }
    }

    fn halt(&self, halt: &StreamHalt) {
        let mut halted = lock(&self.halted);
        // A status that was under way while the last reader left is nobody's to end.
        if halt.halted && self.all().iter().any(|queue| queue.reads(&halt.symbol)) {
            halted.insert(halt.symbol.clone(), halt.market_time);
        } else {
            halted.remove(&halt.symbol);
        }
        drop(halted);
        self.each(|queue| queue.halt(halt));
    }

    /// A gap concerns the symbols of its feed.
    fn gap(&self, from: DateTime<Utc>, until: DateTime<Utc>, reason: &str, options: bool) {
        for queue in self.all() {
            let (of_feed, others): (Vec<_>, Vec<_>) =
                queue.symbols().into_iter().partition(|symbol| is_option(symbol) == options);
            if of_feed.is_empty() {
                continue;
            }
            // All of a subscription is said with an empty list.
            let symbols = if others.is_empty() { Vec::new() } else { of_feed };
            queue.gap(StreamGap { symbols, from, until, reason: reason.to_owned() }, options);
        }
    }

    /// No halt of a feed is known any more.
    fn forget_halts(&self, options: bool, reason: &str, at: DateTime<Utc>) {
        let forgotten: Vec<StreamSymbol> = {
            let mut halted = lock(&self.halted);
            halted.extract_if(|symbol, _| is_option(symbol) == options).map(|(symbol, _)| symbol).collect()
        };
        for symbol in &forgotten {
            self.each(|queue| queue.end_halt(symbol, reason, at));
        }
    }

    /// Forgets the halts of what nobody reads any more: nobody will hear that they end.
    pub(super) fn forget_unread_halts(&self) {
        let mut halted = lock(&self.halted);
        let queues = self.all();
        halted.retain(|symbol, _| queues.iter().any(|queue| queue.reads(symbol)));
    }

    /// The channels that all readers together want of a feed.
    pub(super) fn wanted(&self, options: bool) -> Wanted {
        let mut wanted = Wanted::new();
        for queue in self.all() {
            let kinds = queue.kinds();
            let symbols = queue.symbols();
            let names: BTreeSet<String> =
                symbols.iter().filter(|symbol| is_option(symbol) == options).map(name).collect();
            let mut add = |channel, when: bool| {
                if when && !names.is_empty() {
                    wanted.entry(channel).or_default().extend(names.iter().cloned());
                }
            };
            // Alpaca streams no Greeks: their readers get the quotes.
            add("quotes", kinds.quotes || kinds.greeks);
            add("trades", kinds.trades);
            add("statuses", !options);
        }
        wanted
    }
}
