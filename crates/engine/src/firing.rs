//! What comes out: an alert that fired, and the evidence.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::hours::TradingPart;

/// How a firing was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FiringWay {
    /// A live trade.
    Trade,
    /// A live quote.
    Quote,
    /// Live Greeks.
    Greeks,
    /// The minute bar of a time that was missed, or of a source that has only bars.
    Backfill,
    /// The close of a bar.
    BarClose,
    /// Time passed.
    Clock,
    /// A fact became known.
    Facts,
}

/// One condition as it stood.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeafReading {
    /// Its place among [`ttai_core::alert::AlertCondition::leaves`].
    pub place: usize,
    /// What was read: dollars, percent, days, a ratio or a |delta|, as its kind has it; none where nothing is known.
    pub value: Option<Decimal>,
    /// What it was compared with, in the unit of `value` and in today's shares; none where that is not known yet.
    pub compared: Option<Decimal>,
    /// Whether it held.
    pub holds: bool,
}

/// An alert fired. One firing uses up one arming: (`alert_id`, `arming`) is unique, however often events are seen again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Firing {
    /// Which alert.
    pub alert_id: String,
    /// Which arming of it.
    pub arming: u64,
    /// How it was found.
    pub way: FiringWay,
    /// What the first condition that held read; none of a condition without a number.
    pub value: Option<Decimal>,
    /// The level of that condition as it was set.
    pub level_set: Option<Decimal>,
    /// What it was compared with: the level in today's shares, the price that a percentage came to.
    pub level_compared: Option<Decimal>,
    /// When in the market: of the event, of the bar's minute, or the time that passed.
    pub market_time: DateTime<Utc>,
    /// When what showed it was received.
    pub received_at: DateTime<Utc>,
    /// The part of the trading day.
    pub part: TradingPart,
    /// It held already when the alert was armed.
    pub already_true: bool,
    /// The last price before the market opened beyond the level.
    pub gap_through: Option<Decimal>,
    /// Since when nothing was seen, where it was found true at the first event after a gap.
    pub blind_since: Option<DateTime<Utc>>,
    /// The price by now, where the touch was found later.
    pub price_now: Option<Decimal>,
    /// New shares for each old one by which its levels were divided.
    pub split_ratio: Option<Decimal>,
    /// Each condition.
    pub leaves: Vec<LeafReading>,
}
