//! What was seen of each symbol last, and what has changed since.

use std::collections::{BTreeMap, BTreeSet};

use ttai_ports::{StreamEvent, StreamGap, StreamHalt, StreamQuote, StreamSymbol, StreamTrade};

use super::PollingIntervals;
use super::round::Look;

/// The last look at each symbol, by its name.
#[derive(Debug, Default)]
pub(super) struct Seen(BTreeMap<String, Look>);

impl Seen {
    /// What new looks at watched symbols say that the ones before did not. The first one of a symbol says how it stands.
    pub(super) fn changes(
        &mut self,
        looks: Vec<Look>,
        watched: &BTreeMap<String, StreamSymbol>,
        intervals: PollingIntervals,
    ) -> Vec<StreamEvent> {
        let mut events = Vec::new();
        for look in looks {
            let name = look.symbol.to_string();
            if !watched.contains_key(&name) {
                continue;
            }
            match self.0.get(&name) {
                None => events.extend(first(&look)),
                // A provider's cache may answer with what it said before, or with less.
                Some(before) if look.market_time < before.market_time => continue,
                Some(before) => events.extend(since(before, &look, intervals)),
            }
            self.0.insert(name, look);
        }
        events
    }

    pub(super) fn forget(&mut self, names: &BTreeSet<String>) {
        self.0.retain(|name, _| !names.contains(name));
    }
}

fn first(look: &Look) -> Vec<StreamEvent> {
    let halted = look.halted.then(|| halt(look));
    halted.into_iter().chain([quote(look)]).collect()
}

fn since(before: &Look, look: &Look, intervals: PollingIntervals) -> Vec<StreamEvent> {
    let mut events = Vec::new();
    if look.halted != before.halted {
        events.push(halt(look));
    }
    // A lower volume is a new session's.
    if look.volume != before.volume || look.last != before.last {
        events.push(gap(before, look, intervals));
        events.extend(trade(before, look));
    }
    if (look.bid, look.ask) != (before.bid, before.ask) {
        events.push(quote(look));
    }
    events
}

fn quote(look: &Look) -> StreamEvent {
    StreamEvent::Quote(StreamQuote {
        symbol: look.symbol.clone(),
        bid: look.bid,
        ask: look.ask,
        bid_size: look.sizes.0,
        ask_size: look.sizes.1,
        market_time: look.market_time,
        received_at: look.received_at,
    })
}

/// The newest of the trades since the last look. The others are unknown, so its size is all that was traded.
fn trade(before: &Look, look: &Look) -> Option<StreamEvent> {
    Some(StreamEvent::Trade(StreamTrade {
        symbol: look.symbol.clone(),
        price: look.last?,
        size: look.volume.saturating_sub(before.volume) as f64,
        market_time: look.market_time,
        received_at: look.received_at,
        day_volume: Some(look.volume as f64),
        eligible: true,
    }))
}

fn gap(before: &Look, look: &Look, intervals: PollingIntervals) -> StreamEvent {
    let every = match look.symbol {
        StreamSymbol::Equity(_) => intervals.quotes,
        StreamSymbol::Option(_) => intervals.chains,
    };
    StreamEvent::Gap(StreamGap {
        symbols: vec![look.symbol.clone()],
        from: before.market_time,
        until: look.market_time,
        reason: format!("it is looked at every {every:?}; trades between two looks are not seen"),
    })
}

fn halt(look: &Look) -> StreamEvent {
    StreamEvent::Halt(StreamHalt {
        symbol: look.symbol.clone(),
        halted: look.halted,
        reason: String::new(),
        market_time: look.market_time,
    })
}
