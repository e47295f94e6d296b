//! What a broker says about an order.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use ttai_core::{Instrument, OrderStatus};

use crate::intent::NetPrice;

/// More than any account holds; sums of it stay far from a decimal's end.
pub(super) const MOST: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);

/// Shares or contracts of a leg.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegFilled {
    /// Which leg, by what it trades: a broker's order of legs may change.
    pub instrument: Instrument,
    /// Shares or contracts, 0 or more.
    pub quantity: Decimal,
    /// Average price of them in dollars a share, where known.
    pub average_price: Option<Decimal>,
}

impl LegFilled {
    /// What there is more than before.
    pub(super) fn beyond(self, before: &[Self]) -> Option<Self> {
        let old = before.iter().find(|old| old.instrument == self.instrument)?;
        let more = self.quantity - old.quantity;
        (more > Decimal::ZERO).then_some(Self { quantity: more, ..self })
    }
}

/// A trade, as the broker's execution id names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderExecution {
    /// The broker's id of it, unique in the order and leg.
    pub execution_id: String,
    /// Which leg.
    pub instrument: Instrument,
    /// Shares or contracts, above 0.
    pub quantity: Decimal,
    /// Dollars a share.
    pub price: Decimal,
    /// Shares or contracts of the leg that were filled once this one was, where the broker says it.
    pub cumulative: Option<Decimal>,
    /// When.
    pub at: DateTime<Utc>,
}

/// An order as the broker shows it at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReport {
    /// The broker's id of it.
    pub broker_order_id: String,
    /// Where it stands there.
    pub status: OrderStatus,
    /// The broker's id of the order that took its place.
    pub replaced_by: Option<String>,
    /// What is filled of each leg so far; a leg that is missing says nothing, one that comes twice counts once.
    pub filled: Vec<LegFilled>,
    /// Its limit, where shown.
    pub limit: Option<NetPrice>,
    /// Why it was refused, in the broker's words.
    pub reason: Option<String>,
    /// When it was so.
    pub at: DateTime<Utc>,
}

/// What a broker says about an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderReport {
    /// How it stands.
    Status(StatusReport),
    /// A trade.
    Execution(OrderExecution),
    /// The answer to the submit is a clear no, and the broker made no order of it. A no because the client order id is taken is
    /// none: that order is looked up.
    Refused {
        /// Why, in the broker's words.
        reason: String,
    },
    /// A look-up by client order id found nothing.
    NotFound {
        /// When.
        at: DateTime<Utc>,
    },
}

impl OrderReport {
    /// What it is, after "the broker reports".
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Status(_) => "a status",
            Self::Execution(_) => "an execution",
            Self::Refused { .. } => "a refusal",
            Self::NotFound { .. } => "no such order",
        }
    }

    /// Every quantity in it with its leg, and whether it must be above 0.
    pub(super) fn quantities(&self) -> Vec<(&Instrument, Decimal, bool)> {
        match self {
            Self::Status(status) => {
                status.filled.iter().map(|leg| (&leg.instrument, leg.quantity, false)).collect()
            }
            Self::Execution(execution) => {
                let cumulative = execution.cumulative.map(|sum| (&execution.instrument, sum, false));
                let fill = (&execution.instrument, execution.quantity, true);
                [Some(fill), cumulative].into_iter().flatten().collect()
            }
            Self::Refused { .. } | Self::NotFound { .. } => Vec::new(),
        }
    }
}
