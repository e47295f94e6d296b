//! Orders, their legs, their fills, and the events that tell of them.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use ttai_ports::{Instrument, OrderAction};

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Pays.
    Buy,
    /// Receives.
    Sell,
}

impl Side {
    /// +1 for a purchase, −1 for a sale.
    #[must_use]
    pub fn sign(self) -> Decimal {
        match self {
            Self::Buy => Decimal::ONE,
            Self::Sell => Decimal::NEGATIVE_ONE,
        }
    }

    /// The side of an action.
    #[must_use]
    pub fn of(action: OrderAction) -> Self {
        match action {
            OrderAction::BuyToOpen | OrderAction::BuyToClose => Self::Buy,
            OrderAction::SellToOpen | OrderAction::SellToClose => Self::Sell,
        }
    }
}

/// One leg as a client sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegRequest {
    /// What.
    pub instrument: Instrument,
    /// Which way.
    pub side: Side,
    /// Opening or closing; none leaves it to what the account holds.
    pub action: Option<OrderAction>,
    /// Shares or contracts in one unit of the order; 1 for an order of one leg.
    pub ratio: Decimal,
}

/// When and at what price an order may trade. Prices are in dollars a share; of an order of several legs they are net:
/// positive paid, negative received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pricing {
    /// At the market.
    Market,
    /// At this price or better.
    Limit(Decimal),
    /// At the market, once the market has reached this price.
    Stop(Decimal),
    /// At the limit or better, once the market has reached the stop.
    StopLimit {
        /// The price that wakes the order.
        stop: Decimal,
        /// The price that it then asks for.
        limit: Decimal,
    },
}

impl Pricing {
    /// The limit, where there is one.
    #[must_use]
    pub fn limit(self) -> Option<Decimal> {
        match self {
            Self::Limit(limit) | Self::StopLimit { limit, .. } => Some(limit),
            Self::Market | Self::Stop(_) => None,
        }
    }

    /// The stop, where there is one.
    #[must_use]
    pub fn stop(self) -> Option<Decimal> {
        match self {
            Self::Stop(stop) | Self::StopLimit { stop, .. } => Some(stop),
            Self::Market | Self::Limit(_) => None,
        }
    }
}

/// How long an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Duration {
    /// To the close of this session, or of the next one.
    Day,
    /// Until it is cancelled, 90 days at most.
    GoodTilCanceled,
    /// What fills at once is filled, the rest is cancelled.
    ImmediateOrCancel,
    /// All of it at once, or nothing.
    FillOrKill,
}

/// An order as a client sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRequest {
    /// Whose.
    pub account: String,
    /// The client's identity of it, unique in the account for ever.
    pub client_order_id: String,
    /// 1 to 4 legs, filled together or not at all.
    pub legs: Vec<LegRequest>,
    /// Units; shares or contracts of an order of one leg.
    pub quantity: Decimal,
    /// The price.
    pub pricing: Pricing,
    /// How long it stands.
    pub duration: Duration,
    /// Whether shares may trade before the open and after the close (limits only).
    pub extended_hours: bool,
}

impl OrderRequest {
    /// What it is about.
    #[must_use]
    pub fn instruments(&self) -> Vec<Instrument> {
        self.legs.iter().map(|leg| leg.instrument.clone()).collect()
    }
}

/// One leg of an order that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeLeg {
    /// What.
    pub instrument: Instrument,
    /// Which way, and whether it opens.
    pub action: OrderAction,
    /// Shares or contracts in one unit.
    pub ratio: Decimal,
    /// Average price so far in dollars a share.
    pub average_price: Option<Decimal>,
}

