//! Orders: a row an intent under its client order id, changed only along [`TrackedOrder`]'s rules, each change with its entry in the
//! user's audit trail in one transaction.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::{Instrument, Symbol};
use ttai_trading::gate::DayTotals;
use ttai_trading::intent::NetPrice;
use ttai_trading::order::{OrderError, OrderPhase, OrderReport, OrderStep, OrderTransition};
use ttai_trading::{ClientOrderId, TrackedOrder, TradeIntent};

use crate::audit_trail::AuditNote;
use crate::halts::TradingHalt;
use crate::store::StoreError;

/// Why the store of trading refuses. Nothing changed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TradingStoreError {
    /// The store itself failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The step or the report does not fit the order.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// One client order id stands for two different orders: quantity, legs, account, strategy or user differ.
    #[error("order {0} is already another order; give the second one a sequence of its own")]
    OtherIntent(String),
    /// Somebody else changed the order first: read it again.
    #[error("order {client_order_id} has changed: it is at version {found}, not {expected}; read it again")]
    Changed {
        /// Which order.
        client_order_id: String,
        /// The version that the caller knew.
        expected: u64,
        /// The one that it has.
        found: u64,
    },
    /// Trading is halted.
    #[error("{0}")]
    Halted(Box<TradingHalt>),
    /// The user has none under that id.
    #[error("there is no {what} {id}")]
    Absent {
        /// What was asked for: `order`, `difference`.
        what: &'static str,
        /// Its id.
        id: String,
    },
}

/// An intent that becomes a row.
#[derive(Clone, Debug, PartialEq)]
pub struct NewOrder {
    /// What is to be traded; user, account, strategy and workflow id are its.
    pub intent: TradeIntent,
    /// Where: `alpaca`, `tastytrade`, `sim`.
    pub broker: String,
    /// Dollars that it may lose, where already known.
    pub risk: Option<Decimal>,
}

/// Who gave leave, when, and until when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderApproval {
    /// Who; none while it waits.
    pub by: Option<String>,
    /// When.
    pub at: Option<DateTime<Utc>>,
    /// When the leave, or the wait for it, ends.
    pub until: Option<DateTime<Utc>>,
}

/// Who may submit an order, or did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderHolder {
    /// Who.
    pub name: String,
    /// The fencing number.
    pub fence: u64,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// An order in the store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderRecord {
    /// Whose.
    pub user_id: String,
    /// The client order id; the broker's order id of an order that was found there and has none.
    pub client_order_id: String,
    /// The broker's account.
    pub account: String,
    /// Which broker.
    pub broker: String,
    /// The strategy; none of an order that was found at the broker.
    pub strategy: Option<String>,
    /// The workflow that it stems from; none of an order that was found at the broker.
    pub workflow_id: Option<String>,
    /// What was intended, at its latest limit; none of an order that was found at the broker.
    pub intent: Option<TradeIntent>,
    /// Dollars that it may lose, where known.
    pub risk: Option<Decimal>,
    /// Where it stands.
    pub order: TrackedOrder,
    /// Leave.
    pub approval: OrderApproval,
    /// The last claim.
    pub holder: Option<OrderHolder>,
    /// Counts the changes, from 1.
    pub version: u64,
    /// When the row was made, by the store's clock.
    pub created_at: DateTime<Utc>,
    /// When it last changed, by the store's clock.
    pub changed_at: DateTime<Utc>,
}

impl OrderRecord {
    /// The position of this order in a listing, to ask for the page that follows it.
    #[must_use]
    pub fn cursor(&self) -> OrderCursor {
        OrderCursor { created_at: self.created_at, client_order_id: self.client_order_id.clone() }
    }

    /// Shares or contracts of each leg that are filled, negative sold; nothing of an order that was found at the broker, whose
    /// direction is not known.
    pub fn bought(&self) -> impl Iterator<Item = (&Instrument, Decimal)> {
        let legs = self.intent.iter().flat_map(|intent| &intent.legs);
        legs.map(|leg| {
            let filled = self.order.filled(&leg.instrument);
            (&leg.instrument, if leg.action.is_buy() { filled } else { -filled })
        })
    }
}

/// Where a page of orders ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCursor {
    /// When the last order seen was made.
    pub created_at: DateTime<Utc>,
    /// Its id.
    pub client_order_id: String,
}

/// Which orders of a user to list, newest first; all fields narrow.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OrderFilter {
    /// In this account.
    pub account: Option<String>,
    /// Of this strategy.
    pub strategy: Option<String>,
    /// Of this workflow.
    pub workflow_id: Option<String>,
    /// In one of these phases, by name alone; in any where empty.
    pub phases: Vec<OrderPhase>,
    /// Made at this instant or later.
    pub since: Option<DateTime<Utc>>,
    /// Those after this position.
    pub after: Option<OrderCursor>,
    /// At most this many, 1 to 1,000; 50 when none.
    pub limit: Option<u32>,
}

/// An order, and whether this call made its row.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedOrder {
    /// As it is now.
    pub record: OrderRecord,
    /// Whether it is new.
    pub is_new: bool,
}

