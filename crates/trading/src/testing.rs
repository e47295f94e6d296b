//! What the tests of several modules need.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use ttai_core::{Instrument, OrderAction};

use crate::intent::{IntentLeg, IntentTerms, NetPrice, OrderPurpose, OrderSlot, TradeIntent};

pub(crate) fn cents(count: i64) -> Decimal {
    Decimal::new(count, 2)
}

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    ttai_core::market_time(text).unwrap()
}

pub(crate) fn instrument(text: &str) -> Instrument {
    Instrument::try_from(text.to_owned()).unwrap()
}

pub(crate) fn leg(text: &str, action: OrderAction, ratio: u32) -> IntentLeg {
    IntentLeg { instrument: instrument(text), action, ratio }
}

pub(crate) fn terms(legs: Vec<IntentLeg>, limit: NetPrice) -> IntentTerms {
    IntentTerms {
        user: "mia".to_owned(),
        account: "A1".to_owned(),
        strategy: "csp_entry".to_owned(),
        slot: OrderSlot {
            workflow_id: "daily-trading-2014-06-06".to_owned(),
            purpose: OrderPurpose::Entry,
            leg: None,
            sequence: 0,
        },
        legs,
        quantity: 1,
        limit,
    }
}

/// One cash-secured AAPL put of TRADING.md, sold at its bid of 5.05.
pub(crate) fn csp() -> TradeIntent {
    let legs = vec![leg("AAPL  140621P00630000", OrderAction::SellToOpen, 1)];
    TradeIntent::new(terms(legs, NetPrice::Credit(cents(505)))).unwrap()
}
