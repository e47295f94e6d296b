//! Whether what the stream says of a symbol is as of now, or a state of any age that a subscription brought.

use chrono::{DateTime, Utc};
use ttai_core::QuoteCondition;

use crate::event_time::MOST_AHEAD;
use crate::freshness::FRESH;

/// Whether what a subscription brought of a symbol is as of now. The first that comes is the last that the server knows, of
/// any age, until something confirms it: an event with a newer market time or one of the last two minutes, or a quote that
/// differs from the one before it.
#[derive(Debug, Default)]
pub(super) struct Currency {
    newest: Option<DateTime<Utc>>,
    quoted: bool,
    /// Whether anything has confirmed what the subscription brought.
    pub(super) confirmed: bool,
}

impl Currency {
    /// Takes in an event's market time; whether that says by itself that the event is no old state.
    pub(super) fn prove(&mut self, time: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
        let Some(time) = time.filter(|time| *time <= now + MOST_AHEAD) else { return false };
        let is_newer = self.newest.is_some_and(|newest| newest < time);
        self.newest = self.newest.max(Some(time));
        let proves = is_newer || now - time <= FRESH;
        self.confirmed |= proves;
        proves
    }

    /// What keeps a quote from being as of now; `differs` where it is another one than the one before it.
    pub(super) fn of_quote(
        &mut self,
        time: Option<DateTime<Utc>>,
        differs: bool,
        now: DateTime<Utc>,
    ) -> Option<QuoteCondition> {
        self.prove(time, now);
        self.confirmed |= std::mem::replace(&mut self.quoted, true) && differs;
        (!self.confirmed).then_some(QuoteCondition::LastKnown)
    }

    /// The same of a trade, of which each has a time of its own where the feed has times.
    pub(super) fn of_trade(
        &mut self,
        time: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Option<QuoteCondition> {
        let is_current = self.prove(time, now) || (time.is_none() && self.confirmed);
        (!is_current).then_some(QuoteCondition::LastKnown)
    }
}
