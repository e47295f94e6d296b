//! Accounts, positions and orders at a broker.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use ttai_core::Symbol;
pub use ttai_core::order::{Instrument, OrderAction, OrderStatus, TimeInForce};

use crate::error::PortError;
use crate::kept_accounts::KeptPosition;
use crate::quote_stream::StreamGap;

/// An account at a broker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokerAccount {
    /// The broker's number or identifier of it.
    pub id: String,
    /// What a person calls it; may be empty.
    pub name: String,
    /// Whether it may borrow.
    pub margin: bool,
    /// Whether no real money is in it.
    pub paper: bool,
}

/// What an account is worth and may spend, in dollars.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountBalances {
    /// Cash, negative where borrowed.
    pub cash: Decimal,
    /// Liquidation value of everything; none where it is to be computed from the cash and what is held.
    pub net_liquidation: Option<Decimal>,
    /// What may be spent on options without borrowing.
    pub option_buying_power: Decimal,
    /// What may be spent on shares, borrowing included where allowed.
    pub stock_buying_power: Decimal,
    /// Maintenance requirement, where the broker says it.
    pub maintenance_requirement: Option<Decimal>,
    /// When the broker computed it.
    pub as_of: DateTime<Utc>,
}

/// What is to be said of an account that its user keeps by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptByHand {
    /// When the user last changed it.
    pub changed_at: DateTime<Utc>,
    /// Options that have expired: they are no positions any more, and the user has not removed them yet.
    pub expired: Vec<KeptPosition>,
}

/// Something held.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokerPosition {
    /// The broker's symbol of it.
    pub symbol: String,
    /// The broker's word for its kind: `Equity`, `us_option`, `Future`, `crypto`.
    pub kind: String,
    /// What; none of a kind that is not traded here, which is listed all the same.
    pub instrument: Option<Instrument>,
    /// Shares or contracts, negative when short.
    pub quantity: Decimal,
    /// Average price paid or received, in dollars a share.
    pub average_open_price: Decimal,
    /// The broker's mark in dollars a share, where it gives one.
    pub mark: Option<Decimal>,
    /// Dollars per point: 1 for shares, 100 for most options, 0.5 for some futures.
    pub multiplier: Decimal,
    /// Dollars a share from which today's profit counts: the previous close, or the price at which it was opened today.
    pub day_base: Option<Decimal>,
    /// When it was opened or last changed, where the broker says it.
    pub updated_at: Option<DateTime<Utc>>,
}

/// One leg of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLeg {
    /// What.
    pub instrument: Instrument,
    /// Which way.
    pub action: OrderAction,
    /// Shares or contracts, positive.
    pub quantity: u32,
}

/// How the price is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderPrice {
    /// Whatever the market gives.
    Market,
    /// At most this many dollars a share, paid.
    Debit(Decimal),
    /// At least this many dollars a share, received.
    Credit(Decimal),
}

/// An order to be sent. The same client order id is the same order, however often it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderIntent {
    /// Which account.
    pub account: String,
    /// Our own identity of it, 1 to 48 characters of `A–Z a–z 0–9 - _ .`.
    pub client_order_id: String,
    /// 1 to 4 legs; several are filled together or not at all.
    pub legs: Vec<OrderLeg>,
    /// The price of one unit of all legs.
    pub price: OrderPrice,
    /// How long it stands.
    pub time_in_force: TimeInForce,
}

/// A trade of a leg, as the broker's execution id names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegExecution {
    /// The broker's id of it, unique in the leg; the same on its stream and in its lists.
    pub id: String,
    /// Shares or contracts, above 0.
    pub quantity: Decimal,
    /// Dollars a share.
    pub price: Decimal,
    /// Shares or contracts of the leg that were filled once this one was, where the broker says it.
    pub cumulative: Option<Decimal>,
    /// When; none where the broker does not say.
    pub at: Option<DateTime<Utc>>,
}

