//! The times of an event of a stream.

use chrono::{DateTime, TimeDelta, Utc};
use ttai_ports::StreamEvent;

/// How far ahead of the clock an event's time is believed: one from the far future would hide every later one, and end
/// every later gap before it began.
pub(crate) const MOST_AHEAD: TimeDelta = TimeDelta::minutes(5);

/// When the market was as the event says, where it says so.
pub(crate) fn of(event: &StreamEvent) -> Option<DateTime<Utc>> {
    match event {
        StreamEvent::Quote(quote) => quote.market_time,
        StreamEvent::Trade(trade) => trade.market_time,
        StreamEvent::Greeks(greeks) => greeks.market_time,
        StreamEvent::Halt(halt) => Some(halt.market_time),
        StreamEvent::Gap(gap) => Some(gap.until),
    }
}

/// When it was received, by its provider's clock; where that is not said, when the market was so. The present state of a
/// symbol that hardly trades is received long after the market came to be so.
pub(crate) fn received(event: &StreamEvent) -> DateTime<Utc> {
    match event {
        StreamEvent::Quote(quote) => quote.received_at,
        StreamEvent::Trade(trade) => trade.received_at,
        StreamEvent::Greeks(greeks) => greeks.received_at,
        StreamEvent::Halt(halt) => halt.market_time,
        StreamEvent::Gap(gap) => gap.until,
    }
}

/// As [`of`], but never further ahead of its reception than is believed; its reception where it has no time.
pub(crate) fn believed(event: &StreamEvent) -> DateTime<Utc> {
    let received = received(event);
    of(event).map_or(received, |time| time.min(received + MOST_AHEAD))
}
