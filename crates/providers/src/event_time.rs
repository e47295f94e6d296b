//! The market's time of an event of a stream.

use chrono::{DateTime, Utc};
use ttai_ports::StreamEvent;

/// When the market was as the event says.
pub(crate) fn of(event: &StreamEvent) -> Option<DateTime<Utc>> {
    match event {
        StreamEvent::Quote(quote) => Some(quote.market_time),
        StreamEvent::Trade(trade) => Some(trade.market_time),
        StreamEvent::Greeks(greeks) => Some(greeks.market_time),
        StreamEvent::Halt(halt) => Some(halt.market_time),
        StreamEvent::Gap(gap) => Some(gap.until),
    }
}