/// A leg of an order at the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerLeg {
    /// What.
    pub instrument: Instrument,
    /// Which way.
    pub action: OrderAction,
    /// Shares or contracts ordered.
    pub quantity: Decimal,
    /// Shares or contracts filled so far.
    pub filled: Decimal,
    /// Average price of them in dollars a share, where known.
    pub average_price: Option<Decimal>,
    /// Its trades as far as they are known: they may come later than `filled`, and on a stream one by one.
    pub executions: Vec<LegExecution>,
}

/// An order as the broker knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokerOrder {
    /// The broker's identity of it.
    pub id: String,
    /// Ours, where it was sent by us.
    pub client_order_id: Option<String>,
    /// Which account.
    pub account: String,
    /// Where it stands. One that was replaced is [`OrderStatus::Canceled`].
    pub status: OrderStatus,
    /// Its legs; none of an order of a kind that is not traded here.
    pub legs: Vec<BrokerLeg>,
    /// Units ordered; none of an order for an amount of dollars.
    pub quantity: Option<Decimal>,
    /// Its limit in dollars a share: positive when paid, negative when received. None without one.
    pub limit: Option<Decimal>,
    /// Units filled so far.
    pub filled_quantity: Decimal,
    /// Average price of what was filled, in dollars a share: positive when paid, negative when received.
    pub average_fill_price: Option<Decimal>,
    /// The broker's id of the order whose place it took.
    pub replaces: Option<String>,
    /// The broker's id of the order that took its place; none while a replace is only asked for.
    pub replaced_by: Option<String>,
    /// Whether the broker says that it placed it by itself, as in a liquidation or before an expiration.
    pub by_broker: bool,
    /// Why it was refused, in the broker's words.
    pub reject_reason: Option<String>,
    /// When the broker received it.
    pub received_at: Option<DateTime<Utc>>,
    /// When it last changed.
    pub updated_at: Option<DateTime<Utc>>,
}

/// What a broker's stream says.
#[derive(Clone, Debug, PartialEq)]
pub enum OrderUpdate {
    /// An order after a change. Its executions are what the message holds of them, often the newest alone.
    Changed(Box<BrokerOrder>),
    /// Changes may have been missed, after every reconnection: ask for the orders.
    Gap(StreamGap),
}

/// A reader of an account's orders; dropping it closes its connection.
#[async_trait]
pub trait OrderUpdates: Send {
    /// The next one; `None` once the broker refuses the stream for good. A call that is given up loses nothing.
    async fn next(&mut self) -> Option<OrderUpdate>;
}

/// What the broker says an order would do, without sending it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderPreview {
    /// Change of option buying power in dollars; negative when it takes some.
    pub buying_power_change: Option<Decimal>,
    /// Fees and commissions in dollars.
    pub fees: Option<Decimal>,
    /// What the broker warns of.
    pub warnings: Vec<String>,
}

/// Something that changed an account.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokerTransaction {
    /// The broker's identity of it.
    pub id: String,
    /// `trade`, `assignment`, `exercise`, `expiration`, `cash_settlement`, `delivery` (shares that an assignment or exercise moved),
    /// `dividend`, `interest`, `fee`, `split`, `transfer` or `other`.
    pub kind: String,
    /// The broker's finer word; may be empty.
    pub detail: String,
    /// What it is about, if one instrument of a kind that is traded here.
    pub instrument: Option<Instrument>,
    /// The broker's symbol of what it is about, and its word for the kind; either may be missing.
    pub asset: (Option<String>, Option<String>),
    /// Shares or contracts, negative when they left the account.
    pub quantity: Option<Decimal>,
    /// Dollars a share.
    pub price: Option<Decimal>,
    /// Change of cash in dollars, fees included.
    pub net_amount: Decimal,
    /// When.
    pub executed_at: DateTime<Utc>,
    /// The order that it comes from, if any.
    pub order_id: Option<String>,
    /// The settlement day, if known.
    pub settles_on: Option<NaiveDate>,
}