/// A step of ours that an order is to take.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderChange {
    /// Which order.
    pub client_order_id: String,
    /// The version on which the step was decided.
    pub version: u64,
    /// The step; a claim has a call of its own.
    pub step: OrderStep,
    /// The limit and the dollars at risk by a new quote; only before the claim.
    pub priced: Option<OrderPricing>,
}

/// A limit and what may be lost at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderPricing {
    /// The worst price at which a unit may be traded.
    pub limit: NetPrice,
    /// Dollars that the order may lose.
    pub risk: Option<Decimal>,
}

/// An order after a step or a report, and what it changed.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangedOrder {
    /// As it is now.
    pub record: OrderRecord,
    /// What changed.
    pub transition: OrderTransition,
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq)]
pub enum ClaimOutcome {
    /// The holder may submit it, and nobody else: [`OrderStep::Submit`] takes the same fence.
    Claimed(Box<OrderRecord>),
    /// Trading is halted, or the account pauses. The order is as it was.
    Halted(Box<TradingHalt>),
    /// Another holder may have sent it, or may still.
    TakenBy(OrderHolder),
    /// It is not approved, or not any more.
    NotClaimable {
        /// Where it stands.
        phase: OrderPhase,
    },
}

/// A trade that the broker reported with an execution id. What it only reported as a cumulative quantity is in
/// [`TrackedOrder::fills`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExecutionRecord {
    /// The broker.
    pub broker: String,
    /// Its id of the execution.
    pub execution_id: String,
    /// The order.
    pub client_order_id: String,
    /// The leg.
    #[schemars(with = "String")]
    pub instrument: Instrument,
    /// Shares or contracts.
    pub quantity: Decimal,
    /// Dollars a share.
    pub price: Decimal,
    /// When.
    pub at: DateTime<Utc>,
}

/// What was opened in a session: orders that were claimed on that day in New York and not refused, those that were never sent
/// left out. An order that ended without a fill counts as an order and risks nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DayTraded {
    /// All of them.
    pub all: DayTotals,
    /// By underlying; an order on two counts whole under each.
    pub by_symbol: BTreeMap<Symbol, DayTotals>,
    /// Orders whose risk is not known and is in no sum: where there is one, the sums are not known.
    pub without_risk: Vec<String>,
}

/// The orders of users. Every call may be repeated. Changes of a user's orders, halts, differences and trades come one after the other.
#[async_trait]
pub trait Orders: Send + Sync {
    /// Makes an intent a row. The same intent asked twice is the row that is there, at its latest limit.
    ///
    /// # Errors
    /// [`TradingStoreError::OtherIntent`] where its client order id has another fingerprint.
    async fn save_intent(&self, order: &NewOrder, note: &AuditNote) -> Result<SavedOrder, TradingStoreError>;

    /// Adds an order that was found at the broker. One that is there stays as it is: reports are applied to it.
    ///
    /// # Errors
    /// [`TradingStoreError::OtherIntent`] where the id stands for an order in another account.
    async fn adopt_order(
        &self,
        user_id: &str,
        account: &str,
        broker: &str,
        order: &TrackedOrder,
        note: &AuditNote,
    ) -> Result<SavedOrder, TradingStoreError>;

    /// One order.
    async fn order(&self, user_id: &str, client_order_id: &str) -> Result<Option<OrderRecord>, StoreError>;

    /// Orders of a user.
    async fn orders(&self, user_id: &str, filter: &OrderFilter) -> Result<Vec<OrderRecord>, StoreError>;

    /// Takes a step of ours, if the order is still at the version on which it was decided. The step that the order took last is
    /// answered again, but for a submit. A submit reads the kill switch once more.
    ///
    /// # Errors
    /// [`TradingStoreError::Changed`] where somebody else was first, [`TradingStoreError::Order`] where the step does not fit,
    /// [`TradingStoreError::Halted`] for a submit while trading is halted.
    async fn advance_order(
        &self,
        user_id: &str,
        change: &OrderChange,
        note: &AuditNote,
    ) -> Result<ChangedOrder, TradingStoreError>;

    /// Takes the right to submit an approved order, in the transaction that reads the kill switch and the account's pauses: no claim
    /// is taken after a halt was. The holder is the note's actor; the same holder with the same fence is answered again. A larger
    /// fence takes over from a holder that has not begun to submit. An approval that has ended by the note's time is ended.
    async fn claim_order(
        &self,
        user_id: &str,
        client_order_id: &ClientOrderId,
        fence: u64,
        note: &AuditNote,
    ) -> Result<ClaimOutcome, TradingStoreError>;

    /// Takes in what the broker says of an order, from its stream, a look-up, a reconciliation or the answer to a submit.
    async fn apply_report(
        &self,
        user_id: &str,
        client_order_id: &str,
        report: &OrderReport,
        note: &AuditNote,
    ) -> Result<ChangedOrder, TradingStoreError>;

    /// The executions of a user's order, by time.
    async fn executions(
        &self,
        user_id: &str,
        client_order_id: &str,
    ) -> Result<Vec<ExecutionRecord>, StoreError>;

    /// What a user opened on a day in New York; in one account, or in all.
    async fn day_traded(
        &self,
        user_id: &str,
        account: Option<&str>,
        day: NaiveDate,
    ) -> Result<DayTraded, StoreError>;
}