impl ExchangeLeg {
    /// Which way.
    #[must_use]
    pub fn side(&self) -> Side {
        Side::of(self.action)
    }
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderState {
    /// Taken; waits for the session.
    Accepted,
    /// Works in the market.
    New,
    /// Some units are filled, the others work.
    PartiallyFilled,
    /// All filled.
    Filled,
    /// Taken back; what was filled stays.
    Canceled,
    /// Refused after it had been taken.
    Rejected,
    /// Its time ran out; what was filled stays.
    Expired,
    /// Another order took its place.
    Replaced,
}

impl OrderState {
    /// Whether it may still trade.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Accepted | Self::New | Self::PartiallyFilled)
    }
}

/// An order that was taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// Counts up from 1 over all accounts; the order of arrival.
    pub sequence: u64,
    /// A UUID made from the sequence.
    pub id: String,
    /// The client's identity of it.
    pub client_order_id: String,
    /// Whose.
    pub account: String,
    /// The legs.
    pub legs: Vec<ExchangeLeg>,
    /// Units ordered, positive.
    pub quantity: Decimal,
    /// Units filled, from 0 to `quantity`.
    pub filled_quantity: Decimal,
    /// Average price of a unit so far: of one leg its price, of several the net (negative when received).
    pub average_price: Option<Decimal>,
    /// The price.
    pub pricing: Pricing,
    /// Whether a stop has been reached (true where there is none).
    pub triggered: bool,
    /// How long it stands.
    pub duration: Duration,
    /// Whether it trades outside the regular session.
    pub extended_hours: bool,
    /// Where it stands.
    pub status: OrderState,
    /// Why it was refused or ended early, if so.
    pub reason: Option<String>,
    /// Market time of arrival.
    pub received_at: DateTime<Utc>,
    /// Market time of the last change.
    pub updated_at: DateTime<Utc>,
    /// Market time of its end, once it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// When its time runs out.
    pub expires_at: DateTime<Utc>,
    /// The order that it replaced.
    pub replaces: Option<String>,
    /// The order that replaced it.
    pub replaced_by: Option<String>,
    /// Whether the broker placed it by itself.
    pub by_broker: bool,
}

impl Order {
    /// Units not yet filled.
    #[must_use]
    pub fn remaining(&self) -> Decimal {
        self.quantity - self.filled_quantity
    }

    /// The limit as a net price of one unit: positive at most paid, negative at least received.
    #[must_use]
    pub fn net_limit(&self) -> Option<Decimal> {
        let limit = self.pricing.limit()?;
        Some(match self.legs.as_slice() {
            [only] => limit * only.side().sign(),
            _ => limit,
        })
    }
}

/// Shares or contracts of one leg that changed hands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fill {
    /// Counts up from 1 over all accounts.
    pub sequence: u64,
    /// A UUID made from the sequence.
    pub id: String,
    /// Which order.
    pub order_id: String,
    /// Whose.
    pub account: String,
    /// What.
    pub instrument: Instrument,
    /// Which way.
    pub action: OrderAction,
    /// Shares or contracts, positive.
    pub quantity: Decimal,
    /// Dollars a share.
    pub price: Decimal,
    /// Shares or contracts in one unit of the order.
    pub ratio: Decimal,
    /// Units of the order filled once this is counted.
    pub order_filled_quantity: Decimal,
    /// Units of the order left.
    pub order_remaining: Decimal,
    /// Market time.
    pub at: DateTime<Utc>,
}

/// What happened to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// Taken, waits for the session.
    Accepted,
    /// Works.
    New,
    /// Some of it was filled.
    PartialFill,
    /// The rest of it was filled.
    Fill,
    /// Taken back.
    Canceled,
    /// Refused.
    Rejected,
    /// Its time ran out.
    Expired,
    /// Another took its place.
    Replaced,
}

/// A change of an order, as it is broadcast.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderEvent {
    /// What happened.
    pub kind: EventKind,
    /// The order after it.
    pub order: Order,
    /// What was filled in it, one a leg; empty for anything but a fill.
    pub fills: Vec<Fill>,
    /// What the account then held of the first leg's instrument, negative when short.
    pub position_quantity: Decimal,
    /// Market time.
    pub at: DateTime<Utc>,
}
