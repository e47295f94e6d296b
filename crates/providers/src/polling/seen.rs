//! What a look at a symbol says that the one before did not.

use ttai_ports::{StreamEvent, StreamGap, StreamHalt, StreamQuote, StreamSymbol, StreamTrade};

use super::PollingIntervals;
use super::question::Look;

/// How a symbol stands, for whoever has not seen it yet.
pub(super) fn present(look: &Look) -> Vec<StreamEvent> {
    let halted = look.halted.then(|| halt(look));
    halted.into_iter().chain([quote(look)]).collect()
}

/// What has changed; `missed` says why the symbol could not be looked at in between.
pub(super) fn changes(
    before: &Look,
    look: &Look,
    missed: Option<&str>,
    intervals: PollingIntervals,
) -> Vec<StreamEvent> {
    let mut events = Vec::new();
    if look.halted != before.halted {
        events.push(halt(look));
    }
    let traded = look.volume != before.volume || look.last != before.last;
    if let Some(why) = missed.filter(|_| traded || look.market_time > before.market_time) {
        events.push(gap(before, look, format!("it could not be looked at: {why}")));
    } else if traded {
        events.push(gap(before, look, between_looks(look, intervals)));
    }
    events.extend(traded.then(|| trade(before, look)).flatten());
    let shown = |look: &Look| (look.bid, look.ask, look.sizes, look.condition);
    if shown(look) != shown(before) {
        events.push(quote(look));
    }
    events
}

fn between_looks(look: &Look, intervals: PollingIntervals) -> String {
    let every = match look.symbol {
        StreamSymbol::Equity(_) => intervals.quotes,
        StreamSymbol::Option(_) => intervals.chains,
    };
    format!("polled every {every:?}; trades between two polls are not seen")
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
        condition: look.condition,
    })
}

/// The newest of the trades since the last look. The others are unknown, so its size is all that was traded: zero where the
/// source counts no volume. None where a new session has begun without a trade.
fn trade(before: &Look, look: &Look) -> Option<StreamEvent> {
    let is_new_session = look.volume < before.volume;
    let size = if is_new_session { look.volume } else { look.volume - before.volume };
    if is_new_session && size == 0 {
        return None;
    }
    Some(StreamEvent::Trade(StreamTrade {
        symbol: look.symbol.clone(),
        price: look.last?,
        size: size as f64,
        market_time: look.market_time,
        received_at: look.received_at,
        condition: look.condition,
        day_volume: Some(look.volume as f64),
        eligible: !look.outlier,
    }))
}

fn gap(before: &Look, look: &Look, reason: String) -> StreamEvent {
    StreamEvent::Gap(StreamGap {
        symbols: vec![look.symbol.clone()],
        from: before.seen_at(),
        until: look.seen_at(),
        reason,
    })
}

fn halt(look: &Look) -> StreamEvent {
    StreamEvent::Halt(StreamHalt {
        symbol: look.symbol.clone(),
        halted: look.halted,
        reason: String::new(),
        market_time: look.seen_at(),
    })
}