/// A list of symbols that a user keeps at a broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerWatchlist {
    /// Its name there.
    pub name: String,
    /// The shares, funds and indices in it, each once, in their order.
    pub symbols: Vec<Symbol>,
    /// What else is in it, in the broker's spelling.
    pub left_out: Vec<String>,
}

/// A broker. Nothing here resends an order: [`PortError::OutcomeUnknown`] is settled by
/// [`Broker::order_by_client_id`].
///
/// Not every broker refuses a second order with the same client order id. Within one process an adapter sees to it that
/// it sends one only; across processes and restarts the caller must, with a fenced claim that it holds before it submits:
/// a row in the store that is unique on the client order id.
#[async_trait]
pub trait Broker: Send + Sync {
    /// Who this is: `tastytrade`, `alpaca`.
    fn name(&self) -> &str;
    /// Whether no real money can be reached with it. Known without a call: the broker's own addresses decide, and only behind
    /// another address the settings.
    fn is_paper(&self) -> bool;
    /// Why no options on indices such as SPX can be traded there, as a clause; none where they can. Known without a call.
    fn lacks_index_options(&self) -> Option<&str> {
        None
    }
    /// Of an account that its user keeps by hand, since when it is as it is and what of it is over; none of a broker's own.
    async fn kept_by_hand(&self, _account: &str) -> Result<Option<KeptByHand>, PortError> {
        Ok(None)
    }
    /// The accounts that the credentials reach.
    async fn accounts(&self) -> Result<Vec<BrokerAccount>, PortError>;
    /// What an account is worth.
    async fn balances(&self, account: &str) -> Result<AccountBalances, PortError>;
    /// What an account holds.
    async fn positions(&self, account: &str) -> Result<Vec<BrokerPosition>, PortError>;
    /// What an order would do. Sends nothing.
    async fn preview(&self, order: &OrderIntent) -> Result<OrderPreview, PortError>;
    /// Sends an order once, however many submits of it overlap in this process. An answer that was lost after sending is
    /// [`PortError::OutcomeUnknown`]; so is a submit of an order that was sent a short while ago and is not found yet, which
    /// sends nothing. The caller holds its claim on the client order id.
    async fn submit(&self, order: &OrderIntent) -> Result<BrokerOrder, PortError>;
    /// The order with our identity; `None` when the broker never received it, as far as this process can know. While an
    /// order that it sent may still turn up, not finding it is [`PortError::OutcomeUnknown`]: ask again later.
    async fn order_by_client_id(
        &self,
        account: &str,
        client_order_id: &str,
    ) -> Result<Option<BrokerOrder>, PortError>;
    /// Takes an order back; done when the broker accepted the request, not when the order ended.
    async fn cancel(&self, account: &str, order_id: &str) -> Result<(), PortError>;
    /// Sends an order in the place of one that works, whose legs and quantity it keeps: the price and the client order id are
    /// new. The answer proves nothing: an order was replaced once a look-up of both shows it. Lost answers are as of a submit,
    /// and so is the caller's claim, on the new client order id.
    async fn replace(&self, order_id: &str, successor: &OrderIntent) -> Result<BrokerOrder, PortError>;
    /// Every change of the account's orders from now on.
    async fn order_updates(&self, account: &str) -> Result<Box<dyn OrderUpdates>, PortError>;
    /// Orders that work, whenever they were received, and those received since a moment: all of them, newest first, with
    /// their executions.
    async fn orders(&self, account: &str, since: DateTime<Utc>) -> Result<Vec<BrokerOrder>, PortError>;
    /// What changed the account since a moment, newest first.
    async fn transactions(
        &self,
        account: &str,
        since: DateTime<Utc>,
    ) -> Result<Vec<BrokerTransaction>, PortError>;
    /// The lists that the user keeps there; none where the broker keeps no lists.
    async fn watchlists(&self) -> Result<Option<Vec<BrokerWatchlist>>, PortError> {
        Ok(None)
    }
}
